// A real Asterisk that registers here as a trunk, with the lines for pjsip.conf that docs/beside-a-pbx.md gives; and one that is called
// at its address, without a password.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret } from "../../src/secret.ts";
import { textOf } from "../../src/sip/trace/text.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import { fastClock } from "../support/fast-clock.ts";
import { until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import { House } from "../visit/house.ts";
import { pageBlock, Pbx } from "./asterisk-pbx.ts";

const hears = (hertz: number) => (e: object) => "frequency" in e && e.frequency === hertz;
const ring = (target: string) => strategyOf({ strategy: "ring-all", targets: [target], seconds: 20 });

describe("Asterisk", { skip: without("asterisk") }, () => {
  it("registers here, is rung by a press as a number of the house, and its phones call the door", async (t) => {
    const house = await House.open();
    t.after(() => house.close());
    const line = { extension: "6100", name: "Asterisk", password: new Secret("choose-a-long-one") };
    house.switchboard.addExtension(line, "extension 6100");
    await using pbx = await Pbx.open({
      phones: { "200": [] },
      pjsip: pageBlock("[portero]").replaceAll("192.168.1.10", `127.0.0.1:${house.server.port}`),
      plan: ["exten => 8000,1,Dial(PJSIP/${EXTEN}@portero,20)", "[from-portero]", "exten => 6100,1,Dial(PJSIP/200,20)"],
    });
    await until(
      "Asterisk to register",
      () => house.switchboard.contactsOf("6100")?.length === 1,
      () => pbx.output,
    );
    const { phone, seen } = await pbx.phone(t, "200", { answerAfterMs: 10 });
    const { bell, seen: atBell } = await house.bell();
    const outcome = await (await house.pressed(bell)).answerBy(ring("6100"));
    assert.deepEqual([outcome.result, outcome.by], ["answered", "6100"]);
    await seen.next("audio", hears(440));
    await atBell.next("audio", hears(880));
    await bell.hangUp();
    await seen.next("ended");
    await phone.dial("8000");
    await seen.next("answered", () => true, 2);
    const { number } = (await atBell.next("ringing", (e) => e.event === "ringing" && e.direction === "in")) as {
      number: string;
    };
    assert.equal(number, "6100");
  });

  it("A1 is called at its address where it takes anonymous calls, and asks for a password where not", async (t) => {
    const house = await House.open();
    t.after(() => house.close());
    const { bell } = await house.bell();
    for (const [anonymous, result] of [
      ["", "rejected"],
      ["[anonymous]\ntype=endpoint\ncontext=from-internal\ndisallow=all\nallow=alaw", "answered"],
    ] as const) {
      await using pbx = await Pbx.open({ pjsip: anonymous, plan: ["exten => 100,1,Answer()", " same => n,Echo()"] });
      const number = result === "rejected" ? 1 : 2;
      const visit = number === 1 ? await house.pressed(bell) : house.switchboard.lastVisit("front");
      const outcome = await visit?.answerBy(ring(`sip:100@127.0.0.1:${pbx.port}`));
      assert.equal(outcome?.result, result);
    }
  });

  it("takes SHA-256 of us where it asks for that before MD5 (RFC 8760)", async (t) => {
    const login = ["type=auth", "auth_type=digest", "username=300", "password=a password of a phone"];
    const lines = ["[300]", "type=endpoint", "context=from-internal", "auth=300", "aors=300", "[300]", ...login];
    await using pbx = await Pbx.open({
      pjsip: [...lines, "supported_algorithms_uas=SHA-256,MD5", "[300]", "type=aor", "max_contacts=1"].join("\n"),
    });
    const house = await pbx.house(t, { user: "300" });
    const said = house.switchboard.tracing.entries().map(textOf).join("\n");
    assert.match(said, /^Authorization: Digest username="300", .*algorithm=SHA-256/m);
  });

  it("A2 is left for a second one while it is down, and taken again", async (t) => {
    const options = { phones: { "200": [], "201": [] } };
    await using first = await Pbx.open(options);
    await using other = await Pbx.open(options);
    const { server, port, user, password, transport = "tcp" } = other.account();
    const second = { server, user, password, transport, ...(port !== undefined && { port }) };
    const house = await first.house(t, { transport: "tcp", expires: 60, second }, { clock: fastClock(20) });
    const isAt = (wanted: boolean) =>
      until(`the second server to be ${wanted ? "used" : "left"}`, () => {
        const [now] = house.switchboard.accounts();
        return now?.state === "registered" && now.second === wanted;
      });
    await first.end();
    await isAt(true);
    await first.begin();
    await isAt(false);
    // De-registers without haste.
    await until("the second one to know", async () => !/Contact: +6100/.test(await other.says("pjsip show aor 6100")));
  });
});
