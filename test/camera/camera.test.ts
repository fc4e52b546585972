import assert from "node:assert/strict";
import { once } from "node:events";
import type { RequestListener } from "node:http";
import { before, describe, it, type TestContext } from "node:test";
import { Camera, type CameraSettings } from "../../src/camera/camera.ts";
import type { Log } from "../../src/log.ts";
import { Secret } from "../../src/secret.ts";
import { device, digestGuard, drip, fingerprint, flood, login, password, rawDevice, rejects } from "../http/device.ts";
import { FakeClock } from "../support/clock.ts";
import { declaring, look, pattern, withSegment } from "./pattern.ts";

let jpeg: Buffer;
before(async () => (jpeg = await pattern(64, 48)));

/** A camera, and everything it logged. */
function cameraAt(t: TestContext, url: string, more: CameraSettings = {}, clock?: FakeClock) {
  const lines: string[] = [];
  const write = (text: string) => void lines.push(text);
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const camera = new Camera({ image: new Secret(url), ...more }, { log, ...(clock ? { clock } : {}) });
  t.after(() => {
    camera.close();
    assert.ok(lines.length > 0, "the camera says what it did");
    assert.ok(!lines.join("\n").includes(password), "P7: the password is in the log");
  });
  return camera;
}

const sends =
  (body: () => Buffer | string, type = "image/jpeg"): RequestListener =>
  (_, response) =>
    response.writeHead(200, { "Content-Type": type }).end(body());

describe("P5 a picture by HTTP(S) JPEG", () => {
  it("comes through as it was sent, with its size, source and time", async (t) => {
    const clock = new FakeClock();
    const bell = await device(t, (_, response) => {
      void clock.advance(120).then(() => response.end(jpeg));
    });
    const picture = await cameraAt(t, `${bell.url}/jpg/image.jpg`, {}, clock).snapshot();
    assert.deepEqual(picture, {
      ...{ jpeg, width: 64, height: 48, takenAt: clock.now(), ms: 120 },
      source: `${bell.url}/jpg/image.jpg`,
      kind: "jpeg",
    });
    assert.equal(clock.pending, 0);
  });

  it("P7 takes the credentials out of the URL and signs with them", async (t) => {
    const bell = await device(t, digestGuard(sends(() => jpeg)));
    const camera = cameraAt(t, `http://admin:${password}@${bell.host}/jpg/image.jpg`);
    const { source } = await camera.snapshot();
    await camera.snapshot();
    assert.equal(source, `${bell.url}/jpg/image.jpg`);
    assert.equal(bell.requests.length, 3, "the nonce is kept");
  });

  it("P7 never tells the password, whatever goes wrong", async (t) => {
    const guard = digestGuard(sends(() => "no picture", "text/plain"));
    const bell = await device(t, guard);
    const url = (user: string, host = bell.host) => `http://${user}:${password}@${host}/jpg/image.jpg`;
    await rejects(cameraAt(t, url("admin")).snapshot(), "no-picture", /answered with no JPEG but text\/plain/);
    await rejects(cameraAt(t, url("other")).snapshot(), "wrong-password", /does not accept/);
    await rejects(cameraAt(t, url("admin", "127.0.0.1:99999")).snapshot(), "bad-url", /is not a URL/);
    await rejects(cameraAt(t, url("admin").replace("http", "rtsp")).snapshot(), "bad-url", /rtsp:/);
  });

  it("P12 comes from a self-signed bell whose certificate is pinned", async (t) => {
    const bell = await device(t, digestGuard(sends(() => jpeg)), "camera");
    const picture = await cameraAt(t, bell.url, { ...login, pin: fingerprint("camera") }).snapshot();
    assert.deepEqual(picture.jpeg, jpeg);
  });

  it("needs a URL", async (t) => {
    await rejects(cameraAt(t, "").snapshot(), "no-image-url", /enter one, or choose a preset/);
  });

  it("ends with its caller's signal", async (t) => {
    const bell = await device(t, () => {});
    const abort = new AbortController();
    const running = rejects(cameraAt(t, bell.url).snapshot({ signal: abort.signal }), "aborted", /was cancelled/);
    await bell.asked;
    abort.abort();
    await running;
  });

  it("X3 gives a dead camera five seconds", async (t) => {
    const bell = await device(t, () => {});
    const clock = new FakeClock();
    const running = rejects(cameraAt(t, bell.url, {}, clock).snapshot(), "timeout", /^The camera at .* within 5 s/);
    await bell.asked;
    await clock.advance(5_000);
    await running;
  });
});

