// A door of a switchboard that is asked what happens: its answers are visits and states, and its silence is told.
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { presetOf, type Preset } from "../../../src/door/door.ts";
import { systemClock } from "../../../src/clock.ts";
import { Secret } from "../../../src/secret.ts";
import { SimTeller } from "../../../src/sim/devices/teller.ts";
import type { VisitEvent } from "../../../src/visit/messages.ts";
import type { DoorReport } from "../../../src/visit/presses/door-state.ts";
import { House } from "../house.ts";

describe("A door that is asked what happens", () => {
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
          make: twoN(device.port),
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

/** The preset, asked at a port of this machine. */
function twoN(port: number): Preset {
  const make = presetOf("2n");
  const { poll } = make;
  assert.ok(poll?.subscribe);
  const here = (url: string) => url.replace("https://{address}", `http://127.0.0.1:${port}`);
  return {
    ...make,
    poll: { ...poll, url: here(poll.url), subscribe: { ...poll.subscribe, url: here(poll.subscribe.url) } },
  };
}
