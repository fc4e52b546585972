// False digits in two hours of speech: the ear for in-band digits listens to espeak-ng in many voices, and to what is dialled
// in between, so that it is known not to be deaf.
import { Detector } from "../src/media/worker/dtmf/detector.ts";
import { dialled, keys } from "../test/media/dtmf/voice.ts";
import { speech } from "../test/media/dtmf/speech.ts";
import { seeded } from "../test/media/seeded.ts";
import type { Row } from "./figures.ts";

const hours = 2;

export async function digits(progress: (text: string) => void): Promise<Row[]> {
  const random = seeded(1);
  const count = { seconds: 0, pieces: 0, wrong: 0, found: 0, ms: 0 };
  for await (const { voice, samples } of speech(hours * 3600)) {
    const detector = new Detector();
    let heard = "";
    const listen = (some: Int16Array) => {
      const began = performance.now();
      detector.hear(some, (key) => (heard += key));
      count.ms += performance.now() - began;
    };
    listen(samples);
    if (heard !== "") progress(`${voice} says ${heard}`);
    count.wrong += heard.length;
    heard = "";
    listen(dialled(keys, { level: -10 - random(20), twist: random(9) - 5 }, random));
    count.found += heard === keys ? 1 : 0;
    count.seconds += samples.length / 8000;
    if (++count.pieces % 20 === 0) progress(`${Math.round(count.seconds / 60)} minutes`);
  }
  const share = ((count.ms / 1000 / count.seconds) * 100).toFixed(2);
  return [
    { what: `false digits in ${hours} hours of speech`, result: String(count.wrong), target: "0" },
    { what: "… the sixteen keys dialled in between", result: `${count.found} of ${count.pieces} times`, target: "all" },
    { what: "… CPU of a call that is listened to for tones", result: `${share} % of a core` },
  ];
}
