// The pool of port pairs, with real sockets on loopback.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { afterEach, describe, it } from "node:test";
import { bound, PortPool, type PortPair } from "../../src/media/worker/ports.ts";
import { freeRange } from "./range.ts";

const bind = "127.0.0.1";

const pools: PortPool[] = [];
const poolOf = (options: Omit<ConstructorParameters<typeof PortPool>[0], "bind">) => {
  const pool = new PortPool({ bind, ...options });
  pools.push(pool);
  return pool;
};
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.end())));

/** Whether a program could have that port now. */
async function isFree(port: number): Promise<boolean> {
  const socket = await bound(bind, port);
  socket?.close();
  return socket !== undefined;
}

describe("RFC 3550 §11 port pairs", () => {
  it("are an even port and the odd one above, both bound, from any free ports", async () => {
    const pool = poolOf({ ports: [0, 0], drainMs: 0, now: () => 0 });
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
    const pool = poolOf({ ports: [first, first + 3], drainMs: 5000, now: () => now });
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

  it("rest with their sockets open, and are used again as they are, without what came in meanwhile", async (t) => {
    let now = 0;
    const first = await freeRange(1);
    const pool = poolOf({ ports: [first, first + 1], drainMs: 5000, now: () => now });
    const old = await pool.open();
    const heard: string[] = [];
    old.rtp.on("message", (packet) => heard.push(`old ${packet.toString()}`));
    const peer = await bound(bind, 0);
    assert.ok(peer);
    t.after(() => peer.close());
    const send = (text: string) => new Promise((sent) => peer.send(text, first, bind, sent));
    await old.close();
    assert.deepEqual([pool.kept, pool.has(first), await isFree(first)], [1, false, false]);
    await send("late");
    // Between two turns of the event loop what has come in is read.
    for (let turns = 0; turns < 2; turns++) await new Promise(setImmediate);
    now = 5000;
    const again = await pool.open();
    assert.equal(again.rtp, old.rtp);
    assert.deepEqual([pool.kept, pool.has(first)], [0, true]);
    await old.close();
    assert.ok(pool.has(first), "who had it before cannot close it once more");
    await new Promise((came) => {
      again.rtp.on("message", (packet) => came(heard.push(`new ${packet.toString()}`)));
      void send("fresh");
    });
    assert.deepEqual(heard, ["new fresh"]);
    await again.close();
  });

  it("that nobody wants for ten seconds more are closed, some at a time, but for those of a house at rest", async () => {
    let now = 0;
    const first = await freeRange(60);
    const pool = poolOf({ ports: [first, first + 119], drainMs: 5000, now: () => now });
    const pairs = await Promise.all(Array.from({ length: 60 }, () => pool.open()));
    await Promise.all(pairs.map((pair) => pair.close()));
    const keptAt = (ms: number) => {
      now = ms;
      pool.tidy();
      return pool.kept;
    };
    assert.deepEqual([5000, 14_999, 15_000, 16_000, 17_000, 99_000].map(keptAt), [60, 60, 40, 32, 32, 32]);
    await pool.end();
    assert.deepEqual([pool.kept, await isFree(first)], [0, true]);
  });

  it("are used again after a second where too many rest, rather than closed and others opened", async (t) => {
    let now = 0;
    const first = await freeRange(9);
    const pool = poolOf({ ports: [first, first + 17], drainMs: 5000, mostKept: 8, now: () => now });
    const all: PortPair[] = [];
    const open = async () => all[all.push(await pool.open()) - 1]?.port;
    t.after(() => Promise.all(all.map((pair) => pair.close())));
    for (let n = 0; n < 9; n++) await open();
    // The first one's sockets are closed, since eight rest already; its number is no reason to pass over the others.
    for (const pair of [...all.slice(1), ...all.slice(0, 1)]) await pair.close();
    now = 999;
    await assert.rejects(pool.open(), "none has rested for a second");
    now = 1000;
    assert.deepEqual([await open(), await open(), await open(), pool.kept], [first + 2, first + 4, first + 6, 5]);
    await assert.rejects(pool.open(), "five of eight are not too many");
    for (const pair of all.slice(-3)) await pair.close();
    now = 1500;
    assert.deepEqual([await open(), pool.kept], [first + 8, 7]);
    now = 2000;
    for (let n = 0; n < 7; n++) await (await pool.open()).close();
  });

  it("are closed when they are given back after the end", async () => {
    const first = await freeRange(1);
    const pool = poolOf({ ports: [first, first + 1], drainMs: 0, now: () => 0 });
    const pair = await pool.open();
    await pool.end();
    await pair.close();
    assert.deepEqual([pool.kept, await isFree(first)], [0, true]);
  });

  it("pass over a pair of which another program has one port", async () => {
    const first = await freeRange(2);
    const other = createSocket("udp4");
    await new Promise<void>((done) => other.bind(first + 1, bind, done));
    const pool = poolOf({ ports: [first, first + 3], drainMs: 0, now: () => 0 });
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
    const pool = poolOf({ ports: [first + 1, first + 2], drainMs: 0, now: () => 0 });
    await assert.rejects(pool.open(), /No media port is free/);
  });

  it("have no socket on an address that is not ours", async () =>
    assert.equal(await bound("192.0.2.77", 0), undefined));
});
