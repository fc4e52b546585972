// A press from the bell to the opened door, through the nodes, with simulated devices on real sockets.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, it } from "node:test";
import type { VisitView } from "../../src/visit/messages.ts";
import type { SimNode } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import type { Message } from "../../nodes/red.d.ts";
import type { EndpointNode } from "../../nodes/sip-endpoint/node.ts";
import { patienceMs } from "../support/patience.ts";
import { endpoint, Flow, frontdoor, sink, type FlowNode } from "./flow.ts";

let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

const registrar: FlowNode = {
  ...{ id: "registrar", type: "sip-registrar", endpoint: "ep" },
  extensions: [{ number: "6001", name: "Kitchen" }, { number: "6002" }],
  wires: [["registered"], ["unregistered"], ["refused"], ["news"]],
};
const bellIn: FlowNode = {
  ...{ id: "in", type: "doorbell-in", door: "door1" },
  wires: [["ring"], ["answered"], ["ended"], ["other"]],
};
const sinks = ["registered", "unregistered", "refused", "news", "ring", "answered", "ended", "other", "saw"].map(sink);
const bell: FlowNode = { id: "bell", type: "doorbell-sim", role: "bell", door: "door1", wires: [["saw"]] };
const phone = (extension: string, more: object = {}): FlowNode => ({
  ...{ id: `phone${extension}`, type: "doorbell-sim", role: "phone", endpoint: "ep", extension },
  ...{ wires: [["saw"]], ...more },
});
const base = [endpoint, frontdoor, registrar, bellIn, bell, ...sinks];

const isRegistered = (look: { fill?: string; text?: string }) => look.fill === "green";
const visitOf = (msg: Message) => msg["visit"] as VisitView;

async function load(nodes: FlowNode[], devices: string[] = ["bell"]): Promise<Flow> {
  flow = await Flow.load([...base, ...nodes]);
  for (const device of devices) await flow.status(device, isRegistered);
  return flow;
}

