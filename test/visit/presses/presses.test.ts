// What becomes of each call of a door (X1): docs/presses.md as tests. Makers place up to ten calls for one press.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { Picture } from "../../../src/camera/camera.ts";
import type { PressSettings } from "../../../src/door/door.ts";
import { SipResponse, type SipRequest } from "../../../src/sip/message/message.ts";
import type { VisitEnd } from "../../../src/visit/messages.ts";
import type { Visit } from "../../../src/visit/visit.ts";
import { Desk, sound, type Device } from "../desk.ts";
import { ringAll } from "../ring-all.ts";

let desk: Desk;
afterEach(() => desk.close());

const open = async (presses: PressSettings = {}) => (desk = await Desk.open({}, {}, presses));
const rings = () => desk.told("ring").length;
const visit = (): Visit => desk.switchboard.lastVisit("front") ?? assert.fail("no visit");
const settle = (ms = 5) => desk.clock.advance(ms);

/** Calls of one bell that come one right after the other, with Call-IDs of their own. */
async function burst(bell: Device, calls: number, number = "6001"): Promise<SipRequest[]> {
  const invites: SipRequest[] = [];
  for (let n = 0; n < calls; n++) invites.push(await bell.dial(number));
  await settle();
  return invites;
}

/** How many of its calls were refused so; a refusal is repeated until it is acknowledged. */
const refused = ({ party }: Device, status: number): number =>
  new Set(party.heard.flatMap((m) => (m instanceof SipResponse && m.status === status ? m.callId : []))).size;

const cancel = (bell: Device, invite: SipRequest) => {
  const via = invite.get("via") ?? "";
  const { callId, uri } = invite;
  bell.party.send(bell.party.request("CANCEL", { callId, uri, via, seq: invite.cseq?.number ?? 0, to: "6001" }));
};

/** A phone takes the visitor. */
async function answeredBy(phone: Device, bell: Device, invite: SipRequest) {
  void visit().answerBy(ringAll(phone.party.user));
  await phone.pickUp();
  await bell.answered(invite);
}

describe("X1 a bell that presses every second", () => {
  it("keeps the pictures of the last minute only: those of an hour would fill a small computer", async () => {
    await open();
    const pictures: object[] = [];
    const camera = desk.switchboard.entrances.get("front")?.eye ?? assert.fail();
    Object.defineProperty(camera, "isOpen", { value: true });
    camera.snapshot = () => {
      const picture = { jpeg: Buffer.alloc(1) } as unknown as Picture;
      pictures.push(picture);
      return Promise.resolve(picture);
    };
    const bell = desk.device("8000");
    const visits: Visit[] = [];
    for (let second = 0; second < 100; second++) {
      const invite = await bell.dial("6001");
      visits.push(visit());
      cancel(bell, invite);
      await settle(1_000);
    }
    const kept = visits.filter(({ picture }) => picture !== undefined).length;
    assert.deepEqual([rings(), pictures.length], [100, 100]);
    assert.ok(kept > 50 && kept < 65, `${kept} are kept`);
  });
});

describe("X1 a clock that is set", () => {
  it("makes no part of a refused press out of what comes an hour later by anybody else's clock", async () => {
    await open();
    const bell = desk.device("8000");
    await bell.dial("6001");
    visit().refuse(480);
    await settle();
    // Without a clock of its own a small computer has any time until it has asked the network.
    desk.clock.set(desk.clock.now() - 3_600_000);
    await settle(60_000);
    await bell.dial("6001");
    await settle();
    assert.equal(rings(), 2);
  });

  it("makes no part of a talk's press out of one that comes a minute after it began", async () => {
    await open({ pressInTalk: "wait" });
    const phone = await desk.phone("6001");
    const bell = desk.device("8000");
    await answeredBy(phone, bell, await bell.dial("6001"));
    desk.clock.set(desk.clock.now() - 3_600_000);
    await settle(60_000);
    await bell.dial("6001");
    await settle();
    assert.deepEqual(desk.told("waiting").length, 1);
  });
});

