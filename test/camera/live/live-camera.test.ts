import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { giveUp, tryAgain } from "../../../src/errors.ts";
import { record } from "../../../src/camera/live/record.ts";
import { FakeClock } from "../../support/clock.ts";
import { Eyes, liveCamera } from "./films.ts";

describe("X3 one camera, many viewers", () => {
  it("share a connection, which is opened for the first and kept for 30 s after the last", async () => {
    const clock = new FakeClock();
    const { camera, films, last } = liveCamera(clock);
    const [one, two] = [new Eyes(), new Eyes()];
    const leaveOne = camera.watch(one);
    last().begin();
    await last().play(3);
    const leaveTwo = camera.watch(two);
    await last().play(2);
    assert.equal(one.look(), "format, key, 4 frame");
    assert.equal(two.look(), "format, old key, old frame, 3 frame", "who comes later sees the group at once");
    leaveOne();
    leaveTwo();
    await clock.advance(29_000);
    assert.deepEqual([films.length, camera.running, last().closed], [1, true, false]);
    const again = camera.watch(one);
    await clock.advance(60_000);
    again();
    await clock.advance(30_000);
    assert.deepEqual([films.length, camera.running, last().closed], [1, false, true]);
    assert.equal(clock.pending, 0);
  });

  it("a hundred that nobody looks at have no connection, no timer and no picture; nor have they afterwards", async () => {
    const clock = new FakeClock();
    const all = Array.from({ length: 100 }, () => liveCamera(clock, { warmMs: 0 }));
    await clock.advance(3_600_000);
    assert.deepEqual([all.flatMap(({ films }) => films).length, clock.pending], [0, 0]);
    for (const { camera, last } of all) {
      const leave = camera.watch(new Eyes());
      last().begin();
      await last().play(1);
      leave();
    }
    assert.deepEqual([all.filter(({ camera }) => camera.running).length, clock.pending], [0, 0]);
    assert.equal(
      all.reduce((sum, { camera }) => sum + camera.keptBytes, 0),
      0,
    );
  });

  it("one that fails is left alone, and the others see on", async () => {
    const { camera, last } = liveCamera(new FakeClock());
    const eyes = new Eyes();
    let asked = 0;
    const bad = Object.assign(new Eyes(), {
      frame() {
        asked += 1;
        throw new Error("broken");
      },
    });
    camera.watch(bad);
    camera.watch(eyes);
    last().begin();
    await last().play(3);
    assert.deepEqual([eyes.look(), asked, camera.viewers], ["format, key, 2 frame", 1, 1]);
  });

  it("hear when it is taken away, those that come too late as well", async () => {
    const { camera, last } = liveCamera(new FakeClock());
    const [eyes, late] = [new Eyes(), new Eyes()];
    camera.watch(eyes);
    const looking = assert.rejects(camera.look(1_000), { code: "closed" });
    camera.close();
    camera.watch(late);
    last().begin();
    assert.deepEqual([eyes.look(), late.look(), last().closed, camera.viewers], ["ended", "ended", true, 0]);
    await looking;
  });

  it("their time goes on over a new connection and is that of our clock", async () => {
    const clock = new FakeClock();
    const { camera, last } = liveCamera(clock);
    const eyes = new Eyes();
    camera.watch(eyes);
    for (const _ of ["first", "second"]) {
      last().begin();
      await last().play(2);
      last().end();
      await clock.advance(1_000);
    }
    const times = eyes.frames.map(({ timestamp }) => timestamp / 90 - (eyes.frames[0]?.at ?? 0));
    assert.deepEqual(times, [0, 40, 1080, 1120]);
  });
});

describe("a camera that goes away comes back", () => {
  it("is asked after 1, 2, 4 … 30 s, and after 1 s again once it has shown pictures for 10 s", async () => {
    const clock = new FakeClock();
    const { camera, films, last } = liveCamera(clock);
    const eyes = new Eyes();
    camera.watch(eyes);
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      last().end(tryAgain("refused", "The camera refused the connection"));
      assert.equal(eyes.look(), `trouble refused ${seconds * 1000}`);
      const before = films.length;
      await clock.advance(seconds * 1000 - 1);
      assert.equal(films.length, before);
      await clock.advance(1);
      assert.equal(films.length, before + 1);
    }
    last().begin();
    await last().play(252);
    last().end();
    assert.equal(eyes.look().split(", ").at(-1), "trouble ended 1000");
  });

  it("a wrong password is tried a minute later, then rarer, and not by who comes meanwhile", async () => {
    const clock = new FakeClock();
    const { camera, films, last } = liveCamera(clock);
    const leave = camera.watch(new Eyes());
    last().end(giveUp("wrong-password", "The camera does not accept the user name or password: correct them"));
    await clock.advance(10_000);
    const late = new Eyes();
    const leaveLate = camera.watch(late);
    assert.deepEqual([late.look(), films.length], ["trouble wrong-password 50000", 1]);
    await clock.advance(50_000);
    last().end(giveUp("wrong-password", "The camera does not accept the user name or password: correct them"));
    assert.deepEqual([late.look(), films.length], ["trouble wrong-password 120000", 2]);
    leave();
    leaveLate();
    assert.deepEqual([camera.running, clock.pending], [false, 0]);
  });

  it("who comes during a pause is not made to wait for its end", async () => {
    const clock = new FakeClock();
    const { camera, films, last } = liveCamera(clock, { always: true });
    for (const _ of [1, 2, 3, 4]) {
      last().end(tryAgain("silent", "The camera has sent no video for 10 s"));
      if (films.length < 4) await clock.advance(10_000);
    }
    const before = films.length;
    camera.watch(new Eyes());
    assert.equal(films.length, before + 1);
    camera.close();
    assert.equal(clock.pending, 0);
  });

  it("what is no address yet is asked for anew each time", async () => {
    const clock = new FakeClock();
    let known = false;
    const { camera, films } = liveCamera(clock, {
      always: true,
      settings: () => {
        if (!known) throw tryAgain("no-address", "The door has not registered yet");
        return { videoUrl: { reveal: () => "rtsp://192.0.2.1/" } as never };
      },
    });
    await clock.advance(2_000);
    known = true;
    await clock.advance(1_000);
    assert.deepEqual([films.length, camera.running], [1, true]);
    camera.close();
  });
});

