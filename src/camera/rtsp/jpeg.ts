// Motion JPEG from its packets (RFC 2435): the picture's headers are not sent, but made again here. A picture of which a
// packet is missing is left out; each one stands for itself.
import { readJpeg } from "../jpeg.ts";
import type { Size } from "./bits.ts";
import { mostFrameBytes, type Depayloader, type Output } from "./depayload.ts";
import { headingOf, quantisation } from "./jpeg-tables.ts";
import type { Ordered } from "./rtp.ts";

// ONVIF Streaming Specification §5.2.2: the real headers of pictures that are too large for RFC 2435.
const onvifExtension = 0xffd8;

interface Picture {
  readonly time: number;
  readonly heading: Buffer;
  readonly pieces: Buffer[];
  bytes: number;
}

export class JpegDepayloader implements Depayloader {
  readonly #out: Output;
  /** Of the SDP: the headers in the packets end at 2,040 pixels. */
  readonly #size: Size | undefined;
  readonly #tables = new Map<number, { tables: Buffer; precision: number }>();
  #picture: Picture | undefined;
  #shown: Size | undefined;

  constructor(size: Size | undefined, out: Output) {
    this.#size = size;
    this.#out = out;
  }

  get pending(): number {
    return this.#picture?.bytes ?? 0;
  }

  push(packet: Ordered): void {
    const { payload, time, lost } = packet;
    if (payload.length < 8) return;
    const offset = payload.readUIntBE(1, 3);
    if (lost || time !== this.#picture?.time) this.#picture = undefined;
    const data = this.#afterHeaders(packet, offset);
    const picture = this.#picture;
    if (!picture || !data || offset !== picture.bytes || offset + data.length > mostFrameBytes) {
      this.#picture = undefined;
      return;
    }
    picture.pieces.push(data);
    picture.bytes += data.length;
    if (!packet.marker) return;
    this.#picture = undefined;
    this.#finish(picture, packet.at);
  }

  // The picture data of this packet; with offset 0 it begins a picture. Undefined where a header is not whole.
  #afterHeaders({ payload, time, extension }: Ordered, offset: number): Buffer | undefined {
    const [type = 0, quality = 0, across = 0, down = 0] = payload.subarray(4);
    let at = 8;
    let restart = 0;
    if (type >= 64 && type <= 127) {
      if (payload.length < at + 4) return undefined;
      restart = payload.readUInt16BE(at);
      at += 4;
    }
    if (offset > 0) return payload.subarray(at);
    const sampling = type & 0x3f;
    if (type > 127 || (sampling !== 0 && sampling !== 1)) return undefined;
    if (quality >= 128) {
      if (payload.length < at + 4) return undefined;
      const length = payload.readUInt16BE(at + 2);
      const tables = payload.subarray(at + 4, at + 4 + length);
      if (tables.length < length) return undefined;
      // Without tables these are the ones that came before with this Q; 255 promises nothing of that kind (§4.2).
      if (length > 0) this.#tables.set(quality, { tables: Buffer.from(tables), precision: payload[at + 1] ?? 0 });
      else if (quality === 255) return undefined;
      at += 4 + length;
    }
    const tables = quality >= 128 ? this.#tables.get(quality) : plainTables(quality);
    const size = across > 0 && down > 0 ? { width: 8 * across, height: 8 * down } : (sizeIn(extension) ?? this.#size);
    const heading = tables && size && headingOf({ ...size, ...tables, sampling, restart });
    if (!heading) return undefined;
    this.#picture = { time, heading, pieces: [], bytes: 0 };
    return payload.subarray(at);
  }

  #finish({ heading, pieces, time }: Picture, at: number): void {
    const last = pieces.at(-1);
    const ended = last !== undefined && last.length >= 2 && last.readUInt16BE(last.length - 2) === 0xffd9;
    const jpeg = Buffer.concat([heading, ...pieces, ...(ended ? [] : [Buffer.from([0xff, 0xd9])])]);
    const read = readJpeg(jpeg);
    if (!("frame" in read)) return;
    const { width, height, end } = read.frame;
    if (width !== this.#shown?.width || height !== this.#shown.height) {
      this.#shown = { width, height };
      this.#out.format({ codec: "jpeg", width, height, sets: [] });
    }
    this.#out.frame({ units: [jpeg.subarray(0, end)], key: true, at, timestamp: time });
  }
}

const plainTables = (quality: number) =>
  quality >= 1 && quality <= 99 ? { tables: quantisation(quality), precision: 0 } : undefined;

function sizeIn(extension: Ordered["extension"]): Size | undefined {
  if (extension?.profile !== onvifExtension) return undefined;
  const { data } = extension;
  const at = data.indexOf(Buffer.from([0xff, 0xc0]));
  if (at < 0 || at + 9 > data.length) return undefined;
  const [height, width] = [data.readUInt16BE(at + 5), data.readUInt16BE(at + 7)];
  return width > 0 && height > 0 ? { width, height } : undefined;
}
