// The pool of port pairs, with real sockets on loopback.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { describe, it } from "node:test";
import { bound, PortPool } from "../../src/media/worker/ports.ts";
import { freeRange } from "./range.ts";

const bind = "127.0.0.1";

describe("RFC 3550 §11 port pairs", () => {
  it("are an even port and the odd one above, both bound, from any free ports", async () => {
    const pool = new PortPool({ bind, ports: [0, 0], drainMs: 0, now: () => 0 });
    const pair = await pool.open();
    assert.equal(pair.port % 2, 0);
    assert.equal(pair.rtp.address().port, pair.port);
    assert.equal(pair.rtcp.address().port, pair.port + 1);
    assert.ok(pool.has(pair.port) && pool.has(pair.port + 1));
    await pair.close();
    await pair.close();
    assert.equal(pool.has(pair.port), false);
  });

  it("rest for the drain time, and the one that rested longest is used first", async () => {
    let now = 0;
    const first = await freeRange(2);
    const pool = new PortPool({ bind, ports: [first, first + 3], drainMs: 5000, now: () => now });
    const one = await pool.open();
    const two = await pool.open();
    assert.deepEqual([one.port, two.port], [first, first + 2]);
    await two.close();
    now = 1000;
    await one.close();
    now = 4999;
    await assert.rejects(pool.open(), new RegExp(`from ${first} to ${first + 3} on 127.0.0.1`));
    now = 5000;
    const three = await pool.open();
    assert.equal(three.port, first + 2);
    await assert.rejects(pool.open());
    now = 6000;
    const four = await pool.open();
    assert.equal(four.port, first);
    await Promise.all([three.close(), four.close()]);
  });

  it("pass over a pair of which another program has one port", async () => {
    const first = await freeRange(2);
    const other = createSocket("udp4");
    await new Promise<void>((done) => other.bind(first + 1, bind, done));
    const pool = new PortPool({ bind, ports: [first, first + 3], drainMs: 0, now: () => 0 });
    const pair = await pool.open();
    assert.equal(pair.port, first + 2);
    const freed = await bound(bind, first);
    assert.ok(freed, "the even port of the pair passed over is free again");
    freed.close();
    await pair.close();
    other.close();
  });

  it("begin at the first even port and need both ports inside of the range", async () => {
    const first = await freeRange(2);
    const pool = new PortPool({ bind, ports: [first + 1, first + 2], drainMs: 0, now: () => 0 });
    await assert.rejects(pool.open(), /No media port is free/);
  });

  it("have no socket on an address that is not ours", async () =>
    assert.equal(await bound("192.0.2.77", 0), undefined));
});
