// Keys between the whole house and a real Asterisk, by each way that it has for them: who presses one behind it opens the door
// once, and what is sent to it arrives.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { strategyOf } from "../../src/visit/strategy.ts";
import { until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import { AsteriskHouse, hears, type Device, type Line } from "./asterisk-house.ts";

const modes = ["rfc4733", "info", "inband", "auto", "auto_info"] as const;
/** The opening key, and one that says that it is over. */
const presses = ["Answer()", "Wait(0.5)", "SendDTMF(79)", "Wait(60)"];
const reads = ["Answer()", "Read(KEYS,,6)", "Verbose(0,READ ${KEYS} AT ${EXTEN})", "Wait(60)"];

const sending: Record<string, Line> = Object.fromEntries(
  modes.map((mode, n) => [
    `620${n}`,
    { endpoint: ["allow=alaw", `dtmf_mode=${mode}`], device: { dtmfTones: mode === "inband" }, plan: presses },
  ]),
);
/** What is set for the number here, the mode of Asterisk, and how a key goes then. */
const reading = [
  ["auto", "rfc4733"],
  ["auto", "info"],
  ["auto", "inband"],
  ["rfc4733", "auto"],
  ["info", "auto_info"],
  ["info-dtmf", "rfc4733"],
  ["inband", "inband"],
] as const;

describe("N5, P11 keys to and from Asterisk", { skip: without("asterisk") }, () => {
  let home: AsteriskHouse;
  let bell: Device<"bell">;
  before(async () => {
    home = await AsteriskHouse.open({
      door: { openKey: "7" },
      lines: {
        ...sending,
        ...Object.fromEntries(
          reading.map(([dtmf, mode], n): [string, Line] => [
            `630${n}`,
            { endpoint: ["allow=alaw", `dtmf_mode=${mode}`], device: { dtmf }, plan: reads },
          ]),
        ),
        // The same key by both ways, one right behind the other.
        "6401": {
          endpoint: ["allow=alaw", "dtmf_mode=rfc4733"],
          plan: [
            ...["Answer()", "Wait(0.5)", "SendDTMF(7)", "Set(PJSIP_DTMF_MODE()=info)", "SendDTMF(79)", "Wait(60)"],
          ],
        },
        "6402": { endpoint: ["allow=alaw", "dtmf_mode=info"], plan: ["Dial(PJSIP/201)"] },
        "6403": { endpoint: ["allow=alaw", "dtmf_mode=rfc4733"], plan: ["Dial(PJSIP/202)"] },
        "6404": { endpoint: ["allow=alaw"], plan: ["Answer()", "Wait(0.5)", "SendDTMF(8,,400)", "Wait(60)"] },
      },
      phones: { "201": ["allow=alaw"], "202": ["allow=alaw", "dtmf_mode=info"] },
    });
    bell = await home.house.bell();
  });
  after(() => home[Symbol.asyncDispose]());

  /** The keys that were told of a visit so far. */
  const told = (id: string) =>
    home.house.events.all.flatMap(({ event, visit, payload }) =>
      event === "dtmf" && visit.id === id ? [payload as { digit: string; by: string; durationMs?: number }] : [],
    );

  /** Resolves when the key behind the opening one was told; gives the ways of all. */
  async function opened(visit: { readonly id: string }, line: string): Promise<string[]> {
    const keys = await until("the last key to be told", () => {
      const all = told(visit.id);
      return all.at(-1)?.digit === "9" && all;
    });
    assert.equal(keys.map(({ digit }) => digit).join(""), "79");
    const { events, openings } = home.house;
    await events.next("opened", (event) => event.visit.id === visit.id);
    await bell.bell.hangUp();
    await events.next("ended", (event) => event.visit.id === visit.id);
    assert.deepEqual(
      openings.filter((opening) => opening.visit === visit.id).map(({ ok, by }) => [ok, by]),
      [[true, line]],
    );
    const pressed = bell.seen.all.slice(bell.seen.all.findLastIndex((event) => event.event === "answered"));
    assert.equal(pressed.flatMap((event) => (event.event === "dtmf" ? event.digit : [])).join(""), "1234");
    return keys.map(({ by }) => by);
  }

  for (const [n, mode] of modes.entries())
    it(`open the door once by Asterisk's SendDTMF, dtmf_mode=${mode}`, async () => {
      const line = `620${n}`;
      const by = await opened(await home.rung(line, bell.bell), line);
      const way = mode === "info" || mode === "inband" ? mode : "rfc4733";
      assert.deepEqual(by, [way, way]);
    });

  it("open the door once where the same key comes by RFC 4733 and by INFO", async () => {
    assert.deepEqual(await opened(await home.rung("6401", bell.bell), "6401"), ["rfc4733", "info"]);
  });

  for (const [line, phone, digitsBy, way] of [
    ["6402", "201", "rtp", "info"],
    ["6403", "202", "dtmf-relay", "rfc4733"],
  ] as const)
    it(`open the door once by a phone behind Asterisk that sends ${digitsBy}, which comes as ${way}`, async () => {
      const { phone: device, seen } = await home.phone(phone, { digitsBy, answerAfterMs: 0 });
      const visit = await home.rung(line, bell.bell);
      await seen.next("answered");
      await hears(seen, 440);
      await device.digits("79");
      assert.deepEqual(await opened(visit, line), [way, way]);
      await device.close();
    });

  it("are as long as Asterisk has them", async () => {
    const visit = await home.rung("6404", bell.bell);
    const [key] = await until("the key", () => told(visit.id).length > 0 && told(visit.id));
    assert.ok((key?.durationMs ?? 0) >= 400 && (key?.durationMs ?? 0) < 600, JSON.stringify(key));
    await bell.bell.hangUp();
    await home.house.events.next("ended", (event) => event.visit.id === visit.id);
  });

  for (const [n, [dtmf, mode]] of reading.entries())
    it(`are read by Asterisk (dtmf_mode=${mode}) where ${dtmf} is set for its number`, async () => {
      const visit = await home.rung(`630${n}`, bell.bell);
      await visit.sendDigits("1159*0", { to: "answerer" });
      await home.asterisk.child.line(new RegExp(`READ 1159\\*0 AT 630${n}`));
      await bell.bell.hangUp();
      await home.house.events.next("ended", (event) => event.visit.id === visit.id);
    });
});

describe("P11 a door behind Asterisk", { skip: without("asterisk") }, () => {
  for (const mode of ["rfc4733", "info"] as const)
    it(`rings, is heard, hears, and is opened once, dtmf_mode=${mode}`, async () => {
      await using home = await AsteriskHouse.open({
        door: { dtmf: mode },
        lines: { "8000": { endpoint: ["allow=alaw", `dtmf_mode=${mode}`], plan: ["Dial(PJSIP/301)"] } },
        phones: { "301": ["allow=alaw", `dtmf_mode=${mode}`] },
        extensions: "exten => 100,1,Dial(PJSIP/100@8000)",
      });
      const { house } = home;
      const phone = await house.phone("6001", { answerAfterMs: 0 });
      const bell = await home.bell("301", "100");
      await bell.bell.press();
      const ring = await house.event("ring");
      const visit = house.switchboard.visit(ring.visit.id) ?? assert.fail();
      await visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"], seconds: 30 }));
      await Promise.all([hears(bell.seen, 880), hears(phone.seen, 440)]);
      const opening = await house.switchboard.open({ door: "front", by: "test" });
      assert.deepEqual([opening.ok, opening.method], [true, `dtmf-${mode}`]);
      await bell.seen.next("relay");
      await hears(bell.seen, 880);
      assert.equal(bell.seen.names().filter((name) => name === "dtmf").length, 4);
      await phone.phone.hangUp();
      await bell.seen.next("ended");
    });
});
