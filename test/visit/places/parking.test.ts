// H7, H8, H20: a visitor is parked, hears music, and is fetched by dialling; by whoever of the house is the first.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, describe, it } from "node:test";
import { Secret } from "../../../src/secret.ts";
import { checkParking, type ParkingForm } from "../../../src/visit/places/parking-settings.ts";
import type { VisitEnd } from "../../../src/visit/messages.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import type { ParkResult } from "../../../src/visit/strategies/verbs.ts";
import type { Visit } from "../../../src/visit/visit.ts";
import { settle } from "../../support/clock.ts";
import { Desk, type Device } from "../desk.ts";

const desks: Desk[] = [];
after(() => Promise.all(desks.map((desk) => desk.close())));

async function open(form: Partial<ParkingForm> = {}) {
  const desk = await Desk.open();
  desks.push(desk);
  const takeAway = desk.switchboard.parking.add({ name: "Parking", ...form }, 'parking place "Parking"');
  return { desk, takeAway, phone: await desk.phone("6001"), other: await desk.phone("6002") };
}

/** A bell whose visit is parked by its strategy. */
async function park(desk: Desk, { place = "", extension = "8000", answered = true } = {}) {
  const bell = desk.device(extension);
  const invite = await bell.dial("6001");
  const visit = desk.switchboard.lastVisit(extension === "8000" ? "front" : extension) ?? assert.fail();
  let result: ParkResult | undefined;
  const outcome = visit.answerBy(async (ringing) => {
    result = await ringing.park(place === "" ? {} : { place });
    const by = result.answeredBy;
    return {
      result: by === undefined ? "unanswered" : "answered",
      tries: 1,
      parties: [],
      ...(by !== undefined && { by }),
    };
  });
  if (answered) await bell.answered(invite);
  await bell.party.settle();
  return { bell, invite, visit, outcome, result: async () => (await outcome, result ?? assert.fail()) };
}

/** Another door, so that several bells can wait at once. */
const addDoor = ({ switchboard }: Desk, extension: string): void => {
  const settings = { id: extension, name: `Door ${extension}`, extension, preset: "generic" };
  switchboard.addDoor(
    { ...settings, password: new Secret(`pw${extension}`), code: new Secret("1") },
    `door ${extension}`,
  );
};

async function fetches(phone: Device, number: string) {
  await phone.answered(await phone.dial(number));
}

/** Media open only when told to: what happens meanwhile happens in one turn. */
function held({ switchboard: { media } }: Desk): () => void {
  const opens = media.open.bind(media);
  let release = () => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  media.open = async (like) => {
    await gate;
    return opens(like);
  };
  return () => {
    media.open = opens;
    release();
  };
}

/** The worker has stopped what the visitor heard. */
async function silent({ sounds }: Visit): Promise<void> {
  while (sounds.playing) await settle();
}

async function refused(phone: Device, number: string, status: number): Promise<string> {
  const invite = await phone.dial(number);
  const response = await phone.party.takeResponse(status);
  phone.party.ack(invite, response);
  await phone.party.settle();
  return response.reason;
}

