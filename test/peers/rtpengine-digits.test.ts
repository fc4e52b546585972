// N5, P11: digits in RTP through the real rtpengine: heard, kept, and sent.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, afterEach, before, describe, it } from "node:test";
import type { Pressed } from "../../src/media/digits.ts";
import type { Sound } from "../../src/media/sound.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import { without } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { House } from "../visit/house.ts";
import { eventsAt, hears, Legs, press, type Side } from "./rtpengine-legs.ts";
import { RtpengineProcess } from "./rtpengine.ts";

const five = { digit: "5", way: "rfc4733", durationMs: 100, gapMs: 100 } as const;

describe("digits by rtpengine", { skip: without("rtpengine") }, () => {
  let legs: Legs;
  before(async () => {
    legs = await Legs.open();
  });
  after(() => legs.close());
  afterEach(() => legs.over());

  /** What a session tells of, as it comes. */
  function told({ session }: Side): Pressed[] {
    const all: Pressed[] = [];
    session.on("digit", (digit) => all.push(digit));
    return all;
  }

  /** Sends a digit to a phone, again where the other one had no turn to talk: this process is busy. */
  async function send({ session }: Side, digit: string): Promise<void> {
    while (!(await session.sendDigit({ ...five, digit })));
  }

  it("N5 tells each key once it is up, and passes it on", async () => {
    const [bell, two] = await legs.call();
    const [all, none] = [told(two), told(bell)];
    two.session.hearDigits({ events: "pass", tones: "ignore" });
    for (const event of [5, 11]) {
      const heard = once(two.session, "digit");
      await press(two, event);
      await heard;
    }
    assert.deepEqual(
      all.map(({ digit, by, durationMs }) => [digit, by, durationMs]),
      ["5", "#"].flatMap((digit) => [
        [digit, "rfc4733", undefined],
        [digit, "rfc4733", 100],
      ]),
    );
    while (eventsAt(bell).length < 2) await once(bell.phone.rtp, "message");
    assert.deepEqual([eventsAt(bell), none], [[5, 11], []]);
  });

  it("N5 keeps them from the other side where they are to be kept, also through a new offer", async () => {
    const [bell, two] = await legs.call("8 101", "0 101");
    two.session.hearDigits({ events: "keep", tones: "ignore" });
    two.session.receiveOffer(two.phone.sdp("0 101", "a=rtpmap:101 telephone-event/8000"));
    two.session.answer(bell.session);
    await legs.media.settled();
    const heard = once(two.session, "digit");
    await press(two, 7);
    await heard;
    legs.talk(two, 1300, "PCMU");
    await hears(bell, 1300);
    assert.deepEqual(eventsAt(bell), []);
    two.session.hearDigits({ events: "pass", tones: "ignore" });
    await legs.media.settled();
    await press(two, 8);
    while (eventsAt(bell).length < 1) await once(bell.phone.rtp, "message");
    assert.deepEqual(eventsAt(bell), [8]);
  });

  it("P11 sends digits over what the other side says, whose they are not; the sound goes on", async () => {
    const [bell, two] = await legs.call("8 101", "0 101");
    const all = told(two);
    two.session.hearDigits({ events: "keep", tones: "ignore" });
    assert.deepEqual(bell.session.digitWays, ["rfc4733"]);
    legs.talk(two, 1300, "PCMU");
    await hears(bell, 1300);
    bell.phone.received.length = 0;
    for (const digit of ["5", "*"]) await send(bell, digit);
    while (!eventsAt(bell).includes(10)) await once(bell.phone.rtp, "message");
    assert.deepEqual([...new Set(eventsAt(bell))], [5, 10]);
    await hears(bell, 1300);
    assert.deepEqual(all, []);
  });

  it("P11 says so where none went out: the other side says nothing", async () => {
    const [bell, two] = await legs.call();
    assert.equal(await bell.session.sendDigit(five), false);
    legs.talk(two, 1300);
    await hears(bell, 1300);
    bell.phone.received.length = 0;
    await send(bell, "5");
    while (eventsAt(bell).length < 1) await once(bell.phone.rtp, "message");
    assert.deepEqual([...new Set(eventsAt(bell))], [5]);
  });

  it("P11 sends them from one call to another", async () => {
    const first = await legs.call();
    const [bell, two] = await legs.call();
    legs.media.bridge(first[0].session, two.session);
    await Promise.all([first[1], bell].map(({ session }) => session.close()));
    legs.talk(two, 1300);
    await hears(first[0], 1300);
    first[0].phone.received.length = 0;
    await send(first[0], "5");
    while (eventsAt(first[0]).length < 1) await once(first[0].phone.rtp, "message");
    assert.deepEqual([...new Set(eventsAt(first[0]))], [5]);
  });
});

describe("digits in a house with rtpengine", { skip: without("rtpengine") }, () => {
  it("N5, P11, H9 a phone takes the visitor by its key, which is told; a sound is played; the code goes to the door", async () => {
    const [port] = await freePorts(1);
    const digits = `127.0.0.1:${port}`;
    const server = await RtpengineProcess.start(`--dtmf-log-dest=${digits}`);
    const house = await House.open(
      { dtmf: "rfc4733" },
      undefined,
      {},
      {
        media: { rtpengine: [server.address], rtpengineDigits: digits },
      },
    );
    try {
      const { bell, seen } = await house.bell();
      const hall = await house.phone("6001", { digitsBy: "rtp" });
      const visit = await house.pressed(bell);
      const answered = visit.answerBy(
        strategyOf({ strategy: "ring-all", targets: [{ target: "6001", confirm: true }], seconds: 30 }),
      );
      await hall.seen.next("ringing");
      await hall.phone.answer();
      await hall.phone.digits("1");
      await answered;
      const hears = (hertz: number) =>
        seen.next("audio", (e) => "frequency" in e && Math.abs(e.frequency - hertz) < 20 && e.level > -30);
      await hears(880);
      const tone: Sound = { kind: "tone", cadence: [{ frequencies: [1200], ms: 1000 }] };
      const playing = await visit.sounds.play(tone, { to: "door", loop: true });
      await hears(1200);
      playing.stop();
      await hall.phone.digits("7");
      const { payload } = await house.event("dtmf");
      assert.deepEqual(
        (({ digit, by, from }) => [digit, by, from])(payload as { digit: string; by: string; from: string }),
        ["7", "rfc4733", "answerer"],
      );
      // Anew where the phone had no turn to talk: this process is busy.
      let opened = await house.switchboard.open({ door: "front", by: "test" });
      while (!opened.ok) opened = await house.switchboard.open({ door: "front", by: "test" });
      assert.equal(opened.method, "dtmf-rfc4733");
      await seen.next("relay");
    } finally {
      await house.close();
      await server.close();
    }
  });
});
