// Whether the other side of a leg is a browser, and what offers and answers say of the way to one. There is one way: what is
// not in the bundle of the sound has none.
import type { Kind } from "./codec.ts";
import type { Agreed } from "./negotiate.ts";
import type { RandomBytes } from "./sdes.ts";
import type { LocalLine, RemoteLine } from "./sdp.ts";
import {
  freshIce,
  isWebrtc,
  type IceCredentials,
  webrtcProfile,
  type LocalWebrtc,
  type Reach,
  type RemoteWebrtc,
  type WebrtcMode,
  type WrittenWebrtc,
} from "./webrtc.ts";

type Way = NonNullable<Agreed["webrtc"]>;

export class BrowserSide {
  mode: WebrtcMode = "auto";
  readonly #reach: Reach | undefined;
  readonly #random: RandomBytes | undefined;
  /** The same through all offers and answers. */
  #ice: IceCredentials | undefined;
  #theirs: string | undefined;

  /** Without `reach`, browsers cannot be reached. */
  constructor(reach: Reach | undefined, random: RandomBytes | undefined) {
    this.#reach = reach;
    this.#random = random;
  }

  /** It is to be a browser, and cannot be reached. */
  get outOfReach(): boolean {
    return this.mode === "required" && !this.#reach;
  }

  /** Whether it is one: one is settled with, or it is set to be one. `settled` is its sound. */
  is(settled: Agreed | undefined): boolean {
    return settled ? settled.webrtc !== undefined : this.mode === "required";
  }

  /** Whether a line's other side may be what it is: a browser, or none. */
  suits({ protocol }: Pick<RemoteLine, "protocol">, settled: Agreed | undefined): boolean {
    const browser = isWebrtc(protocol);
    if (settled) return browser === this.is(settled);
    return browser ? this.mode !== "off" && this.#reach !== undefined : this.mode !== "required";
  }

  /** How a line of an offer goes to it. */
  offers(kind: Kind, before: LocalLine | undefined, advertise: string): BrowserCover {
    const protocol = before && isWebrtc(before.protocol) ? before.protocol : webrtcProfile;
    const webrtc = { ...this.#says(advertise), setup: "actpass", bundled: true } as const;
    return { protocol, mid: before?.mid ?? kind, webrtc };
  }

  /** Our side of the answer to a line of an offer; undefined for one that is no browser's, or has no way. */
  answers(
    kind: Kind,
    offer: readonly RemoteLine[],
    { protocol, webrtc }: RemoteLine,
    advertise: string,
  ): Way | undefined {
    if (!this.#reach || !webrtc || !isWebrtc(protocol)) return undefined;
    const theirs = `${webrtc.ufrag} ${webrtc.password}`;
    // RFC 8839 §4.4.1.1.1: where it begins anew with ICE, so do we.
    if (this.#theirs !== undefined && this.#theirs !== theirs) this.#ice = undefined;
    this.#theirs = theirs;
    return wayOf(kind, offer, webrtc, this.#says(advertise));
  }

  #says(advertise: string): LocalWebrtc {
    this.#ice ??= freshIce(this.#random);
    return {
      ...this.#ice,
      fingerprint: this.#reach?.fingerprint ?? "",
      addresses: this.#reach?.addresses(advertise) ?? [],
    };
  }
}

export interface BrowserCover {
  readonly protocol: string;
  readonly mid: string | undefined;
  readonly webrtc: WrittenWebrtc;
}

/** How a line of our answer says the way that it has. */
export const answerCover = ({ protocol, mid }: RemoteLine, { local, remote }: Way): BrowserCover => ({
  ...{ protocol, mid },
  webrtc: { ...local, setup: "passive", bundled: remote.bundled },
});

/** What an offer and its answer settle for a line. */
export function wayOf(
  kind: Kind,
  all: readonly RemoteLine[],
  remote: RemoteWebrtc | undefined,
  local: LocalWebrtc,
): Way | undefined {
  const sound = all.find((line) => line.type === "audio" && line.port !== 0)?.webrtc;
  if (!remote || (kind === "video" && !(remote.bundled && sound?.bundled))) return undefined;
  return { local, remote };
}
