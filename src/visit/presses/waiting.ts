// A press that waits until the talk of its door is over: the bell hears that somebody knows, and rings from then on.
import { sentence } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { toneSound, type Tone } from "../../media/sound.ts";
import { usualCountry } from "../../media/tones.ts";
import type { Announcements } from "../sound/announcement.ts";

/** No standard has a tone for who waits: two short beeps each five seconds are neither ringing nor busy anywhere. */
const waitingTone: Tone = {
  kind: "tone",
  cadence: [
    { frequencies: [425], ms: 150 },
    { frequencies: [], ms: 150 },
    { frequencies: [425], ms: 150 },
    { frequencies: [], ms: 4550 },
  ],
};

export class Waiting {
  readonly #sounds: Announcements;
  readonly #log: Log;
  #tone: AbortController | undefined;

  constructor(sounds: Announcements, log: Log) {
    this.#sounds = sounds;
    this.#log = log;
  }

  get isOn(): boolean {
    return this.#tone !== undefined;
  }

  begin(): void {
    this.#tone = new AbortController();
    this.#play(waitingTone, this.#tone.signal);
  }

  /** It waits no longer. Says whether it did. */
  end(): boolean {
    const tone = this.#tone;
    if (!tone) return false;
    this.#tone = undefined;
    // A bell that hears us makes no ring-back of its own any more.
    if (this.#sounds.playing) this.#play(toneSound("ring-back", usualCountry));
    else tone.abort();
    return true;
  }

  // A bell that cannot hear us before its call is answered hears its own ring-back.
  #play(tone: Tone, signal?: AbortSignal): void {
    const heard = this.#sounds.play(tone, { loop: true, ...(signal && { signal }) });
    heard.catch((error: unknown) => this.#log.debug(`a bell that waits hears nothing of it: ${sentence(error)}`));
  }
}
