// P3: encrypted sound between the whole house and a real Asterisk (SDES), whoever of the two wants it, over UDP and over TLS.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { VisitEnd } from "../../src/visit/messages.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import { until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import { authority } from "./authority.ts";
import { AsteriskHouse, hears, type Device, type Line } from "./asterisk-house.ts";

const sdes = "media_encryption=sdes";
const optimistic = "media_encryption_optimistic=yes";
const suite80 = "AES_CM_128_HMAC_SHA1_80";

/** What is set for its number here, lines of its endpoint, and what becomes of a call there, and from there. */
const cases = [
  ["off", [sdes], "refused", suite80],
  ["off", [sdes, optimistic], "plain", suite80],
  ["optional", [], "plain", "plain"],
  ["optional", [sdes], suite80, suite80],
  ["required", [], "refused", "refused"],
  ["required", [sdes, "srtp_tag_32=yes"], suite80, "AES_CM_128_HMAC_SHA1_32"],
] as const;
const numberOf = (n: number) => `650${n}`;

describe("P3 SRTP with Asterisk", { skip: without("asterisk") }, () => {
  let home: AsteriskHouse;
  let bell: Device<"bell">;
  before(async () => {
    home = await AsteriskHouse.open({
      lines: Object.fromEntries(
        cases.map(([encryption, endpoint], n): [string, Line] => [
          numberOf(n),
          { endpoint: ["allow=alaw", ...endpoint], device: { encryption }, plan: ["Answer()", "Echo()"] },
        ]),
      ),
    });
    bell = await home.house.bell();
  });
  after(() => home[Symbol.asyncDispose]());

  for (const [n, [encryption, endpoint, there, here]] of cases.entries()) {
    const both = `${encryption} here, ${endpoint.join(", ") || "no media_encryption"} there`;
    it(`${both}: ${there} to Asterisk, ${here} from it`, async () => {
      const { events, switchboard } = home.house;
      const visit = await home.house.pressed(bell.bell, n + 1);
      const outcome = await visit.answerBy(strategyOf({ strategy: "ring-all", targets: [numberOf(n)], seconds: 30 }));
      if (there === "refused") assert.equal(outcome.parties[0]?.status, 488);
      else await hears(bell.seen, 440);
      await bell.bell.hangUp();
      const { payload } = await events.next("ended", (event) => event.visit.id === visit.id);
      if (there !== "refused") assert.equal((payload as VisitEnd).media?.answerer?.encrypted ?? "plain", there);

      await until("the bell to be free", () => bell.bell.state === "idle");
      const before = bell.seen.all.length;
      const logged = home.house.logged.length;
      await home.asterisk.says(`channel originate PJSIP/8000@${numberOf(n)} application Echo`);
      if (here === "refused") {
        const words = await until("a sentence about it", () => home.house.logged[logged]);
        assert.match(words, /it is not encrypted, which is required on this side of the call; switch on SRTP/);
        return;
      }
      await bell.seen.next("answered", (event) => bell.seen.all.indexOf(event) >= before);
      await hears(bell.seen, 440);
      const [call] = [...switchboard.bridges].map(([one, bridge]) => bridge.leg(one)?.session);
      assert.equal(call?.encrypted ?? "plain", here);
      await bell.bell.hangUp();
      await until("the call to be over", () => switchboard.bridges.size === 0 && bell.bell.state === "idle");
    });
  }
});

describe("P2, P3 TLS and SRTP with Asterisk", { skip: without("asterisk", "openssl") }, () => {
  it("it verifies our certificate, registers, is rung, and both are heard encrypted", async (t) => {
    const { ca, sign } = await authority(t);
    const { certificate, key } = await sign("IP:127.0.0.1");
    await using home = await AsteriskHouse.open({
      tls: { ca, certificate, key },
      lines: {
        "6101": {
          endpoint: ["allow=alaw", sdes],
          device: { encryption: "required" },
          plan: ["Answer()", "Echo()"],
        },
      },
    });
    const [contact] = home.house.switchboard.contactsOf("6101") ?? [];
    assert.equal(contact?.flow.transport, "TLS");
    const bell = await home.house.bell();
    const visit = await home.rung("6101", bell.bell);
    await hears(bell.seen, 440);
    await bell.bell.hangUp();
    const { payload } = await home.house.events.next("ended", (event) => event.visit.id === visit.id);
    assert.equal((payload as VisitEnd).media?.answerer?.encrypted, suite80);
  });
});
