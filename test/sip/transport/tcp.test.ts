import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { systemClock, type Clock } from "../../../src/clock.ts";
import type { Flow } from "../../../src/sip/transport/flow.ts";
import { connectionLimits } from "../../../src/sip/transport/connections.ts";
import { strangerLimits } from "../../../src/sip/transport/strangers.ts";
import { ConnectionTransport } from "../../../src/sip/transport/listener.ts";
import { FakeClock } from "../../support/clock.ts";
import { listening, options } from "./listening.ts";

/** Sends pieces of 64 KB until the connection ends, or that many; gives their number. */
async function fill(flow: Flow, most: number): Promise<number> {
  let sent = 0;
  for (; sent < most && !flow.closed; sent++) {
    flow.send(Buffer.alloc(64 * 1024));
    await turn();
  }
  return sent;
}

/** A server of ours that notes what arrives. */
async function peerServer(t: TestContext) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { server, sockets, port };
}

describe("SIP over TCP, RFC 3261 §18", () => {
  it("reads messages, one in two pieces too, and answers by the same connection", async (t) => {
    const { messages, client, next } = await listening(t);
    const socket = await client();
    let came = next();
    socket.write(options("one") + options("two").slice(0, 50));
    await came;
    came = next();
    socket.write(options("two").slice(50));
    await came;
    assert.deepEqual(
      messages.map(({ message }) => message.callId),
      ["one", "two"],
    );
    messages[0]?.flow.send(Buffer.from("hello"));
    const [data] = (await once(socket, "data")) as [Buffer];
    assert.equal(data.toString(), "hello");
  });

  it("answers a keep-alive (RFC 5626 §3.5.1)", async (t) => {
    const { client } = await listening(t);
    const socket = await client();
    socket.write("\r\n\r\n");
    const [data] = (await once(socket, "data")) as [Buffer];
    assert.equal(data.toString(), "\r\n");
  });

  it("ends a connection that brings no SIP, or a message too large, and says so once", async (t) => {
    const { client, faults } = await listening(t);
    for (const text of [
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(5),
      "x".repeat(20_000),
      options("big").replace("Content-Length: 0", "Content-Length: 70000"),
    ]) {
      const socket = await client();
      socket.write(text);
      socket.write(text);
      socket.resume();
      await once(socket, "close");
    }
    assert.equal(faults.length, 3);
  });

  it("ends a connection that never brings a message, keep-alives or not", async (t) => {
    const clock = new FakeClock();
    const { client } = await listening(t, { clock });
    const [silent, halting, living] = [await client(), await client(), await client()];
    halting.write(options("half").slice(0, 60));
    living.write("\r\n\r\n");
    await once(living, "data");
    const ends = [silent, halting, living].map((socket) => once(socket, "close"));
    for (const socket of [silent, halting, living]) socket.resume();
    await clock.advance(30_000);
    await Promise.all(ends);
  });

  it("ends the oldest connection of an address's strangers for one too many of them, whatever they say, and none that is known", async (t) => {
    const proven = new Set<number | undefined>();
    const { client, next } = await listening(t, { proven: ({ port }) => proven.has(port) });
    const speak = async () => {
      const socket = await client();
      const came = next();
      socket.write(options("one"));
      await came;
      return socket;
    };
    const known = await client();
    proven.add(known.localPort);
    const came = next();
    known.write(options("one"));
    await came;
    const stranger = await speak();
    const ended = once(stranger.resume(), "close");
    for (let n = 0; n < strangerLimits.perSource; n++) await speak();
    await ended;
    known.write("\r\n\r\n");
    const [pong] = (await once(known, "data")) as [Buffer];
    assert.equal(pong.toString(), "\r\n");
  });

  it("keeps a connection that has brought a message, while keep-alives come", async (t) => {
    const clock = new FakeClock();
    const { client, next, messages } = await listening(t, { clock });
    const socket = await client();
    const came = next();
    socket.write(options("one"));
    await came;
    for (let n = 0; n < 4; n++) {
      await clock.advance(60 * 60_000);
      socket.write("\r\n\r\n");
      await once(socket, "data");
    }
    assert.equal(messages[0]?.flow.closed, false);
    const end = once(socket, "close");
    await clock.advance(70 * 60_000);
    await end;
  });

  it("takes the open connection to a peer for what it sends there, also one that the peer made", async (t) => {
    const { transport, client, next, messages } = await listening(t);
    const socket = await client();
    const came = next();
    socket.write(options("one"));
    await came;
    const flow = messages[0]?.flow;
    assert.ok(flow);
    assert.equal(transport.to(flow.remote), flow);
  });

  it("makes one new connection for several messages to a peer, before it is even open", async (t) => {
    const { transport } = await listening(t);
    const { sockets, port, server } = await peerServer(t);
    const [one, two] = [1, 2].map(() => transport.to({ host: "127.0.0.1", port }));
    assert.equal(one, two);
    const accepted = once(server, "connection");
    one?.send(Buffer.from("a"));
    two?.send(Buffer.from("b"));
    await accepted;
    const [data] = (await once(sockets[0] as Socket, "data")) as [Buffer];
    assert.match(data.toString(), /^ab?$/);
  });

  it("makes a new connection where the old one was closed by the peer", async (t) => {
    const { transport, next, closed } = await listening(t);
    const { sockets, port, server } = await peerServer(t);
    const accepted = once(server, "connection");
    const flow = transport.to({ host: "127.0.0.1", port });
    await accepted;
    const gone = next();
    sockets[0]?.end();
    await gone;
    assert.equal(flow.closed, true);
    assert.deepEqual(closed, [flow]);
    const again = once(server, "connection");
    assert.notEqual(transport.to({ host: "127.0.0.1", port }), flow);
    await again;
  });

  it("says that a peer cannot be reached: refused, or closed before", async (t) => {
    const { transport } = await listening(t);
    const { server, port } = await peerServer(t);
    server.close();
    await once(server, "close");
    const flow = transport.to({ host: "127.0.0.1", port });
    for (let n = 0; n < 2; n++) {
      const error = await new Promise<{ code: string }>((resolve) => flow.send(Buffer.from("x"), resolve));
      assert.equal(error.code, "unreachable");
    }
  });

  /** The machine's clock, but one of its times is over when the test says so. */
  function clockWithout(limit: number) {
    let timeIsUp = () => {};
    const clock: Clock = {
      ...systemClock,
      after: (ms, run) => (ms === limit ? ((timeIsUp = run), () => {}) : systemClock.after(ms, run)),
    };
    return { clock, timeIsUp: () => timeIsUp() };
  }

  it("gives up on a connection that does not come about within 5 s", async (t) => {
    const { clock, timeIsUp } = clockWithout(connectionLimits.connectMs);
    const { transport } = await listening(t, { clock });
    const { port } = await peerServer(t);
    const flow = transport.to({ host: "127.0.0.1", port });
    const failed = new Promise<{ code: string }>((resolve) => flow.send(Buffer.from("x"), resolve));
    timeIsUp();
    assert.equal((await failed).code, "unreachable");
  });

  it("ends a connection whose peer does not read, instead of keeping megabytes for it", async (t) => {
    const { client, next, messages } = await listening(t);
    const socket = await client();
    const came = next();
    socket.write(options("one"));
    await came;
    socket.pause();
    const flow = messages[0]?.flow;
    assert.ok(flow);
    await fill(flow, 1000);
    assert.equal(flow.closed, true);
  });

  it("closes within a second, though a peer does not read what is left for it", async (t) => {
    const { clock, timeIsUp } = clockWithout(connectionLimits.closeMs);
    const { transport, client, next, messages } = await listening(t, { clock });
    const socket = await client();
    let came = next();
    socket.write(options("one"));
    await came;
    socket.pause();
    const flow = messages[0]?.flow;
    assert.ok(flow);
    const most = await fill(transport.to(flow.remote), 1000);
    const other = await client();
    came = next();
    other.write(options("two"));
    await came;
    other.pause();
    // Half a megabyte less than what ends a connection: it is open, and its peer's buffers are full.
    assert.ok(messages[1]);
    await fill(messages[1].flow, most - 8);
    assert.equal(messages[1].flow.closed, false);
    const closed = transport.close();
    timeIsUp();
    await closed;
  });

  it("still sends what was written just before it is closed, on a connection that is not open yet too", async (t) => {
    const { transport } = await listening(t);
    const { server, port } = await peerServer(t);
    const accepted = once(server, "connection") as Promise<[Socket]>;
    transport.to({ host: "127.0.0.1", port }).send(Buffer.from("BYE"));
    await transport.close();
    const [socket] = await accepted;
    const [data] = (await once(socket, "data")) as [Buffer];
    assert.equal(data.toString(), "BYE");
  });

  it("says which port is taken and what to do", async (t) => {
    const { port } = await listening(t);
    await assert.rejects(
      ConnectionTransport.listen(
        { transport: "tcp", address: "127.0.0.1", port },
        { message: () => {}, malformed: () => {} },
        () => "127.0.0.1",
        systemClock,
      ),
      { code: "port-busy", advice: "again", message: /TCP port \d+ on 127\.0\.0\.1 is taken .* choose another port/ },
    );
  });
});
