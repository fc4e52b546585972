// Keys in packets of a stranger, who need not know more of a call than one of our ports.
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import type { Opening } from "../../../src/door/door.ts";
import { writeEvent } from "../../../src/media/worker/dtmf/events.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { rtp } from "../../media/packets.ts";
import { Party } from "../../sip/party.ts";
import { until } from "../../support/patience.ts";
import { Desk, Device } from "../desk.ts";

async function rtpSocket(t: TestContext, host: string): Promise<Socket> {
  const socket = createSocket("udp4").bind(0, host);
  t.after(() => void socket.close());
  await once(socket, "listening");
  return socket;
}

// Only there the whole of 127.0.0.0/8 is this machine.
const skip = process.platform === "linux" ? false : "needs a second loopback address";

describe("Keys in packets", { skip }, () => {
  it("P11, RFC 4733 from another host than the phone's open nothing, though they come before its own first packet", async (t) => {
    const desk = await Desk.open({}, {}, { openKey: "5" });
    t.after(() => desk.close());
    const openings: Opening[] = [];
    desk.switchboard.on("opening", (opening) => openings.push(opening));
    const told = () =>
      desk
        .told("dtmf")
        .map((pressed) => (pressed as { digit: string }).digit)
        .join("");
    const phone = new Device(new Party(desk.network, { host: "127.0.0.1", user: "6001" }), "pw6001");
    desk.addNumber("6001");
    await phone.party.register(phone.password, { expires: 7200 });
    const [own, stranger] = [await rtpSocket(t, "127.0.0.1"), await rtpSocket(t, "127.0.0.9")];
    const bell = desk.device("8000");
    const invite = await bell.dial("6001", {}, { keys: 101 });
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
    void visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"], seconds: 60 }));
    const offer = await phone.pickUp({ address: "127.0.0.1", port: own.address().port, keys: 101 });
    await bell.answered(invite);
    const port = Number(/m=audio (\d+)/.exec(offer.body.toString())?.[1]);
    const key = async (socket: Socket, digit: number, sequence: number) => {
      for (const n of [0, 1, 2]) {
        const body = writeEvent(digit, n === 2, 800 + n);
        const packet = rtp({ payload: 101, sequence: sequence + n, timestamp: 8000 * digit, ssrc: digit, body });
        await new Promise((resolve) => socket.send(packet, port, "127.0.0.1", resolve));
      }
    };
    await key(stranger, 5, 100);
    await key(own, 9, 200);
    await until("the phone's own key", () => told().includes("9"));
    assert.deepEqual([told(), openings], ["9", []]);
  });
});
