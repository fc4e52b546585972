import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Kind } from "../../../src/camera/live/sender.ts";
import { film } from "../films.ts";
import { browser } from "./films.ts";

/** One that looks at a film of the codec. */
function looker(kind: Kind, codec: "h264" | "h265" = "h264") {
  const made = browser(kind);
  const { format, frames } = film(codec);
  const play = async (from: number, to: number) => {
    for (const frame of frames.slice(from, to)) {
      made.sender.frame(frame, 0);
      await made.clock.advance(40);
    }
  };
  return { ...made, format, frames, play };
}

describe("X3 to the browser", () => {
  it("mse: the format, the film's header, a fragment for each frame", async () => {
    const { sender, texts, parts, format, play } = looker("mse");
    sender.format(format);
    await play(0, 3);
    assert.deepEqual(texts, [
      {
        ...{
          type: "format",
          kind: "mse",
          codec: `avc1.${format.sets[0]?.toString("hex", 1, 4)}`,
          width: 176,
          height: 100,
        },
        mime: `video/mp4; codecs="avc1.${format.sets[0]?.toString("hex", 1, 4)}"`,
      },
    ]);
    assert.deepEqual(
      parts.map((part) => part.toString("latin1", 4, 8)),
      ["ftyp", "moof", "moof", "moof"],
    );
  });

  it("webcodecs: a byte and a time in front, the parameter sets before a key frame only", async () => {
    const { sender, parts, format, frames, play } = looker("webcodecs");
    sender.format(format);
    await play(0, 2);
    const startCode = Buffer.from([0, 0, 0, 1]);
    const annexB = (units: readonly Buffer[]) => Buffer.concat(units.flatMap((unit) => [startCode, unit]));
    assert.deepEqual(
      parts.map((part) => [part[0], part.readDoubleBE(1)]),
      [
        [1, 0],
        [0, 40_000],
      ],
    );
    assert.ok(parts[0]?.subarray(9).equals(annexB([...format.sets, ...(frames[0]?.units ?? [])])));
    assert.ok(parts[1]?.subarray(9).equals(annexB(frames[1]?.units ?? [])));
  });

  it("jsmpeg: what it is told is MPEG-1, as it comes", () => {
    const { sender, texts, parts, format } = looker("jsmpeg");
    sender.format(format);
    const part = Buffer.from("4740", "hex");
    for (const key of [false, true, false]) sender.frame({ units: [part], key, at: 0, timestamp: 0 }, 0);
    assert.deepEqual(texts, [
      { type: "format", kind: "jsmpeg", codec: "mpeg1", mime: "video/mp2t", width: 176, height: 100 },
    ]);
    assert.deepEqual(parts, [part, part], "from a whole picture on");
  });

  it("a camera that sends JPEGs is shown as JPEGs, whatever was asked for; one that does not says so", () => {
    const { sender, texts, parts } = looker("mse");
    const jpeg = Buffer.from("ffd8ffd9", "hex");
    sender.format({ codec: "jpeg", width: 64, height: 48, sets: [] });
    sender.frame({ units: [jpeg], key: true, at: 0, timestamp: 0 }, 0);
    assert.deepEqual(texts, [
      { type: "format", kind: "mjpeg", codec: "jpeg", mime: "image/jpeg", width: 64, height: 48 },
    ]);
    assert.deepEqual(parts, [jpeg]);
    const other = looker("mjpeg", "h265");
    other.sender.format(other.format);
    assert.deepEqual(other.texts, [
      { type: "trouble", reason: "This camera sends H.265, which cannot be shown as single JPEGs" },
    ]);
  });
});

describe("a browser that is too slow", () => {
  it("misses frames up to the next key frame, is told how many, and is never more than a second behind", async () => {
    const { sender, clock, line, texts, parts, format, play } = looker("webcodecs");
    sender.format(format);
    await play(0, 8);
    line.stuck = true;
    await play(8, 9);
    await clock.advance(1_000);
    await play(9, 24);
    const stuck = parts.length;
    assert.equal(stuck, 9, "nothing more is sent");
    [line.stuck, line.waiting] = [false, 0];
    await play(4, 8);
    assert.equal(parts.length, stuck, "nor before a key frame");
    await play(8, 12);
    assert.equal(parts.length, stuck + 4);
    assert.equal(parts[stuck]?.[0], 1);
    assert.deepEqual(texts.slice(1), [{ type: "dropped", frames: 19 }]);
  });

  it("one that never takes anything costs four megabytes at most", () => {
    const { sender, line, format, frames } = looker("mse");
    line.stuck = true;
    sender.format(format);
    const [key] = frames;
    assert.ok(key);
    const large = { ...key, units: [Buffer.alloc(2 ** 19)] };
    for (let n = 0; n < 100; n++) sender.frame(large, 0);
    assert.ok(line.waiting < 5 * 2 ** 20, `${line.waiting}`);
  });
});
