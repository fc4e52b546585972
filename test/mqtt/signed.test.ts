import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Verdict } from "../../src/mqtt/verdict.ts";
import { sign } from "./sign.ts";
import { Keys, readSigned, signatureOf, type SignedRequest } from "../../src/mqtt/signed.ts";
import { Secret } from "../../src/secret.ts";
import { Marks } from "../../src/store/marks.ts";
import { FakeClock } from "../support/clock.ts";

const key = { name: "phone", secret: new Secret("0123456789abcdef".repeat(4)) };
const other = { name: "wall", secret: new Secret("fedcba9876543210".repeat(4)) };
const code = (verdict: Verdict) => (verdict.ok ? "ok" : verdict.code);

/** Keys that have been there for an hour. */
async function ring(clock = new FakeClock()) {
  const keys = new Keys([key, other], { clock });
  await clock.advance(3_600_000);
  const request = (wish: object = {}) => sign({ door: "front", action: "open", ts: clock.now(), ...wish }, key);
  const judge = (one: SignedRequest) => {
    const signed = keys.signed(one);
    return code(signed.ok ? keys.use(one) : signed);
  };
  return { clock, keys, request, judge };
}

describe("X6 a signed request", () => {
  it("is HMAC-SHA256 in hex over v|door|action|id|ts|nonce, as others compute it", () => {
    const fields = { door: "front", action: "open", id: "1", ts: 1769882400000, nonce: "0123456789abcdef" };
    // printf '1|front|open|1|1769882400000|0123456789abcdef' | openssl dgst -sha256 -hmac <secret>
    assert.equal(signatureOf(fields, key.secret), "2c0a9c18deea5b382cf7ff0aebc4df8dd4233ced05d13350f393cceb870e85e3");
  });

  it("is taken once; the same nonce again is a replay, a new one is not", async () => {
    const { judge, request } = await ring();
    const first = request();
    assert.deepEqual([judge(first), judge(first), judge(request())], ["ok", "replayed", "ok"]);
  });

  it("is good from ten seconds before to ten seconds after its time", async () => {
    const { clock, judge, request } = await ring();
    const at = (ms: number) => judge(request({ ts: clock.now() + ms }));
    assert.deepEqual([-10_001, -10_000, 10_000, 10_001].map(at), ["late", "ok", "ok", "late"]);
  });

  for (const [field, value] of [
    ["door", "back"],
    ["action", "ON"],
    ["id", "x"],
    ["ts", 1],
    ["nonce", "another-nonce-xyz"],
    ["key", "wall"],
    ["sig", "0".repeat(64)],
  ] as const)
    it(`with another ${field} than was signed is forged`, async () => {
      const { judge, request } = await ring();
      assert.equal(judge({ ...request(), [field]: value }), "forged");
    });

  it("by a key that is not there is refused", async () => {
    const { clock, judge } = await ring();
    const stranger = { ...key, name: "nobody" };
    assert.equal(judge(sign({ door: "front", action: "open", ts: clock.now() }, stranger)), "unknown-key");
  });

  it("that was forged uses up no nonce of a real one", async () => {
    const { judge, request } = await ring();
    const real = request();
    assert.deepEqual([judge({ ...real, sig: "0".repeat(64) }), judge(real)], ["forged", "ok"]);
  });

  it("stays used up when our clock is set back to its time", async () => {
    const { clock, keys, request } = await ring();
    const old = request();
    assert.equal(code(keys.use(old)), "ok");
    await clock.advance(60_000);
    assert.equal(code(keys.use(request())), "ok");
    const now = clock.now.bind(clock);
    clock.now = () => now() - 60_000;
    assert.equal(code(keys.use(old)), "replayed");
  });

  it("is one of a thousand at most of a key in that time, and what is remembered is forgotten again", async () => {
    const { clock, judge, request } = await ring();
    const codes = Array.from({ length: 1_001 }, () => judge(request()));
    assert.deepEqual([codes.filter((one) => one === "ok").length, codes.at(-1)], [1_000, "too-many"]);
    await clock.advance(10_001);
    assert.equal(judge(request()), "ok");
  });
});

