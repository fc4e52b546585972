// Our registration at another server over a bad network, and a server that is gone for a while: a day of simulated time.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Registration } from "../../../src/sip/account/registration.ts";
import { Endpoint } from "../../../src/sip/endpoint.ts";
import { Secret } from "../../../src/secret.ts";
import { house } from "../house.ts";
import type { Weather } from "../network.ts";
import { Random } from "../random.ts";

const day = 24 * 3600_000;

/** A bell registered at a house, as long as the test goes on. */
async function registered(weather: Weather, transport: "udp" | "tcp" = "udp") {
  const made = await house({ weather });
  const { clock, network, endpoint: server } = made;
  const bell = new Endpoint({
    listeners: [{ transport, address: "10.0.0.2", port: 5060 }],
    ...{ clock, listen: network.listen },
  });
  await bell.start();
  const random = new Random(weather.seed ?? 1);
  const registration = new Registration(bell, {
    ...{ server: `sip:10.0.0.1;transport=${transport}`, user: "8000", expires: 300 },
    credentials: { username: "8000", password: new Secret("pw8000") },
    random: () => random.next(),
  });
  const gone: string[] = [];
  server.location.on("unregistered", (_contact, why) => gone.push(why));
  registration.start();
  const nothingLeft = async () => {
    await Promise.all([registration.stop(), clock.advance(64_000)]);
    server.location.remove("8000");
    await clock.advance(64_000);
    for (const endpoint of [server, bell]) assert.equal(endpoint.transactions.size, 0);
    assert.equal(clock.pending, 0);
  };
  return { ...made, server, bell, registration, gone, nothingLeft };
}

describe("a registration over a network that loses, doubles and delays", () => {
  for (const seed of [1, 2, 3])
    it(`never lapses in a day with 10 % loss each way, and leaves nothing behind (seed ${seed})`, async () => {
      const weather = { loss: 0.1, duplication: 0.05, delay: [5, 300], seed } as const;
      const { clock, server, gone, nothingLeft } = await registered(weather);
      await clock.advance(60_000);
      assert.equal(server.location.contacts("8000").length, 1);
      await clock.advance(day);
      assert.deepEqual([gone, server.location.contacts("8000").length], [[], 1]);
      await nothingLeft();
    });

  it("comes back by itself after the network was gone, however long that was", async () => {
    for (const minutes of [1, 10, 60, 600]) {
      const { clock, network, server, nothingLeft } = await registered({ loss: 0.1, seed: minutes });
      await clock.advance(60_000);
      network.weather = { loss: 1 };
      await clock.advance(minutes * 60_000);
      network.weather = { loss: 0.1 };
      // The longest pause between two tries is half an hour (RFC 5626 §4.5).
      await clock.advance(31 * 60_000);
      assert.equal(server.location.contacts("8000").length, 1, `gone for ${minutes} minutes`);
      await nothingLeft();
    }
  });

  it("by TCP is renewed on a new connection when the old one was cut, at whatever message", async () => {
    for (let nth = 1; nth <= 16; nth++)
      for (const when of ["before", "after"] as const) {
        let count = 0;
        const { clock, network, server, nothingLeft } = await registered({}, "tcp");
        network.cuts = () => (++count === nth ? when : undefined);
        await clock.advance(35 * 60_000);
        assert.equal(server.location.contacts("8000").length, 1, `cut ${when} message ${nth}`);
        await nothingLeft();
      }
  });
});