describe("X1 ten calls of one press", () => {
  it("are one visit; one is answered and nine are told that it is busy", async () => {
    await open();
    const phone = await desk.phone("6001");
    const bell = desk.device("8000");
    const [first] = await burst(bell, 10);
    assert.equal(rings(), 1);
    await answeredBy(phone, bell, first ?? assert.fail());
    await settle();
    assert.equal(refused(bell, 486), 9);
    assert.equal(visit().state, "talking");
  });

  it("are one visit where the bell cancels the first of them, and again the next", async () => {
    await open();
    const phone = await desk.phone("6001");
    const bell = desk.device("8000");
    const [first, second, third] = await burst(bell, 3);
    cancel(bell, first ?? assert.fail());
    await settle();
    cancel(bell, second ?? assert.fail());
    await settle();
    assert.equal(visit().state, "ringing");
    await answeredBy(phone, bell, third ?? assert.fail());
    assert.deepEqual([rings(), visit().state], [1, "talking"]);
  });

  it("are one visit where the phone answers before the last of them come", async () => {
    await open({ pressInTalk: "wait" });
    const phone = await desk.phone("6001");
    const bell = desk.device("8000");
    const [first] = await burst(bell, 2);
    await answeredBy(phone, bell, first ?? assert.fail());
    for (let n = 0; n < 4; n++) {
      await settle(1_500);
      await bell.dial("6001");
    }
    await settle();
    // The one that rang along, and four that came later, each within two seconds of the last.
    assert.equal(refused(bell, 486), 5);
    assert.deepEqual([rings(), desk.told("waiting").length], [1, 0]);
  });
});

describe("X1 a call right after the end of a visit", () => {
  it("that nobody answered is the same press: it gets the same refusal, and nobody hears of it", async () => {
    await open();
    const bell = desk.device("8000");
    await bell.dial("6001");
    visit().refuse(603);
    const told = desk.events.length;
    // In the same tick, then half a second and nearly two seconds after it.
    for (const ms of [0, 500, 1_450]) {
      await desk.clock.advance(ms);
      await bell.dial("6001");
      await settle();
    }
    assert.equal(refused(bell, 603), 4);
    assert.equal(desk.events.length, told);
    await settle(100);
    await bell.dial("6001");
    await bell.party.takeResponse(180);
    assert.equal(rings(), 2);
  });

  it("for which the flow does nothing is refused after a minute", async () => {
    await open();
    const bell = desk.device("8000");
    await bell.dial("6001");
    await settle(59_000);
    assert.deepEqual([refused(bell, 480), visit().state], [0, "ringing"]);
    await settle(1_000);
    assert.deepEqual([refused(bell, 480), visit().state], [1, "ended"]);
  });

  it("that the flow stopped is the same press as well", async () => {
    await open();
    const bell = desk.device("8000");
    await bell.dial("6001");
    visit().stop();
    await bell.party.takeResponse(480);
    await bell.dial("6001");
    await bell.party.takeResponse(480);
    assert.equal(rings(), 1);
  });

  it("that the bell gave up is a new press: it wants to be heard", async () => {
    await open();
    const bell = desk.device("8000");
    const [first] = await burst(bell, 1);
    cancel(bell, first ?? assert.fail());
    await bell.party.takeResponse(487);
    await bell.dial("6001");
    await bell.party.takeResponse(180);
    assert.equal(rings(), 2);
    assert.equal((desk.told("ended")[0] as VisitEnd).outcome, "cancelled");
  });

  it("that was answered is a new press, however short the talk was", async () => {
    await open();
    const { bell, phone } = await desk.talking();
    await phone.send("BYE");
    await bell.hungUp();
    await bell.dial("6001");
    await bell.party.takeResponse(180);
    assert.equal(rings(), 2);
  });

  it("that had no usable sound is a new press", async () => {
    await open();
    const bell = desk.device("8000");
    await bell.dial("6001", {}, { codecs: "18" });
    assert.equal((await desk.ended()).outcome, "failed");
    await bell.party.takeResponse(488);
    await bell.dial("6001");
    await bell.party.takeResponse(180);
    assert.equal(rings(), 2);
  });

  it("that ended because its door was deployed anew is a new press", async () => {
    await open();
    const { switchboard } = desk;
    const bell = desk.device("8000");
    await bell.dial("6001");
    const { settings } = switchboard.entrances.get("front") ?? assert.fail();
    desk.leaveDoor();
    await bell.party.takeResponse(480);
    switchboard.addDoor(settings, "door Front door");
    await bell.dial("6001");
    await bell.party.takeResponse(180);
    assert.equal(rings(), 2);
  });

  it("is a new press where the door says that its bell does not bounce", async () => {
    await open({ bounceSeconds: 0 });
    const bell = desk.device("8000");
    await bell.dial("6001");
    visit().refuse(480);
    await bell.party.takeResponse(480);
    await bell.dial("6001");
    await settle();
    assert.equal(rings(), 2);
  });
});

