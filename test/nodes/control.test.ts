// call-control in a flow: what the visitor hears of it, and what comes out.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { commandIn } from "../../nodes/call-control/call-control.ts";
import { settingsFor } from "../../nodes/dial-strategy/settings.ts";
import type { EndpointNode } from "../../nodes/sip-endpoint/node.ts";
import type { SimNode } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import type { Message, Red, RedNode } from "../../nodes/red.d.ts";
import { sine, wav } from "../media/wav.ts";
import { endpoint, Flow, frontdoor, sink, type FlowNode } from "./flow.ts";

let folder: string;
let gong: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "portero-control-"));
  gong = join(folder, "gong.wav");
  await writeFile(gong, wav(sine(1000, 2.5)));
});
after(() => rm(folder, { recursive: true }));

const nodes: FlowNode[] = [
  endpoint,
  frontdoor,
  { id: "in", type: "doorbell-in", door: "door1", wires: [["ring"], [], ["ended"], []] },
  sink("ring"),
  sink("ended"),
  { id: "bell", type: "doorbell-sim", role: "bell", door: "door1", wires: [["saw"]] },
  sink("saw"),
  sink("done"),
  sink("failed"),
];
const controlled = (settings: object = {}): FlowNode => ({
  ...{ id: "control", type: "call-control", wires: [["done"], ["failed"]] },
  ...settings,
});

