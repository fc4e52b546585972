// A strategy that goes on though its visit is over, or another one has taken its place, does nothing any more that is told or heard.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Outcome } from "../../src/visit/messages.ts";
import type { Ringing } from "../../src/visit/strategies/verbs.ts";
import { Desk } from "./desk.ts";

describe("a strategy that is over", () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = await Desk.open();
    desk.switchboard.parking.add({ name: "hall" }, "hall");
    desk.switchboard.addRoom({ name: "room" }, "room");
  });
  afterEach(() => desk.close());

  const nobody: Outcome = { result: "unanswered", tries: 0, parties: [] };
  const verbs: Readonly<Record<string, (ringing: Ringing) => Promise<{ parties: readonly unknown[] }>>> = {
    ring: (ringing) => ringing.ring(["6001"], 30),
    park: (ringing) => ringing.park({}),
    confer: (ringing) => ringing.confer({}),
  };

  for (const [verb, use] of Object.entries(verbs))
    it(`X6 tells of no try: ${verb}`, async () => {
      await desk.device("8000").dial("8002");
      const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
      const results: unknown[] = [];
      await visit.answerBy(async (ringing) => {
        visit.stop();
        results.push(await use(ringing));
        return nobody;
      });
      assert.deepEqual(results, [{ parties: [], cause: 0 }]);
      assert.deepEqual(desk.told("trying"), []);
      assert.deepEqual(visit.view().attempt, 0);
    });

  it("H9 tells of no try in a conference, where the visitor goes before its media are there", async () => {
    await desk.device("8000").dial("8002");
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
    const outcome = visit.answerBy(async (ringing) => {
      await ringing.confer({});
      return nobody;
    });
    visit.stop();
    await outcome;
    assert.deepEqual(desk.told("trying"), []);
  });

  it("H3 is no failure where its bell offers no sound that can be used", async () => {
    const bell = desk.device("8000");
    await bell.dial("8002", {}, { codecs: "18" });
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
    const { result } = await visit.answerBy(async (ringing) => {
      await ringing.ring(["6001"], 30);
      return nobody;
    });
    assert.deepEqual([result, visit.state], ["stopped", "ended"]);
    assert.deepEqual(
      desk.logged.filter((text) => text.includes("strategy")),
      [],
    );
  });
});
