// X7: every phone that rings and can show a picture sees the visitor before anybody answers.
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { after, afterEach, before, describe, it } from "node:test";
import type { SipRequest } from "../../../src/sip/message/message.ts";
import { Film, idr, pps, slice, sps } from "../../media/video/film.ts";
import { read } from "../../media/packets.ts";
import { Desk, type Device } from "../desk.ts";

const portOf = (sdp: string, kind: string) => Number(new RegExp(`^m=${kind} (\\d+)`, "m").exec(sdp)?.[1]);

/** What a device with a camera or a screen describes, its media on loopback. */
const described = (video: Socket | undefined, direction: string, audio = "8") =>
  [
    ...["v=0", "o=x 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", `m=audio 9 RTP/AVP ${audio}`],
    ...(video ? [`m=video ${video.address().port} RTP/AVP 99`, "a=rtpmap:99 H264/90000"] : []),
    ...(video ? ["a=fmtp:99 packetization-mode=1", `a=${direction}`] : []),
    "",
  ].join("\r\n");

const opus = "96 8\r\na=rtpmap:96 opus/48000/2";

async function socket(): Promise<Socket & { seen: Buffer[] }> {
  const made = Object.assign(createSocket("udp4"), { seen: [] as Buffer[] });
  made.on("message", (packet) => made.seen.push(packet));
  made.bind(0, "127.0.0.1");
  await once(made, "listening");
  return made;
}

describe("X7 the visitor is seen while it rings", () => {
  let desk: Desk;
  const open: Socket[] = [];
  before(async () => {
    desk = await Desk.open();
  });
  after(() => desk.close());
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });
  const screen = async () => {
    const made = await socket();
    open.push(made);
    return made;
  };
  const until = async (made: Socket & { seen: Buffer[] }, count: number) => {
    while (made.seen.length < count) await once(made, "message");
    return made.seen.map((packet) => read(packet).body);
  };
  /** A phone that rings, and says at once what it can show. */
  const rings = async (phone: Device, video: Socket | undefined): Promise<SipRequest> => {
    const invite = await phone.party.takeRequest("INVITE");
    phone.party.respond(invite, 183, { tag: phone.party.user, sdp: described(video, "recvonly") });
    await phone.party.settle();
    return invite;
  };

  it("by all that ring, late ones from the last key frame on; who answers goes on seeing, the others do not", async () => {
    const [camera, hall, kitchen] = [await screen(), await screen(), await screen()];
    const [one, two, three] = [await desk.phone("6001"), await desk.phone("6002"), await desk.phone("6003")];
    const bell = desk.device("8000");
    const invite = await bell.dial("6001", { body: ["application/sdp", described(camera, "sendonly")] });
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
    void visit.answerBy(async (ringing) => {
      await ringing.ring(["6001", "6002", "6003"], 60);
      return { result: "answered", tries: 1, parties: [] };
    });
    const atHall = await rings(one, hall);
    // The bell is asked to show itself only when somebody can see it, and hears that it rings.
    const early = await bell.party.takeResponse(183);
    const port = portOf(early.body.toString(), "video");
    assert.match(early.body.toString(), /m=video \d+ RTP\/AVP 99\r\n(?:a=.*\r\n)*a=recvonly/);
    // What stats() answers has been through all messages to the worker before it.
    const settled = async () => {
      await bell.party.settle();
      await (await desk.switchboard.media.open()).close();
    };
    await settled();
    const film = new Film();
    const play = (...payloads: Buffer[]) => {
      for (const packet of film.picture(...payloads)) {
        packet.writeUInt8((packet.readUInt8(1) & 0x80) | 99, 1);
        camera.send(packet, port, "127.0.0.1");
      }
    };
    play(sps, pps, idr);
    play(slice);
    assert.deepEqual(await until(hall, 4), [sps, pps, idr, slice]);
    const atKitchen = await rings(two, kitchen);
    await settled();
    assert.deepEqual(await until(kitchen, 4), [sps, pps, idr, slice]);
    await rings(three, undefined);
    play(slice);
    await Promise.all([until(hall, 5), until(kitchen, 5)]);
    one.party.respond(atHall, 200, { tag: "6001", sdp: described(hall, "recvonly") });
    await one.party.takeRequest("ACK");
    await two.party.takeRequest("CANCEL");
    two.party.respond(atKitchen, 487, { tag: "6002" });
    const answer = await bell.party.takeResponse(200);
    assert.equal(portOf(answer.body.toString(), "video"), port);
    bell.party.ack(invite, answer);
    await settled();
    play(slice);
    await until(hall, 6);
    const numbers = hall.seen.map((packet) => read(packet).sequence);
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => ((numbers[0] ?? 0) + i) & 0xffff),
    );
    assert.equal(new Set(hall.seen.map((packet) => read(packet).ssrc)).size, 1);
    assert.equal(kitchen.seen.length, 5);
    visit.stop();
    await desk.ended();
  });

  it("and is asked for nothing new where who answers speaks what it does not any more: the phone is", async () => {
    const [camera, hall] = [await screen(), await screen()];
    const phone = await desk.phone("6005");
    const bell = desk.device("8000");
    const invite = await bell.dial("6005", { body: ["application/sdp", described(camera, "sendonly", opus)] });
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
    void visit.answerBy(async (ringing) => {
      await ringing.ring(["6005"], 60);
      return { result: "answered", tries: 1, parties: [] };
    });
    const ringing = await phone.party.takeRequest("INVITE");
    assert.match(ringing.body.toString(), /m=audio \d+ RTP\/AVP 96 /);
    phone.party.respond(ringing, 183, { tag: "6005", sdp: described(hall, "recvonly", opus) });
    const early = await bell.party.takeResponse(183);
    assert.match(early.body.toString(), /m=audio \d+ RTP\/AVP 8\r\n/, "what can be played in, and turned");
    phone.party.respond(ringing, 200, { tag: "6005", sdp: described(hall, "recvonly", opus) });
    await phone.party.takeRequest("ACK");
    bell.party.ack(invite, await bell.party.takeResponse(200));
    const again = await phone.party.takeRequest("INVITE");
    assert.match(again.body.toString(), /m=audio \d+ RTP\/AVP 8 0 /);
    phone.party.respond(again, 200, { tag: "6005", sdp: described(hall, "recvonly", "8") });
    await phone.party.takeRequest("ACK");
    assert.equal(bell.party.count("INVITE"), 0);
    visit.stop();
    await bell.party.settle();
  });

  it("by nobody where the phones show nothing: the bell goes on playing its own ring-back", async () => {
    const camera = await screen();
    const phone = await desk.phone("6004");
    const bell = desk.device("8000");
    await bell.dial("6004", { body: ["application/sdp", described(camera, "sendonly")] });
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
    void visit.answerBy(async (ringing) => {
      await ringing.ring(["6004"], 60);
      return { result: "unanswered", tries: 1, parties: [] };
    });
    await rings(phone, undefined);
    await bell.party.settle();
    assert.equal(bell.party.count(183), 0);
    visit.stop();
    await bell.party.settle();
  });
});
