// H7 out of a talk: a phone transfers the visitor to the number that parks, or the flow parks it.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { ParkingForm } from "../../../src/visit/places/parking-settings.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { settle } from "../../support/clock.ts";
import { Desk, directionOf } from "../desk.ts";

const desks: Desk[] = [];
after(() => Promise.all(desks.map((desk) => desk.close())));

async function open(form: Partial<ParkingForm> = {}) {
  const desk = await Desk.open();
  desks.push(desk);
  const takeAway = desk.switchboard.parking.add({ name: "Parking", ...form }, "parking place");
  const other = await desk.phone("6002");
  return { ...(await desk.talking()), desk, other, takeAway, parking: desk.switchboard.parking };
}

/** 6001 has transferred the visitor to 444 and gone. */
async function parked(form: Partial<ParkingForm> = {}) {
  const house = await open(form);
  const { phone } = house;
  await phone.refer("<sip:444@10.0.0.1>");
  await phone.party.takeResponse(202);
  assert.equal(await phone.report(), "SIP/2.0 100 Trying");
  const text = await phone.party.takeRequest("MESSAGE");
  phone.party.respond(text, 200);
  assert.equal(text.body.toString(), "Front door is parked: dial 701");
  assert.equal(await phone.report(), "SIP/2.0 200 Front door is parked: dial 701");
  await phone.send("BYE");
  return house;
}

describe("H7: a phone that transfers its visitor to 444", () => {
  it("is told the slot and may go; the visitor hears music, and another phone fetches it", async () => {
    const { desk, bell, other, visit } = await parked();
    assert.deepEqual(desk.told("parked"), [{ slot: "701", place: "Parking", seconds: 60 }]);
    const { state, answeredBy, parked: slot } = visit.view();
    assert.deepEqual([state, answeredBy, slot], ["talking", "6001", "701"]);
    assert.equal(bell.party.count("BYE"), 0);
    await other.answered(await other.dial("701"));
    assert.deepEqual(desk.told("transferred"), [{ from: "6001", to: "6002" }]);
    assert.deepEqual([visit.view().answeredBy, visit.view().parked], ["6002", undefined]);
    await other.send("INFO", { body: ["application/dtmf", "5"] });
    assert.match((await bell.party.takeRequest("INFO")).body.toString(), /Signal=5/);
    await other.send("BYE");
    await bell.hungUp();
    assert.equal((await desk.ended()).outcome, "answered");
  });

  it("is hung up on where it does not go by itself, and that ends nothing", async () => {
    const { desk, phone, visit } = await open();
    await phone.refer("<sip:444@10.0.0.1>");
    await desk.clock.advance(5_100);
    await phone.hungUp();
    assert.deepEqual([visit.state, visit.view().parked], ["talking", "701"]);
  });

  it("ends the hold that it had put the visitor on when somebody fetches it", async () => {
    const { bell, phone, other, visit } = await open();
    await phone.reoffer({ direction: "sendonly" });
    assert.equal(directionOf(await bell.accept({ direction: "recvonly" })), "sendonly");
    await phone.refer("<sip:444@10.0.0.1>");
    await phone.send("BYE");
    await other.answered(await other.dial("555"));
    assert.equal(directionOf(await bell.accept()), "sendrecv");
    assert.equal(visit.view().answeredBy, "6002");
  });

  it("is rung again after the time, for a minute, where the place does not hang up", async () => {
    for (const answers of [true, false]) {
      const { desk, bell, phone, visit } = await parked({ seconds: 30, then: "ring-again" });
      await desk.clock.advance(30_000);
      assert.equal(visit.view().parked, undefined);
      const rung = answers ? await phone.pickUp() : await phone.party.takeRequest("INVITE");
      assert.equal(rung.from?.name, "Front door");
      if (answers) {
        assert.deepEqual(desk.told("transferred"), [{ from: "6001", to: "6001" }]);
        await bell.send("BYE");
        await phone.hungUp();
      } else {
        phone.party.respond(rung, 180);
        await desk.clock.advance(60_000);
        await bell.hungUp();
        assert.equal((await desk.ended()).text, "nobody fetched the visitor from 701 within 30 s");
      }
      assert.equal(visit.state, "ended");
    }
  });

  it("is not rung again where the place hangs up", async () => {
    const { desk, bell, phone } = await parked({ seconds: 30 });
    await desk.clock.advance(30_000);
    await bell.hungUp();
    assert.equal(phone.party.count("INVITE"), 1, "the one that it answered");
    const { outcome, cause, text } = await desk.ended();
    assert.deepEqual([outcome, cause, text], ["answered", 19, "nobody fetched the visitor from 701 within 30 s"]);
  });

  it("gets the visitor back where the place is taken away", async () => {
    const { phone, takeAway, visit } = await parked();
    takeAway();
    await phone.pickUp();
    assert.deepEqual([visit.state, visit.view().answeredBy, visit.view().parked], ["talking", "6001", undefined]);
  });

  it("goes on talking where every slot is taken, and hears why", async () => {
    const { desk, phone, bell, visit, parking } = await open({ lastSlot: "701" });
    const guest = { caller: { name: "", number: "", host: "", group: "" }, parked: () => {} };
    const session = await desk.switchboard.media.open();
    parking.find().park({ ...guest, session, signal: new AbortController().signal });
    await phone.refer("<sip:444@10.0.0.1>");
    await phone.report();
    assert.equal(await phone.report(), 'SIP/2.0 486 every slot of the parking place "Parking" is taken (701 to 701)');
    await phone.send("INFO", { body: ["application/dtmf", "5"] });
    await bell.party.takeRequest("INFO");
    assert.equal(visit.view().answeredBy, "6001");
    await session.close();
  });

  it("cannot park another phone: who is no visitor is refused", async () => {
    const { desk, other } = await open();
    const third = await desk.phone("6003");
    await desk.intercom(other, third, "t3");
    await other.refer("<sip:444@10.0.0.1>");
    await other.party.takeResponse(403);
    assert.equal(third.party.count("BYE"), 0);
  });
});

