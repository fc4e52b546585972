// Presses that a bell tells by other means than a call, by a hook or to a poller: with its call, before it, without any.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { PressSettings } from "../../../src/door/door.ts";
import type { VisitEnd } from "../../../src/visit/messages.ts";
import type { Visit } from "../../../src/visit/visit.ts";
import { Desk } from "../desk.ts";
import { ringAll } from "../ring-all.ts";

let desk: Desk;
afterEach(() => desk.close());

const open = async (presses: PressSettings = {}) => (desk = await Desk.open({}, {}, presses));
const press = (button?: string, by = "hook") =>
  desk.switchboard.reported("front", { kind: "press", ...(button === undefined ? {} : { button }) }, by);
const visit = (): Visit => desk.switchboard.lastVisit("front") ?? assert.fail("no visit");
const ends = () => (desk.told("ended") as VisitEnd[]).map(({ outcome, text }) => [outcome, text]);

describe("A press that is told without a call", () => {
  it("is a visit: it rings at once, says that it has no call, and ends by itself", async () => {
    await open();
    assert.equal(press(), "ring");
    assert.deepEqual(desk.told("ring"), [{ from: "8000", button: "1", by: "hook" }]);
    const { caller, dialled, noCall, state } = visit().view();
    assert.deepEqual([caller, dialled, noCall, state], [{ number: "8000", name: "Front door" }, "", true, "ringing"]);
    assert.equal(desk.switchboard.doors()[0]?.call, "ringing");
    await desk.clock.advance(60_000);
    assert.deepEqual(ends(), [["unanswered", "nobody answered"]]);
    assert.equal(desk.switchboard.doors()[0]?.call, "idle");
  });

  it("is one of its own a minute later, though the clock was set back meanwhile", async () => {
    await open();
    assert.equal(press(), "ring");
    await desk.clock.advance(60_000);
    desk.clock.set(desk.clock.now() - 3_600_000);
    await desk.clock.advance(60_000);
    assert.equal(press(), "ring");
  });

  it("rings no phone: a strategy waits for the bell's call, and then says that nobody can talk with it", async () => {
    await open();
    const phone = await desk.phone("6001");
    press();
    const outcome = visit().answerBy(ringAll("6001"));
    await desk.clock.advance(5_000);
    const { result, reason } = await outcome;
    assert.deepEqual(
      [result, reason],
      ["unanswered", "Front door told of a press and did not call: nobody can talk with who is there"],
    );
    assert.equal(visit().state, "ringing");
    assert.deepEqual(desk.told("trying"), []);
    assert.ok(!phone.party.heard.some((message) => "method" in message && message.method === "INVITE"));
    assert.ok(!desk.logged.some((line) => line.includes("failed")), desk.logged.join("\n"));
    await assert.rejects(visit().answerAlone("flow"), /did not call/);
  });

  it("is answered where the bell's call comes a moment later: one visit, one ring, and its button is the call's", async () => {
    await open({ buttons: [{ number: "6001", name: "Meier" }] });
    const phone = await desk.phone("6001");
    press();
    const first = visit();
    const outcome = first.answerBy(ringAll("6001"));
    await desk.clock.advance(800);
    const bell = desk.device("8000");
    const invite = await bell.dial("6001");
    await phone.pickUp();
    await bell.answered(invite);
    assert.equal((await outcome).result, "answered");
    assert.equal(visit(), first);
    const { noCall, dialled, buttonName, state } = first.view();
    assert.deepEqual([noCall, dialled, buttonName, state], [undefined, "6001", "Meier", "talking"]);
    assert.equal(desk.told("ring").length, 1);
  });

  it("that comes behind the call is the call's press; once somebody talks another one finds the bell busy", async () => {
    await open();
    const { bell } = await desk.talking();
    assert.equal(press(), "known", "within the bounce time of the call");
    await desk.clock.advance(10_000);
    assert.equal(press(), "busy");
    assert.equal(desk.told("ring").length, 1);
    void bell.send("BYE");
    await desk.ended();
    assert.equal(press(), "known", "the visit has just ended");
    await desk.clock.advance(2_000);
    assert.equal(press(), "ring");
    assert.equal(desk.told("ring").length, 2);
  });

  it("while a call rings is known, however long that takes", async () => {
    await open();
    await desk.device("8000").dial("6001");
    await desk.clock.advance(30_000);
    assert.equal(press(), "known");
    assert.equal(desk.told("ring").length, 1);
  });

  it("rings anew with each press that is not a bounce of the last, and a late call is a press of its own", async () => {
    await open({ bounceSeconds: 0 });
    press();
    await desk.clock.advance(1_500);
    assert.equal(press(undefined, "poll"), "known", "the same press by two means");
    await desk.clock.advance(2_500);
    assert.equal(press(), "ring");
    assert.deepEqual(ends(), [["cancelled", "the bell was pressed anew"]]);
    await desk.clock.advance(5_000);
    await desk.device("8000").dial("6001");
    assert.equal(desk.told("ring").length, 3);
    assert.equal(visit().hasCall, true);
  });

  it("names its button by number or name; two buttons of the list are two presses", async () => {
    await open({
      buttons: [
        { number: "201", name: "Meier" },
        { number: "202", name: "Sato" },
      ],
    });
    press("Meier");
    press("202");
    press("5");
    assert.deepEqual(desk.told("ring"), [
      { from: "8000", button: "201", buttonName: "Meier", by: "hook" },
      { from: "8000", button: "202", buttonName: "Sato", by: "hook" },
    ]);
    assert.equal(desk.switchboard.visits().length, 2);
  });

  it("waits for the end of a talk where presses of its door do", async () => {
    await open({ pressInTalk: "wait" });
    const { bell } = await desk.talking();
    await desk.clock.advance(10_000);
    assert.equal(press(), "ring");
    assert.equal(desk.told("waiting").length, 1);
    void bell.send("BYE");
    await desk.ended();
    assert.equal(desk.told("ring").length, 2);
    assert.equal(visit().view().waiting, undefined);
  });

  it("opens nothing by digits, for which a call is needed, and says so", async () => {
    await open();
    press();
    const { ok, reason } = await desk.switchboard.open({ door: "front", by: "test" });
    assert.equal(ok, false);
    assert.match(reason, /no call with the door is up/);
    assert.throws(() => desk.switchboard.reported("back", { kind: "press" }, "hook"), /there is no door "back"/);
  });
});
