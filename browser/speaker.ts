// The sound of a door's camera, for who switches it on: nothing of it is fetched before.
import { canPlay } from "./players/tail.ts";
import { AacVoice, LawVoice, TrackVoice, type Voice } from "./voices.ts";
import type { SoundTold, SoundWish } from "../src/camera/live/sender.ts";

/** The ways to play it, the one with the least delay first. AudioDecoder is there on https and on localhost only. */
function waysOf({ codec, name }: SoundTold): ("raw" | "mp4")[] {
  if (codec !== "aac") return "AudioContext" in globalThis ? ["raw"] : [];
  return [
    ...("AudioDecoder" in globalThis ? (["raw"] as const) : []),
    ...(canPlay(mimeOf(name)) ? (["mp4"] as const) : []),
  ];
}

const mimeOf = (name = ""): string => `audio/mp4; codecs="${name}"`;

export class Speaker {
  readonly #changed: () => void;
  #isOn = false;
  #told: SoundTold | undefined;
  #ways: ("raw" | "mp4")[] = [];
  #ask: (wish: SoundWish) => void = () => {};
  #voice: Voice | undefined;

  /** `changed`: there is something to hear, or nothing any more. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The film has sound that this browser can play. */
  get isThere(): boolean {
    return this.#ways.length > 0;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Browsers want a touch or a key to be the reason. */
  toggle(): void {
    if (!this.isThere) return;
    this.#isOn = !this.#isOn;
    this.#begin();
  }

  /** What the film's sound is like, and how it is asked for. */
  offer(told: SoundTold, ask: (wish: SoundWish) => void): void {
    this.#told = told;
    this.#ways = waysOf(told);
    this.#ask = ask;
    this.#begin();
  }

  take(bytes: Uint8Array<ArrayBuffer>): void {
    this.#voice?.take(bytes);
  }

  /** The film is over. Of the next one the sound is on as it was. */
  end(): void {
    this.#ask = () => {};
    this.#ways = [];
    this.#begin();
  }

  #begin(): void {
    this.#voice?.close();
    this.#voice = undefined;
    const [[way], told] = [this.#ways, this.#told];
    if (this.#isOn && way && told)
      try {
        this.#voice = this.#made(way, told);
      } catch {
        this.#ways.shift();
        this.#begin();
        return;
      }
    this.#ask(this.#voice && way ? way : "off");
    this.#changed();
  }

  #made(way: "raw" | "mp4", told: SoundTold): Voice {
    const failed = () => {
      this.#ways = this.#ways.filter((one) => one !== way);
      this.#begin();
    };
    if (told.codec !== "aac") return new LawVoice(told);
    return way === "raw" ? new AacVoice(told, failed) : new TrackVoice(mimeOf(told.name), failed);
  }
}
