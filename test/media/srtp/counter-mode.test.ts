// Counter mode and HMAC as they are put together here, against node:crypto's own of each, for packets in any order and of any length.
import assert from "node:assert/strict";
import { createCipheriv, createHmac } from "node:crypto";
import { describe, it } from "node:test";
import { CounterMode } from "../../../src/media/worker/srtp/hmac.ts";
import { seeded } from "../seeded.ts";

const random = seeded(66);
const some = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, () => random(256)));
const header = 12;
const tagBytes = 10;

/** RFC 3711 §4.1.1 and §4.2.1, the long way. */
function sealed(keys: Keys, packet: Buffer, ssrc: number, index: number, word: number): Buffer {
  const iv = Buffer.alloc(16);
  keys.salt.copy(iv);
  for (const [at, value] of [
    [4, ssrc],
    [6, Math.floor(index / 2 ** 32)],
    [10, index % 2 ** 32],
  ] as const)
    iv.writeUInt32BE((iv.readUInt32BE(at) ^ value) >>> 0, at);
  const cipher = createCipheriv(keys.cipher.length === 16 ? "aes-128-ctr" : "aes-256-ctr", keys.cipher, iv);
  const hidden = Buffer.concat([packet.subarray(0, header), cipher.update(packet.subarray(header))]);
  const beside = Buffer.alloc(4);
  beside.writeUInt32BE(word);
  const tag = createHmac("sha1", keys.auth).update(hidden).update(beside).digest().subarray(0, tagBytes);
  return Buffer.concat([hidden, tag]);
}

interface Keys {
  readonly cipher: Buffer;
  readonly salt: Buffer;
  readonly auth: Buffer;
}

/** What comes next, mostly: a packet of sound of the same source, as long as the last. */
function* packets(count: number): Generator<{ packet: Buffer; ssrc: number; index: number }> {
  const [ssrcs, indexes, lengths] = [
    [1, 2 ** 32 - 1, 77],
    [0, 2 ** 32 - 40, 2 ** 47],
    [160, 0, 1, 33, 176, 177, 1200],
  ];
  const next = [...indexes];
  let [source, length] = [0, 160];
  for (let n = 0; n < count; n++) {
    const chance = random(20);
    if (chance === 0) source = random(3);
    if (chance === 1) length = lengths[random(lengths.length)] ?? 0;
    if (chance === 2) length = random(3000);
    const late = chance === 3 ? random(12) : 0;
    if (chance === 4) next[source] = (next[source] ?? 0) + random(30);
    const index = next[source] ?? 0;
    next[source] = index + 1;
    yield { packet: some(header + length), ssrc: ssrcs[source] ?? 0, index: Math.max(0, index - late) };
  }
}

describe("counter mode with HMAC", () => {
  for (const bits of [128, 256])
    it(`RFC 3711 §4.1.1, §4.2.1: seals and opens like ciphers and HMACs made for each packet (${bits} bits)`, () => {
      const keys = { cipher: some(bits / 8), salt: some(14), auth: some(20) };
      const [sender, receiver] = [new CounterMode(keys, tagBytes), new CounterMode(keys, tagBytes)];
      for (const { packet, ssrc, index } of packets(1500)) {
        const word = random(2 ** 31);
        const target = Buffer.alloc(packet.length + tagBytes);
        sender.seal(packet, header, target, packet.length, ssrc, index, word);
        assert.ok(target.equals(sealed(keys, packet, ssrc, index, word)), `packet ${index} of ${ssrc}`);
        const changed = Buffer.from(target);
        const at = random(target.length);
        changed.writeUInt8(changed.readUInt8(at) ^ (1 << random(8)), at);
        const same = Buffer.from(changed);
        assert.equal(receiver.open(changed, header, packet.length, packet.length, ssrc, index, word), false);
        assert.ok(changed.equals(same), "what is not authentic stays as it is");
        assert.ok(receiver.open(target, header, packet.length, packet.length, ssrc, index, word));
        assert.ok(target.subarray(0, packet.length).equals(packet));
      }
    });
});
