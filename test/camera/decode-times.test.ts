import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DecodeTimes } from "../../src/camera/mp4/decode-times.ts";
import { Fragments } from "../../src/camera/mp4/fragments.ts";
import { film } from "./films.ts";

// I0 P3 B1 B2 P6 B4 B5 …, and with a B that others build on: I0 P4 B2 B1 B3 …
const flat = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11];
const pyramid = [0, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10, 9, 11];
const frame = 3600;
const decoded = (order: readonly number[], depth?: number): number[] => {
  const times = new DecodeTimes(depth);
  return order.map((place, index) => times.of(place * frame, index === 0) / frame);
};

describe("ISO 14496-12 §8.6.1 when frames are decoded that are shown in another order (B-frames)", () => {
  it("one after the other, each before it is shown, by as many as the camera tells", () => {
    for (const [order, depth] of [
      [flat, 1],
      [pyramid, 2],
    ] as const)
      assert.deepEqual(
        decoded(order, depth),
        order.map((_, index) => index - depth),
      );
    assert.deepEqual(decoded([0, 1, 2, 3]), [0, 1, 2, 3], "as they are shown, where they are sent so");
  });

  it("a camera that does not tell is found out: after some frames each is early enough, and time never stands still", () => {
    const order = [flat, flat.slice(1).map((place) => place + 12), flat.slice(1).map((place) => place + 24)].flat();
    const times = decoded(order);
    times.slice(1).forEach((time, index) => assert.ok(time > (times[index] ?? 0), `${index}: ${times.join()}`));
    order.slice(20).forEach((place, index) => assert.ok((times[index + 20] ?? NaN) <= place, `${index}`));
  });

  it("begins anew behind a hole, and with a camera that has begun anew", () => {
    const times = new DecodeTimes(1);
    for (const place of flat) times.of(place * frame, place === 0);
    assert.equal(times.of(50 * frame, true) / frame, 49);
    assert.equal(times.of(53 * frame, false) / frame, 50);
    assert.equal(times.of(1, true), 1 - frame);
  });
});

describe("X3 fragments of a film with B-frames", () => {
  /** Where the pictures lie in the film, in the order in which they are shown. */
  function shownAt(order: readonly number[], old = 0): number[] {
    const { format, frames } = film("h264");
    const [key] = frames;
    assert.ok(key);
    const fragments = new Fragments();
    fragments.header({ ...format, reorder: 1 });
    const shown = order.map((place, index) => {
      const picture = { ...key, key: index === 0, timestamp: place * frame };
      const bytes = fragments.fragment(picture, Math.max(0, old - index));
      const time = Number(bytes.readBigUInt64BE(bytes.indexOf("tfdt") + 8));
      const run = bytes.indexOf("trun") + 4;
      const hasOffset = (bytes.readUInt32BE(run) & 0x800) !== 0;
      return { place, at: time + (hasOffset ? bytes.readInt32BE(run + 24) : 0) };
    });
    return shown.toSorted((a, b) => a.place - b.place).map(({ at }) => at);
  }

  it("are shown one after the other, without a hole", () => {
    const at = shownAt(flat);
    assert.deepEqual(
      at.map((time) => time - (at[0] ?? 0)),
      flat.map((_, place) => place * frame),
    );
  });

  it("in order also where what was kept is gone through in a hurry first", () => {
    for (let old = 1; old < flat.length; old++) {
      const at = shownAt(flat, old);
      at.slice(1).forEach((time, place) => assert.ok(time > (at[place] ?? 0), `${old} old: ${at.join()}`));
      assert.ok((at[Math.max(0, old - 2)] ?? 0) - (at[0] ?? 0) <= 90 * flat.length, `${old} old: ${at.join()}`);
    }
  });
});
