// Fail-over over a network that loses: of two servers behind one name, the first dies and comes back while calls are made.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CallEnd } from "../../../src/sip/dialog/call.ts";
import { Endpoint } from "../../../src/sip/endpoint.ts";
import { Secret } from "../../../src/secret.ts";
import { house } from "../house.ts";
import { Names, srv } from "../names.ts";
import { sdp } from "../party.ts";
import { Random } from "../random.ts";

/** Another server at an address, with the extension that we call as; each call is answered and told. */
async function provider(made: Awaited<ReturnType<typeof house>>, address: string, taken: (number: string) => void) {
  const { clock, network } = made;
  const listeners = [{ transport: "udp", address, port: 5060 }] as const;
  const endpoint = new Endpoint({ listeners, clock, listen: network.listen });
  await endpoint.start();
  endpoint.addExtension({ extension: "me", login: "me", password: new Secret("pw"), maxContacts: 1 });
  endpoint.on("call", (call) => {
    taken(call.dialled);
    call.ring();
    clock.after(1_000, () => call.answer(sdp(5000)));
  });
  return endpoint;
}

describe("RFC 3263 §4.3 calls to two servers, with 10 % loss each way", () => {
  for (const seed of [1, 2, 3])
    it(`all talk, whichever of the two is there, and leave nothing behind (seed ${seed})`, async () => {
      const zone = {
        "_sip._udp.pbx.example": { srv: ["1 0 5060 a.pbx.example", "2 0 5060 b.pbx.example"].map(srv) },
        "a.pbx.example": { a: ["10.0.0.201"] },
        "b.pbx.example": { a: ["10.0.0.202"] },
      };
      const random = new Random(seed);
      const weather = { loss: 0.1, duplication: 0.05, delay: [5, 300], seed } as const;
      const made = await house({ dns: new Names(zone), random: () => random.next(), weather });
      const { clock, endpoint, network } = made;
      const took = { a: new Set<string>(), b: new Set<string>() };
      const [a, b] = [
        await provider(made, "10.0.0.201", (number) => took.a.add(number)),
        await provider(made, "10.0.0.202", (number) => took.b.add(number)),
      ];
      let dead = false;
      network.loses = ({ from, to }) => dead && (from.startsWith("10.0.0.201:") || to.startsWith("10.0.0.201:"));
      const talked = new Set<number>();
      const ends: CallEnd[] = [];
      for (let number = 0; number < 60; number++) {
        dead = number >= 20 && number < 40;
        const call = await endpoint.callUri(`sip:${number}@pbx.example`, {
          ...{ from: { number: "8000", name: "Bell" }, sdp: (host: string) => sdp(4000, host) },
          credentials: { username: "me", password: new Secret("pw") },
        });
        call.on("answered", () => {
          talked.add(number);
          clock.after(5_000, () => call.hangUp());
        });
        call.on("ended", (end) => ends.push(end));
        await clock.advance(10_000);
        // The calls of before are over when the first server goes, or they would be lost with it.
        if (number === 19) await clock.advance(60_000);
      }
      await clock.advance(250_000);
      assert.deepEqual([talked.size, ends.length], [60, 60]);
      assert.ok(
        ends.every(({ by, cause }) => by === "local" && cause === 16),
        JSON.stringify(ends),
      );
      assert.ok(took.a.size >= 30 && took.b.size >= 20, `${took.a.size} by the first, ${took.b.size} by the second`);
      for (const each of [endpoint, a, b]) assert.deepEqual([each.calls, each.transactions.size], [0, 0]);
      assert.equal(clock.pending, 0);
    });
});
