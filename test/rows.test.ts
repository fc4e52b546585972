// Every row of the ways to answer a bell, H4 to H20, is named by a test, so that none is forgotten when tests move.
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
  const rows = Array.from({ length: 17 }, (_, nth) => `H${nth + 4}`);

  for (const row of rows)
    it(`${row} is named by a test on the simulated clock`, () => {
      const naming = tested.filter((one) => one.names.some((name) => new RegExp(`\\b${row}\\b`).test(name)));
      const onTheClock = naming.filter(({ file }) => /^test[\\/](visit|sip)[\\/]/.test(file));
      assert.ok(onTheClock.length > 0, `named in ${naming.map(({ file }) => file).join(", ") || "no test"}`);
    });
});
