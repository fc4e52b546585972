// The test vectors of the standards, and of an implementation of another make.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MasterKey } from "../../../src/media/suites.ts";
import { Receiver, Sender } from "../../../src/media/worker/srtp/context.ts";
import { derive } from "../../../src/media/worker/srtp/derive.ts";
import { Gcm } from "../../../src/media/worker/srtp/gcm.ts";
import { CounterMode } from "../../../src/media/worker/srtp/hmac.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
const none = Buffer.alloc(20);

describe("the key stream", () => {
  for (const [rfc, key, blocks] of [
    [
      "RFC 3711 B.2",
      "2b7e151628aed2a6abf7158809cf4f3c",
      {
        0: "e03ead0935c95e80e166b16dd92b4eb4",
        1: "d23513162b02d0f72a43a2fe4a5f97ab",
        2: "41e95b3bb0a2e8dd477901e4fca894c0",
        0xfeff: "ec8cdf7398607cb0f2d21675ea9ea1e4",
        0xff00: "362b7c3c6773516318a077d7fc5073ae",
        0xff01: "6a2cc3787889374fbeb4c81b17ba6c44",
      },
    ],
    [
      "RFC 6188 §7.1",
      "57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98",
      {
        0: "92bdd28a93c3f52511c677d08b5515a4",
        1: "9da71b2378a854f67050756ded165bac",
        2: "63c4868b7096d88421b563b8c94c9a31",
        0xfeff: "cea518c90fd91ced9cbb18c078a54711",
        0xff00: "3dbc4814f4da5f00a08772b63c6a046d",
        0xff01: "6eb246913062a16891433e97dd01a57f",
      },
    ],
  ] as const) {
    it(`${rfc}: is that of the vector, in its first and its last blocks`, () => {
      const mode = new CounterMode({ cipher: bytes(key), salt: bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfd"), auth: none }, 10);
      const zeros = Buffer.alloc(0xff02 * 16);
      const target = Buffer.alloc(zeros.length + 10);
      mode.seal(zeros, 0, target, zeros.length, 0, 0, 0);
      for (const [block, expected] of Object.entries(blocks)) {
        const at = Number(block) * 16;
        assert.equal(target.subarray(at, at + 16).toString("hex"), expected);
      }
    });
  }
});

describe("key derivation", () => {
  for (const [rfc, key, salt, cipher, salting, auth] of [
    [
      "RFC 3711 B.3",
      "e1f97a0d3e018be0d64fa32c06de4139",
      "0ec675ad498afeebb6960b3aabe6",
      "c61e7a93744f39ee10734afe3ff7a087",
      "30cbbc08863d8c85d49db34a9ae1",
      "cebe321f6ff7716b6fd4ab49af256a156d38baa48f0a0acf3c34e2359e6cdbcee049646c43d9327ad175578ef72270986371c10c9a369ac2f94a8c5fbcdddc256d6e919a48b610ef17c2041e474035766b68642c59bbfc2f34db60dbdfb2",
    ],
    [
      "RFC 6188 §7.2",
      "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
      "3b04803de51ee7c96423ab5b78d2",
      "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
      "fa31791685ca444a9e07c6c64e93",
      "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05",
    ],
  ] as const) {
    it(`${rfc}: gives the keys of the vector`, () => {
      for (const [label, expected] of [cipher, auth, salting].entries())
        assert.equal(derive(bytes(key), bytes(salt), label, expected.length / 2).toString("hex"), expected);
    });
  }
});

describe("whole packets", () => {
  const header = "800f1234decafbadcafebabe";
  for (const [suite, key, expected] of [
    [
      "AES_CM_128_HMAC_SHA1_80",
      "e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6",
      "4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb",
    ],
    [
      "AES_256_CM_HMAC_SHA1_80",
      "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b63b04803de51ee7c96423ab5b78d2",
      "f1d9de17ff251ff1aa007774b0b4b40da08d9d9a5b3a55d8873b",
    ],
  ] as const) {
    it(`${suite}: are those of libsrtp's own test`, () => {
      const master: MasterKey = { suite, key: bytes(key).toString("base64") };
      const plain = bytes(header + "ab".repeat(16));
      assert.equal(new Sender(master).protect(plain)?.toString("hex"), header + expected);
      assert.deepEqual(new Receiver(master).unprotect(bytes(header + expected)), plain);
    });
  }

  const shortKey = "000102030405060708090a0b0c0d0e0f";
  const longKey = `${shortKey}101112131415161718191a1b1c1d1e1f`;
  const gcm = (key: string, of: "rtp" | "rtcp") =>
    new Gcm({ cipher: bytes(key), salt: bytes("517569642070726f2071756f"), auth: none }, of);

  for (const [section, key, expected] of [
    [
      "§16.1",
      shortKey,
      "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833 899d7f27beb16a9152cf765ee4390cce",
    ],
    [
      "§16.2",
      longKey,
      "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b 7aa3db36dfffd6b0f9bb7878d7a76c13",
    ],
  ] as const) {
    it(`RFC 7714 ${section}: RTP is that of the vector, and opens again`, () => {
      const plain = Buffer.concat([
        bytes("8040f17b 8041f8d3 5501a0b2"),
        Buffer.from("Gallia est omnis divisa in partes tres"),
      ]);
      const target = Buffer.alloc(plain.length + 16);
      gcm(key, "rtp").seal(plain, 12, target, plain.length, 0x5501a0b2, 0xf17b, 0);
      assert.deepEqual(target, bytes(expected));
      assert.ok(gcm(key, "rtp").open(target, 12, plain.length, plain.length, 0x5501a0b2, 0xf17b, 0));
      assert.deepEqual(target.subarray(0, plain.length), plain);
    });
  }

  for (const [section, key, expected] of [
    [
      "§17.1",
      shortKey,
      "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade",
    ],
    [
      "§17.2",
      longKey,
      "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be 8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be",
    ],
  ] as const) {
    it(`RFC 7714 ${section}: RTCP is that of the vector, and opens again`, () => {
      const plain = bytes(
        "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef",
      );
      const target = Buffer.alloc(plain.length + 16);
      gcm(key, "rtcp").seal(plain, 8, target, plain.length, 0x4d617273, 0x5d4, 0x800005d4);
      assert.deepEqual(target, bytes(expected));
      assert.ok(gcm(key, "rtcp").open(target, 8, plain.length, plain.length, 0x4d617273, 0x5d4, 0x800005d4));
      assert.deepEqual(target.subarray(0, plain.length), plain);
    });
  }
});