describe("a press", () => {
  it("X1–X3: ring, then the picture; a phone answers; the door opens; all of it as messages", async () => {
    const strategy = {
      id: "dial",
      type: "dial-strategy",
      strategy: "ring-all",
      targets: ["6001", "6002"],
      seconds: "10",
    };
    const f = await load(
      [
        { ...bellIn, id: "in2", wires: [["dial"]] },
        { ...strategy, wires: [["open", "dialled"], [], ["progress"]] },
        { id: "open", type: "dtmf-out", mode: "open", wires: [["sent"], ["failed"]] },
        ...["dialled", "progress", "sent", "failed"].map(sink),
        phone("6001", { autoAnswer: true, answerAfter: "0.1" }),
        phone("6002"),
      ],
      ["bell", "phone6001", "phone6002"],
    );
    assert.equal((await f.status("registrar", (s) => s.fill === "green")).shape, "dot");
    const ring = f.message("ring");
    const snapshot = f.message("other", (msg) => msg["event"] === "snapshot");
    const trying = f.message("progress");
    const sent = f.message("sent");
    const relay = f.message("saw", (msg) => msg["event"] === "relay");
    const answered = f.message("answered");
    await f.node<SimNode>("bell").press();

    const first = await ring;
    assert.equal(first.topic, "front-door/ring");
    assert.equal(visitOf(first).door, "front-door");
    assert.equal(visitOf(first).state, "ringing");
    const picture = await snapshot;
    assert.equal(visitOf(picture).id, visitOf(first).id);
    assert.ok(Buffer.isBuffer(picture.payload));
    assert.deepEqual([...picture.payload.subarray(0, 2)], [0xff, 0xd8]);
    assert.equal((await trying)["event"], "trying");
    assert.equal(visitOf(await answered).answeredBy, "6001");
    const opening = (await sent).payload as { ok: boolean; method: string; by: string };
    assert.deepEqual([opening.ok, opening.method], [true, "dtmf-info"]);
    assert.equal(((await relay).payload as { state: string }).state, "on");

    const ended = f.message("ended");
    f.node("bell").receive({ payload: "hang up" });
    assert.equal(((await ended).payload as { outcome: string }).outcome, "answered");
    await f.status("in", (s) => s.fill === "green");
  });

  it("H6, H10 drawn: nobody registered leaves by unanswered, attempts count, and a visitor who goes ends the loop", async () => {
    const f = await load([
      { ...bellIn, id: "in2", wires: [["dial"]] },
      {
        id: "dial",
        type: "dial-strategy",
        targets: ["6001"],
        seconds: "5",
        wires: [["dialled"], ["unanswered"], ["progress"]],
      },
      ...["dialled", "unanswered", "progress"].map(sink),
    ]);
    const first = f.message("unanswered");
    await f.node<SimNode>("bell").press();
    const one = await first;
    assert.equal((one.payload as { result: string }).result, "unregistered");
    assert.equal(visitOf(one).attempt, 1);
    const second = f.message("unanswered");
    f.node("dial").receive(one);
    const two = await second;
    assert.equal(visitOf(two).attempt, 2);
    const over = f.message("ended");
    f.node("bell").receive({ payload: "hang up" });
    await over;
    const end = f.message("progress", (msg) => msg["event"] === "ended");
    f.node("dial").receive(two);
    assert.equal(visitOf(await end).state, "ended");
  });

  it("H18: stop ends the visit; the bell is told", async () => {
    const f = await load(
      [
        { ...bellIn, id: "in2", wires: [["dial"]] },
        { id: "dial", type: "dial-strategy", strategy: "redial", targets: ["6002"], wires: [[], [], ["progress"]] },
        sink("progress"),
        phone("6002"),
      ],
      ["bell", "phone6002"],
    );
    const trying = f.message("progress", (msg) => msg["event"] === "trying");
    await f.node<SimNode>("bell").press();
    await trying;
    const ended = f.message("ended");
    const bellEnded = f.message("saw", (msg) => msg["event"] === "ended" && String(msg.topic).startsWith("503"));
    f.node("dial").receive({ payload: "stop" });
    assert.equal(((await ended).payload as { outcome: string }).outcome, "stopped");
    assert.equal(((await bellEnded).payload as { by: string }).by, "remote");
  });

  it("H18: stop finds the visit though a second message has taken the strategy over", async () => {
    const f = await load(
      [
        {
          id: "dial",
          type: "dial-strategy",
          strategy: "redial",
          targets: ["6002"],
          wires: [[], [], ["progress"]],
        },
        sink("progress"),
        phone("6002"),
      ],
      ["bell", "phone6002"],
    );
    const ring = f.message("ring");
    await f.node<SimNode>("bell").press();
    const msg = await ring;
    const trying = f.message("progress");
    f.node("dial").receive(msg);
    await trying;
    // By the third output: were it "unanswered", two drawn loops would take turns stopping each other.
    const over = f.message("progress", (progress) => progress["event"] === "stopped");
    f.node("dial").receive(msg);
    await over;
    const ended = f.message("ended");
    f.node("dial").receive({ payload: "stop" });
    assert.equal(((await ended).payload as { outcome: string }).outcome, "stopped");
  });

  it("a deploy that does not touch the call's nodes leaves the call standing", async () => {
    const dial = { id: "dial", type: "dial-strategy", targets: ["6001"], seconds: "10", wires: [[], [], []] };
    const extra = { ...bellIn, id: "in2", wires: [["dial"]] };
    const auto = phone("6001", { autoAnswer: true, answerAfter: "0.05" });
    const f = await load([extra, dial, auto], ["bell", "phone6001"]);
    const answered = f.message("answered");
    await f.node<SimNode>("bell").press();
    const { id } = visitOf(await answered);
    await f.deploy([...base, { ...extra, name: "renamed" }, { ...dial, seconds: "20" }, auto], "nodes");
    assert.equal(f.node<EndpointNode>("ep").switchboard.visit(id)?.state, "talking");
  });
});

describe("a picture that comes late", () => {
  it("does not make the next visitor look gone", async () => {
    const f = await load([]);
    const { switchboard } = f.node<EndpointNode>("ep");
    const firstRing = f.message("ring");
    await f.node<SimNode>("bell").press();
    const first = switchboard.visit(visitOf(await firstRing).id);
    const bellEnded = f.message("saw", (msg) => msg["event"] === "ended");
    const ended = f.message("ended");
    f.node("bell").receive({ payload: "hang up" });
    await Promise.all([ended, bellEnded]);
    const secondRing = f.message("ring");
    await f.node<SimNode>("bell").press();
    await secondRing;
    const shown = once(f.node("in"), "call:status", { signal: AbortSignal.timeout(patienceMs) });
    first?.tell("snapshot-failed", { reason: "too late" });
    switchboard.lastVisit("front-door")?.tell("dtmf", {});
    const [call] = (await shown) as [{ args: [{ fill?: string }] }];
    assert.equal(call.args[0].fill, "blue");
  });
});

