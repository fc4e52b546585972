// Mutated packets and messages, the same in every run: whatever a camera sends, nothing may throw or hold more than its
// limit, and a picture that comes out is whole. The tests try some thousands of packets, the bench a million.
import { readJpeg } from "../../../src/camera/jpeg.ts";
import { mostFrameBytes, type Depayloader, type Output } from "../../../src/camera/rtsp/depayload.ts";
import { JpegDepayloader } from "../../../src/camera/rtsp/jpeg.ts";
import { limits, RtspReader } from "../../../src/camera/rtsp/message.ts";
import { h264, h265 } from "../../../src/camera/rtsp/nal.ts";
import { Reception } from "../../../src/camera/rtsp/reports.ts";
import { Order, parseRtp } from "../../../src/camera/rtsp/rtp.ts";
import { soundTrackOf, trackOf } from "../../../src/camera/rtsp/sdp.ts";
import { UnitDepayloader } from "../../../src/camera/rtsp/units.ts";
import { PorteroError } from "../../../src/errors.ts";
import { mutate } from "../../sip/fuzzing.ts";
import { Random } from "../../sip/random.ts";
import { packedClip, packedJpeg, rtpPacket, type Payload, type Way } from "./packets.ts";

export interface Fuzzed {
  readonly findings: { readonly error: unknown; readonly data: Buffer }[];
  /** Frames that came out: none, and the mutations are too coarse to test anything. */
  frames: number;
  /** Responses that were read. */
  messages: number;
  /** The most that was ever held for one stream, in bytes. */
  held: number;
}

const ways: readonly Way[] = ["single", "aggregated", "fragmented"];
const mjpeg = [1, 2, 3, 4].flatMap((n) =>
  packedJpeg(
    { name: n % 2 ? "quarters-420.jpg" : "quarters-422.jpg", quality: n < 3 ? 255 : 80, restart: n % 3 },
    3600 * n,
  ),
);
const descriptions = [
  "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LAHo0=,aM48gA==\r\na=control:t\r\n",
  "v=0\r\na=control:*\r\nm=audio 0 RTP/AVP 0\r\nm=video 0 RTP/AVP 26\r\na=framesize:26 640-480\r\na=control:rtsp://a/b\r\n",
  "v=0\r\nm=video 0 RTP/AVP 26\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000/1\r\na=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1408\r\n",
];

// Access units: one, three in a packet, one in three packets.
const aac: readonly Payload[] = [[[40]], [[9, 200, 40]], [[300], [300], [300]]].flatMap((packets, n) =>
  packets.map((sizes) => {
    const head = Buffer.alloc(2 + 2 * sizes.length);
    head.writeUInt16BE(16 * sizes.length);
    sizes.forEach((size, unit) => head.writeUInt16BE(size << 3, 2 + 2 * unit));
    const length = Math.min(249, ...(packets.length > 1 ? [100] : [sizes.reduce((sum, size) => sum + size, 0)]));
    return { bytes: Buffer.concat([head, Buffer.alloc(length, 0x21)]), marker: true, time: 4096 * n };
  }),
);

function heard(out: Output): Depayloader {
  const frame = (bytes: Buffer) => out.frame({ units: [bytes], key: true, at: 0, timestamp: 0 });
  const track = soundTrackOf(descriptions.at(-1) ?? "", "The camera");
  if (!track) throw new Error("no sound");
  return track.depayloader(({ bytes }) => frame(bytes));
}

const films: readonly { readonly payloads: readonly Payload[]; readonly make: (out: Output) => Depayloader }[] = [
  ...ways.map((way) => ({
    payloads: packedClip("h264", way),
    make: (out: Output) => new UnitDepayloader(h264, [], out),
  })),
  ...ways.map((way) => ({
    payloads: packedClip("h265", way),
    make: (out: Output) => new UnitDepayloader(h265, [], out),
  })),
  { payloads: aac, make: heard },
  { payloads: mjpeg, make: (out: Output) => new JpegDepayloader({ width: 128, height: 96 }, out) },
];

/** Sends `count` packets, about every fifth of them mutated, some lost, some twice, some late; and messages between them. */
export function fuzz(count: number, seed: number, progress: (done: number) => void = () => {}): Fuzzed {
  const random = new Random(seed);
  const outcome: Fuzzed = { findings: [], frames: 0, messages: 0, held: 0 };
  let done = 0;
  while (done < count) {
    const film = random.pick(films);
    const stream = new Stream(film.make, random, outcome);
    const rounds = 1 + random.below(20);
    for (let round = 0; round < rounds && done < count; round++)
      for (const payload of film.payloads) {
        stream.send({ ...payload, time: payload.time + round * 90_000 });
        done += 1;
        if (done % 100_000 === 0) progress(done);
      }
  }
  return outcome;
}

