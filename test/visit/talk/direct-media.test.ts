// H1 direct media: two sides that may are told by re-INVITE to send to each other, and come back when they must.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { SipRequest, type SipResponse } from "../../../src/sip/message/message.ts";
import type { DeviceOptions } from "../../../src/visit/numbers/devices.ts";
import { toneSound } from "../../../src/media/sound.ts";
import { patienceMs } from "../../support/patience.ts";
import { Desk, directionOf, sound, type Device, type Media } from "../desk.ts";

const may: DeviceOptions = { directMedia: true };

/** Where a body wants the sound, and by which numbers. */
const place = ({ body }: SipRequest | SipResponse): string => {
  const text = body.toString();
  const [, address] = /^c=IN IP4 (\S+)/m.exec(text) ?? [];
  const [, port, formats] = /^m=audio (\d+) RTP\/AVP (.*?)\r?$/m.exec(text) ?? [];
  return `${address}:${port} ${formats}`;
};
const toUs = /^10\.0\.0\.1:[1-9]\d* 8\b/;

const isOffered = ({ party }: Device): boolean =>
  party.inbox.some((message) => message instanceof SipRequest && message.method === "INVITE");

/** A device that is where its SDP says. */
const own = (device: Device, media: Media = {}): Media => ({ address: device.party.host, ...media });

