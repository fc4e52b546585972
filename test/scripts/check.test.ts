import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dependencyProblems, lengthOf, secretProblems } from "../../scripts/house-rules.ts";
import { judge } from "../../scripts/score-card.ts";

const pack = (count: number) => ({
  name: "p",
  version: "1.0.0",
  dependencies: Object.fromEntries(Array.from({ length: count }, (_, i) => [`d${i}`, "1"])),
  "node-red": { nodes: {} },
});

describe("The rules of the house", () => {
  it("allow six run-time dependencies, not seven", () => {
    assert.deepEqual(dependencyProblems(pack(6), { packages: {} }), []);
    assert.match(dependencyProblems(pack(7), { packages: {} }).join(), /7 run-time dependencies/);
  });

  it("allow an install script to a development dependency only, however deep it lies", () => {
    const packages = {
      "": { hasInstallScript: true },
      "node_modules/esbuild": { dev: true, hasInstallScript: true },
      "node_modules/d0/node_modules/native": { hasInstallScript: true },
    };
    assert.deepEqual(dependencyProblems(pack(1), { packages }), [
      "node_modules/d0/node_modules/native is installed with the package and runs an install script: do without it.",
    ]);
  });

  it("find secrets, registries and paths of one machine, by file and line", () => {
    // Put together here, or this file would break the rules itself.
    const lines = [
      ["-----BEGIN PRIVATE", " KEY-----\nabc"],
      ["npm", `_${"a".repeat(36)}`],
      ["//x/:_auth", "Token=abc"],
      ["https://registry.", "npmjs.org/mqtt"],
      ["/work", "/main/src"],
    ];
    for (const parts of lines)
      assert.match(secretProblems("a.md", `fine\n${parts.join("")}\n`).join(), /^a\.md:2 holds [^,]+: take it out\.$/);
    assert.deepEqual(secretProblems("test/fixtures/tls/camera.key", (lines[0] ?? []).join("")), []);
    assert.deepEqual(secretProblems("a.md", "https://user@example.org ../shared.ts\n"), []);
  });

  it("warn from 301 lines on and refuse from 401 on", () => {
    const file = (lines: number) => lengthOf("src/a.ts", "x\n".repeat(lines));
    assert.deepEqual(file(300), { problems: [], warnings: [] });
    assert.equal(file(301).warnings.length, 1);
    assert.deepEqual(file(400).problems, []);
    assert.deepEqual(file(401).problems, ["src/a.ts has 401 lines: at most 400, divide it."]);
  });
});

describe("The score card", () => {
  const good = Object.fromEntries(["P01", "P03", "P04", "P06", "P07", "D01", "N02"].map((n) => [n, { test: true }]));

  it("passes what node-red-dev passes", () => {
    assert.deepEqual(judge(good, ["bell"]), { problems: [], warnings: [] });
  });

  it("names what it refuses, and only notes what publication decides", () => {
    const { problems, warnings } = judge({ ...good, N02: { test: false }, P03: { test: false } }, ["bell"]);
    assert.deepEqual(problems, ["node-red-dev N02: not every node is used by an example in examples/."]);
    assert.equal(warnings.length, 1);
  });

  it("does not take an unfinished card for a good one", () => {
    const { D01: _, ...unfinished } = good;
    assert.match(judge(unfinished, ["bell"]).problems.join(), /did not come to D01/);
  });
});
