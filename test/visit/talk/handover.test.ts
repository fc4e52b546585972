// N1 what the flow does with a call that talks: hold, a transfer at once, one that speaks first. On the network in memory.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { checkControl, control } from "../../../src/visit/talk/control.ts";
import type { Visit } from "../../../src/visit/visit.ts";
import { Desk, directionOf, sound, type Device } from "../desk.ts";

const desks: Desk[] = [];
after(() => Promise.all(desks.map((desk) => desk.close())));

async function open() {
  const desk = await Desk.open();
  desks.push(desk);
  const other = await desk.phone("6002");
  const talk = await desk.talking();
  return { ...talk, desk, other, tell: telling(talk.visit) };
}
const telling = (visit: Visit) => (command: object) => control(visit, checkControl(command));

/** A key of one goes to the other. */
async function passes(from: Device, to: Device, key: string) {
  await from.send("INFO", { body: ["application/dtmf", key] });
  assert.match((await to.party.takeRequest("INFO")).body.toString(), new RegExp(`Signal=${key}`));
}
async function rings(phone: Device) {
  const invite = await phone.party.takeRequest("INVITE");
  phone.party.respond(invite, 180);
  await phone.party.settle();
  return invite;
}

describe("a hold by the flow", () => {
  it("RFC 3264 §8.4 tells the held side by its direction, and it only, and so does its end", async () => {
    for (const [command, direction] of [
      [{ action: "hold", silent: true }, "inactive"],
      [{ action: "hold" }, "sendonly"],
      [{ action: "hold", tone: "ring-back" }, "sendonly"],
    ] as const) {
      const { bell, phone, tell } = await open();
      const held = tell(command);
      const answers = direction === "inactive" ? "inactive" : "recvonly";
      assert.equal(directionOf(await bell.accept({ direction: answers })), direction);
      assert.deepEqual(await held, { did: "hold", reason: "on hold" });
      const taken = tell({ action: "unhold" });
      assert.equal(directionOf(await bell.accept()), "sendrecv");
      assert.equal((await taken).reason, "the two hear each other again");
      assert.equal(phone.party.count("INVITE"), 1, "the phone is told nothing");
      assert.equal(bell.party.count("INVITE"), 2);
    }
  });

  it("is one in silence where the two talk in a codec that nothing can be played in, and says so", async () => {
    const desk = await Desk.open();
    desks.push(desk);
    const { bell, phone, visit } = await desk.talking({ codecs: "96 8" }, "96");
    const held = telling(visit)({ action: "hold" });
    phone.party.respond(await phone.party.takeRequest("INVITE"), 488);
    assert.equal(directionOf(await bell.accept({ codecs: "96", direction: "inactive" })), "inactive");
    const { reason } = await held;
    assert.match(
      reason,
      /^on hold, in silence: .* does not talk PCMA, PCMU or G722, which a sound or a recording needs/,
    );
    const back = telling(visit)({ action: "unhold" });
    assert.equal(directionOf(await bell.accept({ codecs: "96" })), "sendrecv");
    assert.equal((await back).reason, "the two hear each other again");
  });

  it("holds the one who answered, or both", async () => {
    const { bell, phone, tell } = await open();
    const held = tell({ action: "hold", to: "both", silent: true });
    assert.equal(directionOf(await phone.accept({ direction: "inactive" })), "inactive");
    assert.equal(directionOf(await bell.accept({ direction: "inactive" })), "inactive");
    await held;
    const back = tell({ action: "unhold", to: "answerer" });
    assert.equal(directionOf(await phone.accept()), "sendrecv");
    await back;
  });

  it("stays while the held device refreshes the call, or says that it is held", async () => {
    const { desk, bell, phone, tell } = await open();
    const held = tell({ action: "hold", silent: true });
    await bell.accept({ direction: "inactive" });
    await held;
    assert.equal(directionOf(await bell.reoffer({})), "inactive");
    assert.equal(directionOf(await bell.reoffer({ direction: "inactive" })), "inactive");
    await desk.clock.advance(2_000);
    assert.equal(phone.party.count("INVITE"), 1, "the phone hears nothing of that");
    const back = tell({ action: "unhold" });
    assert.equal(directionOf(await bell.accept()), "sendrecv");
    await back;
  });

  it("is one here where the device refuses it", async () => {
    const { bell, tell, visit } = await open();
    const held = tell({ action: "hold", silent: true });
    bell.party.respond(await bell.party.takeRequest("INVITE"), 488);
    await bell.party.settle();
    assert.match((await held).reason, /neither hears the other, but the device did not take part/);
    assert.equal((await tell({ action: "unhold" })).did, "unhold");
    assert.equal(visit.state, "talking");
  });

  it("needs two that talk, and its end a hold", async () => {
    const { bell, tell } = await open();
    await assert.rejects(tell({ action: "unhold" }), /Front door is not on hold/);
    await bell.send("BYE");
    await assert.rejects(tell({ action: "hold" }), /nobody talks with Front door just now/);
  });

  it("ends with the visit, and the one who is held is hung up", async () => {
    const { bell, phone, tell, visit } = await open();
    const held = tell({ action: "hold", to: "answerer", silent: true });
    await phone.accept({ direction: "inactive" });
    await held;
    await bell.send("BYE");
    await phone.hungUp();
    assert.equal(visit.state, "ended");
  });
});