describe("call-control", () => {
  let flow: Flow | undefined;
  afterEach(async () => {
    await flow?.close();
    flow = undefined;
  });

  /** A pressed bell. `tell` sends the node a message of the visit and gives what comes out. */
  async function pressed(settings: object = {}, more: FlowNode[] = []) {
    const f = (flow = await Flow.load([...nodes, controlled(settings), ...more]));
    await f.status("bell", (look) => look.fill === "green");
    const ring = f.message("ring");
    await f.node<SimNode>("bell").press();
    const { visit } = await ring;
    const heard = (hertz: number) =>
      f.message("saw", ({ event, payload }) => {
        return event === "audio" && Math.abs((payload as { frequency: number }).frequency - hertz) < 15;
      });
    // One listener for all: Node-RED skips the next one where a listener is taken off while it is called.
    let came: (msg: Message) => void = () => {};
    for (const id of ["done", "failed"]) f.node(id).on("input", (msg: Message) => came(msg));
    const tell = (msg: Message = {}) =>
      new Promise<Message>((resolve) => {
        came = resolve;
        f.node("control").receive({ visit, ...msg });
      });
    return { f, visit, heard, tell };
  }
  const payloadOf = ({ payload }: Message) => payload as { ok: boolean; did: string; reason: string; ended?: string };

  it("N1 plays a file to the visitor before the call is answered, and says when it is over", async () => {
    const { tell, heard, f } = await pressed({ action: "play", sound: "file", source: gong, sourceType: "str" });
    const pitch = heard(1000);
    const out = await tell();
    assert.deepEqual(out.payload, { ok: true, did: "play", reason: "heard to the end", ended: "finished" });
    assert.equal(out["event"], "done");
    assert.equal((out["visit"] as { state: string }).state, "ringing");
    await pitch;
    await f.status("control", (look) => look.text === "call-control.status.done");
  });

  it("says what a text-to-speech node made, and says so where it is something else", async () => {
    const { tell, heard } = await pressed({ action: "say" });
    const pitch = heard(1500);
    assert.equal(payloadOf(await tell({ payload: wav(sine(1500, 2.5, 16_000), { rate: 16_000 }) })).ended, "finished");
    await pitch;
    const mp3 = payloadOf(await tell({ payload: Buffer.from("ID3 a song") }));
    assert.equal(mp3.ok, false);
    assert.match(mp3.reason, /the sound in the message is an MP3 file, not a WAV file: make it 8 or 16 kHz/);
    assert.match(payloadOf(await tell({ payload: { text: "hello" } })).reason, /msg payload holds no sound/);
  });

  it("H16, H19 answers the bell, rings back to it without end, stops, and hangs up", async () => {
    const { tell, heard, f } = await pressed({ action: "play", sound: "busy", country: "us", loop: true });
    const answered = f.message("saw", ({ event }) => event === "answered");
    assert.equal(payloadOf(await tell({ payload: "answer" })).reason, "the bell's call is answered");
    await answered;
    const pitch = heard(425);
    const out = payloadOf(await tell({ payload: { action: "play", tone: "congestion", country: "ch", loop: true } }));
    assert.deepEqual(out, { ok: true, did: "play", reason: "plays until it is stopped" });
    await pitch;
    const silence = f.message(
      "saw",
      ({ event, payload }) => event === "audio" && (payload as { packets: number }).packets === 0,
    );
    assert.equal(payloadOf(await tell({ payload: { action: "stop" } })).ok, true);
    await silence;
    const ended = f.message("ended");
    const bellEnded = f.message("saw", ({ event }) => event === "ended");
    assert.equal(payloadOf(await tell({ payload: "hangup" })).ok, true);
    assert.equal(((await ended).payload as { outcome: string }).outcome, "stopped");
    assert.equal(((await bellEnded).payload as { by: string }).by, "remote");
    assert.match(payloadOf(await tell({ payload: "hangup" })).reason, /over already/);
  });

  it("rejects the bell with a status", async () => {
    const { tell, f } = await pressed({ action: "reject", status: "603" });
    const bellEnded = f.message("saw", ({ event }) => event === "ended");
    assert.equal(payloadOf(await tell()).reason, "the bell was refused with 603");
    assert.equal(((await bellEnded).payload as { status: number }).status, 603);
  });

  it("mutes one side of a conversation, and lets it be heard again", async () => {
    const registrar = { id: "reg", type: "sip-registrar", endpoint: "ep", extensions: [{ number: "6001" }] };
    const phone = {
      ...{ id: "phone", type: "doorbell-sim", role: "phone", endpoint: "ep", extension: "6001", wires: [["phoned"]] },
      ...{ autoAnswer: true, answerAfter: "0" },
    };
    const dial = {
      id: "dial",
      type: "dial-strategy",
      strategy: "ring-all",
      targets: ["6001"],
      wires: [["talk"], [], []],
    };
    const { f, visit, tell } = await pressed({ action: "mute", to: "door" }, [
      registrar,
      phone,
      dial,
      sink("phoned"),
      sink("talk"),
    ]);
    await f.status("phone", (look) => look.fill === "green");
    assert.match(payloadOf(await tell()).reason, /nobody talks with Front door just now/);
    const talks = f.message("talk");
    f.node("dial").receive({ visit });
    await talks;
    const audio = (fits: (heard: { frequency: number; packets: number }) => boolean) =>
      f.message("phoned", ({ event, payload }) => event === "audio" && fits(payload as never));
    await audio(({ frequency }) => Math.abs(frequency - 440) < 15);
    assert.equal(payloadOf(await tell()).reason, "not heard any more");
    await audio(({ packets }) => packets === 0);
    assert.equal(payloadOf(await tell({ payload: "unmute" })).reason, "heard again");
    await audio(({ frequency }) => Math.abs(frequency - 440) < 15);
  });

  it("H15 dial-strategy has a sound of its own", async () => {
    const registrar = { id: "reg", type: "sip-registrar", endpoint: "ep", extensions: [{ number: "6001" }] };
    const dial = {
      ...{ id: "dial", type: "dial-strategy", strategy: "redial", targets: ["6001"], waitSeconds: "4" },
      ...{ sound: "file", soundFile: gong, stopCauses: "21", wires: [[], [], []] },
    };
    const { f, visit, heard } = await pressed({}, [registrar, dial]);
    const pitch = heard(1000);
    f.node("dial").receive({ visit });
    await pitch;
  });

  it("N1 holds, transfers, and records by what its dialog says, and by a message", async () => {
    const registrar = {
      ...{ id: "reg", type: "sip-registrar", endpoint: "ep" },
      extensions: [{ number: "6001" }, { number: "6002" }],
    };
    const phone = (id: string, extension: string): FlowNode => ({
      ...{ id, type: "doorbell-sim", role: "phone", endpoint: "ep", extension, wires: [["phoned"]] },
      ...{ autoAnswer: true, answerAfter: "0" },
    });
    const dial = { id: "dial", type: "dial-strategy", targets: ["6001"], wires: [["talk"], [], []] };
    const { f, visit, tell, heard } = await pressed(
      { action: "transfer", targets: "6002, ,", seconds: "20", sound: "none", recordTo: "flow" },
      [registrar, phone("phone", "6001"), phone("other", "6002"), dial, sink("phoned"), sink("talk")],
    );
    for (const id of ["phone", "other"]) await f.status(id, (look) => look.fill === "green");
    const talks = f.message("talk");
    f.node("dial").receive({ visit });
    await talks;
    const music = heard(425);
    assert.equal(payloadOf(await tell({ payload: { action: "hold", tone: "busy" } })).reason, "on hold");
    await music;
    assert.equal(payloadOf(await tell({ payload: "unhold" })).reason, "the two hear each other again");
    assert.equal(payloadOf(await tell({ payload: "record" })).reason, "the conversation is recorded");
    await heard(880);
    assert.deepEqual(payloadOf(await tell()), {
      ok: true,
      did: "transfer",
      reason: "6002 has the visitor",
      by: "6002",
    });
    const kept = (await tell({ payload: "record-stop" })).payload as { recorded: object };
    assert.partialDeepStrictEqual(kept.recorded, { kind: "call", by: "6002" });
    assert.ok(!("wav" in kept.recorded));
    assert.match(payloadOf(await tell({ payload: "record-stop" })).reason, /nothing is recorded just now/);
    assert.match(payloadOf(await tell({ payload: { action: "transfer", targets: ["6999"] } })).reason, /6999 cannot/);
  });

  it("has a sentence for what cannot be", async () => {
    const { tell, f } = await pressed({ action: "play" });
    const reason = async (msg: Message) => payloadOf(await tell(msg)).reason;
    assert.match(await reason({ visit: undefined }), /msg\.visit is missing/);
    assert.match(await reason({ payload: { action: "dance" } }), /action must be one of answer, reject, hangup/);
    assert.match(await reason({ payload: { action: "play", tone: "bell" } }), /tone must be one of ring-back/);
    assert.match(await reason({ payload: { action: "play", file: join(folder, "none.wav") } }), /there is none/);
    assert.match(
      await reason({ payload: { action: "play", file: gong, to: "answerer" } }),
      /nobody has answered the visitor/,
    );
    assert.match(await reason({ payload: { action: "reject", status: 200 } }), /status must be >= 400/);
    assert.match(await reason({ payload: { action: "say" } }), /holds no sound/);
    await f.status("control", (look) => look.fill === "red");
  });
});

