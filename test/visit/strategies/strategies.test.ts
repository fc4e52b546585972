// The strategies beside ring-all and redial, on paper: see strategy.test.ts for those.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { nobody, PaperHouse, play, somebody } from "../ringing.ts";

const silence = () => new PaperHouse(() => nobody("no-answer"));
const rung = (house: PaperHouse) => house.tries.map(({ at, targets }) => [at, ...targets]);
const heard = (house: PaperHouse) => house.heard.map(({ at, what }) => `${at} ${what}`);

describe("hunt", () => {
  it("rings one target after the other, each for its time", async () => {
    const house = silence();
    const targets = ["6001", { target: "6002", seconds: 5 }, "6003"];
    const outcome = await play(house, { strategy: "hunt", targets, seconds: 15 });
    assert.deepEqual(rung(house), [
      [0, "6001"],
      [15, { target: "6002", seconds: 5 }],
      [20, "6003"],
    ]);
    assert.equal(house.elapsed, 24 * 3600);
    assert.deepEqual([outcome.result, outcome.tries, outcome.strategy], ["unanswered", 3, "hunt"]);
  });

  it("H6 goes on at once where a target is busy, absent or declines", async () => {
    const results = ["busy", "unregistered", "rejected"] as const;
    const house = new PaperHouse((nth) => ({ ...nobody(results[nth - 1] ?? "no-answer"), after: 0 }));
    const outcome = await play(house, { strategy: "hunt", targets: ["6001", "6002", "6003"] });
    assert.deepEqual(
      house.tries.map(({ at }) => at),
      [0, 0, 0],
    );
    assert.equal(outcome.result, "rejected", "what says most of all targets, not of the last");
  });

  it("ends with the first answer, and with the visitor", async () => {
    const answered = new PaperHouse((nth) => (nth === 2 ? { ...somebody("6002"), after: 1 } : nobody("no-answer")));
    const { result, by } = await play(answered, { strategy: "hunt", targets: ["6001", "6002", "6003"] });
    assert.deepEqual([result, by, answered.tries.length], ["answered", "6002", 2]);
    const left = silence();
    const outcome = await play(left, { strategy: "hunt", targets: ["6001", "6002"] }, async () => {
      await left.clock.advance(5000);
      left.abort("cancelled");
    });
    assert.deepEqual([outcome.result, left.tries.length], ["cancelled", 1]);
  });

  it("waits a target's delay before it, without taking of its time", async () => {
    const house = silence();
    await play(house, { strategy: "hunt", targets: [{ target: "6001", delay: 30 }, "6002"], seconds: 10 });
    assert.deepEqual(
      house.tries.map(({ at, seconds }) => [at, seconds]),
      [
        [0, 40],
        [40, 10],
      ],
    );
  });
});

describe("waves", () => {
  const delays = (house: PaperHouse) =>
    house.tries[0]?.targets.map((one) => (typeof one === "string" ? undefined : [one.target, one.delay]));

  it("H13 lets each target join those that ring already, the last for the whole ring time", async () => {
    const house = silence();
    const targets = ["hall", "dashboard", "6001", "0301234@provider"];
    await play(house, { strategy: "waves", targets, seconds: 30, waitSeconds: 8 });
    assert.deepEqual(delays(house), [
      ["hall", 0],
      ["dashboard", 8],
      ["6001", 16],
      ["0301234@provider", 24],
    ]);
    assert.deepEqual([house.tries.length, house.tries[0]?.seconds], [1, 54]);
  });

  it("puts a target with a delay of its own into that wave, and the next one after it", async () => {
    const house = silence();
    const targets = ["6001", { target: "6002", delay: 0 }, { target: "6003", delay: 20, seconds: 50 }, "6004"];
    await play(house, { strategy: "waves", targets, seconds: 30 });
    assert.deepEqual(delays(house), [
      ["6001", 0],
      ["6002", 0],
      ["6003", 20],
      ["6004", 30],
    ]);
    assert.equal(house.tries[0]?.seconds, 70, "as long as the one that rings longest");
  });
});

