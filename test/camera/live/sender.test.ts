import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Sender, type Kind } from "../../../src/camera/live/sender.ts";
import { FakeClock } from "../../support/clock.ts";
import { film } from "../films.ts";

/** A line whose other side takes nothing until it is told to. */
function line(kind: Kind, codec: "h264" | "h265" = "h264") {
  const clock = new FakeClock();
  const texts: unknown[] = [];
  const bytes: Buffer[] = [];
  const end = {
    waiting: 0,
    end: () => {},
    stuck: false,
    send(data: string | Buffer) {
      if (typeof data === "string") texts.push(JSON.parse(data));
      else {
        bytes.push(data);
        if (end.stuck) end.waiting += data.length;
      }
    },
  };
  const { format, frames } = film(codec);
  const sender = new Sender(kind, end, clock);
  const play = async (from: number, to: number) => {
    for (const frame of frames.slice(from, to)) {
      sender.frame(frame, 0);
      await clock.advance(40);
    }
  };
  return { sender, clock, end, texts, bytes, format, frames, play };
}

describe("X3 to the browser", () => {
  it("mse: the format, the film's header, a fragment for each frame", async () => {
    const { sender, texts, bytes, format, play } = line("mse");
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
      bytes.map((part) => part.toString("latin1", 4, 8)),
      ["ftyp", "moof", "moof", "moof"],
    );
  });

  it("webcodecs: a byte and a time in front, the parameter sets before a key frame only", async () => {
    const { sender, bytes, format, frames, play } = line("webcodecs");
    sender.format(format);
    await play(0, 2);
    const startCode = Buffer.from([0, 0, 0, 1]);
    const annexB = (units: readonly Buffer[]) => Buffer.concat(units.flatMap((unit) => [startCode, unit]));
    assert.deepEqual(
      bytes.map((part) => [part[0], part.readDoubleBE(1)]),
      [
        [1, 0],
        [0, 40_000],
      ],
    );
    assert.ok(bytes[0]?.subarray(9).equals(annexB([...format.sets, ...(frames[0]?.units ?? [])])));
    assert.ok(bytes[1]?.subarray(9).equals(annexB(frames[1]?.units ?? [])));
  });

  it("jsmpeg: what it is told is MPEG-1, as it comes", () => {
    const { sender, texts, bytes, format } = line("jsmpeg");
    sender.format(format);
    const part = Buffer.from("4740", "hex");
    for (const key of [false, true, false]) sender.frame({ units: [part], key, at: 0, timestamp: 0 }, 0);
    assert.deepEqual(texts, [
      { type: "format", kind: "jsmpeg", codec: "mpeg1", mime: "video/mp2t", width: 176, height: 100 },
    ]);
    assert.deepEqual(bytes, [part, part], "from a whole picture on");
  });

  it("a camera that sends JPEGs is shown as JPEGs, whatever was asked for; one that does not says so", () => {
    const { sender, texts, bytes } = line("mse");
    const jpeg = Buffer.from("ffd8ffd9", "hex");
    sender.format({ codec: "jpeg", width: 64, height: 48, sets: [] });
    sender.frame({ units: [jpeg], key: true, at: 0, timestamp: 0 }, 0);
    assert.deepEqual(texts, [
      { type: "format", kind: "mjpeg", codec: "jpeg", mime: "image/jpeg", width: 64, height: 48 },
    ]);
    assert.deepEqual(bytes, [jpeg]);
    const other = line("mjpeg", "h265");
    other.sender.format(other.format);
    assert.deepEqual(other.texts, [
      { type: "trouble", reason: "This camera sends H.265, which cannot be shown as single JPEGs" },
    ]);
  });
});

describe("a browser that is too slow", () => {
  it("misses frames up to the next key frame, is told how many, and is never more than a second behind", async () => {
    const { sender, clock, end, texts, bytes, format, play } = line("webcodecs");
    sender.format(format);
    await play(0, 8);
    end.stuck = true;
    await play(8, 9);
    await clock.advance(1_000);
    await play(9, 24);
    const stuck = bytes.length;
    assert.equal(stuck, 9, "nothing more is sent");
    [end.stuck, end.waiting] = [false, 0];
    await play(4, 8);
    assert.equal(bytes.length, stuck, "nor before a key frame");
    await play(8, 12);
    assert.equal(bytes.length, stuck + 4);
    assert.equal(bytes[stuck]?.[0], 1);
    assert.deepEqual(texts.slice(1), [{ type: "dropped", frames: 19 }]);
  });

  it("one that never takes anything costs four megabytes at most", () => {
    const { sender, end, format, frames } = line("mse");
    end.stuck = true;
    sender.format(format);
    const [key] = frames;
    assert.ok(key);
    const large = { ...key, units: [Buffer.alloc(2 ** 19)] };
    for (let n = 0; n < 100; n++) sender.frame(large, 0);
    assert.ok(end.waiting < 5 * 2 ** 20, `${end.waiting}`);
  });
});
