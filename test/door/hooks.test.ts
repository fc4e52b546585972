// Hooks: who may report, what, and how often.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Hooks } from "../../src/door/hooks.ts";
import { reportOf, reportWords, type DeviceReport } from "../../src/door/reports.ts";
import { giveUp } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import { FakeClock } from "../support/clock.ts";

const front = "f".repeat(26);
const back = "b".repeat(26);

function setting() {
  const clock = new FakeClock();
  const logged: string[] = [];
  const log = (text: string) => void logged.push(text);
  const hooks = new Hooks({ clock, log: { debug: log, info: log, warn: log, error: log } });
  const heard: [string, DeviceReport][] = [];
  const take = (door: string) => (report: DeviceReport) => void heard.push([door, report]);
  const remove = hooks.add(new Secret(front), take("front"));
  hooks.add(new Secret(back), take("back"));
  const get = (path: string, method = "GET") => hooks.call(method, path, "192.0.2.7");
  return { clock, hooks, heard, logged, get, remove };
}

describe("A hook", () => {
  it("reports for the door whose secret it has: presses, openings and states", () => {
    const { get, heard } = setting();
    assert.equal(get(`/${front}/press`), 200);
    assert.equal(get(`/${front}/press/201?mac=0c11`), 200);
    assert.equal(get(`/${back}/press/Fam.%20M%C3%BCller`, "POST"), 200);
    assert.equal(get(`/${front}/opened/`), 200);
    assert.equal(get(`/${front}/contact/open`), 200);
    assert.equal(get(`/${front}/lock/locked`), 200);
    assert.deepEqual(heard, [
      ["front", { kind: "press" }],
      ["front", { kind: "press", button: "201" }],
      ["back", { kind: "press", button: "Fam. Müller" }],
      ["front", { kind: "opened" }],
      ["front", { kind: "state", state: { contact: "open" } }],
      ["front", { kind: "state", state: { lock: "locked" } }],
    ]);
  });

  it("gives the same answer to everything that is wrong, and reports nothing", () => {
    const { get, heard } = setting();
    const wrong = [
      ...["", "/", `/${front}`, `/${front}/`, `/${front}/open`, `/${front}/relay`, `/${front}/relay/toggle`],
      ...[`/${front}/door/open`, `/${front.toUpperCase()}/press`, `/${front}x/press`, "//press"],
      ...["/%E0%A4%A/press", `/${front}/press/${"9".repeat(101)}`, `/${front.slice(1)}/press`, `press/${front}`],
    ];
    for (const path of wrong) assert.equal(get(path), 404, path);
    for (const method of ["HEAD", "PUT", "DELETE", "OPTIONS"])
      assert.equal(get(`/${front}/press`, method), 404, method);
    assert.deepEqual(heard, []);
  });

  it("is refused where it comes too often, for that door only, and is heard again later", async () => {
    const { clock, get, heard } = setting();
    const answers = Array.from({ length: 40 }, () => get(`/${front}/relay/on`));
    assert.deepEqual([answers.filter((status) => status === 200).length, answers.at(-1)], [30, 429]);
    assert.equal(get(`/${back}/relay/on`), 200);
    await clock.advance(10_000);
    assert.equal(get(`/${front}/relay/on`), 200);
    assert.equal(heard.length, 32);
  });

  it("is over when its door is, or has another secret", () => {
    const { get, remove } = setting();
    remove();
    assert.equal(get(`/${front}/press`), 404);
    assert.equal(get(`/${back}/press`), 200);
  });

  it("tells the log of wrong secrets once a minute, and never a secret", async () => {
    const { clock, get, logged } = setting();
    for (let n = 0; n < 500; n++) get(`/${"0".repeat(24)}${n}/press`);
    await clock.advance(60_000);
    get(`/${front}0/press`);
    assert.equal(logged.length, 2);
    assert.match(logged[0] ?? "", /secret that is none, last by 192\.0\.2\.7 \(1 time\)/);
    assert.match(logged[1] ?? "", /\(500 times\)/);
    assert.ok(!logged.join().includes("000000"));
    assert.ok(!logged.join().includes("ffffff"));
  });

  it("that leads to a door which is gone answers as one that there is not", () => {
    const { hooks, logged } = setting();
    hooks.add(new Secret("c".repeat(26)), () => {
      throw giveUp("no-door", 'there is no door "cellar"');
    });
    assert.equal(hooks.call("GET", `/${"c".repeat(26)}/press`, ""), 404);
    assert.match(logged[0] ?? "", /led nowhere: there is no door "cellar"/);
  });

  it("knows a word for each state, and no other", () => {
    assert.deepEqual(reportWords, [
      ...["press", "opened", "contact/open", "contact/closed"],
      ...["relay/on", "relay/off", "lock/locked", "lock/unlocked"],
    ]);
    for (const word of reportWords) assert.ok(reportOf(word), word);
    for (const word of ["", "opened/x", "contact", "contact/", "__proto__/x", "relay/open"])
      assert.equal(reportOf(word), undefined, word);
  });

  it("opens nothing: none of ten thousand calls is more than a report", () => {
    const { get, heard } = setting();
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const words = [
      "press",
      "open",
      "opened",
      "relay",
      "on",
      "door",
      "..",
      "%2e%2e",
      "\0",
      "",
      "contact",
      "closed",
      "?",
    ];
    for (let n = 0; n < 10_000; n++) {
      const path = Array.from({ length: random(5) }, () => words[random(words.length)]).join("/");
      assert.ok([200, 404, 429].includes(get(`/${random(2) === 0 ? front : path}/${path}`)));
    }
    for (const [, { kind }] of heard) assert.ok(["press", "opened", "state"].includes(kind));
    assert.ok(heard.length > 0);
  });
});