describe("a simulated device", () => {
  it("calls a number: a phone another one, a bell that of one of its buttons", async () => {
    const f = await load(
      [phone("6001"), phone("6002", { autoAnswer: true, answerAfter: "0" })],
      ["bell", "phone6001", "phone6002"],
    );
    const saw = (name: string, topic: string) => f.message("saw", (msg) => msg.topic === `${topic}/${name}`);
    const [rang, talks, ring] = [saw("ringing", "6002"), saw("answered", "6001"), f.message("ring")];
    f.node("phone6001").receive({ payload: { dial: "6002" } });
    assert.equal(((await rang).payload as { number: string }).number, "6001");
    await talks;
    f.node("bell").receive({ payload: { dial: "6001" } });
    assert.equal(visitOf(await ring).dialled, "6001");
  });

  it("that waits for a busy port holds up no deploy", async () => {
    const other = createSocket("udp4");
    other.bind(0, "127.0.0.1");
    await once(other, "listening");
    const busy = { ...endpoint, port: String(other.address().port), tcp: false };
    try {
      flow = await Flow.load([busy, frontdoor, bell, sink("saw")]);
      await flow.status("bell", (look) => look.fill === "red");
      await flow.deploy([busy, frontdoor, sink("saw")], "nodes");
    } finally {
      other.close();
    }
  });
});

describe("a full deploy", () => {
  it("lets simulated devices say goodbye before their extensions go", async () => {
    const f = await load([phone("6001")], ["bell", "phone6001"]);
    await f.deploy([...base, phone("6001")], "full");
    for (const device of ["bell", "phone6001"]) await f.status(device, isRegistered);
    assert.deepEqual(
      f.logged().filter((text) => / refused: /.test(text)),
      [],
    );
  });
});

describe("camera-snapshot", () => {
  it("gives a picture by a door's name, made smaller, as a data URL; and a sentence for a door that is not", async () => {
    const f = await load([
      { id: "snap", type: "camera-snapshot", width: "160", output: "dataurl", wires: [["picture"], ["failed"]] },
      ...["picture", "failed"].map(sink),
    ]);
    const picture = f.message("picture");
    f.node("snap").receive({ payload: 1, door: "Front door" });
    const msg = await picture;
    assert.match(String(msg.payload), /^data:image\/jpeg;base64,/);
    assert.ok((msg["picture"] as { width: number }).width > 160, "the camera's own width");
    const failed = f.message("failed");
    f.node("snap").receive({ payload: 1, door: "cellar" });
    assert.match(((await failed).payload as { reason: string }).reason, /no door "cellar"/);
  });
});

