// Whatever comes may stand in a trace, and be looked at: nothing of that may throw, or run long.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Diagnosis } from "../../../src/sip/trace/diagnosis.ts";
import { ladderOf, ladderText } from "../../../src/sip/trace/ladder.ts";
import { pcapOf } from "../../../src/sip/trace/pcap.ts";
import { readTraced, summaryOf, textOf } from "../../../src/sip/trace/text.ts";
import { house } from "../house.ts";
import { Random } from "../random.ts";
import { secretive } from "./secrets.ts";

/** Some bytes changed, left out or put in twice. */
function mutated(data: Buffer, random: Random): Buffer {
  let made = Buffer.from(data);
  for (let times = random.below(6); times > 0; times--) {
    const at = random.below(made.length);
    const length = random.below(20);
    const piece = made.subarray(at, at + length);
    const put = random.pick([Buffer.alloc(0), Buffer.concat([piece, piece]), Buffer.from([random.below(256)])]);
    made = Buffer.concat([made.subarray(0, at), put, made.subarray(at + length)]);
  }
  return made;
}

describe("a trace of 10,000 mutated messages", () => {
  it("is looked at in every way, and nothing of it throws", async () => {
    const { endpoint, party, clock } = await house({ trace: { messages: 500, bytes: 1_000_000 } });
    const diagnosis = new Diagnosis(endpoint);
    const faults: unknown[] = [];
    endpoint.on("fault", (error) => faults.push(error));
    const random = new Random(11);
    const peer = party({});
    for (let round = 0; round < 20; round++) {
      for (let count = 0; count < 500; count++) {
        const data = mutated(Buffer.from(secretive(random).text), random);
        endpoint.trace.note(random.pick(["in", "out"]), data, peer.flow);
      }
      await clock.advance(5_000);
      const entries = endpoint.trace.entries();
      const callIds = new Set(entries.map((entry) => readTraced(entry)?.callId ?? ""));
      assert.ok(ladderText(ladderOf(entries, callIds)).length > 0);
      assert.equal(entries.map(summaryOf).length, 500);
      assert.ok(entries.map(textOf).join("").length > 0 && pcapOf(entries).length > 0);
      assert.ok(diagnosis.findings().length <= 100);
    }
    assert.deepEqual(faults, []);
    diagnosis.close();
  });
});
