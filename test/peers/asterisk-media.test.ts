// Sound between the whole house and a real Asterisk: codecs, packets of other lengths, re-INVITEs in the middle of a talk, music
// for who is held, its own figures beside ours, and calls in which nothing is said.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { VisitEnd } from "../../src/visit/messages.ts";
import { Talk } from "../../src/visit/talk/talk.ts";
import { settled, until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import { AsteriskHouse, hears, music, type Device, type Line } from "./asterisk-house.ts";
import { Baresip } from "./baresip.ts";
import { RtpengineProcess } from "./rtpengine.ts";

const echo = ["Answer()", "Echo()"];
const tone = ["Answer()", "Playtones(1200/10000)", "Wait(60)"];

describe("H1 sound to and from Asterisk", { skip: without("asterisk", "baresip") }, () => {
  let home: AsteriskHouse;
  let bell: Device<"bell">;
  before(async () => {
    home = await AsteriskHouse.open({
      lines: {
        "6101": { endpoint: ["allow=alaw,ulaw"], plan: echo },
        "6102": { endpoint: ["allow=ulaw,alaw", "asymmetric_rtp_codec=yes", "rtp_symmetric=yes"], plan: echo },
        "6103": { endpoint: ["allow=g722"], device: { codecs: ["G722"] }, plan: tone },
        "6104": { endpoint: ["allow=alaw", "rtp_timeout=5"], plan: tone },
        "6105": { endpoint: ["allow=alaw", "direct_media=yes"], plan: ["Dial(PJSIP/201)"] },
        "6106": {
          endpoint: ["allow=alaw", "direct_media=yes", "direct_media_method=update"],
          plan: ["Dial(PJSIP/201)"],
        },
        "6107": { endpoint: ["allow=alaw"], plan: ["Dial(PJSIP/202)"] },
        "6108": { endpoint: ["allow=alaw:40"], plan: echo },
        "6109": { endpoint: ["allow=ulaw:30"], plan: echo },
        "6110": { endpoint: ["allow=alaw,h264,vp8", "bundle=yes", "rtcp_mux=yes", "max_video_streams=2"], plan: echo },
      },
      phones: { "201": ["allow=alaw", "direct_media=yes"], "202": ["allow=alaw"] },
    });
    bell = await home.house.bell();
  });
  after(() => home[Symbol.asyncDispose]());

  /** Both sides of a call as they are counted here. */
  const sessions = () => {
    const { bridges } = home.house.switchboard;
    return [...bridges].flatMap(([call, bridge]) => bridge.leg(call)?.session ?? []);
  };

  async function over(visit: { readonly id: string }): Promise<VisitEnd> {
    await bell.bell.hangUp();
    const { payload } = await home.house.events.next("ended", (event) => event.visit.id === visit.id);
    return payload as VisitEnd;
  }

  for (const [line, codecs, hertz] of [
    ["6101", ["PCMA/8000", "PCMA/8000"], 440],
    ["6102", ["PCMU/8000", "PCMU/8000"], 440],
    ["6103", ["PCMA/8000", "G722/8000"], 1200],
  ] as const)
    it(`arrives both ways: the bell in ${codecs[0]}, Asterisk in ${codecs[1]}`, async () => {
      const visit = await home.rung(line, bell.bell);
      await hears(bell.seen, hertz);
      const { media } = await over(visit);
      assert.deepEqual([media?.door.codec, media?.answerer?.codec], codecs);
      assert.deepEqual([media?.door.lost, media?.answerer?.lost], [0, 0]);
    });

  for (const [line, what] of [
    ["6108", "packets of 40 ms"],
    ["6109", "packets of 30 ms"],
    ["6110", "two pictures, bundled"],
  ] as const)
    it(`arrives where Asterisk calls and offers ${what}`, async () => {
      const answered = bell.seen.all.length;
      await home.asterisk.says(`channel originate PJSIP/8000@${line} application Echo`);
      await bell.seen.next("answered", (event) => bell.seen.all.indexOf(event) >= answered);
      await hears(bell.seen, 440);
      assert.ok(sessions().every((session) => session.agreed("video") === undefined));
      await bell.bell.hangUp();
      await until("the call to be over", () => sessions().length === 0);
    });

  for (const [method, begin] of [
    ["INVITE", () => home.rung("6105", bell.bell)],
    // Only of a call that Asterisk makes: an UPDATE of its own that overtakes the ACK has it hang up.
    ["UPDATE", () => home.asterisk.says("channel originate PJSIP/8000@6106 extension 6106@lines")],
  ] as const)
    it(`goes on when Asterisk has told us by ${method} where its phone is (direct media), past itself`, async () => {
      const phone = await home.phone("201", { answerAfterMs: 0 });
      await begin();
      await phone.seen.next("answered");
      await settled("what Asterisk passes on itself", async () =>
        (await home.received()).reduce((sum, { packets }) => sum + packets, 0),
      );
      await Promise.all([hears(bell.seen, 880), hears(phone.seen, 440)]);
      await bell.bell.hangUp();
      await phone.phone.close();
    });

  it("H15 is music of Asterisk where its phone holds the visitor, who is heard again after it", async () => {
    const phone = await Baresip.start({
      ...{ server: `127.0.0.1:${home.asterisk.port}`, extension: "202", password: home.password, tone: 700 },
      ...{ codecs: "PCMA", answer: true },
    });
    try {
      await phone.registered();
      const visit = await home.rung("6107", bell.bell);
      await hears(bell.seen, 700);
      phone.command("hold");
      await hears(bell.seen, music);
      phone.command("resume");
      await hears(bell.seen, 700);
      await over(visit);
    } finally {
      await phone.end();
    }
  });

  it("H15 is music of Asterisk for its phone where the flow holds that, and the visitor after it", async () => {
    const phone = await home.phone("201", { answerAfterMs: 0 });
    const visit = await home.rung("6105", bell.bell);
    await hears(phone.seen, 440);
    const { talk } = visit;
    assert.ok(talk instanceof Talk);
    assert.deepEqual(await talk.hold("answerer"), { told: true });
    await hears(phone.seen, music);
    await talk.unhold("answerer");
    await Promise.all([hears(phone.seen, 440), hears(bell.seen, 880)]);
    await over(visit);
    await phone.phone.close();
  });

  it("RFC 6263 is not missed by Asterisk's rtp_timeout while the visitor is mute, and is counted there as it is here", async () => {
    const visit = await home.rung("6104", bell.bell);
    await hears(bell.seen, 1200);
    const { talk } = visit;
    assert.ok(talk instanceof Talk);
    talk.mute("door", true);
    const [, answerer] = sessions();
    const sent = (await answerer?.stats())?.sent ?? 0;
    // More than rtp_timeout, and time for a report (RFC 3550 §6.2).
    await until("a report of Asterisk's, and silence", async () => {
      const { roundTripMs, sent: now = 0 } = (await answerer?.stats()) ?? {};
      return visit.state === "ended" || (roundTripMs !== undefined && now >= sent + 3);
    });
    assert.equal(visit.state, "talking", "Asterisk has hung up");
    talk.mute("door", false);
    const [received] = await home.received();
    const { media } = await over(visit);
    assert.equal(received?.lost, 0);
    const [there, here] = [received.packets, media?.answerer?.sent ?? 0];
    assert.ok(there > sent && there <= here && here - there < 50, `${there} there, ${here} here`);
    assert.ok((media?.answerer?.roundTripMs ?? 1e9) < 500);
    assert.equal(media?.answerer?.peerLost, 0);
  });
});

describe("H1 sound between Asterisk and rtpengine", { skip: without("asterisk", "rtpengine") }, () => {
  it("goes both ways, with keys in the middle of it", async () => {
    const server = await RtpengineProcess.start();
    try {
      const line: Line = {
        endpoint: ["allow=alaw"],
        plan: ["Answer()", "Read(KEYS,,3)", "Verbose(0,READ ${KEYS})", ...echo],
      };
      await using home = await AsteriskHouse.open({
        lines: { "6101": line },
        options: { media: { rtpengine: [server.address] } },
      });
      const bell = await home.house.bell({ digitsBy: "rtp" });
      await home.rung("6101", bell.bell);
      await bell.seen.next("answered");
      await bell.bell.digits("15#");
      await home.asterisk.child.line(/READ 15$/);
      await hears(bell.seen, 440);
      await bell.bell.hangUp();
      await home.house.event("ended");
      assert.equal(await settled("the calls of Asterisk", () => home.calls()), 0);
    } finally {
      await server.close();
    }
  });
});