describe("retry dial", () => {
  const wait = { file: "wait.wav" };

  it("H15 makes 10 tries with 4 s between them where nothing else is said", async () => {
    const house = silence();
    const outcome = await play(house, { strategy: "retry-dial", targets: ["100"] });
    assert.deepEqual(
      house.tries.map(({ at }) => at),
      Array.from({ length: 10 }, (_, i) => i * 24),
    );
    assert.deepEqual([outcome.result, outcome.tries], ["unanswered", 10]);
  });

  it("H15 lets the visitor hear the announcement to its end after each vain try, then the music again", async () => {
    const house = silence();
    const sound = { file: "music.wav" };
    const settings = { targets: ["100"], tries: 2, seconds: 10, announcement: wait, sound };
    await play(house, { strategy: "retry-dial", ...settings });
    assert.deepEqual(heard(house), ["0 music.wav", "10 wait.wav once", "13 music.wav", "27 stop"]);
    assert.equal(house.tries[1]?.at, 17, "3 s of announcement and 4 s of waiting");
  });

  it("H15 goes on after somebody has declined, for a person may think again", async () => {
    const house = new PaperHouse((nth) => (nth === 3 ? somebody("100") : nobody("rejected")));
    const { result, tries } = await play(house, { strategy: "retry-dial", targets: ["100"], announcement: wait });
    assert.deepEqual([result, tries], ["answered", 3]);
  });

  it("H12 tries at once when the target registers in the middle of the announcement", async () => {
    const house = new PaperHouse((nth) => (nth === 1 ? { ...nobody("unregistered"), after: 0 } : somebody("100")));
    await play(house, { strategy: "retry-dial", targets: ["100"], announcement: wait }, async () => {
      await house.clock.advance(1000);
      house.wake();
    });
    assert.equal(house.tries[1]?.at, 1);
  });

  it("H15, H18 with 0 tries is endless until its longest duration, announcements included", async () => {
    const house = silence();
    await play(house, { strategy: "retry-dial", targets: ["100"], tries: 0, maxMinutes: 5, announcement: wait });
    const last = house.tries.at(-1);
    assert.ok(last && last.at + last.seconds <= 300);
    assert.equal(house.clock.pending, 0);
  });
});

describe("until answered", () => {
  it("H16 rings again and again, whoever declines or is busy, until somebody answers", async () => {
    const results = ["no-answer", "busy", "rejected", "unreachable"] as const;
    const house = new PaperHouse((nth) =>
      nth === 200 ? somebody("104") : { ...nobody(results[nth % 4] ?? "busy"), after: 5 },
    );
    const { result, by, tries, strategy } = await play(house, { strategy: "until-answered", targets: ["100", "104"] });
    assert.deepEqual([result, by, tries, strategy], ["answered", "104", 200, "until-answered"]);
  });

  it("H17 waits where nobody is registered, and where there is nobody to ring", async () => {
    for (const result of [nobody("unregistered"), { parties: [], cause: 0 }]) {
      const house = new PaperHouse(() => ({ ...result, after: 0 }));
      await play(house, { strategy: "until-answered", maxMinutes: 1, waitSeconds: 2 });
      assert.equal(house.tries.length, 30);
    }
  });

  it("H18 ends after its longest duration, when the bell goes and when the flow says stop", async () => {
    const endless = silence();
    const { result } = await play(endless, { strategy: "until-answered", targets: ["100"] });
    const last = endless.tries.at(-1);
    assert.equal(result, "unanswered");
    assert.ok(last && last.at + last.seconds <= 120 * 60, "two hours where nothing else is said");
    for (const reason of ["cancelled", "stopped"] as const) {
      const house = silence();
      const outcome = await play(house, { strategy: "until-answered", targets: ["100"] }, async () => {
        await house.clock.advance(1000_000);
        house.abort(reason);
      });
      assert.deepEqual([outcome.result, house.clock.pending], [reason, 0]);
    }
  });

  it("H16, H19 plays ring-back to a bell whose call it answers; one that rings makes its own", async () => {
    const [answered, early] = [silence(), silence()];
    await play(answered, { strategy: "until-answered", targets: ["100"], maxMinutes: 1, answerFirst: true });
    await play(early, { strategy: "until-answered", targets: ["100"], maxMinutes: 1 });
    assert.deepEqual(heard(answered), ["0 answer", "0 ring-back ", "60 stop"]);
    assert.deepEqual(heard(early), []);
  });
});

