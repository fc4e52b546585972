// H9, N5: a bell and two phones of another make in a room, one rung into it, one that dials; a simulated keypad opens the door.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret } from "../../src/secret.ts";
import { checkConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/server.ts";
import { SimBell, SimPhone, type SimEvent } from "../../src/sim/sim.ts";
import { without } from "../support/peers.ts";
import { Record } from "../visit/house.ts";
import { Baresip } from "./baresip.ts";

const password = "correct-horse";

interface Line {
  readonly event: string;
  readonly payload: { readonly by?: string; readonly member?: string; readonly outcome?: string };
}

/** A house with a room, into which 6001 is rung when the bell is pressed. */
async function open() {
  const lines = new Record<Line>();
  const server = await startServer(
    checkConfig({
      sip: { listeners: [{ transport: "udp", address: "127.0.0.1", port: 0 }] },
      media: { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] },
      extensions: ["6001", "6002", "6003"].map((extension) => ({ extension, password })),
      rooms: [{ name: "Hall", memberNumber: "888" }],
      doors: [
        {
          ...{ id: "front", name: "Front door", extension: "8000", password, code: "1234" },
          strategy: { strategy: "conference", place: "Hall", targets: ["6001"], seconds: 30 },
        },
      ],
    }),
    (line) => lines.add(line as unknown as Line),
  );
  const port = server.switchboard.addresses[0]?.port ?? 0;
  const baresip = (extension: string, tone: number, codecs: string, answer = false) =>
    Baresip.start({ server: `127.0.0.1:${port}`, extension, password, tone, codecs, answer });
  const simulated = { server: { host: "127.0.0.1", port }, password: new Secret(password) };
  return { lines, address: `127.0.0.1:${port}`, baresip, simulated, close: () => server.close() };
}

describe("a conference of real phones", { skip: without("baresip") }, () => {
  it("H9 is answered by one that is rung and one that dials, in either law; the bell leaves with the last", async () => {
    const { lines, address, baresip, close } = await open();
    const devices = [
      await baresip("8000", 440, "PCMA"),
      await baresip("6001", 880, "G722", true),
      await baresip("6002", 1500, "PCMA"),
    ] as const;
    const [bell, rung, dialling] = devices;
    try {
      await Promise.all(devices.map((device) => device.registered()));
      bell.command("dial", `sip:100@${address}`);
      assert.equal((await lines.next("answered")).payload.by, "6001");
      dialling.command("dial", `sip:888@${address}`);
      assert.equal((await lines.next("joined")).payload.by, "6002");
      await Promise.all([
        bell.hearsMix([880, 1500], 440),
        rung.hearsMix([440, 1500], 880),
        dialling.hearsMix([440, 880], 1500),
      ]);
      rung.command("hangup");
      assert.equal((await lines.next("left")).payload.by, "6001");
      dialling.command("hangup");
      await bell.event("CALL_CLOSED");
      assert.equal((await lines.next("ended")).payload.outcome, "answered");
    } finally {
      await Promise.all(devices.map((device) => device.end()));
      await close();
    }
  });

  it("N5 a door code that one presses opens the door, beside a real phone", async () => {
    const { lines, baresip, simulated, close } = await open();
    const bell = new SimBell({ ...simulated, extension: "8000", dial: "100" });
    const keypad = new SimPhone({ ...simulated, extension: "6003", tone: 0, digitsBy: "rtp" });
    const [atBell, atKeypad] = [new Record<SimEvent>(), new Record<SimEvent>()];
    bell.on("event", atBell.add);
    keypad.on("event", atKeypad.add);
    const phone = await baresip("6001", 880, "PCMA", true);
    try {
      await Promise.all([bell.start(), keypad.start(), phone.registered()]);
      await Promise.all([atBell.next("registered"), atKeypad.next("registered")]);
      await bell.press();
      await lines.next("answered");
      await keypad.dial("888");
      await atKeypad.next("answered");
      await keypad.digits("1234");
      await atBell.next("relay");
      assert.equal((await lines.next("dtmf")).payload.member, "6003");
      await bell.hangUp();
      await phone.event("CALL_CLOSED");
    } finally {
      await phone.end();
      await bell.close();
      await keypad.close();
      await close();
    }
  });
});
