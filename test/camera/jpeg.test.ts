import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { JpegWalk, readJpeg } from "../../src/camera/jpeg.ts";
import { declaring, pattern, withSegment } from "./pattern.ts";

describe("The frame of a JPEG, T.81 annex B", () => {
  let jpeg: Buffer;
  before(async () => (jpeg = await pattern(60, 44)));
  const frameOf = (bytes: Buffer) => {
    const found = readJpeg(bytes);
    return "frame" in found ? found.frame : found.fault;
  };

  it("has a size and an end", () => {
    assert.deepEqual(frameOf(jpeg), { width: 60, height: 44, end: jpeg.length });
  });

  it("ends at its own end marker, not at that of an EXIF thumbnail", async () => {
    const thumbnail = await pattern(16, 16);
    const whole = withSegment(jpeg, Buffer.concat([Buffer.from("Exif\0\0"), thumbnail]));
    assert.deepEqual(frameOf(whole), { width: 60, height: 44, end: whole.length });
  });

  it("ends before what is appended", () => {
    const padded = Buffer.concat([jpeg, Buffer.alloc(20), jpeg]);
    assert.deepEqual(frameOf(padded), { width: 60, height: 44, end: jpeg.length });
  });

  it("may hold fill bytes before a marker (§B.1.1.2)", () => {
    const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    const filled = Buffer.concat([jpeg.subarray(0, at), Buffer.from([0xff, 0xff]), jpeg.subarray(at)]);
    assert.deepEqual(frameOf(filled), { width: 60, height: 44, end: filled.length });
  });

  it("may hold restart markers within its scan (§B.1.1.5)", () => {
    const at = jpeg.length - 4;
    const restarted = Buffer.concat([
      jpeg.subarray(0, at),
      Buffer.from([0xff, 0xd0, 0x41, 0xff, 0xd7]),
      jpeg.subarray(at),
    ]);
    assert.deepEqual(frameOf(restarted), { width: 60, height: 44, end: restarted.length });
  });

  it("is found the same when the picture comes byte by byte, and not a byte too early", () => {
    const walk = new JpegWalk();
    for (let length = 0; length < jpeg.length; length++) {
      assert.equal(walk.read(jpeg.subarray(0, length)), false, `after ${length} bytes`);
    }
    assert.equal(walk.read(jpeg), true);
    assert.deepEqual(walk.frame, { width: 60, height: 44, end: jpeg.length });
  });

  it("is not there in any beginning of a picture", () => {
    for (let length = 1; length < jpeg.length; length++) {
      assert.equal(frameOf(jpeg.subarray(0, length)), "is not whole", `${length} bytes`);
    }
  });

  it("may hold many scans, but not so many that decoding them takes long", () => {
    const scan = jpeg.subarray(jpeg.indexOf(Buffer.from([0xff, 0xda])), -2);
    const scans = (count: number) =>
      Buffer.concat([jpeg.subarray(0, -2), ...Array<Buffer>(count - 1).fill(scan), jpeg.subarray(-2)]);
    assert.deepEqual(frameOf(scans(100)), { width: 60, height: 44, end: scans(100).length });
    assert.equal(frameOf(scans(101)), "is drawn in more than 100 scans");
  });

  for (const [what, make, fault] of [
    ["nothing", () => Buffer.alloc(0), "is empty"],
    ["a PNG", () => Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), "does not begin as a JPEG does"],
    [
      "two sizes",
      () => withSegment(jpeg, Buffer.from([8, 0, 9, 0, 9, 1, 1, 0x11, 0]), 0xc1),
      "declares its size twice",
    ],
    ["no size", () => declaring(jpeg, 0, 44), "declares no size"],
    ["a frame header of nothing", () => withSegment(jpeg, Buffer.from([8]), 0xc0), "declares no size"],
    ["an empty picture", () => Buffer.from([0xff, 0xd8, 0xff, 0xd9]), "ends before its picture"],
    ["a start within", () => Buffer.concat([jpeg.subarray(0, 2), jpeg]), "begins twice"],
    ["a segment of length 1", () => Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 1, 0]), "holds a segment without a length"],
    [
      "text behind a segment",
      () => Buffer.from([0xff, 0xd8, 0x41, 0x42]),
      "holds a segment that does not begin with a marker",
    ],
  ] as const) {
    it(`is refused with ${what}`, () => assert.equal(frameOf(make()), fault));
  }

  it("survives every single damaged byte", () => {
    for (let at = 0; at < jpeg.length; at++) {
      const damaged = Buffer.from(jpeg);
      damaged[at] = 0xff;
      const found = readJpeg(damaged);
      assert.ok("fault" in found || found.frame.end <= damaged.length);
    }
  });
});
