import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { strategyOf, type StrategySettings } from "../../src/visit/strategy.ts";
import { nobody, PaperHouse, play, somebody } from "./ringing.ts";

describe("ring-all", () => {
  it("H5 rings all targets at once for the time given, and names who answered", async () => {
    const house = new PaperHouse(() => ({ ...somebody("6001"), after: 3 }));
    const outcome = await play(house, { strategy: "ring-all", targets: ["6001", "6002"], seconds: 30 });
    assert.deepEqual(house.tries, [{ targets: ["6001", "6002"], seconds: 30, at: 0 }]);
    assert.equal(outcome.result, "answered");
    assert.equal(outcome.by, "6001");
  });

  it("H6 tells that nobody was registered at all", async () => {
    const house = new PaperHouse(() => ({ ...nobody("unregistered", "unregistered"), after: 0 }));
    const outcome = await play(house, { strategy: "ring-all", targets: ["6001", "6002"] });
    assert.equal(outcome.result, "unregistered");
  });

  it("tells busy and rejected from silence", async () => {
    for (const [results, expected] of [
      [["busy", "no-answer"], "busy"],
      [["busy", "rejected"], "rejected"],
      [["no-answer", "unregistered"], "unanswered"],
    ] as const) {
      const outcome = await play(new PaperHouse(() => nobody(...results)), { strategy: "ring-all", targets: ["1"] });
      assert.equal(outcome.result, expected);
    }
  });

  it("H4 rings the number that the bell dialled where no target is given", async () => {
    const house = new PaperHouse(() => nobody("no-answer"));
    await play(house, { strategy: "ring-all" });
    assert.deepEqual(house.tries[0]?.targets, ["8002"]);
  });
});

describe("redial", () => {
  const usual: StrategySettings = { strategy: "redial", targets: ["6001", "100"] };

  it("H10, H11 rings 60 s, waits 1 s, and makes exactly the 60 tries of its defaults", async () => {
    const house = new PaperHouse(() => nobody("no-answer"));
    const outcome = await play(house, usual);
    assert.equal(house.tries.length, 60);
    assert.deepEqual(
      house.tries.slice(0, 3).map(({ at, seconds }) => [at, seconds]),
      [
        [0, 60],
        [61, 60],
        [122, 60],
      ],
    );
    assert.equal(outcome.result, "unanswered");
    assert.equal(outcome.tries, 60);
    assert.equal(outcome.parties.at(-1)?.try, 60);
  });

  it("H11 makes exactly one try where one is asked for", async () => {
    const house = new PaperHouse(() => nobody("busy"));
    await play(house, { ...usual, tries: 1 });
    assert.equal(house.tries.length, 1);
    assert.equal(house.clock.pending, 0);
  });

  it("H10 stops when somebody rejects (cause 21)", async () => {
    const house = new PaperHouse((attempt) => nobody(attempt === 3 ? "rejected" : "no-answer"));
    const outcome = await play(house, usual);
    assert.equal(house.tries.length, 3);
    assert.equal(outcome.result, "rejected");
  });

  it("H10 stops where there was nothing to ring (cause 0)", async () => {
    const house = new PaperHouse(() => ({ parties: [], cause: 0, after: 0 }));
    await play(house, usual);
    assert.equal(house.tries.length, 1);
  });

  it("H10 goes on after busy, no answer, absence and a missing route", async () => {
    const results = ["busy", "no-answer", "unregistered", "unreachable"] as const;
    const house = new PaperHouse((attempt) => {
      const result = results[attempt - 1];
      return result ? nobody(result) : { ...somebody("100"), after: 2 };
    });
    const outcome = await play(house, usual);
    assert.equal(house.tries.length, 5);
    assert.deepEqual([outcome.result, outcome.by, outcome.tries], ["answered", "100", 5]);
  });

  it("H14 lets the user choose wait, tries, ring time and stop causes", async () => {
    const house = new PaperHouse(() => ({ ...nobody("busy"), after: 1 }));
    await play(house, { ...usual, seconds: 20, waitSeconds: 5, tries: 4, stopCauses: [] });
    assert.deepEqual(
      house.tries.map((t) => [t.at, t.seconds]),
      [
        [0, 20],
        [6, 20],
        [12, 20],
        [18, 20],
      ],
    );
    const stopsOnBusy = new PaperHouse(() => nobody("busy"));
    await play(stopsOnBusy, { ...usual, stopCauses: [17] });
    assert.equal(stopsOnBusy.tries.length, 1);
  });

  it("H12 tries at once when a target registers while it waits", async () => {
    const house = new PaperHouse((attempt) =>
      attempt === 1 ? { ...nobody("unregistered"), after: 0 } : somebody("6001"),
    );
    const outcome = await play(house, { ...usual, waitSeconds: 30 }, async () => {
      await house.clock.advance(4000);
      house.wake();
    });
    assert.equal(house.tries[1]?.at, 4);
    assert.equal(outcome.result, "answered");
  });

  it("H17 waits between tries though nobody is registered", async () => {
    const house = new PaperHouse(() => ({ ...nobody("unregistered"), after: 0 }));
    await play(house, { ...usual, tries: 5 });
    assert.deepEqual(
      house.tries.map((t) => t.at),
      [0, 1, 2, 3, 4],
    );
  });

  it("H18 ends when the visitor leaves, while it rings and while it waits", async () => {
    for (const seconds of [30, 60.5]) {
      const house = new PaperHouse(() => nobody("no-answer"));
      const outcome = await play(house, usual, async () => {
        await house.clock.advance(seconds * 1000);
        house.abort("cancelled");
      });
      assert.equal(outcome.result, "cancelled");
      assert.equal(house.tries.length, 1);
      assert.equal(house.clock.pending, 0);
    }
  });

  it("H18 ends when the flow says stop", async () => {
    const house = new PaperHouse(() => nobody("no-answer"));
    const outcome = await play(house, usual, async () => {
      await house.clock.advance(100_000);
      house.abort("stopped");
    });
    assert.deepEqual([outcome.result, house.tries.length], ["stopped", 2]);
  });

  it("H15, H18 with endless tries ends after its longest duration", async () => {
    const house = new PaperHouse(() => nobody("no-answer"));
    await play(house, { ...usual, tries: 0, seconds: 60, maxMinutes: 5 });
    const last = house.tries.at(-1);
    assert.ok(last && last.at + last.seconds <= 300, "no try goes beyond five minutes");
    assert.equal(house.tries.length, 5);
  });
});

