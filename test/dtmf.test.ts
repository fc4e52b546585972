// How a row of digits is sent: the ways that are tried, the times between, and when to stop.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDigits, sendDigits, usualTiming, type DtmfWay, type SendDigit } from "../src/dtmf.ts";
import { FakeClock } from "./support/clock.ts";

/** Somebody who answers each digit with the next of `answers`, 200 when there is none left. */
function device(clock: FakeClock, ...answers: number[]) {
  const began = clock.now();
  const got: [way: DtmfWay, digit: string, at: number][] = [];
  const send: SendDigit = async (way, digit, { durationMs, gapMs }) => {
    got.push([way, digit, clock.now() - began]);
    if (way === "rfc4733" || way === "inband") await clock.sleep(durationMs + gapMs);
    return answers.shift() ?? 200;
  };
  const dial = async (digits: string, ways: readonly DtmfWay[], timing = usualTiming) => {
    const sent = sendDigits(clock, digits, ways, timing, send);
    await clock.advance(60_000);
    return sent;
  };
  return { got, dial };
}

describe("H15 a row of digits", () => {
  it("goes out one after the other, with their length, the gap, and half a second for each comma", async () => {
    for (const way of ["rfc4733", "info", "inband"] as const) {
      const clock = new FakeClock();
      const { got, dial } = device(clock);
      const sent = await dial("1,,2b", [way], { durationMs: 80, gapMs: 50 });
      assert.deepEqual(sent, { way, status: 200, taken: 3 });
      assert.deepEqual(got, [
        [way, "1", 0],
        [way, "2", 1130],
        [way, "B", 1260],
      ]);
      assert.equal(clock.pending, 0);
    }
  });

  it("finds the way with its first digit, and stays with it", async () => {
    const { got, dial } = device(new FakeClock(), 415, 501, 200, 415);
    const sent = await dial("12", ["info", "info-dtmf", "inband"]);
    assert.deepEqual(
      got.map(([way, digit]) => way + digit),
      ["info1", "info-dtmf1", "inband1", "inband2"],
    );
    assert.deepEqual(sent, { way: "inband", status: 415, taken: 1 });
  });

  it("does not try another way where the first may have worked: a time-out, a refusal of another kind", async () => {
    for (const status of [408, 481, 500, 603]) {
      const { got, dial } = device(new FakeClock(), status);
      assert.deepEqual(await dial("1", ["info", "inband"]), { way: "info", status, taken: 0 });
      assert.equal(got.length, 1);
    }
  });

  it("says so where there is no way", async () => {
    const { dial } = device(new FakeClock());
    assert.deepEqual(await dial("1", []), { way: undefined, status: 488, taken: 0 });
  });

  it("is of the sixteen keys and commas, and not of commas only", () => {
    for (const text of ["0", "1234", "*#", "abcd", ",1", "1,"]) assert.ok(isDigits(text), text);
    for (const text of ["", ",", "1 2", "E", "1\n", "+1"]) assert.ok(!isDigits(text), JSON.stringify(text));
  });
});