describe("a blind transfer by the flow", () => {
  it("lets the talk go on until the other one has answered, who has the visitor then", async () => {
    const { desk, bell, phone, other, visit, tell } = await open();
    const done = tell({ action: "transfer", targets: ["6002"], seconds: 20 });
    const invite = await rings(other);
    assert.equal(invite.from?.name, "Front door");
    await passes(phone, bell, "5");
    other.party.respond(invite, 200, { sdp: sound() });
    await other.party.takeRequest("ACK");
    assert.deepEqual(await done, { did: "transfer", reason: "6002 has the visitor", by: "6002" });
    await phone.hungUp();
    assert.deepEqual(desk.told("transferred"), [{ from: "6001", to: "6002" }]);
    assert.equal(visit.view().answeredBy, "6002");
    assert.equal(bell.party.count("INVITE") + bell.party.count("BYE"), 0);
    await bell.send("BYE");
    await other.hungUp();
    assert.equal((await desk.ended()).answeredBy, "6002");
  });

  it("that reaches nobody leaves all as it was, and says why", async () => {
    const { desk, bell, phone, other, visit, tell } = await open();
    for (const [status, why] of [
      [486, /the visitor stays: 6002 is busy/],
      [603, /6002 declined/],
    ] as const) {
      const done = assert.rejects(tell({ action: "transfer", targets: ["6002"] }), why);
      other.party.respond(await other.party.takeRequest("INVITE"), status);
      await other.party.settle();
      await done;
    }
    const late = assert.rejects(tell({ action: "transfer", targets: ["6002"], seconds: 5 }), /6002 did not answer/);
    other.party.respond(await rings(other), 180);
    await desk.clock.advance(5_000);
    await late;
    await assert.rejects(tell({ action: "transfer", targets: ["6999"] }), /6999 cannot be reached/);
    await assert.rejects(tell({ action: "transfer" }), /transfer needs targets: numbers or addresses/);
    assert.deepEqual([visit.state, visit.view().answeredBy, desk.told("transferred")], ["talking", "6001", []]);
    await passes(phone, bell, "7");
    await phone.send("BYE");
    await bell.hungUp();
  });

  it("goes on where the one who answered hangs up meanwhile, and ends the visit only where it fails then", async () => {
    for (const fails of [false, true]) {
      const { bell, phone, other, visit, tell } = await open();
      const done = tell({ action: "transfer", targets: ["6002"] });
      const given = fails ? assert.rejects(done, /6002 declined/) : done;
      const invite = await rings(other);
      await phone.send("BYE");
      assert.equal(visit.state, "talking");
      other.party.respond(invite, fails ? 603 : 200, { sdp: sound() });
      await other.party.takeRequest("ACK");
      await given;
      assert.equal(visit.state, fails ? "ended" : "talking");
      if (fails) await bell.hungUp();
    }
  });

  it("is given up when the visitor leaves, and taken back when told so", async () => {
    for (const leaves of [true, false]) {
      const { bell, phone, other, visit, tell } = await open();
      const done = tell({ action: "transfer", targets: ["6002"] });
      const given = assert.rejects(done, leaves ? /the visit ended before/ : /was taken back/);
      await rings(other);
      if (leaves) await bell.send("BYE");
      else await tell({ action: "back" });
      await given;
      await other.party.takeRequest("CANCEL");
      if (leaves) await phone.hungUp();
      assert.equal(visit.state, leaves ? "ended" : "talking");
    }
  });

  it("is one at a time, also beside one that a phone has begun", async () => {
    const { desk, phone, other, tell, visit } = await open();
    const third = await desk.phone("6003");
    const done = tell({ action: "transfer", targets: ["6002"] });
    const invite = await rings(other);
    await assert.rejects(tell({ action: "transfer", targets: ["6003"] }), /is under way already/);
    await assert.rejects(tell({ action: "consult", targets: ["6003"] }), /is under way already/);
    const given = assert.rejects(done, /somebody else had the visitor.* before 6002 answered/);
    await phone.refer("<sip:6003@10.0.0.1>");
    await third.pickUp({}, "t3");
    other.party.respond(invite, 200, { sdp: sound() });
    await other.party.takeRequest("ACK");
    await given;
    await other.hungUp();
    assert.deepEqual([visit.state, visit.view().answeredBy], ["talking", "6003"]);
  });

  it("of a visitor whom the flow alone has answered connects the two: a menu that leads to somebody", async () => {
    const desk = await Desk.open();
    desks.push(desk);
    const [office, bell] = [await desk.phone("6002"), desk.device("8000")];
    const invite = await bell.dial("100");
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
    const tell = telling(visit);
    await tell({ action: "answer", by: "menu" });
    await bell.answered(invite);
    await assert.rejects(tell({ action: "hold" }), /talks with nobody but the flow, so there is nobody to hold/);
    await assert.rejects(tell({ action: "consult", targets: ["6002"], silent: true }), /so nobody can speak first/);
    const done = tell({ action: "transfer", targets: ["6002"] });
    await office.pickUp();
    assert.equal((await done).by, "6002");
    assert.deepEqual(desk.told("transferred"), [{ from: "menu", to: "6002" }]);
    await passes(office, bell, "4");
    await bell.send("BYE");
    await office.hungUp();
    assert.equal((await desk.ended()).answeredBy, "6002");
  });

  it("X1 rings a device of the target that registers meanwhile", async () => {
    const { desk, phone, tell } = await open();
    const done = tell({ action: "transfer", targets: ["6002"] });
    const late = desk.device("6002");
    await late.party.register("pw6002", { expires: 7200 });
    await late.pickUp();
    assert.equal((await done).by, "6002");
    await phone.hungUp();
  });
});

