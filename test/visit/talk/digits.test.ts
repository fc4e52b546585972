// N5, H15: digits from one side of a call to the other, and from the flow to either, whatever ways they come and go by.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, it } from "node:test";
import { usualDtmf, type DtmfMethod, type DtmfOptions } from "../../../src/dtmf.ts";
import type { MediaDigit } from "../../../src/media/digits.ts";
import { silent } from "../../../src/log.ts";
import { waysTo } from "../../../src/visit/talk/digits.ts";
import { DigitRelay } from "../../../src/visit/talk/digit-relay.ts";
import { Keypad, type Key } from "../../../src/visit/talk/keypad.ts";
import type { Leg } from "../../../src/visit/talk/leg.ts";
import { FakeClock } from "../../support/clock.ts";
import { Desk } from "../desk.ts";
import { House } from "../house.ts";
import { ringAll } from "../ring-all.ts";

describe("N5 digits in a visit", () => {
  let house: House;
  afterEach(() => house.close());

  /** A bell of `preset` that talks with the phone 6001. */
  async function talking(
    door: Parameters<typeof House.open>[0],
    phoneBy: "rtp" | "dtmf-relay" | "dtmf" = "dtmf-relay",
  ) {
    house = await House.open(door);
    const bell = await house.bell();
    const hall = await house.phone("6001", { answerAfterMs: 0, digitsBy: phoneBy });
    const visit = await house.pressed(bell.bell);
    await visit.answerBy(ringAll("6001"));
    await hall.seen.next("answered");
    await bell.seen.next("answered");
    const atBell = () => bell.seen.all.flatMap((e) => (e.event === "dtmf" ? [`${e.digit} ${e.by}`] : []));
    const told = () =>
      house.events.all.flatMap((e) => (e.event === "dtmf" ? [e.payload as Record<string, unknown>] : []));
    const heardAtBell = (nth: number) => bell.seen.next("dtmf", () => true, nth);
    return { visit, bell, hall, atBell, told, heardAtBell };
  }

  it("by RFC 4733 pass as they are to a bell of which nothing else is known, once, and the flow hears them once", async () => {
    const { hall, atBell, told, heardAtBell } = await talking({}, "rtp");
    await hall.phone.digits("11#");
    await heardAtBell(3);
    await house.events.next("dtmf", () => true, 3);
    assert.deepEqual(atBell(), ["1 rtp", "1 rtp", "# rtp"]);
    assert.deepEqual(
      told().map(({ digit, from, by }) => [digit, from, by]),
      [
        ["1", "answerer", "rfc4733"],
        ["1", "answerer", "rfc4733"],
        ["#", "answerer", "rfc4733"],
      ],
    );
    for (const { durationMs } of told())
      assert.ok(Number(durationMs) > 0 && Number(durationMs) < 1000, `${String(durationMs)} ms`);
  });

  it("by RFC 4733 reach a bell by INFO where its preset knows that it wants that, and not in both ways", async () => {
    const { hall, atBell, told, heardAtBell } = await talking({ preset: "simulated" }, "rtp");
    await hall.phone.digits("12");
    await heardAtBell(2);
    await house.events.next("dtmf", () => true, 2);
    assert.deepEqual(atBell(), ["1 dtmf-relay", "2 dtmf-relay"]);
    assert.deepEqual(
      told().map(({ by }) => by),
      ["rfc4733", "rfc4733"],
    );
  });

  it("by INFO reach a bell by RFC 4733 where that is its setting", async () => {
    const { hall, atBell, told, heardAtBell } = await talking({ dtmf: "rfc4733" });
    await hall.phone.digits("12");
    await heardAtBell(2);
    assert.deepEqual(atBell(), ["1 rtp", "2 rtp"]);
    assert.deepEqual(told(), [
      { digit: "1", from: "answerer", by: "info", durationMs: 160 },
      { digit: "2", from: "answerer", by: "info", durationMs: 160 },
    ]);
  });

  it("by INFO go on as INFO where nothing else was set", async () => {
    const { hall, atBell, heardAtBell } = await talking({}, "dtmf");
    await hall.phone.digits("5");
    await heardAtBell(1);
    assert.deepEqual(atBell(), ["5 dtmf-relay"]);
  });

  it("of who answered are kept for the flow, or are the door's alone, where the door says so", async () => {
    const flow = await talking({ answererDigits: "flow" }, "rtp");
    await flow.hall.phone.digits("1");
    await house.events.next("dtmf");
    // What the flow sends itself comes after all that might have been passed on.
    await flow.visit.sendDigits("9");
    await flow.heardAtBell(1);
    assert.deepEqual(
      flow.atBell().map((text) => text[0]),
      ["9"],
    );
    await house.close();

    const door = await talking({ answererDigits: "door" });
    await door.hall.phone.digits("1");
    await door.heardAtBell(1);
    await door.bell.bell.digits("7");
    await house.events.next("dtmf", ({ payload }) => (payload as { digit: string }).digit === "7");
    assert.deepEqual(
      door.told().map(({ from }) => from),
      ["door"],
      "the bell's own are told all the same",
    );
  });

  for (const [method, by] of [
    ["auto", "rtp"],
    ["rfc4733", "rtp"],
    ["info", "dtmf-relay"],
    ["info-dtmf", "dtmf"],
  ] as const satisfies [DtmfMethod, string][])
    it(`H15 of the flow go by ${method} where it asks for that, to either side`, async () => {
      const { visit, hall, atBell, heardAtBell } = await talking({});
      await visit.sendDigits("42", { method, durationMs: 60, gapMs: 60 });
      await heardAtBell(2);
      assert.deepEqual(atBell(), [`4 ${by}`, `2 ${by}`]);
      await visit.sendDigits("7", { to: "answerer", method });
      const atPhone = await hall.seen.next("dtmf");
      assert.ok(atPhone.event === "dtmf" && atPhone.digit === "7" && atPhone.by === by);
    });

  it("P11 the code of a door goes by its method, and the opening says by which", async () => {
    for (const [dtmf, method, reason] of [
      ["rfc4733", "dtmf-rfc4733", /RFC 4733/],
      ["auto", "dtmf-rfc4733", /RFC 4733/],
      ["info-dtmf", "dtmf-info", /INFO application\/dtmf\)/],
      [undefined, "dtmf-info", /dtmf-relay/],
    ] as const) {
      const { bell } = await talking(dtmf ? { dtmf } : {});
      const opening = await house.switchboard.open({ door: "front", by: "test" });
      assert.deepEqual([opening.ok, opening.method], [true, method]);
      assert.match(opening.reason, reason);
      await bell.seen.next("relay", (e) => "state" in e && e.state === "on");
      await house.close();
    }
    house = await House.open();
  });

  it("P11 a code in RFC 4733 opens the door of a bell that nobody has answered yet", async () => {
    house = await House.open({ dtmf: "rfc4733" });
    const { bell, seen } = await house.bell();
    await house.pressed(bell);
    assert.equal((await house.switchboard.open({ door: "front", by: "test" })).ok, true);
    await seen.next("relay", (e) => "state" in e && e.state === "on");
  });
});

