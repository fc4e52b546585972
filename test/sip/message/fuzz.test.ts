// A short run of what `npm run bench -- fuzz` does with a million messages. See ../fuzzing.ts.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fuzz, swollen, type Outcome } from "../fuzzing.ts";

function nothingFound({ findings }: Outcome): void {
  const found = findings.map(({ error, data }) => {
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${said}\n${data.toString("latin1", 0, 4000)}`;
  });
  assert.deepEqual(found, []);
}

describe("mutated messages, as datagrams and in streams", () => {
  it("throw nowhere from the parser to the dialog, are answered in writing that can be read, and leave nothing behind", async () => {
    const outcome = await fuzz(6_000, 1);
    nothingFound(outcome);
    assert.ok(outcome.whole > 1_200, `only ${outcome.whole} were whole: the mutations are too coarse to test anything`);
  });

  it("take no more than 10 ms to read, however much of whatever they hold (Targets of the design)", () => {
    const outcome = swollen(1_000, 2);
    nothingFound(outcome);
    const { ms, data } = outcome.slowest();
    assert.ok(data.length > 10_000 && ms < 10, `${ms.toFixed(1)} ms for ${data.toString("latin1", 0, 400)}`);
  });
});