describe("strategy settings", () => {
  it("names the field that is wrong", () => {
    assert.throws(() => strategyOf({ strategy: "ring-all", seconds: 0 }), /strategy: seconds must be >= 1 \(it is 0\)/);
    assert.throws(
      () => strategyOf({ strategy: "wave" }),
      /strategy must be one of ring-all, hunt, .* \(it is "wave"\)/,
    );
    assert.throws(() => strategyOf({ strategy: "redial", tires: 4 }), /tires is not known here/);
    assert.throws(() => strategyOf(undefined), /strategy: it must be object/);
  });
});

describe("what the visitor hears meanwhile", () => {
  const music = { file: "/data/wait.wav" };

  it("H15 is played before the first try, goes on between the tries, and stops when they are over", async () => {
    const house = new PaperHouse(() => nobody("no-answer"));
    const settings = { targets: ["6001"], seconds: 10, waitSeconds: 4, tries: 10, sound: music };
    await play(house, { strategy: "redial", ...settings });
    assert.equal(house.tries.length, 10);
    assert.deepEqual(house.heard, [
      { what: "/data/wait.wav", at: 0 },
      { what: "stop", at: 10 * 10 + 9 * 4 },
    ]);
  });

  it("H16, H19 may be ring-back in a call that is truly answered first", async () => {
    const house = new PaperHouse(() => ({ ...somebody("6001"), after: 3 }));
    const sound = { tone: "ring-back", country: "gb" } as const;
    await play(house, { strategy: "ring-all", targets: ["6001"], sound, answerFirst: true });
    assert.deepEqual(
      house.heard.map(({ what }) => what),
      ["answer", "ring-back gb", "stop"],
    );
    assert.equal(house.tries[0]?.at, 0);
  });

  it("is nothing where nothing is set", async () => {
    const house = new PaperHouse(() => nobody("no-answer"));
    await play(house, { strategy: "ring-all" });
    assert.deepEqual(house.heard, []);
  });

  it("names what is wrong in a setting", () => {
    const wrong = (sound: object) => () => strategyOf({ strategy: "ring-all", sound });
    assert.throws(wrong({ tone: "ringback" }), /sound\.tone must be one of ring-back, busy/);
    assert.throws(wrong({ tone: "busy", country: "xx" }), /sound\.country must be one of at, au/);
    assert.throws(wrong({}), /give one of tone, file and url/);
    assert.throws(wrong({ tone: "busy", url: "http://a/b" }), /tone and url are given: give one/);
    assert.throws(wrong({ wav: "x" }), /sound\.wav is not known here/);
  });
});

describe("what is recorded", () => {
  it("is nothing unless it is switched on; then the conversation, with a tone unless that is switched off", async () => {
    const house = new PaperHouse(() => somebody("6001"));
    await play(house, { strategy: "ring-all", targets: ["6001"] });
    assert.deepEqual(house.heard, []);
    await play(house, { strategy: "ring-all", targets: ["6001"], record: "file" });
    await play(house, {
      strategy: "redial",
      targets: ["6001"],
      record: "flow",
      recordToneSeconds: 0,
      recordMinutes: 5,
    });
    assert.deepEqual(
      house.heard.map(({ what }) => what),
      ["record to file, 3600 s, tone each 15 s", "record to flow, 300 s, tone each 0 s"],
    );
  });

  it("is a message, as the last step, of who reached nobody", async () => {
    const house = new PaperHouse((attempt) => ({ ...nobody("no-answer"), after: attempt }));
    const settings = {
      targets: ["6001"],
      tries: 2,
      waitSeconds: 1,
      messageSeconds: 30,
      greeting: { file: "hello.wav" },
    };
    const outcome = await play(house, { strategy: "redial", ...settings });
    assert.deepEqual(house.heard, [{ what: "message to file, 30 s, 5 s of silence, after hello.wav", at: 4 }]);
    assert.deepEqual([outcome.result, outcome.message?.file], ["unanswered", "/x.wav"]);
  });

  it("is no message where somebody answered, or the visitor has gone", async () => {
    const answered = new PaperHouse(() => somebody("6001"));
    await play(answered, { strategy: "ring-all", targets: ["6001"], messageSeconds: 30 });
    const gone = new PaperHouse(() => nobody("no-answer"));
    await play(gone, { strategy: "ring-all", targets: ["6001"], messageSeconds: 30 }, () => {
      gone.abort("cancelled");
      return Promise.resolve();
    });
    assert.deepEqual([answered.heard, gone.heard], [[], []]);
  });

  it("is refused where a setting is wrong, and says which", () => {
    const wrong = (settings: object) => () => strategyOf({ strategy: "ring-all", ...settings });
    assert.throws(wrong({ record: "yes" }), /record must be one of off, file, flow/);
    assert.throws(wrong({ messageSeconds: 601 }), /messageSeconds must be/);
    assert.throws(wrong({ greeting: { tone: "busy", file: "x" } }), /tone and file are given/);
  });
});
