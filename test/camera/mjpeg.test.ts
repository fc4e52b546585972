import assert from "node:assert/strict";
import type { RequestListener, ServerResponse } from "node:http";
import { before, describe, it } from "node:test";
import { JpegCutter } from "../../src/camera/mjpeg.ts";
import { device, digestGuard, flood, login, nobody, password } from "../http/device.ts";
import { fastest } from "../support/cpu.ts";
import { FakeClock, settle } from "../support/clock.ts";
import { declaring, look, pattern, withSegment } from "./pattern.ts";
import { watch, type Watched } from "./rtsp/camera.ts";

let jpeg: Buffer;
let other: Buffer;
before(async () => ([jpeg, other] = await Promise.all([pattern(64, 48), pattern(32, 16)])));

type Part = (jpeg: Buffer) => Buffer[];
const part = (head: string, tail = "\r\n") => {
  return (picture: Buffer) => [Buffer.from(head.replace("LENGTH", String(picture.length))), picture, Buffer.from(tail)];
};

/** Films as makers send them: the media type, and how each picture is wrapped. */
const films: Record<string, [string, Part]> = {
  "the boundary as it should be": [
    "multipart/x-mixed-replace; boundary=frame",
    part("--frame\r\nContent-Type: image/jpeg\r\nContent-Length: LENGTH\r\n\r\n"),
  ],
  "a boundary in quotes": [
    'multipart/x-mixed-replace; boundary="frame"',
    part("--frame\r\nContent-Type: image/jpeg\r\n\r\n"),
  ],
  "a boundary that has its dashes already": ["multipart/x-mixed-replace;boundary=--frame", part("--frame\r\n\r\n")],
  "no boundary": ["multipart/x-mixed-replace", part("--whatever\nContent-type: image/jpeg\n\n", "\n")],
  "a length that is wrong": ["multipart/x-mixed-replace; boundary=f", part("--f\r\nContent-Length: 17\r\n\r\n")],
  "texts behind the picture": ["multipart/x-mixed-replace; boundary=f", part("--f\r\n\r\n", "\0\0padding\r\n")],
  "pictures only": ["video/x-motion-jpeg", part("", "")],
};

const filming =
  (make: (response: ServerResponse) => void, type = "multipart/x-mixed-replace; boundary=f"): RequestListener =>
  (_, response) => {
    response.writeHead(200, { "Content-Type": type });
    make(response);
  };

async function ends(watched: Watched, code: string | undefined, sentence = /./): Promise<void> {
  const error = await watched.ended;
  assert.equal(error?.code, code, error?.message);
  if (error) assert.match(error.message, sentence);
  assert.ok(!watched.log.join("\n").includes(password), "P7: the password is in the log");
}

