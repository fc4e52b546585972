// Whatever is sent to the command topics: nothing opens but what may, nothing throws, and each of it is in the audit.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Refusals, singly } from "../../src/mqtt/audit.ts";
import type { Refusal } from "../../src/mqtt/bridge.ts";
import { Commands } from "../../src/mqtt/commands.ts";
import { CommandPolicy } from "../../src/mqtt/policy.ts";
import { sign } from "./sign.ts";
import { Keys, type SignedRequest } from "../../src/mqtt/signed.ts";
import { Topics } from "../../src/mqtt/topics.ts";
import { Secret } from "../../src/secret.ts";
import { Random } from "../sip/random.ts";
import { FakeClock, settle } from "../support/clock.ts";
import { House } from "./house.ts";

const key = { name: "phone", secret: new Secret("0123456789abcdef".repeat(4)) };
const fresh = { retained: false, duplicate: false };

interface Wishes {
  rule?: "off" | "visit" | "always";
  signedOnly?: boolean;
  relays?: boolean;
}

/** The commands of a house with nobody at its door, which has been connected for an hour. */
async function commands({ rule = "visit", signedOnly = false, relays = false }: Wishes = {}) {
  const clock = new FakeClock();
  const house = new House();
  house.visit = undefined;
  if (relays) house.door = { ...house.door, relays: ["door", "Gate"].map((id) => ({ id, name: id })) };
  const policy = new CommandPolicy(rule, clock);
  const keys = new Keys([key], { clock });
  policy.connected();
  await clock.advance(3_600_000);
  const refusals: Refusal[] = [];
  let counted = 0;
  const topics = new Topics("doorbell");
  const heard = new Commands(house, { policy, keys, signedOnly }, clock, {
    list: () => house.list(),
    command: () => {},
    refused: (refusal, again) => {
      if (again) counted++;
      else refusals.push(refusal);
    },
    result: (door, { id, ok }) => house.asked.push(`result ${door} ${id} ${ok}`),
    dnd: () => {},
    retained: () => {},
  });
  const send = async (topic: string, payload: string | Buffer | SignedRequest, arrival = fresh) => {
    const read = topics.read(`doorbell/${topic}`);
    assert.ok(read, topic);
    const text = typeof payload === "string" || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
    heard.received(read, Buffer.from(text), arrival);
    await settle();
  };
  const open = (wish: object = {}) =>
    sign({ door: "front", action: "open", ts: clock.now(), id: "wish-1", ...wish }, key);
  const codes = () => refusals.map(({ code }) => code);
  return { clock, house, refusals, counted: () => counted, codes, send, open };
}

