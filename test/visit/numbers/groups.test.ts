import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { PorteroError } from "../../../src/errors.ts";
import { addressList } from "../../../src/visit/numbers/address-list.ts";
import type { TargetSettings } from "../../../src/visit/ringing/target.ts";
import { SipRequest } from "../../../src/sip/message/message.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { Desk, type Device } from "../desk.ts";

describe("ring groups", () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = await Desk.open();
  });
  afterEach(() => desk.close());

  const group = (number: string, members: string[], name = "") =>
    desk.switchboard.addGroup({ number, name, members }, `ring group ${name || number}`);
  /** How many calls have rung it so far. */
  const rings = async ({ party }: Device) => {
    await party.settle();
    const invites = party.heard.filter((message) => message instanceof SipRequest && message.method === "INVITE");
    return new Set(invites.map(({ callId }) => callId)).size;
  };
  async function pressed(dial: string, ...targets: TargetSettings[]) {
    const bell = desk.device("8000");
    const invite = await bell.dial(dial);
    const visit = desk.switchboard.lastVisit("front");
    assert.ok(visit);
    const outcome = visit.answerBy(strategyOf({ strategy: "ring-all", targets, seconds: 30 }));
    await bell.party.settle();
    return { bell, invite, visit, outcome };
  }

  it("H4, H5 ring all their members at once, those of groups in them too, each once", async () => {
    const [one, two, three] = [await desk.phone("6001"), await desk.phone("6002"), await desk.phone("6003")];
    group("601", ["6002", "6003"]);
    group("600", ["6001", "6002", "601"]);
    const { bell, invite, visit, outcome } = await pressed("8002", "600");
    assert.deepEqual(await Promise.all([one, two, three].map(rings)), [1, 1, 1]);
    await three.pickUp();
    await bell.answered(invite);
    assert.equal(visit.view().answeredBy, "6003");
    assert.deepEqual(
      (await outcome).parties.map(({ target, result }) => [target, result]),
      [
        ["6003", "answered"],
        ["6001", "cancelled"],
        ["6002", "cancelled"],
      ],
    );
  });

  it("hand what is special about ringing them on to their members, but for those named themselves", async () => {
    const [one, two] = [await desk.phone("6001"), await desk.phone("6002")];
    group("600", ["6001", "6002"]);
    await pressed("8002", { target: "600", delay: 5, name: "Visitor" }, "6002");
    assert.deepEqual([await rings(one), await rings(two)], [0, 1]);
    await desk.clock.advance(5_000);
    assert.match((await one.party.takeRequest("INVITE")).get("from") ?? "", /Visitor/);
    assert.equal(await rings(two), 1);
  });

  it("are dialled by bells, and by phones, whose own number does not ring then", async () => {
    const [one, two, second] = [await desk.phone("6001"), await desk.phone("6002"), await desk.phone("6001")];
    group("600", ["6001", "6002"]);
    const invite = await one.dial("600");
    await two.pickUp();
    await one.answered(invite);
    assert.deepEqual(await Promise.all([one, second].map(rings)), [0, 0]);
    await pressed("600");
    assert.deepEqual(await Promise.all([one, two, second].map(rings)), [1, 2, 1]);
  });

  it("A5 leave members in peace who want no calls, and are left in peace themselves", async () => {
    const [one, two] = [await desk.phone("6001"), await desk.phone("6002")];
    group("600", ["6001", "6002"]);
    desk.switchboard.directory.setDnd("6001", true);
    const { outcome, visit } = await pressed("8002", "600");
    assert.deepEqual([await rings(one), await rings(two)], [0, 1]);
    desk.switchboard.directory.setDnd("600", true, 603);
    void visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["600"] }));
    assert.equal((await outcome).parties[0]?.result, "busy");
    assert.equal(await rings(two), 1);
    assert.deepEqual(
      (desk.told("unanswered").at(-1) as { parties: unknown[] }).parties.map((party) => ({ ...(party as object) })),
      [{ target: "600", try: 1, result: "rejected", cause: 21, status: 603 }],
    );
  });

  it("say busy where nobody but the caller is in them, and who is unregistered", async () => {
    const one = await desk.phone("6001");
    group("600", ["6001"]);
    group("601", ["6001", "6009"]);
    await one.dial("600");
    await one.party.takeResponse(486);
    const { outcome } = await pressed("8002", "601");
    await rings(one);
    one.party.respond(await one.party.takeRequest("INVITE"), 486);
    await one.party.settle();
    assert.deepEqual(
      (await outcome).parties.map(({ target, result }) => [target, result]),
      [
        ["6009", "unreachable"],
        ["6001", "busy"],
      ],
    );
  });

  it("H20 do not take a number that somebody has, and do not ring themselves", async () => {
    const one = await desk.phone("6001");
    assert.throws(() => group("6001", ["6002"]), /number 6001 is claimed by 6001 and by ring group 6001/);
    const remove = group("600", ["601"], "House");
    assert.throws(() => group("600", ["6001"], "Other"), /claimed by ring group House and by ring group Other/);
    assert.throws(
      () => group("601", ["6001", "600"]),
      (error: PorteroError) =>
        error.code === "group-loop" && error.message.includes("ring group 601 would ring itself (601 → 600 → 601)"),
    );
    assert.throws(() => group("602", ["602"]), /602 → 602/);
    assert.throws(() => group("602", []), /ring group: members must NOT have fewer than 1 items/);
    remove();
    group("601", ["6001", "600"]);
    await pressed("8002", "601");
    assert.equal(await rings(one), 1);
  });

  it("N4 stand in the address list, with the devices that they ring", async () => {
    await desk.phone("6001");
    await desk.phone("6002");
    group("600", ["6001", "6002"], "House");
    const { payload } = addressList(desk.switchboard.directory.addresses(), "csv");
    assert.match(payload as string, /^600,House,group,true,2\r$/m);
  });

  it("X1, H12 ring a member that registers meanwhile, and wake a strategy that waits", async () => {
    group("601", ["6001"]);
    group("600", ["601", "6002"]);
    const two = await desk.phone("6002");
    const { visit } = await pressed("8002", "600");
    await rings(two);
    const one = await desk.phone("6001");
    assert.equal(await rings(one), 1);
    void visit.answerBy(strategyOf({ strategy: "redial", targets: ["600"], seconds: 5, waitSeconds: 600 }));
    await desk.clock.advance(5_100);
    assert.equal(await rings(one), 2);
    const three = await desk.phone("6001");
    assert.deepEqual(await Promise.all([one, three].map(rings)), [3, 1]);
  });

  it("H9 are rung into a conference one by one: each member that answers is in", async () => {
    desk.switchboard.addRoom({ name: "Hall", visitorNumber: "777", memberNumber: "888" }, 'conference room "Hall"');
    const [one, two] = [await desk.phone("6001"), await desk.phone("6002")];
    group("600", ["6001", "6002"]);
    const bell = desk.device("8000");
    await bell.dial("8002");
    void desk.switchboard.lastVisit("front")?.answerBy(strategyOf({ strategy: "conference", targets: ["600"] }));
    await bell.party.settle();
    await one.pickUp();
    await two.pickUp({}, "t2");
    assert.deepEqual(desk.told("joined"), [{ by: "6002", members: ["6001", "6002"] }]);
  });
});
