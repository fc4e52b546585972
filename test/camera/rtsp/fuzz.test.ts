// A short run of what `npm run bench -- fuzz` does with a million packets. See fuzzing.ts.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fuzz } from "./fuzzing.ts";

describe("mutated packets of a camera", () => {
  it("throw nowhere, hold no more than the limits, and leave pictures that are whole JPEGs", () => {
    const { findings, frames, messages, held } = fuzz(20_000, 3);
    const found = findings.map(({ error, data }) => `${(error as Error).stack ?? ""}\n${data.toString("hex")}`);
    assert.deepEqual(found.slice(0, 3), []);
    assert.ok(frames > 500 && messages > 50, `${frames} frames, ${messages} messages: too coarse to test anything`);
    assert.ok(held < 2 ** 20, `${held} bytes held for pictures of a kilobyte`);
  });
});
