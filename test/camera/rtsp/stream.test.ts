import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { snapshotOf } from "../../../src/camera/still.ts";
import { giveUp } from "../../../src/errors.ts";
import { nobody } from "../../http/device.ts";
import { FakeClock, settle } from "../../support/clock.ts";
import { look } from "../pattern.ts";
import { interleaved, rtspCamera, watch, type CameraOptions, type Watched } from "./camera.ts";
import { clip, packed, rtpPacket } from "./packets.ts";

async function playing(t: TestContext, options: CameraOptions = {}, more: Parameters<typeof watch>[2] = {}) {
  const clock = new FakeClock();
  const camera = await rtspCamera(t, options);
  const watched = watch(t, camera.url, more, clock);
  await camera.request("PLAY");
  camera.picture();
  await watched.count(1);
  return { camera, clock, watched };
}

async function ends(watched: Watched, code: string | undefined, sentence = /./): Promise<void> {
  const error = await watched.ended;
  assert.equal(error?.code, code, error?.message);
  if (error) assert.match(error.message, sentence);
}

describe("a camera's stream, RFC 2326", () => {
  it("is described, set up and played; its pictures come out, and it is torn down", async (t) => {
    const { camera, clock, watched } = await playing(t);
    const [frame] = watched.frames;
    assert.deepEqual(watched.formats, [{ codec: "jpeg", width: 128, height: 96, sets: [] }]);
    assert.deepEqual((await look(frame?.units[0] ?? Buffer.alloc(0))).quarters, ["red", "green", "blue", "white"]);
    watched.stream.close();
    const goodbye = await camera.request("TEARDOWN");
    assert.deepEqual(
      camera.asked.map(({ method, uri }) => `${method} ${uri.replace(camera.url, "")}`),
      ["OPTIONS ", "DESCRIBE ", "SETUP /track1", "PLAY ", "TEARDOWN "],
    );
    assert.equal(goodbye.headers.get("session"), "4711");
    await settle();
    assert.equal(clock.pending, 0);
  });

  it("gives one picture to who wants one, and stays open", async (t) => {
    const { camera, watched, clock } = await playing(t);
    const still = snapshotOf(watched.stream, { clock, ...(watched.formats[0] ? { format: watched.formats[0] } : {}) });
    camera.picture();
    assert.deepEqual((await look((await still).bytes)).quarters, ["red", "green", "blue", "white"]);
    assert.equal(camera.open, 1);
    const none = snapshotOf(watched.stream, { clock, timeoutMs: 500 });
    const refused = assert.rejects(none, {
      ...{ code: "timeout", message: "The camera's stream gave no whole picture within 0.5 s" },
    });
    await clock.advance(500);
    await refused;
  });

  it("takes controls relative to Content-Base, and the session's for PLAY (§C.1.1)", async (t) => {
    const camera = await rtspCamera(t, {
      answer: ({ method }) =>
        method === "DESCRIBE"
          ? {
              status: "200 OK",
              headers: { "Content-Base": "rtsp://10.0.0.7:554/inside/" },
              body: "v=0\r\na=control:all\r\nm=video 0 RTP/AVP 26\r\na=control:one\r\n",
            }
          : undefined,
    });
    watch(t, camera.url);
    await camera.request("PLAY");
    assert.deepEqual(
      camera.asked.slice(2).map(({ method, uri }) => `${method} ${uri}`),
      ["SETUP rtsp://10.0.0.7:554/inside/all/one", "PLAY rtsp://10.0.0.7:554/inside/all"],
    );
  });

  it("is kept alive at half its time-out, by GET_PARAMETER, and by OPTIONS where that is not known (§10.8)", async (t) => {
    let unknown = false;
    const answer: CameraOptions["answer"] = ({ method }) =>
      method === "GET_PARAMETER" && unknown ? { status: "451 Parameter Not Understood" } : undefined;
    const { camera, clock, watched } = await playing(t, { session: "4711;timeout=10", answer });
    for (const nth of [1, 2]) {
      await clock.advance(5_000);
      assert.equal((await camera.request("GET_PARAMETER", nth)).headers.get("session"), "4711");
      camera.picture();
      await watched.count(1 + nth);
      unknown = nth === 1;
    }
    await clock.advance(5_000);
    await camera.request("OPTIONS", 2);
  });

  it("ends where the camera has forgotten the session, and not where it leaves a keep-alive unanswered", async (t) => {
    let forgets = false;
    const answer: CameraOptions["answer"] = ({ method }) =>
      method !== "GET_PARAMETER" ? undefined : forgets ? { status: "454 Session Not Found" } : "nothing";
    const { camera, clock, watched } = await playing(t, { session: "4711;timeout=10", answer }, { timeoutMs: 2_000 });
    await clock.advance(5_000);
    await camera.request("GET_PARAMETER");
    camera.picture();
    await watched.count(2);
    await clock.advance(2_000);
    forgets = true;
    await clock.advance(3_000);
    await ends(watched, "session-lost", /forgotten that we are watching/);
  });

  it("tells the camera every five seconds what arrives (RFC 3550 §6.4.2), and ends with its goodbye", async (t) => {
    const { camera, clock, watched } = await playing(t);
    await clock.advance(5_000);
    const bye = Buffer.from("81cb000100000007", "hex");
    camera.send(interleaved(1, bye));
    await ends(watched, undefined);
    assert.ok(camera.asked.length >= 4);
  });

  it("puts H.264 together, and after a lost packet waits for the next key frame", async (t) => {
    const camera = await rtspCamera(t, {
      answer: ({ method }) =>
        method === "DESCRIBE"
          ? { status: "200 OK", body: "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n" }
          : undefined,
    });
    const watched = watch(t, camera.url);
    await camera.request("PLAY");
    const payloads = clip("h264").pictures.flatMap((units, index) => packed("h264", units, "fragmented", 3600 * index));
    const lost = payloads.findIndex(({ time }) => time === 3600 * 4);
    payloads.forEach((payload, index) => {
      if (index !== lost) camera.send(interleaved(0, rtpPacket(65_500 + index, payload)));
    });
    await watched.count(4 + 16);
    assert.deepEqual([watched.frames[4]?.key, watched.formats[0]?.width], [true, 176]);
  });
});

