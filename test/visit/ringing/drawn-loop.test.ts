// A loop that a flow draws: what comes out as unanswered goes in again at once.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { strategyOf } from "../../../src/visit/strategy.ts";
import type { Outcome } from "../../../src/visit/messages.ts";
import { Desk } from "../desk.ts";

/** A press that would ring a number at which nobody is registered. */
async function pressed(desk: Desk) {
  desk.addNumber("6001");
  const bell = desk.device("8000");
  const invite = await bell.dial("9");
  return { bell, invite, visit: desk.switchboard.lastVisit("front") ?? assert.fail() };
}

describe("H17 a loop that is drawn without a pause", () => {
  it("makes some tries at once, then one a second, and ends with its visitor (H18)", async () => {
    const desk = await Desk.open();
    try {
      const { bell, invite, visit } = await pressed(desk);
      const strategy = strategyOf({ strategy: "ring-all", targets: ["6001"], seconds: 20 });
      const looping = (async (): Promise<Outcome> => {
        for (;;) {
          const outcome = await visit.answerBy(strategy);
          if (visit.state === "ended") return outcome;
          assert.equal(outcome.result, "unregistered");
        }
      })();
      const tries = () => desk.told("trying").length;
      await desk.clock.advance(10);
      assert.equal(tries(), 6);
      await desk.clock.advance(3_000);
      assert.equal(tries(), 9);
      bell.party.send(
        bell.request("CANCEL", { seq: invite.cseq?.number ?? 0, branch: invite.via?.params.get("branch") ?? "" }),
      );
      await bell.party.settle();
      assert.equal((await looping).result, "cancelled");
      assert.equal(tries(), 9);
    } finally {
      await desk.close();
    }
  });

  it("H18 is over after two hours, though its bell never hangs up and each strategy takes its time", async () => {
    const desk = await Desk.open();
    try {
      const { bell, visit } = await pressed(desk);
      const look = async (maxMinutes: number) => {
        const redial = { strategy: "redial", targets: ["6001"], tries: 0, waitSeconds: 30, maxMinutes };
        const answered = visit.answerBy(strategyOf(redial));
        await desk.clock.advance(60_000 * maxMinutes);
        return (await answered).result;
      };
      assert.equal(await look(180), "unregistered", "the first one has as long as it says");
      for (let hour = 0; hour < 2; hour++) assert.equal(await look(60), "unregistered");
      assert.equal(visit.state, "ringing");
      assert.equal(await look(60), "cancelled");
      assert.equal((await desk.ended()).text, "nobody has answered for two hours");
      await bell.party.takeResponse(480);
    } finally {
      await desk.close();
    }
  });

  it("H18 is over after two hours however many strategies there are in them", async () => {
    const desk = await Desk.open();
    try {
      const { bell, visit } = await pressed(desk);
      const strategy = strategyOf({ strategy: "ring-all", targets: ["6001"], seconds: 20 });
      for (let minutes = 0; minutes < 120; minutes++) {
        assert.equal((await visit.answerBy(strategy)).result, "unregistered");
        await desk.clock.advance(30_000);
        assert.equal((await visit.answerBy(strategy)).result, "unregistered");
        await desk.clock.advance(30_000);
      }
      assert.equal(visit.state, "ringing");
      assert.equal((await visit.answerBy(strategy)).result, "cancelled");
      assert.equal((await desk.ended()).text, "nobody has answered for two hours");
      await bell.party.takeResponse(480);
    } finally {
      await desk.close();
    }
  });
});
