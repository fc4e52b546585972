// An rtpengine, our engine before it, and phones that talk through both, for tests by file.
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

const events = "a=rtpmap:101 telephone-event/8000";
const portOf = (sdp: string) => Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);

export class Legs {
  readonly media: Rtpengine;
  readonly #server: RtpengineProcess;
  readonly #phones: Phone[] = [];
  readonly #sessions: MediaSession[] = [];
  readonly #talking: Cancel[] = [];

  private constructor(server: RtpengineProcess, digits: DigitLog) {
    this.#server = server;
    this.media = new Rtpengine({ servers: [parseServer(server.address)], digits });
  }

  static async open(): Promise<Legs> {
    const digits = await DigitLog.open({ host: "127.0.0.1", port: 0 });
    return new Legs(await RtpengineProcess.start(`--dtmf-log-dest=127.0.0.1:${digits.port}`), digits);
  }

  /** All phones hang up. */
  async over(): Promise<void> {
    for (const stop of this.#talking.splice(0)) stop();
    await Promise.all(this.#sessions.splice(0).map((session) => session.close()));
    for (const phone of this.#phones.splice(0)) phone.close();
  }

  async close(): Promise<void> {
    await this.over();
    await this.media.close();
    await this.#server.close();
  }

  /** A phone that is to talk with another leg. */
  async leg(like: MediaSession, formats = "8 101"): Promise<Side> {
    const [phone, session] = await this.#opened(like);
    const port = portOf(session.offer(like));
    session.receiveAnswer(phone.sdp(formats, events));
    return { phone, session, port };
  }

  /** One that offers, and is not answered yet. */
  async caller(formats = "8 101"): Promise<Omit<Side, "port">> {
    const [phone, session] = await this.#opened();
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

  async #opened(like?: MediaSession): Promise<readonly [Phone, MediaSession]> {
    const phone = await Phone.open(0xf0e + this.#phones.length);
    this.#phones.push(phone);
    const session = await this.media.open(like);
    this.#sessions.push(session);
    return [phone, session];
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
