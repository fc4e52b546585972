import assert from "node:assert/strict";
import {
  appendFile,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Journal } from "../../src/store/journal.ts";

let folder: string;
let said: string[];
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "portero-journal-")), "registrations");
  said = [];
});
afterEach(() => rm(join(folder, ".."), { recursive: true, force: true }));

const note = (text: string) => void said.push(text);
const log = { debug: note, info: note, warn: note, error: note };
const open = (limits = {}) => Journal.open(folder, { log, limits });
/** What a process that starts now finds. */
async function kept(): Promise<[key: string, value: unknown][]> {
  const journal = await open();
  await journal.close();
  return journal.find("");
}
const files = async () => (await readdir(folder)).sort();
const onlyFile = async () => {
  const [name = "", ...more] = await files();
  assert.deepEqual(more, []);
  return join(folder, name);
};

describe("what outlives the process", () => {
  it("is there again after a restart, as it was last set", async () => {
    const before = await open();
    before.set("contact/1", { uri: "sip:6001@10.0.0.5", cseq: 1 });
    before.set("contact/2", { uri: "sip:6002@10.0.0.6" });
    before.set("contact/1", { uri: "sip:6001@10.0.0.5", cseq: 2 });
    before.set("contact/2", undefined);
    before.set("dnd/6001", true);
    await before.close();
    const after = await open();
    assert.deepEqual(after.find("contact/"), [["contact/1", { uri: "sip:6001@10.0.0.5", cseq: 2 }]]);
    assert.deepEqual(after.find("dnd/"), [["dnd/6001", true]]);
    await after.close();
  });

  it("is in the file a moment after it was set, so that a kill takes nothing with it", async () => {
    const journal = await open();
    journal.set("a", 1);
    await journal.written();
    // Nothing is closed: this is what a killed process leaves.
    const next = await open();
    assert.deepEqual(next.find(""), [["a", 1]]);
    await Promise.all([journal.close(), next.close()]);
  });

  it("is whole but for its last line, where a crash tore that", async () => {
    const before = await open();
    before.set("a", "first");
    await before.written();
    before.set("b", "second");
    await before.close();
    const file = await onlyFile();
    await truncate(file, (await stat(file)).size - 5);
    const after = await open();
    assert.deepEqual(after.find(""), [["a", "first"]]);
    after.set("c", "third");
    await after.close();
    assert.deepEqual(await kept(), [
      ["a", "first"],
      ["c", "third"],
    ]);
  });

  it("passes over lines that are none", async () => {
    const before = await open();
    before.set("a", 1);
    await before.close();
    await appendFile(await onlyFile(), 'nonsense\n[]\nnull\n{"k":7}\n\u0000\n{"k":"b","v":2}\n');
    assert.deepEqual(await kept(), [
      ["a", 1],
      ["b", 2],
    ]);
  });

  it("is read from the file before, where the process died while it began a new one", async () => {
    const before = await open();
    before.set("a", 1);
    await before.close();
    await writeFile(join(folder, "99.jsonl"), '{"k":"half","v":1}\n');
    const after = await open();
    assert.deepEqual(after.find(""), [["a", 1]]);
    assert.deepEqual(await files(), ["100.jsonl"]);
    await after.close();
  });

  it("is nobody else's on this machine", async () => {
    const journal = await open();
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.equal((await stat(await onlyFile())).mode & 0o777, 0o600);
    await journal.close();
  });
});

