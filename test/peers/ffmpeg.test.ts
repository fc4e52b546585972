// Key frames made into pictures by the real ffmpeg, and what becomes of a program in its place that does not do as it should.
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { Jimp } from "jimp";
import { Decoder } from "../../src/camera/decode.ts";
import { stillOf, type Still } from "../../src/camera/still.ts";
import { clip, unitsOf } from "../camera/rtsp/packets.ts";
import { rejects } from "../http/device.ts";
import { FakeClock } from "../support/clock.ts";
import { without } from "../support/peers.ts";

const frame = { key: true, at: 0, timestamp: 0 };

async function colour(name: string): Promise<Still> {
  const units = unitsOf(await readFile(new URL(`../camera/rtsp/fixtures/colour-${name}.h264`, import.meta.url)));
  return stillOf({ codec: "h264", sets: [], width: 1280, height: 720 }, { ...frame, units });
}

function firstOf(codec: "h264" | "h265"): Still {
  const [units = []] = clip(codec).pictures;
  return stillOf({ codec, sets: [], width: 176, height: 100 }, { ...frame, units });
}

describe("A key frame becomes a JPEG", { skip: without("ffmpeg") }, () => {
  for (const codec of ["h264", "h265"] as const)
    it(`of ${codec}, of its size`, async () => {
      const image = await Jimp.fromBuffer(await new Decoder().decode(firstOf(codec), { timeoutMs: 20_000 }));
      assert.deepEqual([image.width, image.height], [176, 100]);
    });

  for (const said of ["bt709", "bt601", "unsaid"])
    it(`in its colours where its VUI names ${said}`, async () => {
      const image = await Jimp.fromBuffer(await new Decoder().decode(await colour(said), { timeoutMs: 20_000 }));
      const seen = image.getPixelColor(640, 360);
      [0xc0, 0x20, 0x40].forEach((wanted, at) => {
        const found = (seen >>> (24 - 8 * at)) & 0xff;
        assert.ok(Math.abs(found - wanted) <= 4, `${said}: ${(seen >>> 8).toString(16)} is not c02040`);
      });
    });

  it("and what is none becomes a sentence", async () => {
    const broken = stillOf({ codec: "h264", sets: [] }, { ...frame, units: [Buffer.from("nothing of the kind")] });
    const error = await rejects(
      new Decoder().decode(broken, { timeoutMs: 20_000 }),
      "not-decoded",
      /^ffmpeg could make no picture of the camera's H\.264: /,
    );
    assert.doesNotMatch(error.message, /0x|\n/);
  });
});

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A program in ffmpeg's place. */
async function program(t: TestContext, script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "portero-decoder-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "ffmpeg");
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o700);
  return path;
}

describe("What makes pictures of key frames", () => {
  it("is missing: a sentence says what to install", async () => {
    const decoder = new Decoder({ program: "/nowhere/ffmpeg" });
    const error = await rejects(
      decoder.decode(firstOf("h265")),
      "no-ffmpeg",
      /sends H\.265, and ffmpeg.*apt install ffmpeg/,
    );
    assert.equal(error.advice, "giveUp");
  });

  it("hangs: it is killed when the time is over, and the next has its turn; who waits in vain is told in time", async (t) => {
    const clock = new FakeClock();
    const pids = join(await mkdtemp(join(tmpdir(), "portero-pids-")), "pids");
    t.after(() => rm(join(pids, ".."), { recursive: true }));
    const decoder = new Decoder({ clock, program: await program(t, `echo $$ >> ${pids}; exec sleep 600`) });
    const [first, second] = [5_000, 2_000].map((timeoutMs) =>
      rejects(decoder.decode(firstOf("h264"), { timeoutMs }), "timeout", /^ffmpeg made no picture .* within [25] s$/),
    );
    let pid = 0;
    while (pid === 0) pid = Number(await readFile(pids, "utf8").catch(() => ""));
    await clock.advance(2_000);
    await second;
    assert.ok(exists(pid));
    await clock.advance(3_000);
    await first;
    while (exists(pid)) await new Promise(setImmediate);
    assert.equal(await readFile(pids, "utf8"), `${pid}\n`, "the second was started all the same");
    assert.equal(clock.pending, 0);
  });

  it("sends without an end: it is killed, and there is no picture", async (t) => {
    const decoder = new Decoder({ program: await program(t, "exec cat /dev/zero") });
    await rejects(
      decoder.decode(firstOf("h264"), { timeoutMs: 60_000 }),
      "not-decoded",
      /no picture of the camera's H\.264$/,
    );
  });
});
