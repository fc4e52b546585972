// H9: a bell waits in a room until somebody is there; several answer it. On the network in memory, on a clock that tests move.
import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, beforeEach, describe, it } from "node:test";
import { PorteroError } from "../../../src/errors.ts";
import { Secret } from "../../../src/secret.ts";
import type { Outcome } from "../../../src/visit/messages.ts";
import type { ConferenceSettings } from "../../../src/visit/places/rooms.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import type { ConferSettings } from "../../../src/visit/strategies/verbs.ts";
import { Desk, sound, type Device, type Media } from "../desk.ts";

let desk: Desk;
beforeEach(async () => {
  desk = await Desk.open();
});
afterEach(() => desk.close());

const numbers = { visitorNumber: "777", memberNumber: "888" };
const room = (settings: Partial<ConferenceSettings> = {}) =>
  desk.switchboard.addRoom({ name: "Hall", ...numbers, ...settings }, 'conference room "Hall"');

/** A phone that has dialled the members' number and talks. */
async function member(user: string, media: Media = {}, number = "888"): Promise<Device> {
  const phone = await desk.phone(user);
  const invite = await phone.dial(number, {}, media);
  await phone.answered(invite);
  return phone;
}

/** A bell that is pressed, and its visit. */
async function pressed(media: Media = {}, dialled = "100") {
  const bell = desk.device("8000");
  const invite = await bell.dial(dialled, {}, media);
  const visit = desk.switchboard.lastVisit("front") ?? assert.fail("no visit");
  return { bell, invite, visit };
}

/** A bell that waits in the room. */
async function waiting(settings: ConferSettings = {}, media: Media = {}) {
  const { bell, invite, visit } = await pressed(media);
  let outcome: Outcome | undefined;
  const done = visit
    .answerBy(async (ringing) => {
      const { answeredBy: by, parties } = await ringing.confer(settings);
      if (by === undefined) return { result: "unanswered", tries: 1, parties };
      return { result: "answered", by, tries: 1, parties };
    })
    .then((result) => (outcome = result));
  await bell.party.settle();
  return { bell, invite, visit, done, outcome: () => outcome };
}

