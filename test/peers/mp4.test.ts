// Our MP4 files and fragments, read by ffmpeg: every picture is there, decoded to the same pixels as the camera's own units
// are, at its time.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { record } from "../../src/camera/live/record.ts";
import { LiveCamera } from "../../src/camera/live/live-camera.ts";
import { Sender } from "../../src/camera/live/sender.ts";
import { Fragments } from "../../src/camera/mp4/fragments.ts";
import { movie } from "../../src/camera/mp4/movie.ts";
import { h264 } from "../../src/camera/rtsp/nal.ts";
import { UnitDepayloader } from "../../src/camera/rtsp/units.ts";
import { stillOf } from "../../src/camera/still.ts";
import { systemClock } from "../../src/clock.ts";
import { silent } from "../../src/log.ts";
import { Secret } from "../../src/secret.ts";
import { film } from "../camera/films.ts";
import { pattern } from "../camera/pattern.ts";
import { depayload, packed, unitsOf } from "../camera/rtsp/packets.ts";
import { until } from "../support/patience.ts";
import { thePeer, without } from "../support/peers.ts";
import { run } from "../support/processes.ts";
import { rtspServer } from "./rtsp-server.ts";

const skip = without("ffmpeg");

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "portero-mp4-"));
  t.after(() => rm(made, { recursive: true }));
  return made;
}

/** Time in 1/90,000 s, duration and hash of each picture, with nothing to complain of. */
async function decoded(t: TestContext, name: string, bytes: Buffer) {
  const file = join(await folder(t), name);
  await writeFile(file, bytes);
  const { code, output } = await run(thePeer("ffmpeg"), [
    ...["-v", "warning", "-i", file, "-an", "-fps_mode", "passthrough", "-enc_time_base", "1:90000"],
    ...["-f", "framemd5", "-"],
  ]);
  assert.equal(code, 0, output);
  const lines = output.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [, , time, duration, , hash] = line.split(",").map((word) => word.trim());
    assert.ok(hash, `ffmpeg has something to complain of: ${line}`);
    return { time: Number(time), duration: Number(duration), hash };
  });
}

describe("ISO 14496-12 and -15: MP4 without ffmpeg, read by ffmpeg", { skip }, () => {
  for (const codec of ["h264", "h265"] as const) {
    it(`${codec}: a whole film`, async (t) => {
      const { format, frames } = film(codec);
      const bytes = movie(format, frames);
      const raw = Buffer.concat(
        frames.map((frame) => stillOf({ ...format, sets: frame.key ? format.sets : [] }, frame).bytes),
      );
      const wanted = await decoded(t, `raw.${codec}`, raw);
      const seen = await decoded(t, "film.mp4", bytes);
      assert.equal(seen.length, frames.length);
      assert.deepEqual(
        seen.map(({ hash }) => hash),
        wanted.map(({ hash }) => hash),
      );
      assert.deepEqual(
        seen.map(({ time }) => time),
        frames.map((_, index) => 3600 * index),
      );
    });

    it(`${codec}: fragments, with old frames in a hurry, a hole and a camera that began anew`, async (t) => {
      const { format, frames } = film(codec);
      const fragments = new Fragments();
      const parts = [fragments.header(format)];
      const shown = frames.filter((_, index) => index < 4 || index >= 8);
      shown.forEach((frame, index) => {
        const timestamp = frame.timestamp + (index >= 12 ? 1e12 : 0);
        parts.push(fragments.fragment({ ...frame, timestamp }, Math.max(0, 3 - index)));
      });
      const seen = await decoded(t, "live.mp4", Buffer.concat(parts));
      const whole = await decoded(t, "film.mp4", movie(format, frames));
      assert.deepEqual(
        seen.map(({ hash }) => hash),
        whole.filter((_, index) => index < 4 || index >= 8).map(({ hash }) => hash),
      );
      const steps = seen.slice(1).map(({ time }, index) => time - (seen[index]?.time ?? 0));
      // After the hurried ones a frame, the hole of five frames, and then all alike.
      assert.deepEqual(steps.slice(0, 6), [90, 90, 90, 3600, 5 * 3600, 3600]);
      assert.ok(
        steps.slice(5).every((step) => step === 3600),
        steps.join(),
      );
    });

    it(`${codec}: one key frame alone`, async (t) => {
      const { format, frames } = film(codec);
      const [first] = frames;
      assert.ok(first);
      const [seen, ...more] = await decoded(t, "still.mp4", movie(format, [first]));
      const [wanted] = await decoded(t, "film.mp4", movie(format, frames));
      assert.equal(seen?.hash, wanted?.hash);
      assert.equal(more.length, 0);
    });
  }

  it("jpeg: a film of pictures as they came", async (t) => {
    const jpeg = await pattern(64, 48);
    const frames = [0, 1, 2].map((index) => ({ units: [jpeg], key: true, at: 0, timestamp: 9000 * index }));
    const seen = await decoded(t, "film.mp4", movie({ codec: "jpeg", width: 64, height: 48, sets: [] }, frames));
    const [wanted] = await decoded(t, "one.jpg", jpeg);
    assert.deepEqual(
      seen.map(({ time, hash }) => [time, hash]),
      [0, 9000, 18_000].map((time) => [time, wanted?.hash]),
    );
  });

  it("h264 whose pictures are sent in another order than shown (B-frames): each at its time", async (t) => {
    const file = join(await folder(t), "b.h264");
    const { code, output } = await run(thePeer("ffmpeg"), [
      ...["-v", "error", "-f", "lavfi", "-i", "testsrc=size=176x100:rate=25", "-frames:v", "13", "-pix_fmt", "yuv420p"],
      ...[
        "-c:v",
        "libx264",
        "-x264-params",
        "bframes=2:b-adapt=0:b-pyramid=0:scenecut=0:keyint=50:slices=1:threads=1",
        file,
      ],
    ]);
    assert.equal(code, 0, output);
    // I0 P3 B1 B2 P6 B4 B5 …
    const order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11];
    const pictures = picturesOf(await readFile(file));
    assert.equal(pictures.length, order.length);
    const payloads = pictures.flatMap((units, index) => packed("h264", units, "single", 3600 * (order[index] ?? 0)));
    const { formats, frames } = depayload((out) => new UnitDepayloader(h264, [], out), payloads);
    const [format] = formats;
    assert.ok(format);
    const seen = await decoded(t, "film.mp4", movie(format, frames));
    const wanted = await decoded(t, "b.h264", await readFile(file));
    assert.deepEqual(
      seen.map(({ hash }) => hash),
      wanted.map(({ hash }) => hash),
    );
    const steps = seen.slice(1).map(({ time }, index) => time - (seen[index]?.time ?? 0));
    assert.deepEqual([...new Set(steps)], [3600]);
  });
});

