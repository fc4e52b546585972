// N1 transfer: a phone that talks has the visitor connected with somebody else. RFC 3515, RFC 3891, RFC 4488.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { SipRequest } from "../../../src/sip/message/message.ts";
import { IncomingCall } from "../../../src/sip/dialog/incoming.ts";
import type { Referral } from "../../../src/sip/dialog/call.ts";
import type { Bridge } from "../../../src/visit/talk/bridge.ts";
import type { Leg } from "../../../src/visit/talk/leg.ts";
import { transfer } from "../../../src/visit/talk/transfer.ts";
import { Desk, directionOf, sound, type Device } from "../desk.ts";

const desks: Desk[] = [];
after(() => Promise.all(desks.map((desk) => desk.close())));

async function open() {
  const desk = await Desk.open();
  desks.push(desk);
  const other = await desk.phone("6002");
  return { ...(await desk.talking()), desk, other };
}

describe("a blind transfer", () => {
  it("is not for who shows the number of a phone of the house and has proven nothing: it would call at our cost", async () => {
    const { desk, bell } = await open();
    const [[call, bridge] = assert.fail()] = desk.switchboard.bridges;
    const visitor = bridge.leg(call);
    for (const [caller, allowed] of [
      [{ kind: "extension", number: "6001" }, true],
      [{ kind: "account", account: "pbx", number: "6001" }, false],
      [{ kind: "address", number: "6001" }, false],
    ] as const) {
      const flow = { remote: { host: "10.0.0.66" } };
      const from = {
        name: "6001",
        call: Object.create(IncomingCall.prototype, {
          caller: { value: caller },
          flow: { value: flow },
          isUs: { value: () => true },
        }) as unknown,
      } as Leg;
      let status = 202;
      const referral = {
        to: { uri: "sip:6002@10.0.0.1" },
        reject: (why: number) => (status = why),
        accept: () => () => {},
      } as unknown as Referral;
      const here = { other: () => visitor, wish: () => "sendrecv", leaves: () => {}, stays: () => {} };
      transfer(desk.switchboard, here as unknown as Bridge, from, referral, {
        number: "8000",
        name: "",
        host: "",
        group: "x",
      });
      assert.equal(status, allowed ? 202 : 403, caller.kind);
    }
    await bell.send("BYE");
  });

  it("is not for a page, by whatever way its wish comes (X8)", async () => {
    const { desk, phone, other, bell } = await open();
    for (const { flow } of desk.switchboard.endpoint.location.contacts("6001"))
      Object.defineProperty(flow, "as", { value: "6001" });
    const elsewhere = desk.device("6001");
    const refer = phone.request("REFER", { headers: { "Refer-To": "<sip:6002@10.0.0.1>" } });
    refer.set("Via", `SIP/2.0/UDP ${elsewhere.party.host};branch=z9hG4bKelsewhere`);
    elsewhere.party.send(refer);
    await elsewhere.party.takeResponse(403);
    assert.equal(other.party.count("INVITE"), 0);
    await bell.send("BYE");
  });

  it("rings the other phone as the bell, connects it, and lets the first one go; the bell talks throughout", async () => {
    const { desk, bell, phone, other, visit } = await open();
    await phone.refer("<sip:6002@10.0.0.1>", { "Referred-By": "<sip:6001@10.0.0.1>" });
    await phone.party.takeResponse(202);
    assert.equal(await phone.report(), "SIP/2.0 100 Trying");
    const invite = await other.pickUp();
    assert.deepEqual([invite.from?.name, invite.get("referred-by")], ["Front door", "<sip:6001@10.0.0.1>"]);
    assert.equal(await phone.report(), "SIP/2.0 200 OK");
    assert.deepEqual(desk.told("transferred"), [{ from: "6001", to: "6002" }]);
    assert.equal(visit.view().answeredBy, "6002");
    await phone.send("BYE");
    assert.equal(visit.state, "talking");
    assert.equal(bell.party.count("INVITE") + bell.party.count("BYE"), 0);
    // Digits go between those who talk now.
    await other.send("INFO", { body: ["application/dtmf", "5"] });
    assert.match((await bell.party.takeRequest("INFO")).body.toString(), /Signal=5/);
    await other.send("BYE");
    await bell.hungUp();
    assert.deepEqual([visit.state, (await desk.ended()).answeredBy], ["ended", "6002"]);
  });

  it("reaches a phone that has no codec but G.711, where the bell and the first one talk in another (RFC 3264 §8.3.2)", async () => {
    const desk = await Desk.open();
    desks.push(desk);
    const other = await desk.phone("6002");
    const { bell, phone } = await desk.talking({ codecs: "96 8" }, "96");
    await phone.refer("<sip:6002@10.0.0.1>");
    await phone.report();
    const invite = await other.pickUp();
    assert.match(invite.body.toString(), /^m=audio \d+ RTP\/AVP 96 8 0 /m);
    // The bell is asked for what that one takes.
    assert.match((await bell.accept()).body.toString(), /^m=audio \d+ RTP\/AVP 8 0 /m);
    assert.equal(await phone.report(), "SIP/2.0 200 OK");
    assert.equal(desk.switchboard.lastVisit("front")?.talkingBell?.session.codec, "PCMA/8000");
    await other.send("BYE");
    await bell.hungUp();
  });

  it("ends the hold that the first phone had put the bell on", async () => {
    const { bell, phone, other } = await open();
    await phone.reoffer({ direction: "sendonly" });
    await bell.accept({ direction: "recvonly" });
    await phone.refer("sip:6002@10.0.0.1");
    await phone.report();
    assert.equal(directionOf(await other.pickUp()), "sendrecv");
    assert.equal(directionOf(await bell.accept()), "sendrecv");
  });

  it("hangs up on a phone that does not go by itself", async () => {
    const { phone, other, desk } = await open();
    await phone.refer("<sip:6002@10.0.0.1>", { "Refer-Sub": "false" });
    await other.pickUp();
    await desk.clock.advance(4_900);
    assert.equal(phone.party.count("BYE"), 0);
    await desk.clock.advance(200);
    await phone.hungUp();
    assert.equal(phone.party.count("NOTIFY"), 0);
  });

  it("that fails leaves all as it was, and says why", async () => {
    const { desk, bell, phone, other, visit } = await open();
    await phone.refer("<sip:6002@10.0.0.1>");
    await phone.report();
    other.party.respond(await other.party.takeRequest("INVITE"), 486);
    assert.equal(await phone.report(), "SIP/2.0 486 Busy Here");
    await desk.clock.advance(10_000);
    assert.deepEqual([visit.state, visit.view().answeredBy, desk.told("transferred")], ["talking", "6001", []]);
    await phone.send("INFO", { body: ["application/dtmf", "5"] });
    await bell.party.takeRequest("INFO");
    await phone.send("BYE");
    await bell.hungUp();
    assert.equal(visit.state, "ended");
  });

  it("goes on where the phone has hung up already, and ends the visit only where it fails then", async () => {
    for (const fails of [false, true]) {
      const { bell, phone, other, visit } = await open();
      await phone.refer("<sip:6002@10.0.0.1>");
      await phone.report();
      const invite = await other.party.takeRequest("INVITE");
      await phone.send("BYE");
      assert.equal(visit.state, "talking");
      other.party.respond(invite, fails ? 603 : 200, { sdp: sound() });
      await other.party.takeRequest("ACK");
      assert.equal(visit.state, fails ? "ended" : "talking");
      if (fails) await bell.hungUp();
      else assert.equal(visit.view().answeredBy, "6002");
    }
  });

  it("is given up when the bell hangs up meanwhile", async () => {
    const { bell, phone, other, visit } = await open();
    await phone.refer("<sip:6002@10.0.0.1>");
    await phone.report();
    const invite = await other.party.takeRequest("INVITE");
    other.party.respond(invite, 180);
    await other.party.settle();
    await bell.send("BYE");
    await other.party.takeRequest("CANCEL");
    await phone.hungUp();
    assert.equal(visit.state, "ended");
  });

  it("goes only where the phone may call itself, and only a phone may ask for it", async () => {
    const { bell, phone, visit } = await open();
    for (const uri of ["sip:9999@10.0.0.1", "sip:6002@10.0.0.77", "sip:premium@evil.example", "sip:10.0.0.1"]) {
      await phone.refer(`<${uri}>`);
      await phone.party.takeResponse(403);
    }
    await bell.refer("<sip:6002@10.0.0.1>");
    await bell.party.takeResponse(403);
    assert.equal(visit.state, "talking");
  });

  it("finds a number under the name that the phone registers at", async () => {
    const { phone, other } = await open();
    await phone.refer("<sip:6002@portero.home>");
    await phone.party.takeResponse(202);
    await other.party.takeRequest("INVITE");
  });

  it("works for either side of a call between phones", async () => {
    for (const caller of [true, false]) {
      const desk = await Desk.open();
      desks.push(desk);
      const [a, b, c] = [await desk.phone("6001"), await desk.phone("6002"), await desk.phone("6003")];
      await desk.intercom(a, b);
      const [refers, stays] = caller ? [a, b] : [b, a];
      await refers.refer("<sip:6003@10.0.0.1>");
      assert.equal(await refers.report(), "SIP/2.0 100 Trying");
      const invite = await c.pickUp({}, "t3");
      assert.equal(invite.from?.uri, `sip:${stays.party.user}@10.0.0.1`);
      assert.equal(await refers.report(), "SIP/2.0 200 OK");
      await refers.send("BYE");
      assert.equal(stays.party.count("BYE"), 0);
      await stays.send("BYE");
      await c.hungUp();
    }
  });
});

