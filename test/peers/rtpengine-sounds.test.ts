// H9: sounds played and sides muted by the real rtpengine, by what is heard.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, afterEach, before, describe, it } from "node:test";
import type { Clip, Tone } from "../../src/media/sound.ts";
import { masterKey } from "../media/srtp/keys.ts";
import { read } from "../media/packets.ts";
import { levelOf, tone } from "../media/tone.ts";
import { without } from "../support/peers.ts";
import { parseSdp } from "../../src/media/sdp.ts";
import { eventsAt, hears, Legs, press, type Side } from "./rtpengine-legs.ts";

const clip = (hertz: number, ms: number): Clip => ({
  ...{ kind: "clip", encoding: "linear", rate: 8000 },
  data: new Uint8Array(Int16Array.from(tone(hertz, 8000, 8 * ms)).buffer),
});
const beep = (hertz: number): Tone => ({ kind: "tone", cadence: [{ frequencies: [hertz], ms: 200 }] });

describe("sounds by rtpengine", { skip: without("rtpengine") }, () => {
  let legs: Legs;
  before(async () => {
    legs = await Legs.open();
  });
  after(() => legs.close());
  afterEach(() => legs.over());

  /** Two that talk, 700 and 1300 Hz. */
  async function talking(formats?: string, others?: string) {
    const [bell, two] = await legs.call(formats, others);
    legs.talk(bell, 700);
    legs.talk(two, 1300, others?.startsWith("0") ? "PCMU" : "PCMA");
    await Promise.all([hears(bell, 1300), hears(two, 700)]);
    return { bell, two };
  }

  it("H9 a sound stands in the place of the other side until it ends, and the other side hears on", async () => {
    const { bell, two } = await talking();
    const { ended } = bell.session.play(clip(440, 400));
    await Promise.all([hears(bell, 440, 1300), hears(two, 700, 440)]);
    assert.equal(await ended, "finished");
    await hears(bell, 1300, 440);
  });

  it("H9 goes round until it is stopped, or another one comes", async () => {
    const { bell, two } = await talking("8 101", "0 101");
    const first = two.session.play(beep(440), true);
    await hears(two, 440, 700);
    const second = two.session.play(beep(1900), true);
    await hears(two, 1900, 440);
    assert.equal(await first.ended, "replaced");
    first.stop();
    await hears(two, 1900, 700);
    second.stop();
    assert.equal(await second.ended, "stopped");
    await Promise.all([hears(two, 700, 1900), hears(bell, 1300)]);
  });

  it("H9 plays to who is joined with nobody yet, by SRTP too, and goes on when it is", async () => {
    for (const suite of [undefined, "AES_CM_128_HMAC_SHA1_80"] as const) {
      const { phone, session } = await legs.caller();
      const key = suite && masterKey(suite, 5);
      if (key) session.receiveOffer(phone.secured("8 101", key, false, "a=rtpmap:101 telephone-event/8000"));
      const two = await legs.leg(session);
      const [line] = parseSdp(session.answer());
      if (key) phone.encrypt({ send: key, receive: line?.crypto[0]?.key ?? assert.fail() });
      await plays({ phone, session, port: line?.port ?? 0 }, two);
    }
  });

  async function plays(bell: Side, two: Side): Promise<void> {
    const music = bell.session.play(beep(440), true);
    await hears(bell, 440);
    legs.media.bridge(bell.session, two.session);
    legs.talk(two, 1300);
    legs.talk(bell, 700);
    await Promise.all([hears(two, 700), hears(bell, 440, 1300)]);
    music.stop();
    await hears(bell, 1300, 440);
    await Promise.all([bell, two].map(({ session }) => session.close()));
  }

  it("H9 who is muted is not heard, also after a new offer; its keys go on; then it is heard again", async () => {
    const { bell, two } = await talking("8 101", "0 101");
    two.session.mute(true);
    await legs.media.settled();
    two.session.receiveOffer(two.phone.sdp("0 101", "a=rtpmap:101 telephone-event/8000"));
    two.session.answer(bell.session);
    await legs.media.settled();
    await once(bell.phone.rtp, "message");
    bell.phone.received.length = 0;
    await Promise.all([press(two, 9), hears(two, 700)]);
    while (eventsAt(bell).length < 1 || bell.phone.received.length < 20) await once(bell.phone.rtp, "message");
    assert.deepEqual(new Set(eventsAt(bell)), new Set([9]));
    const sound = bell.phone.received.filter((packet) => read(packet).payload !== 101);
    bell.phone.received.splice(0, Infinity, ...sound);
    assert.ok(levelOf(bell.phone.samples(), 1300) < -60, "silence comes in its place");
    two.session.mute(false);
    await hears(bell, 1300);
  });
});
