// Our RTSP client against gst-rtsp-server: what is seen in the pictures is the test picture that it draws.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { Jimp } from "jimp";
import { Camera } from "../../src/camera/camera.ts";
import { Decoder } from "../../src/camera/decode.ts";
import { snapshotOf, type Still } from "../../src/camera/still.ts";
import { Secret } from "../../src/secret.ts";
import { watch } from "../camera/rtsp/camera.ts";
import { until } from "../support/patience.ts";
import { thePeer, without } from "../support/peers.ts";
import { run } from "../support/processes.ts";
import { authority } from "./authority.ts";
import { rtspServer } from "./rtsp-server.ts";

const skip = without("python3", "ffmpeg");
const login = { username: "bell", password: new Secret("p@ss:w/rd") };

/** The seven bars of videotestsrc's SMPTE picture, as they stand there. */
const bars = ["white", "yellow", "cyan", "green", "magenta", "red", "blue"];

/** The bars of a picture of whatever size: of each colour channel only whether it is there. */
async function barsOf(picture: Buffer): Promise<string[]> {
  const image = await Jimp.fromBuffer(picture);
  assert.deepEqual([image.width, image.height], [640, 360]);
  return bars.map((_, index) => {
    const colour = image.getPixelColor(Math.floor(((index + 0.5) * 640) / 7), 100);
    const channels = [24, 16, 8].map((shift) => (((colour >>> shift) & 0xff) > 120 ? "1" : "0")).join("");
    return ["black", "blue", "green", "cyan", "red", "magenta", "yellow", "white"][parseInt(channels, 2)] ?? "";
  });
}

/** The last picture that ffmpeg makes of it, if it finds nothing to complain of. */
async function decoded(t: TestContext, { bytes, format }: Still): Promise<Buffer> {
  if (format.codec === "jpeg") return bytes;
  const folder = await mkdtemp(join(tmpdir(), "portero-rtsp-"));
  t.after(() => rm(folder, { recursive: true }));
  const [from, to] = [join(folder, "key.h264"), join(folder, "key.png")];
  await writeFile(from, bytes);
  const { code, output } = await run(thePeer("ffmpeg"), [
    ...["-v", "error", "-f", format.codec === "h264" ? "h264" : "hevc", "-i", from, "-update", "1", to],
  ]);
  assert.equal(code, 0, output);
  assert.equal(output, "", "ffmpeg has something to complain of");
  return await readFile(to);
}

async function sees(t: TestContext, url: string, more: Parameters<typeof watch>[2] = {}) {
  const watched = watch(t, url, more);
  const still = await snapshotOf(watched.stream, { timeoutMs: 20_000 });
  assert.deepEqual(await barsOf(await decoded(t, still)), bars);
  return watched;
}

