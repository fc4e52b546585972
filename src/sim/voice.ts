// The voice of a simulated device in one call: a socket that sends a tone every 20 ms, hears what comes, and sends and
// recognises digits. RFC 3550, RFC 3551 (G.711 in 20 ms), RFC 4733 (digits).
import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { EventEmitter } from "node:events";
import { isIPv6 } from "node:net";
import type { Cancel, Clock } from "../clock.ts";
import { giveUp, tryAgain } from "../errors.ts";
import { codeOf, digitOf } from "./dtmf.ts";
import { decode, encode, type Law } from "./g711.ts";
import { Hearing, type Heard } from "./hearing.ts";
import { readRtp, writeRtp, writeTelephoneEvent } from "./rtp.ts";
import { ownCodecs, ownEvents, readSdp, writeSdp, type LocalAudio, type RemoteAudio } from "./sdp.ts";

export interface VoiceOptions {
  readonly bind: string;
  /** The address for the description. */
  readonly address: string;
  readonly clock: Clock;
  /** Hz; 0 sends silence. */
  readonly tone: number;
}

export interface VoiceEvents {
  digit: [digit: string];
  heard: [heard: Heard];
}

const frameMs = 20;
const frameSamples = 160;
// -15 dBFS, as loud as somebody who talks.
const amplitude = 8000;
// A process that was held up for longer goes on in time instead of sending everything at once.
const mostFramesAtOnce = 10;

export class Voice extends EventEmitter<VoiceEvents> {
  readonly #options: VoiceOptions;
  readonly #socket: Socket;
  readonly #session = { id: randomInt(1, 2 ** 31), version: 0 };
  readonly #hearing = new Hearing();
  readonly #ssrc = randomInt(2 ** 32);
  readonly #start = { sequence: randomInt(2 ** 16), timestamp: randomInt(2 ** 32) };
  #remote: RemoteAudio | undefined;
  #law: Law = "PCMA";
  #timers: Cancel[] = [];
  #startedAt = 0;
  #frames = 0;
  #packets = 0;
  #digit: { code: number; from: number; until: number } | undefined;
  #lastEvent: number | undefined;
  #open = true;

