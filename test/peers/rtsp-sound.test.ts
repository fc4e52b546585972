// A camera's sound from gst-rtsp-server, on its way to a browser and in a clip: a tone of 1 kHz.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { LiveCamera } from "../../src/camera/live/live-camera.ts";
import { record } from "../../src/camera/live/record.ts";
import { Sender } from "../../src/camera/live/sender.ts";
import { systemClock } from "../../src/clock.ts";
import { silent } from "../../src/log.ts";
import { lawOf } from "../../src/media/g711.ts";
import { Secret } from "../../src/secret.ts";
import { thePeer, without } from "../support/peers.ts";
import { run } from "../support/processes.ts";
import { toneShare } from "./baresip.ts";
import { rtspServer } from "./rtsp-server.ts";

/** The sound of an MP4 as ffmpeg decodes it, at 8 kHz. */
async function soundOf(t: TestContext, bytes: Buffer): Promise<Int16Array> {
  const folder = await mkdtemp(join(tmpdir(), "portero-sound-"));
  t.after(() => rm(folder, { recursive: true }));
  const [from, to] = [join(folder, "film.mp4"), join(folder, "sound.raw")];
  await writeFile(from, bytes);
  const { code, output } = await run(thePeer("ffmpeg"), [
    ...["-v", "warning", "-i", from, "-vn", "-ac", "1", "-ar", "8000", "-f", "s16le", to],
  ]);
  assert.deepEqual([code, output], [0, ""]);
  const raw = await readFile(to);
  return new Int16Array(raw.buffer, raw.byteOffset, raw.length >> 1);
}

/** Looks, and listens, until so many pieces of sound have come. */
async function listen(camera: LiveCamera, wish: "raw" | "mp4", pieces: number): Promise<Buffer[]> {
  const heard: Buffer[] = [];
  let leave = () => {};
  await new Promise<void>((resolve) => {
    const send = (data: string | Buffer) => {
      if (typeof data !== "string" && data[0] === 2 && heard.push(data.subarray(1)) >= pieces) resolve();
    };
    const sender = new Sender("webcodecs", { waiting: 0, end: () => {}, send }, systemClock);
    sender.hear(wish);
    leave = camera.watch(sender);
  });
  leave();
  return heard;
}

describe("X3 the sound of gst-rtsp-server", { skip: without("python3", "ffmpeg"), concurrency: true }, () => {
  const ends: (() => unknown)[] = [];
  let url = "";
  before(async () => ({ url } = await rtspServer({ after: (end) => ends.push(end as () => unknown) })));
  after(() => Promise.all(ends.map((end) => end())));

  for (const [path, transport] of [
    ["pcma", "tcp"],
    ["pcmu", "udp"],
    ["aac", "udp"],
  ] as const)
    it(`${path} by ${transport}: the tone is heard live${path === "aac" ? " and in a clip" : ""}`, async (t) => {
      const settings = () => ({ videoUrl: new Secret(`${url}/${path}`), sound: true, transport });
      const options = { settings, warmMs: 0, always: true, keepMs: 2_000 };
      const camera = new LiveCamera(options, { clock: systemClock, log: silent });
      t.after(() => camera.close());
      if (path !== "aac") {
        const bytes = Buffer.concat(await listen(camera, "raw", 12));
        const samples = Int16Array.from(bytes, (byte) => lawOf(path.toUpperCase()).linear[byte] ?? 0);
        assert.ok(toneShare(samples.subarray(1600), 1000) > 0.9, `${toneShare(samples.subarray(1600), 1000)}`);
        return;
      }
      const live = await soundOf(t, Buffer.concat(await listen(camera, "mp4", 20)));
      assert.ok(toneShare(live.subarray(2400, 7200), 1000) > 0.9, `live ${toneShare(live, 1000)}`);
      const clip = await record(camera, systemClock, { beforeMs: 500, afterMs: 700 });
      const kept = await soundOf(t, clip.mp4);
      assert.ok(toneShare(kept.subarray(2400, 7200), 1000) > 0.9, `clip ${toneShare(kept, 1000)}`);
      const seconds = (clip.to - clip.from) / 1000;
      assert.ok(Math.abs(kept.length / 8000 - seconds) < 0.3, `${kept.length / 8000} s of sound in ${seconds} s`);
    });
});