describe("X1 a press during a talk", () => {
  /** A bell that talks with 6001, long enough for a press to be another one. */
  async function talking(presses: PressSettings = {}) {
    await open(presses);
    const parties = await desk.talking();
    await settle(5_000);
    return parties;
  }

  const waitingOf = (talk: Visit): Visit =>
    desk.switchboard.visits().find((one) => one !== talk) ?? assert.fail("nobody waits");

  it("is busy, and told to nobody, where nothing is set", async () => {
    const { bell, visit: talk } = await talking();
    const again = desk.device("8000");
    await again.dial("6001");
    await again.party.takeResponse(486);
    assert.deepEqual([rings(), talk.state, bell.party.count("BYE")], [1, "talking", 0]);
  });

  it("takes the place of the talk where the door says so: the old call ends with a reason, the new one rings", async () => {
    const { bell, phone, visit: talk } = await talking({ pressInTalk: "replace" });
    const again = desk.device("8000");
    await again.dial("6001");
    assert.match((await bell.hungUp()).get("reason") ?? "", /Q\.850;cause=16/);
    await phone.hungUp();
    await again.party.takeResponse(180);
    assert.deepEqual([talk.state, visit().state, rings()], ["ended", "ringing", 2]);
    const { outcome, text } = await desk.ended();
    assert.deepEqual([outcome, text], ["answered", "another press took its place"]);
  });

  it("waits where the door says so, hears that it does, and rings when the talk is over", async () => {
    const { phone, bell, visit: talk } = await talking({ pressInTalk: "wait" });
    const again = desk.device("8000");
    const invite = await again.dial("6001");
    await again.party.takeResponse(183);
    const waiting = waitingOf(talk);
    assert.deepEqual(desk.told("waiting"), [{ from: "8000", button: "6001", behind: talk.id }]);
    assert.deepEqual([waiting.view().waiting, waiting.state, rings()], [true, "ringing", 1]);
    // Longer than a visit lasts that nobody minds.
    await settle(90_000);
    assert.equal(desk.switchboard.lastVisit("front"), talk);
    await phone.send("BYE");
    await bell.hungUp();
    await desk.ended();
    const { waitedSeconds, ...ring } = desk.told("ring")[1] as { waitedSeconds: number };
    assert.deepEqual([ring, Math.round(waitedSeconds)], [{ from: "8000", button: "6001" }, 90]);
    assert.deepEqual([waiting.view().waiting, desk.switchboard.lastVisit("front")], [undefined, waiting]);
    void waiting.answerBy(ringAll("6001"));
    await phone.pickUp();
    await again.answered(invite);
    assert.equal(waiting.state, "talking");
  });

  it("that waits is one press however many calls it makes, and is over when the bell gives up", async () => {
    const { phone, bell, visit: talk } = await talking({ pressInTalk: "wait" });
    const again = desk.device("8000");
    const [first, second] = await burst(again, 2);
    const waiting = waitingOf(talk);
    cancel(again, first ?? assert.fail());
    await settle();
    assert.deepEqual([desk.told("waiting").length, waiting.view().waiting], [1, true]);
    cancel(again, second ?? assert.fail());
    await settle();
    assert.deepEqual([waiting.state, (desk.told("ended")[0] as VisitEnd).outcome], ["ended", "cancelled"]);
    assert.equal(talk.state, "talking");
    await phone.send("BYE");
    await bell.hungUp();
    await settle(60_000);
    assert.equal(rings(), 1);
  });

  it("that waits may be answered or refused by the flow without waiting, and is not told as a ring then", async () => {
    const { phone, bell, visit: talk } = await talking({ pressInTalk: "wait" });
    const other = await desk.phone("6002");
    const again = desk.device("8000");
    const invite = await again.dial("6001");
    await again.party.takeResponse(183);
    const waiting = waitingOf(talk);
    void waiting.answerBy(ringAll("6002"));
    assert.equal(waiting.view().waiting, undefined);
    await other.pickUp();
    await again.answered(invite);
    await phone.send("BYE");
    await bell.hungUp();
    await desk.ended();
    assert.deepEqual([rings(), waiting.state], [1, "talking"]);
  });

  it("that waits is let go with its door, and nothing rings afterwards", async () => {
    const { bell, phone, visit: talk } = await talking({ pressInTalk: "wait" });
    const again = desk.device("8000");
    await again.dial("6001");
    await again.party.takeResponse(183);
    const waiting = waitingOf(talk);
    desk.leaveDoor();
    await again.party.takeResponse(480);
    await Promise.all([bell.hungUp(), phone.hungUp()]);
    await settle(1_000);
    assert.deepEqual([waiting.state, talk.state, rings()], ["ended", "ended", 1]);
    assert.deepEqual(desk.switchboard.visits(), []);
  });

  it("that waits for one button of two is not in the way of the other: both ring when the talk is over", async () => {
    const buttons = [201, 202].map((number) => ({ number: `${number}`, name: `Flat ${number}` }));
    const { phone, bell, visit: talk } = await talking({ pressInTalk: "wait", buttons });
    const panel = desk.device("8000");
    for (const number of ["201", "202", "201"]) await panel.dial(number);
    await settle();
    assert.equal(desk.told("waiting").length, 2);
    // It is answered by the door, whichever rings: the code goes to the one that talks.
    assert.equal(desk.switchboard.lastVisit("front"), talk);
    await phone.send("BYE");
    await bell.hungUp();
    await desk.ended();
    const told = desk.told("ring").slice(1) as { buttonName: string }[];
    assert.deepEqual(
      told.map(({ buttonName }) => buttonName),
      ["Flat 201", "Flat 202"],
    );
  });

  it("that waits for one button goes on waiting when the one that waits for the other gives up", async () => {
    const buttons = [201, 202].map((number) => ({ number: `${number}`, name: `Flat ${number}` }));
    const { visit: talk } = await talking({ pressInTalk: "wait", buttons });
    const panel = desk.device("8000");
    await panel.dial("201");
    const invite = await panel.dial("202");
    await settle();
    cancel(panel, invite);
    await settle();
    assert.equal((await desk.ended()).outcome, "cancelled");
    const [waiting] = desk.switchboard.visits().filter((one) => one !== talk);
    assert.deepEqual([waiting?.view().waiting, waiting?.view().buttonName, rings()], [true, "Flat 201", 1]);
  });

  it("that waits hears its own ring-back where it cannot hear us before its call is answered", async () => {
    const { visit: talk } = await talking({ pressInTalk: "wait" });
    const again = desk.device("8000");
    await again.dial("6001", { body: ["text/plain", ""] });
    await again.party.takeResponse(180);
    assert.deepEqual([waitingOf(talk).view().waiting, again.party.count(183)], [true, 0]);
  });

  it("does not, where it is one of the calls of the press that talks", async () => {
    await open({ pressInTalk: "replace" });
    const { bell, visit: talk } = await desk.talking();
    await settle(1_000);
    await bell.dial("6001");
    await bell.party.takeResponse(486);
    assert.deepEqual([talk.state, rings()], ["talking", 1]);
  });
});

