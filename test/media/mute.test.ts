// A party that is mute: nobody hears it, its digits arrive, and it hears the others.
import assert from "node:assert/strict";
import { it, describe } from "node:test";
import { pcma, type Format } from "../../src/media/codec.ts";
import { Mutes } from "../../src/media/worker/mute.ts";
import { Stream } from "../../src/media/worker/stream.ts";
import { read, rtp } from "./packets.ts";
import { seeded } from "./seeded.ts";

const events: Format = { payload: 101, name: "telephone-event", rate: 8000, channels: 1 };

function end(port: number) {
  const sent: Buffer[] = [];
  const random = seeded(port);
  const stream = new Stream(
    "audio",
    { rtp: (packet) => void sent.push(Buffer.from(packet)), rtcp: () => {} },
    { now: () => 0, random: () => random(2 ** 32) / 2 ** 32, isOwn: () => false },
  );
  const formats = { sends: [pcma, events], receives: [pcma, events] };
  stream.setRemote({ address: "192.0.2.1", port, rtcpPort: port + 1, send: true, receive: true, ...formats });
  let sequence = 0;
  const says = (payload: number) => stream.receive(rtp({ payload, sequence: ++sequence }), "192.0.2.1", port);
  return { stream, says, heard: () => sent.map((packet) => read(packet).payload) };
}

describe("mute", () => {
  it("keeps what one party says, but for its digits, until it is switched off", () => {
    const [bell, phone] = [end(4000), end(5000)];
    const routes = [8, 101].map((payload) => ({ from: payload, to: payload, rate: 8000 }));
    bell.stream.setRoutes(phone.stream, routes);
    phone.stream.setRoutes(bell.stream, routes);
    const mutes = new Mutes();
    mutes.set(bell.stream, true);
    mutes.set(bell.stream, true);
    bell.says(8);
    bell.says(101);
    phone.says(8);
    assert.deepEqual([phone.heard(), bell.heard()], [[101], [8]]);
    mutes.set(bell.stream, false);
    mutes.set(bell.stream, false);
    mutes.set(undefined, true);
    bell.says(8);
    assert.deepEqual(phone.heard(), [101, 8]);
  });
});
