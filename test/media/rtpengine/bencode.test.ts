import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decode, encode, type Bencoded } from "../../../src/media/rtpengine/bencode.ts";
import { seeded } from "../seeded.ts";

const read = (text: string) => decode(Buffer.from(text));

describe("bencoding", () => {
  it("writes numbers, strings, lists and dictionaries", () => {
    assert.equal(
      encode({ command: "offer", "delete delay": 0, flags: ["a", "bc"], x: -7 }),
      "d7:command5:offer12:delete delayi0e5:flagsl1:a2:bce1:xi-7ee",
    );
  });

  it("counts a string in bytes, not in characters", () => {
    assert.equal(encode("Tür"), "4:Tür");
    assert.equal(read("4:Tür"), "Tür");
  });

  it("reads what it wrote, whatever that is", () => {
    const below = seeded(36);
    const any = (depth: number): Bencoded => {
      const kind = below(depth > 4 ? 2 : 4);
      if (kind === 0) return below(2 ** 31) - 2 ** 30;
      if (kind === 1) return String.fromCodePoint(...Array.from({ length: below(12) }, () => 32 + below(9000)));
      const items = Array.from({ length: below(5) }, () => any(depth + 1));
      return kind === 2 ? items : Object.fromEntries(items.map((item, at) => [`key ${at} ${below(99)}`, item]));
    };
    for (let round = 0; round < 500; round++) {
      const value = any(0);
      assert.deepEqual(read(encode(value)), value);
    }
  });

  it("takes a key that would be special elsewhere for a key", () => {
    const value = read("d9:__proto__d1:xi1eee");
    assert.equal(({} as { x?: number }).x, undefined);
    assert.equal(encode(value ?? 0), "d9:__proto__d1:xi1eee");
  });

  const broken = [
    "",
    "i",
    "ie",
    "i1",
    "i1x",
    "i--1e",
    "3:ab",
    "99999999999:a",
    "-1:a",
    "l",
    "li1e",
    "d",
    "d1:ae",
    "di1ei2ee",
  ];
  for (const text of [...broken, "i1ei2e", "x", "1a:b", "d1:a"])
    it(`finds nothing in ${JSON.stringify(text)}`, () => assert.equal(read(text), undefined));

  it("is not led into the depths", () => assert.equal(read("l".repeat(100_000) + "e".repeat(100_000)), undefined));

  it("reads or refuses whatever comes, and never throws", () => {
    const below = seeded(37);
    const whole = Buffer.from(
      encode({ result: "ok", sdp: "v=0\r\n", tags: { "1": { medias: [{ packets: 12 }, "x"] } } }),
    );
    let refused = 0;
    for (let round = 0; round < 5000; round++) {
      const data = Buffer.from(whole);
      for (let changes = 1 + below(4); changes > 0; changes--) data[below(data.length)] = below(256);
      if (decode(data.subarray(0, below(data.length + 1))) === undefined) refused++;
    }
    assert.ok(refused > 4000);
  });
});
