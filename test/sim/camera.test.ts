// The picture of the simulated bell, fetched as a flow would fetch it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, describe, it } from "node:test";
import { Jimp } from "jimp";
import { openVideo } from "../../src/camera/upstream.ts";
import type { Frame } from "../../src/camera/video.ts";
import { PorteroError } from "../../src/errors.ts";
import { HttpClient } from "../../src/http.ts";
import { Secret } from "../../src/secret.ts";
import { isSet } from "../../src/sim/picture/font.ts";
import { clockPlace } from "../../src/sim/picture/scene.ts";
import { SimBell, type BellOptions } from "../../src/sim/sim.ts";
import { FakeClock } from "../support/clock.ts";
import { patienceMs } from "../support/patience.ts";
import { House } from "./house.ts";

let house: House;
const client = new HttpClient();
afterEach(() => house.close());

async function bellWith(options: Partial<BellOptions> = {}): Promise<SimBell> {
  house = await new House().open("8000");
  const bell = house.watch(new SimBell({ ...house.who("8000"), ...options }));
  await bell.start();
  return bell;
}

const fetched = (bell: SimBell, password = "pw-8000", timeoutMs = patienceMs) =>
  client.request({
    ...{ url: bell.cameraUrl, username: "8000", password: new Secret(password), timeoutMs, maxBytes: 2 ** 20 },
  });

/** The time that stands in a picture, read point by point with the font it was written with. */
async function timeIn(jpeg: Buffer): Promise<string> {
  const picture = await Jimp.read(jpeg);
  const { x, y, size } = clockPlace;
  const isLit = (column: number, row: number) =>
    (picture.getPixelColor(x + (column + 0.5) * size, y + (row + 0.5) * size) >>> 8) % 256 > 150;
  const read = (index: number) =>
    "0123456789:".split("").find((sign) => {
      for (let column = 0; column < 5; column++)
        for (let row = 0; row < 7; row++) if (isLit(index * 6 + column, row) !== isSet(sign, column, row)) return false;
      return true;
    }) ?? "?";
  return Array.from({ length: 8 }, (_, index) => read(index)).join("");
}

describe("X9 the simulated camera", () => {
  it("shows a picture of 640 × 480 with the time, behind the bell's login", async () => {
    const clock = new FakeClock(new Date(2026, 4, 17, 20, 38, 46).getTime());
    const bell = await bellWith({ clock });
    const { status, headers, body } = await fetched(bell);
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "image/jpeg");
    const { width, height } = await Jimp.read(body);
    assert.deepEqual([width, height], [640, 480]);
    assert.equal(await timeIn(body), "20:38:46");
    await clock.advance(73_000);
    assert.equal(await timeIn((await fetched(bell)).body), "20:39:59");
  });

  it("is served at the number of the SIP port, where the preset looks for it", async () => {
    const bell = await bellWith();
    assert.equal(bell.cameraUrl, `http://${bell.address}/snapshot.jpg`);
  });

  it("shows a film of such pictures, as long as somebody looks", async () => {
    const clock = new FakeClock(new Date(2026, 4, 17, 20, 38, 46, 700).getTime());
    const bell = await bellWith({ clock });
    const videoUrl = new Secret(bell.cameraUrl.replace("snapshot.jpg", "video.mjpg"));
    const film = openVideo({ videoUrl, username: "8000", password: new Secret("pw-8000") });
    const next = async () => ((await once(film, "frame")) as [Frame])[0].units[0] ?? Buffer.alloc(0);
    assert.equal(await timeIn(await next()), "20:38:46");
    const second = next();
    await clock.advance(1_000);
    assert.equal(await timeIn(await second), "20:38:47");
    film.close();
  });

  it("shows another visitor with each press", async () => {
    const clock = new FakeClock();
    const bell = await bellWith({ clock });
    const pictures = [await fetched(bell)];
    for (let i = 0; i < 2; i++) {
      await bell.press();
      pictures.push(await fetched(bell));
      await bell.hangUp();
    }
    // The clock stands still, so nothing but the visitor can differ. The middle of the coat:
    const coats = await Promise.all(
      pictures.map(async ({ body }) => (await Jimp.read(body)).getPixelColor(260, 350) >>> 8),
    );
    assert.equal(new Set(coats).size, 3);
  });

  it("refuses a wrong password and a request without one", async () => {
    const bell = await bellWith();
    const { status, headers } = await fetch(bell.cameraUrl).then(async (answer) => {
      await answer.arrayBuffer();
      return { status: answer.status, headers: answer.headers };
    });
    assert.equal(status, 401);
    assert.match(headers.get("www-authenticate") ?? "", /^Digest realm=/);
    const outcome = await fetched(bell, "guessed").then(
      (answer) => answer.status,
      (error: unknown) => (error instanceof PorteroError ? error.message : ""),
    );
    assert.match(String(outcome), /401|password/);
  });

  it("is silent, slow or broken when it is told to", async () => {
    const silent = await bellWith({ camera: { behaviour: "silent" } });
    await assert.rejects(fetched(silent, "pw-8000", 200), /did not answer within/);
    await house.close();
    const broken = await bellWith({ camera: { behaviour: "broken" } });
    const { body } = await fetched(broken);
    assert.equal(body.readUInt16BE(0), 0xffd8);
    assert.notEqual(body.readUInt16BE(body.length - 2), 0xffd9);
    await house.close();
    const clock = new FakeClock();
    const slow = await bellWith({ camera: { behaviour: "slow" }, clock });
    const began = clock.now();
    let took: number | undefined;
    const answer = fetched(slow).finally(() => (took = clock.now() - began));
    while (took === undefined) await clock.advance(100);
    assert.equal((await answer).status, 200);
    assert.ok(took >= 3000, `${took} ms`);
  });
});
