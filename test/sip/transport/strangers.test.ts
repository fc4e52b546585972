import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { Secret } from "../../../src/secret.ts";
import { SimPhone } from "../../../src/sim/sim.ts";
import { Endpoint } from "../../../src/sip/endpoint.ts";
import { Strangers, strangerLimits } from "../../../src/sip/transport/strangers.ts";
import { until } from "../../support/patience.ts";
import { options } from "./listening.ts";

/** Enters `count` connections from a host each; gives those that were dropped, by their number. */
function crowd(strangers: Strangers, count: number, host: (n: number) => string): number[] {
  const dropped: number[] = [];
  for (let n = 0; n < count; n++) strangers.enter(host(n), () => dropped.push(n));
  return dropped;
}

describe("connections of strangers", () => {
  it("are 50 of one source at most: the oldest makes way for the newest", () => {
    const strangers = new Strangers();
    assert.deepEqual(
      crowd(strangers, strangerLimits.perSource + 2, () => "10.0.0.66"),
      [0, 1],
    );
    assert.equal(strangers.size, strangerLimits.perSource);
  });

  it("of one source cost no other its place", () => {
    const strangers = new Strangers();
    const other: string[] = [];
    strangers.enter("10.0.0.7", () => other.push("dropped"));
    crowd(strangers, 10_000, () => "10.0.0.66");
    assert.deepEqual(other, []);
  });

  it("count one IPv6 /64 together", () => {
    const strangers = new Strangers();
    assert.equal(crowd(strangers, strangerLimits.perSource + 5, (n) => `2001:db8::${n}`).length, 5);
  });

  it("are 1000 of all sources at most, so that there is always room for who is known", () => {
    const strangers = new Strangers();
    const dropped = crowd(strangers, strangerLimits.together + 3, (n) => `10.1.${n >> 8}.${n & 255}`);
    assert.deepEqual([dropped, strangers.size], [[0, 1, 2], strangerLimits.together]);
  });

  it("are no longer counted once they are known or ended, however often that is said", () => {
    const strangers = new Strangers();
    const ends = Array.from({ length: strangerLimits.perSource }, () =>
      strangers.enter("10.0.0.66", () => assert.fail("dropped")),
    );
    for (const end of [...ends, ...ends]) end();
    assert.equal(strangers.size, 0);
    crowd(strangers, strangerLimits.perSource, () => "10.0.0.66");
  });
});

describe("a phone that is registered by TCP", () => {
  it("keeps its connection and another finds room, while a stranger opens more than he may and greets by each", async (t) => {
    const password = new Secret("a password");
    const house = new Endpoint({ listeners: [{ transport: "tcp", address: "127.0.0.1", port: 0 }] });
    await house.start();
    t.after(() => house.close());
    const port = house.addresses[0]?.port ?? 0;
    const lost: string[] = [];
    house.location.on("unregistered", ({ extension }) => lost.push(extension));
    const register = async (extension: string) => {
      house.addExtension({ extension, login: extension, password, maxContacts: 1 });
      const phone = new SimPhone({ server: { host: "127.0.0.1", port }, extension, password, transport: "tcp" });
      t.after(() => phone.close());
      const registered = once(house.location, "registered");
      await phone.start();
      await registered;
    };
    await register("6001");
    let open = 0;
    const greets = 2 * strangerLimits.perSource;
    for (let n = 0; n < greets; n++) {
      const stranger = connect(port, "127.0.0.1", () => stranger.write(options(`${n}`)));
      t.after(() => void stranger.destroy());
      stranger.on("close", () => open--).on("error", () => {});
      open++;
      await once(stranger, "data");
    }
    await until("the oldest to be gone", () => open <= strangerLimits.perSource);
    await register("6002");
    assert.deepEqual(lost, []);
  });
});