describe("H7: a visitor parked out of a talk", () => {
  it("that hangs up leaves nothing behind", async () => {
    const { desk, bell, visit, parking, other } = await parked();
    await bell.send("BYE");
    assert.deepEqual([visit.state, parking.stays()], ["ended", []]);
    const invite = await other.dial("701");
    other.party.ack(invite, await other.party.takeResponse(480));
    const before = desk.clock.pending;
    await desk.clock.advance(120_000);
    assert.ok(desk.clock.pending <= before);
    await desk.ended();
  });

  it("is hung up by the flow as any other", async () => {
    const { bell, visit, parking } = await parked();
    visit.stop();
    await bell.hungUp();
    assert.deepEqual(parking.stays(), []);
  });

  it("is handed over by the flow, and then is parked no more", async () => {
    const { other, visit, parking } = await parked();
    const { talk } = visit;
    assert.ok("handover" in talk);
    const taken = talk.handover.transfer({ targets: ["6002"], seconds: 30 });
    await other.pickUp();
    assert.equal(await taken, "6002");
    assert.deepEqual([visit.view().answeredBy, visit.view().parked, parking.stays()], ["6002", undefined, []]);
  });

  it("is let in all the same: its door opens while it waits", async () => {
    const { desk, bell, other } = await parked();
    const opening = desk.switchboard.open({ door: "front", by: "dashboard" });
    const info = await bell.party.takeRequest("INFO");
    bell.party.respond(info, 200);
    await bell.party.settle();
    assert.equal((await opening).ok, true);
    assert.equal(desk.told("opened").length, 1);
    await other.answered(await other.dial("555"));
    await other.send("BYE");
    await bell.hungUp();
  });
});

describe("H7: a visitor parked by the flow", () => {
  it("out of a talk leaves who talked with it, who is hung up", async () => {
    const { phone, other, visit } = await open();
    const slot = visit.parking.park();
    await phone.hungUp();
    assert.equal(await slot, "701");
    assert.deepEqual([visit.state, visit.view().parked], ["talking", "701"]);
    await assert.rejects(visit.parking.park(), /the visitor is parked already/);
    const fetched = visit.parking.fetch(["6002"]);
    await other.pickUp();
    assert.equal(await fetched, "6002");
    assert.equal(visit.view().answeredBy, "6002");
  });

  it("while it rings stops what rings; after the time it is hung up", async () => {
    const desk = await Desk.open();
    desks.push(desk);
    desk.switchboard.parking.add({ name: "Parking", then: "ring-again" }, "parking place");
    const phone = await desk.phone("6001");
    const bell = desk.device("8000");
    const invite = await bell.dial("6001");
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
    const outcome = visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"] }));
    const rung = await phone.party.takeRequest("INVITE");
    phone.party.respond(rung, 180);
    await phone.party.settle();
    const slot = visit.parking.park({ seconds: 10 });
    phone.party.respond(await phone.party.takeRequest("CANCEL"), 200);
    phone.party.respond(rung, 487);
    assert.equal(await slot, "701");
    assert.equal((await outcome).result, "stopped");
    await bell.answered(invite);
    await desk.clock.advance(10_000);
    await bell.hungUp();
    assert.equal(visit.state, "ended");
    await assert.rejects(visit.parking.park(), /the visit is over already/);
    await settle();
  });

  it("says what is wrong where it cannot be", async () => {
    const { visit } = await open();
    await assert.rejects(visit.parking.fetch(["6002"]), /nobody is parked at/);
    await assert.rejects(visit.parking.park({ place: "Yard" }), /no parking place "Yard"/);
  });
});
