// A9 over a bad network: calls that the session timer watches go on however much is lost, and end on both sides when the
// network is gone for good.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CallEnd } from "../../../src/sip/dialog/call.ts";
import { Endpoint } from "../../../src/sip/endpoint.ts";
import { Secret } from "../../../src/secret.ts";
import { house } from "../house.ts";
import { sdp } from "../party.ts";

const hour = 3600_000;
const count = 10;

for (const seed of [1, 2])
  describe(`A9 calls with a session timer of 90 s, 10 % loss each way (seed ${seed})`, () => {
    it("go on for an hour, and end within the timer once nothing arrives any more", async () => {
      const calls = { sessionExpires: 90 };
      const weather = { loss: 0.1, duplication: 0.05, delay: [5, 300], seed } as const;
      const { clock, endpoint: server, network } = await house({ weather, calls });
      const listeners = [{ transport: "udp", address: "10.0.0.2", port: 5060 }] as const;
      const bell = new Endpoint({ listeners, clock, listen: network.listen, calls });
      await bell.start();
      const ends: { at: number; end: CallEnd }[] = [];
      const told = (end: CallEnd) => ends.push({ at: clock.now(), end });
      server.on("call", (call) => {
        call.on("ended", told);
        call.answer(sdp(5000));
      });
      let talking = 0;
      for (let number = 0; number < count; number++) {
        const call = await bell.callUri(`sip:${number}@10.0.0.1`, {
          ...{ from: { number: "8000", name: "Bell" }, sdp: sdp(4000) },
          credentials: { username: "8000", password: new Secret("pw8000") },
        });
        call.on("ended", told);
        call.on("answered", () => talking++);
        await clock.advance(1_000);
      }
      await clock.advance(hour);
      assert.deepEqual([talking, ends], [count, []]);
      const before = network.sent.length;
      assert.ok(before > (count * hour) / 90_000, "refreshes were sent");
      network.weather = { loss: 1 };
      const cut = clock.now();
      await clock.advance(200_000);
      assert.equal(ends.length, 2 * count);
      for (const { at, end } of ends) {
        assert.ok(at - cut <= 130_000, `${(at - cut) / 1000} s after: ${JSON.stringify(end)}`);
        assert.equal(end.by, "network", JSON.stringify(end));
      }
      for (const endpoint of [server, bell]) assert.deepEqual([endpoint.calls, endpoint.transactions.size], [0, 0]);
      assert.equal(clock.pending, 0);
    });
  });
