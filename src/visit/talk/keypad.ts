// The keys that one side of a call presses, however its device says so: RTP events, INFO, tones. Some say it in two ways at
// once; a key counts once.
import type { Clock } from "../../clock.ts";
import { parseDtmfInfo } from "../../media/dtmf-info.ts";
import type { DigitHearing, Pressed } from "../../media/digits.ts";
import type { CallEvents } from "../../sip/dialog/call.ts";
import type { Leg } from "./leg.ts";

export interface Key {
  readonly digit: string;
  readonly by: Pressed["by"] | "info";
  /** Once it is let go of, where its device tells. */
  durationMs?: number;
  /** All the ways by which it came so far. */
  readonly ways: Set<Key["by"]>;
  /** When it went down, or up. */
  at: number;
}

export interface KeyHooks {
  /** A key goes down; by INFO it is up at once. */
  pressed(key: Key): void;
  /** It goes up. */
  released(key: Key): void;
}

/** What comes by a second way within this is the same key. */
const twinMs = 2000;

export class Keypad {
  readonly #leg: Leg;
  readonly #clock: Clock;
  readonly #hooks: KeyHooks;
  readonly #recent: Key[] = [];
  readonly #down = new Map<Pressed["by"], Key>();
  /** Tones are looked for to be taken out of the sound, and are no keys. */
  #deaf = false;

  constructor(leg: Leg, clock: Clock, hooks: KeyHooks) {
    this.#leg = leg;
    this.#clock = clock;
    this.#hooks = hooks;
    leg.session.on("digit", this.#heard);
    leg.call.on("info", this.#informed);
  }

  /**
   * What becomes of them where they are heard. Tones are keys only where the leg's settings say so, and are not even looked for
   * else; `never`: all the same none is left in the sound.
   */
  hear({
    events,
    tones,
  }: {
    readonly events: DigitHearing["events"];
    readonly tones: "pass" | "keep" | "never";
  }): void {
    const { session } = this.#leg;
    const looked = session.dtmf.tones;
    this.#deaf = tones === "never" && !looked;
    session.hearDigits({ events, tones: tones === "never" ? "keep" : looked ? tones : "ignore" });
  }

  /** What is held still is let go of: the call is over, or somebody else's. */
  close(): void {
    this.#leg.session.off("digit", this.#heard);
    this.#leg.call.off("info", this.#informed);
    const held = [...this.#down.values()];
    this.#down.clear();
    for (const key of held) this.#hooks.released(key);
  }

  readonly #heard = ({ digit, by, durationMs }: Pressed): void => {
    if (by === "inband" && this.#deaf) return;
    if (durationMs === undefined) {
      const key = this.#news(digit, by);
      if (!key) return;
      this.#down.set(by, key);
      this.#hooks.pressed(key);
      return;
    }
    const key = this.#down.get(by);
    this.#down.delete(by);
    if (!key) return;
    key.durationMs = durationMs;
    // Some devices send INFO when it is let go of.
    key.at = this.#clock.now();
    if (!this.#recent.includes(key)) this.#recent.push(key);
    this.#hooks.released(key);
  };

  readonly #informed = (info: CallEvents["info"][0]): void => {
    const read = parseDtmfInfo(info.contentType, info.body);
    if (!read) return info.reply(415);
    info.reply(200);
    const key = this.#news(read.digit, "info");
    if (!key) return;
    if (read.durationMs !== undefined) key.durationMs = read.durationMs;
    this.#hooks.pressed(key);
    this.#hooks.released(key);
  };

  /** The key, unless it came by another way already. */
  #news(digit: string, by: Key["by"]): Key | undefined {
    const now = this.#clock.now();
    while (this.#recent[0] && now - this.#recent[0].at > twinMs) this.#recent.shift();
    const twin = this.#recent.find((key) => key.digit === digit && !key.ways.has(by));
    if (twin) {
      twin.ways.add(by);
      return undefined;
    }
    const key: Key = { digit, by, ways: new Set([by]), at: now };
    this.#recent.push(key);
    return key;
  }
}