describe("H7: a visitor that is parked", () => {
  it("has its call answered, is told with its slot and hears music; a phone that dials 555 talks with it", async () => {
    const { desk, phone } = await open();
    const { bell, visit, outcome } = await park(desk);
    assert.deepEqual(desk.told("parked"), [{ slot: "701", place: "Parking", seconds: 60 }]);
    assert.equal(visit.view().parked, "701");
    assert.equal(visit.view().state, "ringing");
    assert.ok(visit.sounds.playing);
    await fetches(phone, "555");
    assert.deepEqual(await outcome, { result: "answered", tries: 1, parties: [], by: "6001" });
    const { state, answeredBy, parked } = visit.view();
    assert.deepEqual([state, answeredBy, parked], ["talking", "6001", undefined]);
    await silent(visit);
    assert.deepEqual(desk.told("answered"), [{ by: "6001", attempt: 1 }]);
    await phone.send("INFO", { body: ["application/dtmf", "5"] });
    assert.match((await bell.party.takeRequest("INFO")).body.toString(), /Signal=5/);
    await phone.send("BYE");
    await bell.hungUp();
    assert.equal((await desk.ended()).answeredBy, "6001");
    assert.deepEqual(desk.switchboard.parking.stays(), []);
  });

  it("H19: hears the music before its call is answered, where the place says so", async () => {
    const { desk, phone } = await open({ answerFirst: false });
    const { bell, invite, visit } = await park(desk, { answered: false });
    const early = await bell.party.takeResponse(183);
    assert.match(early.body.toString(), /m=audio/);
    assert.ok(visit.sounds.playing);
    assert.equal(bell.party.count(200), 0);
    const fetching = await phone.dial("555");
    await bell.answered(invite);
    await phone.answered(fetching);
    assert.equal(visit.view().answeredBy, "6001");
  });

  it("is given up after its time, with what its place says that comes next; its slot is free again", async () => {
    const { desk, phone } = await open({ seconds: 30, then: "message" });
    const { visit, result } = await park(desk);
    await desk.clock.advance(29_900);
    assert.equal(visit.view().parked, "701");
    await desk.clock.advance(200);
    assert.deepEqual(await result(), {
      ...{ parties: [], cause: 19, slot: "701", next: "message" },
      reason: "nobody fetched the visitor from 701 within 30 s",
    });
    assert.deepEqual([visit.view().parked, visit.state], [undefined, "ringing"]);
    await silent(visit);
    assert.equal(await refused(phone, "701", 480), "Nobody is parked at 701");
  });

  it("that leaves is parked no more, and neither is one whose strategy is stopped", async () => {
    for (const leaves of [true, false]) {
      const { desk, phone } = await open();
      const { bell, visit } = await park(desk);
      if (leaves) await bell.send("BYE");
      else void visit.answerBy(() => new Promise(() => {}));
      await bell.party.settle();
      assert.deepEqual(desk.switchboard.parking.stays(), []);
      assert.equal(visit.view().parked, undefined);
      assert.equal(await refused(phone, "555", 480), "Nobody is parked");
      assert.equal(visit.state, leaves ? "ended" : "ringing");
    }
  });

  it("is parked without music where its call can carry none, and fetched all the same", async () => {
    const { desk, phone } = await open();
    const bell = desk.device("8000");
    const invite = await bell.dial("6001", {}, { codecs: "96" });
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
    const result = visit.answerBy(async (ringing) => {
      const { answeredBy } = await ringing.park({});
      return { result: answeredBy === undefined ? "unanswered" : "answered", tries: 1, parties: [] };
    });
    await bell.answered(invite);
    assert.ok(desk.logged.some((line) => /Front door is parked and hears nothing: /.test(line)));
    await phone.answered(await phone.dial("701", {}, { codecs: "96" }));
    assert.equal((await result).result, "answered");
  });
});

describe("H8: several visitors that wait", () => {
  it("have each a slot, the lowest that is free; 555 fetches the one that waits longest, a slot or 555 + slot the one there", async () => {
    const { desk, phone, other } = await open();
    for (const extension of ["8001", "8002", "8003"]) addDoor(desk, extension);
    const third = await desk.phone("6003");
    const first = await park(desk);
    await desk.clock.advance(1000);
    const second = await park(desk, { extension: "8001" });
    await desk.clock.advance(1000);
    const last = await park(desk, { extension: "8002" });
    const slots = () => desk.switchboard.parking.stays().map(({ view }) => view.slot);
    assert.deepEqual(slots(), ["701", "702", "703"]);
    await fetches(phone, "702");
    assert.equal(second.visit.view().answeredBy, "6001");
    const fourth = await park(desk, { extension: "8003" });
    assert.equal(fourth.visit.view().parked, "702");
    assert.deepEqual(slots(), ["701", "703", "702"], "who waits longest comes first");
    await fetches(other, "555703");
    assert.equal(last.visit.view().answeredBy, "6002");
    await fetches(third, "555");
    assert.equal(first.visit.view().answeredBy, "6003");
    await phone.send("BYE");
    await fetches(desk.device("6001"), "555");
    assert.equal(fourth.visit.view().answeredBy, "6001");
    assert.equal(await refused(desk.device("6001"), "555702", 480), "Nobody is parked at 702");
  });

  it("find no room where every slot is taken, with a sentence", async () => {
    const { desk } = await open({ lastSlot: "701" });
    addDoor(desk, "8001");
    await park(desk);
    const { result, visit } = await park(desk, { extension: "8001", answered: false });
    const reason = 'every slot of the parking place "Parking" is taken (701 to 701)';
    const party = { target: "Parking", try: 1, result: "busy", status: 486, cause: 17, text: reason };
    assert.deepEqual(await result(), { parties: [party], cause: 17, isFull: true, reason });
    assert.deepEqual([visit.state, visit.view().parked], ["ringing", undefined]);
    assert.equal(desk.told("parked").length, 1);
  });
});

