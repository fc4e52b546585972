// The DTLS handshake with a browser, of which we want nothing but the keys of SRTP: RFC 5763, RFC 5764. The handshake itself is
// werift's; that the other side has the key of the certificate which it announced is seen to here.
import { createHash, createHmac, timingSafeEqual, verify, X509Certificate } from "node:crypto";
import type { DtlsServer } from "werift";
import { suites, type MasterKey, type SrtpKeys, type SuiteName } from "../../suites.ts";
import type { Fingerprint } from "../../webrtc.ts";

export interface DtlsOptions {
  /** Ours, in PEM. */
  readonly certificate: string;
  readonly key: string;
  /** Of the certificates that the other side may have. */
  readonly fingerprints: readonly Fingerprint[];
}

export interface DtlsEvents {
  send(datagram: Buffer): void;
  /** The other side is who it says; told once. */
  keys(keys: SrtpKeys): void;
  /** It ends here, and why, as the rest of a sentence about the other side; told once, instead. */
  failed(why: string): void;
}

/** What werift is asked for: made by `loadDtls`, since it is not asked for where nobody is a browser. */
export type DtlsMaker = (options: DtlsOptions, events: DtlsEvents) => Dtls;

/** RFC 5764 §4.1.2, RFC 7714 §14.2; the first that both have is taken. */
const profiles = new Map<number, SuiteName>([
  [0x0007, "AEAD_AES_128_GCM"],
  [0x0001, "AES_CM_128_HMAC_SHA1_80"],
]);

/** A handshake takes less than ten. */
const mostDatagrams = 300;
/** Its last flight comes again where our answer to it was lost. */
const mostLate = 50;

