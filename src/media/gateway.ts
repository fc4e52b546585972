// How browsers reach the media of this machine: by which addresses, and by which certificate they know it.
import { isIPv6 } from "node:net";
import { makeCertificate, type MadeCertificate } from "../certificate.ts";
import type { Agreed } from "./negotiate.ts";
import type { Reach } from "./webrtc.ts";
import type { BrowserWay } from "./worker/messages.ts";

/** A machine in containers has dozens, and each is a line of an INVITE. */
const mostAddresses = 8;

interface Interface {
  readonly address: string;
  readonly internal: boolean;
}

export class Gateway implements Reach {
  readonly #bind: string;
  readonly #interfaces: readonly Interface[];
  readonly #now: () => number;
  readonly #wanted: () => void;
  #made: MadeCertificate | undefined;

  /** `wanted` is told when a browser is to be reached for the first time. */
  constructor(bind: string, interfaces: readonly Interface[], now: () => number, wanted: () => void = () => {}) {
    this.#bind = bind;
    this.#interfaces = interfaces;
    this.#now = now;
    this.#wanted = wanted;
  }

  /** Of nobody but this process: browsers are told its fingerprint in each offer and answer. */
  get #certificate(): MadeCertificate {
    if (!this.#made) {
      this.#made = makeCertificate(["portero"], this.#now());
      this.#wanted();
    }
    return this.#made;
  }

  get fingerprint(): string {
    return this.#certificate.fingerprint;
  }

  /**
   * The leg's own first, then, where we listen everywhere, all others: a page that came through a proxy sees us by another one
   * than its signalling does.
   */
  addresses(advertise: string): readonly string[] {
    const all = this.#bind === "0.0.0.0" || this.#bind === "::";
    const others = this.#interfaces.filter(({ address, internal }) => !internal && this.#heard(address));
    return [...new Set([advertise, ...(all ? others.map(({ address }) => address) : [])])].slice(0, mostAddresses);
  }

  // fe80:: is an address only together with an interface.
  #heard(address: string): boolean {
    return isIPv6(address) ? this.#bind === "::" && !/^fe[89ab]/i.test(address) : true;
  }

  /** What the worker is told of the way to a browser. */
  way({ local, remote }: NonNullable<Agreed["webrtc"]>): BrowserWay {
    const { certificate, key } = this.#certificate;
    return {
      local: { ufrag: local.ufrag, password: local.password },
      remote: { ufrag: remote.ufrag, password: remote.password },
      ...{ fingerprints: remote.fingerprints, certificate, key: key.reveal() },
    };
  }
}
