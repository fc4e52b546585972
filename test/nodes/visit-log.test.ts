// The visit log in a flow: what the dialog and messages ask for, and what is given.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, it } from "node:test";
import type { SimNode } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import type { Message } from "../../nodes/red.d.ts";
import type { EndpointNode } from "../../nodes/sip-endpoint/node.ts";
import { visitLimits } from "../../nodes/sip-endpoint/visits.ts";
import { queryFor } from "../../nodes/visit-log/visit-log.ts";
import { loggedOutcomes } from "../../src/store/visit-query.ts";
import type { LoggedVisit, VisitDetails } from "../../src/store/visit-shapes.ts";
import type { VisitEnd } from "../../src/visit/messages.ts";
import { endpoint, Flow, frontdoor, sink, type FlowNode } from "./flow.ts";

let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

const now = Date.parse("2026-01-31T12:00:00Z");
const nobody = { visit: undefined, door: undefined, outcome: undefined, from: undefined, to: undefined };

describe("X12 what is asked of visit-log", () => {
  const config = { id: "n", type: "visit-log" };
  const asked = (msg: Message, more: object = {}, door?: string) => queryFor(msg, { ...config, ...more }, door, now);
  const filter = (msg: Message, more?: object, door?: string) =>
    JSON.parse(JSON.stringify(asked(msg, more, door).filter)) as object;

  it("the newest fifty visits, unless told otherwise", () => {
    const usual = { action: "find", limit: 50, offset: 0, picture: "none", clip: false };
    const { filter: which, ...query } = asked({ payload: 1769860000000 });
    assert.deepEqual(query, usual);
    assert.deepEqual({ ...nobody, ...which }, nobody);
  });

  it("what the dialog says, and over that what the message says", () => {
    const dialog = { outcome: "answered", days: "1", limit: "10", picture: "buffer", clip: true };
    const yesterday = Date.parse("2026-01-30T12:00:00Z");
    assert.deepEqual(filter({}, dialog, "front"), { door: "front", outcome: "answered", from: yesterday });
    const payload = {
      door: "back",
      from: "2026-01-01",
      to: 1769860000000,
      limit: 2,
      offset: 4,
      picture: "none",
    };
    const query = asked({ payload }, dialog, "front");
    assert.deepEqual([query.limit, query.offset, query.picture, query.clip], [2, 4, "none", true]);
    assert.deepEqual(filter({ payload }, dialog, "front"), {
      ...{ door: "back", outcome: "answered", from: Date.parse("2026-01-01"), to: 1769860000000 },
    });
  });

  it("the visit of an event, whose payload is no query", () => {
    const event = { event: "ended", visit: { id: "v1", door: "front" }, payload: { outcome: "answered", cause: 16 } };
    assert.deepEqual(filter(event, { action: "get" }), { visit: "v1" });
    assert.deepEqual(filter(event, { action: "delete", days: "30" }, "front"), { visit: "v1" });
    assert.deepEqual(filter({ ...event, payload: { action: "delete", door: "back" } }), { door: "back" });
  });

  it("deletes what is older than the days of the dialog", () => {
    assert.deepEqual(filter({}, { action: "delete", days: "1" }), { to: Date.parse("2026-01-30T12:00:00Z") });
  });

  it("a sentence for what cannot be", () => {
    const cases: [Message, RegExp][] = [
      [{ payload: { action: "find", colour: "red" } }, /visit-log: colour is not known here/],
      [{ payload: { limit: 0 } }, /limit must be >= 1 \(it is 0\)/],
      [{ payload: { from: "yesterday" } }, /from is a time, such as 2026-01-31.*\(it is "yesterday"\)/],
      [{ payload: { outcome: "happy" } }, /outcome must be one of answered, unanswered/],
      [{ payload: { action: "get" } }, /which visit\?/],
      [{ payload: { action: "delete" } }, /delete which visits\?/],
      [{ payload: { action: "burn" } }, /action must be one of find, get, delete/],
    ];
    for (const [msg, reason] of cases) assert.throws(() => asked(msg), reason);
  });

  it("knows each outcome that a visit can have", () => {
    // Fails to compile where one is missing.
    const outcomes: readonly (VisitEnd["outcome"] | "interrupted")[] = loggedOutcomes;
    const known = (outcome: VisitEnd["outcome"]): (typeof loggedOutcomes)[number] => outcome;
    assert.equal(known("answered"), outcomes[0]);
  });

  it("sip-endpoint keeps 90 days and 500 MB, unless told otherwise", () => {
    assert.deepEqual(visitLimits({}), { days: 90, megabytes: 500 });
    assert.deepEqual(visitLimits({ visitLog: "", visitDays: "7", visitMegabytes: " 20 " }), { days: 7, megabytes: 20 });
    assert.throws(() => visitLimits({ visitDays: "0" }), /days of visits must be a whole number from 1/);
  });
});