describe("P8 a film by HTTP (MJPEG)", () => {
  for (const [name, [type, wrap]] of Object.entries(films))
    it(`every picture comes out whole: ${name}`, async (t) => {
      const body = Buffer.concat([jpeg, jpeg, other].flatMap((picture) => wrap(picture)));
      const camera = await device(
        t,
        filming((response) => response.end(body), type),
      );
      const watched = watch(t, camera.url);
      await ends(watched, undefined);
      assert.deepEqual(
        watched.frames.map(({ units, key }) => [key, units.length, units[0]]),
        [jpeg, jpeg, other].map((picture) => [true, 1, picture]),
      );
      assert.deepEqual(
        watched.formats.map(({ codec, width, height }) => [codec, width, height]),
        [
          ["jpeg", 64, 48],
          ["jpeg", 32, 16],
        ],
      );
    });

  it("in pieces of any length, with a thumbnail inside, and after a damaged picture", () => {
    const withThumbnail = withSegment(jpeg, other);
    const half = withThumbnail.subarray(0, withThumbnail.length - 100);
    const film = Buffer.concat([withThumbnail, half, Buffer.from("\r\n--f\r\n\r\n"), jpeg, Buffer.from("--f--")]);
    for (const step of [1, 2, 7, 100, 5000]) {
      const found: Buffer[] = [];
      const cutter = new JpegCutter((picture) => found.push(picture));
      for (let at = 0; at < film.length; at += step) cutter.push(film.subarray(at, at + step));
      assert.deepEqual(found, [withThumbnail, jpeg], `in pieces of ${step}`);
    }
  });

  it("never keeps more than a picture may have", () => {
    const found: Buffer[] = [];
    const cutter = new JpegCutter((picture) => found.push(picture));
    cutter.push(jpeg.subarray(0, 700));
    const noise = Buffer.alloc(2 ** 20, 1);
    for (let piece = 0; piece < 20; piece++) {
      cutter.push(noise);
      assert.ok(cutter.rest.length <= 8 * 2 ** 20);
    }
    cutter.push(declaring(jpeg, 65_000, 65_000));
    cutter.push(jpeg);
    assert.deepEqual(found, [jpeg], "one of 65,000×65,000 pixels is none");
  });

  it("are looked for in no time where one seems to begin at every turn", () => {
    const noise = Buffer.from("ffd8".repeat(131_072), "hex");
    const best = fastest(3, () => new JpegCutter(() => assert.fail("a picture")).push(noise));
    assert.ok(best < 100, `${best.toFixed(0)} ms`);
  });

  it("goes on for as long as it likes, and ends with who watches it", async (t) => {
    const clock = new FakeClock();
    let response: ServerResponse | undefined;
    const camera = await device(
      t,
      filming((begun) => void (response = begun).write(jpeg)),
    );
    const watched = watch(t, camera.url, { timeoutMs: 1_000 }, clock);
    for (let second = 1; second <= 60; second++) {
      await watched.count(second);
      await clock.advance(1_000);
      response?.write(jpeg);
    }
    assert.deepEqual((await look(watched.frames.at(-1)?.units[0] ?? jpeg)).quarters, ["red", "green", "blue", "white"]);
    const steps = watched.frames
      .slice(2)
      .map((frame, index) => frame.timestamp - (watched.frames[index + 1]?.timestamp ?? 0));
    assert.deepEqual([...new Set(steps)], [90_000]);
    const gone = new Promise((resolve) => response?.on("close", resolve));
    watched.stream.close();
    await gone;
    await settle();
    assert.equal(clock.pending, 0);
  });

  it("P7 signs in with Digest, and tells no password whatever goes wrong", async (t) => {
    const guarded = () => device(t, digestGuard(filming((response) => response.write(jpeg))));
    const url = async (user: string) => `http://${user}:${password}@${(await guarded()).host}/film`;
    await watch(t, await url("admin")).count(1);
    await watch(t, (await guarded()).url, login).count(1);
    await ends(watch(t, await url("other")), "wrong-password", /does not accept/);
    await ends(watch(t, `${await nobody()}/film?pwd=${password}`), "refused", /refused the connection/);
  });
});

describe("a film that fails says why", () => {
  it("a page, another kind of film, a single picture, a status, nothing at all", async (t) => {
    const once = (type: string, body: Buffer | string) =>
      device(
        t,
        filming((response) => response.end(body), type),
      );
    const fails = async (camera: { url: string }, code: string, sentence: RegExp) =>
      await ends(watch(t, camera.url), code, sentence);
    await fails(await once("text/html", "<html>"), "no-picture", /a web page instead of a picture/);
    await fails(await device(t, filming(flood)), "no-picture", /a film without JPEG pictures/);
    await fails(
      await once("image/jpeg", jpeg),
      "no-film",
      /a single picture and no film: enter this address as its image/,
    );
    await fails(await once("image/jpeg", ""), "no-picture", /answered with nothing/);
    const missing = await device(t, (_, response) => response.writeHead(404).end());
    await fails(missing, "camera-status", /has no picture there \(404\)/);
  });

  it("it stalls: no byte for 10 s, or bytes without a picture for 30 s", async (t) => {
    const clock = new FakeClock();
    const stalled = await device(
      t,
      filming((response) => response.write(jpeg)),
    );
    const watched = watch(t, stalled.url, {}, clock);
    await watched.count(1);
    await clock.advance(10_500);
    await ends(watched, "silent", /has sent no video for 10 s$/);

    const pieces: ServerResponse[] = [];
    const dripping = await device(
      t,
      filming((response) => pieces.push(response) && response.write(jpeg)),
    );
    const drips = watch(t, dripping.url, {}, clock);
    await drips.count(1);
    const heard = () => new Promise<void>((resolve) => pieces[0]?.write(Buffer.from("x"), () => resolve()));
    const ended = ends(drips, "no-picture", /no whole picture has come for 30 s$/);
    for (let second = 0; second < 32; second++) {
      await heard();
      await settle();
      await clock.advance(1_000);
    }
    await ended;
    assert.equal(clock.pending, 0);
  });

  it("it never answers: the time set for it, then no more", async (t) => {
    const clock = new FakeClock();
    const camera = await device(t, () => {});
    const watched = watch(t, camera.url, { timeoutMs: 2_000 }, clock);
    await camera.asked;
    await clock.advance(2_000);
    await ends(watched, "timeout", /did not answer within 2 s/);
    assert.equal(clock.pending, 0);
  });
});
