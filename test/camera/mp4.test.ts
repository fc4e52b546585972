import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Fragments } from "../../src/camera/mp4/fragments.ts";
import { movie } from "../../src/camera/mp4/movie.ts";
import { codecName, mediaType } from "../../src/camera/mp4/sample-entry.ts";
import { film } from "./films.ts";

/** The boxes from `start` on: type and content. */
function boxes(bytes: Buffer): { type: string; content: Buffer }[] {
  const found: { type: string; content: Buffer }[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    assert.ok(length >= 8 && at + length <= bytes.length, `a box of ${length} bytes at ${at} of ${bytes.length}`);
    found.push({ type: bytes.toString("latin1", at + 4, at + 8), content: bytes.subarray(at + 8, at + length) });
    at += length;
  }
  return found;
}

/** The content of the box at a path such as `moov/trak`. */
function inside(bytes: Buffer, path: string): Buffer {
  return path.split("/").reduce((content, type) => {
    const found = boxes(content).find((box) => box.type === type);
    assert.ok(found, `no ${type} of ${path}`);
    return found.content;
  }, bytes);
}

describe("how a film is named (RFC 6381)", () => {
  it("by profile, constraints and level of its parameter sets", () => {
    const { format } = film("h264");
    const [sps] = format.sets;
    assert.equal(codecName(format), `avc1.${sps?.toString("hex", 1, 4)}`);
    assert.match(codecName(format) ?? "", /^avc1\.6400[0-9a-f]{2}$/);
    assert.equal(codecName({ ...format, codec: "jpeg" }), "jpeg");
    assert.equal(codecName({ ...format, sets: [] }), undefined);
    assert.equal(mediaType("avc1.64001f"), 'video/mp4; codecs="avc1.64001f"');
    assert.equal(mediaType("jpeg"), "image/jpeg");
  });

  it("H.265 by profile, compatibility from the last bit to the first, tier, level and constraints (14496-15 E.3)", () => {
    const named = codecName(film("h265").format);
    assert.match(named ?? "", /^hvc1\.1\.6\.L30\.90$/);
  });
});

describe("ISO 14496-12", () => {
  it("§8.8 each frame is a fragment, whose data begins where its run says, without a hole in time", () => {
    const { format, frames } = film("h264");
    const fragments = new Fragments();
    const header = fragments.header(format);
    assert.deepEqual(
      boxes(header).map(({ type }) => type),
      ["ftyp", "moov"],
    );
    let time = 0;
    frames.forEach((frame, index) => {
      const bytes = fragments.fragment(frame);
      const run = inside(bytes, "moof/traf/trun");
      const [start, duration, size, flags] = [8, 12, 16, 20].map((at) => run.readUInt32BE(at));
      assert.equal(inside(bytes, "moof/mfhd").readUInt32BE(4), index + 1);
      assert.equal(Number(inside(bytes, "moof/traf/tfdt").readBigUInt64BE(4)), time);
      assert.equal(flags, frame.key ? 0x02000000 : 0x01010000);
      assert.ok(bytes.subarray(start).equals(inside(bytes, "mdat")));
      assert.equal(size, inside(bytes, "mdat").length);
      time += duration ?? 0;
    });
    assert.equal(time, 3600 * frames.length);
  });

  it("a camera that shows pictures in another order, stands still, or jumps makes no hole either", () => {
    const { format, frames } = film("h264");
    const fragments = new Fragments();
    fragments.header(format);
    const [frame] = frames;
    assert.ok(frame);
    const durations = [0, 9000, 6000, 9000, 9000, 9000 + 20 * 90_000, 5, 7205].map((timestamp) =>
      inside(fragments.fragment({ ...frame, timestamp }), "moof/traf/trun").readUInt32BE(12),
    );
    // Decoded half a frame after the one before, where that was too late.
    assert.deepEqual(durations, [3600, 9000, 9000, 3000, 1500, 1500, 1500, 7200]);
  });

  it("a whole film has its tables in front, the parameter sets in them, and nothing of them in the samples", () => {
    const { format, frames } = film("h264");
    const bytes = movie(format, frames);
    assert.deepEqual(
      boxes(bytes).map(({ type }) => type),
      ["ftyp", "moov", "mdat"],
    );
    const tables = inside(bytes, "moov/trak/mdia/minf/stbl");
    const start = inside(tables, "stco").readUInt32BE(8);
    assert.ok(bytes.subarray(start).equals(inside(bytes, "mdat")));
    assert.deepEqual([inside(tables, "stss").readUInt32BE(4), inside(tables, "stsz").readUInt32BE(8)], [3, 24]);
    for (const set of format.sets) {
      assert.ok(inside(tables, "stsd").includes(set));
      assert.ok(!inside(bytes, "mdat").includes(set));
    }
  });
});
