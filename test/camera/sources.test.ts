// A camera that has its picture in several places: which is asked, in which order, and what is given where none has one.
import assert from "node:assert/strict";
import { before, describe, it, type TestContext } from "node:test";
import { Decoder } from "../../src/camera/decode.ts";
import { Camera, lacksDecoder, type CameraDeps, type CameraSettings } from "../../src/camera/camera.ts";
import { Pictures } from "../../src/camera/pictures.ts";
import { stillOf, type Still } from "../../src/camera/still.ts";
import type { Clock } from "../../src/clock.ts";
import { sentence, tryAgain } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import { device, digestGuard, nobody, password, rejects } from "../http/device.ts";
import { FakeClock } from "../support/clock.ts";
import { look, pattern } from "./pattern.ts";
import { rtspCamera } from "./rtsp/camera.ts";
import { clip } from "./rtsp/packets.ts";

let jpeg: Buffer;
before(async () => (jpeg = await pattern(64, 48)));

const quarters = ["red", "green", "blue", "white"];

function cameraOf(t: TestContext, settings: CameraSettings, deps: CameraDeps = {}): Camera {
  const camera = new Camera(settings, deps);
  t.after(() => camera.close());
  return camera;
}

/** A web server with a picture or without, which says how often it was asked for which path. */
async function web(t: TestContext, has: Record<string, boolean | "never">) {
  const bell = await device(t, ({ url = "" }, response) => {
    if (has[url] === "never") return;
    if (has[url] === true) response.writeHead(200, { "Content-Type": "image/jpeg" }).end(jpeg);
    else response.writeHead(404).end();
  });
  const asked = (): string => bell.requests.map(({ path }) => path).join(" ");
  return { has, asked, url: (path: string) => new Secret(`${bell.url}${path}`), bell };
}

const onlyClock = (clock: FakeClock): Clock => ({
  now: () => clock.now(),
  passed: () => clock.passed(),
  after: (ms, run) => clock.after(ms, run),
  every: (ms, run) => clock.every(ms, run),
  sleep: (ms, signal) => clock.sleep(ms, signal),
});

const still = (at: number): Still =>
  stillOf({ codec: "jpeg", sets: [] }, { units: [jpeg], key: true, at, timestamp: 0 });