describe("a bell with one call at a time that calls anew", () => {
  it("while it rings goes on in the same visit: its old call is dropped, and the phones ring on", async () => {
    await open({ oneCall: true });
    const phone = await desk.phone("6001");
    const bell = desk.device("8000");
    await bell.dial("6001");
    void visit().answerBy(ringAll("6001"));
    await settle();
    const again = desk.device("8000");
    const invite = await again.dial("6001");
    await bell.party.takeResponse(487);
    await phone.pickUp();
    await again.answered(invite);
    assert.deepEqual([rings(), visit().state, phone.party.count("CANCEL")], [1, "talking", 0]);
  });

  it("while it rings and hears something is a new visit", async () => {
    await open({ oneCall: true });
    const bell = desk.device("8000");
    await bell.dial("6001", { body: ["application/sdp", sound()] });
    const first = visit();
    await first.answerAlone();
    const again = desk.device("8000");
    await again.dial("6001");
    await again.party.takeResponse(180);
    assert.deepEqual([first.state, visit().state, rings()], ["ended", "ringing", 2]);
    assert.equal((await desk.ended()).text, "the bell calls anew: its old call is over");
  });

  it("while it talks has lost its old call: that ends, and a visit begins", async () => {
    await open({ oneCall: true });
    const { bell, phone, visit: talk } = await desk.talking();
    await bell.dial("6001");
    await phone.hungUp();
    await bell.party.takeResponse(180);
    assert.deepEqual([talk.state, visit().state, rings()], ["ended", "ringing", 2]);
    assert.equal((await desk.ended()).outcome, "answered");
  });
});

