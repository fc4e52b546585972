// New messages for whoever looks at the trace just now.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Live, lookMs } from "../../../src/sip/trace/live.ts";
import type { Summary } from "../../../src/sip/trace/text.ts";
import { house } from "../house.ts";

describe("X10 the trace while somebody looks", () => {
  it("tells new messages, until nobody has said for a while that he is still there", async () => {
    const { endpoint, party, clock } = await house();
    const told: Summary[][] = [];
    const live = new Live(endpoint.trace, clock, (messages) => told.push(messages));
    const bell = party({ user: "8000" });
    await bell.register("pw8000", { expires: 60 });
    await clock.advance(1_000);
    assert.equal(told.length, 0);
    live.look();
    await bell.register("pw8000", { seq: 10, expires: 60 });
    await clock.advance(1_000);
    assert.deepEqual(
      told.map((messages) => messages.map(({ seq, label }) => `${seq} ${label}`)),
      [["5 REGISTER", "6 401 Unauthorized", "7 REGISTER", "8 200 OK"]],
    );
    await clock.advance(lookMs - 5_000);
    live.look();
    await clock.advance(10_000);
    bell.sendText("still there");
    await clock.advance(1_000);
    assert.equal(told.length, 2);
    await clock.advance(lookMs);
    bell.sendText("gone");
    await clock.advance(1_000);
    assert.equal(told.length, 2);
    await clock.advance(60_000);
    assert.equal(clock.pending, 0);
  });

  it("tells the newest hundred of a flood, and nothing after it was closed", async () => {
    const { endpoint, party, clock } = await house();
    const told: Summary[][] = [];
    const live = new Live(endpoint.trace, clock, (messages) => told.push(messages));
    live.look();
    const stranger = party({});
    for (let count = 0; count < 300; count++) stranger.sendText(`flood ${count}`);
    await clock.advance(1_000);
    assert.deepEqual([told.length, told[0]?.length, told[0]?.at(-1)?.seq], [1, 100, 300]);
    live.close();
    stranger.sendText("more");
    await clock.advance(1_000);
    assert.deepEqual([told.length, clock.pending], [1, 0]);
  });
});
