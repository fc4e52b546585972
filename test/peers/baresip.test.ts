import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { checkConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/server.ts";
import { SipResponse } from "../../src/sip/message/message.ts";
import { readTraced } from "../../src/sip/trace/text.ts";
import type { Traced } from "../../src/sip/trace/trace.ts";
import { checkControl, control } from "../../src/visit/talk/control.ts";
import type { Switchboard } from "../../src/visit/switchboard.ts";
import { settled, until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import { Baresip } from "./baresip.ts";
import { visitTold, wholeVisit } from "./visit-lines.ts";

const password = "correct-horse";

const isResponse = (entry: Traced) => readTraced(entry) instanceof SipResponse;

interface Codecs {
  readonly bell: string;
  readonly phone: string;
}

/** A bell, and a phone with another one beside it that is not rung by the bell. */
async function house(t: TestContext, codecNote: string, transport: "udp" | "tcp", codecs: Codecs, others = 0) {
  const lines: Record<string, unknown>[] = [];
  const numbers = Array.from({ length: others }, (_, i) => String(6002 + i));
  const server = await startServer(
    checkConfig({
      sip: { listeners: [{ transport, address: "127.0.0.1", port: 0 }] },
      media: { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] },
      extensions: ["6001", ...numbers].map((extension) => ({ extension, password })),
      doors: [
        {
          ...{ id: "front", name: `Front door ${codecNote}`, extension: "8000", password, code: "1234" },
          strategy: { strategy: "ring-all", targets: ["6001"], seconds: 20 },
        },
      ],
    }),
    (line) => lines.push(line),
  );
  const devices: Baresip[] = [];
  t.after(async () => {
    // Who is not let go by its server ends late.
    await Promise.all(devices.map((device) => device.end()));
    await server.close();
  });
  const address = `127.0.0.1:${server.switchboard.addresses[0]?.port}`;
  const device = async (extension: string, tone: number, answer = true) => {
    const wanted = { server: address, extension, password, tone, transport, answer };
    const made = await Baresip.start({ ...wanted, codecs: answer ? codecs.phone : codecs.bell });
    devices.push(made);
    await made.registered();
    return made;
  };
  const bell = await device("8000", 440, false);
  const phone = await device("6001", 880);
  const beside = await Promise.all(numbers.map((number, i) => device(number, 1320 + 440 * i)));
  const talk = async () => {
    bell.command("dial", `sip:100@${address};transport=${transport}`);
    await Promise.all([bell.event("CALL_ESTABLISHED"), phone.event("CALL_ESTABLISHED")]);
  };
  return { server, bell, phone, beside, lines, address, talk };
}

describe("two baresip, bell and phone", { skip: without("baresip") }, () => {
  for (const [title, transport, bellCodec, phoneCodec] of [
    ["with the same codec over UDP", "udp", "PCMA", "PCMA"],
    ["with PCMA on one side and PCMU on the other, over TCP", "tcp", "PCMA", "PCMU"],
    ["with G722 on one side and PCMA on the other", "udp", "G722", "PCMA"],
  ] as const)
    it(`H4, H5, P9 hear each other ${title}`, async (t) => {
      const { bell, phone, lines, talk } = await house(t, title, transport, { bell: bellCodec, phone: phoneCodec });
      await talk();
      await Promise.all([bell.hears(880), phone.hears(440)]);
      bell.command("hangup");
      await phone.event("CALL_CLOSED");
      assert.deepEqual(await visitTold(lines), wholeVisit);
    });

  it("H1, N1 the phone holds the bell, which falls silent, and takes it back", async (t) => {
    const { server, bell, phone, talk } = await house(t, "", "udp", { bell: "PCMA", phone: "PCMA" });
    await talk();
    await Promise.all([bell.received(0.5), phone.received(0.5)]);
    // What the bell answers to our re-INVITE says what it does from now on; it is the only one that is asked.
    const bellSays = (direction: string, after: number): Promise<number> =>
      until(`the bell to answer with ${direction}`, () => {
        const since = server.switchboard.endpoint.trace.entries(after).filter((entry) => entry.direction === "in");
        return since.find((entry) => readTraced(entry)?.body.includes(`a=${direction}\r\n`) && isResponse(entry))?.seq;
      });
    const legs = [...server.switchboard.bridges].map(([call, bridge]) => bridge.leg(call));
    const sound = legs.find((leg) => leg && leg.name !== "6001")?.session;
    assert.ok(sound);
    const fromBell = async () => (await sound.stats()).received;
    phone.command("hold");
    const held = await bellSays("recvonly", 0);
    const heard = await settled("what comes from the bell", fromBell);
    phone.command("resume");
    await bellSays("sendrecv", held);
    await until("the bell to be heard again", async () => (await fromBell()) > heard + 25);
    bell.command("hangup");
    await phone.event("CALL_CLOSED");
  });

  it("N1 the phone transfers the bell to another one, which hears it and is heard", async (t) => {
    const { bell, phone, beside, address, lines, talk } = await house(t, "", "udp", { bell: "PCMA", phone: "PCMA" }, 1);
    const [other] = beside;
    assert.ok(other);
    await talk();
    await bell.received(0.5);
    phone.command("transfer", `sip:6002@${address}`);
    await Promise.all([other.event("CALL_ESTABLISHED"), phone.event("CALL_CLOSED")]);
    await Promise.all([bell.hears(1320), other.hears(440)]);
    bell.command("hangup");
    await other.event("CALL_CLOSED");
    const told = lines.find(({ event }) => event === "transferred");
    assert.deepEqual(told?.["payload"], { from: "6001", to: "6002" });
  });

  it("N1 the flow holds the bell, which is sent music and falls silent, and takes it back", async (t) => {
    const { server, bell, phone, talk } = await house(t, "", "udp", { bell: "PCMA", phone: "PCMA" });
    await talk();
    await Promise.all([bell.received(0.5), phone.received(0.5)]);
    const tell = teller(server);
    const sound = server.switchboard.lastVisit("front")?.talkingBell?.session;
    assert.ok(sound);
    // This make keeps nothing of what it is sent after such a re-INVITE; simulated devices tell what is heard (test/nodes).
    assert.equal((await tell({ action: "hold" })).reason, "on hold");
    assert.equal(sound.agreed("audio")?.remote.direction, "recvonly");
    const { sent } = await sound.stats();
    const heard = await settled("what comes from the bell", async () => (await sound.stats()).received);
    await until("music to be sent", async () => (await sound.stats()).sent > sent + 50);
    assert.equal((await sound.stats()).received, heard);
    assert.equal((await tell({ action: "unhold" })).reason, "the two hear each other again");
    await until("the bell to be heard again", async () => (await sound.stats()).received > heard + 100);
    await phone.hears(440);
    bell.command("hangup");
    await phone.event("CALL_CLOSED");
  });

  for (const action of ["transfer", "consult"])
    it(`N1 the flow transfers the bell: ${action}`, async (t) => {
      const { server, bell, phone, beside, lines, talk } = await house(
        t,
        "",
        "udp",
        { bell: "PCMA", phone: "PCMU" },
        1,
      );
      const [other] = beside;
      assert.ok(other);
      await talk();
      await bell.received(0.5);
      const tell = teller(server);
      assert.equal((await tell({ action, targets: ["6002"], seconds: 10 })).by, "6002");
      if (action === "consult") {
        await Promise.all([phone.hears(1320), other.hears(880)]);
        assert.equal((await tell({ action: "complete" })).by, "6002");
      }
      await phone.event("CALL_CLOSED");
      await other.hears(440);
      if (action === "transfer") await bell.hears(1320);
      bell.command("hangup");
      await other.event("CALL_CLOSED");
      const told = lines.find(({ event }) => event === "transferred");
      assert.deepEqual(told?.["payload"], { from: "6001", to: "6002" });
    });
});

/** Tells the visit of the only door what to do, as call-control does. */
function teller({ switchboard }: { readonly switchboard: Switchboard }) {
  return (command: object) => {
    const visit = switchboard.lastVisit("front");
    assert.ok(visit);
    return control(visit, checkControl(command), undefined, switchboard.clock);
  };
}