describe("A camera's odd answers", () => {
  it("an EXIF thumbnail, padding and a wrong type do not matter", async (t) => {
    const thumbnail = await pattern(16, 16);
    const whole = withSegment(jpeg, Buffer.concat([Buffer.from("Exif\0\0"), thumbnail]));
    const bell = await device(
      t,
      sends(() => Buffer.concat([whole, Buffer.alloc(100)]), "application/octet-stream"),
    );
    const picture = await cameraAt(t, bell.url).snapshot();
    assert.deepEqual(picture.jpeg, whole);
  });

  it("a picture is taken although the answer never ends, and the connection closed", async (t) => {
    let left: Promise<unknown> | undefined;
    const bell = await device(t, (_, response) => {
      left = once(response, "close");
      response.write(jpeg);
      flood(response);
    });
    assert.deepEqual((await cameraAt(t, bell.url).snapshot()).jpeg, jpeg);
    await left;
  });

  for (const [what, length] of [
    ["longer", 100],
    ["shorter", -1],
  ] as const) {
    it(`a Content-Length ${what} than the picture`, async (t) => {
      const head = `HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length + length}\r\n\r\n`;
      const camera = cameraAt(t, await rawDevice(t, Buffer.concat([Buffer.from(head), jpeg])));
      if (length > 0) assert.deepEqual((await camera.snapshot()).jpeg, jpeg);
      else await rejects(camera.snapshot(), "no-picture", /damaged JPEG: it ends in the middle/);
    });
  }

  it("no length, chunks or Connection: close", async (t) => {
    const head = "HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n";
    const old = await rawDevice(t, Buffer.concat([Buffer.from(head), jpeg]));
    const chunked = await device(t, (_, response) => {
      response.setHeader("Connection", "close");
      for (let at = 0; at < jpeg.length; at += 100) response.write(jpeg.subarray(at, at + 100));
      response.end();
    });
    assert.deepEqual((await cameraAt(t, old).snapshot()).jpeg, jpeg);
    assert.deepEqual((await cameraAt(t, chunked.url).snapshot()).jpeg, jpeg);
  });

  it("half a JPEG is refused", async (t) => {
    const bell = await device(
      t,
      sends(() => jpeg.subarray(0, jpeg.length >> 1)),
    );
    const error = await rejects(cameraAt(t, bell.url).snapshot(), "no-picture", /it ends in the middle/);
    assert.equal(error.advice, "again");
  });

  it("a slow drip ends by the time-out", async (t) => {
    const clock = new FakeClock();
    const bell = await device(t, (_, response) => drip(response, jpeg, clock));
    await rejects(cameraAt(t, bell.url, {}, clock).snapshot(), "timeout", /did not finish within 5 s/);
  });

  it("a picture without an end stops at the size limit", async (t) => {
    const bell = await device(t, (_, response) => {
      response.write(jpeg.subarray(0, -2));
      flood(response);
    });
    const camera = cameraAt(t, bell.url, { maxBytes: 200_000 });
    await rejects(camera.snapshot(), "too-large", /more than 195 KiB/);
  });

  for (const [what, type] of [
    ["as such", "text/html; charset=utf-8"],
    ["as a picture", "image/jpeg"],
  ] as const) {
    it(`a web page sent ${what} is refused`, async (t) => {
      const bell = await device(
        t,
        sends(() => "\n<!DOCTYPE html><title>Login</title>", type),
      );
      const error = await rejects(cameraAt(t, bell.url).snapshot(), "no-picture", /a web page instead of a picture/);
      assert.equal(error.advice, "giveUp");
    });
  }

  it("a huge declared size is refused", async (t) => {
    const bell = await device(
      t,
      sends(() => declaring(jpeg, 65_500, 65_500)),
    );
    await rejects(cameraAt(t, bell.url).snapshot(), "no-picture", /65500×65500 pixels, which is too large/);
  });

  it("an empty answer is named", async (t) => {
    const bell = await device(
      t,
      sends(() => ""),
    );
    await rejects(cameraAt(t, bell.url).snapshot(), "no-picture", /answered with nothing/);
  });

  for (const [status, advice, text] of [
    [403, "giveUp", /allow it to this user/],
    [404, "giveUp", /check the path/],
    [418, "giveUp", /HTTP status 418/],
    [503, "again", /too busy/],
    [500, "again", /HTTP status 500/],
  ] as const) {
    it(`status ${status}: ${advice}`, async (t) => {
      const bell = await device(t, (_, response) => response.writeHead(status).end(jpeg));
      const error = await rejects(cameraAt(t, bell.url).snapshot(), "camera-status", text);
      assert.deepEqual([error.advice, error.data["status"]], [advice, status]);
    });
  }
});

describe("P8 a film (multipart/x-mixed-replace) gives its first picture", () => {
  for (const [what, type, part] of [
    ["a plain boundary", "boundary=frame", "--frame\r\nContent-Type: image/jpeg\r\n\r\n"],
    ["a quoted boundary", 'boundary="my frame"', "--my frame\r\nContent-Type: image/jpeg\r\n\r\n"],
    ["leading dashes in the header too", "boundary=--frame", "--frame\r\nContent-Type: image/jpeg\r\n\r\n"],
    ["no boundary at all", "", "--whatever\r\nContent-Length: 1\r\n\r\n"],
    ["bare line feeds and a preamble", "boundary=f", "\n\npreamble\n--f\nContent-Type: image/jpeg\n\n"],
  ] as const) {
    it(`with ${what}`, async (t) => {
      const bell = await device(t, (_, response) => {
        response.writeHead(200, { "Content-Type": `multipart/x-mixed-replace; ${type}` });
        const frame = () => {
          if (!response.destroyed) response.write(Buffer.concat([Buffer.from(part), jpeg, Buffer.from("\r\n")]), frame);
        };
        frame();
      });
      const picture = await cameraAt(t, `${bell.url}/api/camera/snapshot?width=640&height=480&fps=15`).snapshot();
      assert.deepEqual(picture.jpeg, jpeg);
      assert.deepEqual((await look(picture.jpeg)).quarters, ["red", "green", "blue", "white"]);
    });
  }

  it("is refused when it holds none", async (t) => {
    const bell = await device(t, (_, response) => {
      response.writeHead(200, { "Content-Type": "multipart/x-mixed-replace; boundary=f" });
      flood(response);
    });
    await rejects(cameraAt(t, bell.url).snapshot(), "no-picture", /a film without JPEG pictures/);
    const late = await device(
      t,
      sends(() => Buffer.concat([Buffer.alloc(20_000), jpeg]), "multipart/x-mixed-replace"),
    );
    await rejects(cameraAt(t, late.url).snapshot(), "no-picture", /a film without JPEG pictures/);
  });
});
