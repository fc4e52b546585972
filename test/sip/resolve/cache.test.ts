import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cacheLimits, DnsCache } from "../../../src/sip/resolve/cache.ts";
import { FakeClock } from "../../support/clock.ts";
import { Names } from "../names.ts";

function cached(zone: Names["zone"] = { "x.org": { a: ["192.0.2.1"] } }) {
  const clock = new FakeClock();
  const names = new Names(zone);
  return { clock, names, cache: new DnsCache(names, clock) };
}

describe("answers of DNS", () => {
  it("hold for their TTL, however the name is written", async () => {
    const { clock, names, cache } = cached();
    await cache.a("x.org");
    await clock.advance(59_999);
    assert.deepEqual((await cache.a("X.Org")).records, ["192.0.2.1"]);
    assert.equal(names.asked.length, 1);
    await clock.advance(1);
    await cache.a("x.org");
    assert.equal(names.asked.length, 2);
    assert.equal(clock.pending, 0);
  });

  it("hold no longer where the clock was set back", async () => {
    const { clock, names, cache } = cached();
    await cache.a("x.org");
    clock.set(clock.now() - 86_400_000);
    await clock.advance(60_000);
    await cache.a("x.org");
    assert.equal(names.asked.length, 2);
  });

  it("hold an hour at most", async () => {
    const { clock, names, cache } = cached();
    names.ttl = 1_000_000;
    await cache.a("x.org");
    await clock.advance(cacheLimits.most * 1000);
    await cache.a("x.org");
    assert.equal(names.asked.length, 2);
  });

  it("are shared by those who ask at the same time; kinds are told apart", async () => {
    const { names, cache } = cached();
    await Promise.all([
      cache.a("x.org"),
      cache.a("x.org"),
      cache.aaaa("x.org"),
      cache.srv("x.org"),
      cache.naptr("x.org"),
    ]);
    assert.deepEqual(names.asked.toSorted(), ["A x.org", "AAAA x.org", "NAPTR x.org", "SRV x.org"]);
  });

  it("that there is none hold for half a minute; silence holds five seconds", async () => {
    const { clock, names, cache } = cached({});
    await cache.a("x.org");
    await clock.advance(29_999);
    await cache.a("x.org");
    assert.equal(names.asked.length, 1);
    names.broken = ["a"];
    await clock.advance(1);
    await assert.rejects(cache.a("x.org"), /silent/);
    await assert.rejects(cache.a("x.org"), /silent/);
    assert.equal(names.asked.length, 2);
    await clock.advance(5_000);
    names.broken = [];
    await cache.a("x.org");
    assert.equal(names.asked.length, 3);
  });

  it("are forgotten beyond a number of names", async () => {
    const { cache } = cached();
    for (let n = 0; n < cacheLimits.entries + 50; n++) await cache.a(`${n}.org`);
    assert.equal(cache.size, cacheLimits.entries);
  });
});