describe("a camera of another make, gst-rtsp-server", { skip }, () => {
  for (const path of ["h264", "h264-plain", "h265", "mjpeg"])
    for (const transport of ["tcp", "udp"] as const)
      it(`${path} by ${transport}: the test picture, and then every frame`, async (t) => {
        const server = await rtspServer(t, { protocols: transport });
        const watched = await sees(t, `${server.url}/${path}`, { transport });
        let steps: number[] = [];
        // A busy machine may lose a datagram.
        await until(
          "thirty frames of which none is missing",
          async () => {
            await watched.count(watched.frames.length + 30);
            const frames = watched.frames.slice(-30);
            steps = frames.slice(1).map((frame, index) => frame.timestamp - (frames[index]?.timestamp ?? 0));
            return steps.every((step) => Math.abs(step - 3600) < 10);
          },
          () => steps.join(),
        );
        assert.ok(watched.log.some((line) => line.endsWith(`by ${transport.toUpperCase()}`)));
      });

  it("H.264 and H.265 become a JPEG of the test picture; no list of processes shows the address or the password", async (t) => {
    const server = await rtspServer(t, { users: "digest" });
    const folder = await mkdtemp(join(tmpdir(), "portero-ffmpeg-"));
    t.after(() => rm(folder, { recursive: true }));
    const [program, told] = [join(folder, "ffmpeg"), join(folder, "told")];
    await writeFile(program, `#!/bin/sh\necho "$@" >> ${told}\nenv >> ${told}\nexec ${thePeer("ffmpeg")} "$@"\n`, {
      mode: 0o700,
    });
    for (const path of ["h264", "h265"]) {
      const rtsp = new Secret(`${server.url.replace("://", "://bell:p@ss:w/rd@")}/${path}`);
      const camera = new Camera({ rtsp, timeoutMs: 20_000 }, { decoder: new Decoder({ program }) });
      t.after(() => camera.close());
      const { jpeg, kind, source } = await camera.snapshot();
      assert.deepEqual([kind, source], ["rtsp", `${server.url}/${path}`]);
      assert.deepEqual(await barsOf(jpeg), bars);
    }
    const seen = await readFile(told, "utf8");
    assert.match(seen, /-i pipe:0/);
    for (const secret of ["p@ss", "127.0.0.1:" + new URL(server.url).port]) assert.ok(!seen.includes(secret), secret);
  });

  it("H.264: the frames that follow the key frame decode without a complaint, to the last one", async (t) => {
    const server = await rtspServer(t);
    const watched = watch(t, `${server.url}/h264-plain`, { transport: "tcp" });
    await watched.count(25);
    const [format] = watched.formats;
    assert.ok(format);
    const units = watched.frames.flatMap((frame) => frame.units);
    const bytes = Buffer.concat([...format.sets, ...units].flatMap((unit) => [Buffer.from([0, 0, 0, 1]), unit]));
    const [frame] = watched.frames;
    assert.ok(frame);
    assert.deepEqual(await barsOf(await decoded(t, { format, frame, bytes })), bars);
  });

  for (const users of ["basic", "digest"] as const)
    it(`lets in by ${users} who knows the password, and says so to who does not`, async (t) => {
      const server = await rtspServer(t, { users });
      await sees(t, `${server.url}/mjpeg`, login);
      await sees(t, `${server.url.replace("://", "://bell:p@ss:w/rd@")}/mjpeg`);
      const wrong = await watch(t, `${server.url}/mjpeg`, { ...login, password: new Secret("other") }).ended;
      assert.equal(wrong?.code, "wrong-password", wrong?.message);
      const none = await watch(t, `${server.url}/mjpeg`).ended;
      assert.equal(none?.code, "no-password", none?.message);
    });

  it("rtsps, with a login in it: its certificate pinned, and refused where it is another", async (t) => {
    const { both, certificate } = await (await authority(t)).sign("IP:127.0.0.1");
    const pin = new X509Certificate(await readFile(certificate)).fingerprint256;
    const server = await rtspServer(t, { tls: both, users: "digest" });
    await sees(t, `${server.url}/h264`, { ...login, pin });
    await sees(t, `${server.url}/mjpeg`, { ...login, verifyTls: false });
    const stranger = await watch(t, `${server.url}/h264`, login).ended;
    assert.equal(stranger?.code, "tls-untrusted", stranger?.message);
    const other = await watch(t, `${server.url}/h264`, { ...login, pin: pin.replace(/^../, "00") }).ended;
    assert.equal(other?.code, pin.startsWith("00") ? undefined : "pin-mismatch", other?.message);
  });

  it("a session that lives two seconds goes on for longer, by UDP, kept alive by requests", async (t) => {
    const server = await rtspServer(t, { sessionSeconds: 2 });
    const watched = await sees(t, `${server.url}/mjpeg`, { transport: "udp" });
    await watched.count(5 * 25);
    assert.ok(server.child.lines.filter((line) => line === "get-parameter").length >= 3, server.child.output);
  });

  it("falls to TCP where the camera knows nothing else", async (t) => {
    const server = await rtspServer(t, { protocols: "tcp" });
    const watched = await sees(t, `${server.url}/mjpeg`, { transport: "udp" });
    assert.ok(watched.log.some((line) => line.endsWith("by TCP")));
  });

  it("ends with a sentence when the camera goes away, and where there is no such stream", async (t) => {
    const server = await rtspServer(t);
    const missing = await watch(t, `${server.url}/nothing`).ended;
    assert.match(missing?.message ?? "", /answered 404: there is no such stream/);
    const watched = await sees(t, `${server.url}/h264`);
    await server.child.end("SIGKILL");
    const gone = await watched.ended;
    assert.equal(gone?.code, "cut-short", gone?.message);
  });

  it("ends when the camera stands still with the connection open", async (t) => {
    const server = await rtspServer(t);
    const watched = await sees(t, `${server.url}/mjpeg`, { silenceMs: 1_500 });
    server.child.process.kill("SIGSTOP");
    const silent = await watched.ended;
    assert.equal(silent?.code, "silent", silent?.message);
  });
});
