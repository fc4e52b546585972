// Strategies on the network in memory: what bells and phones see of them, and what is told at the end.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Party, VisitEnd } from "../../../src/visit/messages.ts";
import { strategyOf, type StrategySettings } from "../../../src/visit/strategy.ts";
import { settle } from "../../support/clock.ts";
import { Desk, type Device } from "../desk.ts";

const desks: Desk[] = [];
after(() => Promise.all(desks.map((desk) => desk.close())));

/** A bell that has dialled 8002, a number at which nobody registers, and phones that ring. */
async function house(...numbers: string[]) {
  const desk = await Desk.open();
  desks.push(desk);
  const phones = await Promise.all(numbers.map((number) => desk.phone(number)));
  const bell = desk.device("8000");
  const invite = await bell.dial("8002");
  const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
  return { desk, bell, invite, visit, phones };
}

/** Takes the INVITE that has come, and rings. */
async function rings(phone: Device | undefined) {
  assert.ok(phone);
  const invite = await phone.party.takeRequest("INVITE");
  phone.party.respond(invite, 180);
  await phone.party.settle();
  return invite;
}

async function declines(phone: Device | undefined, status: number) {
  assert.ok(phone);
  phone.party.respond(await phone.party.takeRequest("INVITE"), status);
  await phone.party.settle();
}

/** Stops because it was cancelled, as a phone does. */
async function stops(phone: Device | undefined, invite: Awaited<ReturnType<typeof rings>>) {
  assert.ok(phone);
  const cancel = await phone.party.takeRequest("CANCEL");
  phone.party.respond(cancel, 200);
  phone.party.respond(invite, 487);
  await phone.party.settle();
  return cancel;
}

/** The bell hangs up while the phone rings, which is told so. */
async function givesUp(bell: Device, invite: Awaited<ReturnType<Device["dial"]>>, phone: Device | undefined) {
  const rung = await rings(phone);
  bell.party.send(bell.party.request("CANCEL", { ...cancelOf(invite) }));
  await bell.party.settle();
  await stops(phone, rung);
}

const ended = (desk: Desk): VisitEnd => (desk.told("ended") as VisitEnd[])[0] ?? assert.fail("it has not ended");
const said = (parties: readonly Party[]) => parties.map((one) => [one.try, one.target, one.result, one.cause]);

describe("hunt, at real phones", () => {
  it("H5, H6 lets one ring after the other stops; a busy one costs no time, and the last one talks", async () => {
    const { desk, bell, invite, visit, phones } = await house("6001", "6002", "6003");
    const [first, second, third] = phones;
    const outcome = visit.answerBy(strategyOf({ strategy: "hunt", targets: ["6001", "6002", "6003"], seconds: 15 }));
    const rung = await rings(first);
    assert.equal(second?.party.count("INVITE"), 0);
    await desk.clock.advance(15_000);
    assert.equal((await stops(first, rung)).get("reason"), undefined, "a missed call: nobody has answered yet");
    await declines(second, 486);
    await third?.pickUp();
    await bell.answered(invite);
    const { result, by, tries, parties } = await outcome;
    assert.deepEqual([result, by, tries], ["answered", "6003", 3]);
    assert.deepEqual(said(parties), [
      [1, "6001", "no-answer", 19],
      [2, "6002", "busy", 17],
      [3, "6003", "answered", 16],
    ]);
    assert.deepEqual(
      desk.told("trying").map((payload) => (payload as { targets: string[] }).targets),
      [["6001"], ["6002"], ["6003"]],
    );
  });
});

describe("waves, at real phones", () => {
  it("H13 lets the second join the first, which goes on ringing and may still win", async () => {
    const { desk, bell, invite, visit, phones } = await house("6001", "6002");
    const [first, second] = phones;
    const outcome = visit.answerBy(strategyOf({ strategy: "waves", targets: ["6001", "6002"], waitSeconds: 10 }));
    const rung = await rings(first);
    await desk.clock.advance(9_900);
    assert.equal(second?.party.count("INVITE"), 0);
    await desk.clock.advance(100);
    const late = await rings(second);
    first?.party.respond(rung, 200, { sdp: late.body.toString() });
    await bell.answered(invite);
    assert.match((await stops(second, late)).get("reason") ?? "", /Call completed elsewhere/);
    const { by, tries, parties } = await outcome;
    assert.deepEqual([by, tries], ["6001", 1]);
    const begun = Object.fromEntries(parties.map(({ target, rangAt = "" }) => [target, Date.parse(rangAt)]));
    assert.equal(Math.round(((begun["6002"] ?? 0) - (begun["6001"] ?? 0)) / 100), 100, "ten seconds later");
  });
});