describe("H9 a bell that waits in a room", () => {
  it("hears music before its call is answered, and is answered a second later", async () => {
    room();
    const { bell, invite, visit } = await waiting();
    const early = await bell.party.takeResponse(183);
    assert.match(early.body.toString(), /m=audio \d+ RTP\/AVP 8/);
    assert.equal(bell.party.count(200), 0);
    await desk.clock.advance(1000);
    await bell.answered(invite);
    assert.equal(visit.state, "ringing", "nobody talks yet");
    assert.equal(desk.told("answered").length, 0);
  });

  it("talks with the first member that comes, who has answered it", async () => {
    room();
    const { bell, invite, visit, done } = await waiting();
    await desk.clock.advance(1000);
    await bell.answered(invite);
    await member("6001");
    const outcome = await done;
    assert.deepEqual([outcome.result, outcome.by], ["answered", "6001"]);
    assert.deepEqual(
      outcome.parties.map(({ target, result }) => [target, result]),
      [["6001", "answered"]],
    );
    assert.equal(visit.state, "talking");
    assert.deepEqual(desk.told("answered"), [{ by: "6001", attempt: 1 }]);
  });

  it("is answered at once where a member waits already", async () => {
    room();
    await member("6001");
    const { bell, invite, done } = await waiting();
    await bell.answered(invite);
    assert.equal((await done).by, "6001");
  });

  it("is answered by several; each that comes and goes is told", async () => {
    room();
    const { done } = await waiting();
    await member("6001");
    await done;
    const second = await member("6002");
    assert.deepEqual(desk.told("joined"), [{ by: "6002", members: ["6001", "6002"] }]);
    await second.send("BYE");
    assert.deepEqual(desk.told("left"), [{ by: "6002", members: ["6001"] }]);
    assert.equal(desk.told("ended").length, 0);
  });

  it("keeps to what can be mixed: who was rung into it may not change to another codec", async () => {
    room({ tones: true });
    const phone = await desk.phone("6001");
    const { done } = await waiting({ targets: ["6001"] });
    await phone.pickUp();
    await done;
    const other = await member("6002");
    const invite = await phone.send("INVITE", { body: ["application/sdp", sound({ codecs: "96" })] });
    phone.party.ack(invite, await phone.party.takeResponse(488));
    await other.send("BYE");
    assert.deepEqual(desk.told("left"), [{ by: "6002", members: ["6001"] }]);
  });

  it("goes on when who answered leaves before others, and leaves with the last of them (end_marked)", async () => {
    room();
    const { bell, invite, done } = await waiting();
    const first = await member("6001");
    await bell.answered(invite);
    await done;
    const second = await member("6002");
    await first.send("BYE");
    assert.deepEqual(desk.told("ended"), []);
    await second.send("BYE");
    const bye = await bell.hungUp();
    assert.match(bye.get("reason") ?? "", /Q\.850;cause=16/);
    const end = await desk.ended();
    assert.deepEqual(
      [end.outcome, end.answeredBy, end.text],
      ["answered", "6001", "everybody has left the conference"],
    );
  });

  it("has its members hung up when it leaves; they stay where that is wanted", async () => {
    const remove = room();
    const { bell, invite, done } = await waiting();
    const phone = await member("6001");
    await bell.answered(invite);
    await done;
    await bell.send("BYE");
    await phone.hungUp();
    assert.equal((await desk.ended()).outcome, "answered");
    remove();
    room({ stay: true });
    const again = await waiting();
    const staying = await member("6001");
    await again.done;
    await again.bell.answered(again.invite);
    await again.bell.send("BYE");
    await desk.clock.advance(60_000);
    assert.equal(staying.party.count("BYE"), 0);
    const third = await waiting();
    assert.equal((await third.done).by, "6001", "who stayed takes the next visitor");
  });

  it("waits so long and no longer, and its flow goes on", async () => {
    room();
    const { bell, invite, visit, done, outcome } = await waiting({ seconds: 20 });
    await desk.clock.advance(1000);
    await bell.answered(invite);
    await desk.clock.advance(18_900);
    assert.equal(outcome(), undefined);
    await desk.clock.advance(100);
    assert.equal((await done).result, "unanswered");
    assert.equal(visit.state, "ringing");
    await member("6001");
    assert.equal(visit.state, "ringing", "it is not in the room any more");
  });

  it("leaves when the visitor gives up", async () => {
    room();
    const { bell, invite, done } = await waiting();
    const { callId, uri, cseq } = invite;
    const cancel = { callId, uri, via: invite.get("via") ?? "", seq: cseq?.number ?? 0, to: "100" };
    bell.party.send(bell.party.request("CANCEL", cancel));
    await bell.party.settle();
    await done;
    assert.equal((await desk.ended()).outcome, "cancelled");
    const phone = await member("6001");
    assert.equal(phone.party.count("BYE"), 0);
  });

  it("goes there by dialling the number of visitors itself", async () => {
    room();
    const { bell, invite, visit } = await pressed({}, "777");
    await desk.clock.advance(1000);
    await bell.answered(invite);
    await member("6001");
    assert.equal(visit.state, "talking");
    assert.equal(desk.told("ring").length, 1);
  });
});

describe("H9 a bell that waits, and a flow that thinks again", () => {
  it("leaves the room for another strategy at once: who dials in does not get it any more", async () => {
    room();
    const phone = await desk.phone("6001");
    const { bell, invite, visit, done } = await waiting();
    await desk.clock.advance(1000);
    await bell.answered(invite);
    const next = visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"] }));
    assert.deepEqual([(await done).result, desk.switchboard.rooms.find().visitors.length], ["unanswered", 0]);
    await member("6002");
    await phone.pickUp();
    assert.equal((await next).by, "6001");
    assert.equal(visit.view().conference, undefined);
  });

  it("stays where it is when the flow rings the number of visitors, which the bell dialled", async () => {
    room();
    const { bell, invite, visit } = await pressed({}, "777");
    const outcome = visit.answerBy(strategyOf({ strategy: "ring-all", seconds: 20 }));
    await desk.clock.advance(1000);
    await bell.answered(invite);
    await member("6001");
    assert.equal((await outcome).by, "6001");
    assert.deepEqual([visit.state, visit.view().conference], ["talking", "Hall"]);
  });
});

