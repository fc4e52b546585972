// What ends a talk by itself: an opening some seconds ago, its length, silence. Each is a setting of the door.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { TalkSettings } from "../../../src/door/door.ts";
import type { Talk } from "../../../src/visit/talk/talk.ts";
import { Desk } from "../desk.ts";

const desks: Desk[] = [];
after(() => Promise.all(desks.map((desk) => desk.close())));

async function open(settings: TalkSettings = {}) {
  const desk = await Desk.open({}, {}, settings);
  desks.push(desk);
  const talk = await desk.talking();
  const { bell } = talk;
  const opened = async () => {
    const opening = desk.switchboard.open({ door: "front", by: "dashboard" });
    bell.party.respond(await bell.party.takeRequest("INFO"), 200);
    await bell.party.settle();
    await desk.clock.advance(500);
    assert.ok((await opening).ok);
  };
  return { desk, ...talk, opened };
}
const minutes = (count: number) => count * 60_000;

describe("a talk", () => {
  it("is hung up some seconds after the door was opened, where that is wanted, and both are told", async () => {
    const { desk, bell, phone, visit, opened } = await open({ hangUpAfterOpening: 10 });
    await opened();
    await desk.clock.advance(8_000);
    // Who opens once more has the time once more.
    await opened();
    await desk.clock.advance(9_400);
    assert.equal(visit.state, "talking");
    await desk.clock.advance(200);
    assert.equal(visit.state, "ended");
    await Promise.all([bell.hungUp(), phone.hungUp()]);
    const { outcome, text, answeredBy, openings } = await desk.ended();
    assert.deepEqual(
      [outcome, text, answeredBy, openings],
      ["answered", "hung up 10 s after the door was opened", "6001", 2],
    );
  });

  it("that has not begun is not ended by an opening before it", async () => {
    const desk = await Desk.open({}, {}, { hangUpAfterOpening: 10 });
    desks.push(desk);
    await desk.device("8000").dial("6001");
    const visit = desk.switchboard.lastVisit("front");
    visit?.tell("opened", {});
    await desk.clock.advance(11_000);
    assert.equal(visit?.state, "ringing");
  });

  it("goes on after an opening where nothing is said of it", async () => {
    const { desk, visit, opened } = await open();
    await opened();
    await desk.clock.advance(minutes(5));
    assert.equal(visit.state, "talking");
  });

  it("ends at its longest, an hour unless the door has another, with a warning to both before", async () => {
    for (const [settings, length] of [
      [{}, 60],
      [{ longestTalk: 2 }, 2],
    ] as const) {
      const { desk, bell, phone, visit } = await open(settings);
      const played: string[] = [];
      const play = visit.sounds.play.bind(visit.sounds);
      visit.sounds.play = (sound, options) => {
        played.push(`${sound.kind} to ${options?.to ?? "door"}`);
        return play(sound, options);
      };
      await desk.clock.advance(minutes(length) - 31_000);
      assert.deepEqual(played, []);
      await desk.clock.advance(2_000);
      assert.deepEqual(played, ["tone to both"]);
      await desk.clock.advance(28_000);
      assert.equal(visit.state, "talking");
      await desk.clock.advance(1_000);
      await Promise.all([bell.hungUp(), phone.hungUp()]);
      assert.equal((await desk.ended()).text, `the talk lasted as long as it may, ${length} minutes`);
    }
  });

  it("lasts as long as they like with 0", async () => {
    const { desk, visit } = await open({ longestTalk: 0 });
    await desk.clock.advance(minutes(600));
    assert.equal(visit.state, "talking");
  });

  it("keeps its clock though somebody else takes over", async () => {
    const { desk, phone, visit } = await open({ longestTalk: 3 });
    const other = await desk.phone("6002");
    await desk.clock.advance(minutes(2));
    const done = (visit.talk as Talk).handover.transfer({ targets: ["6002"], seconds: 20 });
    await other.pickUp();
    assert.equal(await done, "6002");
    await phone.hungUp();
    await desk.clock.advance(minutes(1));
    assert.equal(visit.state, "ended");
    await other.hungUp();
    assert.equal((await desk.ended()).talkSeconds, 180);
  });

  it("counts its silence as the door has it, on both sides", async () => {
    for (const mediaTimeout of [undefined, 0, 40]) {
      const { desk } = await open(mediaTimeout === undefined ? {} : { mediaTimeout });
      const legs = [...desk.switchboard.bridges].map(([call, bridge]) => bridge.leg(call)?.session);
      assert.deepEqual(
        legs.map((session) => session?.silenceMs),
        Array(2).fill(mediaTimeout === undefined ? undefined : mediaTimeout * 1000),
      );
    }
  });

  it("with the flow alone is over when nothing comes from the door any more", async () => {
    const desk = await Desk.open();
    desks.push(desk);
    const bell = desk.device("8000");
    const invite = await bell.dial("100");
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
    await visit.answerAlone("menu");
    await bell.answered(invite);
    visit.talkingBell?.session.emit("silent");
    assert.equal((await desk.ended()).text, "no sound came from the door any more");
    await bell.hungUp();
  });
});
