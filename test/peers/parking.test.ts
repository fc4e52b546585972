// H7, H8: a bell of another make is parked, and a phone of another make fetches it; both are heard.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/server.ts";
import { without } from "../support/peers.ts";
import { Record } from "../visit/house.ts";
import { Baresip, toneShare } from "./baresip.ts";

const password = "correct-horse";

interface Line {
  readonly event: string;
  readonly payload: { readonly by?: string; readonly slot?: string; readonly to?: string; readonly outcome?: string };
}

async function open() {
  const lines = new Record<Line>();
  const server = await startServer(
    checkConfig({
      sip: { listeners: [{ transport: "udp", address: "127.0.0.1", port: 0 }] },
      media: { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] },
      extensions: ["6001", "6002"].map((extension) => ({ extension, password })),
      parking: [{ name: "Parking" }],
      doors: [
        {
          ...{ id: "front", name: "Front door", extension: "8000", password, code: "1234" },
          strategy: { strategy: "park" },
        },
      ],
    }),
    (line) => lines.add(line as unknown as Line),
  );
  const address = `127.0.0.1:${server.switchboard.addresses[0]?.port ?? 0}`;
  const baresip = (extension: string, tone: number, codecs = "PCMA") =>
    Baresip.start({ server: address, extension, password, tone, codecs });
  return { lines, address, baresip, close: () => server.close() };
}

const seconds = (samples: Int16Array, from: number, to?: number) =>
  samples.subarray(from * 8000, to === undefined ? undefined : to * 8000);

describe("real devices and a parking place", { skip: without("baresip") }, () => {
  it("H7, H8 the bell waits and hears music; the phone dials 555, hears it and is heard, in the other law", async () => {
    const { lines, address, baresip, close } = await open();
    const [bell, phone] = [await baresip("8000", 440), await baresip("6001", 1320, "PCMU")];
    let heard: Int16Array;
    try {
      await Promise.all([bell.registered(), phone.registered()]);
      bell.command("dial", `sip:8000@${address}`);
      await bell.event("CALL_ESTABLISHED");
      assert.equal((await lines.next("parked")).payload.slot, "701");
      await bell.received(1.5);
      phone.command("dial", `sip:555@${address}`);
      assert.equal((await lines.next("answered")).payload.by, "6001");
      await phone.event("CALL_ESTABLISHED");
      await Promise.all([bell.hears(1320), phone.hears(440)]);
      phone.command("hangup");
      await bell.event("CALL_CLOSED");
      assert.equal((await lines.next("ended")).payload.outcome, "answered");
    } finally {
      [heard] = await Promise.all([bell.end(), phone.end()]);
      await close();
    }
    // The first two chords of the tune.
    const music = [523.25, 659.26, 783.99].map((hertz) => toneShare(seconds(heard, 0.2, 1.4), hertz));
    assert.ok(music.reduce((sum, share) => sum + share) > 0.5, `the tune: ${music.join(", ")}`);
  });

  it("H7 the phone transfers the bell to 444, and another one fetches it from its slot", async () => {
    const { lines, address, baresip, close } = await open();
    const devices = [await baresip("8000", 440), await baresip("6001", 1320), await baresip("6002", 1760)] as const;
    const [bell, phone, other] = devices;
    try {
      await Promise.all(devices.map((device) => device.registered()));
      bell.command("dial", `sip:8000@${address}`);
      await lines.next("parked");
      phone.command("dial", `sip:701@${address}`);
      await phone.event("CALL_ESTABLISHED");
      phone.command("transfer", `sip:444@${address}`);
      await Promise.all([lines.next("parked", () => true, 2), phone.event("CALL_CLOSED")]);
      other.command("dial", `sip:701@${address}`);
      assert.equal((await lines.next("transferred")).payload.to, "6002");
      await other.hears(440);
      bell.command("hangup");
      await other.event("CALL_CLOSED");
    } finally {
      await Promise.all(devices.map((device) => device.end()));
      await close();
    }
  });
});
