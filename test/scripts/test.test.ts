import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { findProgram, isDebian } from "../../scripts/peers.ts";
import { plan, slowest, summary, type Result } from "../../scripts/test.ts";
import { run } from "../support/processes.ts";

function inFolder(files: readonly string[], run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "tests-"));
  try {
    for (const file of files) {
      mkdirSync(join(folder, file, ".."), { recursive: true });
      writeFileSync(join(folder, file), "");
    }
    run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs files of these texts in a lane of their own; those of an object share a process. */
async function runOf(texts: readonly Record<string, string>[], limits?: object) {
  const folder = mkdtempSync(join(tmpdir(), "tests-"));
  try {
    const groups = texts.map((together) =>
      Object.entries(together).map(([name, text]) => {
        const path = join(folder, `${name}.test.mjs`);
        writeFileSync(path, text);
        return path;
      }),
    );
    const script = `
      import { runPlan } from ${JSON.stringify(new URL("../../scripts/test.ts", import.meta.url).href)};
      const plan = ${JSON.stringify({ lanes: [[]], others: groups })};
      console.log(JSON.stringify(await runPlan(plan, undefined, ${JSON.stringify(limits)})));`;
    writeFileSync(join(folder, "run.mjs"), script);
    const { output } = await run(process.execPath, [join(folder, "run.mjs")]);
    return { output, groups, result: JSON.parse(output.split("\n").at(-1) ?? "") as Result };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("npm test", () => {
  const files = [
    "test/sip/uri.test.ts",
    "test/peers/sipp.test.ts",
    "test/editor/page.test.ts",
    "test/support/clock.ts",
  ];

  it("runs what has a browser beside what has a peer and the others, the longest first", () => {
    inFolder([...files, "test/visit/walk.test.ts"], (folder) =>
      assert.deepEqual(plan([], folder), {
        lanes: [[["test/editor/page.test.ts"]], [["test/peers/sipp.test.ts"]], []],
        others: [["test/visit/walk.test.ts"], ["test/sip/uri.test.ts"]],
      }),
    );
  });

  it("runs a part by folder or file", () => {
    inFolder(files, (folder) => {
      assert.deepEqual(plan(["test/peers"], folder), { lanes: [[], [["test/peers/sipp.test.ts"]], []], others: [] });
      assert.deepEqual(plan(["./test/sip/uri.test.ts"], folder), {
        lanes: [[], [], []],
        others: [["test/sip/uri.test.ts"]],
      });
    });
  });

  it("has those that compute share a process by their folder, but what takes long", () => {
    const more = [
      "test/visit/walk.test.ts",
      "test/visit/a.test.ts",
      "test/visit/talk/b.test.ts",
      "test/c.test.ts",
      "test/f.test.ts",
    ];
    inFolder([...files, ...more, "test/sip/auth/d.test.ts", "test/sip/e.test.ts"], (folder) =>
      assert.deepEqual(plan([], folder, 2).others, [
        ["test/visit/walk.test.ts"],
        ["test/c.test.ts", "test/f.test.ts"],
        ["test/sip/auth/d.test.ts", "test/sip/e.test.ts"],
        ["test/sip/uri.test.ts"],
        ["test/visit/a.test.ts", "test/visit/talk/b.test.ts"],
      ]),
    );
  });

  it("says so when there is nothing to run, instead of passing", () => {
    inFolder(files, (folder) => {
      assert.throws(() => plan(["test/spi"], folder), /There is no test\/spi to test/);
      assert.throws(() => plan(["test/support"], folder), /no \*\.test\.ts files in test\/support/);
    });
  });

  it("ends a file that hangs, says why, and runs the others", async () => {
    const test = 'import { it } from "node:test"; it("does what it should", () => {});';
    const { output, result, groups } = await runOf(
      [{ open: `${test} setInterval(() => {}, 1000);` }, { whole: test }],
      { silenceMs: 60_000, leftOpenMs: 300 },
    );
    assert.match(output, /Nothing has happened for 0\.3 s: its tests are over, but something is left open\./);
    assert.deepEqual(result.totals, { tests: 3, passed: 2, failed: 1, skipped: 0, todo: 0 });
    assert.equal(result.took.length, groups.length);
  });

  it("keeps files apart that share a process, and tells of one that cannot be loaded", async () => {
    const from = 'import { afterEach, beforeEach, it } from "node:test"; import assert from "node:assert";';
    const counts = `let count = 0; beforeEach(() => count++); afterEach(() => count++);`;
    const tests = 'it("first", () => assert.equal(count, 1)); it("then", () => assert.equal(count, 3));';
    const whole = `${from} ${counts} ${tests}`;
    const { output, result, groups } = await runOf([{ one: whole, broken: "nothing();", two: whole }]);
    assert.match(output, /nothing is not defined/);
    assert.equal(result.success, false);
    assert.deepEqual(result.totals, { tests: 4, passed: 4, failed: 0, skipped: 0, todo: 0 });
    assert.deepEqual(
      result.took.map(({ file }) => file),
      [`${groups[0]?.[0] ?? ""} and 2 more`],
    );
  });

  it("names the files that took longest", () => {
    const took = [900, 61_000, 3_400].map((ms, nth) => ({ file: `${nth}.test.ts`, ms }));
    assert.equal(slowest(took), "1.test.ts 61 s, 2.test.ts 3 s, 0.test.ts 1 s");
  });

  it("ends with the totals in one line", () => {
    const text = summary({ tests: 12, passed: 9, failed: 2, skipped: 1, todo: 0 }, 1234);
    assert.match(text, /^ℹ tests 12\n[^]*\nℹ duration 1\.2 s\n9 passed, 2 failed, 1 skipped$/);
  });
});

describe("The peers", () => {
  it("are found as executable files only", () => {
    inFolder(["bin/sipp", "other/sipp"], (folder) => {
      chmodSync(join(folder, "bin/sipp"), 0o644);
      chmodSync(join(folder, "other/sipp"), 0o755);
      assert.equal(findProgram("sipp", [join(folder, "bin"), join(folder, "other")]), join(folder, "other/sipp"));
      assert.equal(findProgram("sipp", [join(folder, "bin")]), undefined);
    });
  });

  it("are installed on Debian and its children, as os-release(5) tells", () => {
    assert.equal(isDebian('PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n'), true);
    assert.equal(isDebian("ID=ubuntu\nID_LIKE=debian\n"), true);
    assert.equal(isDebian('ID=alpine\nHOME_URL="https://example.org/not-debian"\n'), false);
  });
});