describe("H8: whoever fetches", () => {
  it("first has the visitor; the other one is told that nobody is parked there, or gets who waits next", async () => {
    for (const [number, next] of [
      ["701", false],
      ["555", true],
    ] as const) {
      const { desk, phone, other } = await open();
      addDoor(desk, "8001");
      const one = await park(desk);
      const two = await park(desk, { extension: "8001" });
      const release = held(desk);
      const [a, b] = [await phone.dial(number), await other.dial(number)];
      release();
      await phone.answered(a);
      if (next) await other.answered(b);
      else other.party.ack(b, await other.party.takeResponse(480));
      assert.deepEqual([one.visit.view().answeredBy, two.visit.view().answeredBy], ["6001", next ? "6002" : undefined]);
    }
  });

  it("is refused where the bell hangs up meanwhile, or its time is over in the same moment", async () => {
    for (const leaves of [true, false]) {
      const { desk, phone } = await open();
      const { bell, visit, outcome } = await park(desk);
      const release = held(desk);
      const invite = await phone.dial("555");
      if (leaves) await bell.send("BYE");
      else await desk.clock.advance(60_000);
      release();
      phone.party.ack(invite, await phone.party.takeResponse(480));
      assert.notEqual((await outcome).result, "answered");
      assert.equal(visit.view().answeredBy, undefined);
    }
  });

  it("and hangs up at once leaves nobody waiting", async () => {
    const { desk, phone } = await open();
    const { bell, visit } = await park(desk);
    await fetches(phone, "555");
    await phone.send("BYE");
    await bell.hungUp();
    assert.equal(visit.state, "ended");
  });

  it("without a codec in common with the visitor is refused, and the visitor waits on for the next one", async () => {
    const { desk, phone, other } = await open();
    const { visit } = await park(desk);
    const invite = await phone.dial("555", {}, { codecs: "96" });
    phone.party.ack(invite, await phone.party.takeResponse(488));
    assert.equal(visit.view().parked, "701");
    await fetches(other, "555");
    assert.equal(visit.view().answeredBy, "6002");
  });

  it("is a phone of the house: to a door, the number is a button like another", async () => {
    const { desk, phone } = await open();
    addDoor(desk, "8001");
    const { visit } = await park(desk);
    const bell = desk.device("8001");
    await bell.dial("555");
    assert.equal(desk.switchboard.lastVisit("8001")?.state, "ringing");
    assert.equal(visit.view().parked, "701");
    // A phone parks whom it talks with, not itself.
    assert.equal(await refused(phone, "444", 403), "Transfer a visitor to 444");
  });

  it("may be rung for that by the flow, named by slot or by visit; else the visitor waits on", async () => {
    const { desk, phone, other } = await open();
    const { visit } = await park(desk);
    const { parking } = desk.switchboard;
    const busy = assert.rejects(parking.fetch("701", ["6001"]), /Front door waits on at 701: 6001 is busy/);
    phone.party.respond(await phone.party.takeRequest("INVITE"), 486);
    await phone.party.settle();
    await busy;
    assert.equal(visit.view().parked, "701");
    const fetched = parking.fetch(visit.id, ["6002"]);
    const rung = await other.pickUp();
    assert.equal(rung.from?.name, "Front door");
    assert.equal(await fetched, "6002");
    assert.equal(visit.view().answeredBy, "6002");
    await assert.rejects(parking.fetch("701", ["6001"]), /nobody is parked at 701/);
  });

  it("stops the ringing of who else was to fetch it, as answered elsewhere (X4)", async () => {
    const { desk, phone, other } = await open();
    await park(desk);
    const fetched = assert.rejects(
      desk.switchboard.parking.fetch("701", ["6001"]),
      /Front door is not parked at 701 any more/,
    );
    const rung = await phone.party.takeRequest("INVITE");
    phone.party.respond(rung, 180);
    await phone.party.settle();
    await fetches(other, "555");
    const cancel = await phone.party.takeRequest("CANCEL");
    assert.match(cancel.get("reason") ?? "", /Call completed elsewhere/);
    phone.party.respond(cancel, 200);
    phone.party.respond(rung, 487);
    await fetched;
  });
});

