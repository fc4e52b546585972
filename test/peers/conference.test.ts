// H9: a simulated bell and two real phones dial into a room and all hear each other; a door code pressed there opens.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sentence } from "../../src/errors.ts";
import { Media } from "../../src/media/media.ts";
import { Secret } from "../../src/secret.ts";
import { SimBell, SimPhone, type SimEvent } from "../../src/sim/sim.ts";
import { Endpoint } from "../../src/sip/endpoint.ts";
import { without } from "../support/peers.ts";
import { Record } from "../visit/house.ts";
import { Baresip, toneShare } from "./baresip.ts";

const password = "correct-horse";
const numbers = ["8000", "6001", "6002", "6003"] as const;

/** An endpoint where everybody who calls gets into the same room. */
async function open() {
  const media = await Media.start({ bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] });
  const endpoint = new Endpoint({ listeners: [{ transport: "udp", address: "127.0.0.1", port: 0 }] });
  const room = media.conference();
  const failed: string[] = [];
  endpoint.on("call", (call) => {
    const enter = async () => {
      const session = await media.open();
      session.receiveOffer(call.sdp ?? "");
      call.answer(session.answer());
      room.add(session);
      call.on("ended", () => void session.close());
    };
    enter().catch((error: unknown) => failed.push(sentence(error)));
  });
  for (const extension of numbers)
    endpoint.addExtension({ extension, login: extension, password: new Secret(password), maxContacts: 1 });
  await endpoint.start();
  const close = async () => {
    room.close();
    await endpoint.close();
    await media.close();
    assert.deepEqual(failed, []);
  };
  return { room, port: endpoint.addresses[0]?.port ?? 0, close };
}

describe("a conference of real phones", { skip: without("baresip"), timeout: 90_000 }, () => {
  it("H9, N5 lets each hear the others and not itself, and a code pressed by one opens the door", async () => {
    const { room, port, close } = await open();
    const server = { host: "127.0.0.1", port };
    const address = `127.0.0.1:${port}`;
    const device = { server, password: new Secret(password) };
    const bell = new SimBell({ ...device, extension: "8000", dial: "777", tone: 1500 });
    const keypad = new SimPhone({ ...device, extension: "6003", tone: 0, digitsBy: "rtp" });
    const [atBell, atKeypad] = [new Record<SimEvent>(), new Record<SimEvent>()];
    bell.on("event", atBell.add);
    keypad.on("event", atKeypad.add);
    const baresip = (extension: string, tone: number, codecs: string) =>
      Baresip.start({ server: address, extension, password, tone, codecs });
    const phones = [await baresip("6001", 440, "PCMA"), await baresip("6002", 880, "PCMU")] as const;
    let heard: Int16Array[];
    try {
      await Promise.all([bell.start(), keypad.start(), ...phones.map((phone) => phone.registered())]);
      await Promise.all([atBell.next("registered"), atKeypad.next("registered")]);
      await bell.press();
      for (const phone of phones) phone.command("dial", `sip:777@${address}`);
      await Promise.all([atBell.next("answered"), ...phones.map((phone) => phone.event("CALL_ESTABLISHED"))]);
      await Promise.all(phones.map((phone) => phone.received(3)));
      await keypad.dial("777");
      await atKeypad.next("answered");
      assert.equal(room.parties.length, 4);
      await keypad.digits("1234");
      await atBell.next("relay");
      const loudest = atBell.all.flatMap((event) => (event.event === "audio" ? [event.frequency] : []));
      assert.ok(loudest.includes(440) || loudest.includes(880), `the bell heard ${loudest.join(", ")} Hz`);
      assert.ok(!loudest.includes(1500), "the bell does not hear itself");
    } finally {
      heard = [await phones[0].end(), await phones[1].end()];
      await bell.close();
      await keypad.close();
      await close();
    }
    const [one = new Int16Array(), two = new Int16Array()] = heard;
    // Two tones as loud as each other have half of the energy each, less what the second comes later.
    for (const [name, samples, own, others] of [
      ["6001", one, 440, [880, 1500]],
      ["6002", two, 880, [440, 1500]],
    ] as const) {
      assert.ok(toneShare(samples, own) < 0.01, `${name} hears itself: ${toneShare(samples, own)}`);
      for (const hertz of others)
        assert.ok(toneShare(samples, hertz) > 0.2, `${name} hears ${hertz} Hz: ${toneShare(samples, hertz)}`);
    }
  });
});