describe("what the dialogs say of sounds", () => {
  it("a command is an action's name or an object with one; anything else is not", () => {
    assert.deepEqual(commandIn({ payload: "Stop" }), { action: "stop" });
    assert.deepEqual(commandIn({ payload: { action: "play", tone: "busy" } }), { action: "play", tone: "busy" });
    for (const payload of [undefined, "press", { from: "503", button: "1" }, Buffer.from("stop"), 5])
      assert.equal(commandIn({ payload }), undefined);
  });

  it("dial-strategy gives its sound as a setting, a message's goes before it", async () => {
    const RED = { util: {} } as unknown as Red;
    const of = (config: object, msg: Message = {}) =>
      settingsFor(RED, {} as RedNode, { id: "n", type: "dial-strategy", ...config }, msg) as Promise<{
        sound?: object;
      }>;
    assert.equal((await of({})).sound, undefined);
    assert.deepEqual((await of({ sound: "ring-back", country: "fr" })).sound, { tone: "ring-back", country: "fr" });
    assert.deepEqual((await of({ sound: "file", soundFile: " /a.wav " })).sound, { file: "/a.wav" });
    assert.deepEqual((await of({ sound: "file", soundFile: "HTTPS://a/b" })).sound, { url: "HTTPS://a/b" });
    const own = { strategy: { sound: { tone: "busy" }, answerFirst: true } };
    assert.partialDeepStrictEqual(await of({ sound: "ring-back" }, own), {
      sound: { tone: "busy" },
      answerFirst: true,
    });
  });
});