/** A leg that only has what digits need. */
function leg(
  name: string,
  over: { ways?: MediaDigit["way"][]; takesInfo?: boolean; dtmf?: Partial<DtmfOptions> } = {},
) {
  const { ways = ["rfc4733", "inband"], takesInfo, dtmf } = over;
  const sent: string[] = [];
  const infos: number[] = [];
  const hearings: object[] = [];
  const session = Object.assign(new EventEmitter(), {
    dtmf: { ...usualDtmf, ...dtmf },
    digitWays: ways,
    hearDigits: (how: object) => void hearings.push(how),
    passesEventsTo: (other: { digitWays: string[] }) => ways.includes("rfc4733") && other.digitWays.includes("rfc4733"),
    sendDigit: ({ digit, way }: MediaDigit) => {
      sent.push(`${digit} ${way}`);
      return Promise.resolve(ways.includes(way));
    },
  });
  const call = Object.assign(new EventEmitter(), {
    takesInfo,
    info: (contentType: string, body: string) => {
      sent.push(`${/Signal=(.)/.exec(body)?.[1] ?? body} ${contentType.slice(12)}`);
      return Promise.resolve(infos.shift() ?? 200);
    },
  });
  const events = {
    event: (digit: string, durationMs?: number, by = "rfc4733") =>
      session.emit("digit", { digit, by, ...(durationMs === undefined ? {} : { durationMs }) }),
    inform: (digit: string) => {
      let status = 0;
      const reply = (with_: number) => (status = with_);
      call.emit("info", { contentType: "application/dtmf-relay", body: `Signal=${digit}\r\nDuration=160`, reply });
      return status;
    },
  };
  return { leg: { call, session, name } as unknown as Leg, hears: () => hearings.at(-1), sent, infos, ...events };
}

