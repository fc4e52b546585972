import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { authorize, parseChallenges, type DigestChallenge } from "../../../src/digest.ts";
import { Authenticator, type AuthenticatorOptions, type Verdict } from "../../../src/sip/auth/authenticator.ts";
import { SipRequest, SipResponse } from "../../../src/sip/message/message.ts";
import { Secret } from "../../../src/secret.ts";
import { FakeClock } from "../../support/clock.ts";

function gate(options: Partial<AuthenticatorOptions> & { nonceReuse?: boolean } = {}) {
  const clock = new FakeClock();
  const { nonceReuse = false } = options;
  const identity = { extension: "503", login: "door", password: new Secret("pw"), nonceReuse };
  const authenticator = new Authenticator({
    ...{ realm: "portero", algorithms: ["MD5"], key: Buffer.alloc(32, 1), clock },
    find: (login) => (login === "door" ? identity : undefined),
    ...options,
  });
  const challenges = (stale = false) => {
    const response = new SipResponse(401, "Unauthorized");
    authenticator.challenge(response, stale, "10.0.0.9");
    return parseChallenges(response.all("www-authenticate")) as DigestChallenge[];
  };
  return { clock, authenticator, challenges };
}

interface Answer {
  username?: string;
  password?: string;
  count?: number;
  cnonce?: string;
  uri?: string;
  method?: string;
}

function answering(challenge: DigestChallenge | undefined, answer: Answer = {}): SipRequest {
  assert.ok(challenge);
  const { uri = "sip:portero", method = "REGISTER" } = answer;
  const value = authorize(challenge, {
    ...{ username: "door", password: "pw", method, uri, count: 1, cnonce: "abc" },
    ...answer,
  });
  return new SipRequest("REGISTER", uri).add("Authorization", value);
}

const kind = (verdict: Verdict): string =>
  verdict.kind === "ask"
    ? verdict.stale
      ? "stale"
      : "ask"
    : verdict.kind === "wrong"
      ? `wrong ${verdict.why}`
      : verdict.identity.extension;

