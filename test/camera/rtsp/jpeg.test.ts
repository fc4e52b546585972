import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Output } from "../../../src/camera/rtsp/depayload.ts";
import { quantisation } from "../../../src/camera/rtsp/jpeg-tables.ts";
import { JpegDepayloader } from "../../../src/camera/rtsp/jpeg.ts";
import { look } from "../pattern.ts";
import { depayload, packedJpeg, partsOf, type JpegWay, type Payload } from "./packets.ts";

const fresh = (out: Output) => new JpegDepayloader(undefined, out);
const quarters = { width: 128, height: 96, quarters: ["red", "green", "blue", "white"] };
const film = (...ways: JpegWay[]): Payload[] => ways.flatMap((way, index) => packedJpeg(way, 3600 * index));
const pictures = async (payloads: readonly Payload[], missing: readonly number[] = []) => {
  const { frames } = depayload(fresh, payloads, missing);
  return await Promise.all(frames.map(({ units }) => look(units[0] ?? Buffer.alloc(0))));
};

describe("JPEG from its packets, RFC 2435", () => {
  const inBand = { name: "quarters-420.jpg", quality: 255 } as const;

  it("makes a picture that any decoder reads, of colours at half and at quarter resolution (§4.1)", async () => {
    assert.deepEqual(await pictures(film(inBand, { ...inBand, name: "quarters-422.jpg" })), [quarters, quarters]);
  });

  it("computes the tables of a quality below 100 as the library does that wrote the picture (§4.2)", async () => {
    assert.deepEqual(quantisation(85), partsOf("quarters-420.jpg").tables);
    assert.deepEqual(await pictures(film({ ...inBand, quality: 85 })), [quarters]);
  });

  it("keeps the tables of a quality from 128 to 254 for pictures that come without them; not of 255", async () => {
    const [kept, bare] = [
      { ...inBand, quality: 200 },
      { ...inBand, quality: 200, bare: true },
    ];
    assert.equal((await pictures(film(kept, bare))).length, 2);
    assert.equal((await pictures(film(bare))).length, 0);
    assert.equal((await pictures(film(inBand, { ...inBand, bare: true }))).length, 1);
  });

  it("writes the distance of restart markers into the picture (§3.1.7)", async () => {
    const payloads = film({ ...inBand, restart: 48 });
    const { frames } = depayload(fresh, payloads);
    assert.ok(frames[0]?.units[0]?.includes(Buffer.from([0xff, 0xdd, 0, 4, 0, 48])));
    assert.deepEqual(await pictures(payloads), [quarters]);
  });

  it("leaves out a picture of which any packet is missing, and shows the next one", async () => {
    const payloads = film(inBand, inBand);
    const each = payloads.length / 2;
    for (let missing = 0; missing < each - 1; missing++)
      assert.deepEqual(await pictures(payloads, [missing]), [quarters], `packet ${missing}`);
    assert.deepEqual(await pictures(payloads, [each - 1]), [quarters], "the one with the marker");
  });

  it("takes the size of the SDP where the packets have no room for it", () => {
    const payloads = film({ ...inBand, dimensions: { width: 0, height: 0 } });
    assert.deepEqual(depayload(fresh, payloads).frames, []);
    const { formats } = depayload((out) => new JpegDepayloader({ width: 2560, height: 1920 }, out), payloads);
    assert.deepEqual(formats, [{ codec: "jpeg", width: 2560, height: 1920, sets: [] }]);
  });

  it("tells the format once, and each frame as a key frame", () => {
    const { frames, formats } = depayload(fresh, film(inBand, inBand, inBand));
    assert.deepEqual([frames.map(({ key }) => key), formats.length], [[true, true, true], 1]);
  });

  it("shows nothing of types and headers that it does not know", () => {
    const changed = (at: number, value: number) =>
      film(inBand).map((payload) => {
        const bytes = Buffer.from(payload.bytes);
        bytes[at] = value;
        return { ...payload, bytes };
      });
    for (const [at, value] of [
      [4, 2],
      [4, 128],
      [5, 0],
      [5, 110],
    ] as const)
      assert.deepEqual(depayload(fresh, changed(at, value)).frames, [], `byte ${at} = ${value}`);
  });
});
