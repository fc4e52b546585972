// What an answer costs and says must not tell what exists: hash operations are counted, since time cannot be measured exactly.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { describe, it } from "node:test";
import { Secret } from "../../../src/secret.ts";
import { house, type House } from "../house.ts";
import type { Party } from "../party.ts";

/** The hashes that are made while `work` runs. */
async function hashesOf(work: () => Promise<void>): Promise<string[]> {
  const { hash, createHash, createHmac } = crypto;
  const made: string[] = [];
  const noted = (algorithm: string) => void made.push(algorithm);
  const counted = (...args: Parameters<typeof hash>) => (noted(args[0]), hash(...args));
  crypto.hash = counted as typeof hash;
  crypto.createHash = (...args) => (noted(args[0]), createHash(...args));
  crypto.createHmac = (...args) => (noted(`hmac ${args[0]}`), createHmac(...args));
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    Object.assign(crypto, { hash, createHash, createHmac });
    syncBuiltinESMExports();
  }
  return made.sort();
}

/** A registration's answer to its challenge, ready to be sent. */
async function answer(party: Party, login: string, password: string) {
  const first = party.request("REGISTER", { callId: `${login} ${password} ${party.heard.length}` });
  party.send(first);
  return party.answerTo(await party.takeResponse(401), first, password, login);
}

describe("what an answer to a challenge costs", () => {
  for (const algorithm of ["MD5", "SHA-256"] as const)
    it(`is the same in hashes for an unknown login, an unknown number, a wrong and a right password (${algorithm})`, async () => {
      const open = await house({ algorithms: [algorithm] });
      open.endpoint.addExtension({ extension: "503", login: "door", password: new Secret("pw"), maxContacts: 1 });
      const costs = new Map<string, string[]>();
      for (const [what, user, login, password] of [
        ["unknown login", "503", "nobody", "pw"],
        ["unknown number", "999", "999", "pw"],
        ["number instead of login", "503", "503", "pw"],
        ["wrong password", "503", "door", "wrong"],
        ["no password", "503", "door", ""],
        ["right password", "503", "door", "pw"],
      ] as const) {
        const party = open.party({ user });
        const written = await answer(party, login, password);
        costs.set(
          what,
          await hashesOf(async () => {
            party.send(written);
            await party.settle();
          }),
        );
        await party.takeResponse(what === "right password" ? 200 : 403);
      }
      const hash = algorithm === "MD5" ? "md5" : "sha256";
      const seal = ["sha256", "sha256"];
      // The nonce was given a moment ago: it need not be signed again to be known.
      const digest = [hash, hash, hash];
      // The tag of a refusal is a seal, so that nothing need be kept of it; who is let in gets a random one.
      for (const [what, cost] of costs)
        assert.deepEqual(cost, (what === "right password" ? digest : [...digest, ...seal]).sort(), what);
    });
});

/** Sends a wrong answer; the status of the reply, or "silence". */
async function tried(party: Party, login: string): Promise<number | "silence"> {
  party.send(await answer(party, login, `guess ${party.heard.length}`));
  const before = party.heard.length;
  await party.settle();
  const reply = party.heard[before];
  return reply && "status" in reply ? reply.status : "silence";
}

describe("bans beside a device that is registered at the same address", () => {
  const host = "10.0.0.70";
  async function behindOneRouter(): Promise<House & { thief: Party }> {
    const open = await house();
    await open.party({ host, port: 5060, user: "8000" }).register("pw8000");
    return { ...open, thief: open.party({ host, port: 40_000, user: "6001" }) };
  }

  it("do not tell which logins exist: wrong answers fall silent alike, whoever they name", async () => {
    const seen = [];
    for (const logins of [["6001"], ["nobody"], ["a", "6001", "b"], ["a", "c", "b"]]) {
      const { thief } = await behindOneRouter();
      const replies = [];
      for (let n = 0; n < 14; n++) replies.push(await tried(thief, logins[n % logins.length] ?? ""));
      for (const login of ["6001", "8000", "nobody"]) replies.push(await tried(thief, login));
      seen.push(replies.join(" "));
    }
    assert.equal(new Set(seen).size, 1, seen.join("\n"));
    assert.match(seen[0] ?? "", /403 silence/);
  });
});