describe("H1 digest authentication of devices, RFC 7616", () => {
  it("asks who has not answered yet, and knows who answers rightly", () => {
    const { authenticator, challenges } = gate();
    assert.equal(kind(authenticator.check(new SipRequest("REGISTER", "sip:portero"), "10.0.0.9")), "ask");
    assert.equal(kind(authenticator.check(answering(challenges()[0]), "10.0.0.9")), "503");
  });

  it("tells a wrong password from an unknown login", () => {
    const { authenticator, challenges } = gate();
    assert.equal(
      kind(authenticator.check(answering(challenges()[0], { password: "x" }), "10.0.0.9")),
      "wrong password",
    );
    assert.equal(kind(authenticator.check(answering(challenges()[0], { username: "x" }), "10.0.0.9")), "wrong login");
    assert.equal(
      kind(authenticator.check(answering(challenges()[0], { username: "x", password: "" }), "10.0.0.9")),
      "wrong login",
    );
    assert.equal(
      kind(authenticator.check(answering(challenges()[0], { method: "INVITE" }), "10.0.0.9")),
      "wrong password",
    );
  });

  it("asks again, with stale, once a nonce is five minutes old (§3.3)", async () => {
    const { authenticator, challenges, clock } = gate();
    const [challenge] = challenges();
    await clock.advance(300_000);
    assert.equal(kind(authenticator.check(answering(challenge, { count: 1 }), "10.0.0.9")), "503");
    await clock.advance(1);
    assert.equal(kind(authenticator.check(answering(challenge, { count: 2 }), "10.0.0.9")), "stale");
    assert.equal(
      kind(authenticator.check(answering(challenge, { count: 3, password: "x" }), "10.0.0.9")),
      "wrong password",
    );
    assert.equal(challenges(true)[0]?.stale, true);
  });

  it("asks where the nonce is not its own: forged, from another run, or nonsense", () => {
    const { authenticator, challenges } = gate();
    const [mine] = challenges();
    const [other] = gate({ key: Buffer.alloc(32, 2) }).challenges();
    assert.ok(mine);
    for (const nonce of [other?.nonce ?? "", "", "x", ".", mine.nonce + "0", "zzz." + (mine.nonce.split(".")[1] ?? "")])
      assert.equal(kind(authenticator.check(answering({ ...mine, nonce }), "10.0.0.9")), "ask", nonce);
    assert.equal(kind(authenticator.check(answering({ ...mine, realm: "other" }), "10.0.0.9")), "ask");
  });

  it("knows a nonce of its own by its signature too, when a thousand others were given since, and for its host only", async () => {
    const { authenticator, challenges, clock } = gate();
    const [mine] = challenges();
    assert.equal(kind(authenticator.check(answering(mine), "10.0.0.8")), "ask", "just given, to another host");
    for (let n = 0; n < 1000; n++) {
      await clock.advance(1);
      challenges();
    }
    assert.equal(kind(authenticator.check(answering(mine), "10.0.0.8")), "ask", "of another host");
    assert.equal(kind(authenticator.check(answering(mine), "10.0.0.9")), "503");
  });

  it("refuses a count that does not rise: a replay (§3.4.5)", () => {
    const { authenticator, challenges } = gate();
    const [challenge] = challenges();
    const counts = [1, 2, 2, 1, 5, 4, 6];
    const verdicts = counts.map((count) => kind(authenticator.check(answering(challenge, { count }), "10.0.0.9")));
    assert.deepEqual(verdicts, ["503", "503", "stale", "stale", "503", "stale", "503"]);
  });

  it("keeps the counts of two devices apart that were challenged in the same millisecond", () => {
    const { authenticator, challenges } = gate();
    const [challenge] = challenges();
    assert.equal(kind(authenticator.check(answering(challenge, { cnonce: "one" }), "10.0.0.9")), "503");
    assert.equal(kind(authenticator.check(answering(challenge, { cnonce: "two" }), "10.0.0.9")), "503");
  });

  it("takes no replay of what it has forgotten: with more than 20,000 counts the older nonces are asked anew", async () => {
    const { clock, authenticator, challenges } = gate();
    const [old] = challenges();
    const first = answering(old, { cnonce: "first" });
    assert.equal(kind(authenticator.check(first, "10.0.0.9")), "503");
    await clock.advance(1);
    const [young] = challenges();
    const answers = Array.from({ length: 20_000 }, (_, n) => answering(young, { cnonce: `n${n}` }));
    const verdicts = new Set(answers.map((answer) => kind(authenticator.check(answer, "10.0.0.9"))));
    assert.deepEqual([...verdicts], ["503"]);
    assert.equal(kind(authenticator.check(first, "10.0.0.9")), "stale");
    for (const again of answers.slice(-2)) assert.equal(kind(authenticator.check(again, "10.0.0.9")), "stale");
    assert.equal(kind(authenticator.check(answering(young, { cnonce: "n19999", count: 2 }), "10.0.0.9")), "503");
    await clock.advance(300_000);
    const [late] = challenges();
    for (const count of [1, 2])
      assert.equal(kind(authenticator.check(answering(late, { cnonce: "late", count }), "10.0.0.9")), "503");
  });

  it("lets a device use a nonce again with any count where its preset says so (nonceReuse)", () => {
    const { authenticator, challenges } = gate({ nonceReuse: true });
    const [challenge] = challenges();
    for (const count of [1, 1, 7, 3])
      assert.equal(kind(authenticator.check(answering(challenge, { count }), "10.0.0.9")), "503");
  });

  it("takes an answer without qop, as RFC 2069 has it", () => {
    const { authenticator, challenges } = gate();
    const [challenge] = challenges();
    assert.ok(challenge);
    assert.equal(kind(authenticator.check(answering({ ...challenge, qop: [] }), "10.0.0.9")), "503");
  });

  it("puts MD5 last and takes either algorithm (RFC 8760)", () => {
    const { authenticator, challenges } = gate({ algorithms: ["SHA-256", "MD5"] });
    const offered = challenges();
    assert.deepEqual(
      offered.map(({ algorithm }) => algorithm),
      ["SHA-256", "MD5"],
    );
    for (const [index, challenge] of offered.entries())
      assert.equal(kind(authenticator.check(answering(challenge, { cnonce: String(index) }), "10.0.0.9")), "503");
  });

  it("does not throw at credentials that are nonsense", () => {
    const { authenticator, challenges } = gate();
    const nonce = challenges()[0]?.nonce ?? "";
    for (const value of [
      "",
      "Digest",
      "Basic ZG9vcjpwdw==",
      "Digest ,,,=",
      'Digest username="door',
      `Digest username="door", realm="portero", nonce="${nonce}", uri="x", response="ü", algorithm=none`,
      `Digest username="door", realm="portero", nonce="${nonce}", uri="x", response="", nc=zz, qop=auth`,
      `Digest username="__proto__", realm="portero", nonce="${nonce}", uri="x", response="0"`,
    ]) {
      const request = new SipRequest("REGISTER", "sip:portero").add("Authorization", value);
      assert.notEqual(kind(authenticator.check(request, "10.0.0.9")), "503");
    }
  });
});