describe("until answered, at real phones", () => {
  it("H16, H17, H18 goes on though somebody declines and nobody is there, until the bell hangs up", async () => {
    const { desk, bell, invite, visit, phones } = await house("100");
    const outcome = visit.answerBy(strategyOf({ strategy: "until-answered", targets: ["100", "104"] }));
    await declines(phones[0], 603);
    await desk.clock.advance(1_000);
    await declines(phones[0], 486);
    await desk.clock.advance(1_000);
    await givesUp(bell, invite, phones[0]);
    assert.equal((await outcome).result, "cancelled");
    const end = ended(desk);
    assert.deepEqual([end.outcome, end.strategy, end.tries], ["cancelled", "until-answered", 3]);
    // 104 is no number here.
    assert.deepEqual(said(end.parties.filter(({ target }) => target === "100")), [
      [1, "100", "rejected", 21],
      [2, "100", "busy", 17],
      [3, "100", "cancelled", 16],
    ]);
  });

  it("H17 goes on, and tells how long it rang, where the clock is set 44 years ahead meanwhile", async () => {
    const { desk, bell, invite, visit, phones } = await house("100");
    const outcome = visit.answerBy(strategyOf({ strategy: "until-answered", targets: ["100"] }));
    const first = await rings(phones[0]);
    desk.clock.set(Date.parse("2070-01-01T00:00:00Z"));
    await desk.clock.advance(3_000);
    phones[0]?.party.respond(first, 486);
    await desk.clock.advance(1_000);
    await givesUp(bell, invite, phones[0]);
    assert.equal((await outcome).result, "cancelled");
    const { tries, ringSeconds, parties } = ended(desk);
    const seconds = [ringSeconds, ...parties.map((one) => one.seconds ?? NaN)].map(Math.round);
    assert.deepEqual([tries, ...seconds], [2, 4, 3, 0]);
  });
});

describe("park, at a real bell", () => {
  it("H7 is a try of the record, too, where the visitor goes while it waits", async () => {
    const { desk, bell, invite, visit } = await house();
    desk.switchboard.parking.add({ name: "Parking" }, 'parking place "Parking"');
    const outcome = visit.answerBy(strategyOf({ strategy: "park" }));
    await bell.answered(invite);
    await bell.send("BYE");
    assert.equal((await outcome).result, "cancelled");
    const end = ended(desk);
    assert.deepEqual([end.outcome, end.strategy, end.tries, end.parties], ["cancelled", "park", 1, []]);
  });
});

describe("retry dial, at a real phone", () => {
  it("H15 rings again four seconds after the announcement has been heard to its end", async () => {
    const { desk, bell, invite, visit, phones } = await house("100");
    const announcement = { tone: "special-information" } as const;
    const outcome = visit.answerBy(strategyOf({ strategy: "retry-dial", targets: ["100"], announcement }));
    await declines(phones[0], 486);
    await bell.party.takeResponse(183);
    // The sound is the media worker's, whose time is real.
    while (visit.sounds.playing) await settle();
    await desk.clock.advance(3_900);
    assert.equal(phones[0]?.party.count("INVITE"), 1);
    await desk.clock.advance(100);
    await phones[0].pickUp();
    await bell.answered(invite);
    assert.deepEqual([(await outcome).result, (await outcome).tries], ["answered", 2]);
  });
});

