// P3: SRTP through the real rtpengine, by the tone that arrives. The phones' SRTP is ours, which other tests hold against the
// vectors of the RFCs and other makes.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../src/clock.ts";
import type { MediaSession } from "../../src/media/media.ts";
import { Rtpengine } from "../../src/media/rtpengine/rtpengine.ts";
import { parseServer } from "../../src/media/rtpengine/wire.ts";
import { parseSdp } from "../../src/media/sdp.ts";
import type { MasterKey, SuiteName } from "../../src/media/suites.ts";
import { read } from "../media/packets.ts";
import { Phone } from "../media/phone.ts";
import { masterKey, suiteNames } from "../media/srtp/keys.ts";
import { levelOf } from "../media/tone.ts";
import { without } from "../support/peers.ts";
import { RtpengineProcess } from "./rtpengine.ts";

const formats = "8 101";
const events = "a=rtpmap:101 telephone-event/8000";
const usual = "AES_CM_128_HMAC_SHA1_80";
const portOf = (sdp: string) => Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
const cryptoOf = (sdp: string) => parseSdp(sdp)[0]?.crypto ?? [];

interface Side {
  readonly phone: Phone;
  readonly session: MediaSession;
  readonly port: number;
  readonly key?: MasterKey | undefined;
}

/** Both sing until each has heard half a second of the other. */
async function hear(one: Side, other: Side): Promise<void> {
  for (const { phone } of [one, other]) phone.received.length = 0;
  while (one.phone.received.length < 25 || other.phone.received.length < 25) {
    await Promise.all([one.phone.sing(one.port, 700, "PCMA", 1), other.phone.sing(other.port, 1300, "PCMA", 1)]);
    await systemClock.sleep(5);
  }
  for (const [side, tone] of [
    [one, 1300],
    [other, 700],
  ] as const)
    assert.ok(levelOf(side.phone.samples().slice(0, 4000), tone) > -20, `${tone} Hz arrives`);
}

