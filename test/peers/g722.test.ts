// Our G.722 beside ffmpeg's: the lower band is the same to the bit, and each understands what the other says.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { G722 } from "../../src/media/g722.ts";
import { seeded } from "../media/seeded.ts";
import { levelOf } from "../media/tone.ts";
import { thePeer, without } from "../support/peers.ts";

/** The filter bank of the standard (table 4), which joins two bands of 8 kHz to one sound of 16 kHz. */
const filter = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
const clip = (sample: number) => Math.max(-32_768, Math.min(32_767, sample));

class Filter {
  #past = Array<number>(24).fill(0);

  /** What both halves of the filter make of the last 24 samples. */
  next(first: number, second: number): [a: number, b: number] {
    this.#past = [...this.#past.slice(2), first, second];
    const sum = (offset: number, of: (i: number) => number) =>
      filter.reduce((all, _, i) => all + (this.#past[2 * i + offset] ?? 0) * (filter[of(i)] ?? 0), 0);
    return [sum(1, (i) => 11 - i), sum(0, (i) => i)];
  }
}

function ffmpeg(from: readonly string[], input: Buffer, to: readonly string[]): Buffer {
  const run = spawnSync(thePeer("ffmpeg"), ["-v", "error", ...from, "-i", "-", ...to, "-"], { input });
  assert.equal(run.status, 0, run.stderr.toString());
  return run.stdout;
}
const samplesOf = (bytes: Buffer) => Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i));
const bytesOf = (samples: readonly number[]) => Buffer.from(Int16Array.from(samples).buffer);
const linear = ["-f", "s16le", "-ar", "16000", "-ac", "1"];

describe("G.722 beside ffmpeg", { skip: without("ffmpeg") }, () => {
  const random = seeded(722);

  it("understands every code as it does, in whatever order", () => {
    // The upper band is silent: what ffmpeg gives is the filter bank's sound of the lower one.
    const codes = Uint8Array.from({ length: 40_000 }, () => 0xc0 | random(64));
    const theirs = samplesOf(ffmpeg(["-f", "g722"], Buffer.from(codes), ["-f", "s16le"]));
    const [ear, join] = [new G722(), new Filter()];
    const ours = Array.from(codes).flatMap((code) => {
      const low = ear.decode(code) >> 1;
      return join.next(low, low).map((sum) => clip(sum >> 11));
    });
    assert.deepEqual(ours, theirs);
  });

  it("says the same codes for the same sound", () => {
    const swing = (i: number) => Math.sin(i * 0.21) * Math.sin(i * 0.0007) * 12_000 + Math.sin(i * 0.05) * 6000;
    const sound = Array.from({ length: 64_000 }, (_, i) =>
      Math.round(swing(i) + (random(4000) - 2000) * Math.sin(i / 9000)),
    );
    const theirs = ffmpeg(linear, bytesOf(sound), ["-c:a", "g722", "-f", "g722"]);
    const [voice, split] = [new G722(), new Filter()];
    const ours = Array.from({ length: sound.length / 2 }, (_, i) => {
      const [a, b] = split.next(sound[2 * i] ?? 0, sound[2 * i + 1] ?? 0);
      return voice.encode(((a + b) >> 14) * 2) & 0x3f;
    });
    assert.deepEqual(
      ours,
      Array.from(theirs, (octet) => octet & 0x3f),
    );
  });

  it("makes of 16 kHz what is heard of them below 4 kHz, and lets no more than a trace of the rest through", () => {
    const wide = (hertz: number) =>
      Array.from({ length: 32_000 }, (_, i) => Math.round(9000 * Math.sin((Math.PI * hertz * i) / 8000)));
    const level = 20 * Math.log10(9000 / 32_768);
    for (const hertz of [400, 1000, 3000]) {
      const octets = ffmpeg(linear, bytesOf(wide(hertz)), ["-c:a", "g722", "-f", "g722"]);
      const ear = new G722();
      const heard = Array.from(octets, (octet) => ear.decode(octet)).slice(1600);
      assert.ok(Math.abs(levelOf(heard, hertz) - level) < 0.5, `${hertz}: ${levelOf(heard, hertz)}`);
    }
    // Mirrored at 4 kHz: 28 dB down for 5.2 kHz, more than 45 from 5.5 on.
    const octets = ffmpeg(linear, bytesOf(wide(5500)), ["-c:a", "g722", "-f", "g722"]);
    const ear = new G722();
    const heard = Array.from(octets, (octet) => ear.decode(octet)).slice(1600);
    assert.ok(levelOf(heard, 2500) < level - 45, `${levelOf(heard, 2500)}`);
  });

  it("is understood by it: what we say at 8 kHz is heard at 16, and nothing above 4 kHz", () => {
    const voice = new G722();
    const octets = Array.from({ length: 16_000 }, (_, i) =>
      voice.encode(Math.round(9000 * Math.sin((Math.PI * 1000 * i) / 4000))),
    );
    const heard = samplesOf(ffmpeg(["-f", "g722"], Buffer.from(octets), ["-f", "s16le"])).slice(3200);
    // levelOf counts in 8 kHz.
    assert.ok(Math.abs(levelOf(heard, 500) - 20 * Math.log10(9000 / 32_768)) < 0.3);
    assert.ok(levelOf(heard, 3500) < -60, "the mirror of 1 kHz, at 7 kHz");
  });
});
