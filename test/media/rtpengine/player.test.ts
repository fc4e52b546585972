// Sounds and mute by an rtpengine that says what the test wants, on a clock that stands still.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Log } from "../../../src/log.ts";
import type { MediaSession } from "../../../src/media/media.ts";
import { textAt } from "../../../src/media/rtpengine/bencode.ts";
import { Rtpengine } from "../../../src/media/rtpengine/rtpengine.ts";
import { wavOf } from "../../../src/media/rtpengine/player.ts";
import type { Clip, Sound } from "../../../src/media/sound.ts";
import { readWav } from "../../../src/media/wav.ts";
import { FakeClock, settle } from "../../support/clock.ts";
import { Stub } from "./stub.ts";

const sdpOf = (port: number, codec = "8") =>
  `v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP ${codec}\r\na=rtpmap:111 opus/48000/2\r\n`;
const clip = (seconds: number): Clip => ({
  kind: "clip",
  encoding: "PCMA",
  rate: 8000,
  data: new Uint8Array(8000 * seconds),
});
const busy: Sound = {
  kind: "tone",
  cadence: [
    { frequencies: [425], ms: 480 },
    { frequencies: [], ms: 480 },
  ],
};

describe("sounds by the second engine", () => {
  let clock: FakeClock;
  let stub: Stub;
  let media: Rtpengine;
  let refuses: boolean;
  let logged: string[];
  let ends: string[];

  beforeEach(() => {
    [clock, stub, refuses, logged, ends] = [new FakeClock(), new Stub(), false, [], []];
    stub.answer = ({ request }) => {
      const command = textAt(request, "command");
      if (refuses && command === "play media") return { result: "error", "error-reason": "no such codec" };
      const tag = textAt(request, command === "offer" ? "to-tag" : "from-tag");
      return { result: command === "ping" ? "pong" : "ok", sdp: sdpOf(30_000 + 10 * (Number.parseInt(tag, 10) || 0)) };
    };
    const log: Log = { debug() {}, info() {}, warn() {}, error: (text) => logged.push(text) };
    const options = { servers: [{ host: "10.0.0.1", port: 2223 }], log };
    media = new Rtpengine(options, { clock, dial: stub.dial, prefix: "test" });
  });
  afterEach(async () => {
    await media.close();
    assert.equal(clock.pending, 0);
  });

  async function talking(codec?: string): Promise<[MediaSession, MediaSession]> {
    const bell = await media.open();
    const phone = await media.open(bell);
    bell.receiveOffer(sdpOf(4000, codec));
    phone.offer(bell);
    phone.receiveAnswer(sdpOf(4002, codec));
    bell.answer(phone);
    media.bridge(bell, phone);
    await settle();
    stub.sent.length = 0;
    return [bell, phone];
  }

  /** Has one be played something; its end is told in `ends`. */
  async function play(session: MediaSession, sound: Sound, loop = false) {
    const playback = session.play(sound, loop);
    void playback.ended.then((end) => ends.push(end));
    await settle();
    return playback;
  }

  const asked = () =>
    stub.sent
      .map(({ request }) => `${textAt(request, "command")} ${textAt(request, "from-tag")}`)
      .filter((what) => what.includes(" media "));
  const times = () => stub.asked("play media").map(({ request }) => request["repeat-times"]);

  it("H9 hands a long one over in pieces, each at the end of the one before, and knows its end", async () => {
    const [bell] = await talking();
    await play(bell, clip(12));
    assert.deepEqual(asked(), ["block media 2", "play media 1"]);
    for (const pieces of [2, 3]) {
      await clock.advance(4999);
      assert.equal(times().length, pieces - 1);
      await clock.advance(1);
      assert.equal(times().length, pieces);
    }
    await clock.advance(1999);
    assert.deepEqual(ends, []);
    await clock.advance(1);
    assert.deepEqual([ends, times()], [["finished"], [1, 1, 1]]);
    assert.deepEqual(asked().slice(-1), ["unblock media 2"]);
  });

  it("H9 hands a short one that goes round over once, and a long one again and again", async () => {
    const [bell, phone] = await talking();
    const tone = await play(bell, busy, true);
    await play(phone, clip(8), true);
    await clock.advance(20_000);
    assert.deepEqual(times(), [100_000, 1, 1, 1, 1, 1]);
    tone.stop();
    await settle();
    assert.deepEqual([ends, asked().slice(-2)], [["stopped"], ["stop media 1", "unblock media 2"]]);
  });

  it("H9 lets the next take the place of one, and ends it with its leg", async () => {
    const [bell] = await talking();
    const first = await play(bell, clip(2));
    await play(bell, clip(3));
    first.stop();
    await clock.advance(2000);
    assert.deepEqual([ends, asked()], [["replaced"], ["block media 2", "play media 1", "play media 1"]]);
    const closed = bell.close();
    await closed;
    await settle();
    assert.deepEqual(ends, ["replaced", "closed"]);
  });

  it("H9 says in the log why it was refused; the call goes on", async () => {
    const [bell, phone] = await talking();
    refuses = true;
    await play(bell, clip(2));
    await settle();
    assert.deepEqual(ends, ["closed"]);
    assert.match(logged.join(), /a sound was not played: The rtpengine at .* refused "play media": no such codec/);
    assert.deepEqual([bell.over, phone.over], [false, false]);
    assert.equal(asked().at(-1), "unblock media 2");
  });

  it("H9 plays to one that is joined with nobody, once rtpengine knows where it is", async () => {
    const bell = await media.open();
    bell.receiveOffer(sdpOf(4000));
    assert.throws(() => bell.play(busy), /answer the call first/);
    bell.answer();
    stub.sent.length = 0;
    await play(bell, busy, true);
    const [shown] = stub.asked("answer");
    assert.deepEqual([shown?.request["from-tag"], shown?.request["to-tag"]], ["nobody", "1"]);
    assert.match(textAt(shown?.request, "sdp"), /m=audio 4000 /);
    assert.deepEqual(asked(), ["play media 1"]);
  });

  it("H9 plays to the one who is left, and asks nothing of the other", async () => {
    const [bell, phone] = await talking();
    await phone.close();
    await play(bell, clip(1));
    await clock.advance(1000);
    assert.deepEqual([ends, asked()], [["finished"], ["play media 1"]]);
  });

  it("mutes by silence in G.711, and by nothing at all in other codecs, which it would let through", async () => {
    for (const [codec, valve] of [
      ["8", "silence"],
      ["111", "block"],
    ] as const) {
      const [, phone] = await talking(codec);
      phone.mute(true);
      phone.mute(true);
      await settle();
      phone.receiveOffer(sdpOf(4002, codec));
      phone.answer();
      phone.mute(false);
      await settle();
      assert.deepEqual(asked(), [
        `${valve} media ${codec === "8" ? 2 : 4}`,
        `un${valve} media ${codec === "8" ? 2 : 4}`,
      ]);
    }
  });

  it("writes WAV files that say what they are", () => {
    const { data, ...what } = readWav(wavOf(new Uint8Array([1, 2, 3])));
    assert.deepEqual([what, [...data]], [{ kind: "clip", encoding: "PCMA", rate: 8000 }, [1, 2, 3]]);
  });
});
