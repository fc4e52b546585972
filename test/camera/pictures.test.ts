import assert from "node:assert/strict";
import { before, describe, it, type TestContext } from "node:test";
import { Pictures, type PictureWork } from "../../src/camera/pictures.ts";
import { rejects } from "../http/device.ts";
import { FakeClock } from "../support/clock.ts";
import { declaring, look, pattern, withSegment } from "./pattern.ts";

let jpeg: Buffer;
before(async () => (jpeg = await pattern(160, 80)));

function picturesOf(t: TestContext, clock = new FakeClock()): Pictures {
  const pictures = new Pictures({ clock });
  t.after(async () => {
    await pictures.close();
    assert.equal(clock.pending, 0, "a timer was left");
  });
  return pictures;
}

const whole = ["red", "green", "blue", "white"];

describe("Picture work", () => {
  it("changes a picture as asked: size and content", async (t) => {
    const pictures = picturesOf(t);
    const cases: [PictureWork, number, number, string[]][] = [
      [{ width: 80 }, 80, 40, whole],
      [{ height: 20 }, 40, 20, whole],
      [{ width: 320, height: 320 }, 320, 160, whole],
      [{ width: 40, height: 40, fit: "contain" }, 40, 20, whole],
      [{ width: 40, height: 40, fit: "cover" }, 40, 40, whole],
      [{ width: 80, height: 20, fit: "cover" }, 80, 20, whole],
      [{ rotate: 90 }, 80, 160, ["blue", "red", "white", "green"]],
      [{ rotate: 180 }, 160, 80, ["white", "blue", "green", "red"]],
      [{ rotate: 270 }, 80, 160, ["green", "white", "red", "blue"]],
      [{ crop: { x: 80, y: 0, width: 80, height: 40 } }, 80, 40, ["green", "green", "green", "green"]],
      [{ crop: { x: 80, y: 0, width: 80, height: 80 }, rotate: 90 }, 80, 80, ["white", "green", "white", "green"]],
      [{ crop: { x: 0, y: 0, width: 80, height: 80 }, width: 16 }, 16, 16, ["red", "red", "blue", "blue"]],
    ];
    for (const [work, width, height, quarters] of cases) {
      const seen = await look(await pictures.process(jpeg, work));
      assert.deepEqual(seen, { width, height, quarters }, JSON.stringify(work));
    }
  });

  it("turns a picture as its EXIF orientation says, before anything else", async (t) => {
    // TIFF, big endian, one entry: orientation (0x0112), SHORT, 1, value 6 = turn 90° clockwise.
    const exif = Buffer.from("45786966000" + "04d4d002a00000008000101120003000000010006000000000000", "hex");
    const turned = await picturesOf(t).process(withSegment(jpeg, exif), {
      crop: { x: 0, y: 0, width: 80, height: 160 },
    });
    assert.deepEqual(await look(turned), { width: 80, height: 160, quarters: ["blue", "red", "white", "green"] });
  });

  it("makes smaller files of lower quality", async (t) => {
    const pictures = picturesOf(t);
    const [poor, good] = [await pictures.process(jpeg, { quality: 5 }), await pictures.process(jpeg, { quality: 100 })];
    assert.ok(poor.length < good.length, `${poor.length} < ${good.length}`);
    assert.deepEqual((await look(good)).quarters, whole);
  });

  it("gives the same bytes when there is nothing to do, and starts no worker for it", async (t) => {
    const pictures = picturesOf(t);
    assert.equal(await pictures.process(jpeg, {}), jpeg);
    assert.equal(await pictures.process(jpeg, { rotate: 0, fit: "cover" }), jpeg);
    assert.equal(pictures.awake, false);
  });

  it("leaves the caller's bytes alone", async (t) => {
    const copy = Buffer.from(jpeg);
    await picturesOf(t).process(copy, { width: 8 });
    assert.deepEqual(copy, jpeg);
  });

  const mistakes: [PictureWork, RegExp][] = [
    [{ width: 0 }, /width must be a whole number from 1 to 4096/],
    [{ height: 5000 }, /height must be/],
    [{ width: 1.5 }, /width must be/],
    [{ quality: 101 }, /quality must be/],
    [{ rotate: 45 as 90 }, /rotate must be/],
    [{ fit: "fill" as "cover" }, /fit must be/],
    [{ crop: { x: 0, y: 0, width: 161, height: 1 } }, /crop must lie within the picture's 160×80 pixels/],
    [{ crop: { x: 0, y: 79, width: 1, height: 2 } }, /crop must lie within the picture's 160×80 pixels/],
    [{ crop: { x: 159, y: 0, width: 2, height: 1 } }, /crop must lie within the picture's 160×80 pixels/],
    [{ crop: { x: -1, y: 0, width: 1, height: 1 } }, /crop must lie/],
    [{ crop: { x: 0, y: 0, width: 160, height: 1 }, height: 4000 }, /the result would have 640000×4000 pixels/],
  ];
  it("names what is wrong with the work", async (t) => {
    const pictures = picturesOf(t);
    for (const [work, text] of mistakes) await rejects(pictures.process(jpeg, work), "invalid", text);
  });

  it("refuses what is no JPEG, is damaged or too large before it decodes", async (t) => {
    const pictures = picturesOf(t);
    await rejects(pictures.process(Buffer.from("<html>"), { width: 8 }), "bad-picture", /does not begin as a JPEG/);
    await rejects(pictures.process(jpeg.subarray(0, 99), { width: 8 }), "bad-picture", /is not whole/);
    const huge = declaring(jpeg, 65_500, 65_500);
    await rejects(
      pictures.process(huge, { width: 8 }),
      "too-many-pixels",
      /65500×65500 pixels, more than the 8.3 million/,
    );
    assert.equal(pictures.awake, false);
  });

  it("survives a picture that the decoder refuses", async (t) => {
    const pictures = picturesOf(t);
    // Its Huffman tables are gone: the frame is in order, the content is not.
    const broken = Buffer.from(jpeg);
    for (let at = broken.indexOf(Buffer.from([0xff, 0xc4])); at >= 0; at = broken.indexOf(Buffer.from([0xff, 0xc4]))) {
      broken[at + 1] = 0xfe;
    }
    await rejects(pictures.process(broken, { width: 8 }), "bad-picture", /cannot be decoded/);
    assert.equal((await look(await pictures.process(jpeg, { width: 8 }))).width, 8);
  });
});

describe("The worker of picture work", () => {
  it("takes one job at a time, in order, and refuses the tenth", async (t) => {
    const pictures = picturesOf(t);
    const order: number[] = [];
    const jobs = Array.from({ length: 9 }, async (_, i) => {
      await pictures.process(jpeg, { width: 8 + i });
      order.push(i);
    });
    const error = await rejects(
      pictures.process(jpeg, { width: 8 }),
      "pictures-busy",
      /8 pictures wait for their turn/,
    );
    assert.equal(error.advice, "again");
    await Promise.all(jobs);
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("ends when idle and comes back when needed", async (t) => {
    const clock = new FakeClock();
    const pictures = picturesOf(t, clock);
    await pictures.process(jpeg, { width: 8 });
    await clock.advance(19_999);
    assert.equal(pictures.awake, true);
    await clock.advance(1);
    assert.equal(pictures.awake, false);
    assert.equal((await look(await pictures.process(jpeg, { width: 16 }))).width, 16);
  });

  it("is ended when a job takes too long, and the next job gets another", async (t) => {
    const clock = new FakeClock();
    const pictures = picturesOf(t, clock);
    const slow = rejects(pictures.process(jpeg, { width: 8 }), "pictures-failed", /took more than 30 s/);
    const next = pictures.process(jpeg, { width: 16 });
    await clock.advance(30_000);
    await slow;
    assert.equal((await look(await next)).width, 16);
  });

  it("rejects what waits when its owner closes, and what comes afterwards", async (t) => {
    const pictures = picturesOf(t);
    const jobs = [1, 2].map((width) => rejects(pictures.process(jpeg, { width }), "closed", /owner closed/));
    await pictures.close();
    await Promise.all(jobs);
    await rejects(pictures.process(jpeg, { width: 8 }), "closed", /owner closed/);
    assert.equal(pictures.awake, false);
  });
});