describe("The sources of a picture", () => {
  it("are asked in order, and the one that had it last is asked first, the others again when it fails", async (t) => {
    const { has, asked, url } = await web(t, { "/a": false, "/b": true });
    const camera = cameraOf(t, { image: url("/a"), mjpeg: url("/b") });
    const { kind, source } = await camera.snapshot();
    assert.deepEqual([kind, source], ["mjpeg", url("/b").reveal()]);
    await camera.snapshot();
    assert.equal(asked(), "/a /b /b");
    [has["/a"], has["/b"]] = [true, false];
    assert.equal((await camera.snapshot()).kind, "jpeg");
    assert.equal(asked(), "/a /b /b /b /a");
  });

  it("are asked in the order of the settings, or of the one who asks; what is not named is not asked", async (t) => {
    const { asked, url } = await web(t, { "/a": true, "/b": true });
    const camera = cameraOf(t, { image: url("/a"), mjpeg: url("/b"), order: ["mjpeg", "jpeg"] });
    await camera.snapshot();
    await camera.snapshot({ order: ["jpeg"] });
    assert.equal(asked(), "/b /a");
    await rejects(camera.snapshot({ order: ["rtsp"] }), "no-image-url", /no image URL/);
  });

  it("do not wait for one that says nothing: the next has its turn in time, and the loser is left", async (t) => {
    const clock = new FakeClock();
    const { bell, asked, url } = await web(t, { "/a": "never", "/b": true });
    const camera = cameraOf(t, { image: url("/a"), mjpeg: url("/b") }, { clock });
    const picture = camera.snapshot();
    await bell.asked;
    await clock.advance(2_499);
    assert.equal(asked(), "/a");
    await clock.advance(1);
    assert.equal((await picture).kind, "mjpeg");
    assert.equal(clock.pending, 0, "a timer was left");
  });

  it("one whose turn comes when the time is over is told as not asked, and a machine that halts does not make it 0 s", async (t) => {
    const clock = new FakeClock();
    let haltedMs = 0;
    const halting = { ...onlyClock(clock), now: () => clock.now() + haltedMs };
    const call = () => ({
      source: "sip:503",
      still() {
        haltedMs = 5_000;
        return Promise.reject(tryAgain("timeout", "The call's video gave no whole picture within 5 s"));
      },
    });
    const { asked, url } = await web(t, { "/a": true });
    const camera = cameraOf(t, { image: url("/a"), order: ["call", "jpeg"] }, { clock: halting, call });
    await rejects(camera.snapshot(), "no-picture", /within 5 s; JPEG: was not asked, since the 5 s were over$/);
    assert.equal(asked(), "");
    [haltedMs] = [0];
    const silent = await web(t, { "/a": "never" });
    const hurried = cameraOf(t, { image: silent.url("/a") }, { clock }).snapshot({ timeoutMs: 40 });
    await silent.bell.asked;
    await Promise.all([rejects(hurried, "timeout", /did not answer within 40 ms/), clock.advance(40)]);
  });

  it("P8 hold an RTSP stream too: a whole picture of it, without a decoder where it is MJPEG", async (t) => {
    const film = await rtspCamera(t, {
      answer: ({ method }, camera) => {
        if (method === "PLAY") setImmediate(() => camera.picture());
        return undefined;
      },
    });
    const url = film.url.replace("://", `://admin:${password}@`);
    const { url: of, asked } = await web(t, {});
    const camera = cameraOf(t, { image: of("/a"), rtsp: new Secret(url) });
    const picture = await camera.snapshot();
    assert.deepEqual([picture.kind, picture.source, asked()], ["rtsp", film.url, "/a"]);
    assert.deepEqual((await look(picture.jpeg)).quarters, quarters);
    await film.request("TEARDOWN");
    await camera.snapshot();
    assert.equal(asked(), "/a", "the web server is not asked again");
  });

  it("take the last key frame of a film that somebody watches already, while it is young", async (t) => {
    const clock = new FakeClock();
    const film = await rtspCamera(t, { answer: () => ({ status: "404 Not Found" }) });
    let seen = still(clock.now());
    const camera = cameraOf(t, { rtsp: new Secret(film.url), keepMs: 0 }, { clock, live: () => seen });
    await clock.advance(5_000);
    assert.equal((await camera.snapshot()).takenAt, clock.now() - 5_000);
    assert.equal(film.connections, 0);
    await clock.advance(1);
    await rejects(camera.snapshot(), "camera-status", /404/);
    assert.equal(film.connections, 1);
    seen = still(clock.now());
    assert.equal((await camera.snapshot()).takenAt, clock.now());
  });

  it("take the last picture of a film of JPEGs that is watched already, while it is younger than a second", async (t) => {
    const clock = new FakeClock();
    const { asked, url } = await web(t, { "/film": true });
    const seen = still(clock.now());
    const camera = cameraOf(t, { mjpeg: url("/film") }, { clock, live: () => seen });
    await clock.advance(1_000);
    const { kind, takenAt, source } = await camera.snapshot();
    assert.deepEqual([kind, takenAt, source], ["mjpeg", clock.now() - 1_000, url("/film").reveal()]);
    assert.equal(asked(), "");
    await clock.advance(1);
    assert.equal((await camera.snapshot()).takenAt, clock.now());
    assert.equal(asked(), "/film");
  });

  it("are the video of a call where one stands, and no camera is known", async (t) => {
    const clock = new FakeClock();
    let stands = false;
    const call = () => (stands ? { source: "sip:503", still: () => Promise.resolve(still(clock.now())) } : undefined);
    const camera = cameraOf(t, {}, { clock, call });
    assert.equal(camera.isKnown, false);
    await rejects(camera.snapshot(), "no-image-url", /no image URL/);
    stands = true;
    const { kind, source } = await camera.snapshot();
    assert.deepEqual([kind, source], ["call", "sip:503"]);
  });

  it("P7 are each named with what is wrong with them, and without the password", async (t) => {
    const closed = await nobody();
    const guarded = await device(
      t,
      digestGuard(() => {}),
    );
    const camera = cameraOf(t, {
      ...{ image: new Secret(`http://other:${password}@${guarded.host}/a.jpg?pwd=${password}`) },
      ...{ mjpeg: new Secret(closed), rtsp: new Secret(closed.replace("http://", `rtsp://admin:${password}@`)) },
    });
    const says =
      /^None of its sources has a picture\. JPEG: .*does not accept the user name or password.*; MJPEG: .*refused the connection.*; RTSP: .*is RTSP switched on/;
    const error = await rejects(camera.snapshot(), "no-picture", says);
    assert.equal(error.advice, "again");
  });
});

// A thousand of them, with what is left of files and processes: test/peers/webservers.test.ts.
describe("Thirty pictures, of which a third fails", () => {
  it("leave no connection, no timer and no process behind, and no password in what is said", async (t) => {
    const clock = new FakeClock();
    let asked = 0;
    const bell = await device(
      t,
      digestGuard((_, response) => {
        asked += 1;
        if (asked % 6 === 0)
          response
            .writeHead(200, { "Content-Length": jpeg.length })
            .write(jpeg.subarray(0, 300), () => response.destroy());
        else if (asked % 6 === 3) response.writeHead(503).end();
        else response.writeHead(200, { "Content-Type": "image/jpeg" }).end(jpeg);
      }),
    );
    const url = `http://admin:${password}@${bell.host}/a.jpg`;
    const before = process.getActiveResourcesInfo().length;
    const camera = new Camera({ image: new Secret(url), keepMs: 0 }, { clock });
    const said: string[] = [];
    for (let i = 0; i < 30; i++) await camera.snapshot().catch((error: unknown) => said.push(sentence(error)));
    assert.equal(said.length, 10);
    assert.ok(!said.join("\n").includes(password));
    assert.ok(bell.connections <= 12, "connections are kept while they last");
    assert.equal(clock.pending, 0);
    camera.close();
    bell.drop();
    while (process.getActiveResourcesInfo().length > before) await new Promise(setImmediate);
  });
});

