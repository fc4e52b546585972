// Every row of the ways to answer a bell, H4 to H20, of the network, N1 to N9, and of what is new here, X1 to X12, is named by a
// test, so that none is forgotten when tests move.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { root } from "../scripts/repository.ts";
import { filesUnder } from "../scripts/stamp.ts";

/** What calls of `describe` and `it` name, without what stands in the tests themselves. */
const names = (text: string): string[] =>
  [...text.matchAll(/\b(?:describe|it)\(\s*(["'`])(.*?)\1/gs)].map(([, , name = ""]) => name);

describe("The rows of the requirements", () => {
  const files = filesUnder(root, "test").filter((file) => file.endsWith(".test.ts"));
  const tested = files.map((file) => ({ file, names: names(readFileSync(join(root, file), "utf8")) }));
  const rows = (letter: string, from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, nth) => `${letter}${from + nth}`);
  const namedBy = (row: string) =>
    tested.filter((one) => one.names.some((name) => new RegExp(`\\b${row}\\b`).test(name)));

  for (const row of [...rows("N", 1, 9), ...rows("X", 1, 12)])
    it(`${row} is named by a test`, () => assert.notDeepEqual(namedBy(row), []));

  for (const row of rows("H", 4, 20))
    it(`${row} is named by a test on the simulated clock`, () => {
      const naming = namedBy(row);
      const onTheClock = naming.filter(({ file }) => /^test[\\/](visit|sip)[\\/]/.test(file));
      assert.ok(onTheClock.length > 0, `named in ${naming.map(({ file }) => file).join(", ") || "no test"}`);
    });
});