describe("X6 a signed wish to open", () => {
  it("opens with nobody at the door and everything unsigned switched off, by the key's name", async () => {
    const { house, send, open, codes } = await commands({ rule: "off" });
    await send("front/door/open", open());
    assert.deepEqual(house.asked, ["open front by mqtt:phone for nobody", "result front wish-1 true"]);
    await send("front/door/open", "PRESS");
    await send("front/call/set", "stop");
    assert.deepEqual(codes(), ["off", "off"]);
  });

  it("opens one relay: by that relay's topic or the door's, and none but the one that was signed", async () => {
    const { clock, house, send, open, codes } = await commands({ relays: true });
    await send("front/relay/gate/open", open({ action: "open:gate", id: "1" }));
    await send("front/door/open", open({ action: "open:gate", id: "2" }));
    await send("front/relay/gate/open", open({ id: "3" }));
    await send("front/relay/door/open", open({ action: "open:gate", id: "4" }));
    await send("front/door/open", open({ action: "open:cellar", id: "5" }));
    await clock.advance(60_000);
    assert.deepEqual(
      house.asked.filter((line) => line.startsWith("open")),
      Array(2).fill("open front by mqtt:phone for nobody"),
    );
    assert.deepEqual(codes(), ["forged", "forged", "unknown-relay"]);
  });

  it("keeps the rules for everybody: not retained, not repeated, one id once, three a minute", async () => {
    const { house, send, open, codes, refusals } = await commands();
    await send("front/door/open", open(), { ...fresh, retained: true });
    await send("front/door/open", open(), { ...fresh, duplicate: true });
    for (const id of ["a", "a", "b", "c", "d"]) await send("front/door/open", open({ id }));
    assert.deepEqual(codes(), ["retained", "duplicate", "duplicate", "too-many"]);
    assert.equal(house.asked.filter((line) => line.startsWith("open")).length, 3);
    assert.deepEqual(
      refusals.map(({ key: name, id }) => (name === undefined ? "nobody's" : `${name}'s ${id}`)),
      ["nobody's", "nobody's", "phone's a", "phone's d"],
    );
  });

  it("is not held up by a flood of PRESS, nor by what the door's rights refuse others", async () => {
    const { clock, house, send, open, codes, counted } = await commands({ relays: true });
    house.visit = { id: "v1", active: true };
    const opens = house.open.bind(house);
    house.open = async (wish) => {
      const opening = await opens(wish);
      return wish.as.name === "mqtt" ? { ...opening, ok: false, refused: "no-right" } : opening;
    };
    for (let i = 0; i < 50; i++) await send("front/door/open", "PRESS");
    assert.deepEqual([house.asked.length, codes(), counted()], [60, ["too-many"], 19]);
    for (const action of ["open", "open:gate"])
      for (let i = 0; i < 3; i++)
        await send("front/door/open", open({ action, id: `${action}-${i}`, ts: clock.now() + i }));
    await send("front/door/open", open({ action: "open:door", id: "fourth" }));
    assert.equal(house.asked.filter((line) => line.startsWith("open front by mqtt:phone")).length, 6);
    assert.deepEqual(codes(), ["too-many", "too-many"]);
  });

  it("is no command to other topics, nor another command a wish to open", async () => {
    const { house, send, open, codes } = await commands();
    await send("front/call/set", open());
    await send("front/dnd/set", open());
    await send("front/door/open", open({ action: "stop" }));
    await send("front/door/open", open({ door: "back" }));
    assert.deepEqual([codes(), house.asked], [["unknown-command", "unknown-command", "unknown-command", "forged"], []]);
  });

  it("is wanted for other commands, too, where the settings say so", async () => {
    const { house, send, open, codes } = await commands({ signedOnly: true });
    await send("front/call/set", "stop");
    await send("front/dnd/set", "ON");
    await send("front/call/set", open({ action: "stop" }));
    await send("front/dnd/set", open({ action: "ON" }));
    assert.deepEqual(
      [codes(), house.asked],
      [
        ["unsigned", "unsigned"],
        ["stop front", "dnd front true"],
      ],
    );
  });

  it("that was forged takes no id away from the real one, and its refusal has one of our own", async () => {
    const { house, send, open, refusals } = await commands();
    const real = open();
    await send("front/door/open", { ...real, sig: "0".repeat(64) });
    await send("front/door/open", real);
    assert.notEqual(refusals[0]?.id, real.id);
    assert.equal(house.asked.at(-1), "result front wish-1 true");
  });
});

describe("X6 what must not open", () => {
  it("10,000 random payloads: none opens, none throws, each is refused", async () => {
    const random = new Random(7);
    const { clock, house, send, open, refusals } = await commands({ rule: "visit", relays: true });
    const junk = () => Buffer.from(Array.from({ length: random.below(80) }, () => random.below(256)));
    const odd = [
      null,
      true,
      [],
      {},
      "",
      "open",
      -1,
      1e308,
      "PRESS",
      "x".repeat(65),
      { a: 1 },
      "__proto__",
      "front|open",
    ];
    const broken = (): Buffer => {
      const text = Buffer.from(JSON.stringify(open({ id: `r${random.below(1e9)}` })));
      for (let changes = 1 + random.below(4); changes > 0; changes--) {
        // Within the quotes of the signature too; what is changed to itself would be a real request.
        const at = random.below(text.length);
        const byte = text[at] ?? 0;
        text[at] = byte ^ (1 + random.below(127));
      }
      return text;
    };
    const wrong = () => {
      const request: Record<string, unknown> = open({ id: `r${random.below(1e9)}` });
      const field = random.pick(Object.keys(request));
      const value = random.pick(odd);
      return JSON.stringify({ ...request, [field]: value === request[field] ? null : value });
    };
    const late = () => JSON.stringify(open({ ts: clock.now() + random.pick([-1, 1]) * (10_001 + random.below(1e9)) }));
    const plain = () => random.pick(["PRESS", "press", "PRESS\n", "OPEN", "1", "", "{", "{}", "[]", "null", '"PRESS"']);
    const huge = () => JSON.stringify({ ...open(), more: "x".repeat(2_000) });
    const places = [
      "front/door/open",
      "front/relay/gate/open",
      "front/relay/no/open",
      "back/door/open",
      "front/dnd/set",
    ];
    for (let i = 0; i < 10_000; i++) {
      const payload = random.pick([junk, broken, wrong, late, plain, huge])();
      await send(random.pick(places), payload, { retained: random.chance(0.1), duplicate: random.chance(0.1) });
      if (i % 100 === 0) await clock.advance(2_000);
    }
    assert.deepEqual(house.asked, []);
    assert.equal(refusals.length, 10_000);
    const { length } = [...new Set(refusals.map(({ code }) => code))];
    assert.ok(length >= 9, "of all kinds");
  });

  it("quotes no secret that was sent in the wrong place", async () => {
    const { send, open, refusals } = await commands();
    const secret = key.secret.reveal();
    for (const field of ["door", "action", "id", "nonce", "key", "sig", "more"])
      await send("front/door/open", JSON.stringify({ ...open(), [field]: `${secret}!` }));
    await send("front/door/open", secret);
    await send("front/call/set", secret);
    assert.equal(refusals.length, 9);
    assert.doesNotMatch(JSON.stringify(refusals), /0123456789abcdef/);
  });
});

