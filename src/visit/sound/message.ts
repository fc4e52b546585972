// The visitor's message: nobody is at home, the bell's call is answered by us, a greeting and a beep are played, and what the
// visitor says is recorded until silence, `#`, the end of the time or of the call.
import type { Clock } from "../../clock.ts";
import type { PlaybackEnd, Sound } from "../../media/sound.ts";
import { recordedRate } from "../../media/wav-file.ts";
import { Keypad } from "../talk/keypad.ts";
import type { Leg } from "../talk/leg.ts";
import type { Recorded } from "../messages.ts";
import { Tape, type RecordHost, type RecordTo, type TapeName } from "./recording.ts";
import { loadSound, type SoundSettings } from "./sounds.ts";

export interface MessageSettings {
  readonly to: RecordTo;
  readonly seconds: number;
  /** It ends after so many seconds without a word. */
  readonly silenceSeconds: number;
  /** What is played before the beep. */
  readonly greeting?: SoundSettings;
}

export interface MessageHost extends RecordHost {
  readonly clock: Clock;
}

export interface MessageLine {
  /** Answers the bell's call with a codec that can be recorded. Rejects with a sentence. */
  answer(): Promise<Leg>;
  /** Plays a sound to its end. */
  play(sound: Sound): Promise<PlaybackEnd>;
}

const beep: Sound = { kind: "tone", cadence: [{ frequencies: [1000], ms: 400 }] };
/** What is quieter is silence: −46 dB, above the noise of a street at a door station's microphone that regulates itself. */
const quiet = 32_768 * 10 ** (-46 / 20);

/**
 * Takes a message; undefined where the visitor has gone before the beep.
 * @throws PorteroError what answering, the greeting or the recording fails by
 */
export async function takeMessage(
  host: MessageHost,
  line: MessageLine,
  { to, seconds, silenceSeconds, greeting }: MessageSettings,
  name: TapeName,
  signal: AbortSignal,
): Promise<Recorded | undefined> {
  const sound = greeting && (await loadSound(greeting, host.clock));
  const leg = await line.answer();
  for (const part of [...(sound ? [sound] : []), beep]) {
    if (signal.aborted) return undefined;
    await line.play(part);
  }
  if (signal.aborted) return undefined;
  const tape = await Tape.start(host, [leg.session], { to, seconds, toneSeconds: 0 }, name);
  const enough = new AbortController();
  let still = 0;
  tape.onSamples = (samples) => {
    still = effective(samples) < quiet ? still + samples.length / recordedRate : 0;
    if (still >= silenceSeconds) enough.abort();
  };
  const keypad = new Keypad(leg, host.clock, {
    pressed: ({ digit }) => digit === "#" && enough.abort(),
    released: () => {},
  });
  keypad.hear({ events: "keep", tones: "keep" });
  const over = AbortSignal.any([enough.signal, signal]);
  try {
    await Promise.race([
      tape.ended,
      new Promise<void>((resolve) => {
        if (over.aborted) resolve();
        over.addEventListener("abort", () => resolve(), { once: true });
        leg.session.once("closed", () => resolve());
      }),
    ]);
  } finally {
    keypad.close();
  }
  return tape.stop(leg.name);
}

/** The effective value of 16-bit samples. */
const effective = (samples: Int16Array): number =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length));
