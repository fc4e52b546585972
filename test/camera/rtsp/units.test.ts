import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Output } from "../../../src/camera/rtsp/depayload.ts";
import { UnitDepayloader } from "../../../src/camera/rtsp/units.ts";
import { clip, depayload, packed, packedClip, type Payload } from "./packets.ts";

const sizes = { h264: "RFC 6184", h265: "RFC 7798" } as const;

for (const codec of ["h264", "h265"] as const) {
  const { nal, pictures } = clip(codec);
  const isSet = (unit: Buffer) => nal.setTypes.includes(nal.type(unit));
  const sets = (pictures[0] ?? []).filter(isSet);
  // What should come out: all but the parameter sets.
  const wanted = pictures.map((units) => units.filter((unit) => !isSet(unit)));
  const fresh =
    (known: readonly Buffer[] = []) =>
    (out: Output) =>
      new UnitDepayloader(nal, known, out);

  describe(`${codec} from its packets, ${sizes[codec]}`, () => {
    for (const way of ["single", "aggregated", "fragmented"] as const)
      it(`${way} packets give every unit as it was, key frames told, sets and size before them`, () => {
        const { frames, formats } = depayload(fresh(), packedClip(codec, way));
        assert.deepEqual(
          frames.map(({ units }) => units),
          wanted,
        );
        assert.deepEqual(
          frames.flatMap(({ key }, index) => (key ? [index] : [])),
          wanted.flatMap((_, index) => (index % 8 === 0 ? [index] : [])),
        );
        assert.deepEqual(formats, [{ codec, sets, width: 176, height: 100 }]);
        assert.deepEqual([frames[1]?.timestamp, frames[1]?.at], [3600, 40]);
      });

    it("sets of the SDP do where none come in the stream; without any nothing comes", () => {
      const bare = wanted.flatMap((units, index) => packed(codec, units, "fragmented", 3600 * index));
      assert.equal(depayload(fresh(sets), bare).frames.length, wanted.length);
      assert.deepEqual(depayload(fresh(), bare).frames, []);
    });

    it("ends a frame without a marker by the next timestamp", () => {
      const unmarked = packedClip(codec, "single").map((payload) => ({ ...payload, marker: false }));
      assert.deepEqual(
        depayload(fresh(), unmarked).frames.map(({ units }) => units),
        wanted.slice(0, -1),
      );
    });

    it("drops a frame with a hole and all behind it until the next key frame, whichever packet is missing", () => {
      for (const way of ["single", "fragmented"] as const) {
        const payloads = packedClip(codec, way);
        const firstOf = (picture: number) => payloads.findIndex(({ time }) => time === 3600 * picture);
        for (let missing = firstOf(1); missing < firstOf(8); missing++) {
          const { frames } = depayload(fresh(), payloads, [missing]);
          const hurt = (payloads[missing]?.time ?? 0) / 3600;
          const after = frames.slice(frames.findIndex(({ timestamp }) => timestamp >= 3600 * 8));
          assert.deepEqual(
            frames.filter(({ timestamp }) => timestamp < 3600 * 8).map(({ timestamp }) => timestamp / 3600),
            Array.from({ length: hurt }, (_, index) => index),
            `${way}, packet ${missing}`,
          );
          assert.deepEqual([after[0]?.key, after.length], [true, wanted.length - 8]);
        }
      }
    });

    it("never lets a damaged key frame through, whichever of its packets is missing", () => {
      const payloads = packedClip(codec, "fragmented");
      const [from, to] = [8, 9].map((picture) => payloads.findIndex(({ time }) => time === 3600 * picture));
      for (let missing = from ?? 0; missing < (to ?? 0); missing++) {
        const { frames } = depayload(fresh(), payloads, [missing]);
        const whole = frames.find(({ timestamp }) => timestamp === 3600 * 8);
        if (whole) assert.deepEqual(whole.units, wanted[8], `packet ${missing}`);
      }
    });

    it("tells a format once more where the sets change, before the key frame that needs them", () => {
      const other = Buffer.from(sets[sets.length - 1] ?? "");
      other[other.length - 1] = (other.at(-1) ?? 0) ^ 0x40;
      const [first = [], second = []] = [pictures[0], pictures[8]];
      const changed = second.map((unit) => (unit.equals(sets.at(-1) ?? unit) ? other : unit));
      const payloads = [first, changed].flatMap((units, index) => packed(codec, units, "single", 3600 * index));
      const { formats } = depayload(fresh(), payloads);
      assert.deepEqual(
        formats.map((format) => format.sets.at(-1)),
        [sets.at(-1), other],
      );
    });

    it("keeps no more than a frame may have, though it never ends", () => {
      const endless: Payload[] = packed(codec, pictures[0] ?? [], "fragmented", 0).slice(0, -1);
      const middle = endless.at(-1) ?? { bytes: Buffer.alloc(0), marker: false, time: 0 };
      const large = { ...middle, bytes: Buffer.concat([middle.bytes, Buffer.alloc(60_000)]) };
      let held = 0;
      const { frames } = depayload(
        (out) => {
          const depayloader = fresh()(out);
          return {
            push(packet) {
              depayloader.push(packet);
              held = Math.max(held, depayloader.pending);
            },
            get pending() {
              return depayloader.pending;
            },
          };
        },
        [...endless, ...Array.from({ length: 200 }, () => large)],
      );
      assert.deepEqual(frames, []);
      assert.ok(held > 2 ** 22 && held <= 8 * 2 ** 20 + 60_000, `${held} bytes`);
    });
  });
}
