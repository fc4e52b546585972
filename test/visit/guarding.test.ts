// What the house tells of bans: as plain JSON, in its log, and what lifting one says.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PorteroError } from "../../src/errors.ts";
import type { Log } from "../../src/log.ts";
import { Guarding, type BanView } from "../../src/visit/guarding.ts";
import { house } from "../sip/house.ts";

async function guarded(guard: object = {}) {
  const made = await house({ guard: { bans: { answers: 2 }, ...guard } });
  const [logged, troubles]: [string[], PorteroError[]] = [[], []];
  const told: (BanView & { event: string })[] = [];
  const note = (text: string) => void logged.push(text);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const guarding = new Guarding(made.endpoint.guard, log, {
    banned: (ban) => told.push({ event: "banned", ...ban }),
    lifted: (ban) => told.push({ event: "lifted", ...ban }),
    trouble: (error) => troubles.push(error),
  });
  /** A device that answers two challenges wrongly. */
  const intruder = async (host: string) => {
    const device = made.party({ user: "6001", host });
    for (const seq of [1, 3]) await device.authenticated("REGISTER", "wrong", { seq, callId: host });
    return device;
  };
  return { ...made, guarding, logged, troubles, told, intruder };
}

describe("bans of the house", () => {
  it("are told with address, times and a sentence, and said in the log", async () => {
    const { guarding, intruder, told, logged, clock } = await guarded();
    await intruder("192.168.1.77");
    const now = clock.now();
    const [ban] = guarding.bans();
    assert.equal(ban?.address, "192.168.1.77");
    assert.equal(ban.text, "192.168.1.77 is banned for 1 h: 2 wrong passwords for 6001");
    const seconds = (Date.parse(ban.until) - now) / 1000;
    assert.ok(seconds > 3590 && seconds <= 3600, `${seconds} s to go`);
    assert.deepEqual(told, [{ event: "banned", ...ban }]);
    assert.deepEqual(logged, [ban.text]);
  });

  it("end by themselves, and that is told", async () => {
    const { guarding, intruder, told, clock } = await guarded();
    await intruder("192.168.1.77");
    await clock.advance(3_600_000);
    assert.deepEqual(guarding.bans(), []);
    const { event, text, reason } = told.at(-1) as BanView & { event: string; reason: string };
    assert.deepEqual([event, text, reason], ["lifted", "192.168.1.77 is heard again", "expired"]);
  });

  it("are lifted by address, or all at once", async () => {
    const { guarding, intruder, logged } = await guarded();
    for (const host of ["192.168.1.77", "192.168.1.78", "192.168.1.79"]) await intruder(host);
    assert.equal(guarding.lift("192.168.1.78"), 1);
    assert.equal(logged.at(-1), "192.168.1.78 is heard again: its ban was lifted");
    assert.deepEqual(
      guarding.bans().map(({ address }) => address),
      ["192.168.1.77", "192.168.1.79"],
    );
    assert.equal(guarding.lift("all"), 2);
    assert.equal(guarding.lift("all"), 0);
  });

  it("cannot be lifted where there is none, or by what is no address: it is said", async () => {
    const { guarding } = await guarded();
    assert.throws(() => guarding.lift("192.168.1.77"), /192\.168\.1\.77 is not banned/);
    assert.throws(() => guarding.lift("kitchen"), /lift: "kitchen" is no IP address/);
    assert.throws(() => guarding.lift(""), /lift: which address/);
  });

  it("are not the only news: too many messages of one source are trouble", async () => {
    const { party, troubles } = await guarded({ limits: { perSource: 1 } });
    const loud = party({ host: "192.168.1.80" });
    for (let i = 0; i < 20; i++) loud.send(loud.request("OPTIONS", { callId: `${i}` }));
    await loud.settle();
    assert.deepEqual(
      troubles.map(({ message, data }) => [message, data["from"]]),
      [["192.168.1.80 sends more than 1 messages a second: what is beyond is not read", "192.168.1.80"]],
    );
  });
});