class Stream {
  readonly #random: Random;
  readonly #outcome: Fuzzed;
  readonly #depayloader: Depayloader;
  readonly #order: Order;
  readonly #reception = new Reception(1);
  readonly #late: Buffer[] = [];
  #reader: RtspReader;
  #sequence: number;
  #now = 0;

  constructor(make: (out: Output) => Depayloader, random: Random, outcome: Fuzzed) {
    this.#random = random;
    this.#outcome = outcome;
    this.#sequence = random.below(65_536);
    this.#depayloader = make({
      format: ({ sets }) => {
        if (sets.length > 32) throw new Error(`${sets.length} parameter sets`);
      },
      frame: ({ units, key }) => {
        outcome.frames += 1;
        const [first] = units;
        if (!first || units.some((unit) => unit.length === 0)) throw new Error("an empty frame");
        if (this.#depayloader instanceof JpegDepayloader && !("frame" in readJpeg(first) && key))
          throw new Error("no JPEG");
      },
    });
    const udp = random.chance(0.5);
    this.#order = new Order(udp ? 64 : 0, udp ? 100 : 0, (packet) => this.#depayloader.push(packet));
    this.#reader = this.#connection();
  }

  send(payload: Payload): void {
    const random = this.#random;
    this.#now += 1;
    let packet = rtpPacket(this.#sequence++, payload);
    // Half of the damage behind the header, where the depayloaders are.
    if (random.chance(0.1)) packet = mutate(packet, random);
    else if (random.below(10) === 0)
      packet = Buffer.concat([packet.subarray(0, 12), mutate(packet.subarray(12), random)]);
    if (random.chance(0.02)) return;
    if (random.chance(0.03)) this.#late.push(packet);
    else this.#write(packet);
    if (random.chance(0.05)) this.#write(packet);
    for (const late of random.chance(0.2) ? this.#late.splice(0) : []) this.#write(late);
    if (random.chance(0.02)) this.#talk();
    const held = this.#depayloader.pending + this.#reader.pending;
    this.#outcome.held = Math.max(this.#outcome.held, held);
    if (held > mostFrameBytes + limits.body + limits.head + 65_536 || this.#order.waiting > 64)
      this.#outcome.findings.push({ error: new Error(`${held} bytes are held`), data: packet });
  }

  // A response, and a description in it, mutated; and a report.
  #talk(): void {
    const random = this.#random;
    const body = mutate(Buffer.from(random.pick(descriptions)), random);
    const head = `RTSP/1.0 200 OK\r\nCSeq: 1\r\nSession: 1;timeout=60\r\nContent-Length: ${body.length}\r\n\r\n`;
    this.#push(mutate(Buffer.concat([Buffer.from(head), body]), random));
    this.#try(body, () => {
      try {
        trackOf(body.toString("latin1"), "The camera").depayloader({ format() {}, frame() {} });
        soundTrackOf(body.toString("latin1"), "The camera")?.depayloader(() => {});
      } catch (error) {
        if (!(error instanceof PorteroError)) throw error;
      }
    });
    const report = mutate(Buffer.from("80c80006abcdef010000000000000000000000000000000000000000", "hex"), random);
    this.#try(report, () => {
      this.#reception.read(report, this.#now);
      if (this.#reception.report(this.#now).length > 52) throw new Error("a report that grows");
    });
  }

  #write(packet: Buffer): void {
    const head = Buffer.from([0x24, 0, packet.length >> 8, packet.length & 0xff]);
    this.#push(
      this.#random.chance(0.01) ? mutate(Buffer.concat([head, packet]), this.#random) : Buffer.concat([head, packet]),
    );
  }

  #push(bytes: Buffer): void {
    const cut = this.#random.below(bytes.length + 1);
    for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)])
      this.#try(piece, () => {
        if (this.#reader.push(piece) !== undefined) this.#reader = this.#connection();
      });
  }

  // Where one gives up, the next one begins.
  #connection(): RtspReader {
    return new RtspReader({
      message: () => void (this.#outcome.messages += 1),
      packet: (_, bytes) => {
        const packet = parseRtp(bytes, this.#now);
        if (!packet) return;
        this.#reception.packet(packet);
        this.#order.push(packet);
      },
    });
  }

  #try(data: Buffer, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#outcome.findings.push({ error, data });
      this.#reader = this.#connection();
    }
  }
}