describe("the ways to a leg", () => {
  it("N5 are RFC 4733 if agreed, else INFO unless the peer takes none, else tones in G.711", () => {
    for (const [over, ways] of [
      [{}, ["rfc4733", "info", "info-dtmf", "inband"]],
      [{ ways: ["inband"] }, ["info", "info-dtmf", "inband"]],
      [{ ways: ["inband"], takesInfo: true }, ["info", "info-dtmf", "inband"]],
      [{ ways: ["inband"], takesInfo: false }, ["inband"]],
      [{ ways: [], takesInfo: false }, ["info"]],
    ] as const)
      assert.deepEqual(waysTo(leg("x", over as Parameters<typeof leg>[1]).leg, "auto"), ways);
  });

  it("are that by which the digit came, where the leg takes it so", () => {
    assert.deepEqual(waysTo(leg("x").leg, "auto", "info")[0], "info");
    assert.deepEqual(waysTo(leg("x", { takesInfo: false }).leg, "auto", "info")[0], "rfc4733");
    assert.deepEqual(waysTo(leg("x", { ways: ["inband"] }).leg, "auto", "rfc4733")[0], "info");
  });

  it("are what was set: one, or both bodies of INFO", () => {
    assert.deepEqual(waysTo(leg("x").leg, "inband", "info"), ["inband"]);
    assert.deepEqual(waysTo(leg("x").leg, "info-dtmf"), ["info-dtmf", "info"]);
  });
});