describe("direct media", () => {
  const desks: Desk[] = [];
  const open = async (...options: Parameters<typeof Desk.open>) => {
    const desk = await Desk.open(...options);
    desks.push(desk);
    return desk;
  };
  after(() => Promise.all(desks.map((desk) => desk.close())));

  /** The next offer to a device. The worker is asked where the sound comes from, on no clock of ours. */
  async function offered(desk: Desk, device: Device): Promise<SipRequest> {
    const end = Date.now() + patienceMs;
    while (!isOffered(device) && Date.now() < end) {
      await desk.clock.advance(1);
      await pause(2);
    }
    return device.party.takeRequest("INVITE");
  }

  async function take(desk: Desk, device: Device, media: Media): Promise<string> {
    const invite = await offered(desk, device);
    device.party.respond(invite, 200, { sdp: sound(media) });
    await device.party.takeRequest("ACK");
    return place(invite);
  }

  /** Lets the worker answer what it may have been asked, and sees that nobody was offered anything. */
  async function nothing(desk: Desk, ...devices: Device[]): Promise<void> {
    await desk.clock.advance(1500);
    await pause(50);
    await desk.clock.advance(5000);
    for (const device of devices) {
      assert.ok(!isOffered(device));
      assert.equal(device.party.count("BYE"), 0);
    }
  }

  async function phones(desk: Desk, first: Media = {}, second: Media = {}, options = [may, may]) {
    const one = await desk.phone("6001", options[0]);
    const two = await desk.phone("6002", options[1]);
    const [ours, theirs] = [own(one, { port: 4001, ...first }), own(two, { port: 4002, ...second })];
    const invite = await one.dial("6002", {}, ours);
    await two.pickUp(theirs, "t2");
    await one.answered(invite);
    return { one, two, ours, theirs };
  }

  async function direct(desk: Desk, first: Media = {}, second: Media = {}) {
    const all = await phones(desk, first, second);
    await desk.clock.advance(1000);
    const told = [await take(desk, all.one, all.ours), await take(desk, all.two, all.theirs)];
    return { ...all, told };
  }

  it("H1 tells each side the other's address, port and codec, by the other's numbers", async () => {
    const desk = await open();
    const { one, two, told } = await direct(desk, { keys: 101 }, { keys: 96, codecs: "8" });
    assert.deepEqual(told, [`${two.party.host}:4002 8 96`, `${one.party.host}:4001 8 101`]);
    await nothing(desk, one, two);
  });

  for (const [why, first, second, options] of [
    ["where one of them may not", {}, {}, [may, {}]],
    ["where one says another address than it is seen at (NAT)", { address: "192.168.1.7" }, {}, [may, may]],
    ["where one is held", {}, { direction: "sendonly" }, [may, may]],
    ["where only one sends its keys as RTP events", { keys: 101 }, {}, [may, may]],
    ["where they talk in the two laws of G.711", { codecs: "0" }, {}, [may, may]],
    [
      "where one of them is encrypted",
      { protocol: "RTP/SAVP", crypto: `1 AES_CM_128_HMAC_SHA1_80 inline:${Buffer.alloc(30, 7).toString("base64")}` },
      {},
      [may, may],
    ],
    ["where one is listened to for tones", {}, {}, [may, { ...may, dtmfTones: true }]],
  ] as const)
    it(`H1 says nothing ${why}`, async () => {
      const desk = await open();
      const { one, two } = await phones(desk, first, second, [...options]);
      await nothing(desk, one, two);
    });

  it("H1 has both send to us again where one refuses, and does not ask again", async () => {
    const desk = await open();
    const { one, two, ours, theirs } = await phones(desk);
    await desk.clock.advance(1000);
    await take(desk, one, ours);
    two.party.respond(await offered(desk, two), 488);
    assert.match(await take(desk, one, ours), toUs);
    assert.match(await take(desk, two, theirs), toUs);
    await nothing(desk, one, two);
    assert.equal(desk.switchboard.bridges.size, 2);
  });

  it("H1 has both send to us again where one moves while it is told", async () => {
    const desk = await open();
    const { one, two, ours, theirs } = await phones(desk);
    await desk.clock.advance(1000);
    await take(desk, one, ours);
    await take(desk, two, { ...theirs, port: 4999 });
    assert.match(await take(desk, one, ours), toUs);
    assert.match(await take(desk, two, theirs), toUs);
  });

  it("H1 ends the call where one no longer comes back: it would be deaf", async () => {
    const desk = await open();
    const { one, two, theirs } = await direct(desk);
    await one.send("INVITE", { body: ["application/sdp", sound({ ...theirs, direction: "sendonly" })] });
    two.party.respond(await offered(desk, two), 488);
    await one.hungUp();
    await two.hungUp();
  });

  it("H1, N1 a hold goes by us, and so does its end; then they talk past us again", async () => {
    const desk = await open();
    const { one, two, ours, theirs } = await direct(desk);
    const hold = await one.send("INVITE", { body: ["application/sdp", sound({ ...ours, direction: "sendonly" })] });
    assert.match(await take(desk, two, theirs), toUs);
    const answer = await one.party.takeResponse(200);
    one.party.ack(hold, answer);
    assert.match(place(answer), toUs);
    assert.equal(directionOf(answer), "recvonly");
    const told = await offered(desk, two);
    two.party.respond(told, 200, { sdp: sound({ ...theirs, direction: "recvonly" }) });
    await two.party.takeRequest("ACK");
    assert.match(place(told), toUs);
    assert.equal(directionOf(told), "sendonly");
    await nothing(desk, one, two);
    await one.reoffer(ours);
    assert.match(await take(desk, two, theirs), toUs);
    await desk.clock.advance(1000);
    assert.match(await take(desk, one, ours), /^10\.0\.0\.\d+:4002 8/);
    assert.match(await take(desk, two, theirs), /^10\.0\.0\.\d+:4001 8/);
  });

  it("H1 takes an offer of the one that is to be told next: nobody waits for the other", async () => {
    const desk = await open();
    const { one, two, ours, theirs } = await phones(desk);
    await desk.clock.advance(1000);
    const first = await offered(desk, one);
    const hold = await two.send("INVITE", { body: ["application/sdp", sound({ ...theirs, direction: "sendonly" })] });
    one.party.respond(first, 200, { sdp: sound(ours) });
    await one.party.takeRequest("ACK");
    assert.match(await take(desk, one, ours), toUs);
    const answer = await two.party.takeResponse(200);
    two.party.ack(hold, answer);
    assert.match(place(answer), toUs);
    assert.equal(directionOf(await offered(desk, one)), "sendonly");
  });

  it("RFC 4028 a refresh says the same again, not that the sound comes to us", async () => {
    const desk = await open({ sessionExpires: 90 });
    const { one, two, ours, theirs, told } = await direct(desk);
    await desk.clock.advance(45_100);
    assert.deepEqual([await take(desk, one, ours), await take(desk, two, theirs)], told);
    await nothing(desk, one, two);
  });

  it("H1 is no dead call though nothing is heard of either; it is once both have come back", async () => {
    const desk = await open();
    const { one, two, ours, theirs } = await direct(desk);
    for (const [call, bridge] of desk.switchboard.bridges) bridge.leg(call)?.session.emit("silent");
    await desk.clock.advance(60_000);
    assert.equal(two.party.count("BYE"), 0);
    // Held, so that they do not go past us again.
    const media = { ...ours, direction: "sendonly" };
    const hold = await one.send("INVITE", { body: ["application/sdp", sound(media)] });
    await take(desk, two, theirs);
    one.party.ack(hold, await one.party.takeResponse(200));
    await take(desk, two, { ...theirs, direction: "recvonly" });
    await desk.clock.advance(500);
    assert.equal(two.party.count("BYE"), 0);
    await desk.clock.advance(15_000);
    await two.hungUp();
  });

  it("N5 passes keys that come by INFO", async () => {
    const desk = await open();
    const { one, two } = await direct(desk);
    await one.send("INFO", { body: ["application/dtmf-relay", "Signal=7\r\nDuration=160\r\n"] });
    await one.party.takeResponse(200);
    const passed = await two.party.takeRequest("INFO");
    assert.match(passed.body.toString(), /Signal=7/);
    two.party.respond(passed, 200);
  });

  it("N1 who is transferred sends to us again before it is passed on", async () => {
    const desk = await open();
    const { one, two, ours, theirs } = await direct(desk);
    const three = await desk.phone("6003");
    await one.refer("<sip:6003@10.0.0.1>");
    assert.match(await take(desk, two, theirs), toUs);
    assert.match(await take(desk, one, ours), toUs);
    const rung = await three.party.takeRequest("INVITE");
    three.party.respond(rung, 180, { tag: "t3" });
    await nothing(desk, one, two);
    three.party.respond(rung, 200, { tag: "t3", sdp: sound() });
    await three.party.takeRequest("ACK");
    await desk.clock.advance(1000);
    assert.equal(desk.switchboard.bridges.size, 2);
    await nothing(desk, two, three);
  });

  it("N1 who transfers may hang up instead of coming back: the other one is passed on all the same", async () => {
    const desk = await open();
    const { one, two, theirs } = await direct(desk);
    const three = await desk.phone("6003");
    await one.refer("<sip:6003@10.0.0.1>");
    await offered(desk, one);
    await one.send("BYE");
    assert.match(await take(desk, two, theirs), toUs);
    await three.pickUp({}, "t3");
    await desk.clock.advance(1000);
    assert.deepEqual([two.party.count("BYE"), three.party.count("BYE")], [0, 0]);
    assert.equal(desk.switchboard.bridges.size, 2);
  });

  it("N1 they talk past us again where nothing came of a transfer", async () => {
    const desk = await open();
    const { one, two, ours, theirs } = await direct(desk);
    const three = await desk.phone("6003");
    await one.refer("<sip:6003@10.0.0.1>");
    await take(desk, two, theirs);
    await take(desk, one, ours);
    three.party.respond(await three.party.takeRequest("INVITE"), 486);
    await desk.clock.advance(1000);
    assert.match(await take(desk, one, ours), /:4002 8$/);
    assert.match(await take(desk, two, theirs), /:4001 8$/);
  });

  it("ends for both when one hangs up", async () => {
    const desk = await open();
    const { one, two } = await direct(desk);
    await one.send("BYE");
    await two.hungUp();
    assert.equal(two.party.count("INVITE"), 2);
  });

  async function visiting(desk: Desk, bellMedia: Media = {}, phoneMedia: Media = {}) {
    const phone = await desk.phone("6001", may);
    const bell = desk.device("8000");
    const [ours, theirs] = [own(bell, { port: 4001, ...bellMedia }), own(phone, { port: 4002, ...phoneMedia })];
    const invite = await bell.dial("6001", {}, ours);
    const visit = desk.switchboard.lastVisit("front");
    assert.ok(visit);
    void visit.answerBy(async (ringing) => {
      await ringing.ring(["6001"], 60);
      return { result: "answered", tries: 1, parties: [] };
    });
    await phone.pickUp(theirs);
    await bell.answered(invite);
    return { bell, phone, ours, theirs, visit };
  }

  it("H1 a visit goes past us, and what the flow plays brings it back for good", async () => {
    const desk = await open({}, may);
    const { bell, phone, ours, theirs, visit } = await visiting(desk);
    await desk.clock.advance(1000);
    assert.equal(await take(desk, bell, ours), `${phone.party.host}:4002 8`);
    assert.equal(await take(desk, phone, theirs), `${bell.party.host}:4001 8`);
    const playback = await visit.sounds.play(toneSound("busy", "de"), { loop: true });
    assert.match(await take(desk, bell, ours), toUs);
    assert.match(await take(desk, phone, theirs), toUs);
    playback.stop();
    await nothing(desk, bell, phone);
  });

  for (const keeps of [{ rights: [{ who: "page" }] }, { openKey: "5" }, { codesFrom: "both" }] as const)
    it(`P11 nothing goes past us to a door where keys stay here: ${Object.keys(keeps).join()}`, async () => {
      const desk = await open({}, { ...may, answererDigits: "door" }, keeps);
      const { bell, phone } = await visiting(desk);
      await nothing(desk, bell, phone);
      const [caller, door] = [await desk.phone("6002", may), await desk.phone("8000")];
      const invite = await caller.dial("8000", {}, own(caller, { port: 4003 }));
      await door.pickUp(own(door, { port: 4004 }), "t8");
      await caller.answered(invite);
      await nothing(desk, caller, door);
    });

  it("N5 a visit comes back before the door is sent keys as RTP events", async () => {
    const desk = await open({}, { ...may, dtmf: "rfc4733", answererDigits: "door" });
    const { bell, phone, ours, theirs, visit } = await visiting(desk, { keys: 101 }, { keys: 101 });
    await desk.clock.advance(1000);
    await take(desk, bell, ours);
    await take(desk, phone, theirs);
    const sent = visit.sendDigits("1");
    assert.match(await take(desk, bell, ours), toUs);
    assert.match(await take(desk, phone, theirs), toUs);
    await sent;
  });

  it("N5 a visit stays where the flow hears keys that come as RTP events", async () => {
    const desk = await open({}, may);
    const { bell, phone } = await visiting(desk, { keys: 101 }, { keys: 101 });
    await nothing(desk, bell, phone);
  });
});
