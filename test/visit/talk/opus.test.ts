// Two who talk in Opus, of which we understand nothing: where something is to be played or recorded they are asked for another
// codec, and go back where one of them has none.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { toneSound } from "../../../src/media/sound.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { Talk } from "../../../src/visit/talk/talk.ts";
import { Desk } from "../desk.ts";

let desk: Desk;
const gong = toneSound("busy", "de");

beforeEach(async () => (desk = await Desk.open()));
afterEach(() => desk.close());

async function talking() {
  const phone = await desk.phone("6001");
  const bell = desk.device("8000");
  const invite = await bell.dial("6001", {}, { codecs: "96 8", video: true });
  const visit = desk.switchboard.lastVisit("front") ?? assert.fail("no visit");
  void visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"], seconds: 60 }));
  await phone.pickUp({ codecs: "96", video: true });
  const answer = await bell.answered(invite);
  assert.match(answer.body.toString(), /m=audio \d+ RTP\/AVP 96\r\n/);
  return { bell, phone, visit };
}

describe("two who talk in Opus", () => {
  it("talk G.711 from the first sound on, the phone first, and keep their video", async () => {
    const { bell, phone, visit } = await talking();
    const playing = visit.sounds.play(gong, { to: "both" });
    for (const device of [phone, bell]) {
      const { body } = await device.accept({ codecs: "8", video: true });
      assert.match(body.toString(), /m=audio \d+ RTP\/AVP 8 0[ \r][^]*m=video [1-9]/);
    }
    const { ended } = await playing;
    visit.sounds.stop();
    assert.equal(await ended, "stopped");
    const asked = () => bell.party.count("INVITE") + phone.party.count("INVITE");
    const before = asked();
    (await visit.sounds.play(gong, { to: "both" })).stop();
    await desk.clock.advance(1000);
    assert.equal(asked(), before, "nobody is asked again");
  });

  it("are recorded in that", async () => {
    const { bell, phone, visit } = await talking();
    assert.ok(visit.talk instanceof Talk);
    const begun = visit.talk.record({ to: "flow", seconds: 60, toneSeconds: 0 });
    for (const device of [phone, bell]) await device.accept({ codecs: "8", video: true });
    await begun;
    assert.deepEqual(desk.told("record-failed"), []);
  });

  it("talk on as before where one of them will not, and the sound is refused with a sentence", async () => {
    const { bell, phone, visit } = await talking();
    const playing = visit.sounds.play(gong, { to: "answerer" });
    const why = /Front door does not talk PCMA, PCMU or G722, which a sound or a recording needs/;
    const refused = assert.rejects(playing, why);
    await phone.accept({ codecs: "8", video: true });
    bell.party.respond(await bell.party.takeRequest("INVITE"), 488);
    const back = await phone.accept({ codecs: "96", video: true });
    assert.match(back.body.toString(), /m=audio \d+ RTP\/AVP 96 /);
    await refused;
    assert.equal(visit.state, "talking");
  });
});