describe("refuse, at a real bell", () => {
  it("gives it the status and the cause, and the visit is over", async () => {
    const { desk, bell, visit } = await house();
    const { result } = await visit.answerBy(strategyOf({ strategy: "refuse", status: 486 }));
    const response = await bell.party.takeResponse(486);
    assert.match(response.get("reason") ?? "", /Q\.850;cause=17/);
    assert.equal(result, "refused");
    const { outcome, text, cause, strategy, tries, parties } = ended(desk);
    assert.deepEqual(
      [outcome, text, cause, strategy, tries, parties],
      ["unanswered", "refused with 486", 17, "refuse", 0, []],
    );
  });

  it("hangs up where its call was answered already", async () => {
    const { bell, invite, visit } = await house();
    const outcome = visit.answerBy(strategyOf({ strategy: "refuse", answerFirst: true }));
    await bell.answered(invite);
    await bell.hungUp();
    assert.equal((await outcome).result, "refused");
  });
});

describe("steps, at real phones", () => {
  it("ring the house, then the neighbour, then refuse the bell; the end tells of all of them", async () => {
    const { desk, bell, visit, phones } = await house("6001", "6002");
    const [first, second] = phones;
    const steps: NonNullable<StrategySettings["steps"]> = [
      { strategy: "ring-all", targets: ["6001"], seconds: 10 },
      { strategy: "redial", targets: ["6002"], seconds: 5, tries: 2 },
      { strategy: "refuse" },
    ];
    const outcome = visit.answerBy(strategyOf({ strategy: "steps", steps }));
    const rung = await rings(first);
    await desk.clock.advance(10_000);
    await stops(first, rung);
    for (const wait of [1_000, 0]) {
      const again = await rings(second);
      await desk.clock.advance(5_000);
      await stops(second, again);
      await desk.clock.advance(wait);
    }
    await bell.party.takeResponse(603);
    assert.deepEqual([(await outcome).result, (await outcome).tries], ["refused", 3]);
    const end = ended(desk);
    assert.deepEqual(said(end.parties), [
      [1, "6001", "no-answer", 19],
      [2, "6002", "no-answer", 19],
      [3, "6002", "no-answer", 19],
    ]);
    assert.deepEqual([end.strategy, end.tries, end.cause], ["steps", 3, 21]);
  });
});

describe("a loop that is drawn, and the one that is built in", () => {
  /** Three tries of ten seconds, one second between them: one phone rings, one is busy, one is away. */
  async function record(how: (visit: Awaited<ReturnType<typeof house>>["visit"], desk: Desk) => Promise<void>) {
    const { desk, bell, visit, phones } = await house("6001", "6002");
    desk.addNumber("6003");
    const done = how(visit, desk);
    for (let nth = 1; nth <= 3; nth++) {
      const rung = await rings(phones[0]);
      await declines(phones[1], 486);
      await desk.clock.advance(10_000);
      await stops(phones[0], rung);
      await desk.clock.advance(1_000);
    }
    await done;
    visit.refuse(480);
    await bell.party.takeResponse(480);
    const { strategy, ...end } = ended(desk);
    return { strategy, end };
  }
  const targets = ["6001", "6002", "6003"];

  it("H10 leave the same record of every try: results, statuses, causes, times", async () => {
    const built = await record(async (visit) => {
      await visit.answerBy(strategyOf({ strategy: "redial", targets, seconds: 10, tries: 3 }));
    });
    const drawn = await record(async (visit, { clock }) => {
      for (let nth = 1; nth <= 3; nth++) {
        await visit.answerBy(strategyOf({ strategy: "ring-all", targets, seconds: 10 }));
        if (nth < 3) await clock.sleep(1_000);
      }
    });
    assert.deepEqual([built.strategy, drawn.strategy], ["redial", "ring-all"]);
    assert.deepEqual(drawn.end, built.end);
    assert.equal(built.end.tries, 3);
    assert.deepEqual(
      built.end.parties
        .filter((one) => one.try === 3)
        .map((one) => [one.target, one.result, one.status, one.cause, one.seconds === undefined])
        .sort(),
      [
        ["6001", "no-answer", undefined, 19, false],
        ["6002", "busy", 486, 17, false],
        ["6003", "unregistered", undefined, 20, true],
      ],
    );
  });
});

/** What a CANCEL shares with its INVITE (RFC 3261 §9.1). */
function cancelOf(invite: Awaited<ReturnType<Device["dial"]>>) {
  return {
    to: "8002",
    uri: invite.uri,
    callId: invite.callId,
    seq: invite.cseq?.number ?? 1,
    via: invite.get("via") ?? "",
  };
}