describe("park", () => {
  it("H7 waits in the place, and whoever fetches the visitor has answered", async () => {
    const house = new PaperHouse(() => ({ ...somebody("6001"), after: 20 }));
    const sound = { file: "music.wav" };
    const outcome = await play(house, { strategy: "park", place: "Hall", seconds: 60, sound });
    assert.deepEqual([outcome.result, outcome.by, outcome.strategy], ["answered", "6001", "park"]);
    assert.deepEqual(heard(house), ["0 parked in Hall with music.wav"], "the music is the place's affair");
  });

  it("H7 goes on, hangs up, rings again or takes a message where nobody fetches it", async () => {
    const expected = {
      "go-on": [[0], ["0 parked in the place with its music"], "unanswered"],
      "hang-up": [[0], ["0 parked in the place with its music", "60 refused with 480, cause 19"], "unanswered"],
      "ring-again": [[0, 60], ["0 parked in the place with its music"], "unanswered"],
    } as const;
    for (const [then, [times, sounds, result]] of Object.entries(expected)) {
      const house = silence();
      const outcome = await play(house, { strategy: "park", then: then as keyof typeof expected, targets: ["6001"] });
      assert.deepEqual([house.tries.map(({ at }) => at), heard(house), outcome.result], [times, sounds, result], then);
    }
    const house = silence();
    const { message } = await play(house, { strategy: "park", then: "message" });
    assert.equal(message?.kind, "message");
    assert.match(heard(house)[1] ?? "", /^60 message to file, 60 s/);
  });

  it("H7 does what the place says where the strategy says nothing; as a step it goes on", async () => {
    const place = (next: "hang-up" | "message") =>
      new PaperHouse(() => Object.assign(nobody("no-answer"), { next, reason: "nobody fetched the visitor" }));
    const left = place("hang-up");
    const { result, reason } = await play(left, { strategy: "park" });
    assert.deepEqual([result, reason], ["unanswered", "nobody fetched the visitor"]);
    assert.deepEqual(heard(left).at(-1), "60 refused with 480, cause 19");
    assert.equal((await play(place("message"), { strategy: "park" })).message?.kind, "message");
    assert.equal((await play(place("message"), { strategy: "park", then: "go-on" })).message, undefined);
    const house = place("hang-up");
    const steps = [{ strategy: "park" as const }, { strategy: "ring-all" as const, targets: ["6001"] }];
    await play(house, { strategy: "steps", steps });
    assert.deepEqual(
      [house.tries.map(({ at }) => at), heard(house)],
      [[0, 60], ["0 parked in the place with its music"]],
    );
  });

  it("H7 where every slot is taken is an outcome of its own", async () => {
    const reason = "every slot is taken";
    const house = new PaperHouse(() => Object.assign(nobody("busy"), { isFull: true, reason, after: 0 }));
    const outcome = await play(house, { strategy: "park", targets: ["6001"] });
    assert.deepEqual([outcome.result, outcome.reason], ["full", reason]);
  });

  it("H7 rings the targets again, and numbers the tries on", async () => {
    const house = new PaperHouse((nth) => (nth === 1 ? nobody("no-answer") : { ...somebody("6001"), after: 2 }));
    const outcome = await play(house, { strategy: "park", then: "ring-again", targets: ["6001"] });
    assert.deepEqual(house.tries[1]?.targets, ["6001"]);
    assert.deepEqual([outcome.result, outcome.tries, outcome.parties.map((one) => one.try)], ["answered", 2, [1, 2]]);
  });
});

