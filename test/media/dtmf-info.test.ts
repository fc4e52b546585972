// DTMF in SIP INFO: N5 (the door opens by INFO) and H1 (DTMF mode INFO).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dtmfInfo, parseDtmfInfo } from "../../src/media/dtmf-info.ts";
import { PorteroError } from "../../src/errors.ts";
import { seeded } from "./seeded.ts";

const relay = "application/dtmf-relay";

describe("N5 digits in SIP INFO", () => {
  it("writes both bodies", () => {
    assert.deepEqual(dtmfInfo("dtmf-relay", "1", 160), { contentType: relay, body: "Signal=1\r\nDuration=160\r\n" });
    assert.deepEqual(dtmfInfo("dtmf", "#", 160), { contentType: "application/dtmf", body: "#" });
  });

  it("reads back each key in both forms", () => {
    for (const key of "0123456789*#ABCD") {
      for (const kind of ["dtmf-relay", "dtmf"] as const) {
        const { contentType, body } = dtmfInfo(kind, key, 250);
        assert.equal(parseDtmfInfo(contentType, body)?.digit, key);
      }
    }
  });

  it("refuses to write what is no key", () => {
    assert.throws(
      () => dtmfInfo("dtmf", "12", 100),
      (e) => e instanceof PorteroError && e.code === "bad-digit",
    );
  });

  for (const [what, type, body, expected] of [
    ["spaces around", relay, "Signal= 5 \r\nDuration= 160 \r\n", { digit: "5", durationMs: 160 }],
    ["bare line feeds and lower-case keys", relay, "signal=*\nduration=80\n", { digit: "*", durationMs: 80 }],
    ["no duration", relay, "Signal=7", { digit: "7" }],
    ["duration first", relay, "Duration=100\r\nSignal=7\r\n", { digit: "7", durationMs: 100 }],
    ["event 10 for *", relay, "Signal=10\r\nDuration=160", { digit: "*", durationMs: 160 }],
    ["event 11 for #", relay, "Signal=11\r\nDuration=160", { digit: "#", durationMs: 160 }],
    ["a lower-case letter", relay, "Signal=d\r\n", { digit: "D" }],
    ["a nonsense duration", relay, "Signal=3\r\nDuration=forever\r\n", { digit: "3" }],
    ["a parameter and capitals in the type", "Application/DTMF-Relay; charset=utf-8", "Signal=1\r\n", { digit: "1" }],
    ["the bare digit", "application/dtmf", "4\r\n", { digit: "4" }],
    [
      "key and value under the short type",
      "application/dtmf",
      "Signal=4\r\nDuration=90\r\n",
      { digit: "4", durationMs: 90 },
    ],
    ["a hook flash", relay, "Signal=16\r\n", undefined],
    ["several digits", "application/dtmf", "123", undefined],
    ["another type", "application/media_control+xml", "Signal=1\r\n", undefined],
    ["nothing", relay, "", undefined],
  ] as const) {
    it(`reads ${what}`, () => assert.deepEqual(parseDtmfInfo(type, body), expected));
  }

  it("never throws, whatever comes", () => {
    const random = seeded(1);
    const alphabet = "Signal=Duration=10*#\r\n \0é=;";
    for (let i = 0; i < 3000; i++) {
      const body = Array.from({ length: random(30) }, () => alphabet[random(alphabet.length)]).join("");
      const read = parseDtmfInfo(i % 2 ? relay : "application/dtmf", body);
      if (read) assert.match(read.digit, /^[0-9*#A-D]$/);
    }
  });
});
