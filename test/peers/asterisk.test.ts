// Portero as a phone of a real Asterisk, with the lines for pjsip.conf that docs/beside-a-pbx.md gives: registered there, calling its
// phones and called by them, and what becomes of calls that nobody takes.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Secret } from "../../src/secret.ts";
import { textOf } from "../../src/sip/trace/text.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import { fastClock } from "../support/fast-clock.ts";
import { until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import { House } from "../visit/house.ts";
import { accountIs, Pbx } from "./asterisk-pbx.ts";

const ring = (targets: readonly string[], seconds = 20) => strategyOf({ strategy: "ring-all", targets, seconds });

describe("a phone of Asterisk", { skip: without("asterisk") }, () => {
  let pbx: Pbx;
  before(async () => {
    pbx = await Pbx.open({
      phones: { "200": [], "201": [], "202": [], "204": [] },
      plan: [
        "exten => 400,1,Dial(PJSIP/204,1)",
        "exten => 401,1,Progress()",
        " same => n,Wait(0.2)",
        " same => n,Answer()",
        " same => n,Echo()",
        "exten => 402,1,Dial(PJSIP/6100&PJSIP/200)",
        "exten => _50X,1,Dial(PJSIP/20${EXTEN:2},1)",
        " same => n,Hangup(${HANGUPCAUSE})",
      ],
    });
  });
  after(() => pbx[Symbol.asyncDispose]());

  for (const transport of ["udp", "tcp"] as const)
    it(`A3, A4 registers by ${transport.toUpperCase()}, again, and goes`, async (t) => {
      const one = await pbx.house(t, { transport, expires: 60 }, { clock: fastClock(50) });
      assert.match(await pbx.says("pjsip show aor 6100"), /Contact: +6100\/sip:/);
      const sent = () => one.switchboard.tracing.entries().filter((e) => /^REGISTER/m.test(textOf(e))).length;
      await until("it to register again", () => sent() >= 3);
      await one.close();
      assert.doesNotMatch(await pbx.says("pjsip show aor 6100"), /Contact: +6100\/sip:/);
    });

  it("A3 says that the password is wrong", async (t) => {
    const made = await House.open();
    t.after(() => made.close());
    made.switchboard.addAccount(pbx.account({ password: new Secret("wrong") }), "account pbx");
    assert.equal(
      (await accountIs(made, "failed")).text,
      `401 from 127.0.0.1:${pbx.port}: wrong login or password for 6100`,
    );
  });

  it("H2 registers again where it ended without a farewell, though one device is all that is allowed", async (t) => {
    const one = await pbx.house(t);
    await one.switchboard.endpoint.close();
    await pbx.house(t);
  });

  it("A3 says that the server may have as many devices as it allows", async (t) => {
    await pbx.house(t, { user: "204" });
    const made = await House.open();
    t.after(() => made.close());
    made.switchboard.addAccount(pbx.account({ user: "204" }), "account pbx");
    const where = `403 from 127.0.0.1:${pbx.port}`;
    const { text } = await accountIs(made, "failed");
    assert.equal(
      text,
      `${where}: wrong login or password for 204, or it has as many devices there as the server allows`,
    );
  });

  it("H4, A3 rings 200@pbx, which is shown the door's name; both hear each other", async (t) => {
    const one = await pbx.house(t);
    const { seen } = await pbx.phone(t, "200", { answerAfterMs: 10 });
    const { bell, seen: atBell } = await one.bell();
    const outcome = await (await one.pressed(bell)).answerBy(ring(["200@pbx"]));
    assert.deepEqual([outcome.result, outcome.by], ["answered", "200@pbx"]);
    const shown = await seen.next("ringing");
    assert.deepEqual(shown, { event: "ringing", direction: "in", number: "6100", name: "Front door" });
    await atBell.next("audio", (e) => e.event === "audio" && e.frequency === 880);
    await seen.next("audio", (e) => e.event === "audio" && e.frequency === 440);
    await bell.hangUp();
    await seen.next("ended");
  });

  it("A2, H10 tells how its numbers end: busy, declined, silent, absent, unknown", async (t) => {
    const one = await pbx.house(t);
    await pbx.phone(t, "200");
    await pbx.phone(t, "204");
    await pbx.phone(t, "201", { behaviour: "busy" });
    await pbx.phone(t, "202", { behaviour: "decline" });
    const { bell } = await one.bell();
    // 20x ends as the dial plan does that says nothing more: Asterisk answers 503, and writes its cause beside that, so that the
    // phone's own may still stand there. 50x passes on what became of 20x.
    const wanted = {
      ...{ "201": "486 busy 17", "400": "603 no-answer 19" },
      ...{ "500": "603 no-answer 19", "501": "486 busy 17", "502": "403 rejected 21", "503": "404 unreachable 3" },
      ...{ "301": "404 unreachable 1", "316": "603 no-answer 19", "317": "486 busy 17", "318": "408 no-answer 18" },
      ...{
        "319": "480 no-answer 19",
        "320": "480 unreachable 20",
        "321": "403 rejected 21",
        "999": "404 unreachable 1",
      },
    };
    const visit = await one.pressed(bell);
    const { parties } = await visit.answerBy(
      ring(["202", "203", ...Object.keys(wanted)].map((number) => `${number}@pbx`)),
    );
    const ends = new Map(
      parties.map(({ target, status: code, result, cause }) => [target.slice(0, 3), `${code} ${result} ${cause}`]),
    );
    for (const [number, own] of [
      ["202", "rejected 21"],
      ["203", "unreachable 3"],
    ] as const) {
      assert.ok(
        ["503 unreachable 34", `503 ${own}`].includes(ends.get(number) ?? ""),
        `${number}: ${ends.get(number)}`,
      );
      ends.delete(number);
    }
    assert.deepEqual(Object.fromEntries(ends), wanted);
  });

  it("H10 a redial goes on where the dial plan's own patience was over (603 with a cause of 0)", async (t) => {
    const one = await pbx.house(t);
    const { phone, seen } = await pbx.phone(t, "204");
    const { bell } = await one.bell();
    const again = strategyOf({ strategy: "redial", targets: ["400@pbx"], seconds: 20, tries: 3, waitSeconds: 0.5 });
    const outcome = (await one.pressed(bell)).answerBy(again);
    await seen.next("ringing", () => true, 2);
    await phone.answer();
    const { result, parties } = await outcome;
    assert.deepEqual([result, ...parties.map((party) => party.result)], ["answered", "no-answer", "answered"]);
  });

  it("rings a visit's phones with early media (183) until it answers", async (t) => {
    const one = await pbx.house(t);
    const { bell, seen } = await one.bell();
    const outcome = await (await one.pressed(bell)).answerBy(ring(["401@pbx"]));
    assert.equal(outcome.result, "answered");
    await seen.next("audio", (e) => e.event === "audio" && e.frequency === 440);
  });

  it("X4 its phone shows no missed call where one of ours has answered, and one of ours none where its has", async (t) => {
    const one = await pbx.house(t, { incoming: { targets: ["6001"] } });
    const theirs = await pbx.phone(t, "200");
    const ours = await one.phone("6001");
    const { bell } = await one.bell();
    const outcome = (await one.pressed(bell)).answerBy(ring(["200@pbx", "6001"]));
    await theirs.seen.next("ringing");
    await ours.phone.answer();
    await outcome;
    const left = await theirs.seen.next("ended");
    assert.ok(left.event === "ended" && left.elsewhere);
    await bell.hangUp();
    await ours.seen.next("ended");

    await pbx.phone(t, "201").then(({ phone }) => phone.dial("402"));
    await ours.seen.next("ringing", () => true, 2);
    await theirs.seen.next("ringing", () => true, 2);
    await theirs.phone.answer();
    const gone = await ours.seen.next("ended", () => true, 2);
    assert.ok(gone.event === "ended" && gone.elsewhere);
  });

  it("is called by its phones, which are shown by number and name; a caller that gives up is no answer", async (t) => {
    const one = await pbx.house(t, { incoming: { targets: ["6001"] } });
    const { phone } = await pbx.phone(t, "202");
    const { phone: ours, seen } = await one.phone("6001");
    await phone.dial("6100");
    const shown = await seen.next("ringing");
    assert.deepEqual(shown, { event: "ringing", direction: "in", number: "202", name: "Phone 202" });
    await phone.hangUp();
    const gone = await seen.next("ended");
    assert.ok(gone.event === "ended" && !gone.elsewhere && !gone.answered);
    await phone.dial("6100");
    await seen.next("ringing", () => true, 2);
    await ours.answer();
    await seen.next("audio", (e) => e.event === "audio" && e.frequency === 880);
  });

  it("X4 begins a visit at a door that its phones call; who is rung misses nothing where it was answered there", async (t) => {
    const one = await pbx.house(t, { incoming: { door: "front" } });
    const theirs = await pbx.phone(t, "200");
    const ours = await one.phone("6001");
    const { phone } = await pbx.phone(t, "201");
    await phone.dial("402");
    const { visit } = await one.event("ring");
    assert.deepEqual([visit.caller, visit.dialled], [{ number: "201", name: "Phone 201" }, "6100"]);
    const outcome = one.switchboard.visit(visit.id)?.answerBy(ring(["6001"]));
    await ours.seen.next("ringing");
    await theirs.seen.next("ringing");
    await theirs.phone.answer();
    const gone = await ours.seen.next("ended");
    assert.ok(gone.event === "ended" && gone.elsewhere);
    assert.equal((await outcome)?.result, "cancelled");
  });
});
