// Messages of a trace in words.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { summaryOf, textOf } from "../../../src/sip/trace/text.ts";
import { house } from "../house.ts";

describe("X10 a message of the trace", () => {
  it("has a line in a list, also where it is no SIP", async () => {
    const { endpoint, party } = await house();
    const bell = party({ user: "8000" });
    await bell.register("pw8000");
    bell.sendText("hello");
    await bell.settle();
    const lines = endpoint.trace.entries().map(summaryOf);
    assert.deepEqual(lines[1], {
      ...{ seq: 2, at: "2026-01-01T00:00:00.001Z", direction: "out", transport: "UDP" },
      ...{ local: "10.0.0.1:5060", remote: "10.0.0.10:5060", label: "401 Unauthorized", method: "REGISTER" },
      ...{ callId: "register-10.0.0.10", from: "sip:8000@10.0.0.1", to: "sip:8000@10.0.0.1" },
      bytes: endpoint.trace.entries()[1]?.length,
    });
    assert.deepEqual(
      lines.map(({ direction, label }) => `${direction} ${label}`),
      ["in REGISTER", "out 401 Unauthorized", "in REGISTER", "out 200 OK", "in malformed"],
    );
  });

  it("P7 is written whole, without the answer to our challenge", async () => {
    const { endpoint, party } = await house();
    await party({ user: "8000" }).register("pw8000");
    const text = endpoint.trace.entries().map(textOf).join("\n");
    assert.match(text, /^--- 2026-01-01T00:00:00\.001Z UDP 10\.0\.0\.1:5060 <- 10\.0\.0\.10:5060, \d+ bytes$/m);
    assert.match(text, /^Authorization: Digest username="8000".* response="\*{32}"/m);
    assert.doesNotMatch(text, /\r/);
  });
});
