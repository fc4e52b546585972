import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/server.ts";
import { without } from "../support/peers.ts";
import { Baresip, toneShare } from "./baresip.ts";

const password = "correct-horse";

async function house(codecNote: string, transport: "udp" | "tcp", codecs: { bell: string; phone: string }) {
  const lines: Record<string, unknown>[] = [];
  const server = await startServer(
    checkConfig({
      sip: { listeners: [{ transport, address: "127.0.0.1", port: 0 }] },
      media: { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] },
      extensions: [{ extension: "6001", password }],
      doors: [
        {
          ...{ id: "front", name: `Front door ${codecNote}`, extension: "8000", password, code: "1234" },
          strategy: { strategy: "ring-all", targets: ["6001"], seconds: 20 },
        },
      ],
    }),
    (line) => lines.push(line),
  );
  const address = `127.0.0.1:${server.switchboard.addresses[0]?.port}`;
  const bell = await Baresip.start({
    server: address,
    extension: "8000",
    password,
    tone: 440,
    codecs: codecs.bell,
    transport,
  });
  const phone = await Baresip.start({
    ...{ server: address, extension: "6001", password, tone: 880, codecs: codecs.phone, transport },
    answer: true,
  });
  try {
    await Promise.all([bell.registered(), phone.registered()]);
  } catch (error) {
    await Promise.all([bell.end(), phone.end(), server.close()]);
    throw error;
  }
  return { server, bell, phone, lines, address };
}

describe("two baresip, bell and phone", { skip: without("baresip"), timeout: 60_000 }, () => {
  for (const [title, transport, bellCodec, phoneCodec] of [
    ["with the same codec over UDP", "udp", "PCMA", "PCMA"],
    ["with PCMA on one side and PCMU on the other, over TCP", "tcp", "PCMA", "PCMU"],
  ] as const)
    it(`H4, H5, P9 hear each other ${title}`, async () => {
      const { server, bell, phone, lines, address } = await house(title, transport, {
        bell: bellCodec,
        phone: phoneCodec,
      });
      try {
        bell.command("dial", `sip:100@${address};transport=${transport}`);
        await bell.event("CALL_ESTABLISHED");
        await phone.event("CALL_ESTABLISHED");
        await Promise.all([bell.received(1.5), phone.received(1.5)]);
        bell.command("hangup");
        await phone.event("CALL_CLOSED");
      } finally {
        const [atBell, atPhone] = [await bell.end(), await phone.end()];
        await server.close();
        assert.ok(toneShare(atPhone, 440) > 0.8, `the phone heard the bell: ${toneShare(atPhone, 440)}`);
        assert.ok(toneShare(atBell, 880) > 0.8, `the bell heard the phone: ${toneShare(atBell, 880)}`);
      }
      const events = lines.map((line) => line["event"]);
      assert.deepEqual(
        events.filter((event) => ["ring", "trying", "answered", "ended"].includes(String(event))),
        ["ring", "trying", "answered", "ended"],
      );
    });
});