describe("conference", () => {
  it("H9 waits in the room, where people dial in or are rung into", async () => {
    const house = new PaperHouse(() => ({ ...somebody("6002"), after: 10 }));
    const targets = ["6001", "6002"];
    const { result, by } = await play(house, { strategy: "conference", place: "Lobby", targets, seconds: 90 });
    assert.deepEqual([result, by], ["answered", "6002"]);
    assert.deepEqual(heard(house), ["0 in Lobby with its music"]);
    assert.deepEqual(house.tries[0], { targets, seconds: 90, at: 0 });
  });

  it("H9 rings nobody where nobody is named, not even whom the bell dialled", async () => {
    const house = silence();
    const { result } = await play(house, { strategy: "conference" });
    assert.deepEqual([house.tries[0]?.targets, result], [[], "unanswered"]);
  });
});

describe("message", () => {
  it("asks the visitor to speak, and rings nobody", async () => {
    const house = silence();
    const greeting = { file: "hello.wav" };
    const outcome = await play(house, { strategy: "message", greeting, messageSeconds: 20, messageTo: "flow" });
    assert.deepEqual(heard(house), ["0 message to flow, 20 s, 5 s of silence, after hello.wav"]);
    assert.deepEqual([outcome.result, outcome.tries, outcome.message?.seconds], ["unanswered", 0, 3]);
    assert.deepEqual(house.tries, []);
  });

  it("takes a minute where nothing else is said", async () => {
    const house = silence();
    await play(house, { strategy: "message" });
    assert.match(heard(house)[0] ?? "", /^0 message to file, 60 s/);
  });
});

describe("refuse", () => {
  it("tells the bell a status and its cause", async () => {
    for (const [settings, told] of [
      [{}, "refused with 603, cause 21"],
      [{ status: 486 }, "refused with 486, cause 17"],
      [{ status: 480, cause: 20 }, "refused with 480, cause 20"],
    ] as const) {
      const house = silence();
      const outcome = await play(house, { strategy: "refuse", ...settings });
      assert.deepEqual([outcome.result, outcome.tries, heard(house)], ["refused", 0, [`0 ${told}`]]);
    }
  });

  it("takes no status that would let the bell go on", () => {
    for (const status of [200, 302, 401, 407, 503])
      assert.throws(
        () => strategyOf({ strategy: "refuse", status }),
        /no status to refuse a call with: use one from 400/,
      );
  });
});

