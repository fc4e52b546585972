// A bell without a camera of its own but for the video of its calls: what it shows is a picture of the visit, and of whoever asks.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Jimp } from "jimp";
import type { Picture } from "../../src/camera/camera.ts";
import { packedClip, rtpPacket } from "../camera/rtsp/packets.ts";
import { rejects } from "../http/device.ts";
import { until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import { Desk } from "../visit/desk.ts";

describe("P8 the picture of a bell that has it only in its call", { skip: without("ffmpeg") }, () => {
  it("is taken when somebody answers, and whenever it is asked for; there is none before and after", async (t) => {
    const desk = await Desk.open();
    t.after(() => desk.close());
    const camera = createSocket("udp4").bind(0, "127.0.0.1");
    t.after(() => camera.close());
    await once(camera, "listening");
    await rejects(desk.switchboard.snapshot("front"), "no-image-url", /Front door has no camera that can be reached/);
    const talking = await desk.talking({ video: true, address: "127.0.0.1", videoPort: camera.address().port });
    const port = Number(/^m=video (\d+)/m.exec(talking.answer.body.toString())?.[1] ?? assert.fail());
    let sequence = 0;
    for (const payload of packedClip("h264", "aggregated"))
      camera.send(rtpPacket(sequence++, payload, 99), port, "127.0.0.1");
    const seen = async () => (await talking.visit.talkingBell?.session.stats())?.video?.received ?? 0;
    await until("the clip to have come", async () => (await seen()) >= 8);
    // It was asked for at the answer, when nothing had come yet, and is looked for every 200 ms from when the worker has said so.
    await until("the picture", async () => {
      await desk.clock.advance(20);
      return desk.told("snapshot").length > 0;
    });
    const [told] = desk.told("snapshot") as Picture[];
    assert.ok(told);
    const image = await Jimp.fromBuffer(told.jpeg);
    assert.deepEqual([image.width, image.height, told.kind, told.source], [176, 100, "call", "sip:8000"]);
    const again = await desk.switchboard.snapshot("front", { order: ["call"] });
    assert.deepEqual([again.kind, (await Jimp.fromBuffer(again.jpeg)).width], ["call", 176]);
    talking.visit.stop();
    await desk.ended();
    await rejects(desk.switchboard.snapshot("front", { fresh: true }), "no-image-url", /Front door has no camera/);
    assert.deepEqual(desk.told("snapshot-failed"), []);
  });
});
