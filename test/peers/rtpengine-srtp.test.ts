// P3: SRTP through the real rtpengine, by the tone that arrives. The phones' SRTP is ours, which other tests hold against the
// vectors of the RFCs and other makes.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../src/clock.ts";
import type { MediaSession } from "../../src/media/media.ts";
import { parseSdp } from "../../src/media/sdp.ts";
import type { MasterKey, SuiteName } from "../../src/media/suites.ts";
import { read } from "../media/packets.ts";
import { masterKey, suiteNames } from "../media/srtp/keys.ts";
import { without } from "../support/peers.ts";
import { events, hear, Legs, portOf, type Side } from "./rtpengine-legs.ts";
import { RtpengineProcess } from "./rtpengine.ts";

const formats = "8 101";
const usual = "AES_CM_128_HMAC_SHA1_80";
const cryptoOf = (sdp: string) => parseSdp(sdp)[0]?.crypto ?? [];

interface Secured extends Side {
  readonly key?: MasterKey | undefined;
}

describe("P3 SRTP by rtpengine", { skip: without("rtpengine") }, () => {
  let server: RtpengineProcess;
  let legs: Legs;
  let keys = 0;
  before(async () => {
    server = await RtpengineProcess.start();
  });
  after(() => server.close());
  beforeEach(() => {
    legs = Legs.at(server);
  });
  afterEach(() => legs.close());

  /** One that calls, with a key or without. */
  async function caller(suite?: SuiteName): Promise<Omit<Secured, "port">> {
    if (!suite) return legs.caller();
    const { phone, session } = await legs.phone();
    const key = masterKey(suite, ++keys);
    session.receiveOffer(phone.secured(formats, key, false, events));
    return { phone, session, key };
  }

  /** One that is called: it takes the suite of our offer, or is not asked for any. */
  async function called(
    like: MediaSession,
    suite?: SuiteName,
    encryption: "optional" | "required" = "required",
  ): Promise<Secured> {
    if (!suite) return legs.leg(like);
    const { phone, session } = await legs.phone(like);
    session.encryption = encryption;
    const offer = session.offer(like);
    const own = cryptoOf(offer).find(({ key }) => key.suite === suite) ?? assert.fail(`no ${suite}`);
    const key = masterKey(suite, ++keys);
    session.receiveAnswer(phone.secured(formats, key, encryption === "optional", events));
    phone.encrypt({ send: key, receive: own.key });
    return { phone, session, port: portOf(offer), key };
  }

  async function talk(from: SuiteName | undefined, to: SuiteName | undefined, how?: "optional") {
    const bell = await caller(from);
    const two = await called(bell.session, to, how);
    return { bell: answered(bell, two.session), two };
  }

  function answered(bell: Omit<Secured, "port">, by: MediaSession): Secured {
    const answer = bell.session.answer(by);
    const [own] = cryptoOf(answer);
    if (bell.key) bell.phone.encrypt({ send: bell.key, receive: own?.key ?? assert.fail() });
    legs.media.bridge(bell.session, by);
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
    await legs.media.settled();
    two.phone.received.length = bell.phone.received.length = 0;
    await bell.phone.sing(bell.port, 700, "PCMA", 20);
    await two.phone.sing(two.port, 1300, "PCMA", 20);
    await bell.phone.heard(20);
    assert.equal(two.phone.received.length, 0, "who holds is not sent to");
    assert.deepEqual(again(key), ours, "we keep ours while it keeps its own");
    await legs.media.settled();
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
      legs.media.bridge(three.session, bell.session);
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
      await legs.close();
      // The first takes one call and refuses the next.
      const small = await RtpengineProcess.start("--max-sessions=1");
      try {
        legs = Legs.at(small, second);
        const first = await talk(usual, usual);
        const other = await talk(undefined, undefined);
        await Promise.all([hear(first.bell, first.two), hear(other.bell, other.two)]);
        legs.media.bridge(first.bell.session, other.two.session);
        await Promise.all([first.two.session.close(), other.bell.session.close()]);
        await hear(first.bell, other.two);
        other.two.session.receiveOffer(other.two.phone.sdp(formats, events));
        other.two.session.answer(first.bell.session);
        await hear(first.bell, other.two);
      } finally {
        await legs.close();
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
      const { phone, session } = await legs.phone(bell.session);
      session.encryption = encryption;
      session.offer(bell.session);
      const answer = () => session.receiveAnswer(phone.sdp(formats, events));
      if (takes) answer();
      else assert.throws(answer, /not encrypted, which is required/);
    }
  });
});