describe("H7: a parking place that is taken away", () => {
  it("gives its visitors back to whom they were parked by, and its numbers to others", async () => {
    const { desk, takeAway } = await open();
    const { visit, result } = await park(desk);
    takeAway();
    const { reason, next, answeredBy } = await result();
    assert.deepEqual(
      [reason, next, answeredBy],
      ['the parking place "Parking" was taken out of the flow', undefined, undefined],
    );
    assert.equal(visit.state, "ringing");
    await silent(visit);
    assert.deepEqual(
      ["444", "555", "701", "555701"].map((number) => desk.switchboard.plan.owner(number)),
      [undefined, undefined, undefined, undefined],
    );
    desk.switchboard.parking.add({ name: "Parking" }, "another");
  });
});

describe("H20: the numbers of a parking place", () => {
  it("are refused where somebody has one of them, both named, and then none is taken", async () => {
    const { desk } = await open();
    const { switchboard } = desk;
    const add = (form: Partial<ParkingForm>) => () =>
      void switchboard.parking.add({ name: "Second", ...form }, 'parking place "Second"');
    const others = { parkNumber: "445", fetchNumber: "556", firstSlot: "801", lastSlot: "803" };
    assert.throws(
      add({ ...others, parkNumber: "444" }),
      /number 444 is claimed by parking place "Parking" and by parking place "Second": give one of them another number/,
    );
    assert.throws(add({ ...others, firstSlot: "702", lastSlot: "704" }), /number 702 is claimed by/);
    assert.throws(add({ ...others, fetchNumber: "8000" }), /8000 is claimed by door Front door and by parking place/);
    assert.equal(switchboard.plan.owner("445"), undefined);
    add(others)();
    assert.throws(add({ parkNumber: "446" }), /two parking places are called "Second"/);
  });

  it("cannot be taken by an extension, a slot behind the fetch number neither", async () => {
    const { desk } = await open();
    for (const extension of ["555", "702", "555703"])
      assert.throws(
        () => desk.switchboard.addExtension({ extension, name: "x", password: new Secret("x") }, "registrar phones"),
        new RegExp(`number ${extension} is claimed by parking place "Parking" and by registrar phones`),
      );
  });

  it("are a park number, a fetch number and at most a hundred slots, all different", () => {
    const { parkNumber, fetchNumber, firstSlot, lastSlot, seconds, then, answerFirst } = checkParking({ name: "P" });
    assert.deepEqual(
      [parkNumber, fetchNumber, firstSlot, lastSlot, seconds, then, answerFirst],
      ["444", "555", "701", "703", 60, "hang-up", true],
    );
    const faults: [Partial<ParkingForm>, RegExp][] = [
      [{ firstSlot: "703", lastSlot: "701" }, /slots from 703 to 701 are none/],
      [{ firstSlot: "98", lastSlot: "101" }, /slots from 98 to 101 are none: give the last one as many digits/],
      [{ firstSlot: "100", lastSlot: "200" }, /are 101: at most 100/],
      [{ fetchNumber: "444" }, /444 stands for two things/],
      [{ parkNumber: "702" }, /702 stands for two things/],
      [{ fetchNumber: "7", firstSlot: "01", parkNumber: "702", lastSlot: "03" }, /702 stands for two things/],
      [{ seconds: 4 }, /parking-place: seconds must be >= 5/],
      [{ parkNumber: "four" }, /parking-place: parkNumber has the wrong form \(it is "four"\)/],
      [{ music: {} }, /sound: none is given/],
    ];
    for (const [form, fault] of faults) assert.throws(() => checkParking({ name: "P", ...form }), fault);
  });
});