describe("steps", () => {
  it("are strategies one after the other; their tries are numbered on", async () => {
    const house = silence();
    const outcome = await play(house, {
      strategy: "steps",
      steps: [
        { strategy: "ring-all", targets: ["6001", "6002"], seconds: 20 },
        { strategy: "redial", targets: ["6003"], tries: 2, seconds: 10, waitSeconds: 1 },
        { strategy: "hunt", targets: ["0301", "0302"], seconds: 30 },
        { strategy: "message" },
      ],
    });
    assert.deepEqual(rung(house), [
      [0, "6001", "6002"],
      [20, "6003"],
      [31, "6003"],
      [41, "0301"],
      [71, "0302"],
    ]);
    assert.deepEqual(
      outcome.parties.map((one) => one.try),
      [1, 2, 3, 4, 5],
    );
    assert.deepEqual([outcome.strategy, outcome.tries, outcome.message?.kind], ["steps", 5, "message"]);
    assert.match(heard(house)[0] ?? "", /^101 message/);
  });

  it("end with the one that somebody answers", async () => {
    const house = new PaperHouse((nth) => (nth === 2 ? somebody("6002") : nobody("rejected")));
    const steps = ["6001", "6002", "6003"].map((target) => ({ strategy: "ring-all" as const, targets: [target] }));
    const { result, by, tries } = await play(house, { strategy: "steps", steps });
    assert.deepEqual([result, by, tries], ["answered", "6002", 2]);
  });

  it("H18 end when the visitor goes, and when the bell is refused", async () => {
    const left = silence();
    const ring = { strategy: "ring-all" as const, targets: ["6001"] };
    const outcome = await play(left, { strategy: "steps", steps: [ring, ring] }, async () => {
      await left.clock.advance(10_000);
      left.abort("cancelled");
    });
    assert.deepEqual([outcome.result, left.tries.length], ["cancelled", 1]);
    const refused = silence();
    const end = await play(refused, { strategy: "steps", steps: [{ strategy: "refuse" }, ring] });
    assert.deepEqual([end.result, refused.tries.length], ["refused", 0]);
  });

  it("ring whom is named for all of them where one names nobody", async () => {
    const house = silence();
    const steps = [{ strategy: "ring-all" as const }, { strategy: "ring-all" as const, targets: ["6002"] }];
    await play(house, { strategy: "steps", targets: ["6001"], steps });
    assert.deepEqual(rung(house), [
      [0, "6001"],
      [60, "6002"],
    ]);
  });

  it("H15 have sounds of their own, after which the one for all goes on", async () => {
    const house = silence();
    const steps = [
      { strategy: "ring-all" as const, seconds: 5 },
      { strategy: "ring-all" as const, seconds: 5, sound: { file: "own.wav" } },
      { strategy: "ring-all" as const, seconds: 5 },
      ...[
        { strategy: "retry-dial" as const, tries: 2, seconds: 1, waitSeconds: 1, announcement: { file: "once.wav" } },
      ],
    ];
    await play(house, { strategy: "steps", steps, sound: { file: "all.wav" }, answerFirst: true });
    assert.deepEqual(heard(house), [
      ...[
        "0 answer",
        "0 all.wav",
        "5 own.wav",
        "10 stop",
        "10 all.wav",
        "15 all.wav",
        "16 once.wav once",
        "19 all.wav",
        "21 stop",
        "21 stop",
      ],
    ]);
  });

  it("H7 have the sound for all again after a place with music of its own", async () => {
    const house = silence();
    const steps = [
      { strategy: "park" as const, seconds: 5 },
      { strategy: "ring-all" as const, seconds: 5 },
    ];
    await play(house, { strategy: "steps", steps, sound: { file: "all.wav" } });
    assert.deepEqual(heard(house), ["0 all.wav", "0 parked in the place with its music", "5 all.wav", "10 stop"]);
  });

  it("say which of them is wrong", () => {
    const wrong =
      (...steps: object[]) =>
      () =>
        strategyOf({ strategy: "steps", steps });
    assert.throws(wrong(), /^PorteroError: strategy: steps is empty: name a strategy$/);
    assert.throws(wrong({}), /steps\.0\.strategy is missing/);
    assert.throws(wrong({ strategy: "park" }, { strategy: "redial", tries: -1 }), /steps\.1\.tries must be >= 0/);
    assert.throws(wrong({ strategy: "ring-all", record: "file" }), /steps\.0\.record is not known here/);
    assert.throws(wrong({ strategy: "steps" }), /steps\.0\.strategy is "steps": steps have no steps of their own/);
    assert.throws(wrong({ strategy: "refuse", status: 200 }), /200 is no status to refuse a call with/);
    assert.throws(wrong({ strategy: "ring-all", targets: [{ target: "1", account: "a b" }] }), /targets\.0\.account/);
  });
});

describe("a target's delay", () => {
  it("must end before the ring does, where the ring does not wait for it", () => {
    const targets = [{ target: "6002", delay: 40 }];
    const fault =
      /target 6002 is to ring after 40 seconds, but it rings for 30 seconds only: let it ring longer, or this/;
    for (const strategy of ["ring-all", "redial", "until-answered"])
      assert.throws(() => strategyOf({ strategy, targets, seconds: 30 }), fault);
    assert.throws(() => strategyOf({ strategy: "retry-dial", targets }), /rings for 20 seconds only/);
    for (const strategy of ["hunt", "waves"]) strategyOf({ strategy, targets, seconds: 30 });
  });
});

describe("the record of very many tries", () => {
  it("H18 keeps the last 200 parties, and how many were before them", async () => {
    const house = new PaperHouse(() => ({ ...nobody("busy", "no-answer"), after: 0 }));
    const { tries, parties, omitted } = await play(house, { strategy: "redial", tries: 1000, targets: ["1", "2"] });
    assert.deepEqual([tries, parties.length, omitted], [1000, 200, 1800]);
    assert.deepEqual([parties[0]?.try, parties.at(-1)?.try], [901, 1000]);
  });
});