describe("a transfer by the flow that speaks first", () => {
  async function consulting() {
    const talk = await open();
    const { bell, other, tell } = talk;
    const done = tell({ action: "consult", targets: ["6002"], tone: "ring-back" });
    assert.equal(directionOf(await bell.accept({ direction: "recvonly" })), "sendonly");
    const invite = await rings(other);
    assert.equal(directionOf(invite), "sendrecv");
    other.party.respond(invite, 200, { sdp: sound() });
    await other.party.takeRequest("ACK");
    other.callId = invite.callId;
    assert.equal((await done).by, "6002");
    return { ...talk, invite };
  }
  /** The one that was consulted, in its call. */
  async function says(phone: Device, invite: { callId: string; fromTag: string }, method: string, body?: string) {
    phone.party.send(
      phone.party.request(method, {
        ...{ to: "8000", callId: invite.callId, fromTag: "tt", toTag: invite.fromTag, seq: 77 },
        ...(body === undefined ? {} : { body: ["application/dtmf", body] as const }),
      }),
    );
    await phone.party.settle();
  }

  it("connects the two while the visitor waits, and the visitor with the other one when it is completed", async () => {
    const { desk, bell, phone, other, visit, tell, invite } = await consulting();
    await passes(phone, other, "5");
    await says(other, invite, "INFO", "6");
    await phone.party.takeRequest("INFO");
    assert.equal(bell.party.count("INFO"), 0);
    assert.equal(visit.view().answeredBy, "6001");
    await bell.send("INFO", { body: ["application/dtmf", "9"] });
    assert.deepEqual(desk.told("dtmf"), [{ digit: "9", from: "door", by: "info" }]);
    await assert.rejects(tell({ action: "hold" }), /waits already, parked or while a transfer is prepared/);
    await assert.rejects(tell({ action: "transfer", targets: ["6003"] }), /is under way already/);
    const done = await tell({ action: "complete" });
    assert.equal(done.by, "6002");
    await phone.hungUp();
    assert.equal(directionOf(await bell.accept()), "sendrecv");
    assert.deepEqual(desk.told("transferred"), [{ from: "6001", to: "6002" }]);
    await says(other, invite, "INFO", "8");
    await bell.party.takeRequest("INFO");
    await assert.rejects(tell({ action: "complete" }), /nobody is consulted just now/);
    await bell.send("BYE");
    await other.hungUp();
    assert.equal((await desk.ended()).answeredBy, "6002");
  });

  it("is taken back: the other one goes, and the two talk as before", async () => {
    const { desk, bell, phone, other, tell, visit } = await consulting();
    await tell({ action: "back" });
    await other.hungUp();
    assert.equal(directionOf(await bell.accept()), "sendrecv");
    await passes(phone, bell, "3");
    assert.deepEqual([desk.told("transferred"), visit.view().answeredBy], [[], "6001"]);
    await phone.send("BYE");
    await bell.hungUp();
    assert.equal(visit.state, "ended");
  });

  it("is completed by the one who hangs up having asked, and taken back by the one who was asked", async () => {
    const first = await consulting();
    await first.phone.send("BYE");
    assert.equal(directionOf(await first.bell.accept()), "sendrecv");
    assert.equal(first.visit.view().answeredBy, "6002");
    const second = await consulting();
    await says(second.other, second.invite, "BYE");
    assert.equal(directionOf(await second.bell.accept()), "sendrecv");
    assert.equal(second.visit.view().answeredBy, "6001");
    await passes(second.phone, second.bell, "2");
  });

  it("ends for both when the visitor leaves or the flow hangs up", async () => {
    for (const leaves of [true, false]) {
      const { bell, phone, other, visit, tell } = await consulting();
      if (leaves) await bell.send("BYE");
      else await tell({ action: "hangup" });
      await Promise.all([phone.hungUp(), other.hungUp()]);
      if (!leaves) await bell.hungUp();
      assert.equal(visit.state, "ended");
    }
  });

  it("lets the visitor back into the talk where the other one does not answer", async () => {
    const { bell, phone, other, tell } = await open();
    const done = assert.rejects(tell({ action: "consult", targets: ["6002"], silent: true }), /6002 is busy/);
    assert.equal(directionOf(await bell.accept({ direction: "inactive" })), "inactive");
    other.party.respond(await other.party.takeRequest("INVITE"), 486);
    await other.party.settle();
    await done;
    assert.equal(directionOf(await bell.accept()), "sendrecv");
    await passes(phone, bell, "1");
  });

  it("is a blind one where the one who asked hangs up before the other one answers", async () => {
    const { bell, phone, other, visit, tell } = await open();
    const done = tell({ action: "consult", targets: ["6002"], silent: true });
    await bell.accept({ direction: "inactive" });
    const invite = await rings(other);
    await phone.send("BYE");
    assert.equal(visit.state, "talking");
    other.party.respond(invite, 200, { sdp: sound() });
    await other.party.takeRequest("ACK");
    assert.equal((await done).by, "6002");
    assert.equal(directionOf(await bell.accept()), "sendrecv");
    assert.equal(visit.view().answeredBy, "6002");
  });

  it("that has nobody left when both leave ends the visit", async () => {
    const { bell, phone, other, visit, invite } = await consulting();
    phone.party.send(phone.request("BYE"));
    await says(other, invite, "BYE");
    assert.equal(visit.state, "ended");
    await bell.hungUp();
  });
});

