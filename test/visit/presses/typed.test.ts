import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CodeBook } from "../../../src/door/codes.ts";
import { keys as allKeys } from "../../../src/dtmf.ts";
import { Typed } from "../../../src/visit/presses/typed.ts";
import { quickHash } from "../../door/quick-hash.ts";
import { Random } from "../../sip/random.ts";
import { FakeClock } from "../../support/clock.ts";

/** What becomes of keys; a space is a long pause. In brackets what is secret. */
async function typed(keys: string, codes = true): Promise<{ heard: string[]; told: string }> {
  const clock = new FakeClock();
  const heard: string[] = [];
  const hooks = {
    ...{
      keys: new Map([
        ["5", undefined],
        ["#7", "gate"],
      ] as const),
      codes,
    },
    opens: (relay: string | undefined) => void heard.push(`opens ${relay ?? "door"}`),
    code: (code: string, relay: number | undefined) => void heard.push(`code ${code} ${relay ?? ""}`.trim()),
  };
  const party = new Typed(clock, hooks);
  let told = "";
  for (const key of keys) {
    if (key === " ") await clock.advance(9_000);
    else if (!party.press(key)) told += key;
  }
  return { heard, told };
}

describe("Keys that open", () => {
  for (const [keys, heard, told] of [
    ["5", ["opens door"], "5"],
    ["15", ["opens door"], "15"],
    ["#7", ["opens gate"], "#7"],
    ["# 7", [], "#7"],
    ["*2580#", ["code 2580"], ""],
    ["*2580*2#", ["code 2580 2"], ""],
    ["1*2580#5", ["code 2580", "opens door"], "15"],
    // A code holds the opening key, and opens by it no more.
    ["*5555#", ["code 5555"], ""],
    // Begun anew.
    ["*25*2580#", ["code 2580"], ""],
    ["*2580*2580#", [], ""],
    // Too short, too long, a letter, no end, left alone.
    ["*258#", [], ""],
    ["*12345678901#", [], ""],
    ["*12345678901234567890#", [], ""],
    ["*25A80#", [], ""],
    ["*2580 1", [], "1"],
    ["*2580 #", [], "#"],
    ["*2580*0#", [], ""],
  ] as const)
    it(`${keys} ${heard.length > 0 ? heard.join(", ") : "opens nothing"}`, async () => {
      assert.deepEqual(await typed(keys), { heard, told });
    });

  it("are no codes where none are heard", async () => {
    assert.deepEqual(await typed("*2580#", false), { heard: ["opens door"], told: "*2580#" });
  });

  it("10,000 random rows of keys never open with a wrong code", async () => {
    const clock = new FakeClock();
    const codes = new CodeBook({ clock, hash: quickHash });
    const right = "2580";
    await codes.create("front", { name: "Anna", code: right });
    const random = new Random(20260107);
    const opened: string[] = [];
    let tried = 0;
    for (let row = 0; row < 10_000; row++) {
      const tries: Promise<void>[] = [];
      let keys = "";
      const party = new Typed(clock, {
        ...{ keys: new Map(), codes: true, opens: () => assert.fail("a key opened") },
        code: (code) => {
          tried++;
          const redeemed = codes.redeem("front", { who: `${row}`, proven: true }, code).then((found) => {
            if (found.refused === undefined) opened.push(keys);
          });
          tries.push(redeemed);
        },
      });
      // Mostly rows that look like codes, and near misses of the right one; now and then that one itself.
      const length = 3 + random.below(12);
      while (keys.length < length) {
        const kind = random.below(100);
        if (kind < 10) keys += "*";
        else if (kind < 20) keys += "#";
        else if (kind < 22) keys += `*${right}#`;
        else if (kind < 32) keys += `*${1000 + random.below(9000)}#`;
        else if (kind < 42) keys += `*${right}`.slice(0, 2 + random.below(4));
        else keys += kind < 90 ? String(random.below(10)) : (allKeys[random.below(allKeys.length)] ?? "");
      }
      for (const key of keys) party.press(key);
      await Promise.all(tries);
    }
    const wrong = opened.filter((keys) => !/\*2580(\*[1-9][0-9]?)?#/.test(keys));
    assert.deepEqual(wrong, []);
    assert.ok(opened.length > 100 && tried - opened.length > 1_000, `${opened.length} of ${tried} opened`);
  });
});
