import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { findProgram, isDebian } from "../../scripts/peers.ts";
import { stages, summary } from "../../scripts/test.ts";

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

describe("npm test", () => {
  const files = [
    "test/sip/uri.test.ts",
    "test/peers/sipp.test.ts",
    "test/editor/page.test.ts",
    "test/support/clock.ts",
  ];

  it("runs what computes two at a time, then what watches real time: a browser's beside a peer's", () => {
    inFolder(files, (folder) =>
      assert.deepEqual(stages([], folder), [
        [{ files: ["test/sip/uri.test.ts"], concurrency: 2 }],
        [
          { files: ["test/editor/page.test.ts"], concurrency: 1 },
          { files: ["test/peers/sipp.test.ts"], concurrency: 1 },
        ],
      ]),
    );
  });

  it("runs a part by folder or file", () => {
    inFolder(files, (folder) => {
      assert.deepEqual(stages(["test/peers"], folder), [[{ files: ["test/peers/sipp.test.ts"], concurrency: 1 }]]);
      assert.deepEqual(stages(["./test/sip/uri.test.ts"], folder), [
        [{ files: ["test/sip/uri.test.ts"], concurrency: 2 }],
      ]);
    });
  });

  it("says so when there is nothing to run, instead of passing", () => {
    inFolder(files, (folder) => {
      assert.throws(() => stages(["test/spi"], folder), /There is no test\/spi to test/);
      assert.throws(() => stages(["test/support"], folder), /no \*\.test\.ts files in test\/support/);
    });
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