const handshake = {
  clientHello: 1,
  certificate: 11,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;
/** RFC 5246 §7.3: what a client says once its hello is answered, in this order, each once. */
const flight: readonly number[] = [
  handshake.certificate,
  handshake.clientKeyExchange,
  handshake.certificateVerify,
  handshake.finished,
];

/** Takes a fifth of a second at best, and 40 MB. */
export async function loadDtls(): Promise<DtlsMaker> {
  const { DtlsServer } = await import("werift");
  return (options, events) => new Dtls(DtlsServer, options, events);
}

type Message = Parameters<DtlsServer["onHandleHandshakes"]>[0][number];

export class Dtls {
  readonly #server: DtlsServer;
  readonly #fingerprints: readonly Fingerprint[];
  readonly #events: DtlsEvents;
  #state: "shaking" | "done" | "over" = "shaking";
  #datagrams = 0;
  /** The number of its latest hello. */
  #hello = 0;
  /** How many messages of its flight are there. */
  #said = 0;
  /** Its last message. */
  #finished: Buffer | undefined;

  constructor(Server: typeof DtlsServer, { certificate, key, fingerprints }: DtlsOptions, events: DtlsEvents) {
    this.#fingerprints = fingerprints;
    this.#events = events;
    this.#server = new Server({
      cert: certificate,
      key,
      // ECDSA on P-256 with SHA-256, which our certificates have.
      signatureHash: { hash: 4, signature: 3 },
      srtpProfiles: [...profiles.keys()] as (1 | 7)[],
      extendedMasterSecret: true,
      certificateRequest: true,
      transport: {
        ...{ type: "udp", closed: false, address: { address: "", family: "", port: 0 }, onData: () => {} },
        send: (datagram) => {
          if (this.#state !== "over") events.send(datagram);
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      },
    });
    this.#server.onConnect.subscribe(() => this.#connected());
    // What it does not like may be forged; who never comes to an end is given up by who asked for this.
    const handle = this.#server.onHandleHandshakes;
    this.#server.onHandleHandshakes = (messages) => handle(messages.filter((message) => this.#isDue(message)));
  }

  /** A datagram that is DTLS by its first byte. */
  receive(datagram: Buffer): void {
    if (this.#state === "over") return;
    if (++this.#datagrams > mostDatagrams) return this.#fail("its DTLS handshake never ends");
    try {
      this.#server.transport.socket.onData(datagram, ["", 0]);
    } catch {
      // Cut off in the middle: it is sent again.
    }
  }

  close(): void {
    this.#state = "over";
    // Otherwise it would go on sending its last message for half a minute.
    this.#server.dtls.flight = 6;
  }

  /**
   * Whether werift may see it, which acts on every message, but takes the first of each kind for what was said: a second key
   * exchange by somebody in between would go unseen. A late copy of an earlier hello would begin anew, with other keys, what is
   * in the middle or done (RFC 6347 §4.2).
   */
  #isDue({ msg_type: type, message_seq: number, fragment }: Message): boolean {
    if (type === handshake.clientHello) {
      if (this.#state === "done" || this.#said > 0 || number < this.#hello) return false;
      this.#hello = number;
      return true;
    }
    // Again when it has not heard ours.
    if (type === handshake.finished && this.#finished) return this.#finished.equals(fragment);
    if (type !== flight[this.#said]) return false;
    this.#said++;
    if (type === handshake.finished) this.#finished = fragment;
    return true;
  }

  #connected(): void {
    if (this.#state !== "shaking") return;
    let doubt: string | undefined;
    try {
      doubt = this.#doubt();
    } catch {
      doubt = "its certificate cannot be read";
    }
    if (doubt !== undefined) return this.#fail(doubt);
    const suite = profiles.get(this.#server.srtp.srtpProfile ?? 0);
    if (!suite) return this.#fail("it agrees on no suite of SRTP that we know");
    this.#state = "done";
    this.#datagrams = mostDatagrams - mostLate;
    const { keyBytes, saltBytes } = suites[suite];
    const { localKey, localSalt, remoteKey, remoteSalt } = this.#server.extractSessionKeys(keyBytes, saltBytes);
    const master = (...parts: Buffer[]): MasterKey => ({ suite, key: Buffer.concat(parts).toString("base64") });
    this.#events.keys({ send: master(localKey, localSalt), receive: master(remoteKey, remoteSalt) });
  }

  /** Why the other side is not who it says it is. werift checks neither signature nor what it says when it has finished. */
  #doubt(): string | undefined {
    const { dtls, cipher, remoteCertificate } = this.#server;
    if (!remoteCertificate) return "it showed no certificate";
    if (!this.#fingerprints.some((one) => isOf(one, remoteCertificate)))
      return "its certificate is not the one that its description announces (a=fingerprint): somebody is in between";
    // RFC 7627: else the keys are not bound to this handshake.
    if (!dtls.remoteExtendedMasterSecret) return "it does not know the extended master secret (RFC 7627)";
    // Each side counts its own messages.
    const messages = [4, 5].flatMap((flight) =>
      (dtls.handshakeCache[flight]?.data ?? []).sort((a, b) => a.message_seq - b.message_seq),
    );
    const find = (type: number) => messages.find(({ msg_type }) => msg_type === type);
    const before = (type: number) =>
      Buffer.concat(
        messages
          .slice(
            0,
            messages.findIndex(({ msg_type }) => msg_type === type),
          )
          .map((m) => m.serialize()),
      );
    const [signed, finished] = [find(handshake.certificateVerify), find(handshake.finished)];
    const exchanged = find(handshake.clientKeyExchange)?.fragment.subarray(1);
    if (!exchanged || !cipher.remoteKeyPair.publicKey?.equals(exchanged))
      return "the keys are not of what it said: somebody is in between";
    const { publicKey } = new X509Certificate(remoteCertificate);
    // RFC 5246 §7.4.8: over all that was said so far.
    if (!signed || !verify("sha256", before(handshake.certificateVerify), publicKey, signed.fragment.subarray(4)))
      return "it does not have the key of its certificate: somebody is in between";
    // §7.4.9.
    const expected = prf(cipher.masterSecret, "client finished", sha256(before(handshake.finished))).subarray(0, 12);
    if (finished?.fragment.length !== 12 || !timingSafeEqual(finished.fragment, expected))
      return "what it heard of the handshake is not what we said: somebody is in between";
    return undefined;
  }

  #fail(why: string): void {
    if (this.#state !== "shaking") return;
    this.close();
    this.#events.failed(why);
  }
}

const isOf = ({ hash, value }: Fingerprint, certificate: Buffer): boolean =>
  createHash(hash).update(certificate).digest("hex") === value.replaceAll(":", "").toLowerCase();

const sha256 = (data: Buffer): Buffer => createHash("sha256").update(data).digest();

/** RFC 5246 §5; the first 32 bytes are more than is asked for. */
function prf(secret: Buffer, label: string, seed: Buffer): Buffer {
  const all = Buffer.concat([Buffer.from(label), seed]);
  const hmac = (data: Buffer) => createHmac("sha256", secret).update(data).digest();
  return hmac(Buffer.concat([hmac(all), all]));
}
