// A5: an extension that wants no calls. Phones and bells are real SIP peers on loopback.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Secret } from "../../../src/secret.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import type { DndChange } from "../../../src/visit/numbers/do-not-disturb.ts";
import { House } from "../house.ts";

const password = new Secret("a password");
let house: House;
let changes: DndChange[];
beforeEach(async () => {
  house = await House.open({}, undefined, {}, { dndCodes: { on: "78", off: "79" } });
  changes = [];
  house.switchboard.on("dnd", (change) => changes.push(change));
});
afterEach(() => house.close());

/** What a phone hears that calls 6001. */
async function called(): Promise<number | undefined> {
  const { phone, seen } = await house.phone("6009");
  await phone.dial("6001");
  const end = await seen.next("ended");
  await phone.close();
  return end.event === "ended" ? end.status : undefined;
}

describe("A5 do not disturb by message", () => {
  it("is heard by callers as busy, or as the status of its settings, or as that of this time", async () => {
    await house.phone("6001");
    house.switchboard.addExtension({ extension: "6002", name: "Bath", password, dndStatus: 603 }, "extension 6002");
    house.switchboard.directory.setDnd("6001", true);
    assert.equal(await called(), 486);
    house.switchboard.directory.setDnd("6001", true, 480);
    assert.equal(await called(), 480);
    house.switchboard.directory.setDnd("6002", true);
    house.switchboard.directory.setDnd("6001", false);
    assert.deepEqual(changes, [
      { extension: "6001", on: true, by: "message", status: 486 },
      { extension: "6001", on: true, by: "message", status: 480 },
      { extension: "6002", on: true, by: "message", status: 603 },
      { extension: "6001", on: false, by: "message" },
    ]);
  });

  it("is told once, however often it is said", async () => {
    await house.phone("6001");
    for (const on of [true, true, false, false]) house.switchboard.directory.setDnd("6001", on);
    assert.deepEqual(
      changes.map(({ on }) => on),
      [true, false],
    );
  });

  it("keeps a bell's strategy from ringing it, with the status in what it tells", async () => {
    const { seen } = await house.phone("6001");
    house.switchboard.directory.setDnd("6001", true, 603);
    const { bell } = await house.bell();
    const visit = await house.pressed(bell);
    const outcome = await visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"], seconds: 5 }));
    assert.deepEqual(
      outcome.parties.map(({ result, status, cause }) => ({ result, status, cause })),
      [{ result: "rejected", status: 603, cause: 21 }],
    );
    assert.ok(!seen.names().includes("ringing"));
  });

  it("refuses a status that ends no call, and a number that nobody has", async () => {
    await house.phone("6001");
    for (const status of [200, 401, 407, 503, 486.5, NaN])
      assert.throws(
        () => house.switchboard.directory.setDnd("6001", true, status),
        /is no status to refuse a call with/,
      );
    assert.throws(
      () => house.switchboard.addExtension({ extension: "1", name: "", password, dndStatus: 302 }, "x"),
      /extension 1: dndStatus: 302 is no status/,
    );
    assert.throws(() => house.switchboard.directory.setDnd("6666", true), /there is no extension 6666 here/);
    assert.deepEqual(changes, []);
  });
});

describe("A5 do not disturb by dialling 78 and 79", () => {
  it("is answered, ends by itself within a second, and holds until 79", async () => {
    const { phone, seen } = await house.phone("6001");
    await phone.dial("78");
    await seen.next("answered");
    const end = await seen.next("ended");
    assert.ok(end.event === "ended" && end.by === "remote" && end.answered);
    assert.equal(await called(), 486);
    await phone.dial("79");
    await seen.next("ended", () => true, 2);
    assert.deepEqual(changes, [
      { extension: "6001", on: true, by: "6001", status: 486 },
      { extension: "6001", on: false, by: "6001" },
    ]);
    assert.equal(house.switchboard.media.sessions, 0);
  });

  it("H20 keeps its numbers for itself, and names itself where an extension wants one", () => {
    assert.throws(
      () => house.switchboard.addExtension({ extension: "78", name: "Attic", password }, "extension Attic"),
      /number 78 is claimed by the code that switches "do not disturb" on and by extension Attic/,
    );
  });

  it("takes other numbers, or none, as it is told", async () => {
    await house.close();
    house = await House.open({}, undefined, {}, { dndCodes: { on: "*60" } });
    house.switchboard.on("dnd", (change) => changes.push(change));
    const { phone, seen } = await house.phone("6001");
    await phone.dial("*60");
    await seen.next("answered");
    await seen.next("ended");
    await phone.dial("79");
    const refused = await seen.next("ended", () => true, 2);
    assert.equal(refused.event === "ended" && refused.status, 404);
    assert.deepEqual(
      changes.map(({ on }) => on),
      [true],
    );
  });
});
