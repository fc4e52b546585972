// rtpengine as the engine of a house, and by itself: real RTP on loopback through the real program.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../src/clock.ts";
import type { MediaStats } from "../../src/media/media.ts";
import { Rtpengine } from "../../src/media/rtpengine/rtpengine.ts";
import { parseServer } from "../../src/media/rtpengine/wire.ts";
import type { VisitEnd } from "../../src/visit/messages.ts";
import { read } from "../media/packets.ts";
import { levelOf } from "../media/tone.ts";
import { FakeClock } from "../support/clock.ts";
import { without } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { House } from "../visit/house.ts";
import { events, hear, Legs, portOf } from "./rtpengine-legs.ts";
import { RtpengineProcess } from "./rtpengine.ts";
import { ringAll } from "../visit/ring-all.ts";

const video = ["m=video 4000 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1"];

describe("rtpengine", { skip: without("rtpengine") }, () => {
  let server: RtpengineProcess;
  before(async () => {
    server = await RtpengineProcess.start();
  });
  after(() => server.close());

  describe("as a relay", () => {
    let legs: Legs;
    beforeEach(() => {
      legs = Legs.at(server);
    });
    afterEach(async () => {
      await legs.close();
      assert.equal(legs.media.sessions, 0);
    });

    it("passes sound both ways, and counts it", async () => {
      const [bell, two] = await legs.call();
      await hear(bell, two);
      const stats = await bell.session.stats();
      assert.ok(stats.received >= 25 && stats.sent >= 25, JSON.stringify(stats));
      assert.equal(stats.remote, `127.0.0.1:${bell.phone.port}`);
      // It does not look for losses, so nothing is said of them.
      assert.deepEqual(
        [stats.codec, stats.lost, stats.jitterMs, stats.mos],
        ["PCMA/8000", undefined, undefined, undefined],
      );
      const closed = new Promise<MediaStats>((resolve) => two.session.once("closed", resolve));
      await two.session.close();
      assert.ok((await closed).received >= 25);
    });

    it("turns one law of G.711 into the other", async () => {
      const [bell, two] = await legs.call("8 101", "0 101");
      assert.deepEqual([bell.session.codec, two.session.codec], ["PCMA/8000", "PCMU/8000"]);
      await hear(bell, two, "PCMA", "PCMU");
      assert.deepEqual(new Set(bell.phone.received.map((packet) => read(packet).payload)), new Set([8]));
      assert.deepEqual(new Set(two.phone.received.map((packet) => read(packet).payload)), new Set([0]));
    });

    it("passes digits on, and reports of RTCP", async () => {
      const [bell, two] = await legs.call();
      await hear(bell, two);
      const digit = Buffer.from([5, 0x0a, 0, 160]);
      const arrived = () => two.phone.received.some((packet) => read(packet).payload === 101);
      while (!arrived()) {
        await bell.phone.send(bell.port, 101, digit);
        await systemClock.sleep(10);
      }
      const report = Buffer.from("80c9000100000007", "hex");
      await new Promise((sent) => bell.phone.rtcp.send(report, bell.port + 1, "127.0.0.1", sent));
      await two.phone.reported(1);
    });

    it("holds and goes on, at the same ports", async () => {
      const [bell, two] = await legs.call();
      await hear(bell, two);
      two.session.receiveOffer(two.phone.sdp("8 101", events, "a=sendonly"));
      assert.equal(portOf(two.session.answer(bell.session)), two.port);
      await legs.media.settled();
      two.phone.received.length = bell.phone.received.length = 0;
      for (let i = 0; i < 10; i++) await bell.phone.sing(bell.port, 700, "PCMA", 1);
      // What the phone sends meanwhile, its music, arrives; so all that went before has been passed on or dropped.
      await two.phone.sing(two.port, 1300, "PCMA", 10);
      await bell.phone.heard(10);
      assert.equal(two.phone.received.length, 0, "who holds is not sent to");
      two.session.receiveOffer(two.phone.sdp("8 101", events));
      two.session.answer(bell.session);
      await hear(bell, two);
    });

    it("keeps the port of a video that begins later", async () => {
      const [bell, two] = await legs.call();
      await hear(bell, two);
      bell.session.receiveOffer(bell.phone.sdp("8 101", events, ...video));
      const port = portOf(two.session.offer(bell.session), "video");
      assert.ok(port > 0);
      const { phone: there } = await legs.phone();
      two.session.receiveAnswer(two.phone.sdp("8 101", events, ...video).replace("video 4000", `video ${there.port}`));
      const here = portOf(bell.session.answer(two.session), "video");
      await legs.media.settled();
      while (there.received.length === 0) {
        await bell.phone.send(here, 96, Buffer.alloc(900, 7));
        await systemClock.sleep(10);
      }
      assert.equal(read(there.received[0] ?? Buffer.alloc(0)).payload, 96);
      await hear(bell, two);
      assert.ok(((await bell.session.stats()).video?.received ?? 0) > 0);
    });

    it("rings several: the one that answers is heard, the others have gone", async () => {
      const bell = await legs.caller();
      const [winner, ...losers] = await Promise.all([1, 2, 3].map(() => legs.leg(bell.session)));
      assert.ok(winner);
      const port = portOf(bell.session.answer(winner.session));
      legs.media.bridge(bell.session, winner.session);
      await Promise.all(losers.map((loser) => loser.session.close()));
      await hear({ ...bell, port }, winner);
      assert.equal(legs.media.sessions, 2);
    });

    it("puts another in the place of one, who is heard no more; who stays keeps its port", async () => {
      const [bell, two] = await legs.call();
      await hear(bell, two);
      const three = await legs.leg(bell.session);
      await hear(bell, two);
      legs.media.bridge(three.session, bell.session);
      await hear(bell, three);
      bell.phone.received.length = 0;
      await two.phone.sing(two.port, 1300, "PCMA", 20);
      await three.phone.sing(three.port, 700, "PCMA", 20);
      await bell.phone.heard(20);
      assert.ok(levelOf(bell.phone.samples(), 1300) < -40, "who has been replaced is not heard");
    });

    it("brings the sides of two calls together", async () => {
      const [bell, two] = await legs.call();
      const [other, three] = await legs.call("0 101");
      await Promise.all([hear(bell, two), hear(other, three, "PCMU")]);
      legs.media.bridge(bell.session, three.session);
      await Promise.all([two.session.close(), other.session.close()]);
      await hear(bell, three, "PCMA", "PCMU");
      three.session.receiveOffer(three.phone.sdp("0 101", events));
      three.session.answer(bell.session);
      await hear(bell, three, "PCMA", "PCMU");
    });

    it("ends the sessions of a call that it does not know any more", async () => {
      await legs.close();
      const clock = new FakeClock();
      legs = new Legs(new Rtpengine({ servers: [parseServer(server.address)] }, { clock }));
      const [bell] = await legs.call();
      // What is still to be told would make the call anew at the next.
      await legs.media.settled();
      const lost = once(bell.session, "closed");
      await server.kill();
      await server.again();
      await clock.advance(5000);
      await lost;
      assert.equal(legs.media.sessions, 0);
      await hear(...(await legs.call()));
    });
  });

  describe("as the engine of a house", () => {
    const houses: House[] = [];
    afterEach(async () => {
      for (const house of houses.splice(0)) await house.close();
    });
    async function open(...servers: string[]): Promise<House> {
      const house = await House.open({}, undefined, {}, { media: { rtpengine: servers } });
      houses.push(house);
      return house;
    }

    const talks = async (house: House) => {
      const { bell, seen } = await house.bell();
      const hall = await house.phone("6001");
      const kitchen = await house.phone("6002", { tone: 1500 });
      const visit = await house.pressed(bell);
      const answered = visit.answerBy(ringAll("6001", "6002"));
      await Promise.all([hall, kitchen].map(({ seen }) => seen.next("ringing")));
      await hall.phone.answer();
      await answered;
      assert.equal(visit.view().answeredBy, "6001");
      await hall.seen.next("audio", (e) => "frequency" in e && Math.abs(e.frequency - 440) < 20 && e.level > -30);
      await seen.next("audio", (e) => "frequency" in e && Math.abs(e.frequency - 880) < 20 && e.level > -30);
      return { bell, seen, hall, kitchen, visit };
    };

    it("P9 a bell rings two phones, and talks with the one that answers", async () => {
      const house = await open(server.address);
      const { bell, kitchen, visit } = await talks(house);
      assert.ok((await kitchen.seen.next("ended")).reason);
      await bell.hangUp();
      await house.event("ended");
      assert.equal(visit.state, "ended");
      assert.equal(house.switchboard.media.sessions, 0);
    });

    it("N1 a phone transfers the visitor to another, who is heard", async () => {
      const house = await open(server.address);
      const { seen, hall, kitchen } = await talks(house);
      const rings = kitchen.seen.next("ringing", () => true, 2);
      await hall.phone.transfer("6002");
      await rings;
      await kitchen.phone.answer();
      await house.event("transferred");
      await kitchen.seen.next("audio", (e) => "frequency" in e && Math.abs(e.frequency - 440) < 20);
      await seen.next("audio", (e) => "frequency" in e && Math.abs(e.frequency - 1500) < 20);
    });

    it("goes to the second where the first does not run", async () => {
      const [port = 0] = await freePorts(1);
      const house = await open(`127.0.0.1:${port}`, server.address);
      await talks(house);
      assert.ok(
        house.logged.some((line) => line.includes(`127.0.0.1:${port} does not answer`)),
        house.logged.join("\n"),
      );
    });

    it("X3 tells the press where none runs, and refuses the call with a sentence", async () => {
      const [port = 0] = await freePorts(1);
      const house = await open(`127.0.0.1:${port}`);
      const { bell, seen } = await house.bell();
      await bell.press();
      await house.event("ring");
      const ended = await seen.next("ended");
      assert.equal("status" in ended && ended.status, 503);
      const { outcome, text } = (await house.event("ended")).payload as VisitEnd;
      assert.equal(outcome, "failed");
      assert.match(text, /Nobody carries the sound .* 127\.0\.0\.1:\d+ does not answer \(nobody listens there\)/);
    });

    it("ends a call that lost its rtpengine, says why, and carries the next by another", async () => {
      const first = await RtpengineProcess.start();
      try {
        const house = await open(first.address, server.address);
        const { bell, seen, hall } = await talks(house);
        await first.kill();
        assert.match(((await house.event("ended")).payload as VisitEnd).text, /sound of the call was lost/);
        await Promise.all([hall.seen.next("ended"), seen.next("ended")]);
        await bell.press();
        const visit = house.switchboard.visit((await house.event("ring", 2)).visit.id);
        const answered = visit?.answerBy(ringAll("6001"));
        await hall.seen.next("ringing", () => true, 2);
        await hall.phone.answer();
        await answered;
        const heard = hall.seen.all.length;
        await hall.seen.next(
          "audio",
          (e) => hall.seen.all.indexOf(e) > heard && "frequency" in e && e.frequency === 440,
        );
      } finally {
        await first.close();
      }
    });
  });
});
