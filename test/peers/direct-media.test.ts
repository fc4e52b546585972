// H1 direct media between two baresip: what they say to each other does not come by us, and comes back when one holds.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { checkConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/server.ts";
import { readTraced } from "../../src/sip/trace/text.ts";
import { settled, until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import { Baresip } from "./baresip.ts";

const password = "correct-horse";

describe("two baresip that may send to each other", { skip: without("baresip") }, () => {
  it("H1 hear each other while nothing comes by us; a hold brings them back, and its end sends them off again", async (t) => {
    const server = await startServer(
      checkConfig({
        sip: { listeners: [{ transport: "udp", address: "127.0.0.1", port: 0 }] },
        media: { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] },
        extensions: ["6001", "6002"].map((extension) => ({ extension, password, directMedia: true })),
      }),
      () => {},
    );
    const devices: Baresip[] = [];
    t.after(async () => {
      await Promise.all(devices.map((device) => device.end()));
      await server.close();
    });
    const address = `127.0.0.1:${server.switchboard.addresses[0]?.port}`;
    const device = async (extension: string, tone: number, answer: boolean) => {
      const made = await Baresip.start({ server: address, extension, password, tone, answer, codecs: "PCMA" });
      devices.push(made);
      await made.registered();
      return made;
    };
    const caller = await device("6001", 440, false);
    const called = await device("6002", 880, true);
    const { bridges, endpoint } = server.switchboard;
    const sessions = () => [...bridges].flatMap(([call, bridge]) => bridge.leg(call)?.session ?? []);
    const passed = async () =>
      (await Promise.all(sessions().map((session) => session.stats()))).reduce(
        (sum, { received }) => sum + received,
        0,
      );
    /** Both were told, and what was on its way has come; gives how many packets came by us. */
    const direct = async () => {
      await until("both to be sent off", () => sessions().length === 2 && sessions().every(({ away }) => away));
      return settled("what comes by us", passed);
    };

    caller.command("dial", `sip:6002@${address}`);
    await Promise.all([caller.event("CALL_ESTABLISHED"), called.event("CALL_ESTABLISHED")]);
    const before = await direct();
    const heard = await Promise.all([caller.seconds(), called.seconds()]);
    await Promise.all([caller.received(heard[0] + 1.5), called.received(heard[1] + 1.5)]);
    await Promise.all([caller.hears(880), called.hears(440)]);
    assert.equal(await passed(), before);
    const asked = endpoint.trace.entries().at(-1)?.seq ?? 0;
    called.command("hold");
    await until("the hold to come by us", () => {
      const since = endpoint.trace.entries(asked).filter(({ direction }) => direction === "out");
      return since.some((entry) => readTraced(entry)?.body.includes("a=sendonly"));
    });
    assert.ok(sessions().every(({ away }) => !away));
    called.command("resume");
    // Baresip writes nothing more of what it hears after a hold, by whatever way it comes.
    const after = await direct();
    await pause(1000);
    assert.equal(await passed(), after);
    caller.command("hangup");
    await called.event("CALL_CLOSED");
  });
});
