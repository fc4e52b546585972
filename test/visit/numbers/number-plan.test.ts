import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NumberPlan } from "../../../src/visit/numbers/number-plan.ts";

describe("H20 number plan", () => {
  it("refuses a number that somebody has, naming both", () => {
    const plan = new NumberPlan();
    plan.claim("777", "the conference");
    assert.throws(
      () => plan.claim("777", "the redial loop"),
      /777 is claimed by the conference and by the redial loop/,
    );
    assert.equal(plan.owner("777"), "the conference");
  });

  it("gives a number back once, and only its owner's", () => {
    const plan = new NumberPlan();
    const free = plan.claim("777", "a");
    free();
    plan.claim("777", "b");
    free();
    assert.equal(plan.owner("777"), "b");
  });
});
