// The server's file: what it says of security, and sentences for what is wrong.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { doorFields } from "../../src/door/settings.ts";
import { checkConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/server.ts";

const saying = (sip: object) => ({ sip, extensions: [{ extension: "6001", password: "long enough" }] });

describe("security in the server's file", () => {
  it("is MD5 and the guard's defaults where nothing is said", () => {
    const { sip } = checkConfig(saying({}));
    assert.deepEqual([sip.algorithms, sip.guard], [undefined, undefined]);
  });

  it("sets the order of digests, limits, bans and who may call (A8)", () => {
    const { sip } = checkConfig(
      saying({
        algorithms: ["SHA-256", "MD5"],
        guard: { bans: { answers: 5 }, callers: { networks: ["192.168.1.0/24"], others: "forbidden" } },
      }),
    );
    assert.deepEqual(sip.algorithms, ["SHA-256", "MD5"]);
    const guard = sip.guard as { bans: object; callers: object; limits: object };
    assert.deepEqual(guard.bans, { answers: 5, within: 10, minutes: 60, longest: 10_080 });
    assert.deepEqual(guard.callers, { networks: ["192.168.1.0/24"], numbers: [], others: "forbidden" });
  });

  const wrong: [object, RegExp][] = [
    [{ algorithms: [] }, /sip\.algorithms must NOT have fewer than 1 items/],
    [{ algorithms: ["SHA-1"] }, /sip\.algorithms\.0 must be one of MD5, SHA-256 \(it is "SHA-1"\)/],
    [{ algorithms: ["MD5", "MD5"] }, /sip\.algorithms must NOT have duplicate items/],
    [{ guard: { bans: { answers: -1 } } }, /sip\.guard\.bans\.answers must be >= 0 \(it is -1\)/],
    [{ guard: { callers: { others: "busy" } } }, /sip\.guard\.callers\.others must be one of silent, forbidden/],
    [{ guard: { limit: {} } }, /sip\.guard\.limit is not known here/],
  ];
  for (const [sip, says] of wrong)
    it(`says what is wrong with ${JSON.stringify(sip)}`, () => assert.throws(() => checkConfig(saying(sip)), says));

  it("names an entry that is no network, at the start", async () => {
    const config = checkConfig(saying({ guard: { callers: { networks: ["192.168.1.0/24", "hall"] } } }));
    await assert.rejects(
      startServer(config, () => {}),
      /callers\.networks: "hall" is no IP address and no network/,
    );
  });
});

describe("ring groups in the server's file", () => {
  const config = (...groups: object[]) => checkConfig({ ...saying({}), groups });

  it("stand for their members, and say what is wrong with them at the start", async () => {
    assert.deepEqual(config({ number: "600", members: ["6001"] }).groups, [{ number: "600", members: ["6001"] }]);
    assert.throws(() => config({ number: "600", members: [] }), /groups\.0\.members must NOT have fewer than 1 items/);
    await assert.rejects(
      startServer(config({ number: "600", members: ["601"] }, { number: "601", members: ["600"] }), () => {}),
      /ring group 601 would ring itself \(601 → 600 → 601\)/,
    );
  });
});

describe("X1 presses in the server's file", () => {
  const door = { id: "front", name: "Front", extension: "503", password: "the bell's own" };
  const buttons = [{ number: "201", name: "Meier" }];
  it("are taken as a door says, and what is wrong is named", async () => {
    const presses = { bounceSeconds: 1, pressInTalk: "wait", oneCall: true, buttons, buttonFrom: "to" };
    assert.partialDeepStrictEqual(checkConfig({ doors: [{ ...door, ...presses }] }).doors[0], presses);
    assert.throws(
      () => checkConfig({ doors: [{ ...door, pressInTalk: "hold" }] }),
      /doors\.0\.pressInTalk must be one of busy, wait, replace/,
    );
    const twice = checkConfig({ doors: [{ ...door, buttons: [...buttons, ...buttons] }] });
    await assert.rejects(
      startServer(twice, () => {}),
      /buttons has 201 twice/,
    );
  });
});

describe("doors in the server's file", () => {
  const front = { id: "front", name: "Frontdoor", extension: "503", password: "pw" };
  const door = (more: object) => checkConfig({ doors: [{ ...front, ...more }] }).doors[0];

  it("take all that a door's form takes", () => {
    const more = {
      ...{ liveWarm: 10, liveAlways: true, clipSeconds: 5, heldOpenSeconds: 60 },
      ...{ poll: "own", pollUrl: "http://{address}/", pollSeconds: 2, pollRules: [{ word: "press", when: "ring" }] },
    };
    assert.deepEqual(door(more), { ...front, ...more, preset: "generic" });
    for (const field of Object.keys(doorFields)) assert.doesNotMatch(said(field), /not known/, field);
    assert.throws(() => door({ clipSecond: 5 }), /doors\.0\.clipSecond is not known here/);
  });

  const said = (field: string): string => {
    try {
      door({ [field]: {} });
      return "";
    } catch (error) {
      return String(error);
    }
  };
});
