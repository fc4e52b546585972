// H1: options of single devices, with real SIP peers on loopback.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Secret } from "../../../src/secret.ts";
import { calledBy, checkDevice } from "../../../src/visit/numbers/devices.ts";
import { checkExpiry } from "../../../src/visit/settings.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { House } from "../house.ts";

const password = new Secret("a password");

describe("H1 what is special about a device", () => {
  let house: House;
  beforeEach(async () => {
    house = await House.open();
  });
  afterEach(() => house.close());

  it("its codecs are all that it is offered, and the other side's follow where they can", async () => {
    house.switchboard.addExtension({ extension: "6001", name: "", password, codecs: ["PCMU"] }, "extension 6001");
    const { phone, seen } = await house.phone("6001");
    const { bell, seen: atBell } = await house.bell();
    const visit = await house.pressed(bell);
    const answered = visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"], seconds: 5 }));
    await seen.next("ringing");
    await phone.answer();
    assert.equal((await answered).result, "answered");
    for (const side of [seen, atBell]) {
      const event = await side.next("answered");
      assert.equal(event.event === "answered" && event.codec, "PCMU");
    }
  });

  it("without a codec in common it is a target that cannot be reached, and the sentence says why", async () => {
    house.switchboard.addExtension({ extension: "6001", name: "", password, codecs: ["opus"] }, "extension 6001");
    await house.phone("6001");
    const { bell } = await house.bell();
    const visit = await house.pressed(bell);
    const { parties } = await visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"], seconds: 5 }));
    assert.deepEqual(
      parties.map(({ result, cause }) => [result, cause]),
      [["unreachable", 58]],
    );
    assert.ok(house.logged.some((text) => /6001 could not be rung: The device may use opus only/.test(text)));
  });

  it("is refused with the field's name where it cannot be", () => {
    const wrong: [object, RegExp][] = [
      [{ codecs: ["G729"] }, /codecs.0 must be one of PCMA, PCMU/],
      [{ codecs: ["H264"] }, /6001: codecs has no codec for sound/],
      [{ codecs: [] }, /codecs must NOT have fewer than 1 items/],
      [{ qualifySeconds: NaN }, /qualifySeconds must be/],
      [{ dtmf: "rfc2833" }, /dtmf must be one of auto, rfc4733, info, info-dtmf, inband/],
      [{ dtmfMs: 10 }, /dtmfMs must be >= 40/],
      [{ dtmfGapMs: 0.5 }, /dtmfGapMs must be/],
      [{ qualifyDropAfter: -1 }, /qualifyDropAfter must be >= 0/],
      [{ maxCalls: 0 }, /maxCalls must be >= 1/],
      [{ dndStatus: 302 }, /dndStatus: 302 is no status/],
    ];
    for (const [options, says] of wrong) assert.throws(() => checkDevice(options, "6001"), says);
  });

  it("the times of registrations are checked together", () => {
    assert.deepEqual(checkExpiry({ most: 3600 }), { least: 60, usual: 3600, most: 3600 });
    assert.throws(() => checkExpiry({ most: 600 }), /the usual 3600 s, the longest 600 s: put them in that order/);
    assert.throws(() => checkExpiry({ least: 1 }), /least must be >= 10/);
  });
});

describe("X8 a device that is rung", () => {
  it("is taken for a browser where it has registered by a WebSocket, unless its extension says something else", () => {
    const mode = (transport: "UDP" | "TLS" | "WS" | "WSS", webrtc?: "off" | "auto" | "required") =>
      calledBy({ transport }, webrtc === undefined ? {} : { webrtc }).webrtc;
    assert.deepEqual([mode("WS"), mode("WSS"), mode("WS", "auto")], ["required", "required", "required"]);
    assert.deepEqual([mode("UDP"), mode("TLS", "auto")], [undefined, "auto"]);
    assert.deepEqual([mode("WS", "off"), mode("UDP", "required")], ["off", "required"]);
  });
});
