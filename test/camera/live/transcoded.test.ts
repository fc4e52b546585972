// The real node-rtsp-stream with the real ffmpeg, on a camera that the test runs by hand.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Transcoded } from "../../../src/camera/live/transcoded.ts";
import { canTranscode } from "../../../src/camera/live/transcoder.ts";
import { FakeClock } from "../../support/clock.ts";
import { patienceMs } from "../../support/patience.ts";
import { without } from "../../support/peers.ts";
import { film } from "../films.ts";
import { Eyes, liveCamera } from "./films.ts";

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

interface Running {
  readonly pid: number;
  readonly line: string;
}

/** What a process has started, and what that has; those that are over and not yet fetched left out. */
function offspring(pid: number): Running[] {
  const all = readdirSync("/proc").flatMap((name) => {
    const status = /^\d+$/.test(name) ? read(`/proc/${name}/status`) : "";
    const parent = /^PPid:\s*(\d+)/m.exec(status)?.[1];
    return Number(parent) === pid && !/^State:\s*Z/m.test(status) ? [Number(name)] : [];
  });
  return all.flatMap((child) => [
    { pid: child, line: read(`/proc/${child}/cmdline`).replaceAll("\0", " ") },
    ...offspring(child),
  ]);
}

const transcoding = (): Running[] => offspring(process.pid).filter(({ line }) => /transcoder-child|ffmpeg/.test(line));

/** How many sockets a process listens on. */
function listening(pid: number): number {
  const held = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return "";
    }
  });
  const inodes = ["tcp", "tcp6"].flatMap((kind) =>
    [...read(`/proc/${pid}/net/${kind}`).matchAll(/^ *\d+: \S+ \S+ 0A .*? 0 +(\d+) \d /gm)].map((found) => found[1]),
  );
  return inodes.filter((inode) => held.includes(`socket:[${inode ?? ""}]`)).length;
}

function house(t: TestContext) {
  const clock = new FakeClock();
  const made = liveCamera(clock);
  const transcoded = new Transcoded(made.camera, clock);
  const eyes = new Eyes();
  const leave = transcoded.watch(eyes);
  t.after(() => {
    leave();
    made.camera.close();
  });
  /** Plays on until something is there to be seen. */
  const until = async (seen: () => boolean, plays = true) => {
    for (const end = Date.now() + patienceMs; !seen() && Date.now() < end;) {
      if (plays) await made.last().play(1);
      // The film's time is not ours: ffmpeg gets as much of that as it needs.
      for (let n = 0; n < 50; n++) await turn();
    }
    if (!seen()) assert.fail(`not seen, but: ${eyes.look()}`);
  };
  const came = () => eyes.frames.length > 3;
  return { ...made, clock, transcoded, eyes, leave, until, came };
}

describe("P10 a film for browsers that play neither H.264 nor H.265", { skip: without("ffmpeg") }, () => {
  it("is MPEG-1 in a transport stream, begins with a whole picture, and shows nobody where it is from", async (t) => {
    assert.ok(canTranscode());
    const { last, until, eyes, came } = house(t);
    last().begin();
    await until(came);
    assert.equal(eyes.seen[0], "format");
    const bytes = Buffer.concat(eyes.frames.flatMap(({ units }) => units));
    assert.equal(bytes.length % 188, 0);
    for (let at = 0; at < bytes.length; at += 188) assert.equal(bytes[at], 0x47);
    const first = eyes.frames.find(({ key }) => key)?.units[0];
    // A sequence header (ISO 11172-2 §2.4.2.3): 176×100 pixels, 25 a second.
    assert.match(first?.toString("hex") ?? "", /000001b30b0064.3/);
    const running = transcoding();
    assert.equal(running.length, 2, JSON.stringify(running));
    for (const { pid, line } of running) {
      assert.doesNotMatch(line, /rtsp:|192\.0\.2\.1/);
      assert.equal(listening(pid), 0, line);
      // Of a picture, before ffmpeg allocates what a camera claims.
      if (line.startsWith("ffmpeg")) assert.match(line, / -max_pixels 64000000 .*-i /);
    }
  });

  it("one process for all who look, who begin with a whole picture; nothing is left after the last one", async (t) => {
    const { last, until, transcoded, leave, clock, came, camera } = house(t);
    last().begin();
    await until(came);
    const other = new Eyes();
    const leaveToo = transcoded.watch(other);
    assert.equal(other.look(), "format");
    await until(() => other.frames.some(({ key }) => key));
    assert.equal(transcoding().length, 2);
    leave();
    const before = other.frames.length;
    await until(() => other.frames.length > before);
    leaveToo();
    await until(() => transcoding().length === 0);
    assert.equal(camera.viewers, 0);
    await clock.advance(30_000);
    assert.equal(clock.pending, 0);
  });

  it("ffmpeg is killed: told, and begun anew after a pause; a camera in trouble has none running", async (t) => {
    const { last, until, eyes, came, clock } = house(t);
    last().begin();
    await until(came);
    const ffmpeg = transcoding().find(({ line }) => line.startsWith("ffmpeg"));
    assert.ok(ffmpeg);
    process.kill(ffmpeg.pid, "SIGKILL");
    await until(() => eyes.seen.includes("trouble not-transcoded 1000"), false);
    eyes.look();
    eyes.frames.length = 0;
    await clock.advance(1_000);
    await until(came);
    assert.match(eyes.look(), /^format, /);
    last().end();
    await until(() => transcoding().length === 0, false);
    assert.match(eyes.look(), /trouble ended 1000$/);
  });

  it("H.265, and a camera that changes over to it or to JPEGs", async (t) => {
    const { last, until, eyes, came } = house(t);
    last().begin();
    await until(came);
    const { format, frames } = film("h265");
    eyes.look();
    eyes.frames.length = 0;
    last().begin(format);
    let next = 0;
    const play = () => last().emit("frame", { ...(frames[next++ % frames.length] ?? assert.fail()), at: 0 });
    await until(() => {
      play();
      return came();
    }, false);
    assert.match(eyes.look(), /^format, /);
    const jpeg = Buffer.from("ffd8ffd9", "hex");
    last().begin({ codec: "jpeg", sets: [] });
    last().emit("frame", { units: [jpeg], key: true, at: 0, timestamp: 0 });
    assert.deepEqual(eyes.frames.at(-1)?.units, [jpeg]);
    await until(() => transcoding().length === 0, false);
  });
});
