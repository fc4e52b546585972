// What is told of a visit's media: at its end, and while it talks.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { MediaSession, MediaStats } from "../../../src/media/media.ts";
import { Figures, type VisitMedia } from "../../../src/visit/talk/figures.ts";
import type { VisitEnd } from "../../../src/visit/messages.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { FakeClock } from "../../support/clock.ts";
import { House } from "../house.ts";

describe("N1 the figures of a visit at its end", () => {
  let house: House;
  beforeEach(async () => {
    house = await House.open();
  });
  afterEach(() => house.close());

  it("count what came from both sides, and say what it is worth", async () => {
    const { bell } = await house.bell();
    const hall = await house.phone("6001", { answerAfterMs: 0 });
    const visit = await house.pressed(bell);
    await visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"], seconds: 30 }));
    await hall.seen.next("audio", (heard) => "frequency" in heard && Math.abs(heard.frequency - 440) < 20);
    await hall.phone.hangUp();
    const { media } = (await house.event("ended")).payload as VisitEnd;
    const { door, answerer = assert.fail("nobody answered") } = media ?? assert.fail("no figures");
    for (const leg of [door, answerer]) {
      assert.ok(leg.received > 20 && leg.sent > 20, JSON.stringify(leg));
      assert.equal(leg.codec, "PCMA/8000");
      assert.match(leg.remote ?? "", /^127\.0\.0\.1:\d+$/);
      assert.ok((leg.mos ?? 0) > 3, JSON.stringify(leg));
    }
    // What came from one side went to the other, but for what came in the moments of the answer and of the end.
    assert.ok(Math.abs(door.received - answerer.sent) <= 25, JSON.stringify(media));
  });

  it("are not there where nobody talked", async () => {
    const { bell } = await house.bell();
    await house.pressed(bell);
    await bell.hangUp();
    assert.equal("media" in ((await house.event("ended")).payload as VisitEnd), false);
  });

  it("are the bell's alone where only the door was opened", async () => {
    const { bell } = await house.bell();
    await house.pressed(bell);
    await house.switchboard.open({ door: "front", by: "test" });
    const { media } = (await house.event("ended")).payload as VisitEnd;
    assert.deepEqual(Object.keys(media ?? {}), ["door"]);
  });
});

describe("figures while it talks", () => {
  const stats: MediaStats = { received: 1, sent: 1, lost: 0, jitterMs: 0 };
  const session = (read: () => Promise<MediaStats> = () => Promise.resolve(stats)) =>
    ({ stats: read }) as unknown as MediaSession;
  const sessions =
    (door = session()) =>
    () => ({ door: Promise.resolve(door), answerer: session() });

  it("come so often, until the end", async () => {
    const clock = new FakeClock();
    const told: VisitMedia[] = [];
    const figures = new Figures(clock, sessions(), (media) => told.push(media));
    figures.begin(5);
    await clock.advance(16_000);
    figures.end();
    assert.deepEqual(told, Array(3).fill({ door: stats, answerer: stats }));
    await clock.advance(20_000);
    assert.deepEqual([told.length, clock.pending], [3, 0]);
  });

  it("do not come after the end, though they were asked for before", async () => {
    const clock = new FakeClock();
    let answer = (_: MediaStats) => {};
    const slow = session(() => new Promise((resolve) => (answer = resolve)));
    const figures = new Figures(clock, sessions(slow), () => assert.fail("told"));
    figures.begin(5);
    await clock.advance(5000);
    figures.end();
    answer(stats);
    await clock.advance(0);
  });

  it("hold up no end of a visit: what cannot be had in five seconds, or not at all, is left out", async () => {
    const clock = new FakeClock();
    const closing = (close: () => Promise<void>) => {
      const one = { stats: () => Promise.resolve(stats), close } as unknown as MediaSession;
      return () => ({ door: Promise.resolve(one), answerer: one });
    };
    const never = new Figures(
      clock,
      closing(() => new Promise(() => {})),
      () => {},
    );
    const late = never.last();
    await clock.advance(5_000);
    assert.equal(await late, undefined);
    const failing = new Figures(
      clock,
      closing(() => Promise.reject(new Error("gone"))),
      () => {},
    );
    assert.equal(await failing.last(), undefined);
    assert.equal(clock.pending, 0);
  });

  it("do not come at all by default, nor where there is no media any more", () => {
    const clock = new FakeClock();
    new Figures(clock, sessions(), () => assert.fail("told")).begin(0);
    assert.equal(clock.pending, 0);
    const lost = () => ({ door: Promise.reject<MediaSession>(new Error("gone")), answerer: undefined });
    const figures = new Figures(clock, lost, () => assert.fail("told"));
    figures.begin(5);
    figures.end();
  });
});
