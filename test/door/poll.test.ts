// Devices that are asked what happens: what their answers mean, and what becomes of those that answer late, wrongly or never.
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { PollRules } from "../../src/door/poll-rules.ts";
import { Poller } from "../../src/door/poll.ts";
import type { Poll } from "../../src/door/hook-schema.ts";
import { presetOf } from "../../src/door/presets.ts";
import type { DeviceReport } from "../../src/door/reports.ts";
import { Secret } from "../../src/secret.ts";
import { SimTeller, type TellingWay } from "../../src/sim/devices/teller.ts";
import { FakeClock } from "../support/clock.ts";

const password = new Secret("pässwort");
// As the presets have it; the fakes are written from what the makers say.
const pollOf = (preset: string): Poll => presetOf(preset).poll ?? assert.fail(`${preset} has no poll`);
const [status, monitor, log] = [pollOf("hikvision"), pollOf("doorbird"), pollOf("2n")];

/** A device, somebody who asks it, and what came of that. */
async function asking(t: TestContext, way: TellingWay, poll: Poll, login = "door") {
  const clock = new FakeClock();
  const device = await SimTeller.open({ way, login: "door", password, clock });
  const reports: DeviceReport[] = [];
  const troubles: (string | undefined)[] = [];
  const poller = new Poller(poll, {
    clock,
    fill: (template, { id = "" }) =>
      new Secret(template.replace(/https?:..{address}/, `http://127.0.0.1:${device.port}`).replace("{id}", id)),
    access: { username: login, password },
    report: (report) => void reports.push(report),
    trouble: (reason) => void troubles.push(reason),
  });
  const run = poller.run();
  t.after(async () => {
    poller.close();
    await run;
    await device.close();
  });
  /** Waits, turn by turn of the event loop, until it is so; the clock moves on in `ms`. */
  const until = async (isSo: () => boolean, ms = 0) => {
    for (let turns = 0; !isSo(); turns++) {
      assert.ok(turns < 20_000, "it never became so");
      if (ms > 0 && turns % 50 === 49) await clock.advance(ms);
      else await turn();
    }
  };
  return { clock, device, reports, troubles, until };
}

const presses = (reports: readonly DeviceReport[]) => reports.filter(({ kind }) => kind === "press").length;