describe("The last picture, where no new one can be had", () => {
  it("is given with its age for half a minute, and not to who wants a new one", async (t) => {
    const clock = new FakeClock();
    const { has, url } = await web(t, { "/a": true });
    const camera = cameraOf(t, { image: url("/a") }, { clock });
    const first = await camera.snapshot();
    has["/a"] = false;
    await clock.advance(29_999);
    assert.deepEqual(await camera.snapshot(), { ...first, kept: true });
    await rejects(camera.snapshot({ fresh: true }), "camera-status", /404/);
    await clock.advance(1);
    await rejects(camera.snapshot(), "camera-status", /404/);
  });

  it("is never given where the door is set so", async (t) => {
    const { has, url } = await web(t, { "/a": true });
    const camera = cameraOf(t, { image: url("/a"), keepMs: 0 });
    await camera.snapshot();
    has["/a"] = false;
    await rejects(camera.snapshot(), "camera-status", /404/);
  });
});

describe("A film where nothing decodes it", () => {
  const [units = []] = clip("h264").pictures;
  const [sps, pps, ...slices] = units;
  const film = (at: number): Still =>
    stillOf(
      { codec: "h264", sets: [sps, pps].filter((set) => set !== undefined), width: 176, height: 100 },
      { units: slices, key: true, at, timestamp: 0 },
    );
  const rtsp = new Secret("rtsp://127.0.0.1:9/live");

  it("says what to install, also beside others that fail, and gives its picture as MP4 to who wants that", async (t) => {
    const clock = new FakeClock();
    const { url } = await web(t, {});
    const deps = { clock, live: () => film(clock.now()), decoder: new Decoder({ clock, program: "/nowhere/ffmpeg" }) };
    const camera = cameraOf(t, { rtsp, image: url("/a") }, deps);
    const error = await rejects(camera.snapshot(), "no-picture", /JPEG: .*404.*; RTSP: .*apt install ffmpeg/);
    assert.equal(lacksDecoder(error), true);
    const { mp4, width, height, kind, takenAt } = await camera.movie();
    assert.deepEqual(
      [mp4.toString("latin1", 4, 8), width, height, kind, takenAt],
      ["ftyp", 176, 100, "rtsp", clock.now()],
    );
    assert.equal(lacksDecoder(tryAgain("timeout", "x")), false);
  });

  it("is not given so where something of it is nobody's business, and where there is none", async (t) => {
    const masks = [{ x: 0, y: 0, width: 50, height: 100 }];
    const live = () => film(Date.now());
    await rejects(cameraOf(t, { rtsp, masks }, { live }).movie(), "no-movie", /nobody may see.*ffmpeg/);
    await rejects(cameraOf(t, { image: rtsp }).movie(), "no-movie", /has no film/);
    await rejects(cameraOf(t, { rtsp }, { live: () => still(Date.now()) }).movie(), "no-movie", /is JPEG/);
  });
});

describe("What nobody may see of a door", () => {
  const left = { x: 0, y: 0, width: 50, height: 100 };

  it("is black in every picture that is given, the last one too", async (t) => {
    const pictures = new Pictures();
    t.after(() => pictures.close());
    const { has, url } = await web(t, { "/a": true });
    const camera = cameraOf(t, { image: url("/a"), masks: [left] }, { pictures });
    const hidden = ["black", "green", "black", "white"];
    assert.deepEqual((await look((await camera.snapshot()).jpeg)).quarters, hidden);
    has["/a"] = false;
    const { jpeg: last, kept } = await camera.snapshot();
    assert.deepEqual([(await look(last)).quarters, kept], [hidden, true]);
  });

  it("is given to nobody when it cannot be hidden", async (t) => {
    const { url } = await web(t, { "/a": true });
    const broken = { process: () => Promise.reject(tryAgain("pictures-failed", "the worker is gone")) };
    const camera = cameraOf(t, { image: url("/a"), masks: [left] }, { pictures: broken as unknown as Pictures });
    await rejects(camera.snapshot(), "pictures-failed", /the worker is gone/);
    await rejects(cameraOf(t, { image: url("/a"), masks: [left] }).snapshot(), "no-picture", /nothing hides them/);
  });
});
