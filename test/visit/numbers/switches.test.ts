// What is switched on stays so over a restart: a door whose presses ring nobody, an account that takes no calls.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Secret } from "../../../src/secret.ts";
import type { IncomingCall } from "../../../src/sip/dialog/incoming.ts";
import { Switchboard } from "../../../src/visit/switchboard.ts";
import { Switches } from "../../../src/visit/numbers/switches.ts";
import { Network } from "../../sip/network.ts";
import { FakeClock } from "../../support/clock.ts";

describe("A5 do not disturb", () => {
  it("of a door and of an account outlives a restart, and whoever follows the doors is told", async () => {
    const folder = await mkdtemp(join(tmpdir(), "portero-switches-"));
    const clock = new FakeClock();
    const network = new Network(clock);
    const logged: string[] = [];
    const log = (text: string) => void logged.push(text);
    const start = async () => {
      const switchboard = new Switchboard({
        sip: {
          listeners: [{ transport: "udp", address: "10.0.0.1", port: 5060 }],
          ...{ listen: network.listen },
        },
        ...{ media: { bind: "127.0.0.1", ports: [0, 0] }, clock, folder },
        log: { debug: log, info: log, warn: log, error: log },
      });
      let changes = 0;
      switchboard.on("doors", () => changes++);
      const password = new Secret("pw");
      const door = { id: "front", name: "Front", extension: "8000", preset: "generic", password, code: new Secret("") };
      switchboard.addDoor(door, "front");
      const line = { name: "provider", server: "10.0.0.200", user: "1", password, incoming: { door: "front" } };
      switchboard.addAccount(line, "provider");
      const before = changes;
      await switchboard.start();
      return { switchboard, told: () => changes - before };
    };
    const isBusy = (switchboard: Switchboard): boolean => {
      let refused: number | undefined;
      const call = {
        caller: { kind: "account", account: "provider", number: "1" },
        reject: (s: number) => (refused = s),
      };
      switchboard.entrances.pressed = () => {};
      switchboard.endpoint.emit("call", call as unknown as IncomingCall);
      return refused === 486;
    };
    const end = async (switchboard: Switchboard) => {
      const closed = switchboard.close();
      await clock.advance(2_000);
      await closed;
    };
    try {
      const first = await start();
      first.switchboard.setQuiet("front", true);
      await first.switchboard.setAccountDnd("provider", true);
      assert.deepEqual([first.switchboard.isQuiet("front"), isBusy(first.switchboard)], [true, true]);
      await end(first.switchboard);
      const second = await start();
      assert.deepEqual([second.switchboard.isQuiet("front"), isBusy(second.switchboard)], [true, true]);
      assert.deepEqual([second.told(), logged.filter((line) => /as before the restart/.test(line)).length], [1, 2]);
      second.switchboard.setQuiet("front", false);
      await second.switchboard.setAccountDnd("provider", false);
      await end(second.switchboard);
      const third = await start();
      assert.deepEqual([third.switchboard.isQuiet("front"), isBusy(third.switchboard)], [false, false]);
      await end(third.switchboard);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("that somebody has switched since the start is not changed by what was kept before", () => {
    const switches = new Switches();
    switches.set("quiet/front", true);
    switches.set("quiet/front", false);
    switches.restore("quiet/front");
    switches.restore("quiet/back");
    assert.deepEqual([switches.isOn("quiet/front"), switches.kept], [false, ["quiet/back"]]);
  });
});