describe("a stream that fails says why", () => {
  it("nothing comes for the time set, with the connection open still", async (t) => {
    const { camera, clock, watched } = await playing(t, {}, { silenceMs: 4_000 });
    await clock.advance(4_000);
    await ends(watched, "silent", /^The camera at rtsp:\/\/127\.0\.0\.1:\d+\/live has sent no video for 4 s$/);
    await settle();
    assert.equal(clock.pending, 0);
    await camera.request("TEARDOWN");
  });

  it("packets come, but never a whole picture", async (t) => {
    const { camera, clock, watched } = await playing(t);
    for (let second = 0; second < 30; second++) {
      camera.send(
        interleaved(0, rtpPacket(30_000 + second, { bytes: Buffer.alloc(20), marker: false, time: second }, 26)),
      );
      await turnsUntil(() => false, 3);
      await clock.advance(1_000);
    }
    await ends(watched, "no-picture", /no whole picture has come for 30 s/);
  });

  it("the camera hangs up", async (t) => {
    const { camera, watched } = await playing(t);
    camera.drop();
    await ends(watched, "cut-short", /closed the connection/);
  });

  for (const silent of ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
    it(`${silent} is never answered`, async (t) => {
      const clock = new FakeClock();
      const camera = await rtspCamera(t, { answer: ({ method }) => (method === silent ? "nothing" : undefined) });
      const watched = watch(t, camera.url, { timeoutMs: 3_000 }, clock);
      await camera.request(silent);
      await clock.advance(3_000);
      await ends(watched, "timeout", /did not answer within 3 s/);
      await settle();
      assert.equal(clock.pending, 0);
    });

  it("statuses, with what they mean", async (t) => {
    for (const [status, sentence] of [
      ["404 Not Found", /answered 404: there is no such stream/],
      ["403 Forbidden", /answered 403: this user may not watch it/],
      ["453 Not Enough Bandwidth", /answered 453: it may have more viewers/],
      ["500 Oops", /answered 500$/],
    ] as const) {
      const camera = await rtspCamera(t, { answer: ({ method }) => (method === "DESCRIBE" ? { status } : undefined) });
      await ends(watch(t, camera.url), "camera-status", sentence);
    }
  });

  it("addresses that are none, nobody there, a web server in its place", async (t) => {
    for (const url of ["ftp://192.0.2.1/", "rtsp://", "front door", "file:///etc/passwd"])
      await ends(watch(t, url), "bad-url", /must be like rtsp:/);
    await ends(
      watch(t, (await nobody()).replace("http", "rtsp")),
      "refused",
      /is RTSP switched on in it, and on port \d+/,
    );
    const web = createServer((_, response) => response.end("fine")).listen(0, "127.0.0.1");
    t.after(() => web.close());
    await new Promise((resolve) => web.once("listening", resolve));
    const { port } = web.address() as AddressInfo;
    await ends(watch(t, `rtsp://127.0.0.1:${port}/`), "not-rtsp", /does not speak RTSP: is this its RTSP port/);
  });

  it("a listener that throws ends this stream and nothing else", async (t) => {
    const camera = await rtspCamera(t);
    const watched = watch(t, camera.url);
    watched.stream.on("frame", () => {
      throw giveUp("mine", "The listener's own fault");
    });
    await camera.request("PLAY");
    camera.picture();
    await ends(watched, "mine", /own fault/);
  });

  it("leaves nothing behind when it is closed, however far it had come", async (t) => {
    for (const last of ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
      for (const transport of ["tcp", "udp"] as const) {
        const clock = new FakeClock();
        const camera = await rtspCamera(t, { answer: ({ method }) => (method === last ? "nothing" : undefined) });
        const watched = watch(t, camera.url, { transport }, clock);
        await camera.request(last);
        watched.stream.close();
        await turnsUntil(() => camera.open === 0);
        assert.equal(clock.pending, 0, `${last} by ${transport}`);
      }
  });
});

describe("ways of transport", () => {
  it("falls to TCP where UDP brings nothing within two seconds", async (t) => {
    const clock = new FakeClock();
    const camera = await rtspCamera(t);
    const watched = watch(t, camera.url, { transport: "udp" }, clock);
    assert.match(
      (await camera.request("SETUP")).headers.get("transport") ?? "",
      /^RTP\/AVP;unicast;client_port=\d+-\d+$/,
    );
    await camera.request("PLAY");
    await turnsUntil(() => watched.log.some((line) => line.includes("plays jpeg by UDP")));
    await clock.advance(2_000);
    assert.equal((await camera.request("SETUP", 2)).headers.get("transport"), "RTP/AVP/TCP;unicast;interleaved=0-1");
    await camera.request("PLAY", 2);
    camera.picture();
    await watched.count(1);
  });

  it("takes the other way where the camera does not support one (461)", async (t) => {
    const answer: CameraOptions["answer"] = ({ method, headers }) =>
      method === "SETUP" && !headers.get("transport")?.includes("TCP")
        ? { status: "461 Unsupported Transport" }
        : undefined;
    const { watched } = await playing(t, { answer }, { transport: "udp" });
    assert.equal(watched.frames.length, 1);
    const neither = await rtspCamera(t, {
      answer: ({ method }) => (method === "SETUP" ? { status: "461 Unsupported Transport" } : undefined),
    });
    await ends(watch(t, neither.url), "camera-status", /neither by TCP nor by UDP/);
    assert.deepEqual([neither.connections, neither.asked.length], [1, 4]);
  });

  it("hears the channels that the camera chose", async (t) => {
    const camera = await rtspCamera(t, {
      answer: ({ method }) =>
        method === "SETUP"
          ? { status: "200 OK", headers: { Session: "1", Transport: "RTP/AVP/TCP;unicast;interleaved=4-5" } }
          : undefined,
    });
    const watched = watch(t, camera.url);
    await camera.request("PLAY");
    camera.send(interleaved(5, Buffer.from("81cb000100000007", "hex")));
    camera.picture();
    camera.send(interleaved(4, rtpPacket(1, { bytes: Buffer.alloc(9), marker: false, time: 1 }, 26)));
    camera.send(interleaved(5, Buffer.from("81cb000100000007", "hex")));
    await ends(watched, undefined);
    assert.equal(watched.frames.length, 0, "what came on channel 0 is not ours");
  });
});

/** Lets the sockets of this process go on until it is so. */
async function turnsUntil(so: () => boolean, most = 2_000): Promise<void> {
  for (let turns = 0; turns < most && !so(); turns++) await settle();
}
