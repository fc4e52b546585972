// A house on paper for strategies: what each try brings is written down beforehand, and time is a FakeClock.
import { strategyOf, type StrategySettings } from "../../src/visit/strategy.ts";
import type {
  ConferSettings,
  ParkResult,
  ParkSettings,
  RingResult,
  Ringing,
} from "../../src/visit/strategies/verbs.ts";
import type { Target, TargetSettings } from "../../src/visit/ringing/target.ts";
import type { MessageSettings } from "../../src/visit/sound/message.ts";
import type { Recorded } from "../../src/visit/messages.ts";
import type { TapeSettings } from "../../src/visit/sound/recording.ts";
import type { SoundSettings } from "../../src/visit/sound/sounds.ts";
import { FakeClock } from "../support/clock.ts";

export interface Try {
  readonly targets: readonly TargetSettings[];
  readonly seconds: number;
  /** Seconds since the start. */
  readonly at: number;
}

export class PaperHouse implements Ringing {
  readonly clock = new FakeClock();
  readonly dialled = "8002";
  readonly tries: Try[] = [];
  /** What the visitor heard, and when; "answer" and "stop" stand among it. */
  readonly heard: { readonly what: string; readonly at: number }[] = [];
  readonly #controller = new AbortController();
  readonly #results: (attempt: number) => RingResult & { after?: number };
  readonly #start = this.clock.passed();
  wake = (): void => {};

  /** `results` says what the nth try brings, `after` seconds later (default: after its whole time). */
  constructor(results: (attempt: number) => RingResult & { after?: number }) {
    this.#results = results;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Seconds since the start. */
  get elapsed(): number {
    return (this.clock.passed() - this.#start) / 1000;
  }

  abort(reason: string): void {
    this.#controller.abort(reason);
  }

  passed(): number {
    return this.clock.passed();
  }

  async ring(targets: readonly TargetSettings[], seconds: number): Promise<RingResult> {
    this.tries.push({ targets, seconds, at: this.elapsed });
    const { after = seconds, ...result } = this.#results(this.tries.length);
    await this.clock.sleep(after * 1000, this.signal);
    return result;
  }

  async wait(seconds: number): Promise<void> {
    const early = new AbortController();
    this.wake = () => early.abort();
    await this.clock.sleep(seconds * 1000, AbortSignal.any([this.signal, early.signal]));
  }

  answer(): Promise<void> {
    this.#hears("answer");
    return Promise.resolve();
  }

  play({ tone, country, file = "" }: SoundSettings): Promise<void> {
    this.#hears(tone === undefined ? file : `${tone} ${country ?? ""}`);
    return Promise.resolve();
  }

  stop(): void {
    this.#hears("stop");
  }

  /** Takes three seconds. */
  async announce({ file = "" }: SoundSettings): Promise<boolean> {
    this.#hears(`${file} once`);
    const started = this.clock.passed();
    await this.wait(3);
    return this.clock.passed() - started === 3000;
  }

  record({ to, seconds, toneSeconds }: TapeSettings): Promise<void> {
    this.#hears(`record to ${to}, ${seconds} s, tone each ${toneSeconds} s`);
    return Promise.resolve();
  }

  message({ to, seconds, silenceSeconds, greeting }: MessageSettings): Promise<Recorded | undefined> {
    this.#hears(`message to ${to}, ${seconds} s, ${silenceSeconds} s of silence, after ${greeting?.file ?? "nothing"}`);
    return Promise.resolve({ kind: "message", by: "Front door", seconds: 3, bytes: 48_044, file: "/x.wav" });
  }

  park({ place = "the place", seconds = 60, music }: ParkSettings): Promise<ParkResult> {
    this.#hears(`parked in ${place} with ${music?.file ?? "its music"}`);
    return this.ring([], seconds);
  }

  confer({ place = "the room", seconds = 60, targets = [], music }: ConferSettings): Promise<RingResult> {
    this.#hears(`in ${place} with ${music?.file ?? "its music"}`);
    return this.ring(targets, seconds);
  }

  refuse(status: number, cause?: number): void {
    this.#hears(`refused with ${status}, cause ${cause}`);
  }

  #hears(what: string): void {
    this.heard.push({ what, at: this.elapsed });
  }
}

const causes = { "no-answer": 19, busy: 17, rejected: 21, unregistered: 20, unreachable: 3 } as const;

/** A try in which nobody answered, each target for the reason given. */
export function nobody(...results: (keyof typeof causes)[]): RingResult {
  const parties = results.map((result, i) => ({ target: `60${i}`, try: 1, result, cause: causes[result] }));
  const cause = parties.find((party) => party.result === "rejected")?.cause ?? parties[0]?.cause ?? 0;
  return { parties, cause };
}

export function somebody(target: Target): RingResult {
  return { answeredBy: target, parties: [{ target, try: 1, result: "answered", status: 200, cause: 16 }], cause: 16 };
}

/** Plays a strategy on paper for a day, with something that happens meanwhile. */
export async function play(house: PaperHouse, settings: StrategySettings, meanwhile?: () => Promise<void>) {
  const outcome = strategyOf(settings)(house);
  await meanwhile?.();
  await house.clock.advance(24 * 3_600_000);
  return outcome;
}
