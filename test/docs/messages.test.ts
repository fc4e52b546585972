// What the pages show as messages is what the nodes send: compared with an afternoon at a simulated door.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { createContext, runInContext } from "node:vm";
import { commandIn } from "../../nodes/call-control/call-control.ts";
import { simCommand } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import { registrarCommand } from "../../nodes/sip-registrar/sip-registrar.ts";
import { queryFor } from "../../nodes/visit-log/visit-log.ts";
import type { Message } from "../../nodes/red.d.ts";
import { Topics } from "../../src/mqtt/topics.ts";
import { checkControl } from "../../src/visit/talk/control.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import { at, blocks, pages, type Block } from "./pages.ts";
import { record, type Recording } from "./recording.ts";
import { shape } from "./shape.ts";

type Fields = Record<string, unknown>;
const parse = ({ text }: Block) => JSON.parse(text) as Fields;

describe("Messages in the documentation", () => {
  let recording: Recording;
  before(async () => {
    recording = await record();
  });
  const sent = (from: string, event: string): Fields[] => {
    const found = recording.messages.filter((one) => one.from === from && one.msg["event"] === event);
    assert.ok(found.length > 0, `${from} sent no "${event}"`);
    return found.map((one) => one.msg);
  };
  const isOneOf = (documented: unknown, real: readonly unknown[]) => {
    const wanted = JSON.stringify(shape(documented));
    if (real.some((one) => JSON.stringify(shape(one)) === wanted)) return;
    assert.deepEqual(shape(documented), shape(real[0]));
  };
  const published = (topic: string): Fields[] =>
    (recording.published.get(topic) ?? []).map((text) => JSON.parse(text) as Fields);

  for (const block of blocks("json")) {
    const [, from = "", event = "", part] = /^([a-z-]+)\/([a-z-]+)(?: (payload))?$/.exec(block.kind) ?? [];
    if (from === "") continue;
    it(`${at(block)} is what ${from} ${event === "input" ? "takes" : "sends"}`, () => {
      const shown = parse(block);
      if (event === "input") {
        const controlCommand = (msg: Message) => checkControl(commandIn(msg));
        const readers = {
          ...{ "sip-registrar": registrarCommand, "doorbell-sim": simCommand },
          "call-control": controlCommand,
          "visit-log": (msg: Message) => queryFor(msg, { id: "n", type: "visit-log" }, undefined, 0),
        };
        const read = (readers as Record<string, ((msg: Message) => unknown) | undefined>)[from];
        assert.ok(read, `nobody reads the input of ${from}`);
        assert.doesNotThrow(() => read(shown));
        return;
      }
      const real = sent(from, event);
      isOneOf(shown, part === undefined ? real : real.map((msg) => msg["payload"]));
      if (part === undefined) assert.equal(shown["event"], event);
      const visit = shown["visit"] as Fields | undefined;
      if (part === undefined && visit) assert.equal(shown["topic"], `${String(visit["door"])}/${event}`);
    });
  }

  const others: Record<string, () => unknown[]> = {
    audit: () => sent("doorbell-in", "opened").map((msg) => ({ kind: "opening", ...(msg["payload"] as Fields) })),
    "mqtt-event": () => published("doorbell/frontdoor/event"),
    "mqtt-result": () => published("doorbell/frontdoor/door/result"),
    "mqtt-refused payload": () => sent("mqtt-bridge", "refused").map((msg) => msg["payload"]),
    "server-refused": () =>
      sent("sip-registrar", "refused").map((msg) => ({ event: "", ...(msg["payload"] as Fields) })),
  };
  for (const block of blocks("json").filter(({ kind }) => kind in others))
    it(`${at(block)} is what is written`, () => isOneOf(parse(block), others[block.kind]?.() ?? []));

  for (const block of blocks("jsonl"))
    for (const [index, line] of block.text.split("\n").entries())
      it(`${at(block)}, line ${index + 1}, is what a simulated device prints`, () => {
        const { at: time, ...event } = JSON.parse(line) as Fields;
        assert.ok(!Number.isNaN(Date.parse(String(time))));
        isOneOf(
          event,
          sent("doorbell-sim", String(event["event"])).map((msg) => msg["payload"]),
        );
      });

  it("docs/messages.md has every event of a visit that was sent", () => {
    const page = pages.get("docs/messages.md") ?? "";
    const events = recording.messages
      .filter((one) => one.from === "doorbell-in")
      .map((one) => String(one.msg["event"]));
    const shown = [...page.matchAll(/^```json doorbell-in\/([a-z-]+)/gm)].map(([, event = ""]) => event);
    assert.deepEqual([...new Set(events)].sort(), [...new Set(shown)].sort());
  });

  it("docs/nodes/mqtt-bridge.md has the topics that are used, and no other", () => {
    const page = pages.get("docs/nodes/mqtt-bridge.md") ?? "";
    const shown = [...page.matchAll(/^\| `(doorbell\/[a-z/]+)`/gm)].map(([, topic = ""]) => topic);
    const heard = [...recording.published.keys()].filter((topic) => !topic.startsWith("doorbell/backdoor/"));
    const commands = new Topics("doorbell").commands.map((filter) =>
      filter.replace("+", "frontdoor").replace("+", "gate"),
    );
    // Published only after somebody has set it, and listened to only where the dialog says so.
    const seldom = [new Topics("doorbell").of("frontdoor", "dnd"), "doorbell/frontdoor/contact/set"];
    assert.deepEqual(shown.sort(), [...new Set([...heard, ...commands, ...seldom])].sort());
  });

  for (const block of blocks("js").filter(({ kind }) => kind !== "sign"))
    it(`${at(block)} runs in a function node`, () => {
      const [from = "", event = ""] = block.kind.split("/");
      const real = block.kind === "any" ? [{ payload: 1 }] : sent(from, event);
      // By day and by night, at the first try and at later ones: every branch of a snippet is taken.
      for (const msg of real)
        for (const hour of [3, 12, 23])
          for (const attempt of [1, 3, 10]) {
            const result = runIn(block.text, { ...msg, ...triedOften(msg, attempt) }, hour);
            assert.ok(result === null || typeof result === "object", "a function node returns a message or null");
            const strategy = (result as Message | null)?.["strategy"];
            // Laid over the dialog's, as dial-strategy does.
            if (strategy !== undefined) strategyOf({ strategy: "ring-all", ...(plain(strategy) as object) });
          }
    });
});

/** What stands in another realm, as JSON of ours. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const triedOften = (msg: Fields, attempt: number): Fields =>
  msg["visit"] === undefined ? {} : { visit: { ...(msg["visit"] as Fields), attempt } };

/** Runs a function node's code on a message at an hour of the day. */
function runIn(code: string, msg: Fields, hour: number): unknown {
  const now = new Date(2026, 0, 31, hour);
  const context = createContext({ msg: structuredClone(msg), hour, flow: new Map() });
  const clock = `{
    const Real = Date;
    globalThis.Date = class extends Real {
      constructor(time = ${now.getTime()}) { super(time); }
      getHours() { return hour; }
    };
  }`;
  return runInContext(`${clock}\n(function () {\n${code}\n})()`, context, { timeout: 1000 });
}
