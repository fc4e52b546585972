// What a real Asterisk changes in a call of an account: where its sound goes, who is held, who talks, who is shown; and whether it
// goes on at all.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { textOf } from "../../src/sip/trace/text.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import { fastClock } from "../support/fast-clock.ts";
import { until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import type { House } from "../visit/house.ts";
import { Pbx } from "./asterisk-pbx.ts";

const incoming = { targets: ["6001"] };
const shown = ["send_pai=yes", "trust_id_outbound=yes", "trust_id_inbound=yes"];

/** What came in by that method inside a call. */
const changes = ({ switchboard }: House, method: string): string[] =>
  switchboard.tracing
    .entries()
    .filter(({ direction }) => direction === "in")
    .map(textOf)
    .filter((text) => new RegExp(`^${method} `, "m").test(text) && /^To: .*;tag=/m.test(text));

const hears = (hertz: number) => (e: object) => "frequency" in e && e.frequency === hertz;
const ring = (...targets: string[]) => strategyOf({ strategy: "ring-all", targets, seconds: 20 });

describe("a call of an account at Asterisk", { skip: without("asterisk") }, () => {
  let pbx: Pbx;
  before(async () => {
    pbx = await Pbx.open({
      phones: {
        ...{ "200": ["direct_media=yes"], "201": [], "202": [] },
        ...{ "6101": ["direct_media=yes"], "6102": ["direct_media=yes", "direct_media_method=update"] },
        "6103": ["timers=always", "timers_min_se=90", "timers_sess_expires=90", "100rel=required"],
        "6104": [...shown, "callerid="],
      },
      plan: [
        "exten => _61XX,1,Dial(PJSIP/${EXTEN},20)",
        "exten => 410,1,Answer()",
        " same => n,Transfer(PJSIP/200)",
        " same => n,Verbose(transfer: ${TRANSFERSTATUS})",
        " same => n,Echo()",
        "exten => 411,1,Transfer(PJSIP/200)",
      ],
    });
  });
  after(() => pbx[Symbol.asyncDispose]());

  for (const [user, method] of [
    ["6101", "INVITE"],
    ["6102", "UPDATE"],
  ] as const)
    it(`sends its sound past it, once it says so by ${method}`, async (t) => {
      const house = await pbx.house(t, { user, incoming });
      const ours = await house.phone("6001", { answerAfterMs: 10, tone: 600 });
      const { phone, seen } = await pbx.phone(t, "200");
      await phone.dial(user);
      await until(`the ${method}`, () => changes(house, method).length > 0);
      const before = seen.all.length;
      await seen.next("audio", (e) => seen.all.indexOf(e) > before && hears(600)(e));
      await ours.seen.next("audio", hears(880));
    });

  it("A9 is refreshed by us, and rings reliably where that is demanded (RFC 4028, RFC 3262)", async (t) => {
    const clock = fastClock(20);
    const listeners = [{ transport: "udp", address: "127.0.0.1", port: 0 }] as const;
    const options = { clock, sip: { listeners, calls: { sessionExpires: 90 } } };
    const house = await pbx.house(t, { user: "6103" }, options);
    await pbx.phone(t, "201", { answerAfterMs: 10 });
    const { bell } = await house.bell({ clock });
    const visit = await house.pressed(bell);
    await visit.answerBy(ring("201@pbx"));
    const said = () => house.switchboard.tracing.entries().map(textOf);
    assert.ok(said().some((text) => /^RSeq: /m.test(text) && /^Server: Asterisk/m.test(text)));
    const refreshed = (text: string) =>
      /^CSeq: \d+ UPDATE$/m.test(text) && /^Session-Expires: 90/m.test(text) && /^Server/m.test(text);
    await until("two refreshes", () => said().filter(refreshed).length === 2);
    assert.equal(visit.state, "talking");
  });

  it("N1 is transferred by a phone of Asterisk to another one, blind; both are shown the visitor", async (t) => {
    const house = await pbx.house(t, { user: "6104", identity: "asserted" });
    const first = await pbx.phone(t, "201", { answerAfterMs: 10 });
    const second = await pbx.phone(t, "202", { answerAfterMs: 10, tone: 1200 });
    const { bell, seen } = await house.bell();
    const visit = await house.pressed(bell);
    await visit.answerBy(ring("201@pbx"));
    const visitor = { event: "ringing", direction: "in", number: "8000", name: "Front door" };
    assert.deepEqual(await first.seen.next("ringing"), visitor);
    // Asterisk transfers nobody whom it has not joined with the other yet.
    await first.seen.next("audio", hears(440));
    await first.phone.transfer("202");
    await first.seen.next("ended");
    assert.deepEqual(await second.seen.next("ringing"), visitor);
    await seen.next("audio", hears(1200));
    await second.seen.next("audio", hears(440));
    // Who talks now is told without an offer.
    assert.match(
      changes(house, "UPDATE")[0] ?? "",
      /^P-Asserted-Identity: "Phone 202" <sip:202@.*\n[^]*^Content-Length: +0$/m,
    );
    await bell.hangUp();
    await second.seen.next("ended");
  });

  it("N1 is transferred by a phone of Asterisk to another one that it has asked before", async (t) => {
    const house = await pbx.house(t, { user: "6104", incoming });
    const ours = await house.phone("6001", { answerAfterMs: 10, tone: 600 });
    const phone = await pbx.softphone(t, "201");
    const { seen } = await pbx.phone(t, "202", { answerAfterMs: 10, tone: 1200 });
    const call = await phone.calls("6104");
    await phone.holds(call, true);
    const other = await phone.calls("202");
    // Asterisk (22.10) transfers whom it is just about to join, too, but may leave them without sound then.
    await until(
      "Asterisk to join both",
      async () => (await pbx.says("bridge show all")).match(/ 2 basic /g)?.length === 2,
    );
    assert.equal(await call.refer({ uri: `sip:202@127.0.0.1:${pbx.port}`, replaces: phone.named(other) }), 202);
    await seen.next("audio", hears(600));
    await ours.seen.next("audio", hears(1200));
  });

  it("N1 is transferred by one of our phones to another one, or to a phone of Asterisk", async (t) => {
    const house = await pbx.house(t, { user: "6104", incoming, prefixes: [{ prefix: "9", strip: 1 }] });
    const one = await house.phone("6001", { answerAfterMs: 10 });
    const two = await house.phone("6002", { answerAfterMs: 10, tone: 600 });
    const { phone, seen } = await pbx.phone(t, "201");
    const other = await pbx.phone(t, "202", { answerAfterMs: 10, tone: 1200 });
    await phone.dial("6104");
    await one.seen.next("answered");
    await one.phone.transfer("6002");
    await one.seen.next("ended");
    await seen.next("audio", hears(600));
    await two.phone.transfer("9202");
    await two.seen.next("ended");
    await seen.next("audio", hears(1200));
    await other.seen.next("audio", hears(880));
    await phone.hangUp();
    await other.seen.next("ended");
  });

  it("is refused where the dial plan would have us call others (REFER, 302)", async (t) => {
    const house = await pbx.house(t);
    await pbx.phone(t, "200");
    const { bell, seen } = await house.bell();
    const visit = await house.pressed(bell);
    const outcome = await visit.answerBy(strategyOf({ strategy: "hunt", targets: ["411@pbx", "410@pbx"] }));
    const moved = outcome.parties.find(({ target }) => target === "411@pbx");
    assert.deepEqual([outcome.by, moved?.result, moved?.status], ["410@pbx", "unreachable", 302]);
    await until("the transfer to fail", () => /transfer: FAILURE/.test(pbx.output));
    await seen.next("audio", hears(440));
  });

  it("tells who calls in the words of Asterisk (RFC 3325)", async (t) => {
    const house = await pbx.house(t, { user: "6104", incoming: { door: "front" } });
    const { phone } = await pbx.phone(t, "201");
    await phone.dial("6104");
    const { asserted, dialled } = (await house.event("ring")).visit;
    assert.deepEqual([asserted, dialled], [{ number: "201", name: "Phone 201", trusted: true }, "6104"]);
  });
});
