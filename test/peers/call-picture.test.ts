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
    let [sequence, begin] = [0, 0];
    // As a camera does it goes on: on a busy machine what was shown once is soon too old. The clock goes on as well, by which it is
    // asked again.
    const showing = async <T>(wanted: Promise<T>): Promise<T> => {
      let isThere = false;
      const there = () => (isThere = true);
      wanted.then(there, there);
      await until("the picture", async () => {
        for (const { time, ...payload } of packedClip("h264", "aggregated"))
          camera.send(rtpPacket(sequence++, { ...payload, time: begin + time }, 99), port, "127.0.0.1");
        begin += 90_000;
        await desk.clock.advance(10);
        return isThere;
      });
      return wanted;
    };
    // It was asked for at the answer, when nothing had come yet.
    const told = await showing(
      new Promise<Picture>((resolve) =>
        desk.switchboard.on("visit", ({ event, payload }) => event === "snapshot" && resolve(payload as Picture)),
      ),
    );
    const image = await Jimp.fromBuffer(told.jpeg);
    assert.deepEqual([image.width, image.height, told.kind, told.source], [176, 100, "call", "sip:8000"]);
    const again = await showing(desk.switchboard.snapshot("front", { order: ["call"] }));
    assert.deepEqual([again.kind, (await Jimp.fromBuffer(again.jpeg)).width], ["call", 176]);
    talking.visit.stop();
    await desk.ended();
    await rejects(desk.switchboard.snapshot("front", { fresh: true }), "no-image-url", /Front door has no camera/);
    assert.deepEqual(desk.told("snapshot-failed"), []);
  });
});
