import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Contact, Gone } from "../../../src/sip/registrar/location.ts";
import type { SipResponse } from "../../../src/sip/message/message.ts";
import { house, type House } from "../house.ts";
import type { Party, Wish } from "../party.ts";

function watched({ endpoint }: House): string[] {
  const seen: string[] = [];
  const user = (contact: Contact) => contact.uri.replace(/^sip:/, "");
  endpoint.location.on("registered", (contact) => seen.push(`+${user(contact)}`));
  endpoint.location.on("refreshed", (contact) => seen.push(`=${user(contact)}`));
  endpoint.location.on("unregistered", (contact, why: Gone) => seen.push(`-${user(contact)} ${why}`));
  return seen;
}

const uris = ({ endpoint }: House, extension = "6001"): string[] =>
  endpoint.location.contacts(extension).map(({ uri }) => uri);

/** Registers with these headers, whatever comes of it. */
async function send(party: Party, headers: Record<string, string>, wish: Wish = {}): Promise<SipResponse> {
  const before = party.heard.length;
  await party.authenticated("REGISTER", `pw${party.user}`, { callId: "r", ...wish, headers });
  const answer = party.heard.slice(before).at(-1);
  assert.ok(answer && "status" in answer);
  party.inbox = [];
  return answer;
}

describe("H1 devices register, RFC 3261 §10.3", () => {
  it("is known from its registration until it expires", async () => {
    const made = await house();
    const seen = watched(made);
    const phone = made.party({ user: "6001", port: 5062 });
    const ok = await phone.register("pw6001", { expires: 120 });
    assert.equal(ok.get("contact"), `<sip:6001@${phone.host}:5062>;expires=120`);
    assert.deepEqual(uris(made), [`sip:6001@${phone.host}:5062`]);
    assert.deepEqual(made.endpoint.location.contacts("8000"), []);
    await made.clock.advance(120_000);
    assert.deepEqual(seen, [`+6001@${phone.host}:5062`, `-6001@${phone.host}:5062 expired`]);
    assert.deepEqual(made.endpoint.location.contacts(), []);
  });

  it("lives on when it is refreshed, and is told the time that is left", async () => {
    const made = await house();
    const seen = watched(made);
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001", { expires: 100 });
    await made.clock.advance(60_000);
    const asked = await send(phone, {}, { seq: 11 });
    assert.match(asked.get("contact") ?? "", /expires=3600$/);
    await made.clock.advance(100_000);
    assert.deepEqual(seen, [`+6001@${phone.host}:5060`, `=6001@${phone.host}:5060`]);
  });

  it("answers a question without Contact with what is known (§10.2.3)", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001", { expires: 100 });
    await made.clock.advance(10_000);
    const question = phone.request("REGISTER", { callId: "q" });
    question.headers.splice(
      question.headers.findIndex(({ key }) => key === "contact"),
      1,
    );
    phone.send(question);
    phone.send(phone.answerTo(await phone.takeResponse(401), question, "pw6001"));
    assert.match((await phone.takeResponse(200)).get("contact") ?? "", /;expires=90$/);
  });

  it("H4 keeps two devices of one extension, oldest first", async () => {
    const made = await house();
    const [one, two] = [made.party({ user: "6001" }), made.party({ user: "6001" })];
    await one.register("pw6001");
    await two.register("pw6001");
    assert.deepEqual(uris(made), [`sip:6001@${one.host}:5060`, `sip:6001@${two.host}:5060`]);
  });

  it("H2 lets a new device take the place of the one that was silent longest", async () => {
    const made = await house();
    const seen = watched(made);
    const [one, two, three] = [1, 2, 3].map(() => made.party({ user: "6001" }));
    assert.ok(one && two && three);
    await one.register("pw6001");
    await two.register("pw6001");
    await one.register("pw6001", { seq: 11 });
    await three.register("pw6001");
    assert.deepEqual(uris(made), [`sip:6001@${one.host}:5060`, `sip:6001@${three.host}:5060`]);
    assert.ok(seen.includes(`-6001@${two.host}:5060 replaced`));
  });

  it("goes with Expires 0, or with the Contact's own, which counts more", async () => {
    const made = await house();
    const seen = watched(made);
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001");
    await send(phone, { Contact: `${phone.contact};expires=0`, Expires: "300" }, { seq: 11 });
    assert.deepEqual(uris(made), []);
    assert.equal(seen.at(-1), `-6001@${phone.host}:5060 removed`);
  });

  it("takes all contacts away for Contact *, but only with Expires 0 (§10.2.2)", async () => {
    const made = await house();
    const [one, two] = [made.party({ user: "6001" }), made.party({ user: "6001" })];
    await one.register("pw6001");
    await two.register("pw6001");
    assert.equal((await send(one, { Contact: "*", Expires: "60" }, { seq: 11 })).status, 400);
    assert.equal((await send(one, { Contact: `*, ${one.contact}`, Expires: "0" }, { seq: 21 })).status, 400);
    assert.equal(uris(made).length, 2);
    assert.equal((await send(one, { Contact: "*", Expires: "0" }, { seq: 31 })).status, 200);
    assert.deepEqual(uris(made), []);
  });

  it("refuses too short a time with 423 and Min-Expires, and cuts too long a one", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    const brief = await send(phone, { Expires: "10" });
    assert.deepEqual([brief.status, brief.get("min-expires")], [423, "60"]);
    const long = await send(phone, { Expires: "4294967295" }, { seq: 11 });
    assert.match(long.get("contact") ?? "", /;expires=7200$/);
  });

  it("keeps the order of CSeq within one Call-ID: what was overtaken undoes nothing (§10.3)", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    await send(phone, { Expires: "300" }, { seq: 20 });
    for (const wish of [{ seq: 10 }, { seq: 20, fromTag: "anew" }])
      assert.equal((await send(phone, { Expires: "0" }, wish)).status, 500);
    assert.equal(uris(made).length, 1);
    assert.equal((await send(phone, { Expires: "0" }, { seq: 1, callId: "rebooted" })).status, 200);
    assert.equal(uris(made).length, 0);
  });

  it("H2 takes a lower CSeq for a device that has started anew, once nothing older can be under way", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    await send(phone, { Expires: "300" }, { seq: 20 });
    await made.clock.advance(33_000);
    assert.equal((await send(phone, { Expires: "300" }, { seq: 1 })).status, 200);
    assert.equal(uris(made).length, 1);
  });

  it("keeps that order for Contact * too", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    await send(phone, { Expires: "300" }, { seq: 20 });
    assert.equal((await send(phone, { Contact: "*", Expires: "0" }, { seq: 10 })).status, 500);
    assert.equal(uris(made).length, 1);
  });

  it("refuses contacts that cannot be called", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    for (const [index, contact] of ["<tel:123>", "<mailto:a@b>", "nonsense", "<sip:>", "<sip:a@b c>"].entries()) {
      const answer = await send(phone, { Contact: contact, Expires: "300" }, { seq: 10 * index + 1 });
      assert.equal(answer.status, 400, contact);
    }
    assert.deepEqual(uris(made), []);
  });

  it("puts several contacts of one request down, or none of them", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    const bad = await send(phone, { Contact: `${phone.contact}, <sip:x@10.0.0.99>;expires=5`, Expires: "300" });
    assert.equal(bad.status, 423);
    assert.deepEqual(uris(made), []);
    await send(phone, { Contact: `${phone.contact}, <sip:x@10.0.0.99>`, Expires: "300" }, { seq: 11 });
    assert.equal(uris(made).length, 2);
  });
});

