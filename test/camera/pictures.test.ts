import assert from "node:assert/strict";
import { before, describe, it, type TestContext } from "node:test";
import { Jimp } from "jimp";
import { inOpenSans } from "../../src/camera/caption.ts";
import { Pictures, type PictureWork } from "../../src/camera/pictures.ts";
import { doneBySharp, findSharp } from "../../src/camera/with-sharp.ts";
import { rejects } from "../http/device.ts";
import { FakeClock } from "../support/clock.ts";
import { type Colour, declaring, look, pattern, withSegment } from "./pattern.ts";

let jpeg: Buffer;
before(async () => (jpeg = await pattern(160, 80)));

function picturesOf(t: TestContext, clock = new FakeClock(), engine?: "jimp"): Pictures {
  const pictures = new Pictures({ clock, ...(engine && { engine }) });
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
      [{ crop: { x: 50, y: 0, width: 50, height: 50 } }, 80, 40, ["green", "green", "green", "green"]],
      [{ crop: { x: 50, y: 0, width: 50, height: 100 }, rotate: 90 }, 80, 80, ["white", "green", "white", "green"]],
      [{ crop: { x: 0, y: 0, width: 50, height: 100 }, width: 16 }, 16, 16, ["red", "red", "blue", "blue"]],
    ];
    for (const [work, width, height, quarters] of cases) {
      const seen = await look(await pictures.process(jpeg, work));
      assert.deepEqual(seen, { width, height, quarters }, JSON.stringify(work));
    }
  });

  it("blacks masks out before all else, in percent, and leaves nothing of them in the file", async (t) => {
    const pictures = picturesOf(t);
    const right = { x: 50, y: 0, width: 50, height: 100 };
    const cases: [PictureWork, Colour[]][] = [
      [{ masks: [right] }, ["red", "black", "blue", "black"]],
      [{ masks: [right], rotate: 90 }, ["blue", "red", "black", "black"]],
      [{ masks: [right], crop: right }, ["black", "black", "black", "black"]],
      [{ masks: [right, { x: 0, y: 50, width: 10.4, height: 50 }], width: 40 }, ["red", "black", "blue", "black"]],
      [{ masks: [{ x: 25, y: 25, width: 0.01, height: 0.01 }] }, ["black", "green", "blue", "white"]],
      [{ masks: [{ x: 0, y: 0, width: 100, height: 100 }] }, ["black", "black", "black", "black"]],
    ];
    for (const [work, quarters] of cases) {
      // The camera's own thumbnail shows what the mask hides.
      const given = withSegment(await pattern(400, 400), Buffer.from("Exif\0\0 thumbnail of the neighbours"));
      const masked = await pictures.process(given, { quality: 100, ...work });
      assert.deepEqual((await look(masked)).quarters, quarters, JSON.stringify(work));
      assert.equal(masked.includes("neighbours"), false);
    }
  });

  it("writes a caption at the lower edge and leaves the rest alone", async (t) => {
    const pictures = picturesOf(t);
    const plain = await look(await pictures.process(await pattern(640, 480), { quality: 90 }));
    for (const text of ["Haustür 07:05", "x".repeat(200)]) {
      const work: PictureWork = { quality: 90, caption: text };
      const image = await Jimp.fromBuffer(await pictures.process(await pattern(640, 480), work));
      assert.deepEqual([image.width, image.height], [640, 480]);
      const white = (from: number, to: number) => {
        let count = 0;
        image.scan(0, from, 320, to - from, (x, y) => {
          // On the left there is only red above and blue below.
          if ((image.getPixelColor(x, y) & 0x80808000) >>> 0 === 0x80808000) count += 1;
        });
        return count;
      };
      assert.ok(white(430, 480) > 50, `${white(430, 480)} white pixels of "${text.slice(0, 20)}"`);
      assert.equal(white(0, 430), 0);
      assert.deepEqual(plain.quarters, whole);
    }
    // Too small for a letter: no more than the band is drawn.
    const tiny = await pictures.process(await pattern(4, 4), { caption: "Gate" });
    assert.equal((await look(tiny)).width, 4);
  });

  it("writes the letters it has not in those it has", () => {
    assert.equal(inOpenSans("Haustür – Çeşme «x» 5 €"), "Haustür - Çesme «x» 5 €");
    assert.equal(inOpenSans("Čtvrť\nŁódź “Đ”…"), 'Ctvrt Lódz "D"...');
    assert.equal(inOpenSans("門 Вход"), "? ????");
  });

  it("turns a picture as its EXIF orientation says, before anything else", async (t) => {
    // TIFF, big endian, one entry: orientation (0x0112), SHORT, 1, value 6 = turn 90° clockwise.
    const exif = Buffer.from("45786966000" + "04d4d002a00000008000101120003000000010006000000000000", "hex");
    const turned = await picturesOf(t).process(withSegment(jpeg, exif), {
      crop: { x: 0, y: 0, width: 100, height: 50 },
    });
    assert.deepEqual(await look(turned), { width: 80, height: 80, quarters: ["blue", "red", "blue", "red"] });
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
    [{ width: 0 }, /width must be >= 1 \(it is 0\)/],
    [{ height: 5000 }, /height must be <= 4096/],
    [{ width: 1.5 }, /width must be integer/],
    [{ quality: 101 }, /quality must be <= 100/],
    [{ rotate: 45 as 90 }, /rotate must be one of 0, 90, 180, 270/],
    [{ fit: "fill" as "cover" }, /fit must be one of contain, cover/],
    [{ crop: { x: 0, y: 0, width: 101, height: 1 } }, /crop.width must be <= 100/],
    [{ crop: { x: 99, y: 0, width: 2, height: 1 } }, /crop reaches beyond the picture/],
    [{ crop: { x: -1, y: 0, width: 1, height: 1 } }, /crop.x must be >= 0/],
    [{ crop: { x: 0, y: 0, width: 100, height: 1 }, height: 4000 }, /the result would have 640000×4000 pixels/],
    [{ masks: [{ x: 0, y: 0, width: 0, height: 1 }] }, /masks.0.width must be > 0/],
    [{ masks: [{ x: 0, y: 60, width: 1, height: 50 }] }, /masks.0 reaches beyond the picture/],
    [{ caption: "x".repeat(201) }, /caption must NOT have more than 200 characters/],
    [{ shade: 1 } as PictureWork, /shade is not known here/],
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
    // Its quantisation tables are gone: the frame is in order, the content is not.
    const broken = Buffer.from(jpeg);
    for (let at = broken.indexOf(Buffer.from([0xff, 0xdb])); at >= 0; at = broken.indexOf(Buffer.from([0xff, 0xdb]))) {
      broken[at + 1] = 0xfe;
    }
    await rejects(pictures.process(broken, { width: 8 }), "bad-picture", /cannot be decoded/);
    assert.equal((await look(await pictures.process(jpeg, { width: 8 }))).width, 8);
  });
});

