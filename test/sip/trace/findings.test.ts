// The list of findings: bounded, forgetful, and safe to show.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { quietMs } from "../../../src/sip/trace/findings.ts";
import { last } from "../house.ts";
import { sdp } from "../party.ts";
import { codes, watched } from "./watched.ts";

describe("X10 the list of findings", () => {
  it("forgets what was not seen for half an hour; it is told again when it comes back", async () => {
    const made = await watched();
    const bell = made.party({ user: "8000" });
    await bell.authenticated("REGISTER", "wrong", { seq: 1, callId: "r" });
    assert.deepEqual(codes(await made.findings()), ["refused"]);
    await made.clock.advance(quietMs);
    assert.deepEqual(await made.findings(), []);
    await bell.authenticated("REGISTER", "wrong", { seq: 3, callId: "r" });
    assert.deepEqual(codes(await made.findings()), ["refused"]);
    assert.equal(made.told.length, 2);
  });

  it("is bounded, and so is what is told, however many strangers come", async () => {
    const made = await watched();
    for (let count = 0; count < 300; count++) {
      const stranger = made.party({ user: `u${count}`, host: `10.1.${count >> 8}.${count & 255}` });
      const first = stranger.request("REGISTER", { callId: `c${count}` });
      stranger.send(first);
      stranger.send(stranger.answerTo(await stranger.takeResponse(401), first, "guess"));
      await stranger.settle();
    }
    assert.deepEqual([(await made.findings()).length, made.told.length], [100, 30]);
  });

  it("holds nothing that a device wrote to be read as something else", async () => {
    const made = await watched();
    const bell = made.party({ user: "8000" });
    await bell.authenticated("INVITE", "pw8000", {
      to: `${"9".repeat(400)}%0d%0a1`,
      body: ["application/sdp", sdp(4000)],
    });
    last(made.calls).reject(404);
    await bell.settle();
    const [{ text, count } = { text: "", count: 0 }] = await made.findings();
    assert.equal(count, 1);
    assert.match(text, /^8000 at 10\.0\.0\.10 dials 9+/);
    assert.ok(text.length <= 300 && !/[\r\n]/.test(text));
  });
});
