// What a visitor hears while it waits to be fetched: the sound that somebody chose, else a quiet tune of our own, which needs
// no file and is nobody else's.
import type { Clock } from "../../clock.ts";
import type { Tone } from "../../media/sound.ts";
import { loadSound, type SoundSettings } from "../sound/sounds.ts";

const note = (ms: number, ...frequencies: number[]) => ({ frequencies, ms, modulation: 1000 / ms });
// Equal temperament on A = 440 Hz, within what G.711 carries.
const [c, e, f, g, a] = [523.25, 659.26, 698.46, 783.99, 880] as const;

/** Soft chords, each swelling and fading, and a breath after each four. */
export const tune: Tone = {
  kind: "tone",
  cadence: [
    ...[note(900, c, e), note(900, e, g), note(900, f, a), note(1500, e, g), { frequencies: [], ms: 700 }],
    ...[note(900, f, a), note(900, e, g), note(900, c, f), note(1500, c, e), { frequencies: [], ms: 1400 }],
  ],
};

/** @throws PorteroError as `loadSound` does */
export const musicOf = async (settings: SoundSettings | undefined, clock: Clock) =>
  settings ? loadSound(settings, clock) : tune;