describe("A poll", () => {
  it("of a state that lasts: a press is one, however often it is seen, and the next one is the next", async (t) => {
    const { device, reports, until } = await asking(t, "call-status", status);
    await until(() => device.asked.length >= 2, 500);
    device.press();
    const asked = device.asked.length;
    await until(() => device.asked.length >= asked + 4, 500);
    assert.equal(presses(reports), 1);
    device.rest();
    const rested = device.asked.length;
    await until(() => device.asked.length >= rested + 2, 500);
    device.press();
    await until(() => presses(reports) === 2, 500);
  });

  it("logs in anew each time where the device takes each nonce once, which else would cost a vain try each time", async (t) => {
    const { device, troubles, until } = await asking(t, "call-status", status);
    await until(() => device.asked.length >= 5, 500);
    assert.deepEqual([troubles, device.turnedAway], [[], 0]);
    const kept = await asking(t, "call-status", { ...status, freshLogin: false });
    await kept.until(() => kept.device.asked.length >= 5, 500);
    assert.deepEqual(kept.troubles, []);
    assert.ok(kept.device.turnedAway >= 4);
  });

  it("tells no password that a device wants in its address, however it is called there (P7)", async (t) => {
    const { troubles, until } = await asking(t, "call-status", {
      ...status,
      url: "http://{address}/nowhere?x=s3cret&y=1",
    });
    await until(() => troubles.length > 0, 500);
    assert.doesNotMatch(String(troubles[0]), /s3cret/);
    const { troubles: dead, until: soon } = await asking(t, "call-status", {
      ...status,
      url: "http://127.0.0.1:9/?x=s3cret",
    });
    await soon(() => dead.length > 0, 500);
    assert.match(String(dead[0]), /127\.0\.0\.1:9/);
    assert.doesNotMatch(String(dead[0]), /s3cret/);
  });

  it("of a stream: one connection, a line at a time; what says nothing of the bell does not end its press", async (t) => {
    const { device, reports, until } = await asking(t, "monitor", monitor);
    await until(() => device.asked.length === 1);
    device.press();
    device.motion();
    device.press();
    await until(() => presses(reports) === 1);
    device.rest();
    device.press();
    await until(() => presses(reports) === 2);
    assert.equal(device.asked.length, 1);
  });

  it("of a stream that falls silent is begun anew, and one that is cut, too", async (t) => {
    const { device, reports, troubles, until } = await asking(t, "monitor", monitor);
    await until(() => device.asked.length === 1);
    device.restart();
    await until(() => device.asked.length === 2, 500);
    device.behaviour = "silent";
    device.restart();
    await until(() => troubles.length === 1, 5_000);
    assert.match(troubles[0] ?? "", /has told of no event, nor that there is none, for 90 s/);
    device.behaviour = "normal";
    await until(() => troubles.length === 2, 500);
    assert.equal(troubles[1], undefined);
    device.press();
    await until(() => presses(reports) === 1);
  });

  it("of events: subscribed once, each told once and in order, and subscribed anew where the device has forgotten it", async (t) => {
    const { device, reports, until } = await asking(t, "log", log);
    await until(() => device.asked.includes("/api/log/pull"));
    device.press("3");
    device.relay(true);
    device.motion();
    device.relay(false);
    await until(() => reports.length === 3, 100);
    assert.deepEqual(reports, [
      { kind: "press", button: "3" },
      { kind: "state", state: { relay: "on" } },
      { kind: "state", state: { relay: "off" } },
    ]);
    device.restart();
    const subscribed = () => device.asked.filter((path) => path.endsWith("subscribe")).length;
    await until(() => subscribed() === 2, 500);
    await until(() => device.asked.at(-1) === "/api/log/pull");
    device.press("1");
    await until(() => reports.length === 4, 100);
  });

  it("of a device that is away is trouble after three tries, asked less and less often, and none once it answers", async (t) => {
    const { device, troubles, until, clock } = await asking(t, "call-status", { ...status, patienceSeconds: 2 });
    device.behaviour = "silent";
    const began = clock.now();
    await until(() => troubles.length === 1, 1_000);
    assert.match(troubles[0] ?? "", /The door station at http:\/\/127\.0\.0\.1:\d+\/ISAPI.* did not answer within 2 s/);
    assert.ok(clock.now() - began >= 2_000 + 2_000 + 2_000 + 4_000 + 2_000);
    device.behaviour = "normal";
    await until(() => troubles.length === 2, 500);
    assert.equal(troubles[1], undefined);
  });

  /** Milliseconds from each time of asking to the next. */
  async function pauses(t: TestContext, poll: Partial<Poll>, many: number, stepMs: number): Promise<number[]> {
    const { clock, device, until } = await asking(t, "call-status", { ...status, ...poll });
    const at: number[] = [];
    while (at.length <= many) {
      await until(() => device.asked.length > at.length, stepMs);
      at.push(clock.now());
    }
    return at.slice(1).map((now, i) => now - (at[i] ?? 0));
  }

  for (const [everySeconds, ms] of [
    [5, 5000],
    [undefined, 1000],
    // However often somebody wishes: a device has others to serve.
    [0.001, 250],
  ] as const)
    it(`asks once every ${ms} ms where ${everySeconds ?? "no"} seconds are wished for`, async (t) => {
      const { everySeconds: _, ...rest } = status;
      const all = await pauses(t, { ...rest, ...(everySeconds !== undefined && { everySeconds }) }, 4, ms / 10);
      assert.ok(
        all.every((pause) => pause >= ms && pause < 2 * ms),
        all.join(),
      );
    });

  it("of a device that refuses pauses twice as long each time, a minute at most", async (t) => {
    const all = await pauses(t, { url: "http://{address}/nothing" }, 7, 500);
    for (const [at, least] of [2, 4, 8, 16, 32, 60, 60].entries())
      assert.ok((all[at] ?? 0) >= least * 1000 && (all[at] ?? 0) < least * 1000 + 2000, all.join());
  });

  it("with a wrong password is trouble at once, and the password is in no word of it", async (t) => {
    const { troubles, until } = await asking(t, "monitor", monitor, "somebody");
    await until(() => troubles.length > 0);
    assert.match(troubles[0] ?? "", /does not accept the user name or password/);
    assert.ok(!troubles.join().includes("pässwort"));
  });
});

describe("What the answers of a poll mean", () => {
  it("a press begins where its pattern does, and whatever lasts over a time away is told anew", () => {
    const rules = new PollRules({ kind: "status", rules: [{ word: "press", when: "ring" }] });
    assert.deepEqual(
      ["idle", "ring", "ring", "onCall", "ring"].map((text) => rules.read(text).length),
      [0, 1, 0, 0, 1],
    );
    rules.reset();
    assert.equal(rules.read("ring").length, 1);
  });

  it("states are told each time: who keeps them knows what is news", () => {
    const rules = new PollRules({
      kind: "status",
      rules: [
        { word: "contact/open", when: '"door":1' },
        { word: "contact/closed", when: '"door":0' },
      ],
    });
    assert.deepEqual(rules.read('{"door":1}'), [{ kind: "state", state: { contact: "open" } }]);
    assert.deepEqual(rules.read('{"door":0}'), [{ kind: "state", state: { contact: "closed" } }]);
    assert.deepEqual(rules.read("{}"), []);
  });
});
