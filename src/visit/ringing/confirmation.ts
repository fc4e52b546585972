// Who answers must press 1 before its answer counts: a voicemail presses nothing (docs/decisions/044). Meanwhile it hears a
// prompt, and nothing of the visitor.
import type { Cancel } from "../../clock.ts";
import { sentence } from "../../errors.ts";
import type { Playback } from "../../media/media.ts";
import { toneSound, type Sound } from "../../media/sound.ts";
import { usualCountry } from "../../media/tones.ts";
import type { Pressed } from "../../media/digits.ts";
import { attend, type AloneHost } from "../talk/alone.ts";
import type { Leg } from "../talk/leg.ts";
import { loadSound, type SoundSettings } from "../sound/sounds.ts";

const confirming = "1";
/** The end of an RTP event is sent three times, and some devices say a key by INFO too: a door must hear none of it. */
const settleMs = 150;
/** So long who came too late hears that. */
const takenMs = 1_500;

/** Two short beeps every two seconds: no tone of any network. */
const usualPrompt: Sound = {
  kind: "tone",
  cadence: [
    { frequencies: [660], ms: 120 },
    { frequencies: [], ms: 120 },
    { frequencies: [880], ms: 120 },
    { frequencies: [], ms: 1640 },
  ],
};

export interface ConfirmationHooks {
  readonly confirmed: () => void;
  /** Its time is over. */
  readonly late: () => void;
}

export class Confirmation {
  readonly #host: AloneHost;
  readonly #leg: Leg;
  readonly #hooks: ConfirmationHooks;
  readonly #over = new AbortController();
  readonly #stop: (() => void)[];
  readonly #down = new Set<Pressed["by"]>();
  #playing: Playback | undefined;
  #pressed = false;
  #quiet: Cancel = () => {};

  constructor(
    host: AloneHost,
    leg: Leg,
    { prompt, seconds }: { readonly prompt: SoundSettings | undefined; readonly seconds: number },
    hooks: ConfirmationHooks,
  ) {
    this.#host = host;
    this.#leg = leg;
    this.#hooks = hooks;
    const { session } = leg;
    // A key that is told in two ways is one for the keypad, and yet to be waited out.
    const heard = ({ by, durationMs }: Pressed) => {
      if (durationMs === undefined) this.#down.add(by);
      else this.#down.delete(by);
      this.#settle();
    };
    session.on("digit", heard);
    this.#stop = [
      attend(leg, host, ({ digit }) => this.#press(digit)),
      () => void session.off("digit", heard),
      host.clock.after(seconds * 1000, () => this.#ends(hooks.late)),
    ];
    const tones = session.dtmf.tones || !session.digitWays.includes("rfc4733") ? "keep" : "ignore";
    session.hearDigits({ events: "keep", tones });
    void this.#prompt(prompt);
  }

  /** Nothing comes of it any more; the call is left as it is. */
  close(): void {
    this.#over.abort();
    this.#quiet();
    for (const stop of this.#stop.splice(0)) stop();
    this.#playing?.stop();
  }

  /** Somebody else was faster: it hears so, and the call ends with `reason`. */
  async taken(reason: string): Promise<void> {
    this.close();
    const { call, session } = this.#leg;
    const gone = new AbortController();
    call.on("ended", () => gone.abort());
    this.#play(toneSound("congestion", usualCountry));
    await this.#host.clock.sleep(takenMs, gone.signal);
    call.hangUp(reason);
    await session.close();
  }

  #press(digit: string): void {
    if (digit !== confirming || this.#over.signal.aborted) return;
    this.#pressed = true;
    this.#playing?.stop();
    this.#settle();
  }

  #settle(): void {
    if (!this.#pressed || this.#over.signal.aborted) return;
    this.#quiet();
    this.#quiet = this.#host.clock.after(settleMs, () => {
      if (this.#down.size === 0) this.#ends(this.#hooks.confirmed);
    });
  }

  #ends(how: () => void): void {
    if (this.#over.signal.aborted) return;
    this.close();
    how();
  }

  async #prompt(settings: SoundSettings | undefined): Promise<void> {
    let sound = usualPrompt;
    try {
      if (settings) sound = await loadSound(settings, this.#host.clock);
    } catch (error) {
      this.#host.log.warn(`${this.#leg.name} hears beeps in the place of its prompt: ${sentence(error)}`);
    }
    if (!this.#over.signal.aborted && !this.#pressed) this.#play(sound, true);
  }

  #play(sound: Sound, loop = false): void {
    try {
      this.#playing = this.#leg.session.play(sound, loop);
    } catch (error) {
      this.#host.log.warn(`${this.#leg.name} hears nothing before it confirms: ${sentence(error)}`);
    }
  }
}
