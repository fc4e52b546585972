// SIP over WebSocket (RFC 7118), plain and over TLS, from both sides.
import assert from "node:assert/strict";
import { once } from "node:events";
import { IncomingMessage, request } from "node:http";
import { PassThrough } from "node:stream";
import { Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { connect } from "node:tls";
import { WebSocket, WebSocketServer, type ClientOptions } from "ws";
import { makeCertificate } from "../../../src/certificate.ts";
import { contactOn } from "../../../src/sip/dialog/incoming.ts";
import { connectionLimits } from "../../../src/sip/transport/connections.ts";
import type { ListenerOptions } from "../../../src/sip/transport/flow.ts";
import { webSocketGreeter } from "../../../src/sip/transport/websocket.ts";
import { FakeClock } from "../../support/clock.ts";
import { listening, options } from "./listening.ts";

const { certificate, key } = makeCertificate(["localhost", "127.0.0.1"], Date.now());
const own = { certificate: { pem: certificate }, key: { pem: key } };
const listeners: Readonly<Record<"ws" | "wss", Partial<ListenerOptions>>> = {
  ws: { transport: "ws" },
  wss: {
    transport: "wss",
    tls: { own, ca: { pem: certificate } },
  },
};

async function browser(t: TestContext, kind: "ws" | "wss", port: number, protocol = "sip", wish: ClientOptions = {}) {
  const socket = new WebSocket(`${kind}://localhost:${port}/`, protocol, { ca: certificate, ...wish });
  t.after(() => socket.terminate());
  await once(socket, "open");
  return socket;
}

const message = async (socket: WebSocket) => {
  const [data, isBinary] = (await once(socket, "message")) as [Buffer, boolean];
  return { text: data.toString("latin1"), isBinary };
};

for (const kind of ["ws", "wss"] as const)
  describe(`SIP over ${kind.toUpperCase()}, RFC 7118`, () => {
    it("takes one message a frame, text or binary, and answers by the same connection as text", async (t) => {
      const { messages, next, port, seen } = await listening(t, listeners[kind]);
      const socket = await browser(t, kind, port);
      assert.equal(socket.protocol, "sip");
      for (const data of [options("one", kind.toUpperCase()), Buffer.from(options("two", kind.toUpperCase()))]) {
        const came = next();
        socket.send(data);
        await came;
      }
      assert.deepEqual(
        messages.map(({ message }) => message.callId),
        ["one", "two"],
      );
      const flow = messages[0]?.flow;
      assert.equal(flow?.transport, kind.toUpperCase());
      assert.equal(flow.reliable, true);
      const answer = message(socket);
      flow.send(Buffer.from("hällo"));
      assert.deepEqual(await answer, { text: Buffer.from("hällo").toString("latin1"), isBinary: false });
      assert.deepEqual(seen.slice(-1), ["out hällo"]);
    });

    it("takes a message without Content-Length, since the frame ends it (§5.2), and says when one is none", async (t) => {
      const { messages, faults, next, port } = await listening(t, listeners[kind]);
      const socket = await browser(t, kind, port);
      let came = next();
      socket.send(options("short").replace("Content-Length: 0\r\n", ""));
      await came;
      came = next();
      socket.send("GET / HTTP/1.1\r\n\r\n");
      await came;
      assert.deepEqual([messages.length, faults], [1, ["the first line is not SIP"]]);
      came = next();
      socket.send(options("after a fault"));
      await came;
      assert.equal(messages.length, 2);
    });

    it("reaches a server as its client, whose Contact leads to this connection only (§5)", async (t) => {
      const house = await listening(t, listeners[kind]);
      const { transport } = await listening(t, listeners[kind]);
      const flow = transport.to({ host: "127.0.0.1", port: house.port, name: "localhost" });
      const came = house.next();
      flow.send(Buffer.from(options("one", kind.toUpperCase())));
      await came;
      const contact = contactOn(flow, "8000");
      assert.match(contact, new RegExp(`^<sip:8000@[0-9a-f]{12}\\.invalid;transport=${kind}>$`));
      assert.equal(contactOn(flow, "8000"), contact);
      const theirs = house.messages[0]?.flow;
      assert.ok(theirs);
      // As the one who was connected to, we are found at our address.
      assert.equal(contactOn(theirs, "1"), `<sip:1@127.0.0.1:${house.port};transport=${kind}>`);
      assert.equal(transport.to({ host: "127.0.0.1", port: house.port, name: "localhost" }), flow);
    });
  });

describe("a WebSocket listener", () => {
  it("sends what is not UTF-8 in a binary frame, since a browser hangs up over such text (RFC 6455 §8.1)", async (t) => {
    const { messages, next, port } = await listening(t, listeners.ws);
    const socket = await browser(t, "ws", port);
    const came = next();
    socket.send(options("one"));
    await came;
    const answer = message(socket);
    messages[0]?.flow.send(Buffer.from([0x41, 0xff]));
    assert.deepEqual(await answer, { text: "A\xff", isBinary: true });
  });

  it("refuses who does not speak its sub-protocol (§4.1), and says what it is to who wants a page", async (t) => {
    const { port } = await listening(t, listeners.ws);
    for (const protocol of ["chat", undefined]) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`, protocol);
      const [error] = (await once(socket, "error")) as [Error];
      assert.match(error.message, /400/);
    }
    const asked = request({ host: "127.0.0.1", port }).end();
    const [response] = (await once(asked, "response")) as [NodeJS.ReadableStream & { statusCode: number }];
    assert.equal(response.statusCode, 426);
    response.resume();
  });

  it("keeps no connection of who is refused and does not end its side", async () => {
    const socket = new PassThrough();
    webSocketGreeter(() => assert.fail("taken")).upgrade(new IncomingMessage(new Socket()), socket, Buffer.alloc(0));
    await once(socket, "close");
  });

  it("outlives a reset by who is refused", async () => {
    const socket = new PassThrough();
    webSocketGreeter(() => assert.fail("taken")).upgrade(new IncomingMessage(new Socket()), socket, Buffer.alloc(0));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.destroy(new Error("read ECONNRESET"));
    await closed;
  });

  it("outlives rubbish of who is turned away for want of a certificate", async (t) => {
    const tlsRequired = { own, ca: { pem: certificate }, clients: "required" } as const;
    const { port, next, troubles } = await listening(t, { transport: "wss", tls: tlsRequired });
    const told = next();
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }).on("error", () => {});
    await once(socket, "secureConnect");
    const head = [
      "GET / HTTP/1.1",
      "Host: a",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
    ];
    const wish = [...head, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol: sip", "", ""];
    socket.write(Buffer.concat([Buffer.from(wish.join("\r\n")), Buffer.alloc(20, 0xff)]));
    socket.resume();
    await Promise.all([told, once(socket, "close")]);
    assert.match(troubles[0]?.message ?? "", /shows no certificate/);
  });

  it("answers the empty lines by which SIP.js pings, and WebSocket's own ping", async (t) => {
    const { port, faults } = await listening(t, listeners.ws);
    const socket = await browser(t, "ws", port);
    const answer = message(socket);
    socket.send("\r\n\r\n");
    assert.equal((await answer).text, "\r\n");
    socket.send("\r\n");
    const pong = once(socket, "pong");
    socket.ping();
    await pong;
    assert.deepEqual(faults, []);
  });

  it("ends a connection over a frame larger than any message may be", async (t) => {
    const { port } = await listening(t, listeners.ws);
    const socket = await browser(t, "ws", port);
    socket.send("x".repeat(90_000));
    const [code] = (await once(socket, "close")) as [number];
    assert.equal(code, 1009);
  });

  it("pings a browser each half minute, and ends the connection of one that is gone without a word", async (t) => {
    const clock = new FakeClock();
    const { port, messages, next } = await listening(t, { ...listeners.ws, clock });
    const living = await browser(t, "ws", port);
    const gone = await browser(t, "ws", port, "sip", { autoPong: false });
    for (const [socket, name] of [
      [living, "living"],
      [gone, "gone"],
    ] as const) {
      const came = next();
      socket.send(options(name));
      await came;
    }
    const pings = [once(living, "ping"), once(gone, "ping")];
    await clock.advance(connectionLimits.pingMs);
    await Promise.all(pings);
    // A turn with the living one: its pong was sent before, and has been read by now.
    const came = next();
    living.send(options("again"));
    await came;
    const ended = once(gone, "close");
    await clock.advance(10_000);
    await ended;
    assert.deepEqual(
      messages.map(({ message, flow }) => [message.callId, flow.closed]),
      [
        ["living", false],
        ["gone", true],
        ["again", false],
      ],
    );
  });

  it("ends a connection that never greets, or never brings a message, pings or not", async (t) => {
    const clock = new FakeClock();
    const { port, client } = await listening(t, { ...listeners.ws, clock });
    const mute = await client();
    mute.resume();
    const silent = await browser(t, "ws", port);
    const ends = [once(mute, "close"), once(silent, "close")];
    await clock.advance(10_000);
    await ends[0];
    assert.equal(silent.readyState, WebSocket.OPEN);
    await clock.advance(20_000);
    await ends[1];
  });

  it("drops a source that is not admitted: before the greeting, and in the middle", async (t) => {
    let admitted = true;
    const { port, messages } = await listening(t, { ...listeners.ws, admits: () => admitted });
    const socket = await browser(t, "ws", port);
    admitted = false;
    const ended = once(socket, "close");
    socket.send(options("one"));
    await ended;
    const other = new WebSocket(`ws://127.0.0.1:${port}/`, "sip");
    await once(other, "error");
    assert.deepEqual(messages, []);
  });

  it("ends a connection whose peer does not read, instead of keeping megabytes for it", async (t) => {
    const { port, messages, next } = await listening(t, listeners.ws);
    const socket = await browser(t, "ws", port);
    const came = next();
    socket.send(options("one"));
    await came;
    socket.pause();
    const flow = messages[0]?.flow;
    assert.ok(flow);
    for (let sent = 0; sent < 1000 && !flow.closed; sent++) {
      flow.send(Buffer.alloc(64 * 1024, 0x41));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(flow.closed, true);
  });

  it("still sends what was written just before it is closed", async (t) => {
    const { transport } = await listening(t, listeners.ws);
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "sip" });
    t.after(() => server.close());
    await once(server, "listening");
    const accepted = once(server, "connection") as Promise<[WebSocket]>;
    const { port } = server.address() as { port: number };
    transport.to({ host: "127.0.0.1", port }).send(Buffer.from("BYE"));
    const closed = transport.close();
    const [socket] = await accepted;
    assert.equal((await message(socket)).text, "BYE");
    await closed;
  });

  it("says that a server cannot be reached: refused, or not speaking SIP", async (t) => {
    const { transport, client, port } = await listening(t, { transport: "tcp" }).then(async (tcp) => ({
      ...(await listening(t, listeners.ws)),
      client: tcp.client,
      port: tcp.port,
    }));
    // The TCP listener reads the greeting as SIP and ends the connection.
    const flow = transport.to({ host: "127.0.0.1", port });
    const error = await new Promise<{ code: string }>((resolve) => flow.send(Buffer.from("x"), resolve));
    assert.equal(error.code, "unreachable");
    const socket: Socket = await client();
    socket.destroy();
  });
});