describe("dtmf-out", () => {
  it("H15 sends digits as its dialog says, and as the message says, which goes before", async () => {
    const f = await load(
      [
        { ...bellIn, id: "in2", wires: [["dial"]] },
        { id: "dial", type: "dial-strategy", strategy: "ring-all", targets: ["6001"], wires: [[], [], []] },
        {
          ...{ id: "digits", type: "dtmf-out", mode: "digits", method: "info-dtmf", duration: "60", gap: "60" },
          wires: [["sent"], ["failed"]],
        },
        ...["sent", "failed"].map(sink),
        phone("6001", { autoAnswer: true, answerAfter: "0.1" }),
      ],
      ["bell", "phone6001"],
    );
    const answered = f.message("answered");
    await f.node<SimNode>("bell").press();
    const { visit } = await answered;
    const sawDigit = (digit: string) =>
      f.message("saw", (msg) => msg["event"] === "dtmf" && (msg.payload as { digit: string }).digit === digit);
    for (const [digit, dtmf, by] of [
      ["7", undefined, "dtmf"],
      ["8", { method: "rfc4733" }, "rtp"],
      ["9", { digits: 9, method: "info", to: "door", durationMs: 40, gapMs: 40 }, "dtmf-relay"],
    ] as const) {
      const [saw, sent] = [sawDigit(digit), f.message("sent")];
      f.node("digits").receive({ payload: digit, visit, ...(dtmf && { dtmf }) });
      assert.equal(((await saw).payload as { by: string }).by, by);
      assert.deepEqual((await sent).payload, { ok: true, reason: "1 digits sent" });
    }
    for (const [dtmf, wanted] of [
      [{ method: "morse" }, /msg\.dtmf: method must be one of auto, rfc4733/],
      [{ durationMs: 5 }, /durationMs must be >= 40/],
      [{ digits: "12E" }, /msg\.dtmf\.digits holds no digits to send/],
      [{ to: "answerer", methods: "x" }, /methods is not known here/],
      ["1", /msg\.dtmf: it must be object/],
    ] as const) {
      const failed = f.message("failed");
      f.node("digits").receive({ payload: "1", visit, dtmf });
      assert.match(((await failed).payload as { reason: string }).reason, wanted);
    }
  });

  it("never is silent: without a visit, without digits, with a forgotten visit", async () => {
    const f = await load([
      { id: "open", type: "dtmf-out", mode: "open", door: "door1", wires: [["sent"], ["failed"]] },
      { id: "digits", type: "dtmf-out", mode: "digits", wires: [["sent"], ["failed"]] },
      ...["sent", "failed"].map(sink),
    ]);
    const cases: [string, Message, RegExp][] = [
      ["open", { payload: "x" }, /./],
      ["digits", { payload: "1" }, /msg\.visit is missing/],
      ["digits", { payload: "1", visit: "gone" }, /over and forgotten/],
    ];
    for (const [id, msg, wanted] of cases) {
      const failed = f.message("failed");
      f.node(id).receive(msg);
      const { ok, reason } = (await failed).payload as { ok: boolean; reason: string };
      assert.equal(ok, false);
      assert.match(reason, wanted);
    }
  });
});

describe("sip-registrar", () => {
  it("H3: lists, removes and silences; a wrong password is refused with a sentence", async () => {
    const f = await load([phone("6001")], ["bell", "phone6001"]);
    const list = f.message("registered", (msg) => msg["event"] === "list");
    f.node("registrar").receive({ topic: "list" });
    const numbers = ((await list).payload as { extension: string }[]).map((r) => r.extension).sort();
    assert.deepEqual(numbers, ["503", "6001"]);
    const dnd = f.message("registered", (msg) => msg["event"] === "dnd");
    const told = f.message("news");
    f.node("registrar").receive({ payload: { action: "dnd", extension: "6001", on: true, status: 603 } });
    await dnd;
    assert.deepEqual((await told).payload, { extension: "6001", on: true, by: "message", status: 603 });
    const book = f.message("registered", (msg) => msg["event"] === "list");
    f.node("registrar").receive({ payload: { action: "list", format: "csv" } });
    const { payload, headers } = (await book) as { payload?: unknown; headers?: object };
    assert.equal(
      payload,
      "number,name,kind,registered,contacts\r\n503,Front door,door,true,1\r\n6001,Kitchen,extension,true,1\r\n6002,6002,extension,false,0\r\n",
    );
    assert.deepEqual(headers, { "content-type": "text/csv; charset=utf-8" });
    const gone = f.message("unregistered");
    f.node("registrar").receive({ payload: { action: "remove", extension: "6001" } });
    assert.equal(((await gone).payload as { extension: string }).extension, "6001");
  });

  it("own passwords lie in one credential and reach whoever may write", async () => {
    const credentials = { registrar: { passwords: '{"6001":"own-pass"}' } };
    flow = await Flow.load([endpoint, frontdoor, registrar, ...sinks, phone("6001"), phone("6002")], credentials);
    await flow.status("phone6002", isRegistered);
    const refused = await flow.status("phone6001", (s) => s.fill === "red");
    assert.match(refused.text ?? "", /password/);
    const { body, headers } = await flow.admin.get("/portero/registrar/registrar");
    assert.deepEqual(body, { passwords: { "6001": "own-pass" } });
    assert.equal(headers["cache-control"], "no-store");
  });
});
