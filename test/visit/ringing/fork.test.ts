// Whom a strategy rings and how, target by target, on the network in memory.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { SipRequest } from "../../../src/sip/message/message.ts";
import type { Party } from "../../../src/visit/messages.ts";
import type { RingResult } from "../../../src/visit/strategies/verbs.ts";
import type { TargetSettings } from "../../../src/visit/ringing/target.ts";
import { Desk, sound, type Device } from "../desk.ts";

const elsewhere = 'SIP;cause=200;text="Call completed elsewhere"';
const press = (digit: string) => ({
  body: ["application/dtmf-relay", `Signal=${digit}\r\nDuration=160\r\n`] as const,
});

describe("targets", () => {
  let desk: Desk;
  let bell: Device;
  let press8000: SipRequest;
  beforeEach(async () => {
    desk = await Desk.open();
    bell = desk.device("8000");
  });
  afterEach(() => desk.close());

  /** The visit of a bell that dials 8002, and what ringing these brings. */
  async function rung(targets: readonly TargetSettings[], seconds = 60) {
    press8000 = await bell.dial("8002");
    const visit = desk.switchboard.lastVisit("front");
    assert.ok(visit);
    let result: RingResult | undefined;
    const ring = () => result;
    void visit.answerBy(async (ringing) => {
      result = await ringing.ring(targets, seconds);
      const { answeredBy: by, parties } = result;
      return {
        result: by === undefined ? "unanswered" : "answered",
        ...(by !== undefined && { by }),
        tries: 1,
        parties,
      };
    });
    await bell.party.settle();
    return { visit, ring };
  }
  const parties = (ring: () => RingResult | undefined) => ring()?.parties ?? assert.fail("it still rings");
  const said = (all: readonly Party[]) => all.map(({ target, result, cause, text }) => [target, result, cause, text]);
  const times = (all: readonly Party[]) =>
    all.map(({ target, rangAt = "", seconds }) => [target, (Date.parse(rangAt) - began) / 1000, seconds]);
  let began = 0;
  const start = () => (began = desk.clock.now());
  /** Answers an INVITE that has come and rings. */
  async function pickUp(phone: Device, media = {}, tag = "tt") {
    const invite = await phone.pickUp(media, tag);
    await phone.party.settle();
    return invite;
  }

  describe("each at its time", () => {
    it("H5 begin after their delay and end after their own seconds, each with its times", async () => {
      const [hall, desktop] = [await desk.phone("6001"), await desk.phone("6002")];
      start();
      const { ring } = await rung([
        { target: "6001", seconds: 20 },
        { target: "6002", delay: 10, seconds: 30 },
      ]);
      hall.party.respond(await hall.party.takeRequest("INVITE"), 180);
      await desk.clock.advance(9_000);
      assert.equal(desktop.party.count("INVITE"), 0);
      await desk.clock.advance(1_000);
      desktop.party.respond(await desktop.party.takeRequest("INVITE"), 180);
      await desk.clock.advance(10_000);
      const cancel = await hall.party.takeRequest("CANCEL");
      assert.equal(cancel.get("reason"), undefined);
      assert.equal(ring(), undefined);
      await desk.clock.advance(20_000);
      await desktop.party.takeRequest("CANCEL");
      assert.deepEqual(said(parties(ring)), [
        ["6001", "no-answer", 19, undefined],
        ["6002", "no-answer", 19, undefined],
      ]);
      const [[, first, firstFor] = [], [, second, secondFor] = []] = times(parties(ring));
      assert.ok(Number(first) < 0.1 && firstFor === 20);
      assert.ok(Number(second) >= 10 && Number(second) < 10.1 && secondFor === 30);
    });

    it("are waited for though all others have refused", async () => {
      const [hall, desktop] = [await desk.phone("6001"), await desk.phone("6002")];
      const { ring } = await rung(["6001", { target: "6002", delay: 10 }]);
      hall.party.respond(await hall.party.takeRequest("INVITE"), 603);
      await desk.clock.advance(10_000);
      assert.equal(ring(), undefined);
      await pickUp(desktop);
      assert.equal(ring()?.answeredBy, "6002");
      assert.deepEqual(said(parties(ring)), [
        ["6001", "rejected", 21, undefined],
        ["6002", "answered", 16, undefined],
      ]);
    });

    it("whose time has not come when somebody answers are never rung, and say so", async () => {
      const [hall, desktop] = [await desk.phone("6001"), await desk.phone("6002")];
      const { ring } = await rung(["6001", { target: "6002", delay: 10 }]);
      await pickUp(hall);
      await desk.clock.advance(30_000);
      assert.equal(desktop.party.count("INVITE"), 0);
      assert.deepEqual(parties(ring)[1], { target: "6002", try: 1, result: "cancelled", cause: 16 });
    });

    it("that show no sign of life are given up: 100 is none, 180 is one", async () => {
      const [dead, slow] = [await desk.phone("6001"), await desk.phone("6002")];
      const { ring } = await rung(
        [
          { target: "6001", silentSeconds: 4 },
          { target: "6002", silentSeconds: 4 },
        ],
        30,
      );
      dead.party.respond(await dead.party.takeRequest("INVITE"), 100);
      slow.party.respond(await slow.party.takeRequest("INVITE"), 180);
      await desk.clock.advance(4_000);
      await dead.party.takeRequest("CANCEL");
      assert.equal(slow.party.count("CANCEL"), 0);
      await desk.clock.advance(27_000);
      assert.deepEqual(said(parties(ring)), [
        ["6001", "unreachable", 102, "no sign of life"],
        ["6002", "no-answer", 19, undefined],
      ]);
    });
  });

  describe("with what is special about them", () => {
    it("show another name, may use other codecs, and get digits another way", async () => {
      const [hall, desktop] = [await desk.phone("6001"), await desk.phone("6002", { codecs: ["PCMA", "PCMU"] })];
      const { visit } = await rung(["6001", { target: "6002", name: "Visitor", codecs: ["PCMU"], dtmf: "info-dtmf" }]);
      const [usual, special] = [await hall.party.takeRequest("INVITE"), await desktop.party.takeRequest("INVITE")];
      assert.match(usual.get("from") ?? "", /^"Front door" <sip:8000@/);
      assert.match(special.get("from") ?? "", /^"?Visitor"? <sip:8000@/);
      assert.match(special.body.toString(), /m=audio \d+ RTP\/AVP 0( 101)?\r\n/);
      desktop.party.respond(special, 200, { sdp: sound({ codecs: "0" }) });
      await desktop.party.takeRequest("ACK");
      await bell.party.settle();
      const sent = visit.sendDigits("5", { to: "answerer" });
      const info = await desktop.party.takeRequest("INFO");
      assert.deepEqual([info.get("content-type"), info.body.toString()], ["application/dtmf", "5"]);
      desktop.party.respond(info, 200);
      await desk.clock.advance(1000);
      await sent;
    });

    it("dashboard rings nothing and lasts the whole time", async () => {
      await desk.phone("6001");
      const { ring } = await rung(["dashboard"], 40);
      await desk.clock.advance(39_000);
      assert.equal(ring(), undefined);
      await desk.clock.advance(1_000);
      assert.deepEqual(parties(ring), [{ target: "dashboard", try: 1, result: "no-answer", cause: 19 }]);
    });

    it("dashboard gives a person the time to open the door, though no phone is registered", async () => {
      const { visit, ring } = await rung(["6009", "dashboard"], 40);
      await desk.clock.advance(5_000);
      assert.equal(ring(), undefined);
      void desk.switchboard.open({ door: "front", visit: visit.id, by: "dashboard" });
      await bell.party.takeResponse(200);
      assert.equal(visit.view().answeredBy, "dashboard");
      assert.equal(parties(ring).at(-1)?.result, "cancelled");
    });
  });

  describe("whose devices come late", () => {
    it("X1, H12 ring at once; a target with a delay at its time", async () => {
      const { ring } = await rung(["6001", { target: "6002", delay: 10 }, "dashboard"]);
      const [hall, desktop] = [await desk.phone("6001"), await desk.phone("6002")];
      await hall.party.takeRequest("INVITE");
      assert.equal(desktop.party.count("INVITE"), 0);
      await desk.clock.advance(10_000);
      await pickUp(desktop);
      assert.equal(ring()?.answeredBy, "6002");
    });

    it("X1 ring for a phone that has sent its calls there", async () => {
      const hall = await desk.phone("6001");
      desk.addNumber("6002");
      const { ring } = await rung(["6001", "dashboard"]);
      const headers: [string, string][] = [["Contact", "<sip:6002@10.0.0.1>"]];
      hall.party.respond(await hall.party.takeRequest("INVITE"), 302, { headers });
      await hall.party.takeRequest("ACK");
      await pickUp(await desk.phone("6002"));
      assert.equal(ring()?.answeredBy, "6002");
    });

    it("A5 are left alone while they do not want to be disturbed", async () => {
      desk.addNumber("6001");
      desk.switchboard.directory.setDnd("6001", true);
      await rung(["6001", "dashboard"]);
      const hall = await desk.phone("6001");
      await hall.party.settle();
      assert.equal(hall.party.count("INVITE"), 0);
      desk.switchboard.directory.setDnd("6001", false);
      await hall.party.register(hall.password, { expires: 7200, seq: 10 });
      await hall.party.settle();
      assert.equal(hall.party.count("INVITE"), 1);
    });

    it("send calls on five times and no more (RFC 3261 §8.1.3.4)", async () => {
      const phones: Device[] = [];
      for (let n = 1; n <= 7; n++) phones.push(await desk.phone(`600${n}`));
      await rung(["6001", "dashboard"]);
      for (const [n, { party }] of phones.slice(0, 6).entries()) {
        const headers: [string, string][] = [["Contact", `<sip:600${n + 2}@10.0.0.1>`]];
        party.respond(await party.takeRequest("INVITE"), 302, { headers });
        await party.settle();
      }
      assert.equal(phones[6]?.party.count("INVITE"), 0);
    });

    it("that send calls on to each other, or to groups that they are in, are rung once", async () => {
      const [one, two] = [await desk.phone("6001"), await desk.phone("6002")];
      desk.switchboard.addGroup({ number: "600", members: ["6001", "6002"] }, "ring group 600");
      const { ring } = await rung(["6001"]);
      for (const [phone, next] of [
        [one, "600"],
        [two, "6001"],
      ] as const) {
        const headers: [string, string][] = [["Contact", `<sip:${next}@10.0.0.1>`]];
        phone.party.respond(await phone.party.takeRequest("INVITE"), 302, { headers });
        await phone.party.takeRequest("ACK");
      }
      await one.party.settle();
      assert.deepEqual([one.party.inbox, two.party.inbox], [[], []]);
      assert.deepEqual(
        parties(ring).map(({ target, status }) => [target, status]),
        [["6001", 302]],
      );
    });

    it("that send calls on to a group of nobody but themselves, or one that wants no calls, get its refusal", async () => {
      const one = await desk.phone("6001");
      await desk.phone("6002");
      desk.switchboard.addGroup({ number: "600", members: ["6001"] }, "ring group 600");
      desk.switchboard.addGroup({ number: "601", members: ["6002"] }, "ring group 601");
      desk.switchboard.directory.setDnd("601", true, 603);
      for (const [group, status] of [
        ["600", 486],
        ["601", 603],
      ] as const) {
        const { ring, visit } = await rung(["6001"]);
        const headers: [string, string][] = [["Contact", `<sip:${group}@10.0.0.1>`]];
        one.party.respond(await one.party.takeRequest("INVITE"), 302, { headers });
        await one.party.takeRequest("ACK");
        await one.party.settle();
        assert.deepEqual(
          parties(ring).map((party) => [party.target, party.status]),
          [["6001", status]],
        );
        visit.stop();
        await desk.clock.advance(5_000);
      }
    });

    it("X8 a page sends its calls nowhere: its 302 is a refusal", async () => {
      const hall = await desk.phone("6001");
      const other = await desk.phone("6002");
      for (const { flow } of desk.switchboard.endpoint.location.contacts("6001"))
        Object.defineProperty(flow, "as", { value: "6001" });
      const { ring } = await rung(["6001"]);
      const headers: [string, string][] = [["Contact", "<sip:6002@10.0.0.1>"]];
      hall.party.respond(await hall.party.takeRequest("INVITE"), 302, { headers });
      await hall.party.takeRequest("ACK");
      await other.party.settle();
      assert.equal(other.party.count("INVITE"), 0);
      assert.equal(parties(ring)[0]?.status, 302);
    });

    it("X1 ring no more once the time of their target is over", async () => {
      await rung([{ target: "6001", seconds: 10 }, "dashboard"]);
      await desk.clock.advance(10_000);
      const hall = await desk.phone("6001");
      await hall.party.settle();
      assert.equal(hall.party.count("INVITE"), 0);
    });

    it("X1 are rung once, though their registration is refreshed meanwhile", async () => {
      const hall = await desk.phone("6001");
      const { ring } = await rung(["6001"]);
      hall.party.respond(await hall.party.takeRequest("INVITE"), 180);
      await hall.party.register(hall.password, { expires: 7200, seq: 10 });
      await hall.party.settle();
      assert.deepEqual([hall.party.count("INVITE"), ring()], [1, undefined]);
    });

    it("X1 are left alone once they have refused, though they register anew", async () => {
      const hall = await desk.phone("6001");
      await rung(["6001", "dashboard"]);
      hall.party.respond(await hall.party.takeRequest("INVITE"), 603);
      await hall.party.register(hall.password, { expires: 7200, seq: 10 });
      await hall.party.settle();
      assert.equal(hall.party.count("INVITE"), 1);
    });

    it("X1 are rung again where they were not to be reached, once they register anew", async () => {
      const hall = await desk.phone("6001");
      await rung([{ target: "6001", silentSeconds: 4 }, "dashboard"]);
      const lost = await hall.party.takeRequest("INVITE");
      await desk.clock.advance(4_000);
      await hall.party.register(hall.password, { expires: 7200, seq: 10 });
      await hall.party.settle();
      const calls = hall.party.heard.filter((message) => message.cseq?.method === "INVITE").map(({ callId }) => callId);
      assert.deepEqual([new Set(calls).size, calls[0]], [2, lost.callId]);
    });

    it("X1 are rung where they are now, and no more where they were, when they move while it rings", async () => {
      const instance = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>"';
      desk.addNumber("6001");
      const [before, after] = [desk.device("6001"), desk.device("6001")];
      const register = ({ party, password }: Device) =>
        party.register(password, { expires: 7200, headers: { Contact: `${party.contact};${instance}` } });
      await register(before);
      const { ring } = await rung(["6001"]);
      before.party.respond(await before.party.takeRequest("INVITE"), 180);
      await register(after);
      const cancel = await before.party.takeRequest("CANCEL");
      assert.equal(cancel.get("reason"), undefined);
      await pickUp(after);
      assert.deepEqual(said(parties(ring)), [["6001", "answered", 16, undefined]]);
    });

    it("X4 and answer after somebody else has won are told that it was completed elsewhere", async () => {
      const [hall, desktop] = [await desk.phone("6001"), await desk.phone("6002")];
      const { visit } = await rung(["6001", "6002"]);
      const [first, second] = [await hall.party.takeRequest("INVITE"), await desktop.party.takeRequest("INVITE")];
      desktop.party.respond(second, 180);
      await desktop.party.settle();
      // Both pick up in one moment: the second answer crosses the CANCEL.
      hall.party.respond(first, 200, { sdp: sound() });
      desktop.party.respond(second, 200, { sdp: sound() });
      await desk.clock.advance(20);
      assert.equal(visit.view().answeredBy, "6001");
      await desktop.party.takeRequest("ACK");
      const bye = await desktop.party.takeRequest("BYE");
      assert.equal(bye.get("reason"), elsewhere);
      desktop.party.respond(bye, 200);
    });
  });

  describe("that must confirm", () => {
    const confirm = (target: string, more = {}) => ({ target, confirm: true, ...more });

    it("win by pressing 1, while the others ring on until then", async () => {
      const [mobile, hall] = [await desk.phone("6001"), await desk.phone("6002")];
      const { visit, ring } = await rung([confirm("6001"), "6002"]);
      hall.party.respond(await hall.party.takeRequest("INVITE"), 180);
      await pickUp(mobile);
      assert.deepEqual([visit.state, hall.party.count("CANCEL")], ["ringing", 0]);
      await mobile.send("INFO", press("5"));
      await mobile.party.takeResponse(200);
      await desk.clock.advance(1_000);
      assert.equal(visit.state, "ringing");
      await mobile.send("INFO", press("1"));
      await desk.clock.advance(200);
      await bell.answered(press8000);
      assert.deepEqual([visit.state, visit.view().answeredBy], ["talking", "6001"]);
      assert.equal((await hall.party.takeRequest("CANCEL")).get("reason"), elsewhere);
      assert.equal(ring()?.answeredBy, "6001");
      // What was pressed to take the visitor is no digit for the door.
      assert.equal(bell.party.count("INFO"), 0);
    });

    it("and say their 1 more than once are heard to the end: the door gets none of it", async () => {
      const mobile = await desk.phone("6001");
      const { visit } = await rung([confirm("6001")]);
      await pickUp(mobile);
      await mobile.send("INFO", press("1"));
      await desk.clock.advance(100);
      assert.equal(visit.state, "ringing");
      await mobile.send("INFO", press("1"));
      await desk.clock.advance(200);
      await bell.answered(press8000);
      assert.deepEqual([visit.state, bell.party.count("INFO")], ["talking", 0]);
    });

    it("and do not, such as a voicemail, are hung up on and count as no answer", async () => {
      const voicemail = await desk.phone("6001");
      const { visit, ring } = await rung([confirm("6001", { confirmSeconds: 10 })]);
      await pickUp(voicemail);
      await desk.clock.advance(10_000);
      await voicemail.hungUp();
      assert.deepEqual(said(parties(ring)), [["6001", "no-answer", 19, "not confirmed"]]);
      assert.equal(visit.state, "ringing");
    });

    it("and hang up instead count as no answer, too", async () => {
      const mobile = await desk.phone("6001");
      const { ring } = await rung([confirm("6001")]);
      await pickUp(mobile);
      await mobile.send("BYE");
      assert.deepEqual(said(parties(ring)), [["6001", "no-answer", 19, "not confirmed"]]);
    });

    it("have their time though that of ringing is over", async () => {
      const [mobile, hall] = [await desk.phone("6001"), await desk.phone("6002")];
      const { visit, ring } = await rung([confirm("6001", { seconds: 20 }), "6002"], 30);
      hall.party.respond(await hall.party.takeRequest("INVITE"), 180);
      await desk.clock.advance(19_000);
      await pickUp(mobile);
      await desk.clock.advance(12_000);
      await hall.party.takeRequest("CANCEL");
      assert.equal(ring(), undefined);
      await mobile.send("INFO", press("1"));
      await desk.clock.advance(200);
      assert.equal(visit.view().answeredBy, "6001");
      assert.deepEqual(said(parties(ring)), [
        ["6002", "no-answer", 19, undefined],
        ["6001", "answered", 16, undefined],
      ]);
    });

    it("at once: one wins, and the other hears so and is told that it was completed elsewhere", async () => {
      const [one, other] = [await desk.phone("6001"), await desk.phone("6002")];
      const { visit, ring } = await rung([confirm("6001"), confirm("6002")]);
      await pickUp(one);
      await pickUp(other, {}, "t2");
      other.party.send(other.request("INFO", press("1")));
      one.party.send(one.request("INFO", press("1")));
      await desk.clock.advance(200);
      assert.equal(visit.view().answeredBy, "6002");
      assert.equal(one.party.count("BYE"), 0);
      await desk.clock.advance(1_500);
      assert.equal((await one.hungUp()).get("reason"), elsewhere);
      assert.deepEqual(said(parties(ring)), [
        ["6002", "answered", 16, undefined],
        ["6001", "cancelled", 16, undefined],
      ]);
    });

    it("are hung up on when the visitor goes", async () => {
      const mobile = await desk.phone("6001");
      const { ring } = await rung([confirm("6001")]);
      await pickUp(mobile);
      const via = press8000.get("via") ?? "";
      bell.party.send(
        bell.party.request("CANCEL", { to: "8002", callId: bell.callId, seq: press8000.cseq?.number ?? 0, via }),
      );
      await bell.party.takeResponse(487);
      assert.equal((await mobile.hungUp()).get("reason"), undefined);
      assert.equal(parties(ring)[0]?.result, "cancelled");
    });

    it("may change their call meanwhile: a refresh is answered", async () => {
      const mobile = await desk.phone("6001");
      await rung([confirm("6001")]);
      await pickUp(mobile);
      await mobile.reoffer({ port: 4002 });
    });
  });
});
