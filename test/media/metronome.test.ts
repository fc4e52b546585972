// The beat of the worker, on a clock that the test turns.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Metronome } from "../../src/media/worker/metronome.ts";

let now = 0;
let waiting: { at: number; run: () => void } | undefined;
let metronome: Metronome;
let beats: number[];

beforeEach(() => {
  [now, waiting, beats] = [1000, undefined, []];
  metronome = new Metronome({
    now: () => now,
    after: (ms, run) => {
      const mine = (waiting = { at: now + ms, run });
      return () => {
        if (waiting === mine) waiting = undefined;
      };
    },
  });
});

/** The timer fires, `late` milliseconds after its time. */
function fire(late = 0): void {
  const timer = waiting ?? assert.fail("nobody waits");
  waiting = undefined;
  now = timer.at + late;
  timer.run();
}

describe("metronome", () => {
  it("beats each 20 ms by the time at which it began, however late its timers are", () => {
    metronome.add((at) => beats.push(at));
    fire(3);
    fire(7);
    fire();
    assert.deepEqual(beats, [1020, 1040, 1060]);
    assert.equal(waiting?.at, 1080);
  });

  it("makes up for beats that were missed, but not for a long sleep", () => {
    metronome.add((at) => beats.push(at));
    fire(50);
    assert.deepEqual(beats, [1020, 1040, 1060]);
    fire(60_000);
    assert.deepEqual(beats, [1020, 1040, 1060, 61_080]);
    assert.equal(waiting?.at, 61_100);
  });

  it("rests while nobody needs it, and lets who leaves in a beat leave", () => {
    const leave = metronome.add((at) => {
      beats.push(at);
      leave();
    });
    fire();
    assert.equal(waiting, undefined);
    now = 5000;
    metronome.add((at) => beats.push(at));
    fire();
    assert.deepEqual(beats, [1020, 5020]);
  });
});
