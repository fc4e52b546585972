import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sameUri } from "../../../src/sip/message/compare.ts";

// The examples of RFC 3261 §19.1.4, and Contacts as devices write them.
const same: [string, string][] = [
  ["sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"],
  ["sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"],
  ["sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"],
  ["sip:8000@192.168.1.20:5060;line=a", "sip:8000@192.168.1.20:5060"],
  ["sip:6001@[2001:DB8::1]", "sip:6001@[2001:db8::1]"],
];
const different: [string, string][] = [
  ["SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"],
  ["sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"],
  ["sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"],
  ["sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"],
  ["sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"],
  ["sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"],
  ["sip:a@b.example", "sips:a@b.example"],
  ["sip:a@b.example", "sip:b.example"],
  ["sip:a@b.example", "nonsense"],
];

describe("RFC 3261 §19.1.4 which addresses are the same", () => {
  for (const [a, b] of same) it(`${a} is ${b}`, () => assert.ok(sameUri(a, b) && sameUri(b, a)));
  for (const [a, b] of different) it(`${a} is not ${b}`, () => assert.ok(!sameUri(a, b) && !sameUri(b, a)));
});
