// STUN messages with check sums, by the test vectors of RFC 5769 (padded there with spaces, which we do not write).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attributeType, isFrom, mappedAddress, method, parseStun, seenAt, writeStun } from "../src/stun.ts";

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ""), "hex");
const id = "b7e7a701bc34d686fa87dfae";
const password = "VOkJxbRl1RmTxUk/WvJxBt";

const sampleRequest = hex(`0001 0058 2112a442 ${id} 8022 0010 5354554e207465737420636c69656e74
  0024 0004 6e0001ff 8029 0008 932ff9b151263b36 0006 0009 6576746a3a68367659202020
  0008 0014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 8028 0004 e57a3bcf`);
const ipv4 = hex(`0101 003c 2112a442 ${id} 8022 000b 7465737420766563746f7220 0020 0008 0001a147e112a643
  0008 0014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 8028 0004 c07d4c96`);
const ipv6 = hex(`0101 0048 2112a442 ${id} 8022 000b 7465737420766563746f7220
  0020 0014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
  0008 0014 a382954e4be67bf11784c97c8292c275bfe3ed41 8028 0004 c8fb0b4c`);

describe("a STUN message, RFC 8489", () => {
  for (const [what, data] of [
    ["request of RFC 5769 §2.1", sampleRequest],
    ["answer of RFC 5769 §2.2", ipv4],
    ["answer of RFC 5769 §2.3", ipv6],
  ] as const) {
    it(`is known by its password: the ${what}`, () => {
      const message = parseStun(data);
      assert.ok(message);
      assert.equal(isFrom(data, message, password), true);
      assert.equal(isFrom(data, message, `${password}!`), false);
    });

    it(`is not read with a byte changed anywhere: the ${what}`, () => {
      for (let at = 0; at < data.length; at++) {
        const other = Buffer.from(data);
        other.writeUInt8(other.readUInt8(at) ^ 1, at);
        const message = parseStun(other);
        // Where the change hides FINGERPRINT's type, the password is what is left.
        assert.ok(!message || !isFrom(other, message, password) || !message.attributes.has(attributeType.fingerprint));
      }
    });
  }

  it("tells where its request came from, as in RFC 5769 §2.2 and §2.3", () => {
    const read = (data: Buffer) => {
      const message = parseStun(data);
      return message && seenAt(message);
    };
    assert.deepEqual(read(ipv4), { host: "192.0.2.1", port: 32_853 });
    assert.deepEqual(read(ipv6), { host: "2001:db8:1234:5678:11:2233:4455:6677", port: 32_853 });
  });

  it("is written as it is read, with both check sums", () => {
    const mapped = mappedAddress({ host: "192.0.2.1", port: 32_853 }, hex(id));
    assert.ok(mapped);
    const data = writeStun(method.success, hex(id), [mapped], password);
    const message = parseStun(data);
    assert.ok(message);
    assert.deepEqual(
      [...message.attributes.keys()],
      [attributeType.xorMappedAddress, attributeType.messageIntegrity, attributeType.fingerprint],
    );
    assert.equal(isFrom(data, message, password), true);
    assert.deepEqual(seenAt(message), { host: "192.0.2.1", port: 32_853 });
  });

  it("counts nothing that stands behind MESSAGE-INTEGRITY, but FINGERPRINT (§14.5)", () => {
    const signed = writeStun(method.request, hex(id), [], password).subarray(0, -8);
    const data = Buffer.concat([signed, hex("0025 0000")]);
    data.writeUInt16BE(data.length - 20, 2);
    const message = parseStun(data);
    assert.ok(message && isFrom(data, message, password));
    assert.equal(message.attributes.has(attributeType.useCandidate), false);
  });
});