  /** Rejects with a PorteroError `no-socket`. */
  static async open(options: VoiceOptions): Promise<Voice> {
    const socket = createSocket(isIPv6(options.bind) ? "udp6" : "udp4");
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        socket.bind({ address: options.bind, port: 0 }, resolve);
      });
    } catch (cause) {
      throw tryAgain("no-socket", `no audio port can be opened on ${options.bind}`, { cause });
    }
    socket.removeAllListeners("error");
    return new Voice(socket, options);
  }

  private constructor(socket: Socket, options: VoiceOptions) {
    super();
    this.#socket = socket;
    this.#options = options;
    // A peer whose port is closed answers by ICMP: its own call will tell more.
    socket.on("error", () => {});
    socket.on("message", (data) => this.#receive(data));
  }

  get law(): Law {
    return this.#law;
  }

  /** A description that offers both laws. */
  offer(): string {
    return writeSdp(this.#local(ownCodecs, ownEvents));
  }

  /** The answer to an offer, whose first law it takes. Throws giveUp `bad-sdp` where there is nothing to talk by. */
  answer(offer: string): string {
    const remote = this.take(offer);
    const [codec = ownCodecs[0]] = remote.codecs;
    return writeSdp({ ...this.#local(codec ? [codec] : [], remote.events), sends: remote.receives }, remote.lines);
  }

  /** Takes the other side's description. Throws giveUp `bad-sdp`. */
  take(sdp: string | undefined): RemoteAudio {
    const remote = readSdp(sdp ?? "");
    if (!remote) throw giveUp("bad-sdp", "the other side names no audio in G.711 over plain RTP");
    this.#remote = remote;
    this.#law = remote.codecs[0]?.law ?? "PCMA";
    return remote;
  }

  /** Reports what is heard, once a second. */
  listen(): void {
    if (this.#timers.length > 0 || !this.#open) return;
    this.#timers.push(this.#options.clock.every(1000, () => this.emit("heard", this.#hearing.take())));
  }

  /** Sends the tone from now on. */
  talk(): void {
    this.listen();
    if (this.#timers.length > 1 || !this.#open) return;
    this.#startedAt = this.#options.clock.now();
    this.#timers.push(this.#options.clock.every(frameMs, () => this.#due()));
    this.#due();
  }

  /** Sends one digit in RTP, in the place of the tone. */
  async sendDigit(digit: string, durationMs: number): Promise<void> {
    const code = codeOf(digit);
    if (this.#remote?.events === undefined || code < 0)
      throw giveUp("no-events", "the other side takes no digits in RTP (telephone-event): send them by INFO");
    this.#digit = { code, from: this.#frames, until: this.#frames + Math.ceil(durationMs / frameMs) };
    await this.#options.clock.sleep(durationMs + 2 * frameMs);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const cancel of this.#timers) cancel();
    this.#socket.close();
  }

  #local(codecs: LocalAudio["codecs"], events: number | undefined): LocalAudio {
    const { port } = this.#socket.address();
    this.#session.version++;
    return {
      ...{ address: this.#options.address, port, codecs, session: this.#session },
      ...(events === undefined ? {} : { events }),
    };
  }

  // Timers are late now and then: what time asks for is sent, not one packet a tick.
  #due(): void {
    const wanted = Math.floor((this.#options.clock.now() - this.#startedAt) / frameMs) + 1;
    if (wanted - this.#frames > mostFramesAtOnce) this.#frames = wanted - 1;
    for (; this.#frames < wanted; this.#frames++) this.#frame();
  }

  #frame(): void {
    const digit = this.#digit;
    if (!digit) return this.#send(this.#codec(), this.#tone(), this.#frames, this.#packets === 0);
    const passed = this.#frames - digit.from;
    const ended = this.#frames >= digit.until;
    const payload = writeTelephoneEvent(digit.code, ended, (passed + 1) * frameSamples);
    // The last packet three times, since a lost end would be a stuck key (RFC 4733 §2.5.1.4).
    for (let i = 0; i < (ended ? 3 : 1); i++)
      this.#send(this.#remote?.events ?? ownEvents, payload, digit.from, passed === 0);
    if (ended) this.#digit = undefined;
  }

  #codec(): number {
    return this.#remote?.codecs[0]?.payloadType ?? 8;
  }

  #tone(): Buffer {
    const { tone } = this.#options;
    const first = this.#frames * frameSamples;
    const sample = (i: number) => Math.round(amplitude * Math.sin((2 * Math.PI * tone * (first + i)) / 8000));
    return Buffer.from(Array.from({ length: frameSamples }, (_, i) => encode(this.#law, sample(i))));
  }

  #send(payloadType: number, payload: Buffer, frame: number, marker: boolean): void {
    const remote = this.#remote;
    if (!remote?.receives || !this.#open) return;
    const packet = writeRtp({
      ...{ payloadType, payload, marker, ssrc: this.#ssrc },
      sequence: this.#start.sequence + this.#packets++,
      timestamp: this.#start.timestamp + frame * frameSamples,
    });
    this.#socket.send(packet, remote.port, remote.address, () => {});
  }

  #receive(data: Buffer): void {
    const packet = readRtp(data);
    if (!packet) return;
    const { payloadType, payload, timestamp } = packet;
    const events = this.#remote?.events ?? ownEvents;
    if (payloadType === events) return this.#event(payload, timestamp);
    const law = payloadType === 0 ? "PCMU" : payloadType === 8 ? "PCMA" : undefined;
    if (law) this.#hearing.hear(Int16Array.from(payload, (byte) => decode(law, byte)));
  }

  // Every packet of one event has its timestamp: the first one counts, whichever of them gets lost.
  #event(payload: Buffer, timestamp: number): void {
    const digit = digitOf(payload[0] ?? 255);
    if (payload.length < 4 || digit === undefined || timestamp === this.#lastEvent) return;
    this.#lastEvent = timestamp;
    this.emit("digit", digit);
  }
}
