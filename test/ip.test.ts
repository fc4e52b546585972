import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressBytes, addressText, canonicalHost } from "../src/ip.ts";

describe("an IP address as bytes, RFC 4291 §2.2", () => {
  for (const [text, hex] of [
    ["192.168.1.20", "c0a80114"],
    ["::1", "00000000000000000000000000000001"],
    ["::", "00000000000000000000000000000000"],
    ["2001:db8::8:800:200c:417a", "20010db80000000000080800200c417a"],
    ["fe80::1%eth0", "fe800000000000000000000000000001"],
    ["::ffff:10.0.0.1", "00000000000000000000ffff0a000001"],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
    ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
  ] as const)
    it(`${text} is ${hex}`, () => {
      assert.equal(addressBytes(text)?.toString("hex"), hex);
      assert.deepEqual(addressBytes(addressText(Buffer.from(hex, "hex"))), Buffer.from(hex, "hex"));
    });

  for (const text of ["", "door.local", "1.2.3", "12345::", "[::1]", "1.2.3.4.5"])
    it(`"${text}" is none`, () => assert.equal(addressBytes(text), undefined));

  for (const [host, plain] of [
    ["10.0.0.77", "10.0.0.77"],
    ["::ffff:10.0.0.77", "10.0.0.77"],
    ["[::FFFF:a00:4d]", "10.0.0.77"],
    ["[2001:DB8:0::1]", "2001:db8::1"],
    ["Door.lan", "door.lan"],
  ] as const)
    it(`${host} is ${plain}, however it is written`, () => assert.equal(canonicalHost(host), plain));
});
