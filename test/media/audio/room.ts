// Parties of a conference without sockets: streams as the worker has them, and a metronome that the test turns by hand.
import assert from "node:assert/strict";
import { pcma, type Format } from "../../../src/media/codec.ts";
import { G722 } from "../../../src/media/g722.ts";
import { lawOf } from "../../../src/media/g711.ts";
import { Stream } from "../../../src/media/worker/stream.ts";
import { read, rtp } from "../packets.ts";
import { seeded } from "../seeded.ts";

export class Beats {
  now = 1_000_000;
  readonly #ticks = new Set<(now: number) => void>();

  readonly add = (tick: (now: number) => void): (() => void) => {
    this.#ticks.add(tick);
    return () => this.#ticks.delete(tick);
  };

  get resting(): boolean {
    return this.#ticks.size === 0;
  }

  beat(): void {
    this.now += 20;
    for (const tick of [...this.#ticks]) tick(this.now);
  }
}

export interface PartyOptions {
  readonly codec?: Format;
  /** The number of telephone events, in both directions; 0 = it knows none. */
  readonly events?: number;
}

/** One party: what it says goes into its stream, and what leaves that is kept. */
export class RtpParty {
  readonly stream: Stream;
  readonly sent: Buffer[] = [];
  readonly port: number;
  readonly codec: Format;
  readonly events: number;
  readonly #voice = new G722();
  #at = 0;
  #sequence: number;

  constructor(beats: Beats, port: number, { codec = pcma, events = 101 }: PartyOptions = {}) {
    [this.port, this.codec, this.events, this.#sequence] = [port, codec, events, 65_500 + (port % 7)];
    const random = seeded(port);
    this.stream = new Stream(
      "audio",
      { rtp: (packet) => this.sent.push(Buffer.from(packet)), rtcp: () => {} },
      { now: () => beats.now, random: () => random(2 ** 32) / 2 ** 32, isOwn: () => false },
    );
    const formats = [
      codec,
      ...(events > 0 ? [{ payload: events, name: "telephone-event", rate: 8000, channels: 1 }] : []),
    ];
    this.stream.setRemote({
      ...{ address: "192.0.2.1", port, rtcpPort: port + 1, send: true, receive: true },
      ...{ sends: formats, receives: formats },
    });
  }

  packet(over: Parameters<typeof rtp>[0]): void {
    const packet = rtp({ ssrc: this.port, sequence: this.#sequence++, timestamp: this.#at, ...over });
    this.stream.receive(packet, "192.0.2.1", this.port);
  }

  /** Sends 20 ms of a sound. */
  say(sound: (sample: number) => number): void {
    const { name } = this.codec;
    const encode = name === "G722" ? (sample: number) => this.#voice.encode(sample) : lawOf(name).encode;
    const body = Uint8Array.from({ length: 160 }, (_, i) => encode(Math.round(sound(this.#at + i))));
    this.packet({ payload: this.codec.payload, body });
    this.#at += 160;
  }

  /** 20 ms pass for it without a word. */
  pause(): void {
    this.#at += 160;
  }

  /** Sends a packet of a telephone event that began now. */
  press(event: number, duration: number, end = false, at = this.#at): number {
    const body = Buffer.from([event, end ? 0x8a : 0x0a, duration >> 8, duration & 0xff]);
    this.packet({ payload: this.events, timestamp: at, body });
    return at;
  }

  get heardPackets() {
    return this.sent.map(read);
  }

  /** All sound that it heard. */
  get heard(): Int16Array {
    const { name } = this.codec;
    const ear = new G722();
    const { linear } = lawOf(name);
    const decode = (byte: number) => (name === "G722" ? ear.decode(byte) : (linear[byte] ?? 0));
    const sound = this.heardPackets.filter(({ payload }) => payload === this.codec.payload);
    return Int16Array.from(sound.flatMap(({ body }) => Array.from(body, decode)));
  }

  /** Its packets follow each other without a gap, and their times with them. */
  assertSmooth(): void {
    const sound = this.heardPackets;
    sound.forEach((packet, i) => {
      const before = sound[i - 1];
      if (before) assert.equal((packet.sequence - before.sequence) & 0xffff, 1);
    });
    assert.equal(new Set(sound.map(({ ssrc }) => ssrc)).size, sound.length > 0 ? 1 : 0);
  }
}
