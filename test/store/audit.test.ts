import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { PorteroError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import { Audit, type AuditEntry } from "../../src/store/audit.ts";
import { FakeClock } from "../support/clock.ts";

const day = 86_400_000;
let folder: string;
let clock: FakeClock;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "portero-audit-"));
  clock = new FakeClock(Date.parse("2026-01-01T10:00:00Z"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const opened = (options = { days: 3, megabytes: 1 }) => Audit.open(folder, { clock }, options);
const entry = (n: number): AuditEntry => ({ ts: clock.now(), kind: "opening", door: "front", n });
const numbers = (entries: readonly AuditEntry[]) => entries.map((e) => e["n"]);
const dayFiles = () => readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
const pictures = (date: string) => readdirSync(join(folder, "pictures", date));
const refused = (code: string) => (error: unknown) => error instanceof PorteroError && error.code === code;

describe("X6, X12 the audit", () => {
  it("writes a line and its picture, for nobody else to read", async () => {
    const audit = await opened();
    await audit.append(entry(1), Buffer.from("jpeg"));
    const [line = "", rest] = readFileSync(join(folder, "2026-01-01.jsonl"), "utf8").split("\n");
    const { picture, ...kept } = JSON.parse(line) as { picture: string };
    assert.deepEqual([kept, rest], [entry(1), ""]);
    assert.match(picture, /^pictures\/2026-01-01\/100000-[0-9a-f]{8}\.jpg$/);
    assert.equal(readFileSync(join(folder, picture), "utf8"), "jpeg");
    if (process.platform !== "win32")
      for (const place of ["pictures", "pictures/2026-01-01", "2026-01-01.jsonl", picture])
        assert.equal(statSync(join(folder, place)).mode & 0o077, 0, place);
    await audit.close();
    assert.equal(clock.pending, 0);
  });

  it("keeps the order of entries that are appended at once, and what they were at the call", async () => {
    const audit = await opened();
    const changing = { ts: 1, n: 0 };
    const done = [audit.append(changing), ...[1, 2, 3].map((n) => audit.append(entry(n), Buffer.from("x")))];
    changing.n = 99;
    await Promise.all(done);
    assert.deepEqual(numbers(await audit.recent(10)), [3, 2, 1, 0]);
    await audit.close();
  });

  it("gives the newest first, over days and restarts, and not more than asked", async () => {
    const first = await opened();
    await first.append(entry(1));
    await clock.advance(day);
    await first.append(entry(2));
    await first.close();
    const second = await opened();
    await second.append(entry(3));
    assert.deepEqual(dayFiles(), ["2026-01-01.jsonl", "2026-01-02.jsonl"]);
    assert.deepEqual(numbers(await second.recent(10)), [3, 2, 1]);
    assert.deepEqual(numbers(await second.recent(2)), [3, 2]);
    assert.deepEqual(await second.recent(0), []);
    await second.close();
  });

  it("gives those that are wanted, and their pictures; no file that an altered line names", async () => {
    const audit = await opened();
    for (const n of [1, 2, 3]) await audit.append(entry(n), Buffer.from(`jpeg ${n}`));
    const [found, ...more] = await audit.recent(10, ({ n }) => n === 2);
    assert.deepEqual([numbers(found ? [found] : []), more], [[2], []]);
    assert.equal(String(await audit.picture(found ?? { ts: 0 })), "jpeg 2");
    assert.equal(await audit.picture({ ts: 0 }), undefined);
    writeFileSync(join(folder, "key.jpg"), "of somebody else");
    for (const picture of ["pictures/2026-01-01/../../key.jpg", "key.jpg", join(folder, "key.jpg")])
      assert.equal(await audit.picture({ ts: 0, picture }), undefined, picture);
    await audit.close();
  });

  it("loses only the line that a crash tore", async () => {
    const before = await opened();
    await before.append(entry(1));
    await before.close();
    appendFileSync(join(folder, "2026-01-01.jsonl"), '{"ts":17,"kind":"open');
    const after = await opened();
    assert.deepEqual(numbers(await after.recent(10)), [1]);
    await after.append(entry(2));
    await after.append(entry(3));
    assert.deepEqual(numbers(await after.recent(10)), [3, 2, 1]);
    await after.close();
  });

  it("skips lines that are JSON but no entry", async () => {
    writeFileSync(join(folder, "2026-01-01.jsonl"), '5\nnull\n{"kind":"x"}\n[]\n{"ts":1,"n":7}\n');
    const audit = await opened();
    assert.deepEqual(numbers(await audit.recent(10)), [7]);
    await audit.close();
  });

  it("P7 writes a Secret as ***", async () => {
    const audit = await opened();
    await audit.append({ ...entry(1), code: new Secret("9876") });
    assert.equal((await audit.recent(1))[0]?.["code"], "***");
    await audit.close();
  });

  it("writes the line even where its picture cannot be kept", async () => {
    const audit = await opened();
    await audit.append(entry(1));
    rmSync(join(folder, "pictures"), { recursive: true });
    await audit.append(entry(2), Buffer.from("jpeg"));
    const [kept] = await audit.recent(1);
    assert.deepEqual([kept?.["n"], kept?.picture], [2, undefined]);
    await audit.close();
  });

  it("refuses what is no JSON, what comes after its end, and settings or folders that keep nothing", async () => {
    const audit = await opened();
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    await assert.rejects(audit.append({ ts: 1, circle }), refused("invalid"));
    await audit.append(entry(1));
    await audit.close();
    await assert.rejects(audit.append(entry(2)), refused("closed"));
    await assert.rejects(opened({ days: 0, megabytes: 1 }), /audit: days must be more than 0/);
    writeFileSync(join(folder, "file"), "");
    const inFile = Audit.open(join(folder, "file"), { clock }, { days: 1, megabytes: 1 });
    await assert.rejects(inFile, refused("no-folder"));
  });

  it("says that the disk does not take an entry, and goes on when it does again", async () => {
    const audit = await opened();
    await audit.append(entry(1));
    await clock.advance(day);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "in the way");
    await assert.rejects(audit.append(entry(2)), refused("disk"));
    rmSync(folder);
    await audit.append(entry(3), Buffer.from("jpeg"));
    assert.deepEqual(numbers(await audit.recent(9)), [3]);
    await audit.close();
  });
});

describe("X12 the audit's limits", () => {
  it("keep so many days, today included, with their pictures", async () => {
    const audit = await opened({ days: 2, megabytes: 1 });
    for (let n = 1; n <= 3; n++) {
      await audit.append(entry(n), Buffer.from("jpeg"));
      await clock.advance(day);
    }
    await audit.append(entry(4));
    assert.deepEqual(dayFiles(), ["2026-01-03.jsonl", "2026-01-04.jsonl"]);
    assert.deepEqual(readdirSync(join(folder, "pictures")), ["2026-01-03", "2026-01-04"]);
    await audit.close();
  });

  it("hold without a new entry too: pictures of visitors do not outlast their days", async () => {
    const audit = await opened({ days: 1, megabytes: 1 });
    await audit.append(entry(1), Buffer.from("jpeg"));
    await clock.advance(day);
    assert.deepEqual(await audit.recent(1), []);
    assert.deepEqual(readdirSync(join(folder, "pictures")), []);
    await audit.close();
  });

  it("do not hold for a clock that has leapt before it has run on for a day, nor against one that is set back", async () => {
    const audit = await opened();
    await audit.append(entry(1), Buffer.from("jpeg"));
    await clock.advance(day);
    await audit.recent(1);
    await audit.close();
    clock.set(Date.parse("2070-01-01T00:00:00Z"));
    const again = await opened();
    await again.append(entry(2));
    await clock.advance(day - 3_600_000);
    assert.deepEqual(numbers(await again.recent(9)), [2, 1]);
    clock.set(Date.parse("1970-01-01T00:00:00Z"));
    await clock.advance(3_600_000);
    await again.recent(1);
    clock.set(Date.parse("2026-01-03T20:00:00Z"));
    await clock.advance(day);
    assert.deepEqual(numbers(await again.recent(9)), [2]);
    await again.close();
  });

  it("let the oldest pictures go first, and no line of today", async () => {
    const audit = await opened({ days: 9, megabytes: 0.1 });
    await audit.append(entry(0));
    await clock.advance(day);
    for (let n = 1; n <= 6; n++) {
      await audit.append(entry(n), Buffer.alloc(25_000, n));
      await clock.advance(1000);
    }
    const kept = pictures("2026-01-02").map((name) => name.slice(0, 6));
    assert.deepEqual(kept, ["100003", "100004", "100005"]);
    assert.deepEqual(numbers(await audit.recent(9)), [6, 5, 4, 3, 2, 1, 0], "no line goes while there are pictures");
    await audit.close();
  });

  it("then the lines of the oldest days", async () => {
    const audit = await opened({ days: 9, megabytes: 0.01 });
    for (let n = 1; n <= 3; n++) {
      await audit.append({ ...entry(n), text: "x".repeat(4_000) });
      await clock.advance(day);
    }
    await audit.append({ ...entry(4), text: "x".repeat(9_500) });
    assert.deepEqual(dayFiles(), ["2026-01-04.jsonl"]);
    await audit.close();
  });
});