describe(
  "X3 a camera of another make, gst-rtsp-server, seen live",
  { skip: without("ffmpeg", "python3", "gst-inspect-1.0") },
  () => {
    for (const path of ["h264", "h264-b", "h265", "mjpeg"] as const)
      it(`${path}: two look, one of them later, and a clip is made; ffmpeg reads all of it`, async (t) => {
        const { url } = await rtspServer(t);
        // Pictures are told apart by their times: on a busy machine two of them come in one millisecond.
        let last = 0;
        const clock = { ...systemClock, now: () => (last = Math.max(Date.now(), last + 0.001)) };
        const camera = new LiveCamera(
          { settings: () => ({ videoUrl: new Secret(`${url}/${path}`) }), warmMs: 0, always: true, keepMs: 10_000 },
          { clock, log: silent },
        );
        t.after(() => camera.close());
        // When each picture came: on a busy machine the film has its own time.
        const came: number[] = [];
        const watchFor = (seen: (at: number) => unknown) =>
          camera.watch({ format: () => {}, frame: ({ at }) => seen(at), trouble: () => {}, ended: () => {} });
        watchFor((at) => came.push(at));
        let atOnce = 0;
        const look = async (frames: number) => {
          const parts: Buffer[] = [];
          await new Promise<void>((resolve) => {
            const line = {
              waiting: 0,
              end: () => {},
              send(data: string | Buffer) {
                if (typeof data !== "string" && parts.push(data) > frames) resolve();
              },
            };
            camera.watch(new Sender("mse", line, systemClock));
            atOnce = parts.length;
          });
          return parts;
        };
        const first = await look(30);
        const late = await look(2);
        assert.ok(atOnce > 0, "X3 the first picture of a film that runs is there at once");
        await until("half a second of film", () => Date.now() - (came[0] ?? Infinity) > 500);
        const called = Date.now();
        const film = {
          ...systemClock,
          sleep: (ms: number) => new Promise<void>((over) => watchFor((at) => at >= called + ms && setImmediate(over))),
        };
        const clip = await record(camera, film, { beforeMs: 500, afterMs: 500 });
        if (path === "mjpeg") {
          assert.deepEqual((await decoded(t, "one.jpg", late[0] ?? Buffer.alloc(0))).length, 1);
        } else {
          const seen = await decoded(t, "live.mp4", Buffer.concat(first));
          assert.ok(seen.length >= 30, `${seen.length} pictures`);
          const steps = seen.slice(1).map(({ time }, index) => time - (seen[index]?.time ?? 0));
          // What is shown between the last ones may be sent after them.
          const all = path === "h264-b" ? steps.slice(0, -3) : steps;
          assert.ok(
            all.every((step) => Math.abs(step - 3600) < 10),
            steps.join(),
          );
          assert.ok((await decoded(t, "late.mp4", Buffer.concat(late))).length >= 2);
        }
        const kept = await decoded(t, "clip.mp4", clip.mp4);
        assert.ok(
          clip.from <= called - 500 && clip.to >= called + 500,
          `${called - clip.from}, ${clip.to - called} ms`,
        );
        const [from, to] = [came.indexOf(clip.from), came.lastIndexOf(clip.to)];
        assert.equal(kept.length, to - from + 1, "all pictures that came in this time");
        assert.deepEqual([clip.width, clip.height], [640, 360]);
      });
  },
);

/** The pictures of a stream of one slice each. */
function picturesOf(bytes: Buffer): Buffer[][] {
  const pictures: Buffer[][] = [[]];
  for (const unit of unitsOf(bytes)) {
    pictures.at(-1)?.push(unit);
    if (h264.isSlice(h264.type(unit))) pictures.push([]);
  }
  return pictures.slice(0, -1);
}
