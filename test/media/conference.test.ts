// H9, N1: conferences through the worker thread, with real RTP on loopback. The conference's own packets are the clock: who
// hears one sends one.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, afterEach, before, describe, it } from "node:test";
import { PorteroError } from "../../src/errors.ts";
import { encodeA, encodeU } from "../../src/media/g711.ts";
import type { Pressed } from "../../src/media/digits.ts";
import { Media, type MediaSession } from "../../src/media/media.ts";
import { frame, Phone } from "./phone.ts";
import { read } from "./packets.ts";
import { levelOf, tone } from "./tone.ts";

const events = "a=rtpmap:101 telephone-event/8000";
const portOf = (sdp: string) => Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
const isCode = (code: string) => (e: unknown) => e instanceof PorteroError && e.code === code;

let media: Media;
const phones: Phone[] = [];

interface Caller {
  readonly phone: Phone;
  readonly session: MediaSession;
  readonly port: number;
}

async function caller(formats: string, ...attributes: string[]): Promise<Caller> {
  const phone = await Phone.open(phones.length + 1);
  phones.push(phone);
  const session = await media.open();
  session.receiveOffer(phone.sdp(formats, ...attributes));
  return { phone, session, port: portOf(session.answer()) };
}

/** Sends a frame of a tone for each packet that comes in, so many or until `isEnough`. */
async function sing(
  { phone, port }: Caller,
  hertz: number,
  law: "PCMA" | "PCMU",
  frames: number,
  isEnough = () => false,
): Promise<void> {
  const samples = tone(hertz, 6000, frames * frame);
  for (let i = 0; i < frames && !isEnough(); i++) {
    const body = Uint8Array.from(samples.slice(i * frame, (i + 1) * frame), law === "PCMA" ? encodeA : encodeU);
    await phone.send(port, law === "PCMA" ? 8 : 0, body);
    await once(phone.rtp, "message");
  }
}

describe("a conference", () => {
  before(async () => {
    media = await Media.start({ bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] });
  });
  after(() => media.close());
  afterEach(() => {
    for (const p of phones.splice(0)) p.close();
  });

  it("lets a bell and two phones talk: each hears the other two and not itself", async () => {
    const parties = [await caller("0"), await caller("8"), await caller("8 0")] as const;
    const room = media.conference();
    for (const { session } of parties) room.add(session);
    const tones = [440, 800, 1300] as const;
    // Sung at −15 dB. On a busy machine packets come in bursts, and some too late: until a second was good.
    const levels = () =>
      parties.map(({ phone }) => tones.map((hertz) => levelOf(phone.samples().slice(-50 * frame), hertz)));
    const areRight = (heard: number[], own: number) =>
      heard.every((level, n) => (n === own ? level < -36 : level > -28));
    let [frames, isRight] = [0, false];
    await Promise.all([
      sing(parties[0], tones[0], "PCMU", 1500, () => (isRight ||= ++frames % 50 === 0 && levels().every(areRight))),
      sing(parties[1], tones[1], "PCMA", 1500, () => isRight),
      sing(parties[2], tones[2], "PCMA", 1500, () => isRight),
    ]);
    assert.ok(isRight, `each hears the other two and not itself: ${JSON.stringify(levels())}`);
    room.close();
    await parties[0].session.stats();
    await Promise.all(parties.map(({ session }) => session.close()));
  });

  it("N5 passes a key of one on to the others, and tells of it", async () => {
    const [bell, phone] = [await caller("8 101", events), await caller("8 101", events)];
    const room = media.conference();
    room.add(bell.session);
    room.add(phone.session);
    await sing(bell, 440, "PCMA", 3);
    const told = once(room, "digit");
    await phone.phone.send(phone.port, 101, Uint8Array.from([1, 0x8a, 0x03, 0x20]));
    for (;;) {
      await once(bell.phone.rtp, "message");
      const key = bell.phone.received.map(read).find(({ payload }) => payload === 101);
      if (!key) continue;
      assert.deepEqual([...key.body], [1, 0x8a, 0x03, 0x20]);
      break;
    }
    const [by, pressed] = (await told) as [MediaSession, Pressed];
    assert.equal(by, phone.session);
    assert.deepEqual([pressed.digit, pressed.by], ["1", "rfc4733"]);
    room.close();
  });

  it("takes no more parties than it may have, and says so", async () => {
    const room = media.conference({ most: 2 });
    const sessions = [await caller("8"), await caller("8"), await caller("8")].map(({ session }) => session);
    for (const session of sessions.slice(0, 2)) room.add(session);
    const third = sessions[2] ?? assert.fail();
    assert.throws(() => room.add(third), isCode("conference-full"));
    assert.throws(() => room.add(third), /has 2 parties/);
    const [first] = sessions;
    if (first) await first.close();
    assert.deepEqual(room.parties, [sessions[1]], "who is closed has left");
    room.add(third);
    room.close();
    assert.throws(() => room.add(third), isCode("conference-closed"));
  });

  it("takes no call with another codec, which can be asked for one that can be mixed", async () => {
    const room = media.conference();
    const { session, phone } = await caller("96 101", "a=rtpmap:96 opus/48000/2", events);
    assert.throws(() => room.add(session), isCode("no-codec"));
    assert.throws(() => room.add(session), /codec opus\/48000\/2, and a conference needs PCMA, PCMU or G722/);
    const offer = session.offer("conference");
    assert.match(offer, /^m=audio \d+ RTP\/AVP 8 0 101/m);
    session.receiveAnswer(phone.sdp("8 101", events));
    room.add(session);
    assert.ok(room.has(session));
    const silent = await media.open();
    assert.throws(() => room.add(silent), /has no sound yet/);
    await silent.close();
    room.close();
  });

  it("lets a party be in one place at a time: a conference, another one, or a bridge", async () => {
    const [one, other] = [media.conference(), media.conference()];
    const [a, b] = [await caller("8"), await caller("8")];
    const left: MediaSession[] = [];
    one.on("left", (session) => left.push(session));
    media.bridge(a.session, b.session);
    one.add(a.session);
    await b.phone.send(b.port, 8);
    other.add(a.session);
    assert.deepEqual([one.parties, other.parties, left], [[], [a.session], [a.session]]);
    media.bridge(a.session, b.session);
    assert.deepEqual(other.parties, []);
    await a.session.stats();
    a.phone.received.length = 0;
    // The last beat of the conference may still be on its way.
    for (;;) {
      await b.phone.send(b.port, 8, new Uint8Array(160).fill(0x12));
      await once(a.phone.rtp, "message");
      if (a.phone.received.map(read).some(({ body }) => body[0] === 0x12)) break;
    }
  });

  it("is over with the worker", async () => {
    const own = await Media.start({ bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] });
    const room = own.conference();
    const session = await own.open();
    const closed = once(room, "closed");
    await own.close();
    await closed;
    assert.throws(() => room.add(session), isCode("conference-closed"));
  });
});
