import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CodeBook, mostCodes, type CodeSettings, type Hash, type Redeemed } from "../../src/door/codes.ts";
import { doorMs, doorTries, freeTries, LockOut } from "../../src/door/lock-out.ts";
import { FakeClock } from "../support/clock.ts";
import { quickHash } from "./quick-hash.ts";

/** What a folder would hold. */
function shelf(entries: Iterable<[string, string]> = []) {
  const kept = new Map(entries);
  return {
    kept,
    find: (prefix: string) =>
      [...kept].flatMap(([key, json]) => (key.startsWith(prefix) ? [[key, JSON.parse(json) as unknown] as const] : [])),
    set: (key: string, value: unknown): void => {
      if (value === undefined) kept.delete(key);
      else kept.set(key, JSON.stringify(value));
    },
  };
}

function book(clock = new FakeClock(), hash: { hash?: Hash } = { hash: quickHash }) {
  const codes = new CodeBook({ clock, ...hash });
  const word = ({ refused }: Redeemed) => refused ?? "opens";
  const typed = async (code: string, who = "6001", proven = true) =>
    word(await codes.redeem("front", { who, proven }, code));
  return { clock, codes, try: typed };
}

const fault = async (wish: object, codes = book().codes): Promise<string> => {
  const error: unknown = await codes.create("front", wish as CodeSettings).then(
    () => "taken",
    (e: unknown) => e,
  );
  assert.ok(error instanceof Error, String(error));
  return error.message;
};