describe("an attended transfer (REFER with Replaces)", () => {
  it("connects the bell with whom the phone has called meanwhile, from either of its calls", async () => {
    for (const from of ["first call", "second call"]) {
      const { desk, bell, phone, other, visit } = await open();
      await phone.reoffer({ direction: "sendonly" });
      await bell.accept({ direction: "recvonly" });
      // The second call of the same phone.
      const second = desk.device("6001");
      await desk.intercom(second, other);
      if (from === "first call") await phone.refer(`<sip:6002@10.0.0.1?Replaces=${second.named}>`);
      else await second.refer(`<sip:8000@10.0.0.1?Replaces=${phone.named}>`);
      const refers = from === "first call" ? phone : second;
      const named = from === "first call" ? second : phone;
      await named.hungUp();
      assert.equal(await refers.report(), "SIP/2.0 100 Trying");
      assert.equal(await refers.report(), "SIP/2.0 200 OK");
      await refers.send("BYE");
      assert.equal(directionOf(await bell.accept()), "sendrecv", "the hold is over");
      assert.deepEqual(desk.told("transferred"), [{ from: "6001", to: "6002" }]);
      assert.equal(visit.view().answeredBy, "6002");
      assert.deepEqual([other.party.count("BYE"), other.party.count("INVITE")], [0, 1]);
      await other.send("INFO", { body: ["application/dtmf", "7"] });
      assert.match((await bell.party.takeRequest("INFO")).body.toString(), /Signal=7/);
      await bell.send("BYE");
      await other.hungUp();
      assert.equal(visit.state, "ended");
    }
  });

  it("before the other one has answered rings it for the visitor", async () => {
    const { desk, phone, other, visit } = await open();
    const second = desk.device("6001");
    const invite = await second.dial("6002");
    const rung = await other.party.takeRequest("INVITE");
    other.party.respond(rung, 180);
    const { toTag } = await second.party.takeResponse(180);
    const named = encodeURIComponent(`${invite.callId};to-tag=${toTag};from-tag=ft`);
    await phone.refer(`<sip:6002@10.0.0.1?Replaces=${named}>`);
    await phone.report();
    second.party.ack(invite, await second.party.takeResponse(480));
    other.party.respond(await other.party.takeRequest("CANCEL"), 200);
    other.party.respond(rung, 487);
    const again = await other.pickUp();
    assert.equal(again.from?.name, "Front door");
    assert.equal(await phone.report(), "SIP/2.0 200 OK");
    assert.equal(visit.view().answeredBy, "6002");
  });

  it("takes nobody out of a call that is not the phone's own, nor a call that does not exist", async () => {
    const { desk, phone, other } = await open();
    const third = await desk.phone("6003");
    await desk.intercom(other, third, "t3");
    await phone.refer(`<sip:6003@10.0.0.1?Replaces=${other.named}>`);
    await phone.party.takeResponse(403);
    await phone.refer("<sip:6003@10.0.0.1?Replaces=x%3Bto-tag%3Da%3Bfrom-tag%3Db>");
    await phone.party.takeResponse(481);
    assert.equal(other.party.count("BYE"), 0);
  });
});

