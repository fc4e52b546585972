import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { Seal } from "../../../src/sip/auth/seal.ts";

test("RFC 2104: a seal is the HMAC-SHA-256 of its text, whatever the length of key and text", () => {
  for (const length of [0, 1, 32, 63, 64])
    for (const text of ["", "a", "ж".repeat(40), "x".repeat(500)]) {
      const key = Buffer.from(Array.from({ length }, (_, at) => (at * 37 + length) % 256));
      const node = createHmac("sha256", key).update(text).digest("base64url");
      assert.equal(new Seal(key).of(text), node);
    }
  assert.throws(() => new Seal(Buffer.alloc(65)), /longer than a block/);
});

test("RFC 4231 §4.3: the known HMAC-SHA-256 of a known text", () => {
  const mac = Buffer.from(new Seal(Buffer.from("Jefe")).of("what do ya want for nothing?"), "base64url");
  assert.equal(mac.toString("hex"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
});