describe("Door codes", () => {
  it("take the place of the one of their name where that is wished, and of none where they cannot be made", async () => {
    const { codes, try: typed } = book();
    await codes.create("front", { name: "Anna", code: "258036" });
    await codes.create("front", { name: "courier", code: "4711" });
    await assert.rejects(codes.create("front", { name: "courier", code: "258036" }, true), /under another name/);
    assert.equal(await typed("4711"), "opens", "the old one is there still");
    await codes.create("front", { name: "courier", code: "4711", uses: 1 }, true);
    await codes.create("front", { name: "courier", code: "4712" }, true);
    assert.deepEqual([await typed("4711"), await typed("4712"), codes.list().length], ["wrong-code", "opens", 2]);
    for (let n = codes.list().length; n < mostCodes; n++) await codes.create("front", { name: `n${n}`, length: 10 });
    await codes.create("front", { name: "courier", code: "4713" }, true);
    assert.equal(codes.list().length, mostCodes);
  });

  it("are made up or chosen, told once, and kept as salted hashes only", async () => {
    const store = shelf();
    const { codes, try: typed } = book(new FakeClock(), {});
    codes.keepIn(store);
    const anna = await codes.create("front", { name: "Anna", code: "258036" });
    const courier = await codes.create("front", { name: "courier", length: 8, uses: 1, hours: 4 });
    assert.match(courier.code, /^[0-9]{8}$/);
    assert.equal(courier.validUntil, "2026-01-01T04:00:00.000Z");
    const told = JSON.stringify([codes.list(), [...store.kept]]);
    for (const { code } of [anna, courier]) assert.ok(!told.includes(code), "a code is shown");
    assert.deepEqual(
      codes.list().map(({ name, uses }) => [name, uses]),
      [
        ["Anna", undefined],
        ["courier", 1],
      ],
    );
    // By scrypt (RFC 7914), which takes its time.
    assert.equal(await typed("258036"), "opens");
    assert.equal(await typed("258037"), "wrong-code");
  });

  it("open so often only, and again where the door did not", async () => {
    const { clock, codes, try: typed } = book();
    const { code } = await codes.create("front", { name: "courier", uses: 1 });
    assert.deepEqual([await typed(code), await typed(code)], ["opens", "not-now"]);
    const [used] = codes.list();
    assert.deepEqual([used?.uses, used?.used], [0, 1]);
    if (used) codes.giveBack(used);
    const both = await Promise.all([typed(code, "6001"), typed(code, "keypad")]);
    assert.deepEqual(both.sort(), ["not-now", "opens"], "of two at once it is one");
    assert.equal(codes.list()[0]?.usedAt, "2026-01-01T00:00:00.000Z");
    await clock.advance(1);
    await codes.create("front", { name: "courier", uses: 1 }, true);
    if (used) codes.giveBack(used);
    assert.equal(codes.list()[0]?.uses, 1, "one that was made anew meanwhile gets nothing back");
    const anew = await codes.create("front", { name: "once", uses: 1 });
    await typed(anew.code);
    assert.equal((await codes.create("front", { name: "once" })).name, "once", "a name that is used up is free");
  });

  it("open within their times only, at their own door", async () => {
    const start = new Date(2026, 0, 7, 12).getTime();
    const { clock, codes, try: typed } = book(new FakeClock(start));
    await codes.create("front", { name: "cleaner", code: "1111", days: ["wed"], from: "12:00", to: "13:00" });
    await codes.create("front", { name: "guest", code: "2222", validFrom: "2026-01-08", validUntil: "2026-01-09" });
    await codes.create("back", { name: "back", code: "3333" });
    assert.deepEqual(
      [await typed("1111"), await typed("2222"), await typed("3333")],
      ["opens", "not-now", "wrong-code"],
    );
    await clock.advance(3_600_000);
    assert.equal(await typed("1111"), "not-now");
    await clock.advance(11 * 3_600_000);
    assert.equal(await typed("2222"), "opens");
    await clock.advance(48 * 3_600_000);
    assert.equal(await typed("2222"), "not-now");
    await clock.advance(8 * 86_400_000);
    codes.list();
    await clock.advance(86_400_000);
    assert.deepEqual(
      codes.list("front").map(({ name }) => name),
      ["cleaner"],
      "what is over is shown for a week",
    );
  });

  it("are there still when a clock that leapt ahead has been set back, also after a restart meanwhile", async () => {
    const store = shelf();
    const { clock, codes, try: typed } = book();
    codes.keepIn(store);
    await codes.create("front", { name: "guest", code: "2222", hours: 4 });
    const today = clock.now();
    clock.set(Date.parse("2036-02-07T06:28:16Z"));
    assert.deepEqual([codes.list().length, await typed("2222")], [1, "not-now"]);
    const after = book(clock);
    after.codes.keepIn(store);
    await clock.advance(3_600_000);
    assert.equal(after.codes.list().length, 1);
    clock.set(today + 3_600_000);
    assert.equal(await after.try("2222"), "opens");
  });

  it("that are over make room at once where there are as many as a door can have", async () => {
    const { clock, codes } = book();
    for (let n = 0; n < mostCodes; n++)
      await codes.create("front", { name: `n${n}`, length: 10, ...(n < 2 && { uses: 1, hours: 1 }) });
    await clock.advance(8 * 86_400_000);
    await codes.create("front", { name: "one more" });
    assert.equal(codes.list().length, mostCodes - 1);
  });

  it("are locked for who types wrong ones, longer each time, and for nobody else", async () => {
    const { clock, codes, try: typed } = book();
    await codes.create("front", { name: "Anna", code: "258036" });
    for (let i = 0; i < freeTries; i++) assert.equal(await typed("0000"), "wrong-code");
    assert.equal(await typed("258036"), "locked-out", "the right one does not help now");
    assert.equal(await typed("258036", "6002"), "opens");
    const elsewhere = await codes.redeem("back", { who: "6001", proven: true }, "258036");
    assert.equal(elsewhere.refused, "wrong-code", "at another door one begins anew");
    for (const [at, seconds] of [60, 120, 240, 480, 960, 1920, 3600, 3600].entries()) {
      await clock.advance((seconds - 1) * 1000);
      assert.equal(await typed("258036"), "locked-out", `${seconds} s`);
      await clock.advance(1000);
      if (at < 7) assert.equal(await typed("0000"), "wrong-code");
    }
    assert.equal(await typed("258036"), "opens");
    for (let i = 1; i < freeTries; i++)
      assert.equal(await typed("0000"), "wrong-code", "after a right one all begins anew");
    assert.equal(await typed("258036"), "opens");
  });

  it("cannot be tried faster by many at once, nor with a code that is over in between", async () => {
    const { clock, codes, try: typed } = book();
    await codes.create("front", { name: "Anna", code: "258036" });
    const tried = await Promise.all(Array.from({ length: 50 }, (_, i) => typed(String(1000 + i))));
    assert.deepEqual(
      [tried.filter((word) => word === "wrong-code").length, await typed("258036")],
      [freeTries, "locked-out"],
    );
    await codes.create("front", { name: "old", code: "9999", hours: 1 });
    await clock.advance(2 * 3_600_000);
    const words: string[] = [];
    for (let i = 0; i < 3; i++) words.push(await typed("0000", "6002"), await typed("9999", "6002"));
    assert.deepEqual(words, ["wrong-code", "not-now", "wrong-code", "not-now", "wrong-code", "locked-out"]);
  });

  it("stay locked for who has typed a wrong one, though the try before it turns out to be no guess", () => {
    const lockOut = new LockOut(new FakeClock());
    const place = { door: "front", who: "6001", proven: true };
    for (let i = 1; i < freeTries; i++) lockOut.begins(place);
    const known = lockOut.begins(place);
    lockOut.begins(place);
    known.wasKnown();
    assert.deepEqual(lockOut.waits(place), { ms: 120_000, door: false });
  });

  it("are not found by places that are made up: the door counts them all, and phones of the house go on", async () => {
    const { clock, codes, try: typed } = book();
    await codes.create("front", { name: "Anna", code: "258036" });
    const guesses = (from: number, many: number) =>
      Promise.all(Array.from({ length: many }, (_, i) => typed(String(1000 + i), `guest ${from + i}`, false)));
    const words = [...(await guesses(0, 30)), ...(await guesses(30, 70))];
    assert.equal(words.filter((word) => word === "wrong-code").length, doorTries);
    const { refused, reason } = (await codes.redeem("front", { who: "guest", proven: false }, "258036")) as {
      [name: string]: string;
    };
    assert.equal(refused, "locked-out");
    assert.equal(
      reason,
      "too many wrong codes for this door: type it at a phone of the house or at the door, or try again in 900 s",
    );
    assert.deepEqual([await typed("258036", "6001"), await typed("258036", "guest 0", true)], ["opens", "opens"]);
    assert.equal(await typed("258036", "guest"), "opens", "a name of that kind is nobody's who proves it");
    await clock.advance(doorMs);
    assert.deepEqual(
      (await guesses(100, 5)).filter((word) => word === "wrong-code").length,
      1,
      "one for a quarter of an hour; what was right took none away and gave none back",
    );
    await clock.advance(doorMs * doorTries);
    assert.equal(await typed("258036", "guest", false), "opens");
  });

  it("are not found by who has one and types it between guesses", async () => {
    for (const proven of [true, false]) {
      const { clock, codes, try: typed } = book();
      await codes.create("front", { name: "Anna", code: "258036" });
      let wrong = 0;
      for (let minute = 0; minute < 24 * 60; minute += 5) {
        for (let i = 1; i < freeTries; i++)
          if ((await typed(String(1000 + i), "6001", proven)) === "wrong-code") wrong++;
        await typed("258036", "6001", proven);
        await clock.advance(5 * 60_000);
      }
      assert.ok(wrong >= doorTries && wrong <= doorTries + 96, `${wrong} guesses in a day`);
    }
  });

  it("outlive a restart with their uses, and what is no code is dropped", async () => {
    const first = shelf();
    const before = book();
    before.codes.keepIn(first);
    const { code } = await before.codes.create("front", { name: "courier", uses: 2 });
    await before.try(code);
    const store = shelf([...first.kept, ["code/front/x", '{"door":"front","name":"x","hash":"00"}']]);
    const after = book();
    after.codes.keepIn(store);
    assert.deepEqual([await after.try(code), await after.try(code)], ["opens", "not-now"]);
    assert.ok(!store.kept.has("code/front/x"));
    assert.deepEqual(
      after.codes.revoke("front").map(({ name }) => name),
      ["courier"],
    );
    assert.deepEqual([after.codes.list(), [...store.kept.keys()]], [[], ["salt/front"]]);
  });

  it("are refused with a sentence that never holds one", async () => {
    const { codes } = book();
    await codes.create("front", { name: "Anna", code: "258036" });
    assert.match(await fault({ name: "Anna" }, codes), /there is a code "Anna" for this door already/);
    assert.match(await fault({ name: "Bert", code: "258036" }, codes), /these digits open this door already/);
    assert.match(await fault({}), /name is missing/);
    const short = await fault({ name: "x", code: "987" });
    assert.match(short, /code: code has the wrong form$/);
    assert.match(await fault({ name: "x", uses: 0 }), /uses must be >= 1/);
    assert.match(await fault({ name: "x", from: "8:00", to: "8:00" }), /from and to are both 8:00/);
    assert.match(await fault({ name: "x", validUntil: "2026-02-31T99:00" }), /validUntil is no date/);
    for (let i = 1; i < mostCodes; i++) await codes.create("front", { name: `${i}` });
    assert.match(await fault({ name: "one more" }, codes), /there are 200 codes for this door already/);
  });
});