describe("a bell with several buttons", () => {
  const buttons = [
    { number: "201", name: "Meier" },
    { number: "202", name: "Sato" },
  ];

  it("tells which by the number it dials, and its name where the door's list has one", async () => {
    await open({ buttons });
    const bell = desk.device("8000");
    await bell.dial("201");
    assert.deepEqual(desk.told("ring"), [{ from: "8000", button: "201", buttonName: "Meier" }]);
    const { button, buttonName, dialled } = visit().view();
    assert.deepEqual([button, buttonName, dialled], ["201", "Meier", "201"]);
    visit().stop();
    await settle(3_000);
    await bell.dial("8000");
    assert.deepEqual(visit().view().button, "1");
  });

  it("X1 rings for each of two that stand in the list, and is one press by numbers that do not", async () => {
    await open({ buttons });
    const bell = desk.device("8000");
    await bell.dial("201");
    await bell.dial("202");
    assert.deepEqual(desk.told("ring").length, 2);
    assert.equal(desk.switchboard.visits().length, 2);
    await bell.dial("203");
    await bell.dial("201");
    assert.equal(rings(), 2);
    // The refusal of one is no answer to the other.
    for (const one of desk.switchboard.visits()) if (one.view().button === "201") one.refuse(480);
    await bell.dial("202");
    assert.equal(rings(), 2);
    assert.deepEqual(
      desk.switchboard.visits().map((one) => one.view().button),
      ["202"],
    );
  });

  const ways: [string, PressSettings, Parameters<Device["dial"]>[1], string][] = [
    ["the address in To", { buttonFrom: "to" }, { uri: "sip:8000@10.0.0.1" }, "202"],
    ["the caller's name", { buttonFrom: "name" }, { from: '"202" <sip:8000@10.0.0.1>' }, "202"],
    ["a header", { buttonFrom: "header", buttonHeader: "X-Button" }, { headers: { "x-button": " 202 " } }, "202"],
    ["the number it dials, where a header says nothing", { buttonFrom: "header", buttonHeader: "X-Button" }, {}, "202"],
  ];
  for (const [what, settings, wish, button] of ways)
    it(`can say it by ${what}`, async () => {
      await open({ buttons, ...settings });
      const bell = desk.device("8000");
      await bell.dial("202", wish);
      assert.deepEqual([visit().view().button, visit().view().buttonName], [button, "Sato"]);
      visit().stop();
      assert.equal(visit().view().button, button);
    });
});
