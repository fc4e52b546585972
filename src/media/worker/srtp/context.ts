// SRTP and SRTCP of one direction under one master key (RFC 3711 §3): packets into protected ones and back. Whatever comes
// from the network, nothing here throws.
import { suites, type MasterKey } from "../../suites.ts";
import { headerLength, payloadStart, sequenceOf, ssrcOf } from "../rtp.ts";
import { sessionKeys } from "./derive.ts";
import { Gcm } from "./gcm.ts";
import { CounterMode } from "./hmac.ts";
import { Sources } from "./sources.ts";
import type { Transform } from "./transform.ts";
import { Window, windowSize } from "./window.ts";

const encrypted = 2 ** 31;
/** RFC 3711 §9.2: no key outlives so many packets. */
const mostPackets = 2 ** 48;
const mostControl = 2 ** 31;
/** RTCP's header with the sender's SSRC stays readable (RFC 3711 §3.4). */
const controlHeader = 8;

/** Where tag, key identifier and RTCP's index stand behind the payload: RFC 3711 figures 1 and 2, RFC 7714 §8.2, §9.2. */
class Form {
  readonly transform: Transform;
  readonly mki: Buffer;
  /** Bytes that protection adds. */
  readonly overhead: number;
  readonly #gcm: boolean;
  readonly #wordBytes: 0 | 4;

  constructor({ suite, key, mki = "" }: MasterKey, of: "rtp" | "rtcp") {
    const { mode, tagBytes } = suites[suite];
    const keys = sessionKeys(suite, Buffer.from(key, "base64"), of);
    this.#gcm = mode === "gcm";
    this.transform = this.#gcm ? new Gcm(keys, of) : new CounterMode(keys, of === "rtp" ? tagBytes : 10);
    this.mki = Buffer.from(mki, "hex");
    this.#wordBytes = of === "rtp" ? 0 : 4;
    this.overhead = this.transform.tagBytes + this.mki.length + this.#wordBytes;
  }

  tagAt(end: number): number {
    return this.#gcm ? end : end + this.#wordBytes + this.mki.length;
  }

  wordAt(end: number): number {
    return this.#gcm ? end + this.transform.tagBytes : end;
  }

  mkiAt(end: number): number {
    return this.wordAt(end) + this.#wordBytes;
  }

  /** Whether the packet names our key: an identifier of another one is no packet for us. */
  hasMki(packet: Buffer, end: number): boolean {
    const at = this.mkiAt(end);
    return this.mki.length === 0 || this.mki.equals(packet.subarray(at, at + this.mki.length));
  }
}

class Received {
  readonly form: Form;
  readonly sources = new Sources(() => new Window());

  constructor(key: MasterKey, of: "rtp" | "rtcp") {
    this.form = new Form(key, of);
  }

  /** The packet without its protection, in place, if it is authentic and was not there before. */
  open(packet: Buffer, start: number, ssrc: number, window: Window, index: number, word: number): Buffer | undefined {
    const end = packet.length - this.form.overhead;
    if (!window.isNew(index) || index >= mostPackets || !this.form.hasMki(packet, end)) return undefined;
    if (!this.form.transform.open(packet, start, end, this.form.tagAt(end), ssrc, index, word)) return undefined;
    window.note(index);
    this.sources.keep(ssrc, window);
    return packet.subarray(0, end);
  }
}

/** What a peer sends us. */
export class Receiver {
  readonly #media: Received;
  readonly #control: Received;

  constructor(key: MasterKey) {
    this.#media = new Received(key, "rtp");
    this.#control = new Received(key, "rtcp");
  }

  /** The RTP packet in an SRTP packet, decrypted in place; undefined unless it is authentic and new. */
  unprotect(packet: Buffer): Buffer | undefined {
    const end = packet.length - this.#media.form.overhead;
    if (end < headerLength || packet.readUInt8(0) >> 6 !== 2) return undefined;
    const start = payloadStart(packet);
    if (start > end) return undefined;
    const ssrc = ssrcOf(packet);
    const window = this.#media.sources.find(ssrc);
    if (!window) return undefined;
    const index = window.indexOf(sequenceOf(packet));
    return this.#media.open(packet, start, ssrc, window, index, Math.floor(Math.max(0, index) / 2 ** 16));
  }

  /** The same for RTCP. What is not encrypted is refused: nobody has agreed to that. */
  unprotectControl(packet: Buffer): Buffer | undefined {
    const { form, sources } = this.#control;
    const end = packet.length - form.overhead;
    if (end < controlHeader || packet.readUInt8(0) >> 6 !== 2) return undefined;
    const word = packet.readUInt32BE(form.wordAt(end));
    const ssrc = packet.readUInt32BE(4);
    const window = sources.find(ssrc);
    if (!window || word < encrypted) return undefined;
    return this.#control.open(packet, controlHeader, ssrc, window, word - encrypted, word);
  }
}

/** A source of ours. A packet that is sent again goes out again, but never another one under its number (RFC 3711 §9.1). */
class SentWindow extends Window {
  readonly tags = new Uint32Array(windowSize);

  /** Whether the packet with this tag may be sent under this index. */
  take(index: number, tag: number): boolean {
    const slot = index % windowSize;
    if (!this.isNew(index)) return this.highest - index < windowSize && index >= 0 && this.tags[slot] === tag;
    this.note(index);
    this.tags[slot] = tag;
    return true;
  }
}

/** What we send to a peer. */
export class Sender {
  readonly #media: Form;
  readonly #control: Form;
  readonly #sources = new Sources(() => new SentWindow());
  #controlIndex = 0;

  constructor(key: MasterKey) {
    this.#media = new Form(key, "rtp");
    this.#control = new Form(key, "rtcp");
  }

  /** A new buffer with the SRTP packet; the packet itself stays as it is. Undefined where its number was used before. */
  protect(packet: Buffer): Buffer | undefined {
    const ssrc = ssrcOf(packet);
    const window = this.#sources.find(ssrc);
    if (!window) return undefined;
    const index = window.indexOf(sequenceOf(packet));
    if (index < 0 || index >= mostPackets) return undefined;
    const { transform, overhead, mki } = this.#media;
    const end = packet.length;
    const target = Buffer.allocUnsafe(end + overhead);
    const tagAt = this.#media.tagAt(end);
    transform.seal(packet, payloadStart(packet), target, tagAt, ssrc, index, Math.floor(index / 2 ** 16));
    if (!window.take(index, target.readUInt32BE(tagAt))) return undefined;
    this.#sources.keep(ssrc, window);
    mki.copy(target, this.#media.mkiAt(end));
    return target;
  }

  /** The same for a compound RTCP packet. */
  protectControl(packet: Buffer): Buffer | undefined {
    if (this.#controlIndex >= mostControl) return undefined;
    const index = this.#controlIndex++;
    const word = index + encrypted;
    const { transform, overhead, mki } = this.#control;
    const end = packet.length;
    const target = Buffer.allocUnsafe(end + overhead);
    transform.seal(packet, controlHeader, target, this.#control.tagAt(end), packet.readUInt32BE(4), index, word);
    target.writeUInt32BE(word, this.#control.wordAt(end));
    mki.copy(target, this.#control.mkiAt(end));
    return target;
  }
}
