// A door of a switchboard that is asked what happens: its answers are visits and states, and its silence is told.
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { systemClock } from "../../../src/clock.ts";
import { Secret } from "../../../src/secret.ts";
import { SimTeller } from "../../../src/sim/devices/teller.ts";
import type { VisitEvent } from "../../../src/visit/messages.ts";
import type { DoorReport } from "../../../src/visit/presses/door-state.ts";
import { House } from "../house.ts";

describe("A door that is asked what happens (issue 7, items 5 and 7)", { timeout: 20_000 }, () => {
  it("rings by what it answers, tells its relay, and is asked no more once it is taken away", async () => {
    const house = await House.open();
    const password = new Secret("pw");
    const device = await SimTeller.open({ way: "log", login: "me", password, clock: systemClock });
    const { switchboard } = house;
    const polled: unknown[] = [];
    switchboard.on("poll", (door, trouble) => polled.push([door, trouble]));
    try {
      const leave = switchboard.addDoor(
        {
          ...{ id: "gate", name: "Gate", extension: "8001", preset: "2n", password, code: new Secret("") },
          ...{ address: "127.0.0.1", cameraUsername: "me", cameraPassword: password },
          ...{ poll: "preset" as const, buttons: [{ number: "2", name: "Meier" }] },
          make: { ...twoN(device.port) },
        },
        "door Gate",
      );
      while (!device.asked.includes("/api/log/pull")) await new Promise((resolve) => setImmediate(resolve));
      const state = once(switchboard, "door-state");
      const rings = once(switchboard, "visit");
      device.relay(true);
      device.press("2");
      const [[report], [{ event, payload }]] = (await Promise.all([state, rings])) as [[DoorReport], [VisitEvent]];
      assert.deepEqual([report.door, report.relay, report.by], ["gate", "on", "poll"]);
      assert.deepEqual([event, payload], ["ring", { from: "8001", button: "2", buttonName: "Meier", by: "poll" }]);
      assert.equal(switchboard.doorState("gate").relay, "on");
      leave();
      assert.deepEqual(polled, []);
    } finally {
      await house.close();
      await device.close();
    }
  });
});

const rule = (word: string, when: string) => ({ word, when });
const twoN = (port: number) => ({
  ...{ id: "2n", label: "2N", maker: "2N", evidence: "source" as const, sources: [] },
  dtmf: { method: "info" as const, durationMs: 160, gapMs: 100 },
  poll: {
    ...{ kind: "events" as const, url: `http://127.0.0.1:${port}/api/log/pull?id={id}&timeout=20`, everySeconds: 0 },
    ...{ credentials: "own" as const, patienceSeconds: 30 },
    subscribe: { url: `http://127.0.0.1:${port}/api/log/subscribe`, take: '"id"\\s*:\\s*(\\d+)' },
    rules: [
      rule("press", '"KeyPressed"[^}]*"key"\\s*:\\s*"%(?<button>\\d+)"'),
      rule("relay/on", '"SwitchStateChanged"[^}]*"state"\\s*:\\s*true'),
    ],
  },
});