describe("the example of a greeting", () => {
  it("N1, H16 lets the visitor hear a gong, ring-back, three rising tones, and hangs up", async () => {
    const file = new URL("../../examples/a-greeting-for-the-visitor.json", import.meta.url);
    const example = JSON.parse(await readFile(file, "utf8")) as FlowNode[];
    const here = (node: FlowNode): FlowNode => {
      if (node.type === "sip-endpoint") return { ...node, ...endpoint, id: node.id };
      if (node.type === "debug") return { ...node, type: "helper" };
      // Nobody answers; the hearing of that may be short.
      return node.type === "dial-strategy" ? { ...node, seconds: "3" } : node;
    };
    const flow = await Flow.load(
      example.filter(({ type }) => !["tab", "comment", "inject", "function"].includes(type)).map(here),
    );
    try {
      const of = (type: string, nth = 0) => example.filter((node) => node.type === type)[nth]?.id ?? "";
      const named = (name: string) => example.find((node) => node["name"] === name)?.id ?? "";
      const { func } = example.find(({ type }) => type === "function") as unknown as { func: string };
      const gong = runInNewContext(`(function () { const msg = {}; ${func} })()`, { Buffer }) as { payload: Buffer };
      await flow.status(of("doorbell-sim"), (look) => look.fill === "green");
      await flow.status(of("doorbell-sim", 1), (look) => look.fill === "green");
      const pitches: number[] = [];
      flow.node(named("heard at the door")).on("input", ({ event, payload }: Message) => {
        if (event === "audio") pitches.push((payload as { frequency: number }).frequency);
      });
      const [hungUp, ended] = [flow.message(named("hung up")), flow.message(named("ended"))];
      // The runtime here has no function nodes: what the one of the example makes is handed to the next node.
      const visit = once(flow.node<EndpointNode>(of("sip-endpoint")).switchboard, "visit") as Promise<
        [{ visit: object }]
      >;
      await flow.node<SimNode>(of("doorbell-sim")).press();
      flow.node(of("call-control")).receive({ visit: (await visit)[0].visit, ...gong });
      assert.equal(((await hungUp).payload as { ok: boolean }).ok, true);
      assert.equal(((await ended).payload as { outcome: string }).outcome, "stopped");
      const heard = (hertz: number) => pitches.some((pitch) => Math.abs(pitch - hertz) < 15);
      assert.ok(heard(660) || heard(523), `a gong: ${pitches.join(" ")}`);
      assert.ok(heard(425), `ring-back: ${pitches.join(" ")}`);
    } finally {
      await flow.close();
    }
  });
});

describe("the example of a menu", () => {
  it("N1 answers as the menu, hears the visitor press 1, and gives the visitor to the flat", async () => {
    const file = new URL("../../examples/menu-for-the-visitor.json", import.meta.url);
    const example = JSON.parse(await readFile(file, "utf8")) as FlowNode[];
    const here = (node: FlowNode): FlowNode => {
      if (node.type === "sip-endpoint") return { ...node, ...endpoint, id: node.id };
      return node.type === "debug" || node.type === "switch" ? { ...node, type: "helper" } : node;
    };
    const flow = await Flow.load(example.filter(({ type }) => !["tab", "comment", "inject"].includes(type)).map(here));
    try {
      const of = (type: string, nth = 0) => example.filter((node) => node.type === type)[nth]?.id ?? "";
      const named = (name: string) => example.find((node) => node["name"] === name)?.id ?? "";
      // The runtime here has no switch: what the two of the example do is done by their own rules.
      for (const { id, wires, property, rules } of example.filter(({ type }) => type === "switch") as Switch[])
        flow.node(id).on("input", (msg: Message) => {
          const [outer = "", inner = ""] = property.split(".");
          const value = (msg[outer] as Record<string, unknown> | undefined)?.[inner];
          for (const to of wires[rules.findIndex(({ v }) => v === value)] ?? []) flow.node(to).receive(msg);
        });
      for (const nth of [0, 1, 2]) await flow.status(of("doorbell-sim", nth), (look) => look.fill === "green");
      const said = flow.message(named("the menu is heard"));
      await flow.node<SimNode>(of("doorbell-sim")).press();
      assert.deepEqual(((await said).payload as { ended: string }).ended, "finished");
      const [has, ended] = [flow.message(named("has the visitor")), flow.message(named("ended"))];
      flow.node(of("doorbell-sim")).receive({ payload: { digits: "1" } });
      assert.partialDeepStrictEqual((await has).payload, { ok: true, did: "transfer", by: "6021" });
      // What is pressed now goes to whoever has answered, and is no choice any more.
      flow.node(of("doorbell-sim")).receive({ payload: "hang up" });
      assert.partialDeepStrictEqual((await ended).payload, { outcome: "answered", answeredBy: "6021" });
    } finally {
      await flow.close();
    }
  });
});

interface Switch extends FlowNode {
  wires: string[][];
  property: string;
  rules: { v: string }[];
}
