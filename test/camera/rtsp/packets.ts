// Makes RTP packets of real pictures, in the ways that cameras do, and hands them to a depayloader.
import { readFileSync } from "node:fs";
import type { Frame, VideoFormat } from "../../../src/camera/video.ts";
import type { Depayloader, Output } from "../../../src/camera/rtsp/depayload.ts";
import { h264, h265, type NalCodec } from "../../../src/camera/rtsp/nal.ts";

export interface Payload {
  readonly bytes: Buffer;
  readonly marker: boolean;
  /** 90 kHz. */
  readonly time: number;
}

const fixture = (name: string): Buffer => readFileSync(new URL(`fixtures/${name}`, import.meta.url));

/** The NAL units of a stream with start codes. */
export function unitsOf(annexB: Buffer): Buffer[] {
  const text = annexB.toString("latin1");
  return text
    .split(/\0?\0\0\x01/)
    .filter((unit) => unit !== "")
    .map((unit) => Buffer.from(unit, "latin1"));
}

/** The fixture's pictures, each with the parameter sets that stand before it. */
export function clip(codec: "h264" | "h265"): { nal: NalCodec; pictures: Buffer[][] } {
  const nal = codec === "h264" ? h264 : h265;
  const pictures: Buffer[][] = [];
  let sliced = true;
  for (const unit of unitsOf(fixture(`clip.${codec}`))) {
    if (sliced && nal.begins(unit)) {
      pictures.push([]);
      sliced = false;
    }
    sliced ||= nal.isSlice(nal.type(unit));
    pictures.at(-1)?.push(unit);
  }
  return { nal, pictures };
}

export type Way = "single" | "aggregated" | "fragmented";

const lengthPrefixed = (unit: Buffer): Buffer => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(unit.length);
  return Buffer.concat([length, unit]);
};

function fragments(codec: "h264" | "h265", unit: Buffer, size: number): Buffer[] {
  const header = codec === "h264" ? 1 : 2;
  if (unit.length <= size) return [unit];
  const [first = 0, second = 0] = unit;
  const type = codec === "h264" ? first & 0x1f : (first >> 1) & 0x3f;
  const indicator = codec === "h264" ? [(first & 0xe0) | 28] : [(first & 0x81) | (49 << 1), second];
  const pieces: Buffer[] = [];
  for (let at = header; at < unit.length; at += size) {
    const flags = (at === header ? 0x80 : 0) | (at + size >= unit.length ? 0x40 : 0);
    pieces.push(Buffer.concat([Buffer.from([...indicator, flags | type]), unit.subarray(at, at + size)]));
  }
  return pieces;
}

/** The payloads of one picture's packets; pieces have so many bytes. */
export function packed(codec: "h264" | "h265", units: readonly Buffer[], way: Way, time: number, size = 50): Payload[] {
  const head = codec === "h264" ? Buffer.from([24]) : Buffer.from([48 << 1, 1]);
  const all =
    way === "single"
      ? units
      : way === "aggregated"
        ? [Buffer.concat([head, ...units.map(lengthPrefixed)])]
        : units.flatMap((unit) => fragments(codec, unit, size));
  return all.map((bytes, index) => ({ bytes, time, marker: index === all.length - 1 }));
}

/** A whole clip at 25 pictures a second. */
export const packedClip = (codec: "h264" | "h265", way: Way): Payload[] =>
  clip(codec).pictures.flatMap((units, index) => packed(codec, units, way, 3600 * index));

export interface JpegWay {
  readonly name: "quarters-420.jpg" | "quarters-422.jpg";
  /** As the packets have it: 255 brings tables along, up to 99 they are known. */
  readonly quality: number;
  readonly restart?: number;
  /** Without in-band tables though `quality` is above 127. */
  readonly bare?: boolean;
  readonly size?: number;
  readonly dimensions?: { readonly width: number; readonly height: number };
}

/** Tables, both, and picture data of a JPEG with the segments that jpegenc writes. */
export function partsOf(name: JpegWay["name"]): { tables: Buffer; scan: Buffer } {
  const jpeg = fixture(name);
  const tables: Buffer[] = [];
  for (let at = 2; ;) {
    const [marker, length] = [jpeg[at + 1], jpeg.readUInt16BE(at + 2)];
    if (marker === 0xdb) tables.push(jpeg.subarray(at + 5, at + 2 + length));
    at += 2 + length;
    if (marker === 0xda) return { tables: Buffer.concat(tables), scan: jpeg.subarray(at, -2) };
  }
}

/** RFC 2435 §3.1, in pieces of `size` bytes. */
export function packedJpeg(way: JpegWay, time: number): Payload[] {
  const { name, quality, restart = 0, size = 100, dimensions = { width: 128, height: 96 } } = way;
  const { tables, scan } = partsOf(name);
  const type = (name === "quarters-420.jpg" ? 1 : 0) + (restart > 0 ? 64 : 0);
  const payloads: Payload[] = [];
  for (let at = 0; at < scan.length; at += size) {
    const head = Buffer.from([0, 0, 0, 0, type, quality, dimensions.width / 8, dimensions.height / 8]);
    head.writeUIntBE(at, 1, 3);
    const parts = [head];
    if (restart > 0) parts.push(Buffer.from([restart >> 8, restart & 0xff, 0xff, 0xff]));
    if (at === 0 && quality > 127)
      parts.push(way.bare ? Buffer.alloc(4) : Buffer.concat([Buffer.from([0, 0, 0, tables.length]), tables]));
    const bytes = Buffer.concat([...parts, scan.subarray(at, at + size)]);
    payloads.push({ bytes, time, marker: at + size >= scan.length });
  }
  return payloads;
}

/** What a depayloader made of the payloads, but for those whose index is in `missing`. */
export function depayload(
  make: (out: Output) => Depayloader,
  payloads: readonly Payload[],
  missing: readonly number[] = [],
): { frames: Frame[]; formats: VideoFormat[] } {
  const frames: Frame[] = [];
  const formats: VideoFormat[] = [];
  const depayloader = make({ format: (format) => formats.push(format), frame: (frame) => frames.push(frame) });
  let lost = false;
  payloads.forEach(({ bytes, marker, time }, index) => {
    if (missing.includes(index)) {
      lost = true;
      return;
    }
    const head = { payloadType: 96, sequence: index & 0xffff, timestamp: time, ssrc: 1, at: time / 90 };
    depayloader.push({ ...head, marker, time, lost, payload: bytes });
    lost = false;
  });
  return { frames, formats };
}

/** A packet as it is sent. */
export function rtpPacket(sequence: number, { bytes, marker, time }: Payload, payloadType = 96, ssrc = 7): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt8(0x80, 0);
  head.writeUInt8((marker ? 0x80 : 0) | payloadType, 1);
  head.writeUInt16BE(sequence & 0xffff, 2);
  head.writeUInt32BE(time >>> 0, 4);
  head.writeUInt32BE(ssrc, 8);
  return Buffer.concat([head, bytes]);
}
