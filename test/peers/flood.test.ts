// A short flood against the server as it runs: see bench/flood.ts, whose minute of 5,000 messages a second this is a part of.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { flooded } from "../../bench/flood.ts";

describe("a flood of bad messages", () => {
  it("holds no ring up, fills no memory, and is not answered with more than was sent", async () => {
    const { sent, rings, before, after } = await flooded({ perSecond: 1_000, seconds: 5, connections: 50 });
    assert.ok(sent.messages >= 1_000, `only ${sent.messages} were sent`);
    assert.ok(rings.length > 0 && rings.every((ms) => ms !== undefined), `rings: ${rings.join(", ")}`);
    assert.ok(sent.answers > 0 && sent.answeredBytes < sent.bytes / 2, JSON.stringify(sent));
    const grown = (after.main - before.main) / 1e6;
    assert.ok(grown < 20, `${grown.toFixed(1)} MB more are in use`);
    assert.ok(sent.connections - sent.ended <= 60, `${sent.connections - sent.ended} silent connections are open`);
  });
});