describe("H9 phones that are rung into a room", () => {
  /** Takes the INVITE that rings a phone; its answer is `pickUp`. */
  const rings = async (phone: Device) => {
    await phone.party.settle();
    return phone.party.count("INVITE") > 0;
  };

  it("answer one bell together: an answer does not stop the others", async () => {
    room();
    const [one, two] = [await desk.phone("6001"), await desk.phone("6002")];
    const { done } = await waiting({ targets: ["6001", "6002"], seconds: 30 });
    assert.ok((await rings(one)) && (await rings(two)));
    assert.deepEqual(desk.told("trying"), [{ attempt: 1, targets: ["6001", "6002"] }]);
    await one.pickUp();
    assert.equal((await done).by, "6001");
    assert.equal(two.party.count("CANCEL"), 0);
    await two.pickUp({}, "t2");
    assert.deepEqual(desk.told("joined"), [{ by: "6002", members: ["6001", "6002"] }]);
  });

  it("stop ringing when their time is over, though somebody talks", async () => {
    room();
    const [one, two] = [await desk.phone("6001"), await desk.phone("6002")];
    const { done, visit } = await waiting({ targets: ["6001", "6002"], seconds: 30 });
    two.party.respond(await two.party.takeRequest("INVITE"), 180, { tag: "t2" });
    await one.pickUp();
    await done;
    await desk.clock.advance(29_000);
    assert.equal(two.party.count("CANCEL"), 0);
    await desk.clock.advance(1_000);
    assert.equal(two.party.count("CANCEL"), 1);
    assert.equal(visit.state, "talking");
  });

  it("stop when the visit is over, as if the call had been completed elsewhere: somebody has answered", async () => {
    room();
    const [one, two] = [await desk.phone("6001"), await desk.phone("6002")];
    const { bell, invite, done } = await waiting({ targets: ["6001", "6002"], seconds: 30 });
    await bell.party.takeResponse(183);
    await one.pickUp();
    await done;
    await bell.answered(invite);
    const ring = await two.party.takeRequest("INVITE");
    two.party.respond(ring, 180, { tag: "t2" });
    await bell.send("BYE");
    await one.hungUp();
    assert.match((await two.party.takeRequest("CANCEL")).get("reason") ?? "", /Call completed elsewhere/);
  });

  it("may all refuse: the visitor waits on for somebody who dials, with what became of them in the outcome", async () => {
    room();
    const one = await desk.phone("6001");
    const { done } = await waiting({ targets: ["6001", "6009"], seconds: 30 });
    one.party.respond(await one.party.takeRequest("INVITE"), 603, { tag: "t1" });
    await desk.clock.advance(5_000);
    await member("6002");
    const outcome = await done;
    assert.deepEqual(outcome.parties.map(({ target, result }) => `${target} ${result}`).sort(), [
      "6001 rejected",
      "6002 answered",
      "6009 unreachable",
    ]);
  });

  it("are rung when they register while the visitor waits (X1)", async () => {
    room();
    const password = new Secret("pw6001");
    desk.switchboard.addExtension({ extension: "6001", name: "Hall", password }, "extension 6001");
    const { done } = await waiting({ targets: ["6001"], seconds: 30 });
    await desk.clock.advance(10_000);
    const back = await desk.phone("6001");
    await back.pickUp();
    assert.equal((await done).by, "6001");
  });

  it("are hung up where the room is full by the time they answer", async () => {
    room({ most: 2 });
    const late = await desk.phone("6001");
    const { done } = await waiting({ targets: ["6001"], seconds: 30 });
    await member("6002");
    await done;
    await late.pickUp();
    await late.hungUp();
    assert.ok(desk.logged.some((text) => /6001 is not let into the conference: .*has 2 members already/.test(text)));
  });

  it("are not rung at a door that is to disturb nobody; it may wait all the same", async () => {
    room();
    const one = await desk.phone("6001");
    desk.switchboard.setQuiet("front", true);
    await waiting({ targets: ["6001"], seconds: 30 });
    assert.equal(await rings(one), false);
  });
});

