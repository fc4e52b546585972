// Several bells at once, and phones that can take only so many calls.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Secret } from "../../../src/secret.ts";
import type { Outcome } from "../../../src/visit/messages.ts";
import type { Visit } from "../../../src/visit/visit.ts";
import { Desk } from "../desk.ts";
import { ringAll } from "../ring-all.ts";

let desk: Desk;
beforeEach(async () => {
  desk = await Desk.open();
  const password = new Secret("pw8001");
  const door = { id: "back", name: "Back door", extension: "8001", preset: "generic", password, code: new Secret("1") };
  desk.switchboard.addDoor(door, "door Back door");
});
afterEach(() => desk.close());

const results = ({ result, parties }: Outcome) => [result, ...parties.map((party) => [party.target, party.status])];

async function pressed(extension: string, id: string): Promise<Visit> {
  await desk.device(extension).dial("6001");
  return desk.switchboard.lastVisit(id) ?? assert.fail(`no visit at ${id}`);
}

describe("two bells at once", () => {
  it("have a visit each: they ring the same phone twice, and end on their own", async () => {
    const phone = await desk.phone("6001");
    const [front, back] = [await pressed("8000", "front"), await pressed("8001", "back")];
    for (const visit of [front, back]) void visit.answerBy(ringAll("6001"));
    const [first, second] = [await phone.party.takeRequest("INVITE"), await phone.party.takeRequest("INVITE")];
    phone.party.respond(first, 180);
    await desk.clock.advance(5);
    assert.notEqual(first.callId, second.callId);
    assert.deepEqual([first.from?.name, second.from?.name], ["Front door", "Back door"]);
    front.stop();
    assert.equal((await phone.party.takeRequest("CANCEL")).callId, first.callId);
    assert.deepEqual([front.state, back.state], ["ended", "ringing"]);
  });

  it("X1 a phone of one call at a time is busy for the second bell, and rung by the next press when it is free", async () => {
    const phone = await desk.phone("6001", { maxCalls: 1 });
    const [front, back] = [await pressed("8000", "front"), await pressed("8001", "back")];
    void front.answerBy(ringAll("6001"));
    assert.deepEqual(results(await back.answerBy(ringAll("6001"))), ["busy", ["6001", 486]]);
    const invite = await phone.party.takeRequest("INVITE");
    assert.equal(invite.from?.name, "Front door");
    phone.party.respond(invite, 180);
    await desk.clock.advance(5);
    front.stop();
    const cancel = await phone.party.takeRequest("CANCEL");
    phone.party.respond(cancel, 200);
    phone.party.respond(invite, 487);
    await desk.clock.advance(40_000);
    void back.answerBy(ringAll("6001"));
    assert.equal((await phone.party.takeRequest("INVITE")).from?.name, "Back door");
  });

  it("a phone that talks, or calls somebody itself, has no room for a bell either", async () => {
    const phone = await desk.phone("6001", { maxCalls: 1 });
    const other = await desk.phone("6002", { maxCalls: 2 });
    const invite = await phone.dial("6002");
    await other.pickUp();
    await phone.answered(invite);
    const front = await pressed("8000", "front");
    void front.answerBy(ringAll("6001", "6002"));
    assert.equal((await other.party.takeRequest("INVITE")).from?.name, "Front door");
    assert.equal(phone.party.count("INVITE"), 0);
    await phone.send("BYE");
    await other.hungUp();
    const back = await pressed("8001", "back");
    void back.answerBy(ringAll("6001"));
    await phone.party.takeRequest("INVITE");
  });

  it("of two devices of a number the free one is rung; a full one that registers meanwhile does not ring along", async () => {
    const phone = await desk.phone("6001", { maxCalls: 1 });
    const other = await desk.phone("6002");
    const invite = await phone.dial("6002");
    await other.pickUp();
    await phone.answered(invite);
    const free = await desk.phone("6001");
    const front = await pressed("8000", "front");
    void front.answerBy(ringAll("6001"));
    await free.party.takeRequest("INVITE");
    const [contact] = desk.switchboard.contactsOf("6001") ?? [];
    front.offer(contact ?? assert.fail(), true);
    await desk.clock.advance(5);
    assert.deepEqual([phone.party.count("INVITE"), free.party.count("INVITE")], [0, 1]);
  });
});