describe("X6 what was signed before a restart", () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), "portero-marks-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const started = (clock: FakeClock, memory?: Marks) => {
    const troubles: unknown[] = [];
    const trouble = (error: unknown) => troubles.push(error);
    return { keys: new Keys([key], { clock, trouble, ...(memory && { memory }) }), troubles };
  };
  const open = (clock: FakeClock, ahead = 0) => sign({ door: "front", action: "open", ts: clock.now() + ahead }, key);

  it("is not taken again after it; what is signed later is, at once", async () => {
    const clock = new FakeClock();
    const memory = new Marks(join(folder, "kept", "bridge.json"));
    const first = open(clock);
    assert.equal(code(started(clock, memory).keys.use(first)), "ok");
    await clock.advance(1);
    // Twice, and in between nothing was signed.
    started(clock, memory);
    const { keys, troubles } = started(clock, memory);
    assert.deepEqual([code(keys.use(first)), code(keys.use(open(clock))), troubles], ["replayed", "ok", []]);
  });

  it("counts by the key's secret: a new one under the same name begins anew", () => {
    const clock = new FakeClock();
    const memory = new Marks(join(folder, "renewed.json"));
    assert.equal(code(started(clock, memory).keys.use(open(clock, 9_000))), "ok");
    assert.equal(code(started(clock, memory).keys.use(open(clock))), "replayed");
    const renewed = { name: key.name, secret: other.secret };
    const keys = new Keys([renewed], { clock, memory });
    assert.equal(code(keys.use(sign({ door: "front", action: "open", ts: clock.now() }, renewed))), "ok");
  });

  for (const [what, memory] of [
    ["without a memory", () => undefined],
    ["with a memory that cannot be read", () => new Marks(write("broken.json", "{"))],
    ["with a memory that holds something else", () => new Marks(write("odd.json", '{"a":"b"}'))],
    ["with a memory that cannot be written", () => new Marks(join(write("a-file", "x"), "bridge.json"))],
  ] as const)
    it(`${what} nothing is taken that may have been carried out before: ten seconds`, async () => {
      const clock = new FakeClock();
      const { keys } = started(clock, memory());
      await clock.advance(9_999);
      assert.equal(code(keys.use(open(clock))), "replayed");
      await clock.advance(2);
      assert.equal(code(keys.use(open(clock))), "ok");
    });

  const write = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
});

describe("X6 what is no signed request", () => {
  const right = sign({ door: "front", action: "open", ts: 1 }, key);
  for (const [what, text, sentence] of [
    ["no JSON", "{", /one JSON object, and this is none/],
    ["another version", JSON.stringify({ ...right, v: 2 }), /v must be equal to constant/],
    ["a missing nonce", JSON.stringify({ ...right, nonce: undefined }), /nonce is missing/],
    ["a short nonce", JSON.stringify({ ...right, nonce: "1" }), /nonce has the wrong form$/],
    ["a time that is text", JSON.stringify({ ...right, ts: "1" }), /ts must be integer/],
    ["a | in a field", JSON.stringify({ ...right, id: "a|b" }), /id has the wrong form/],
    ["a field more", JSON.stringify({ ...right, more: 1 }), /more is not known here/],
    ["the secret in a field", JSON.stringify({ ...right, sig: key.secret.reveal() + "!" }), /sig has the wrong form$/],
  ] as const)
    it(`${what}: a sentence that quotes nothing of it`, () => {
      assert.throws(
        () => readSigned(text),
        (error: Error) => sentence.test(error.message) && !error.message.includes("0123456789abcdef"),
      );
    });

  it("hundreds of faults make a short sentence all the same", () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`field-${index}`.repeat(9), 1]));
    assert.throws(
      () => readSigned(JSON.stringify(many)),
      (error: Error) => error.message.length < 500,
    );
  });
});
