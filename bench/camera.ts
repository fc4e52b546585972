// A camera in a browser, beside node-rtsp-stream: processor time for one viewer and for ten, how late a picture is, the first
// picture; a single picture beside an ffmpeg that is started for it; cameras that nobody looks at; picture work.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Jimp } from "jimp";
import { WebSocket } from "ws";
import { bundle } from "../scripts/node-page.ts";
import { findProgram } from "../scripts/peers.ts";
import { root } from "../scripts/repository.ts";
import { Decoder } from "../src/camera/decode.ts";
import { LiveCamera } from "../src/camera/live/live-camera.ts";
import { Pictures } from "../src/camera/pictures.ts";
import { systemClock } from "../src/clock.ts";
import { silent } from "../src/log.ts";
import { Secret } from "../src/secret.ts";
import { ClockCamera } from "../test/camera/clock-camera.ts";
import { digits, height, square, width } from "../test/camera/clock-film.ts";
import { Chromium } from "../test/editor/browser.ts";
import { look } from "../test/editor/look.ts";
import { start, type Child } from "../test/support/processes.ts";
import { percentile, type Row } from "./figures.ts";
import { cpuMsOfTree, onItsCore } from "./machine.ts";
import { scratch } from "./server.ts";

// 720p with the noise of a real camera.
const film = ["-vf", "scale=1280:704:flags=neighbor,noise=alls=6:allf=t", "-b:v", "3M"];
const settleMs = 4_000;
const newMs = 10_000;
// For so long V8 compiles what runs 25 times a second, which costs as much again as the film itself.
const warmMs = 60_000;
const windowMs = 30_000;
const snapshots = 7;

type Which = "portero" | "node-rtsp-stream";

interface Running {
  readonly child: Child;
  readonly url: string;
}

/** Which server shows the camera, on the core under test. */
async function serving(which: Which, camera: ClockCamera, script: string): Promise<Running> {
  const args = ["--disable-warning=DEP0005", "bench/live-server.ts", which, camera.rtspUrl, script];
  const child = start(...onItsCore(process.execPath, args), { cwd: root });
  const [, port = ""] = await child.line(/^READY (\d+)/);
  await sleep(settleMs);
  return { child, url: `http://127.0.0.1:${port}/` };
}

const viewer = (url: string) => new WebSocket(`${url.replace("http", "ws")}portero/door/front/live?kind=mse`);

/** Seconds of processor time in a minute, all processes, over so many milliseconds. */
async function spent({ child }: Running, overMs: number): Promise<number> {
  const before = cpuMsOfTree(child.pid ?? 0);
  await sleep(overMs);
  return ((cpuMsOfTree(child.pid ?? 0) - before) * 60) / overMs;
}

interface Costs {
  /** Of one viewer, while the server is new, and when it has run for a while. */
  readonly fresh: number;
  readonly one: number;
  readonly ten: number;
}

async function costs(running: Running): Promise<Costs> {
  const sockets: WebSocket[] = [];
  const more = async (viewers: number) => {
    const others = Array.from({ length: viewers }, () => viewer(running.url));
    sockets.push(...others);
    await Promise.all(others.map((socket) => once(socket, "open")));
    await sleep(settleMs);
  };
  await more(1);
  const fresh = await spent(running, newMs);
  await sleep(warmMs);
  const one = await spent(running, windowMs);
  await more(9);
  const ten = await spent(running, windowMs);
  for (const socket of sockets) socket.terminate();
  return { fresh, one, ten };
}

/** Milliseconds from a viewer's first word to its first picture, of a film that runs. */
async function first({ url }: Running): Promise<number> {
  const began = performance.now();
  const socket = viewer(url);
  const picture = new Promise<void>((resolve) => {
    let parts = 0; // The head of the film comes before its first picture.
    socket.on("message", (_bytes, isBinary) => isBinary && ++parts === 2 && resolve());
  });
  await picture;
  socket.terminate();
  return performance.now() - began;
}

