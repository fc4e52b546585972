// An rtpengine, our engine before it, and phones that talk through both, for tests by file.
import assert from "node:assert/strict";
import { systemClock, type Cancel } from "../../src/clock.ts";
import type { MediaSession } from "../../src/media/media.ts";
import { DigitLog } from "../../src/media/rtpengine/digit-log.ts";
import { Rtpengine } from "../../src/media/rtpengine/rtpengine.ts";
import { parseServer } from "../../src/media/rtpengine/wire.ts";
import { read } from "../media/packets.ts";
import { Phone } from "../media/phone.ts";
import { levelOf } from "../media/tone.ts";
import { RtpengineProcess } from "./rtpengine.ts";

export interface Side {
  readonly phone: Phone;
  readonly session: MediaSession;
  readonly port: number;
}

export const events = "a=rtpmap:101 telephone-event/8000";
export const portOf = (sdp: string, kind = "audio"): number =>
  Number(new RegExp(`^m=${kind} (\\d+)`, "m").exec(sdp)?.[1]);

export class Legs {
  readonly media: Rtpengine;
  readonly #server: RtpengineProcess | undefined;
  readonly #phones: Phone[] = [];
  readonly #sessions: MediaSession[] = [];
  readonly #talking: Cancel[] = [];

  /** `server` ends with it. */
  constructor(media: Rtpengine, server?: RtpengineProcess) {
    this.media = media;
    this.#server = server;
  }

  /** By an rtpengine of its own, which tells of digits. */
  static async open(): Promise<Legs> {
    const digits = await DigitLog.open({ host: "127.0.0.1", port: 0 });
    const server = await RtpengineProcess.start(`--dtmf-log-dest=127.0.0.1:${digits.port}`);
    return new Legs(new Rtpengine({ servers: [parseServer(server.address)], digits }), server);
  }

  /** By these, the first that takes a call. */
  static at(...servers: readonly RtpengineProcess[]): Legs {
    return new Legs(new Rtpengine({ servers: servers.map(({ address }) => parseServer(address)) }));
  }

  /** All phones hang up. */
  async over(): Promise<void> {
    await Promise.all(this.#sessions.splice(0).map((session) => session.close()));
    this.#gone();
  }

  async close(): Promise<void> {
    await this.media.close();
    this.#gone();
    await this.#server?.close();
  }

  #gone(): void {
    for (const stop of this.#talking.splice(0)) stop();
    for (const phone of this.#phones.splice(0)) phone.close();
  }

  /** A phone that nobody has told of our ports yet; `like` is whom it is to talk with. */
  async phone(like?: MediaSession): Promise<Omit<Side, "port">> {
    const phone = await Phone.open(0xf0e + this.#phones.length);
    this.#phones.push(phone);
    const session = await this.media.open(like);
    this.#sessions.push(session);
    return { phone, session };
  }

  /** A phone that is to talk with another leg. */
  async leg(like: MediaSession, formats = "8 101"): Promise<Side> {
    const { phone, session } = await this.phone(like);
    const port = portOf(session.offer(like));
    session.receiveAnswer(phone.sdp(formats, events));
    return { phone, session, port };
  }

  /** One that offers, and is not answered yet. */
  async caller(formats = "8 101"): Promise<Omit<Side, "port">> {
    const { phone, session } = await this.phone();
    session.receiveOffer(phone.sdp(formats, events));
    return { phone, session };
  }

  /** Two that are joined; what is settled is told to rtpengine. */
  async call(formats = "8 101", others = formats): Promise<readonly [Side, Side]> {
    const bell = await this.caller(formats);
    const two = await this.leg(bell.session, others);
    const side = { ...bell, port: portOf(bell.session.answer(two.session)) };
    this.media.bridge(bell.session, two.session);
    await this.media.settled();
    return [side, two];
  }

  /** Sends a tone, a packet every 20 ms, until all hang up or it is stopped. */
  talk({ phone, port }: Side, hertz: number, law: "PCMA" | "PCMU" = "PCMA"): Cancel {
    const stop = systemClock.every(20, () => void phone.sing(port, hertz, law, 1));
    this.#talking.push(stop);
    return stop;
  }
}

/** Presses a key by RFC 4733, as a device does: a packet every 20 ms, the last one three times. */
export async function press({ phone, port }: Side, event: number): Promise<void> {
  const timestamp = phone.sequence * 160;
  for (const [packet, end] of [1, 2, 3, 4, 5, 5, 5].map((n, at) => [n, at >= 4] as const)) {
    await phone.send(
      port,
      101,
      Buffer.from([event, end ? 0x8a : 0x0a, (packet * 160) >> 8, (packet * 160) & 255]),
      timestamp,
    );
    await systemClock.sleep(5);
  }
}

/** The events that have come to a phone, each once. */
export const eventsAt = ({ phone }: Side): number[] => {
  const found = new Map<number, number>();
  for (const packet of phone.received.map(read))
    if (packet.payload === 101) found.set(packet.timestamp, packet.body[0] ?? -1);
  return [...found.values()];
};

/** Resolves when a tone, and nothing of another one, comes to a phone for a tenth of a second. */
export async function hears({ phone }: Side, hertz: number, not?: number): Promise<void> {
  for (;;) {
    phone.received.length = 0;
    await phone.heard(5);
    const samples = phone.samples();
    if (levelOf(samples, hertz) > -20 && (not === undefined || levelOf(samples, not) < -40)) return;
  }
}

/** Both sing until each has heard half a second of the other. */
export async function hear(one: Side, other: Side, law: "PCMA" | "PCMU" = "PCMA", otherLaw = law): Promise<void> {
  for (const { phone } of [one, other]) phone.received.length = 0;
  while (one.phone.received.length < 25 || other.phone.received.length < 25) {
    await Promise.all([one.phone.sing(one.port, 700, law, 1), other.phone.sing(other.port, 1300, otherLaw, 1)]);
    await systemClock.sleep(5);
  }
  for (const [{ phone }, tone] of [
    [one, 1300],
    [other, 700],
  ] as const)
    assert.ok(levelOf(phone.samples().slice(0, 4000), tone) > -20, `${tone} Hz arrives`);
}
