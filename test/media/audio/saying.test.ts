// What a peer that takes G.722 hears when who speaks to it changes: its decoder has a memory, and cracks where what comes
// does not follow from what came.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { g722, pcma, pcmu, type Format } from "../../../src/media/codec.ts";
import { toneSound } from "../../../src/media/sound.ts";
import { Players } from "../../../src/media/worker/audio/player.ts";
import { levelOf } from "../tone.ts";
import { Beats, RtpParty } from "./room.ts";
import { sine } from "./sender.ts";

let beats: Beats;
let bell: RtpParty;
let phone: RtpParty;
/** A voice that never rests: partials of 180 Hz, which come and go. */
const voice = (sample: number) =>
  [1, 2, 3, 5, 7].reduce((sum, n) => sum + sine(180 * n, 2600 / n)(sample), 0) * (1.2 + Math.sin(sample / 900));

function join(from: Format, to: Format): void {
  bell = new RtpParty(beats, 4000, { codec: from, events: 0 });
  phone = new RtpParty(beats, 5000, { codec: to, events: 0 });
  route(bell);
}
const route = (from: RtpParty) =>
  from.stream.setRoutes(phone.stream, [
    {
      from: from.codec.payload,
      to: phone.codec.payload,
      rate: 8000,
      ...(from.codec !== phone.codec && { codec: phone.codec.name }),
    },
  ]);
function say(count: number, sound = voice, who = bell): void {
  for (let i = 0; i < count; i++) {
    who.say(sound);
    beats.beat();
  }
}
const peak = (samples: Int16Array) => samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);

beforeEach(() => {
  beats = new Beats();
});

describe("a peer that takes G.722", () => {
  it("gets what another such peer says to the bit, as long as nobody else speaks", () => {
    join(g722, g722);
    const said: Buffer[] = [];
    bell.stream.hear({ heard: (packet) => said.push(Buffer.from(packet.subarray(12))) === 0 });
    say(100);
    assert.deepEqual(
      phone.heardPackets.map(({ body }) => body),
      said,
    );
  });

  it("hears no crack when we play something in the middle of what the other says, nor when that goes on", () => {
    join(g722, g722);
    say(40);
    const usual = peak(phone.heard);
    const players = new Players(beats, () => {});
    const play = { session: 1, play: 1 } as const;
    players.handle({ type: "play", ...play, sound: toneSound("busy", "de"), loop: true }, phone.stream);
    say(20);
    players.handle({ type: "stop", ...play }, phone.stream);
    say(60);
    const heard = phone.heard;
    assert.equal(heard.length, 120 * 160);
    assert.ok(levelOf([...heard.subarray(41 * 160, 59 * 160)], 425) > -14);
    // A decoder that is not where the voice takes it to be gives 32,767 here.
    assert.ok(peak(heard) < usual * 1.1, `${peak(heard)}, not ${usual}`);
    const late = [...heard.subarray(70 * 160, 110 * 160)];
    assert.ok(Math.abs(levelOf(late, 180) - levelOf([...heard.subarray(10 * 160, 40 * 160)], 180)) < 3);
  });

  it("hears no crack when somebody else takes the place of the other", () => {
    join(g722, g722);
    say(40);
    const other = new RtpParty(beats, 6000, { codec: g722, events: 0 });
    other.say(sine(400, 9000));
    route(other);
    say(40, sine(400, 9000), other);
    const heard = phone.heard.subarray(40 * 160);
    assert.ok(peak(heard) < 9000 * 1.15, `${peak(heard)}`);
    assert.ok(levelOf([...heard.subarray(1600)], 400) > -12.5);
  });

  for (const [from, to] of [
    [pcma, g722],
    [g722, pcma],
    [pcmu, g722],
  ] as const)
    it(`is understood by one that does not: ${from.name} becomes ${to.name}, at its level`, () => {
      join(from, to);
      say(50, sine(700, 6000));
      const { heard } = phone;
      assert.equal(heard.length, 8000);
      assert.ok(Math.abs(levelOf([...heard.subarray(800)], 700) - 20 * Math.log10(6000 / 32_768)) < 0.3);
      phone.assertSmooth();
    });
});