describe("H9, X7 the camera of a bell in a room", () => {
  const videoPort = (body: { toString(): string }) => Number(/m=video (\d+)/.exec(body.toString())?.[1]);

  it("is shown to every member whose phone asks for video, and to those who are rung", async () => {
    room();
    const shown: string[] = [];
    const { media } = desk.switchboard;
    const show = media.show?.bind(media);
    media.show = (camera, to) => {
      shown.push(`${camera.agreed("video")?.remote.formats[0]?.name} ${to.agreed("video") !== undefined}`);
      show?.(camera, to);
    };
    const rung = await desk.phone("6001");
    const { bell, done } = await waiting({ targets: ["6001"] }, { video: true });
    assert.ok(videoPort((await bell.party.takeResponse(183)).body) > 0);
    const invite = await rung.pickUp({ video: true });
    assert.ok(videoPort(invite.body) > 0);
    await done;
    const dials = await desk.phone("6002");
    const asked = await dials.dial("888", {}, { video: true });
    assert.ok(videoPort((await dials.answered(asked)).body) > 0);
    assert.deepEqual(shown, ["H264 true", "H264 true"]);
  });
});

describe("H9 when all is over", () => {
  it("no call, port or timer is left, however it ended", async () => {
    const remove = room();
    const [one, two, late] = [await desk.phone("6001"), await desk.phone("6002"), await desk.phone("6003")];
    await desk.clock.advance(15 * 60_000);
    const idle = desk.clock.pending;
    let visits = 0;
    for (const end of ["bell", "members", "flow", "room"] as const) {
      const { bell, invite, done, visit } = await waiting({ targets: ["6003"], seconds: 30 });
      for (const each of [one, two]) await each.answered(await each.dial("888"));
      await bell.answered(invite);
      await done;
      late.party.respond(await late.party.takeRequest("INVITE"), 180, { tag: "t3" });
      await late.party.settle();
      if (end === "bell") await bell.send("BYE");
      if (end === "members")
        for (const each of [one, two]) {
          await each.send("BYE");
          await each.party.takeResponse(200);
        }
      if (end === "flow") visit.stop();
      if (end === "room") remove();
      if (end !== "bell") await bell.hungUp();
      if (end !== "members") for (const each of [one, two]) await each.hungUp();
      const ring = await late.party.takeRequest("CANCEL");
      late.party.respond(ring, 200);
      visits++;
      while (desk.told("ended").length < visits) await once(desk.switchboard, "visit");
      assert.equal(desk.switchboard.media.sessions, 0, end);
    }
    // Transactions and what is remembered of calls rest for a while.
    await desk.clock.advance(15 * 60_000);
    assert.equal(desk.clock.pending, idle);
  });
});

describe("H9 what a room does not do", () => {
  it("a conversation is not recorded, and the flow is told why", async () => {
    room();
    const { bell, visit } = await pressed();
    const outcome = visit.answerBy(strategyOf({ strategy: "conference", record: "flow" }));
    await bell.party.settle();
    await member("6001");
    assert.equal((await outcome).result, "answered");
    assert.match(
      (desk.told("record-failed")[0] as { reason: string }).reason,
      /several people in a room is not recorded/,
    );
  });
});