describe("somebody more, asked for by the flow", () => {
  it("N1 talks along, and what two can do is refused from then on", async () => {
    const { bell, phone, other, tell, visit } = await open();
    const done = tell({ action: "invite", targets: ["6002"] });
    await other.pickUp();
    assert.deepEqual(await done, { did: "invite", reason: "6002 talks along", by: "6002" });
    await assert.rejects(tell({ action: "hold" }), /the visitor is in a conference, where that cannot be done/);
    await assert.rejects(tell({ action: "transfer", targets: ["6003"] }), /in a conference/);
    assert.equal((await tell({ action: "mute", to: "door" })).reason, "not heard any more");
    await bell.send("BYE");
    await Promise.all([phone.hungUp(), other.hungUp()]);
    assert.equal(visit.state, "ended");
  });

  it("is not rung any more when that is taken back", async () => {
    const { phone, bell, other, tell } = await open();
    const done = assert.rejects(tell({ action: "invite", targets: ["6002"] }), /was taken back/);
    await rings(other);
    await tell({ action: "back" });
    await done;
    await other.party.takeRequest("CANCEL");
    await passes(phone, bell, "6");
  });
});

describe("parking, asked for by the flow", () => {
  it("H7 parks the visitor of a talk, and rings a phone that has it when it answers", async () => {
    const { desk, bell, phone, other, visit, tell } = await open();
    await assert.rejects(tell({ action: "park" }), /there is no parking place/);
    desk.switchboard.parking.add(
      {
        ...{ name: "hall", parkNumber: "444", fetchNumber: "555", firstSlot: "701", lastSlot: "703" },
        ...{ seconds: 60, then: "hang-up" },
      },
      "parking place hall",
    );
    assert.deepEqual(await tell({ action: "park", place: "hall" }), {
      ...{ did: "park", reason: "parked at 701", slot: "701" },
    });
    await phone.hungUp();
    await assert.rejects(tell({ action: "hold" }), /nobody|waits already/);
    const done = tell({ action: "fetch", targets: ["6002"] });
    await other.pickUp();
    assert.equal((await done).by, "6002");
    assert.equal(visit.view().answeredBy, "6002");
    await bell.send("BYE");
    await other.hungUp();
  });
});