describe("X6 a flood of refusals", () => {
  const refusal = (door: string, code: Refusal["code"], topic: Refusal["topic"] = "door/open"): Refusal => ({
    ...{ door, topic, id: "x", code, reason: "why", ts: 1 },
  });

  it("is told one by one at first, then in sums: each is counted", async () => {
    const clock = new FakeClock();
    const told: Refusal[] = [];
    const refusals = new Refusals(clock, (one) => told.push(one));
    for (let i = 0; i < singly; i++) refusals.add(refusal("front", "retained"));
    assert.equal(told.length, singly);
    for (let i = 0; i < 5_000; i++) refusals.add(refusal("front", i % 5 === 0 ? "forged" : "off"));
    for (let i = 0; i < 1_000; i++) refusals.add(refusal(`invented-${i}`, "unknown-door"));
    assert.equal(told.length, singly);
    await clock.advance(60_000);
    const sums = told.splice(singly);
    assert.deepEqual(
      sums.map(({ door, code, reason, counts }) => [door, code, reason, counts]),
      [
        [
          ...["front", "flood", "5000 more within a minute were refused: 1000 forged, 4000 off"],
          { forged: 1000, off: 4000 },
        ],
        ["?", "flood", "1000 more within a minute were refused: 1000 unknown-door", { "unknown-door": 1000 }],
      ],
    );
    // While it goes on, few are told; after a quiet minute all is as before.
    for (let i = 0; i < 100; i++) refusals.add(refusal("front", "off"));
    assert.equal(told.length, singly + 3);
    await clock.advance(60_000);
    assert.equal(told.at(-1)?.counts?.["off"], 97);
    refusals.add(refusal("front", "off"));
    await clock.advance(60_000);
    told.length = 0;
    for (let i = 0; i < 10; i++) refusals.add(refusal("front", "off"));
    assert.equal(told.length, 10);
    refusals.close();
    assert.equal(clock.pending, 0);
  });

  it("is told when the bridge is closed, too", () => {
    const told: Refusal[] = [];
    const refusals = new Refusals(new FakeClock(), (one) => told.push(one));
    for (let i = 0; i < singly + 2; i++) refusals.add(refusal("front", "off"));
    refusals.close();
    assert.equal(told.at(-1)?.counts?.["off"], 2);
  });

  it("that were told already are only counted, and leave others told one by one", async () => {
    const clock = new FakeClock();
    const told: Refusal[] = [];
    const refusals = new Refusals(clock, (one) => told.push(one));
    for (let i = 0; i < 1_000; i++) refusals.add(refusal("front", "too-many"), true);
    assert.equal(told.length, 0);
    await clock.advance(60_000);
    assert.deepEqual(told.splice(0)[0]?.counts, { "too-many": 1_000 });
    for (let i = 0; i < singly; i++) refusals.add(refusal("back", "off"));
    assert.equal(told.length, singly);
  });
});