describe("H9 members of a room", () => {
  it("are ten at most, visitors among them: who comes then hears that it is busy, and why", async () => {
    room({ most: 3 });
    const { done } = await waiting();
    await member("6001");
    await member("6002");
    await done;
    const late = await desk.phone("6003");
    await late.dial("888");
    const busy = await late.party.takeResponse(486);
    assert.match(busy.get("reason") ?? "", /the conference Hall has 3 members already/);
  });

  it("keep a bell out where there is no room left for it: that is busy, and the flow goes on", async () => {
    room({ most: 2 });
    await member("6001");
    await member("6002");
    const outcome = await (await waiting()).done;
    const [party] = outcome.parties;
    assert.deepEqual([outcome.result, party?.result, party?.status, party?.cause], ["unanswered", "busy", 486, 17]);
  });

  it("are phones of the house: a door that is not asked for, or a stranger, gets in by no number", async () => {
    room();
    assert.equal(desk.switchboard.plan.owner("888"), 'conference room "Hall"');
    const stranger = desk.device("4711");
    await stranger.dial("888");
    assert.equal(stranger.party.count(200), 0);
  });

  it("need PCMA, PCMU or G722: who has none of them is refused with a sentence", async () => {
    room();
    const phone = await desk.phone("6001");
    await phone.dial("888", {}, { codecs: "96" });
    const refused = await phone.party.takeResponse(488);
    assert.match(refused.get("reason") ?? "", /6001/);
    assert.ok(desk.logged.some((text) => /6001 is not let into the conference Hall: .*PCMA, PCMU or G722/.test(text)));
  });

  it("may wait as visitors do, by the other number: they leave with the last marked one", async () => {
    room();
    const guest = await member("6002", {}, "777");
    const marked = await member("6001");
    await marked.send("BYE");
    await guest.hungUp();
  });

  it("answer holds and refreshes in the room", async () => {
    room();
    const { done } = await waiting();
    const phone = await member("6001");
    await done;
    const held = await phone.reoffer({ direction: "sendonly" });
    assert.match(held.body.toString(), /a=recvonly/);
  });
});

describe("H9, H20 a room", () => {
  it("claims its numbers, and is refused whole where one of them is somebody's, both named", () => {
    room();
    assert.throws(
      () =>
        desk.switchboard.addRoom(
          { name: "Office", visitorNumber: "778", memberNumber: "888" },
          'conference room "Office"',
        ),
      /number 888 is claimed by conference room "Hall" and by conference room "Office"/,
    );
    assert.equal(desk.switchboard.plan.owner("778"), undefined);
    assert.throws(() => room({ name: "8000", visitorNumber: "8000", memberNumber: "889" }), /door Front door/);
  });

  it("gives its numbers back, and tells everybody, when it is taken out of the flow", async () => {
    const remove = room();
    const { bell, invite, done } = await waiting();
    const phone = await member("6001");
    await bell.answered(invite);
    await done;
    remove();
    await phone.hungUp();
    await bell.hungUp();
    const end = await desk.ended();
    assert.equal(end.text, "the conference room was taken out of the flow");
    assert.equal(desk.switchboard.plan.owner("888"), undefined);
    room();
  });

  it("that is taken away while a bell waits lets the flow go on", async () => {
    const remove = room();
    const { done } = await waiting();
    remove();
    const outcome = await done;
    assert.equal(outcome.result, "unanswered");
    assert.match(outcome.parties[0]?.text ?? "", /taken out of the flow/);
  });

  it("need not be named where there is one; else a sentence says which there are", async () => {
    const nowhere = await (await waiting()).done;
    assert.match(nowhere.parties[0]?.text ?? "", /there is none: add one/);
    room();
    room({ name: "Office", visitorNumber: "778", memberNumber: "889" });
    assert.throws(() => desk.switchboard.rooms.find(), /not named, and there are Hall, Office/);
    assert.throws(() => desk.switchboard.rooms.find("Attic"), /no conference room "Attic": there are Hall, Office/);
    assert.equal(desk.switchboard.rooms.find("Office").name, "Office");
  });

  it("says what is wrong with its settings", () => {
    const isInvalid = (e: unknown) => e instanceof PorteroError && e.code === "invalid";
    assert.throws(() => room({ most: 1 }), isInvalid);
    assert.throws(() => room({ most: 1 }), /most must be >= 2/);
    assert.throws(() => room({ music: {} }), /give one of tone, file and url/);
  });
});
