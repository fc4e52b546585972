import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import { PorteroError } from "../../src/errors.ts";
import type { Log } from "../../src/log.ts";
import { loadSqlite, type Sqlite } from "../../src/store/sqlite.ts";
import { migrate } from "../../src/store/visit-schema.ts";
import { VisitLog } from "../../src/store/visit-log.ts";
import { FakeClock } from "../support/clock.ts";
import { start } from "../support/processes.ts";
import { ended, visitOf } from "./visits.ts";

const day = 86_400_000;
let folder: string;
let clock: FakeClock;
let said: string[];
let log: Log;
const opened: VisitLog[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "portero-visits-"));
  clock = new FakeClock(Date.parse("2026-01-01T10:00:00Z"));
  said = [];
  const say = (text: string) => void said.push(text);
  log = { debug: say, info: say, warn: say, error: say };
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Options {
  days?: number;
  megabytes?: number;
  load?: () => Sqlite | undefined;
}

const recordings = () => join(folder, "recordings");
function open({ days = 90, megabytes = 500, load }: Options = {}): VisitLog {
  const deps = { clock, log, ...(load && { load }) };
  const one = VisitLog.open(join(folder, "visits"), deps, { days, megabytes, recordings: recordings() });
  opened.push(one);
  return one;
}
const restarted = async (options: Options = {}) => {
  for (const one of opened.splice(0)) await one.close();
  return open(options);
};
const ids = (one: VisitLog, filter = {}) => one.find(filter, 100).visits.map(({ id }) => id);
const refused = (code: string) => (error: unknown) => error instanceof PorteroError && error.code === code;
const database = () => join(folder, "visits", "visits.db");
const pictures = () => readdirSync(join(folder, "visits", "pictures"));
/** Everything that lies in the log's folder, as text. */
const everything = () =>
  readdirSync(join(folder, "visits"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("");

/** A visit that begins now and is over. */
function whole(one: VisitLog, id: string, more = {}): void {
  const tell = visitOf(id, clock.now(), more);
  one.take(tell("ring"));
  one.take(tell("ended", ended("unanswered")));
}

/** Hours in which it looks after itself. */
async function run(one: VisitLog, hours: number): Promise<void> {
  for (let n = 0; n < hours; n++) {
    await clock.advance(day / 24);
    await one.tidy();
  }
}

/** A file as a visit records it. */
function recordingOf(id: string, bytes = 1000): string {
  mkdirSync(recordings(), { recursive: true });
  const file = join(recordings(), `20260101T100000Z-frontdoor-call-${id}.wav`);
  writeFileSync(file, Buffer.alloc(bytes));
  return file;
}

describe("X12 the visit log", () => {
  it("keeps a visit from the ring to the end, with whom it rang, what happened and its picture", async () => {
    const one = open();
    const tell = visitOf("v1", clock.now());
    const jpeg = Buffer.from("a picture");
    one.take(tell("ring", { from: "503", button: "1" }));
    one.take(tell("snapshot", { jpeg, width: 640, height: 480 }));
    one.take(tell("trying", { attempt: 1, targets: ["6001"] }, { attempt: 1 }));
    const nobody = { target: "6001", try: 1, result: "no-answer", status: 408, cause: 18 };
    one.take(tell("unanswered", { result: "unanswered", tries: 1, parties: [nobody] }));
    await clock.advance(2000);
    one.take(tell("answered", { by: "6002", attempt: 2 }, { attempt: 2, answeredBy: "6002", state: "talking" }));
    await clock.advance(3000);
    one.take(tell("opened", { by: "6002", ok: true, reason: "the code was sent" }));
    const all = [nobody, { target: "6002", try: 2, result: "answered", status: 200, cause: 16, rang: 1.5 }];
    one.take(tell("ended", { ...ended("answered"), openings: 1, parties: all }));
    const file = recordingOf("v1");
    one.take(tell("recorded", { kind: "call", by: "6002", seconds: 3, bytes: 1000, file }));
    const mp4 = Buffer.from("a film");
    one.take(tell("clip", { mp4, codec: "h264", width: 640, height: 480, from: 0, seconds: 8 }));
    one.take(tell("clip", { mp4: Buffer.from("another") }));

    const { parties, events, ...visit } = (await restarted()).get("v1");
    assert.deepEqual(visit, {
      ...{ id: "v1", door: "frontdoor", caller: { number: "503", name: "Front door" }, dialled: "503", button: "1" },
      ...{ state: "ended", startedAt: "2026-01-01T10:00:00.000Z", answeredAt: "2026-01-01T10:00:02.000Z" },
      ...{ endedAt: "2026-01-01T10:00:05.000Z", answeredBy: "6002", outcome: "answered", cause: 16 },
      ...{ text: "somebody hung up", ringSeconds: 4, talkSeconds: 10, attempt: 2, openings: 1, hasPicture: true },
      hasClip: true,
      recordings: [{ kind: "call", by: "6002", seconds: 3, bytes: 1000, file }],
    });
    assert.deepEqual(parties, all);
    assert.deepEqual(
      events.map(({ event }) => event),
      ["ring", "snapshot", "trying", "unanswered", "answered", "opened", "ended", "recorded", "clip", "clip"],
    );
    assert.deepEqual(events[5], {
      ...{ at: "2026-01-01T10:00:05.000Z", event: "opened" },
      payload: { by: "6002", ok: true, reason: "the code was sent" },
    });
    assert.deepEqual(events[8]?.payload, { codec: "h264", width: 640, height: 480, from: 0, seconds: 8 });
    assert.deepEqual(await opened[0]?.picture("v1"), jpeg);
    assert.deepEqual(await opened[0]?.clip("v1"), mp4);
    await opened[0]?.delete({ visit: "v1" });
    assert.deepEqual(pictures(), []);
    if (process.platform === "win32") return;
    const files = readdirSync(join(folder, "visits")).map((name) => join(folder, "visits", name));
    for (const place of [join(folder, "visits"), ...files]) assert.equal(statSync(place).mode & 0o077, 0, place);
  });

  it("keeps the name of the button, and what the bell said of itself", () => {
    const one = open();
    const said = { buttonName: "Miller", diversion: { number: "100", name: "Desk" }, headers: { subject: "Parcel" } };
    one.take(visitOf("v1", clock.now(), { button: "2", ...said, ...{ waiting: true } })("ring"));
    const { button, buttonName, diversion, headers, ...rest } = one.get("v1");
    assert.deepEqual({ buttonName, diversion, headers }, said);
    assert.deepEqual([button, "asserted" in rest, "waiting" in rest], ["2", false, false]);
  });

  it("keeps the tries that the end of a long visit has no room for", () => {
    const one = open();
    const tell = visitOf("v1", clock.now());
    const party = (nth: number) => ({ target: "6001", try: nth, result: "no-answer", cause: 18 });
    one.take(tell("unanswered", { parties: [party(1), party(2)] }));
    one.take(tell("ended", { ...ended("unanswered"), parties: [party(2), party(3)], omitted: 1 }));
    assert.deepEqual(one.get("v1").parties, [party(1), party(2), party(3)]);
  });

  it("P7 keeps no digits, codes, pictures or sounds among the events", () => {
    const one = open();
    const tell = visitOf("v1", clock.now());
    one.take(tell("dtmf", { digit: "7", from: "answerer" }));
    one.take(tell("opened", { by: "6001", code: "4711", steps: [{ digits: "4711", pin: "4711" }] }));
    one.take(tell("recorded", { kind: "message", by: "door", seconds: 1, bytes: 4, wav: Buffer.from("4711") }));
    one.take(tell("snapshot", { jpeg: Buffer.from("4711"), width: 1 }));
    const { events } = one.get("v1");
    assert.deepEqual(
      events.map(({ event, payload }) => [event, payload]),
      [
        ["opened", { by: "6001", steps: [{}] }],
        ["recorded", { kind: "message", by: "door", seconds: 1, bytes: 4 }],
        ["snapshot", { width: 1 }],
      ],
    );
  });

  it("gives the newest first, by door, outcome and time, in pages", async () => {
    const one = open();
    for (const [n, door] of ["frontdoor", "backdoor", "frontdoor", "frontdoor"].entries()) {
      whole(one, `v${n}`, { door });
      await clock.advance(1000);
    }
    const talk = visitOf("v4", clock.now());
    one.take(talk("ring"));
    one.take(talk("ended", ended("answered")));
    assert.deepEqual(ids(one), ["v4", "v3", "v2", "v1", "v0"]);
    assert.deepEqual(ids(one, { door: "backdoor" }), ["v1"]);
    assert.deepEqual(ids(one, { outcome: "answered" }), ["v4"]);
    const begin = Date.parse("2026-01-01T10:00:00Z");
    assert.deepEqual(ids(one, { from: begin + 1000, to: begin + 3000 }), ["v2", "v1"]);
    const { total, visits } = one.find({ door: "frontdoor" }, 2, 1);
    assert.deepEqual([total, visits.map(({ id }) => id)], [4, ["v3", "v2"]]);
  });

  it("takes what stands in a message as a value, never as SQL", () => {
    const one = open();
    whole(one, "v'; DROP TABLE visits; --", { door: "'; DROP TABLE visits; --" });
    assert.deepEqual(ids(one, { door: "' OR 1=1 --" }), []);
    assert.deepEqual(ids(one, { door: "'; DROP TABLE visits; --" }), ["v'; DROP TABLE visits; --"]);
  });

  it("keeps the files of a visit inside its folders, whatever its id says", () => {
    const one = open();
    one.take(visitOf("../../outside", clock.now())("snapshot", { jpeg: Buffer.from("x") }));
    assert.deepEqual(pictures(), ["______outside.jpg"]);
    one.take(
      visitOf("v", clock.now())("recorded", { kind: "call", by: "x", seconds: 1, bytes: 1, file: "/etc/passwd" }),
    );
    assert.deepEqual(one.get("v").recordings, []);
  });

  it("is refused for limits that keep nothing", () => {
    assert.throws(() => open({ days: 0 }), /days must be more than 0/);
    assert.throws(() => open({ megabytes: Number.NaN }), refused("invalid"));
  });
});

describe("X12 what the visit log does not lose", () => {
  it("every visit that it had taken when the process was killed, with its picture", async () => {
    const child = start(process.execPath, [join(import.meta.dirname, "visits.ts"), join(folder, "visits")]);
    await child.line(/rang 999/, 50_000);
    child.process.kill("SIGKILL");
    await child.exit;
    const numbers = (word: string) =>
      child.lines.flatMap((line) => (line.startsWith(word) ? [Number(line.split(" ")[1])] : []));
    const one = open();
    const { visits } = one.find({}, 100_000);
    const logged = new Map(visits.map((visit) => [visit.id, visit]));
    assert.ok(numbers("rang").length >= 1000);
    for (const n of numbers("rang")) assert.ok(logged.get(`visit-${n}`)?.hasPicture, `visit ${n} is lost`);
    for (const n of numbers("ended")) assert.equal(logged.get(`visit-${n}`)?.outcome, "unanswered", `end of ${n}`);
    // The others were under way.
    const over = new Set(numbers("ended"));
    for (const n of numbers("rang").filter((number) => !over.has(number) && number % 2 === 1))
      assert.equal(logged.get(`visit-${n}`)?.outcome, "interrupted");
    assert.deepEqual(await one.picture("visit-7"), Buffer.alloc(20_000, 7));
  });

  it("a visit that was under way is interrupted after the start, at the time of its last event", async () => {
    const tell = visitOf("v1", clock.now());
    open().take(tell("ring"));
    await clock.advance(5000);
    opened[0]?.take(tell("answered", { by: "6001" }, { state: "talking", answeredBy: "6001" }));
    await clock.advance(5000);
    const { state, outcome, endedAt, answeredBy } = (await restarted()).get("v1");
    assert.deepEqual(
      [state, outcome, endedAt, answeredBy],
      ["ended", "interrupted", "2026-01-01T10:00:05.000Z", "6001"],
    );
  });

  it("a picture that was written just before the crash does not stay without its visit", async () => {
    open();
    writeFileSync(join(folder, "visits", "pictures", "nobody.jpg"), "x");
    await restarted();
    assert.deepEqual(pictures(), []);
  });

  it("a recording that a crash left goes with its visit, and one of another endpoint's visit is left alone", async () => {
    const id = "a733258a-5a4b-420a-9cfe-8802f112a41a";
    const tell = visitOf(id, clock.now(), { door: "front.door" });
    open().take(tell("ring"));
    opened[0]?.take(tell("answered", { by: "6001" }, { state: "talking", answeredBy: "6001" }));
    mkdirSync(recordings(), { recursive: true });
    const names = [
      "20260101T100001Z-front_door-call-a733258a.wav",
      "20260101T100001Z-front_door-message-a733258a.wav",
      "20260101T100001Z-other-call-a733258a.wav",
      "20260101T100001Z-front_door-call-b733258a.wav",
      "holiday.wav",
    ];
    for (const name of names) writeFileSync(join(recordings(), name), Buffer.alloc(44 + 64_000));
    const one = await restarted();
    assert.deepEqual(
      one.get(id).recordings.map(({ kind, seconds, bytes }) => [kind, seconds, bytes]),
      [
        ["call", 2, 64_044],
        ["message", 4, 64_044],
      ],
    );
    await restarted();
    assert.equal(opened[0]?.get(id).recordings.length, 2, "once");
    await opened[0].delete({ visit: id });
    assert.deepEqual(readdirSync(recordings()).sort(), names.slice(2).sort());
  });

  it("what comes while another program holds the database is written when that lets go", async () => {
    const one = open();
    const other = new DatabaseSync(database());
    other.exec("BEGIN IMMEDIATE");
    whole(one, "v1");
    assert.deepEqual(ids(one), []);
    await clock.advance(100);
    other.exec("COMMIT");
    other.close();
    await clock.advance(20);
    assert.deepEqual([ids(one), one.trouble], [["v1"], undefined]);
  });
});

describe("X12 what the visit log removes", () => {
  it("visits that are older than its days, an hour after that at the latest", async () => {
    const one = open({ days: 2 });
    whole(one, "old");
    await clock.advance(day);
    whole(one, "new");
    await clock.advance(day + 1);
    await one.tidy();
    assert.deepEqual(ids(one), ["new"]);
    assert.ok(!everything().includes("old"));
  });

  it("nothing for its age where the clock has leapt, at the start or later, before it has run on for a day", async () => {
    const one = open();
    whole(one, "v1");
    await run(one, 48);
    // As a computer starts that has no time of its own.
    clock.set(Date.parse("2070-01-01T00:00:00Z"));
    await run(await restarted(), 20);
    const third = await restarted();
    await run(third, 2);
    assert.deepEqual(ids(third), ["v1"]);
    assert.match(said.join("\n"), /the clock says 2070-01-01 where 2026-01-03 was to be expected: nothing goes/);
    // The network knows better; later it does not.
    clock.set(Date.parse("2026-01-05T00:00:00Z"));
    await run(third, 3);
    clock.set(Date.parse("2030-01-01T00:00:00Z"));
    await run(third, 24);
    assert.deepEqual(ids(third), ["v1"]);
    await run(third, 1);
    assert.deepEqual(ids(third), []);
  });

  it("what is too old by a clock that was set back for a while, when that is right again", async () => {
    const one = open({ days: 2 });
    whole(one, "v1");
    await run(one, 30);
    clock.set(0);
    await run(one, 18);
    clock.set(Date.parse("2026-01-03T10:00:01Z"));
    await one.tidy();
    assert.deepEqual(ids(one), []);
  });

  it("what is too old though the computer runs for six hours a day only", async () => {
    let one = open({ days: 2 });
    whole(one, "v1");
    for (let n = 0; n < 5; n++) {
      clock.set(clock.now() + (18 * day) / 24);
      one = await restarted({ days: 2 });
      await run(one, 6);
    }
    assert.deepEqual(ids(one), []);
  });

  it("the oldest visits with pictures and recordings, when they are more than its megabytes", async () => {
    const one = open({ megabytes: 1 });
    for (let n = 0; n < 6; n++) {
      const tell = visitOf(`v${n}`, clock.now());
      one.take(tell("ring"));
      one.take(tell("snapshot", { jpeg: Buffer.alloc(100_000) }));
      one.take(tell("ended", ended("answered")));
      const file = recordingOf(`v${n}`, 100_000);
      one.take(tell("recorded", { kind: "call", by: "6001", seconds: 6, bytes: 100_000, file }));
      await clock.advance(1000);
    }
    await one.tidy();
    // 0.9 MB, of which the database takes some.
    assert.deepEqual(ids(one), ["v5", "v4", "v3", "v2"]);
    assert.deepEqual(pictures().sort(), ["v2.jpg", "v3.jpg", "v4.jpg", "v5.jpg"]);
    assert.equal(readdirSync(recordings()).length, 4);
  });

  it("never a visit that is under way", async () => {
    const one = open({ days: 1 });
    one.take(visitOf("v1", clock.now())("ring"));
    await clock.advance(3 * day);
    await one.tidy();
    assert.deepEqual(ids(one), ["v1"]);
    await assert.rejects(one.delete({ visit: "v1" }), refused("under-way"));
  });

  it("one visit on request, so that nothing of it is left in any file, and the room is given back", async () => {
    const one = open();
    for (let n = 0; n < 200; n++)
      whole(one, `v${n}`, { caller: { number: "503", name: `Mrs Miller ${n} `.repeat(50) } });
    const tell = visitOf("v-secret", clock.now(), { caller: { number: "503", name: "Unforgettable" } });
    one.take(tell("ring"));
    one.take(tell("snapshot", { jpeg: Buffer.from("Unforgettable") }));
    one.take(tell("ended", ended("answered")));
    const file = recordingOf("v-secret");
    one.take(tell("recorded", { kind: "call", by: "6001", seconds: 1, bytes: 1000, file }));
    await one.tidy();
    assert.ok(everything().includes("Unforgettable"));

    assert.equal(await one.delete({ visit: "v-secret" }), 1);
    assert.ok(!everything().includes("Unforgettable"));
    assert.ok(!existsSync(file));
    assert.throws(() => one.get("v-secret"), refused("unknown-visit"));
    assert.equal(ids(one).length, 100);

    const before = statSync(database()).size;
    assert.equal(await one.delete({ door: "frontdoor" }), 200);
    assert.ok(statSync(database()).size < before / 2);
    assert.ok(!everything().includes("Miller"));
  });

  it("one that another program reads just then, as soon as that has read it", async () => {
    const one = open();
    whole(one, "v1", { caller: { number: "503", name: "Unforgettable" } });
    await one.tidy();
    const other = new DatabaseSync(database());
    other.exec("BEGIN");
    assert.equal(other.prepare("SELECT * FROM visits").all().length, 1);
    await one.delete({ visit: "v1" });
    assert.equal(other.prepare("SELECT * FROM visits").all().length, 1);
    other.exec("COMMIT");
    other.close();
    await one.tidy();
    assert.ok(!everything().includes("Unforgettable"));
  });

  it("what still comes of a visit that was deleted", async () => {
    const one = open();
    const tell = visitOf("v1", clock.now());
    one.take(tell("ring"));
    one.take(tell("ended", ended("answered")));
    await one.delete({ visit: "v1" });
    const file = recordingOf("v1");
    one.take(tell("recorded", { kind: "call", by: "6001", seconds: 1, bytes: 1000, file }));
    await one.tidy();
    assert.deepEqual([ids(one), existsSync(file)], [[], false]);
  });

  it("all of a door, or of a time; and says what it does not know", async () => {
    const one = open();
    whole(one, "v1", { door: "backdoor" });
    await clock.advance(1000);
    whole(one, "v2");
    whole(one, "v3", { door: "backdoor" });
    assert.equal(await one.delete({ door: "backdoor", to: clock.now() }), 1);
    assert.deepEqual(ids(one), ["v3", "v2"]);
    await assert.rejects(one.delete({ visit: "v1" }), refused("unknown-visit"));
  });
});

describe("X12 when the disk is in the way", () => {
  const damage = () => {
    for (const one of opened.splice(0)) void one.close();
    rmSync(`${database()}-wal`, { force: true });
    writeFileSync(database(), Buffer.alloc(8192, 0x5a));
  };

  it("a damaged database is put aside with its pictures, in a sentence, and a new one begins", async () => {
    const one = open({ days: 10 });
    one.take(visitOf("v1", clock.now())("snapshot", { jpeg: Buffer.from("x") }));
    await one.close();
    damage();
    const again = open({ days: 10 });
    assert.match(said.join(), /is damaged \(.+\): a new one has begun, the old one lies in damaged-20260101T100000Z/);
    whole(again, "v2");
    assert.deepEqual(ids(again), ["v2"]);
    const aside = join(folder, "visits", "damaged-20260101T100000Z");
    assert.deepEqual(readdirSync(aside).sort(), ["pictures", "visits.db"]);
    // It holds visits, too: kept no longer than they would be.
    await clock.advance(9 * day);
    assert.ok(existsSync(aside));
    await clock.advance(2 * day);
    await again.tidy();
    assert.ok(!existsSync(aside));
  });

  it("so is one that turns out to be damaged in the middle of the day", async () => {
    const one = open();
    for (let n = 0; n < 300; n++) whole(one, `v${n}`);
    await one.close();
    opened.splice(0);
    const bytes = readFileSync(database());
    // The first page is whole: it opens.
    bytes.fill(0x5a, 4096);
    writeFileSync(database(), bytes);
    const again = open();
    whole(again, "new");
    assert.deepEqual(ids(again), ["new"]);
    assert.equal(said.filter((text) => text.includes("is damaged")).length, 1);
  });

  /** node:sqlite, whose databases have been told something first. */
  const told = (pragma: () => string): (() => Sqlite) => {
    class Told extends DatabaseSync {
      override exec(sql: string): void {
        if (sql.startsWith("BEGIN")) super.exec(pragma());
        super.exec(sql);
      }
    }
    return () => ({ DatabaseSync: Told });
  };

  it("a full disk is said once, and visits are kept again when there is room", () => {
    let most = 1_000_000;
    const one = open({ load: told(() => `PRAGMA max_page_count = ${most}`) });
    most = 1;
    for (let n = 0; n < 200; n++) whole(one, `v${n}`);
    assert.match(one.trouble ?? "", /full/);
    assert.equal(said.filter((text) => /visits are not kept in .* for now: .*full/.test(text)).length, 1);
    most = 1_000_000;
    whole(one, "later");
    assert.equal(one.trouble, undefined);
    assert.equal(ids(one)[0], "later");
  });

  it("a folder that may only be read is said, too", () => {
    let only = "OFF";
    const one = open({ load: told(() => `PRAGMA query_only = ${only}`) });
    only = "ON";
    whole(one, "v1");
    assert.match(one.trouble ?? "", /readonly/);
  });

  it("a folder that cannot be made is a sentence for whoever opens it", () => {
    writeFileSync(join(folder, "visits"), "a file");
    assert.throws(
      () => open(),
      (error: unknown) => refused("no-folder")(error) && /cannot be kept in .*visits/.test((error as Error).message),
    );
  });

  it("a Node without node:sqlite is told from which version on there is a log", () => {
    assert.throws(
      () => open({ load: () => undefined }),
      (error: unknown) => refused("no-sqlite")(error) && (error as Error).message.includes("22.13"),
    );
  });

  it("a database of a newer version is left alone", async () => {
    await open().close();
    const db = new DatabaseSync(database());
    db.exec("PRAGMA user_version = 1000");
    db.close();
    const before = readFileSync(database());
    assert.throws(() => open(), refused("too-new"));
    assert.deepEqual(readFileSync(database()), before);
  });

  it("a database of an older version is made a new one whole, or stays as it was", () => {
    const db = new DatabaseSync(":memory:");
    const first = "CREATE TABLE things (name TEXT)";
    migrate(db, [first]);
    db.exec("INSERT INTO things VALUES ('old')");
    assert.throws(() =>
      migrate(db, [first, "ALTER TABLE things ADD COLUMN size", "ALTER TABLE nothing ADD COLUMN size"]),
    );
    assert.deepEqual({ ...db.prepare("SELECT * FROM things").get() }, { name: "old" });
    migrate(db, [first, "ALTER TABLE things ADD COLUMN size"]);
    assert.deepEqual({ ...db.prepare("SELECT * FROM things").get() }, { name: "old", size: null });
    db.close();
  });

  it("nothing is said when SQLite is loaded, on a Node that calls it experimental, too", (t) => {
    const heard = t.mock.method(process, "emitWarning", () => {});
    const found = process.getBuiltinModule("node:sqlite");
    t.mock.method(process, "getBuiltinModule", () => {
      process.emitWarning("SQLite is an experimental feature and might change at any time", "ExperimentalWarning");
      process.emitWarning("another one");
      return found;
    });
    assert.equal(loadSqlite()?.DatabaseSync, DatabaseSync);
    process.emitWarning("a third one");
    assert.deepEqual(
      heard.mock.calls.map((call) => (call.arguments as unknown[])[0]),
      ["another one", "a third one"],
    );
  });
});