describe("H7: a strategy that parks", () => {
  it("names a place where there are several, and hears what is wrong where it cannot", async () => {
    const none = await Desk.open();
    desks.push(none);
    const lost = await park(none, { answered: false });
    assert.equal((await lost.result()).reason, "there is no parking place: add one to the flow");
    const { desk } = await open();
    desk.switchboard.parking.add(
      { name: "Yard", parkNumber: "445", fetchNumber: "556", firstSlot: "801", lastSlot: "803" },
      "yard",
    );
    for (const extension of ["8001", "8002"]) addDoor(desk, extension);
    const unnamed = await park(desk, { answered: false });
    assert.equal((await unnamed.result()).reason, 'there are several parking places: name one of "Parking", "Yard"');
    const wrong = await park(desk, { place: "Garden", extension: "8001", answered: false });
    assert.equal((await wrong.result()).reason, 'there is no parking place "Garden", only "Parking", "Yard"');
    const named = await park(desk, { place: "Yard", extension: "8002" });
    assert.equal(named.visit.view().parked, "801");
  });
});

describe("H7: a door that dials the number that parks", () => {
  async function dials(then: ParkingForm["then"]) {
    const found = await open({ seconds: 30, ...(then && { then }) });
    const bell = found.desk.device("8000");
    const invite = await bell.dial("444");
    const visit = found.desk.switchboard.lastVisit("front") ?? assert.fail();
    await bell.answered(invite);
    return { ...found, bell, visit };
  }

  it("is parked without any flow, and its visit is told like another one", async () => {
    const { desk, phone, visit } = await dials(undefined);
    assert.deepEqual(
      desk.events.map(({ event }) => event),
      ["ring", "trying", "parked"],
    );
    assert.deepEqual([visit.view().dialled, visit.view().parked], ["444", "701"]);
    await fetches(phone, "701");
    assert.equal(visit.view().answeredBy, "6001");
  });

  it("is hung up where nobody fetches it, also where somebody should be rung again: nobody has said who", async () => {
    for (const then of ["hang-up", "ring-again"] as const) {
      const { desk, bell, visit } = await dials(then);
      await desk.clock.advance(30_000);
      await bell.hungUp();
      const { outcome, text } = (desk.told("ended") as VisitEnd[])[0] ?? assert.fail();
      assert.deepEqual([visit.state, outcome, text], ["ended", "unanswered", "nobody answered"]);
    }
  });

  it("is asked for a message, where the place says so", async () => {
    const { desk, visit } = await dials("message");
    await desk.clock.advance(30_000);
    // There is no folder for recordings here, which is told.
    while (desk.told("record-failed").length === 0) await once(desk.switchboard, "visit");
    assert.equal(visit.state, "ringing");
  });

  it("is taken over by a strategy of the flow", async () => {
    const { desk, bell, phone, visit } = await dials(undefined);
    const outcome = visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"] }));
    assert.deepEqual([visit.view().parked, desk.switchboard.parking.stays()], [undefined, []]);
    await phone.pickUp();
    assert.equal((await outcome).by, "6001");
    await phone.send("BYE");
    await bell.hungUp();
  });
});