/** How late pictures are on the screen. */
async function lateness(chromium: Chromium, { url }: Running, camera: ClockCamera, kind: string): Promise<number> {
  const { page } = await chromium.open({ viewport: { width: 700, height: 500 } });
  await page.goto(url);
  await page.locator("portero-camera").evaluate((element, way) => element.setAttribute("kind", way), kind);
  await page.locator(`portero-camera[state=playing][way=${kind}]`).waitFor();
  await sleep(settleMs);
  const late = (await look(page, 4_000)).filter(({ index }) => index >= 0).map((seen) => camera.delay(seen));
  await page.context().close();
  return percentile(late, 0.5);
}

/** The same of node-rtsp-stream's film, up to where ffmpeg has decoded it: nothing draws it. */
async function latenessOfPeer({ url }: Running, camera: ClockCamera): Promise<number> {
  const socket = new WebSocket(url.replace("http", "ws"));
  const args = [
    "-v",
    "error",
    "-fflags",
    "nobuffer",
    "-flags",
    "low_delay",
    "-probesize",
    "50000", // Up to where the tables tell what it is, wherever we come in.
    "-f",
    "mpegts",
    "-i",
    "-",
  ];
  const picture = [
    "-vf",
    `scale=${width}:${height}`,
    "-f",
    "rawvideo",
    "-pix_fmt",
    "gray",
    "-fps_mode",
    "passthrough",
    "-",
  ];
  const decoder = spawn(findProgram("ffmpeg") ?? "ffmpeg", [...args, ...picture], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  decoder.stdin.on("error", () => {});
  let head = true;
  socket.on("message", (bytes: Buffer) => {
    if (!head) decoder.stdin.write(bytes);
    head = false; // jsmpeg's own.
  });
  const late: number[] = [];
  let rest = Buffer.alloc(0);
  decoder.stdout.on("data", (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    for (; rest.length >= width * height; rest = rest.subarray(width * height)) {
      const bit = (at: number) => ((rest[(square / 2) * width + (at + 0.5) * square] ?? 0) > 128 ? 1 : 0);
      let index = 0;
      for (let digit = 0; digit < digits; digit += 1) index |= bit(digit + 2) << digit;
      if (bit(0) === 1 && bit(1) === 0) late.push(camera.delay({ index, at: Date.now() }));
    }
  });
  await sleep(2 * settleMs);
  late.length = 0;
  await sleep(4_000);
  socket.terminate();
  decoder.kill("SIGKILL");
  return percentile(late, 0.5);
}

/** A JPEG of a running film's last key frame, and the same by an ffmpeg that is started for it, as it is commonly called. */
async function stills(camera: ClockCamera): Promise<{ warm: number; cold: number }> {
  const settings = () => ({ videoUrl: new Secret(camera.rtspUrl) });
  const live = new LiveCamera({ settings, warmMs: 0, always: true, keepMs: 0 }, { clock: systemClock, log: silent });
  await live.look(10_000);
  const decoder = new Decoder();
  const [warm, cold]: [number[], number[]] = [[], []];
  for (let i = 0; i < snapshots; i += 1) {
    const began = performance.now();
    const still = live.lastKey();
    if (!still) throw new Error("the film has no key frame");
    await decoder.decode(still);
    warm.push(performance.now() - began);
    const asked = performance.now();
    const args = [
      "-v",
      "error",
      "-y",
      "-rtsp_transport",
      "tcp",
      "-i",
      camera.rtspUrl,
      "-frames:v",
      "1",
      "-f",
      "mjpeg",
      "-",
    ];
    await once(spawn(findProgram("ffmpeg") ?? "ffmpeg", args, { stdio: ["ignore", "ignore", "ignore"] }), "close");
    cold.push(performance.now() - asked);
  }
  live.close();
  return { warm: percentile(warm, 0.5), cold: percentile(cold, 0.5) };
}

/** A hundred cameras at which nobody looks: what they keep going. */
function idle(camera: ClockCamera): { connections: number; timers: number } {
  const settings = () => ({ videoUrl: new Secret(camera.rtspUrl) });
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const [before, options] = [timers(), { settings, warmMs: 30_000, always: false, keepMs: 10_000 }];
  const all = Array.from({ length: 100 }, () => new LiveCamera(options, { clock: systemClock, log: silent }));
  const found = { connections: all.filter((one) => one.running).length, timers: timers() - before };
  for (const one of all) one.close();
  return found;
}

/** The longest halt of the main thread while a picture of four megapixels is made small. */
async function stalled(): Promise<number> {
  const jpeg = await new Jimp({ width: 2400, height: 1700, color: 0x336699ff }).getBuffer("image/jpeg");
  const pictures = new Pictures();
  await pictures.process(jpeg, { width: 320 });
  await sleep(500);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  for (let i = 0; i < 5; i += 1) await pictures.process(jpeg, { width: 640 });
  delay.disable();
  await pictures.close();
  return delay.max / 1e6;
}

const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
const ratio = (value: number, of: number) => `(1/${(of / value).toFixed(value < of ? 0 : 2)})`;

export async function camera(progress: (text: string) => void): Promise<Row[]> {
  using folder = scratch();
  const ends: (() => unknown)[] = [];
  const script = join(folder.path, "camera.js");
  writeFileSync(script, await bundle(join(root, "browser/camera.ts"), true));
  const source = await ClockCamera.start({ after: (end) => ends.push(end as () => unknown) }, film);
  const chromium = await Chromium.start();
  try {
    progress("Portero");
    const ours = await serving("portero", source, script);
    const cost = await costs(ours);
    const soon = await first(ours);
    const [decoded, played] = [
      await lateness(chromium, ours, source, "webcodecs"),
      await lateness(chromium, ours, source, "mse"),
    ];
    await ours.child.end("SIGTERM");
    progress("node-rtsp-stream");
    const theirs = await serving("node-rtsp-stream", source, script);
    const costOfPeer = await costs(theirs);
    const peerLate = await latenessOfPeer(theirs, source);
    await theirs.child.end("SIGTERM");
    progress("single pictures, cameras at rest, picture work");
    const { warm, cold } = await stills(source);
    const rest = idle(source);
    const halt = await stalled();
    const perMinute = (value: number) => `${value.toFixed(2)} s/min`;
    const peer = (value: number, of: number, show: (value: number) => string) => `${show(of)} ${ratio(value, of)}`;
    return [
      {
        what: "live view, CPU, one viewer",
        result: perMinute(cost.one),
        target: "≤ 1/12",
        peer: peer(cost.one, costOfPeer.one, perMinute),
      },
      {
        what: "… while the server is new",
        result: perMinute(cost.fresh),
        peer: peer(cost.fresh, costOfPeer.fresh, perMinute),
      },
      {
        ...{ what: "live view, CPU for each of ten viewers", result: perMinute(cost.ten / 10), target: "≤ 1/30" },
        peer: `one viewer ${peer(cost.ten / 10, costOfPeer.one, perMinute)}; ten ${perMinute(costOfPeer.ten / 10)} each`,
      },
      { what: "live view, delay, WebCodecs", result: ms(decoded), target: "≤ 1/6", peer: peer(decoded, peerLate, ms) },
      { what: "live view, delay, MSE", result: ms(played), target: "≤ 1/3", peer: peer(played, peerLate, ms) },
      { what: "first picture at the browser, warm", result: ms(soon), target: "≤ 200 ms" },
      { what: "H.264 → JPEG, warm", result: ms(warm), target: "≤ 1/15", peer: `ffmpeg, cold ${peer(warm, cold, ms)}` },
      {
        ...{ what: "100 cameras that nobody looks at", target: "none" },
        result: `${rest.connections} connections, ${rest.timers} timers`,
      },
      { what: "main thread halted by picture work, 4 megapixels", result: ms(halt), target: "≤ 20 ms" },
    ];
  } finally {
    await chromium.close();
    for (const end of ends) end();
  }
}
