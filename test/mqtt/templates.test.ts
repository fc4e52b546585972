import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkMqtt } from "../../src/mqtt/settings.ts";
import { occasions, Templates, templateSchema, type Template } from "../../src/mqtt/templates.ts";

const told = { door: "Front Door", name: "Front", ts: 5, json: '{"a":1}' };
const one = (template: Partial<Template> & Pick<Template, "on">, more: object = {}) =>
  new Templates([{ topic: "t", payload: "p", ...template }], "home/bell").of(template.on, { ...told, ...more });

describe("Messages of a user's own", () => {
  it("fill topic and payload; what is not known there is empty", () => {
    const ring = { event: "ring", visit: "v1", from: "503", button: "1" };
    assert.deepEqual(
      one({ on: "event", topic: "{base}/{door}/{event}", payload: "{name} {from} {button} {ts} {json} {id}" }, ring),
      [{ topic: "home/bell/front-door/ring", payload: 'Front 503 1 5 {"a":1} ' }],
    );
  });

  it("are about one event, one state, or one outcome where they say so", () => {
    assert.equal(one({ on: "event", only: "ring" }, { event: "ring" }).length, 1);
    assert.equal(one({ on: "event", only: "ring" }, { event: "ended" }).length, 0);
    assert.equal(one({ on: "call", only: "talking" }, { state: "talking" }).length, 1);
    assert.equal(one({ on: "call", only: "" }, { state: "idle" }).length, 1);
    assert.equal(one({ on: "result", only: "false" }, { ok: true }).length, 0);
    assert.equal(one({ on: "result", only: "false" }, { ok: false }).length, 1);
  });

  it("never let a caller choose the topic, and are never a command to us", () => {
    assert.equal(one({ on: "event", topic: "calls/{from}" }, { from: "#/+\0" })[0]?.topic, "calls/----");
    assert.deepEqual(one({ on: "event", topic: "home/bell/x/{event}/open" }, { event: "door" }), []);
  });

  it("hold a caller's words as words: in a topic none that a broker ends the connection for, in JSON none that end a string", () => {
    const topic = one({ on: "event", topic: "calls/{from}" }, { from: "8\u00010\u0085\uffff\ud800" })[0]?.topic;
    assert.equal(topic, "calls/8-0---");
    const from = '8","event":"open\\\n';
    const payload = (template: string, more: object = {}) =>
      one({ on: "event", payload: template }, { event: "ring", from, visit: "v1", ...more })[0]?.payload ?? "";
    for (const template of [
      '{"event":"{event}","who":"by {from}"}',
      ' {"who":"by {from}","event":"{event}","of":{json}}',
    ]) {
      const read = JSON.parse(payload(template)) as Record<string, unknown>;
      assert.deepEqual([read["event"], read["who"]], ["ring", `by ${from}`]);
    }
    // What stands without quotes is one value, whatever it is.
    assert.deepEqual(JSON.parse(payload('{"n":{from},"ts":{ts}}', { from: '1,"ts":9' })), { n: '1,"ts":9', ts: 5 });
    assert.deepEqual(JSON.parse(payload('{"n":{from}}', { from: "503" })), { n: 503 });
    assert.equal(payload("{from}"), from);
    assert.equal(payload("{from} is at the door"), `${from} is at the door`);
  });

  it("have an occasion for all that the form offers", () => {
    assert.deepEqual([...templateSchema.properties.on.enum].sort(), occasions.toSorted());
  });

  for (const [what, template, sentence] of [
    [
      "a placeholder that is not known there",
      { on: "call", topic: "{event}" },
      /\{event\}, which is not known for call/,
    ],
    ["the same in a payload", { on: "event", topic: "t", payload: "{what}" }, /\{what\}.*there is \{event\} \{visit\}/],
    ["a wildcard", { on: "event", topic: "a/+/{door}" }, /is no topic: none of # \+ \$/],
    ["a level that is empty", { on: "event", topic: "a//b" }, /is no topic/],
    ["our own commands", { on: "event", topic: "{base}/{door}/door/open" }, /would be a command to the bridge itself/],
    ["no topic", { on: "event", topic: "" }, /messages\.0\.topic must NOT have fewer than 1 char/],
    ["no occasion", { on: "maybe", topic: "t" }, /messages\.0\.on must be one of event, result, call/],
  ] as const)
    it(`are refused with ${what}`, () =>
      assert.throws(() => checkMqtt({ url: "mqtt://h", messages: [template] }), sentence));
});
