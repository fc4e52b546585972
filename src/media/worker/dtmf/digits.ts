// The digits of the worker's streams: what is heard of each, and what is sent into it. Events are always heard; tones are
// looked for only where that was asked for, since it costs and a voice may sound like a key.
import { isEvents, type Format } from "../../codec.ts";
import type { FromWorker, ToWorker } from "../messages.ts";
import type { Metronome } from "../metronome.ts";
import { payloadOf, timestampOf } from "../rtp.ts";
import type { Ear, Stream } from "../stream.ts";
import type { Hearing } from "../audio/hearing.ts";
import { Detector } from "./detector.ts";
import { EventReceiver, lostMs, type Pressing } from "./events.ts";
import { Sender } from "./sender.ts";

type Hear = Extract<ToWorker, { type: "hear-digits" }>;
type Send = Extract<ToWorker, { type: "send-digit" }>;
type Told = Extract<FromWorker, { type: "digit" }>;

/** 100 ms at 8 kHz: no tone goes on over what was not sent for so long. */
const pause = 800;

interface Of {
  readonly ear: DigitEar;
  readonly sender: Sender;
}

export class Digits {
  readonly #metronome: Pick<Metronome, "add">;
  readonly #tell: (message: FromWorker) => void;
  // A stream that is closed takes its own with it.
  readonly #of = new WeakMap<Stream, Of>();

  constructor(metronome: Pick<Metronome, "add">, tell: (message: FromWorker) => void) {
    this.#metronome = metronome;
    this.#tell = tell;
  }

  handle(message: Hear | Send, stream: Stream | undefined): void {
    const of = stream && this.#ofStream(stream, message.session);
    if (message.type === "hear-digits") return of?.ear.set(message);
    const { ask } = message;
    const sent = (ok: boolean) => this.#tell({ type: "digit-sent", ask, ok });
    if (of) of.sender.send(message, sent);
    else sent(false);
  }

  #ofStream(stream: Stream, session: number): Of {
    const known = this.#of.get(stream);
    if (known) return known;
    const tell = (told: Omit<Told, "type" | "session">) => this.#tell({ type: "digit", session, ...told });
    const of = { ear: new DigitEar(this.#metronome, tell), sender: new Sender(stream, this.#metronome) };
    stream.hear(of.ear);
    this.#of.set(stream, of);
    return of;
  }
}

class DigitEar implements Ear {
  readonly #metronome: Pick<Metronome, "add">;
  readonly #tell: (told: Omit<Told, "type" | "session">) => void;
  readonly #events: EventReceiver;
  #tones: Detector | undefined;
  #tonesEnd: ((heldMs: number) => void) | undefined;
  #tonesAt = 0;
  /** The timestamp that the next packet of sound has, if none is missing. */
  #tonesNext = 0;
  #how: Pick<Hear, "events" | "tones"> = { events: "pass", tones: "ignore" };
  #unwatch: (() => void) | undefined;

  constructor(metronome: Pick<Metronome, "add">, tell: (told: Omit<Told, "type" | "session">) => void) {
    this.#metronome = metronome;
    this.#tell = tell;
    this.#events = new EventReceiver(this.#pressing("rfc4733"));
  }

  set(how: Hear): void {
    this.#how = how;
    if (how.tones !== "ignore") this.#tones ??= new Detector();
    else {
      this.#letGo();
      this.#tones = undefined;
    }
  }

  heard(packet: Buffer, format: Format, now: number, sound: Hearing | undefined): boolean {
    if (isEvents(format)) {
      this.#events.hear(packet, format.rate, now);
    } else if (this.#tones && sound) {
      this.#listen(this.#continued(this.#tones, packet), sound);
      this.#tonesAt = now;
    }
    // A key is let go of by silence, too.
    if (this.#events.pressed || this.#tonesEnd) this.#unwatch ??= this.#metronome.add((at) => this.#look(at));
    return isEvents(format) && this.#how.events === "keep";
  }

  #look(now: number): void {
    this.#events.look(now);
    if (now - this.#tonesAt >= lostMs) this.#letGo();
    if (this.#events.pressed || this.#tonesEnd) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  #letGo(): void {
    this.#tonesEnd?.(this.#tones?.heldMs ?? 0);
    this.#tonesEnd = undefined;
  }

  /** A network that stalls in the middle of a tone makes no second one of it; a pause in which nothing was sent does. */
  #continued(tones: Detector, packet: Buffer): Detector {
    const timestamp = timestampOf(packet);
    const gap = (timestamp - this.#tonesNext) | 0;
    this.#tonesNext = (timestamp + payloadOf(packet).length) >>> 0;
    if (Math.abs(gap) < pause) return tones;
    this.#letGo();
    return (this.#tones = new Detector());
  }

  #listen(tones: Detector, sound: Hearing): void {
    tones.hear(sound.samples, (key, heldMs) => {
      this.#tonesEnd?.(heldMs);
      this.#tonesEnd = undefined;
      if (key === "") return;
      const pressing = this.#pressing("inband");
      pressing.began(key);
      this.#tonesEnd = (ms) => pressing.ended(key, ms);
    });
    // The other side gets the digit another way. What it hears of it must be too short for a digit (Q.24: 23 ms), so that
    // a suspicion is enough: a voice loses 20 ms now and then.
    if (tones.suspects && this.#how.tones === "keep") sound.change("silenced");
  }

  #pressing(by: Told["by"]): Pressing {
    return {
      began: (digit) => this.#tell({ digit, by }),
      ended: (digit, durationMs) => this.#tell({ digit, by, durationMs }),
    };
  }
}