describe("a file that does not grow for ever", () => {
  it("is written anew when much was appended, and holds the same", async () => {
    const journal = await open({ appended: 2000 });
    for (let n = 0; n < 500; n++) {
      journal.set(`contact/${n % 3}`, { n, uri: "sip:6001@192.168.100.100:5060" });
      if (n % 10 === 0) await journal.written();
    }
    await journal.close();
    assert.ok((await stat(await onlyFile())).size < 3000);
    assert.deepEqual((await kept()).map(([, value]) => (value as { n: number }).n).sort(), [497, 498, 499]);
  });

  it("takes no more keys than it may, and says so once", async () => {
    const journal = await open({ entries: 2 });
    for (const key of ["a", "b", "c", "d"]) journal.set(key, 1);
    journal.set("a", 2);
    await journal.close();
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /cannot be kept in .* 2 entries are kept already/);
    assert.deepEqual(await kept(), [
      ["a", 2],
      ["b", 1],
    ]);
  });

  it("takes no value that is too long", async () => {
    const journal = await open({ value: 100 });
    journal.set("a", "x".repeat(200));
    assert.deepEqual(journal.find(""), []);
    assert.match(said[0] ?? "", /a is too long/);
    await journal.close();
  });

  it("writes what came together in one go", async () => {
    const journal = await open();
    for (let n = 0; n < 1000; n++) journal.set(`k${n}`, n);
    await journal.written();
    assert.equal((await readFile(await onlyFile(), "utf8")).split("\n").length, 1002);
    await journal.close();
  });
});

describe("one writer", () => {
  it("is whoever came last; the other sees it and leaves the file alone", async () => {
    const old = await open();
    old.set("a", "old");
    await old.written();
    const young = await open();
    young.set("b", "young");
    await young.written();
    old.set("a", "late");
    await old.written();
    old.set("a", "later");
    await old.close();
    await young.close();
    assert.deepEqual(await kept(), [
      ["a", "old"],
      ["b", "young"],
    ]);
    assert.deepEqual(said.length, 1);
    assert.match(said[0] ?? "", /another process keeps what outlives a restart in/);
  });

  it("is one of two that open at the same time", async () => {
    const first = await open();
    first.set("a", 1);
    await first.close();
    const both = await Promise.all([open(), open()]);
    for (const journal of both) journal.set("b", 2);
    await Promise.all(both.map((journal) => journal.written()));
    assert.deepEqual(await kept(), [
      ["a", 1],
      ["b", 2],
    ]);
    await Promise.all(both.map((journal) => journal.close()));
  });
});

describe("a folder that cannot be used", () => {
  it("is named in a sentence", async () => {
    await writeFile(folder, "a file");
    await assert.rejects(open(), /the folder .*registrations cannot be written/);
  });

  it("gives what it holds though the disk is full or may only be read, and takes what changes once that is over", async () => {
    const before = await open();
    before.set("code/front/Anna", { hash: "x" });
    await before.close();
    let full = true;
    const after = await Journal.open(folder, {
      log,
      openFile: (path, flags, mode) =>
        full ? Promise.reject(new Error("ENOSPC: no space left on device")) : openFile(path, flags, mode),
    });
    assert.deepEqual(after.find("code/"), [["code/front/Anna", { hash: "x" }]]);
    assert.match(said.join(), /for a restart: ENOSPC/);
    after.set("a", 1);
    await after.written();
    full = false;
    after.set("b", 2);
    await after.close();
    assert.deepEqual(await kept(), [
      ["code/front/Anna", { hash: "x" }],
      ["a", 1],
      ["b", 2],
    ]);
    const none = Journal.open(join(folder, "new"), { openFile: () => Promise.reject(new Error("ENOSPC")) });
    await assert.rejects(none, /cannot be written: ENOSPC/);
  });

  it("is tried again with the next change, when it is lost for a while", async () => {
    const journal = await open({ appended: 1 });
    await rename(folder, `${folder}.away`);
    await writeFile(folder, "");
    journal.set("a", "x".repeat(100));
    journal.set("a", "y".repeat(100));
    await journal.written();
    assert.equal(said.length, 1);
    await rm(folder);
    await rename(`${folder}.away`, folder);
    journal.set("b", 2);
    await journal.close();
    assert.deepEqual(await kept(), [
      ["a", "y".repeat(100)],
      ["b", 2],
    ]);
  });
});
