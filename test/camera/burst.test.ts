import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { takeBurst } from "../../src/camera/burst.ts";
import type { Picture } from "../../src/camera/camera.ts";
import { tryAgain } from "../../src/errors.ts";
import { FakeClock } from "../support/clock.ts";

const pictureAt = (takenAt: number): Picture => ({
  ...{ jpeg: Buffer.alloc(0), width: 1, height: 1, takenAt, ms: 0, source: "http://camera/", kind: "jpeg" },
});

describe("A burst", () => {
  it("takes as many pictures as asked, from beginning to beginning, or as fast as the camera is", async () => {
    for (const [slow, expected] of [
      [100, [100, 600, 1100]],
      [700, [700, 1400, 2100]],
    ] as const) {
      const clock = new FakeClock(0);
      const given: number[] = [];
      const take = async () => {
        await clock.sleep(slow);
        return pictureAt(clock.now());
      };
      const give = ({ takenAt }: Picture, index: number) => {
        assert.equal(index, given.length);
        given.push(takenAt);
        return Promise.resolve();
      };
      const done = takeBurst(take, give, { count: 3, everyMs: 500 }, { clock });
      await clock.advance(2_100);
      await done;
      assert.deepEqual(given, expected);
      assert.equal(clock.pending, 0);
    }
  });

  it("gives a picture that a visit has kept once, and goes on with the next new one", async () => {
    const clock = new FakeClock(0);
    const kept = pictureAt(0);
    const given: number[] = [];
    const take = () => Promise.resolve(clock.now() < 2_000 ? kept : pictureAt(clock.now()));
    const give = ({ takenAt }: Picture) => Promise.resolve(void given.push(takenAt));
    const done = takeBurst(take, give, { count: 3, everyMs: 500 }, { clock });
    await clock.advance(2_500);
    await done;
    assert.deepEqual(given, [0, 2_000, 2_500]);
  });

  it("ends with the first that fails, and at once when its node closes", async () => {
    const clock = new FakeClock(0);
    let given = 0;
    const give = () => Promise.resolve(void (given += 1));
    const fails = () =>
      given < 2 ? Promise.resolve(pictureAt(given)) : Promise.reject(tryAgain("gone", "It is gone"));
    const done = takeBurst(fails, give, { count: 5, everyMs: 200 }, { clock });
    const rejected = assert.rejects(done, /It is gone/);
    await clock.advance(400);
    await rejected;
    assert.deepEqual([given, clock.pending], [2, 0]);

    const closing = new AbortController();
    const forever = takeBurst(
      () => Promise.resolve(pictureAt(clock.now())),
      give,
      { count: 5, everyMs: 60_000 },
      {
        ...{ clock, signal: closing.signal },
      },
    );
    await clock.advance(1);
    closing.abort();
    await forever;
    assert.deepEqual([given, clock.pending], [3, 0]);
  });
});