describe("Picture work by sharp and by jimp", () => {
  const works: PictureWork[] = [
    { width: 80 },
    { width: 40, height: 40, fit: "cover" },
    { rotate: 90, crop: { x: 25, y: 0, width: 75, height: 50 } },
    { masks: [{ x: 10, y: 10, width: 33.3, height: 33.3 }], quality: 95 },
    { caption: "Haustür 07:05", width: 320 },
  ];

  it("is the same but for small differences, whichever is installed", async (t) => {
    const [usual, byJimp] = [picturesOf(t), picturesOf(t, new FakeClock(), "jimp")];
    const given = await pattern(640, 400);
    for (const work of works) {
      const [one, other] = await Promise.all(
        [usual, byJimp].map(async (pictures) => Jimp.fromBuffer(await pictures.process(given, work))),
      );
      assert.ok(one && other);
      assert.deepEqual([one.width, one.height], [other.width, other.height], JSON.stringify(work));
      const [a, b] = [one.bitmap.data, other.bitmap.data];
      const off = a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0) / a.length;
      assert.ok(off < 3, `${off} of 255 for ${JSON.stringify(work)}`);
    }
  });

  it("is sharp's where that is installed, and on any fault there is no picture", async () => {
    const sharp = await findSharp();
    // Without it the test above compares jimp with itself, which is right: it is all there is.
    if (!sharp) return;
    const job = { jpeg, work: { masks: [{ x: 0, y: 0, width: 50, height: 100 }] }, mostPixels: 1e6 };
    const result = await doneBySharp(sharp, job);
    assert.ok("jpeg" in result);
    assert.deepEqual((await look(Buffer.from(result.jpeg))).quarters, ["black", "green", "black", "white"]);
    const grey = await sharp(await pattern(16, 16))
      .toColourspace("b-w" as "srgb")
      .jpeg({ quality: 90, chromaSubsampling: "4:4:4" })
      .toBuffer();
    assert.ok("jpeg" in (await doneBySharp(sharp, { ...job, jpeg: grey })));
    assert.deepEqual(Object.keys(await doneBySharp(sharp, { ...job, jpeg: jpeg.subarray(0, 300) })), ["fault", "why"]);
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
