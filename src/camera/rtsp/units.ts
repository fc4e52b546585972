// Frames of H.264 (RFC 6184, packetization modes 0 and 1) and H.265 (RFC 7798) from their packets. After a hole nothing comes
// out until the next key frame, since what lies between would be shown smeared.
import type { VideoFormat } from "../video.ts";
import { mostFrameBytes, type Depayloader, type Output } from "./depayload.ts";
import type { NalCodec } from "./nal.ts";
import type { Ordered } from "./rtp.ts";

const mostUnits = 2048;
const mostSets = 32;
const mostSetBytes = 4096;

export class UnitDepayloader implements Depayloader {
  readonly #codec: NalCodec;
  readonly #out: Output;
  /** By type and number, as `7/0`. */
  readonly #sets = new Map<string, Buffer>();
  #format: VideoFormat | undefined;
  #waitsForKey = true;
  // The frame that is being put together.
  #time = 0;
  #units: Buffer[] = [];
  #bytes = 0;
  #key = false;
  #slices = false;
  #broken = false;
  #pieces: Buffer[] = [];

  /** `sets`: parameter sets that are known before, from the SDP. */
  constructor(codec: NalCodec, sets: readonly Buffer[], out: Output) {
    this.#codec = codec;
    this.#out = out;
    for (const set of sets) this.#keepSet(set);
  }

  get pending(): number {
    return this.#bytes;
  }

  push(packet: Ordered): void {
    const { payload } = packet;
    const open = this.#broken || this.#units.length > 0 || this.#pieces.length > 0;
    // Cameras forget the marker: another timestamp ends a frame, too.
    if (open && packet.time !== this.#time) {
      if (packet.lost || this.#pieces.length > 0) this.#broken = true;
      this.#finish(packet.at);
    }
    if (packet.lost) {
      this.#waitsForKey = true;
      if (this.#units.length > 0 || this.#pieces.length > 0 || !this.#beginsFrame(payload)) this.#broken = true;
    }
    this.#time = packet.time;
    if (payload.length > this.#codec.header) this.#read(payload);
    if (packet.marker) this.#finish(packet.at);
  }

  #read(payload: Buffer): void {
    const start = this.#codec.aggregate(payload);
    if (start !== undefined) {
      this.#abandon();
      this.#readAggregate(payload, start);
      return;
    }
    const fragment = this.#codec.fragment(payload);
    if (!fragment) {
      this.#abandon();
      if (this.#codec.isForeign(this.#codec.type(payload))) this.#broken = true;
      else this.#take(Buffer.from(payload));
      return;
    }
    const { last, header, data } = fragment;
    if (header) {
      this.#abandon();
      this.#pieces = [header];
    } else if (this.#pieces.length === 0) this.#broken = true;
    if (this.#broken) return;
    this.#pieces.push(data);
    this.#bytes += data.length;
    if (this.#bytes > mostFrameBytes) this.#drop();
    else if (last) {
      const unit = Buffer.concat(this.#pieces);
      this.#pieces = [];
      this.#bytes -= unit.length - this.#codec.header;
      this.#take(unit);
    }
  }

  #readAggregate(payload: Buffer, start: number): void {
    for (let at = start; at + 2 <= payload.length;) {
      const length = payload.readUInt16BE(at);
      const unit = payload.subarray(at + 2, at + 2 + length);
      if (unit.length < length || length <= this.#codec.header) {
        this.#broken = true;
        return;
      }
      this.#take(Buffer.from(unit));
      at += 2 + length;
    }
  }

  #take(unit: Buffer): void {
    const type = this.#codec.type(unit);
    if (this.#codec.setTypes.includes(type)) {
      this.#keepSet(unit);
      return;
    }
    if (this.#broken || this.#codec.isPadding(type)) return;
    this.#units.push(unit);
    this.#bytes += unit.length;
    this.#slices ||= this.#codec.isSlice(type);
    this.#key ||= this.#codec.isKey(type);
    if (this.#bytes > mostFrameBytes || this.#units.length > mostUnits) this.#drop();
  }

  // A unit that never came to its end, in a frame that goes on.
  #abandon(): void {
    if (this.#pieces.length > 0) this.#drop();
  }

  #drop(): void {
    this.#broken = true;
    this.#units = [];
    this.#pieces = [];
    this.#bytes = 0;
  }

  #finish(at: number): void {
    if (this.#pieces.length > 0) this.#broken = true;
    const [units, key, slices, broken] = [this.#units, this.#key, this.#slices, this.#broken];
    this.#units = [];
    this.#pieces = [];
    this.#bytes = 0;
    this.#key = this.#slices = this.#broken = false;
    if (broken) this.#waitsForKey = true;
    if (broken || !slices || (this.#waitsForKey && !key)) return;
    if (key && !this.#announce()) return;
    this.#waitsForKey = false;
    this.#out.frame({ units, key, at, timestamp: this.#time });
  }

  #beginsFrame(payload: Buffer): boolean {
    const start = this.#codec.aggregate(payload);
    if (start !== undefined) return this.#codec.begins(payload.subarray(start + 2));
    const fragment = this.#codec.fragment(payload);
    if (!fragment) return this.#codec.begins(payload);
    const { header, data } = fragment;
    return header !== undefined && this.#codec.begins(Buffer.concat([header, data.subarray(0, 1)]));
  }

  #keepSet(set: Buffer): void {
    const type = this.#codec.type(set);
    if (set.length > mostSetBytes || set.length <= this.#codec.header || !this.#codec.setTypes.includes(type)) return;
    const key = `${type}/${this.#codec.id(set)}`;
    if (this.#sets.get(key)?.equals(set)) return;
    // Newer ones last: what a camera that changes its sets for ever has told first is forgotten first.
    this.#sets.delete(key);
    this.#sets.set(key, set);
    const oldest = this.#sets.keys().next().value;
    if (this.#sets.size > mostSets && oldest !== undefined) this.#sets.delete(oldest);
    this.#format = undefined;
  }

  // Tells the format where it is new; false while the sets that a key frame needs are not known.
  #announce(): boolean {
    if (this.#format) return true;
    const { codec, setTypes } = this.#codec;
    const ofType = setTypes.map((type) => [...this.#sets.values()].filter((set) => this.#codec.type(set) === type));
    if (ofType.some((sets) => sets.length === 0)) return false;
    const sps = ofType.at(-2)?.at(-1);
    const reorder = sps && this.#codec.reorder(sps);
    this.#format = { codec, sets: ofType.flat(), ...(sps && this.#codec.size(sps)), ...(reorder && { reorder }) };
    this.#out.format(this.#format);
    return true;
  }
}