describe("a call that takes the place of another one (INVITE with Replaces, RFC 3891)", () => {
  const replacing = (named: string, flag = "") => ({ headers: { Replaces: decodeURIComponent(named) + flag } });
  // As we see it, our tag is the one that the phone calls the other's.
  it("fetches the visitor to another phone", async () => {
    const { desk, bell, phone, other, visit } = await open();
    const invite = await other.dial("6001", replacing(phone.named));
    await other.answered(invite);
    await phone.hungUp();
    assert.deepEqual(desk.told("transferred"), [{ from: "6001", to: "6002" }]);
    assert.equal(bell.party.count("INVITE"), 0);
    await other.send("BYE");
    await bell.hungUp();
    assert.equal(visit.state, "ended");
  });

  // Their media open together, so that both are answered at once.
  async function inOneTurn(
    { switchboard: { media } }: Desk,
    dial: () => readonly [Promise<SipRequest>, Promise<SipRequest>],
  ): Promise<[SipRequest, SipRequest]> {
    const opens = media.open.bind(media);
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    media.open = async (like) => {
      await gate;
      return opens(like);
    };
    const invites = await Promise.all(dial());
    release();
    media.open = opens;
    return invites;
  }

  /** A visit that rings a phone; `wish` is what fetches it. */
  async function rings({ switchboard }: Desk, bell: Device, phone: Device) {
    const press = await bell.dial("6001");
    const visit = switchboard.lastVisit("front");
    void visit?.answerBy(async (ringing) => {
      await ringing.ring(["6001"], 60);
      return { result: "answered", tries: 1, parties: [] };
    });
    const rung = await phone.party.takeRequest("INVITE");
    phone.party.respond(rung, 180);
    await phone.party.settle();
    const wish = replacing(`${rung.callId};to-tag=${rung.fromTag};from-tag=tt`, ";early-only");
    return { press, visit, rung, wish };
  }

  it("of two in one turn has it, and the other is let go", async () => {
    const { desk, bell, phone, other, visit } = await open();
    const third = await desk.phone("6003");
    const wish = replacing(phone.named);
    const [one, two] = await inOneTurn(desk, () => [other.dial("6001", wish), third.dial("6001", wish)]);
    await other.answered(one);
    await phone.hungUp();
    assert.equal(visit.view().answeredBy, "6002");
    await third.answered(two);
    await third.hungUp();
    await other.send("BYE");
    await bell.hungUp();
  });

  it("fetches a visit that rings another phone, which stops", async () => {
    const desk = await Desk.open();
    desks.push(desk);
    const [phone, other, bell] = [await desk.phone("6001"), await desk.phone("6002"), desk.device("8000")];
    const { press, visit, rung, wish } = await rings(desk, bell, phone);
    const late = desk.device("6002");
    const fetching = await other.dial("6001", wish);
    await other.answered(fetching);
    await bell.answered(press);
    const cancel = await phone.party.takeRequest("CANCEL");
    assert.match(cancel.get("reason") ?? "", /Call completed elsewhere/);
    phone.party.respond(cancel, 200);
    phone.party.respond(rung, 487);
    assert.deepEqual([visit?.state, visit?.view().answeredBy], ["talking", "6002"]);
    const second = await late.dial("6001", wish);
    late.party.ack(second, await late.party.takeResponse(481));
    await other.send("BYE");
    await bell.hungUp();
  });

  it("of two in one turn has the visit that rings, and the other is let go", async () => {
    const desk = await Desk.open();
    desks.push(desk);
    const [phone, other, third] = [await desk.phone("6001"), await desk.phone("6002"), await desk.phone("6003")];
    const bell = desk.device("8000");
    const { press, visit, wish } = await rings(desk, bell, phone);
    const [one, two] = await inOneTurn(desk, () => [other.dial("6001", wish), third.dial("6001", wish)]);
    await other.answered(one);
    await third.answered(two);
    await third.hungUp();
    await bell.answered(press);
    assert.equal(visit?.view().answeredBy, "6002");
    await other.send("BYE");
    await bell.hungUp();
  });

  it("is refused to bells, for bells' own calls, for calls that are not, and where it only wanted one that rings", async () => {
    const { desk, bell, phone, other, visit } = await open();
    const second = desk.device("8000");
    const refused = async (device: typeof other, wish: ReturnType<typeof replacing>, status: number) => {
      const invite = await device.dial("6001", wish);
      device.party.ack(invite, await device.party.takeResponse(status));
    };
    await refused(other, replacing(bell.named), 403);
    await refused(other, replacing("x;to-tag=a;from-tag=b"), 481);
    await refused(other, replacing(phone.named, ";early-only"), 486);
    await refused(second, replacing(phone.named), 486);
    assert.equal(visit.state, "talking");
  });
});

