// A flow that answers the bell by itself: what the visitor presses is told to it, and it may count as who has answered.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Desk } from "../desk.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";

const info = (key: string) => ({ body: ["application/dtmf-relay", `Signal=${key}\r\nDuration=160`] as const });

describe("a bell that the flow alone has answered", () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = await Desk.open();
  });
  afterEach(() => desk.close());

  async function pressed(phones: string[] = []) {
    const devices = await Promise.all(phones.map((number) => desk.phone(number)));
    const bell = desk.device("8000");
    const invite = await bell.dial("100");
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail("no visit");
    return { bell, invite, visit, devices };
  }

  it("N1 tells the keys that the visitor presses: a menu", async () => {
    const { bell, invite, visit } = await pressed();
    await visit.answerAlone();
    await bell.answered(invite);
    await bell.send("INFO", info("1"));
    await bell.party.takeResponse(200);
    await bell.send("INFO", { body: ["application/dtmf", "2"] });
    await bell.party.takeResponse(200);
    await bell.send("INFO", { body: ["text/plain", "hello"] });
    await bell.party.takeResponse(415);
    assert.deepEqual(desk.told("dtmf"), [
      { digit: "1", from: "door", by: "info", durationMs: 160 },
      { digit: "2", from: "door", by: "info" },
    ]);
    assert.equal(visit.state, "ringing");
  });

  it("N1 tells them once, whoever hears them: until somebody answers it is us, then the bridge", async () => {
    const { bell, invite, visit, devices } = await pressed(["6001"]);
    await visit.answerAlone();
    await bell.answered(invite);
    await bell.send("INFO", info("1"));
    const outcome = visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"] }));
    await devices[0]?.pickUp();
    assert.equal((await outcome).result, "answered");
    await bell.send("INFO", info("5"));
    await devices[0]?.party.takeRequest("INFO");
    const digits = desk.told("dtmf") as { digit: string }[];
    assert.deepEqual(
      digits.map(({ digit }) => digit),
      ["1", "5"],
    );
  });

  it("X4 counts as answered by whom the flow names: phones that ring are told so, and the visit talks", async () => {
    const { bell, invite, visit, devices } = await pressed(["6001"]);
    const [phone] = devices;
    const outcome = visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"] }));
    assert.ok(phone);
    const rung = await phone.party.takeRequest("INVITE");
    phone.party.respond(rung, 180);
    await phone.party.settle();
    await visit.answerAlone("dashboard");
    await bell.answered(invite);
    const cancel = await phone.party.takeRequest("CANCEL");
    assert.match(cancel.get("reason") ?? "", /SIP;cause=200;text="Call completed elsewhere"/);
    assert.equal((await outcome).result, "stopped");
    assert.deepEqual(desk.told("answered"), [{ by: "dashboard" }]);
    assert.deepEqual([visit.state, visit.view().answeredBy], ["talking", "dashboard"]);
    await bell.send("INFO", info("3"));
    assert.equal(desk.told("dtmf").length, 1);
    // It is no opening: nobody ends it after two seconds.
    const opening = desk.switchboard.open({ door: "front", by: "dashboard" });
    bell.party.respond(await bell.party.takeRequest("INFO"), 200);
    await bell.party.settle();
    await desk.clock.advance(1_000);
    assert.ok((await opening).ok);
    await desk.clock.advance(30_000);
    assert.equal(visit.state, "talking");
    await bell.send("BYE");
    const end = await desk.ended();
    assert.deepEqual([end.outcome, end.answeredBy], ["answered", "dashboard"]);
  });

  it("is answered once: who comes second is told who was first", async () => {
    const { bell, invite, visit } = await pressed();
    await visit.answerAlone("dashboard");
    await bell.answered(invite);
    await assert.rejects(visit.answerAlone("the flow"), /the visitor talks with dashboard already/);
    await visit.answerAlone();
    assert.equal(visit.view().answeredBy, "dashboard");
    await bell.send("BYE");
    await assert.rejects(visit.answerAlone("the flow"), /the call of Front door is over/);
  });
});
