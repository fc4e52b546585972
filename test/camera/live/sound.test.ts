import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { record } from "../../../src/camera/live/record.ts";
import type { Kind } from "../../../src/camera/live/sender.ts";
import { movie } from "../../../src/camera/mp4/movie.ts";
import type { Sound, SoundFormat } from "../../../src/camera/video.ts";
import { FakeClock } from "../../support/clock.ts";
import { film } from "../films.ts";
import { browser, liveCamera } from "./films.ts";

const law: SoundFormat = { codec: "pcma", rate: 8000, channels: 1 };
const aac: SoundFormat = { codec: "aac", rate: 16_000, channels: 1, config: Buffer.from("1408", "hex") };
const sound = (format: SoundFormat, n: number, at = 0): Sound => ({
  ...{ format, at, bytes: Buffer.from(`piece ${n}`) },
  timestamp: n * (format.codec === "aac" ? 1024 : 160),
});

/** What a browser gets of the sound, after the picture's format. */
function listener(kind: Kind) {
  const made = browser(kind);
  made.sender.format(film("h264").format);
  [made.texts.length, made.parts.length] = [0, 0];
  return made;
}

describe("X3 sound to the browser", () => {
  it("is told of, and sent only while it is wanted: as it came, behind a byte that no picture begins with", () => {
    const { sender, texts, parts } = listener("webcodecs");
    sender.sound(sound(law, 0));
    assert.deepEqual([texts, parts], [[{ type: "sound", codec: "pcma", rate: 8000, channels: 1 }], []]);
    sender.hear("raw");
    sender.sound(sound(law, 1));
    sender.hear("off");
    sender.sound(sound(law, 2));
    assert.deepEqual(parts.map(String), ["\u0002piece 1"]);
    assert.equal(texts.length, 1, "it is told once");
    sender.sound(sound(aac, 3));
    assert.deepEqual(texts[1], {
      ...{ type: "sound", codec: "aac", rate: 16_000, channels: 1 },
      ...{ name: "mp4a.40.2", config: "FAg=" },
    });
  });

  it("AAC also in fragments of MP4, whose header comes first each time that it is switched on", () => {
    const { sender, parts } = listener("mse");
    for (const n of [0, 2]) {
      sender.hear("mp4");
      sender.sound(sound(aac, n));
      sender.sound(sound(aac, n + 1));
    }
    const names = parts.map((part) => [part[0], part.toString("latin1", 5, 9)]);
    const round = [
      [2, "ftyp"],
      [2, "moof"],
      [2, "moof"],
    ];
    assert.deepEqual(names, [...round, ...round]);
  });

  it("is left out for a browser that takes too little, and for MPEG-1's player", () => {
    const { sender, line, parts } = listener("webcodecs");
    sender.hear("raw");
    line.waiting = 5 * 2 ** 20;
    sender.sound(sound(law, 0));
    assert.equal(parts.length, 0);
    const other = listener("jsmpeg");
    other.sender.hear("raw");
    other.sender.sound(sound(law, 0));
    assert.deepEqual([other.texts, other.parts], [[], []]);
  });
});

describe("sound in a clip", () => {
  it("is there where it is AAC, from before and after; G.711, which browsers do not play in MP4, is left out", async () => {
    for (const format of [aac, law]) {
      const clock = new FakeClock();
      const { camera, last } = liveCamera(clock, { always: true, keepMs: 10_000 });
      last().begin();
      const play = async (pictures: number, from: number) => {
        for (let n = from; n < from + pictures; n++) {
          last().emit("sound", sound(format, n, clock.now()));
          await last().play(1);
        }
      };
      await play(100, 0);
      const made = record(camera, clock, { beforeMs: 1_000, afterMs: 1_000 });
      await play(30, 100);
      const { mp4 } = await made;
      assert.equal(mp4.includes("soun"), format === aac);
      // Of the clip's 25 and 25 pictures, and those since the key frame before.
      const pieces = mp4.toString("latin1").match(/piece \d+/g) ?? [];
      assert.ok(format === law ? pieces.length === 0 : pieces.length >= 49 && pieces.length <= 60, `${pieces.length}`);
      camera.close();
    }
  });

  it("14496-12 §8.6.6 begins as late after the pictures as it was heard; what was heard before them is left out", () => {
    const { format, frames } = film("h264");
    const late = [0, 1].map((n) => ({ ...sound(aac, n), timestamp: 1600 + 1024 * n }));
    const moved = frames.map((frame, n) => ({ ...frame, timestamp: 3600 * n }));
    const bytes = movie(format, moved, [{ ...sound(aac, 9), timestamp: -500 }, ...late]);
    const list = bytes.subarray(bytes.indexOf("elst") + 4);
    // Two entries: nothing for 0.1 s, then all of it.
    assert.deepEqual(
      [4, 8, 12, 24].map((at) => list.readInt32BE(at)),
      [2, 9000, -1, 0],
    );
    assert.deepEqual(bytes.toString("latin1").match(/piece \d/g), ["piece 0", "piece 1"]);
  });
});