describe("a phone that sends its calls elsewhere (3xx, RFC 3261 §8.1.3.4)", () => {
  async function pressed(targets: string[], seconds = 60) {
    const desk = await Desk.open();
    desks.push(desk);
    const phones = [await desk.phone("6001"), await desk.phone("6002")] as const;
    const bell = desk.device("8000");
    const invite = await bell.dial("6001");
    const visit = desk.switchboard.lastVisit("front");
    assert.ok(visit);
    const outcome = visit.answerBy(async (ringing) => {
      const { parties } = await ringing.ring(targets, seconds);
      return { result: "unanswered", tries: 1, parties };
    });
    return { desk, phones, bell, invite, visit, outcome };
  }
  const to = (...contacts: string[]) => ({ headers: contacts.map((uri): [string, string] => ["Contact", `<${uri}>`]) });

  it("is followed to a number of the house", async () => {
    const { phones, bell, invite, visit } = await pressed(["6001"]);
    const [first, second] = phones;
    first.party.respond(await first.party.takeRequest("INVITE"), 302, to("sip:6002@10.0.0.1"));
    await second.pickUp();
    await bell.answered(invite);
    assert.equal(visit.view().answeredBy, "6002");
  });

  it("is not followed out of the house, nor in circles", async () => {
    const away = await pressed(["6001"]);
    away.phones[0].party.respond(await away.phones[0].party.takeRequest("INVITE"), 302, to("sip:premium@evil.example"));
    await away.phones[0].party.takeRequest("ACK");
    const [{ target, result, status, cause } = assert.fail(), ...others] = (await away.outcome).parties;
    assert.deepEqual([target, result, status, cause, others.length], ["6001", "unreachable", 302, 127, 0]);
    const round = await pressed(["6001"]);
    const [first, second] = round.phones;
    first.party.respond(await first.party.takeRequest("INVITE"), 302, to("sip:6002@10.0.0.1"));
    second.party.respond(await second.party.takeRequest("INVITE"), 302, to("sip:6001@10.0.0.1"));
    await second.party.takeRequest("ACK");
    assert.equal((await round.outcome).parties.length, 1);
    assert.equal(first.party.count("INVITE"), 1);
  });
});