const base: FlowNode[] = [
  endpoint,
  frontdoor,
  { id: "bell", type: "doorbell-sim", role: "bell", door: "door1", wires: [[]] },
  { id: "reg", type: "sip-registrar", endpoint: "ep", extensions: [{ number: "6001" }], wires: [[], [], [], []] },
  { id: "in", type: "doorbell-in", door: "door1", wires: [["dial"], ["answered"], ["ended"], ["other", "pictures"]] },
  { id: "dial", type: "dial-strategy", targets: ["6001"], seconds: "10", record: "file", wires: [[], [], []] },
  {
    ...{ id: "phone", type: "doorbell-sim", role: "phone", endpoint: "ep", extension: "6001", wires: [["heard"]] },
    ...{ autoAnswer: true, answerAfter: "0.05" },
  },
  { id: "log", type: "visit-log", endpoint: "ep", wires: [["visits"], ["failed"]] },
  ...["answered", "ended", "other", "pictures", "heard", "visits", "failed"].map(sink),
];

describe("X12 visit-log in a flow", () => {
  const load = async (nodes = base) => {
    flow = await Flow.load(nodes);
    for (const device of ["bell", "phone"]) await flow.status(device, (look) => look.fill === "green");
    return flow;
  };
  const ask = async (f: Flow, payload: unknown, more: Message = {}) => {
    const answer = f.message("visits");
    f.node("log").receive({ payload, ...more });
    return answer;
  };
  const asksInVain = async (f: Flow, payload: unknown) => {
    const answer = f.message("failed");
    f.node("log").receive({ payload });
    return ((await answer).payload as { reason: string }).reason;
  };

  it("finds a visit with its picture, gives everything about it after a deploy, and deletes it with its recording", async () => {
    const f = await load();
    const [heard, ended, picture, recorded] = [
      f.message("heard", (msg) => msg["event"] === "audio"),
      f.message("ended"),
      f.message("pictures", (msg) => String(msg["event"]).startsWith("snapshot")),
      f.message("other", (msg) => msg["event"] === "recorded"),
    ];
    await f.node<SimNode>("bell").press();
    // The camera of a machine that is too busy gives none in time: better said than waited for.
    assert.equal((await picture)["event"], "snapshot");
    await heard;
    f.node("bell").receive({ payload: "hang up" });
    await Promise.all([ended, recorded]);
    await nextTurn();

    const found = await ask(f, { picture: "dataurl", door: "Front door" });
    const [visit] = found.payload as (LoggedVisit & { picture: string })[];
    assert.deepEqual([found["event"], found["total"]], ["visits", 1]);
    assert.ok(visit);
    assert.deepEqual([visit.door, visit.outcome, visit.answeredBy], ["front-door", "answered", "6001"]);
    assert.match(visit.picture, /^data:image\/jpeg;base64,\/9j\//);
    await f.status("log", (look) => look.text === "visit-log.status.found");

    await f.deploy(base, "full");
    for (const device of ["bell", "phone"]) await f.status(device, (look) => look.fill === "green");
    const whole = (await ask(f, { action: "get", visit: visit.id, picture: "buffer" })).payload as VisitDetails;
    assert.ok(Buffer.isBuffer((whole as { picture?: unknown }).picture));
    const events = whole.events.map(({ event }) => event);
    for (const event of ["ring", "snapshot", "trying", "answered", "ended", "recorded"])
      assert.ok(events.includes(event), `${event} is not among ${events.join(", ")}`);
    const [recording] = whole.recordings;
    assert.ok(recording && existsSync(recording.file));

    const { switchboard } = f.node<EndpointNode>("ep");
    await switchboard.open({ door: "front-door", id: "o1", by: "test" });
    const { payload: openings, event } = await ask(f, { action: "openings", door: "Front door", ok: false });
    const [opening] = openings as Record<string, unknown>[];
    assert.deepEqual(
      [event, opening?.["id"], opening?.["by"], opening?.["hasPicture"]],
      ["openings", "o1", "test", false],
    );
    assert.deepEqual((await ask(f, { action: "openings", ok: true })).payload, []);
    assert.deepEqual((await ask(f, { action: "openings", to: 1 })).payload, []);
    assert.match(await asksInVain(f, { action: "find", ok: true }), /ok is for openings/);

    const deleted = await ask(f, { outcome: "answered", cause: 16 }, { event: "ended", visit: { id: visit.id } });
    assert.equal((deleted.payload as unknown[]).length, 1, "the dialog says find");
    assert.deepEqual((await ask(f, { action: "delete", visit: visit.id })).payload, { deleted: 1 });
    assert.ok(!existsSync(recording.file));
    assert.deepEqual(readdirSync(join(f.userDir, "portero", "visits", "ep", "pictures")), []);
    assert.match(await asksInVain(f, { action: "get", visit: visit.id }), /the log has no visit/);
  });

  it("X3 the ring is told before it is written, and written in the same turn", async () => {
    const f = await load();
    const { switchboard, visits } = f.node<EndpointNode>("ep");
    assert.ok("log" in visits);
    const kept: number[] = [];
    const told = new Promise<void>((resolve) => {
      switchboard.on("visit", ({ event }) => {
        if (event !== "ring") return;
        kept.push(visits.log.find({}, 1).total);
        process.nextTick(() => {
          kept.push(visits.log.find({}, 1).total);
          resolve();
        });
      });
    });
    await f.node<SimNode>("bell").press();
    await told;
    assert.deepEqual(kept, [0, 1]);
  });

  it("a deploy in the middle of a conversation leaves a visit that was stopped, not one that was interrupted", async () => {
    const f = await load();
    const answered = f.message("answered");
    await f.node<SimNode>("bell").press();
    await answered;
    await f.deploy(base, "full");
    const [visit] = (await ask(f, {})).payload as LoggedVisit[];
    assert.deepEqual([visit?.outcome, visit?.state], ["answered", "ended"]);
  });

  const switchedOff = base.map((node) => (node.id === "ep" ? { ...node, visitLog: "off" } : node));

  it("says that there is no log where it was switched off from the start", async () => {
    const f = await load(switchedOff);
    assert.match(await asksInVain(f, {}), /switched off in the dialog of the SIP endpoint/);
    assert.ok(!existsSync(join(f.userDir, "portero", "visits")));
  });

  it("keeps nothing new when it was switched off, and lets what is there be deleted", async () => {
    const f = await load();
    const press = async () => {
      const [answered, ended] = [f.message("answered"), f.message("ended")];
      await f.node<SimNode>("bell").press();
      await answered;
      f.node("bell").receive({ payload: "hang up" });
      await ended;
    };
    await press();
    await f.deploy(switchedOff, "full");
    for (const device of ["bell", "phone"]) await f.status(device, (look) => look.fill === "green");
    await press();
    assert.equal((await ask(f, {}))["total"], 1);
    assert.deepEqual((await ask(f, { action: "delete", door: "front-door" })).payload, { deleted: 1 });
  });

  it("goes on without a log on a Node that has no SQLite, and says so", async (t) => {
    const found = process.getBuiltinModule.bind(process);
    t.mock.method(process, "getBuiltinModule", (name: string) => (name === "node:sqlite" ? undefined : found(name)));
    const f = await load();
    assert.equal(f.logged().filter((text) => /visits are not kept: .* needs Node.js 22.13/.test(text)).length, 1);
    const answered = f.message("answered");
    await f.node<SimNode>("bell").press();
    await answered;
    assert.match(await asksInVain(f, {}), /the visit log needs Node.js 22.13 or later, and this is/);
  });
});

describe("X12 the example of the visit log", () => {
  it("shows the visitor who went away again", async () => {
    const file = new URL("../../examples/visit-log.json", import.meta.url);
    const example = JSON.parse(readFileSync(file, "utf8")) as (FlowNode & { wires?: string[][] })[];
    // The page is tried where there is a web server: test/editor/examples.test.ts.
    const left = new Set(["tab", "comment", "inject", "http in", "change", "template", "http response"]);
    const here = (node: FlowNode): FlowNode => {
      if (node.type === "sip-endpoint") return { ...node, ...endpoint, id: node.id };
      return node.type === "debug" ? { ...node, type: "helper" } : node;
    };
    const nodes = example.filter(({ type }) => !left.has(type)).map(here);
    const watch = { id: "watch", type: "doorbell-in", door: "9a0e100000000002", wires: [["rang"], [], ["gone"]] };
    const f = (flow = await Flow.load([...nodes, watch, sink("rang"), sink("gone")]));
    const inject = (name: string) => {
      const node = example.find((one) => one.type === "inject" && one["name"] === name);
      f.node(node?.wires?.[0]?.[0] ?? "").receive({ payload: node?.["payload"] });
    };
    const bell = example.find(({ type }) => type === "doorbell-sim")?.id ?? "";
    await f.status(bell, (look) => look.fill === "green");
    const rang = f.message("rang");
    inject("press");
    await rang;
    const gone = f.message("gone");
    inject("the visitor goes away");
    await gone;
    const shown = f.message(example.find((one) => one["name"] === "visits")?.id ?? "");
    inject("the last ten visits");
    const [visit, ...others] = (await shown).payload as LoggedVisit[];
    assert.deepEqual([visit?.door, visit?.outcome, others], ["frontdoor", "cancelled", []]);
  });
});
