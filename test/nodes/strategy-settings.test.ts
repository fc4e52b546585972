// What the dialog of dial-strategy says, as settings of a strategy.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { settingsFor } from "../../nodes/dial-strategy/settings.ts";
import type { Message, Red, RedNode } from "../../nodes/red.d.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import { fieldsOf, strategyNames } from "../../src/visit/strategies/usual.ts";

const nodes: Record<string, object> = { p1: { place: "Hall" }, r1: { place: "Lobby" }, odd: {} };
const RED = {
  nodes: { getNode: (id: string) => nodes[id] ?? null },
  util: {
    evaluateNodeProperty: (
      value: string,
      type: string,
      _node: RedNode,
      msg: Message,
      done: (error: Error | null, result?: unknown) => void,
    ) => done(null, type === "msg" ? msg[value] : value),
  },
} as unknown as Red;
const of = (config: object, msg: Message = {}) =>
  settingsFor(RED, {} as RedNode, { id: "n", type: "dial-strategy", ...config }, msg);

/** As a dialog keeps it in which somebody has tried every strategy. */
const everything = {
  ...{ targets: ["6001"], seconds: "30", tries: "5", waitSeconds: "2", maxMinutes: "10", stopCauses: "17" },
  ...{ sound: "file", soundFile: "/a.wav", announcement: "http://a/b.wav", answerFirst: true },
  ...{ parking: "p1", conference: "r1", then: "go-on", status: "486", steps: [{ strategy: "refuse" }] },
  ...{ record: "file", message: "flow", messageSeconds: "20", greeting: "/hello.wav" },
};

describe("dial-strategy gives a strategy the settings that are its own", () => {
  const looking = ["targets", "seconds", "sound", "answerFirst", "record", "messageTo", "greeting"];
  const expected: Record<(typeof strategyNames)[number], readonly string[]> = {
    "ring-all": looking,
    hunt: looking,
    waves: [...looking, "waitSeconds"],
    redial: [...looking, "tries", "waitSeconds", "maxMinutes", "stopCauses"],
    "retry-dial": [...looking, "tries", "waitSeconds", "maxMinutes", "announcement"],
    "until-answered": [...looking, "waitSeconds", "maxMinutes"],
    park: ["place", "seconds", "sound", "then", "targets", "record", "messageTo", "greeting"],
    conference: ["place", "targets", "seconds", "sound", "record"],
    message: ["messageTo", "greeting"],
    refuse: ["status"],
    steps: ["steps", "sound", "answerFirst", "record", "messageTo", "greeting"],
  };
  for (const strategy of strategyNames)
    it(`${strategy}: and no other`, async () => {
      const settings = await of({ ...everything, strategy });
      const found = Object.keys(settings).filter(
        (name) => !["strategy", "messageSeconds", "recordToneSeconds", "recordMinutes"].includes(name),
      );
      assert.deepEqual(found.sort(), [...expected[strategy]].sort());
      assert.equal(strategyOf(settings).called, strategy);
      assert.ok(fieldsOf[strategy].length > 0);
    });

  it("H14: what is blank is what is usual there, and what the place says of a place", async () => {
    assert.partialDeepStrictEqual(await of({ strategy: "retry-dial" }), { seconds: 20, tries: 10, waitSeconds: 4 });
    assert.partialDeepStrictEqual(await of({ strategy: "redial", seconds: "" }), {
      ...{ seconds: 60, tries: 60, waitSeconds: 1, maxMinutes: 120, stopCauses: [21, 0] },
    });
    assert.deepEqual(await of({ strategy: "park" }), { strategy: "park", targets: [] });
    assert.deepEqual(await of({ strategy: "conference" }), { strategy: "conference", targets: [] });
  });

  it("H7, H9: a place is known by the name that its config node says", async () => {
    assert.partialDeepStrictEqual(await of({ strategy: "park", parking: "p1" }), { place: "Hall" });
    assert.partialDeepStrictEqual(await of({ strategy: "conference", conference: "r1" }), { place: "Lobby" });
    await assert.rejects(
      of({ strategy: "park", parking: "gone" }),
      /the parking place was deleted or is disabled: choose/,
    );
  });

  it("message: is into a file where the dialog says no more, after parking too", async () => {
    const said = { messageTo: "file", messageSeconds: 60 };
    assert.deepEqual(await of({ strategy: "message", message: "off" }), { strategy: "message", ...said });
    assert.partialDeepStrictEqual(await of({ strategy: "park", then: "message" }), said);
  });

  it("targets: rows without a number are none, and figures that were typed are numbers", async () => {
    const targets = ["6001 ", "", { target: " 6002 ", delay: "10", silentSeconds: "", confirm: true }, { target: "" }];
    const settings = (await of({ targets })) as { targets: unknown };
    assert.partialDeepStrictEqual(settings.targets, ["6001", { target: "6002", delay: 10, confirm: true }]);
    strategyOf(settings);
    assert.throws(
      () => strategyOf({ strategy: "ring-all", targets: [{ target: "1", delay: "soon" }] }),
      /delay must be/,
    );
  });

  it("msg.strategy is laid over it: a name, or some settings", async () => {
    const config = { ...everything, strategy: "ring-all" };
    assert.partialDeepStrictEqual(await of(config, { strategy: "redial" }), {
      strategy: "redial",
      tries: 5,
      seconds: 30,
    });
    assert.partialDeepStrictEqual(await of(config, { strategy: { targets: ["6002"] } }), {
      ...{ strategy: "ring-all", targets: ["6002"], seconds: 30 },
    });
    assert.partialDeepStrictEqual(await of({ ...config, seconds: "s", secondsType: "msg" }, { s: 12 }), {
      seconds: 12,
    });
  });

  it("msg.strategy that is wrong has a sentence", async () => {
    for (const [strategy, says] of [
      ["wave", /^PorteroError: strategy: strategy must be one of ring-all, hunt, .*\(it is "wave"\)$/],
      [{ strategy: "toString" }, /strategy must be one of/],
      [{ targets: "6001" }, /targets must be array/],
      [{ seconds: "10" }, /seconds must be number/],
      [{ steps: [{ strategy: "refuse" }], strategy: "steps", tries: 0.5 }, /tries must be integer/],
    ] as const)
      await assert.rejects(async () => strategyOf(await of(everything, { strategy })), says);
  });
});