describe("what is kept", () => {
  it("is the last group, and nothing of a film that has ended", async () => {
    const clock = new FakeClock();
    const { camera, last } = liveCamera(clock);
    camera.watch(new Eyes());
    assert.equal(camera.lastKey(), undefined);
    last().begin();
    await last().play(20);
    const still = camera.lastKey();
    assert.equal(still?.frame.at, clock.now() - 4 * 40);
    assert.ok(still.bytes.subarray(0, 4).equals(Buffer.from([0, 0, 0, 1])));
    assert.equal(camera.clip(0, clock.now())?.from, still.frame.at);
    last().end();
    assert.deepEqual([camera.lastKey(), camera.keptBytes], [undefined, 0]);
  });

  it("always on: of the last 10 s, and a clip begins at the key frame before", async () => {
    const clock = new FakeClock();
    const { camera, last } = liveCamera(clock, { always: true, keepMs: 10_000 });
    last().begin();
    await last().play(1000);
    const now = clock.now();
    const all = camera.clip(0, now);
    assert.ok(all && now - all.from >= 10_000 && now - all.from < 10_700, `${now - (all?.from ?? 0)} ms`);
    const some = camera.clip(now - 5_000, now - 3_000);
    assert.ok(some && some.from <= now - 5_000 && some.from > now - 5_330);
    assert.ok(some.to <= now - 3_000 && some.to > now - 3_050);
    assert.deepEqual([some.codec, some.width, some.height], ["h264", 176, 100]);
    assert.equal(camera.clip(now + 1, now + 2), undefined);
  });

  it("is bounded: of a camera without a second key frame only the first, and who comes waits for the next", async () => {
    const clock = new FakeClock();
    const { camera, last } = liveCamera(clock, { keepMs: 60_000 });
    camera.watch(new Eyes());
    const stream = last();
    stream.begin();
    await stream.play(1);
    const unit = Buffer.alloc(2 ** 20);
    for (let n = 1; n < 40; n++) {
      stream.emit("frame", { units: [unit], key: false, at: clock.now(), timestamp: 3600 * n });
      assert.ok(camera.keptBytes <= 12 * 2 ** 20);
    }
    const late = new Eyes();
    camera.watch(late);
    stream.emit("frame", { units: [unit], key: false, at: clock.now(), timestamp: 3600 * 40 });
    stream.emit("frame", { units: [unit], key: true, at: clock.now(), timestamp: 3600 * 41 });
    assert.equal(late.look(), "format, 2 key");
    for (let n = 42; n < 100; n++)
      stream.emit("frame", { units: [unit], key: true, at: clock.now(), timestamp: 3600 * n });
    assert.ok(camera.keptBytes <= 24 * 2 ** 20);
  });
});

describe("a recorded clip", () => {
  it("holds what was before, as far as it is kept, and what comes", async () => {
    const clock = new FakeClock();
    const { camera, last } = liveCamera(clock, { always: true, keepMs: 10_000 });
    last().begin();
    await last().play(200);
    const now = clock.now();
    const made = record(camera, clock, { beforeMs: 3_000, afterMs: 2_000 });
    await last().play(60);
    const clip = await made;
    assert.ok(clip.from <= now - 3_000 && clip.from > now - 3_330);
    assert.ok(clip.to >= now + 1_950 && clip.to <= now + 2_000, `${clip.to - now}`);
    assert.ok(clip.mp4.length > 5_000);
    assert.equal(camera.viewers, 0);
  });

  it("on demand it opens the camera, and lets go of it", async () => {
    const clock = new FakeClock();
    const { camera, last } = liveCamera(clock, { warmMs: 0 });
    const made = record(camera, clock, { beforeMs: 5_000, afterMs: 1_000 });
    last().begin();
    await last().play(30);
    const clip = await made;
    assert.ok(clip.to - clip.from >= 900 && clip.to - clip.from <= 1_000);
    assert.deepEqual([camera.running, clock.pending], [false, 0]);
  });

  it("without a single picture says why", async () => {
    const clock = new FakeClock();
    const { camera, last } = liveCamera(clock, { warmMs: 0 });
    const refused = assert.rejects(record(camera, clock, { beforeMs: 0, afterMs: 5_000 }), { code: "refused" });
    last().end(tryAgain("refused", "The camera refused the connection"));
    await clock.advance(5_000);
    await refused;
    assert.equal(clock.pending, 0);
  });
});