describe("X10 who is turned away, and in which words", () => {
  it("names the wrong password and the unknown login; the device learns only 403", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    await phone.authenticated("REGISTER", "wrong", { callId: "a" });
    const refused = await phone.takeResponse(403);
    assert.equal(refused.reason, "Forbidden");
    const stranger = made.party({ user: "9999" });
    await stranger.authenticated("REGISTER", "x", { callId: "b" });
    await stranger.takeResponse(403);
    assert.deepEqual(
      made.refusals.map(({ extension, text }) => [extension, text]),
      [
        ["6001", `REGISTER from ${phone.host}:5060 refused: wrong password for "6001"`],
        ["9999", `REGISTER from ${stranger.host}:5060 refused: no extension here has the login "9999"`],
      ],
    );
  });

  it("does not count the first request without a password as a refusal", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    phone.send(phone.request("REGISTER"));
    await phone.takeResponse(401);
    assert.deepEqual(made.refusals, []);
  });

  it("lets nobody register for another's number", async () => {
    const made = await house();
    const phone = made.party({ user: "6001" });
    await phone.authenticated("REGISTER", "pw6001", { to: "8000" });
    await phone.takeResponse(403);
    assert.match(made.refusals[0]?.text ?? "", /8000 authenticates as "6001", which is 6001/);
    assert.deepEqual(made.endpoint.location.contacts(), []);
  });
});
