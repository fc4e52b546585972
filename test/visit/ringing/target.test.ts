import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { nameOf, type TargetSettings } from "../../../src/visit/ringing/target.ts";

const check = (...targets: unknown[]) => strategyOf({ strategy: "ring-all", targets });
const faultOf = (...targets: unknown[]): string => {
  try {
    check(...targets);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

describe("targets", () => {
  it("are a number or an address, alone or with what is special about it", () => {
    const full: TargetSettings = {
      ...{ target: "0171555", account: "provider", delay: 10, seconds: 20, silentSeconds: 4, confirm: true },
      ...{ confirmSeconds: 15, prompt: { file: "press-1.wav" }, name: "Front door", codecs: ["PCMA"], dtmf: "info" },
    };
    check("6001", "sip:192.168.35.123", "192*168*35*123", "dashboard", "0171@provider", full);
    assert.deepEqual(["6001", full].map(nameOf), ["6001", "0171555"]);
  });

  it("say which of them is wrong, and what", () => {
    const faults: readonly [unknown, RegExp][] = [
      ["", /^strategy: targets\.0 must NOT have fewer than 1 characters/],
      [" ", /^target: it is empty: give a number, an address, or dashboard/],
      [{ delay: 3 }, /^strategy: targets\.0\.target is missing$/],
      [{ target: "6001", delay: -1 }, /^strategy: targets\.0\.delay must be >= 0 \(it is -1\)$/],
      [{ target: "6001", seconds: 0.5 }, /^strategy: targets\.0\.seconds must be >= 1/],
      [{ target: "6001", silentSeconds: 100 }, /^strategy: targets\.0\.silentSeconds must be <= 60/],
      [{ target: "6001", ring: 1 }, /^strategy: targets\.0\.ring is not known here$/],
      [{ target: "6001", codecs: ["GSM"] }, /^strategy: targets\.0\.codecs\.0 must be one of PCMA,/],
      [{ target: "6001", codecs: ["H264"] }, /^target 6001: codecs has no codec for sound: add PCMA or PCMU$/],
      [{ target: "6001", name: "a\r\nb" }, /^strategy: targets\.0\.name has the wrong form/],
      [{ target: "6001", prompt: {} }, /^sound: none is given: give one of tone, file and url$/],
      [{ target: "sip:a@b", account: "x" }, /^target sip:a@b: an account calls numbers, and this is an address/],
      [6001, /^strategy: targets\.0 must be string,object \(it is 6001\)$/],
    ];
    for (const [target, fault] of faults) assert.match(faultOf(target), fault);
  });
});
