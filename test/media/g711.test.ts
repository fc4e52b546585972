// G.711: against the values of the recommendation's tables, and the two laws against each other.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aToU, encodeA, encodeU, linearOfA, linearOfU, uToA } from "../../src/media/g711.ts";
import { levelOf, tone } from "./tone.ts";

const bytes = Array.from({ length: 256 }, (_, i) => i);

describe("ITU-T G.711", () => {
  it("decodes the ends and the middle of the A-law table (13 bits, left-aligned in 16)", () => {
    assert.deepEqual(
      [0xaa, 0x2a, 0xd5, 0x55].map((b) => linearOfA[b]),
      [32_256, -32_256, 8, -8],
    );
  });

  it("decodes the ends and the middle of the µ-law table (14 bits, left-aligned in 16)", () => {
    assert.deepEqual(
      [0x80, 0x00, 0xff, 0x7f].map((b) => linearOfU[b]),
      [32_124, -32_124, 0, 0],
    );
  });

  it("encodes each decoded A-law byte to itself", () => {
    assert.deepEqual(
      bytes.map((b) => encodeA(linearOfA[b] ?? 0)),
      bytes,
    );
  });

  it("encodes each decoded µ-law byte to itself, but for the second zero", () => {
    assert.deepEqual(
      bytes.map((b) => encodeU(linearOfU[b] ?? 0)),
      bytes.map((b) => (b === 0x7f ? 0xff : b)),
    );
  });

  it("encodes every 16-bit sample within half a step of the nearest level", () => {
    const halfStep = (size: number, least: number) => Math.max(least, 2 ** Math.floor(Math.log2(size)) / 32);
    for (let sample = -32_768; sample <= 32_767; sample += 7) {
      const a = Math.max(-32_256, Math.min(32_256, sample));
      const u = Math.max(-32_124, Math.min(32_124, sample));
      assert.ok(Math.abs((linearOfA[encodeA(sample)] ?? 0) - a) <= halfStep(Math.abs(a) + 1, 8), `A ${sample}`);
      assert.ok(Math.abs((linearOfU[encodeU(sample)] ?? 0) - u) <= halfStep(Math.abs(u) + 132, 4), `µ ${sample}`);
    }
  });

  it("keeps a tone's level within 0.1 dB through both tables and back", () => {
    const samples = tone(1000, 4000, 1600);
    const a = Uint8Array.from(samples, encodeA);
    const there = a.map((b) => aToU[b] ?? 0);
    const back = there.map((b) => uToA[b] ?? 0);
    const level = levelOf(
      Array.from(a, (b) => linearOfA[b] ?? 0),
      1000,
    );
    assert.ok(
      Math.abs(
        levelOf(
          Array.from(there, (b) => linearOfU[b] ?? 0),
          1000,
        ) - level,
      ) < 0.1,
    );
    assert.ok(
      Math.abs(
        levelOf(
          Array.from(back, (b) => linearOfA[b] ?? 0),
          1000,
        ) - level,
      ) < 0.1,
    );
  });
});
