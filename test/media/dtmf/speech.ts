// Speech to try the ear on: espeak-ng speaks nonsense and numbers in many voices, languages, pitches and speeds, the same in
// every run. As a telephone has it: 8 kHz, in G.711, loud and faint.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { thePeer } from "../../support/peers.ts";
import { seeded } from "../seeded.ts";
import { through } from "./voice.ts";

const languages = ["en-us", "en-gb", "de", "fr-fr", "es", "it", "nl", "sv", "pl", "pt", "cs", "fi", "tr", "el"];
const variants = ["", "+f1", "+f2", "+f3", "+f4", "+f5", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7", "+croak"];
const consonants = ["b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "st", "pl", "tr"];
const vowels = ["a", "e", "i", "o", "u", "ai", "ee", "oo", "au"];

export interface Spoken {
  /** Who speaks, as espeak-ng's arguments. */
  readonly voice: string;
  readonly samples: Int16Array;
}

/** Speech of `seconds` at least, piece by piece. */
export async function* speech(seconds: number, seed = 1): AsyncGenerator<Spoken> {
  const random = seeded(seed);
  const one = <T>(of: readonly T[]) => of[random(of.length)] as T;
  const word = () => Array.from({ length: 1 + random(3) }, () => one(consonants) + one(vowels)).join("");
  for (let spoken = 0; spoken < seconds;) {
    const sentence = () => Array.from({ length: 4 + random(8) }, () => (random(4) ? word() : random(1000))).join(" ");
    const text = Array.from({ length: 12 }, sentence).join(random(2) ? ". " : "? ");
    const how = ["-v", one(languages) + one(variants), "-p", String(random(100)), "-s", String(120 + random(140))];
    const level = 10 ** (-random(18) / 20);
    const samples = telephone(await espeak(how, text), level);
    spoken += samples.length / 8000;
    yield { voice: how.join(" "), samples };
  }
}

/** 16-bit samples at 22 050 Hz. */
async function espeak(how: readonly string[], text: string): Promise<Int16Array> {
  const child = spawn(thePeer("espeak-ng"), [...how, "--stdin", "--stdout"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  child.stdin.end(text);
  const wav = Buffer.concat(await child.stdout.toArray());
  const [code] = (await ended) as [number | null];
  if (code !== 0 || wav.length < 44 || wav.readUInt32LE(24) !== 22_050) throw new Error(`espeak-ng ended with ${code}`);
  return Int16Array.from({ length: (wav.length - 44) >> 1 }, (_, i) => wav.readInt16LE(44 + 2 * i));
}

const taps = 32;
/** A low pass at 3.4 kHz for each of the places that a sample of 8 kHz may have between two of 22 050 Hz. */
const phases = 160;
const kernels = Array.from({ length: phases }, (_, phase) => {
  const cut = (2 * 3400) / 22_050;
  const kernel = Float64Array.from({ length: 2 * taps }, (_, i) => {
    const x = i - taps + 1 - phase / phases;
    const ideal = x === 0 ? cut : Math.sin(Math.PI * cut * x) / (Math.PI * x);
    return ideal * (0.5 + 0.5 * Math.cos((Math.PI * x) / (taps + 1)));
  });
  const sum = kernel.reduce((a, b) => a + b, 0);
  return kernel.map((weight) => weight / sum);
});

/** What a telephone of 8 kHz makes of it. */
function telephone(samples: Int16Array, level: number): Int16Array {
  const length = Math.floor((samples.length * 160) / 441);
  const narrow = Array.from({ length }, (_, i) => {
    // 8000 : 22 050 = 160 : 441.
    const at = Math.floor((i * 441) / 160);
    const kernel = kernels[(i * 441) % 160] as Float64Array;
    let sum = 0;
    for (let k = 0; k < 2 * taps; k++) sum += (kernel[k] ?? 0) * (samples[at + k - taps + 1] ?? 0);
    return sum * level;
  });
  return through("PCMA", narrow);
}