describe("P3 SRTP by rtpengine", { skip: without("rtpengine"), timeout: 60_000 }, () => {
  let server: RtpengineProcess;
  let media: Rtpengine;
  const phones: Phone[] = [];
  let keys = 0;
  before(async () => {
    server = await RtpengineProcess.start();
  });
  after(() => server.close());
  beforeEach(() => {
    media = new Rtpengine({ servers: [parseServer(server.address)] });
  });
  afterEach(async () => {
    await media.close();
    for (const phone of phones.splice(0)) phone.close();
  });

  async function another(): Promise<Phone> {
    const phone = await Phone.open(0xf0e + phones.length);
    phones.push(phone);
    return phone;
  }

  /** One that calls, with a key or without. */
  async function caller(suite?: SuiteName): Promise<Side> {
    const phone = await another();
    const session = await media.open();
    const key = suite && masterKey(suite, ++keys);
    session.receiveOffer(key ? phone.secured(formats, key, false, events) : phone.sdp(formats, events));
    return { phone, session, port: 0, key };
  }

  /** One that is called: it takes the suite of our offer, or is not asked for any. */
  async function called(like: MediaSession, suite?: SuiteName, encryption: "optional" | "required" = "required") {
    const phone = await another();
    const session = await media.open(like);
    if (suite) session.encryption = encryption;
    const offer = session.offer(like);
    const own = suite && (cryptoOf(offer).find(({ key }) => key.suite === suite) ?? assert.fail(`no ${suite}`));
    const key = suite && masterKey(suite, ++keys);
    session.receiveAnswer(
      key ? phone.secured(formats, key, encryption === "optional", events) : phone.sdp(formats, events),
    );
    if (key && own) phone.encrypt({ send: key, receive: own.key });
    return { phone, session, port: portOf(offer), key };
  }

  async function talk(from: SuiteName | undefined, to: SuiteName | undefined, how?: "optional") {
    const bell = await caller(from);
    const two = await called(bell.session, to, how);
    return { bell: answered(bell, two.session), two };
  }

  function answered(bell: Side, by: MediaSession): Side {
    const answer = bell.session.answer(by);
    const [own] = cryptoOf(answer);
    if (bell.key) bell.phone.encrypt({ send: bell.key, receive: own?.key ?? assert.fail() });
    media.bridge(bell.session, by);
    return { ...bell, port: portOf(answer) };
  }

  for (const suite of suiteNames)
    it(`${suite} on one side, plain RTP on the other, whichever it is`, async () => {
      const { bell, two } = await talk(suite, undefined);
      assert.deepEqual([bell.session.encrypted, two.session.encrypted], [suite, undefined]);
      await hear(bell, two);
      const back = await talk(undefined, suite);
      assert.deepEqual([back.bell.session.encrypted, back.two.session.encrypted], [undefined, suite]);
      await hear(back.bell, back.two);
    });

  it("both sides by the same suite and by different ones, each with keys of its own", async () => {
    const { bell, two } = await talk(usual, usual);
    await hear(bell, two);
    const other = await talk("AEAD_AES_256_GCM", usual, "optional");
    await hear(other.bell, other.two);
    assert.equal((await other.two.session.stats()).encrypted, usual);
  });

  it("holds and goes on through new offers, across the wrap of the numbers, and with new keys", async () => {
    const { bell, two } = await talk(usual, usual);
    bell.phone.sequence = two.phone.sequence = 65_500;
    await hear(bell, two);
    const { key = assert.fail() } = two;
    const again = (with_: MasterKey, ...attributes: string[]) => {
      two.session.receiveOffer(two.phone.secured(formats, with_, false, events, ...attributes));
      return cryptoOf(two.session.answer(bell.session))[0]?.key ?? assert.fail();
    };
    const ours = again(key, "a=sendonly");
    await media.settled();
    two.phone.received.length = bell.phone.received.length = 0;
    await bell.phone.sing(bell.port, 700, "PCMA", 20);
    await two.phone.sing(two.port, 1300, "PCMA", 20);
    await bell.phone.heard(20);
    assert.equal(two.phone.received.length, 0, "who holds is not sent to");
    assert.deepEqual(again(key), ours, "we keep ours while it keeps its own");
    await media.settled();
    await hear(bell, two);
    assert.ok(bell.phone.sequence > 65_536);
    const fresh = masterKey("AES_CM_128_HMAC_SHA1_32", ++keys);
    two.phone.encrypt({ send: fresh, receive: again(fresh) });
    two.phone.sequence = bell.phone.sequence = 100;
    two.phone.ssrc++;
    bell.phone.ssrc += 100;
    await hear(bell, two);
  });

  it("puts a plain phone in the place of an encrypted one, and an encrypted one in its place again", async () => {
    const { bell, two } = await talk(usual, usual);
    await hear(bell, two);
    for (const suite of [undefined, usual] as const) {
      const three = await called(bell.session, suite);
      media.bridge(three.session, bell.session);
      await hear(bell, three);
    }
  });

  it("lets through nothing of who lacks the key", async () => {
    const { bell, two } = await talk(usual, undefined);
    await hear(bell, two);
    const { phone, port, key = assert.fail() } = bell;
    two.phone.received.length = 0;
    phone.encrypt({ send: masterKey(usual, 999), receive: key });
    await phone.sing(port, 700, "PCMA", 20);
    await two.phone.sing(two.port, 1300, "PCMA", 1);
    phone.encrypt({ send: key, receive: key });
    phone.ssrc++;
    while (two.phone.received.length === 0) {
      await phone.sing(port, 1000, "PCMA", 1);
      await systemClock.sleep(5);
    }
    assert.deepEqual(new Set(two.phone.received.map((packet) => read(packet).ssrc)), new Set([phone.ssrc]));
  });

  it("encrypts what goes from one rtpengine to another", async () => {
    const second = await RtpengineProcess.start();
    try {
      await media.close();
      // The first takes one call and refuses the next.
      const small = await RtpengineProcess.start("--max-sessions=1");
      try {
        media = new Rtpengine({ servers: [parseServer(small.address), parseServer(second.address)] });
        const first = await talk(usual, usual);
        const other = await talk(undefined, undefined);
        await Promise.all([hear(first.bell, first.two), hear(other.bell, other.two)]);
        media.bridge(first.bell.session, other.two.session);
        await Promise.all([first.two.session.close(), other.bell.session.close()]);
        await hear(first.bell, other.two);
        other.two.session.receiveOffer(other.two.phone.sdp(formats, events));
        other.two.session.answer(first.bell.session);
        await hear(first.bell, other.two);
      } finally {
        await media.close();
        await small.close();
      }
    } finally {
      await second.close();
    }
  });

  it("refuses who answers without where it is required, and takes it where it is only offered", async () => {
    const bell = await caller();
    for (const [encryption, takes] of [
      ["required", false],
      ["optional", true],
    ] as const) {
      const session = await media.open(bell.session);
      session.encryption = encryption;
      session.offer(bell.session);
      const answer = () => session.receiveAnswer(phones[0]?.sdp(formats, events) ?? "");
      if (takes) answer();
      else assert.throws(answer, /not encrypted, which is required/);
    }
  });
});