describe("H15 a digit that comes by two ways counts once", () => {
  let clock: FakeClock;
  let told: string[];
  beforeEach(() => {
    clock = new FakeClock();
    told = [];
  });
  const keypad = (from: Leg) =>
    new Keypad(from, clock, { pressed: () => {}, released: (key: Key) => told.push(`${key.digit} ${key.by}`) });

  it("whichever comes first, and the same key twice in a row counts twice", async () => {
    const phone = leg("6001");
    keypad(phone.leg);
    phone.event("1");
    phone.inform("1");
    phone.event("1", 100);
    await clock.advance(200);
    phone.inform("1");
    phone.event("1");
    phone.event("1", undefined, "inband");
    phone.event("1", 100);
    phone.event("1", 90, "inband");
    assert.deepEqual(told, ["1 rfc4733", "1 info"]);
  });

  it("though all of one way come before those of the other", async () => {
    const phone = leg("6001");
    keypad(phone.leg);
    for (const digit of "1221") phone.inform(digit);
    await clock.advance(400);
    for (const digit of "1221") {
      phone.event(digit);
      phone.event(digit, 50);
    }
    assert.deepEqual(told, ["1 info", "2 info", "2 info", "1 info"]);
  });

  it("and the same key some seconds later, by another way, is another one", async () => {
    const phone = leg("6001");
    keypad(phone.leg);
    phone.inform("1");
    await clock.advance(2500);
    phone.event("1");
    phone.event("1", 50);
    assert.equal(told.length, 2);
  });

  it("and one that is held for long and told by INFO at its end is the same", async () => {
    const phone = leg("6001");
    keypad(phone.leg);
    phone.event("1");
    await clock.advance(3000);
    phone.event("1", 3000);
    phone.inform("1");
    assert.deepEqual(told, ["1 rfc4733"]);
  });

  it("and one that is held when the call ends is told all the same", () => {
    const phone = leg("6001");
    const keys = keypad(phone.leg);
    phone.event("1");
    assert.deepEqual(told, []);
    keys.close();
    phone.event("1", 300);
    assert.deepEqual(told, ["1 rfc4733"]);
  });

  it("INFO of another kind is refused", () => {
    const phone = leg("6001");
    keypad(phone.leg);
    let status = 0;
    phone.leg.call.emit("info", { contentType: "text/plain", body: "1", reply: (s) => (status = s) });
    assert.equal(status, 415);
    assert.equal(phone.inform("1"), 200);
  });

  function relay(from: ReturnType<typeof leg>, to: ReturnType<typeof leg>, passes: boolean | "never" = true) {
    const made = new DigitRelay(from.leg, {
      ...{ clock, log: silent, other: () => to.leg, passes: () => passes },
      told: (key) => told.push(`${key.digit} ${key.by}`),
    });
    made.settle();
    return made;
  }

  it("for the other side too: an INFO whose RTP event has passed already is not sent", async () => {
    const [phone, bell] = [leg("6001"), leg("bell")];
    relay(phone, bell);
    assert.deepEqual(phone.hears(), { events: "pass", tones: "ignore" });
    phone.inform("1");
    await clock.advance(20);
    phone.event("1");
    await clock.advance(500);
    phone.event("1", 100);
    assert.deepEqual([bell.sent, told], [[], ["1 info"]]);
    phone.inform("2");
    await clock.advance(500);
    assert.deepEqual(bell.sent, ["2 dtmf-relay"], "one that came by INFO only is");
  });

  it("tones that are heard go on by the other side's way, and not as sound", async () => {
    const [phone, bell] = [leg("6001", { ways: ["inband"], dtmf: { tones: true } }), leg("bell")];
    relay(phone, bell);
    assert.deepEqual(phone.hears(), { events: "keep", tones: "keep" });
    phone.event("5", undefined, "inband");
    await clock.advance(500);
    assert.deepEqual(bell.sent, ["5 rfc4733"]);
  });

  it("tones go on as sound where the other side has no other way", async () => {
    const phone = leg("6001", { ways: ["inband"], dtmf: { tones: true } });
    const bell = leg("bell", { ways: ["inband"], takesInfo: false });
    relay(phone, bell);
    assert.deepEqual(phone.hears(), { events: "keep", tones: "pass" });
    phone.event("5", undefined, "inband");
    await clock.advance(500);
    assert.deepEqual(bell.sent, []);
  });

  it("P11 tones that may never reach a door are taken out of the sound, whatever the phone's setting says", () => {
    for (const tones of [false, true]) {
      const phone = leg("6001", { dtmf: { tones } });
      const made = relay(phone, leg("bell"), "never");
      assert.deepEqual(phone.hears(), { events: "keep", tones: "keep" });
      told = [];
      phone.event("5", undefined, "inband");
      phone.event("5", 100, "inband");
      assert.deepEqual(told, tones ? ["5 inband"] : [], "a key only where the setting has them looked for");
      made.close();
    }
  });

  it("a door's code goes by RFC 4733 at last where its method is a guess, and is refused; else by its method alone", async () => {
    for (const [door, asked, ok, method] of [
      [{}, ["dtmf-relay", "dtmf"], true, "dtmf-rfc4733"],
      [{ dtmf: "info" }, ["dtmf-relay", "dtmf"], false, "dtmf-info"],
    ] as const) {
      const desk = await Desk.open({}, door);
      try {
        const { bell } = await desk.talking({ keys: 101 });
        const opening = desk.switchboard.open({ door: "front", by: "test" });
        for (const kind of asked) {
          const info = await bell.party.takeRequest("INFO");
          assert.equal(info.get("content-type"), `application/${kind}`);
          bell.party.respond(info, 501);
          await bell.party.settle();
        }
        const told = await opening;
        assert.deepEqual([told.ok, told.method], [ok, method], told.reason);
      } finally {
        await desk.close();
      }
    }
  });

  it("a way that was refused is not tried again with the next key", async () => {
    const [phone, bell] = [leg("6001"), leg("bell", { ways: ["inband"] })];
    relay(phone, bell);
    bell.infos.push(415, 415);
    for (const digit of "12") phone.event(digit);
    await clock.advance(1000);
    assert.deepEqual(bell.sent, ["1 dtmf-relay", "1 dtmf", "1 inband", "2 inband"]);
  });
});
