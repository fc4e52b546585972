import { Aedes } from "aedes";
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as http } from "node:http";
import { createServer as https } from "node:https";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createWebSocketStream, WebSocketServer } from "ws";
import { without } from "../support/peers.ts";
import { Broker } from "./broker.ts";
import { setting } from "./house.ts";
import { Wire } from "./wire.ts";

/** A TCP server on loopback and its mqtt: address. */
async function serving(serve: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    serve(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** aedes knows MQTT 3.1.1 only. It holds a retained PRESS for the front door. */
async function oldBroker() {
  const aedes = await Aedes.createBroker();
  const server = await serving(aedes.handle);
  const topic = "doorbell/front/door/open";
  const press = { cmd: "publish", topic, payload: Buffer.from("PRESS"), qos: 0, dup: false, retain: true } as const;
  await new Promise<void>((resolve, reject) => aedes.publish(press, (error) => (error ? reject(error) : resolve())));
  return {
    ...{ url: server.url, aedes, topic },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    },
  };
}

describe("A broker that speaks only MQTT 3.1.1 (aedes)", () => {
  it("is served in its version; what it has retained it delivers, and we refuse it (rule 1)", async () => {
    await using broker = await oldBroker();
    await using house = setting(broker.url, { commands: "always" });
    const refused = once(house.bridge, "refused");
    house.bridge.start();
    await refused;
    assert.deepEqual(
      house.refusals.map(({ door, code }) => [door, code]),
      [["front", "retained"]],
    );
    assert.deepEqual(house.house.asked, []);
    assert.deepEqual(
      house.statuses.map(({ state }) => state),
      ["connecting", "online"],
    );
  });

  it("loses what it has retained where the settings say so", async () => {
    await using broker = await oldBroker();
    await using house = setting(broker.url, { commands: "always", clearRetained: true });
    const cleared = new Promise<void>((resolve) => {
      broker.aedes.on("publish", ({ topic, payload, retain }) => {
        if (topic === broker.topic && payload.length === 0 && retain) resolve();
      });
    });
    house.bridge.start();
    await cleared;
    assert.deepEqual(house.house.asked, []);
  });
});

describe("A broker that closes without a word", () => {
  it("is asked with the other version the next time", async () => {
    const versions: (number | undefined)[] = [];
    await using server = await serving((socket) =>
      socket.once("data", (connect) => {
        // CONNECT: fixed header, length, "MQTT" with its length, then the version (MQTT 3.1.1 §3.1.2.2).
        versions.push(connect[2 + 2 + 4]);
        socket.end();
      }),
    );
    await using house = setting(server.url);
    house.bridge.start();
    for (const wait of [1, 2, 4]) {
      const { text } = await house.status(/away/);
      assert.equal(
        text,
        `broker away: it closed the connection at once (does it speak MQTT without TLS on this port?), trying again in ${wait} s`,
      );
      await house.clock.advance(wait * 1000);
    }
    await house.status(/in 8 s/);
    assert.deepEqual(versions, [5, 4, 5, 4]);
  });

  it("is asked with the version of the settings only, where there is one", async () => {
    const versions: (number | undefined)[] = [];
    await using server = await serving((socket) =>
      socket.once("data", (connect) => {
        versions.push(connect[2 + 2 + 4]);
        socket.end();
      }),
    );
    await using house = setting(server.url, { version: "3.1.1" });
    house.bridge.start();
    await house.status(/in 1 s/);
    await house.clock.advance(1_000);
    await house.status(/in 2 s/);
    assert.deepEqual(versions, [4, 4]);
  });

  it("or that is no broker at all, is one that is away", async () => {
    await using server = await serving((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await using house = setting(server.url);
    house.bridge.start();
    const { state, text } = await house.status(/away/);
    assert.equal(state, "offline");
    assert.match(text, /trying again in 1 s$/);
  });
});

describe("A broker whose connections fall again and again", { skip: without("mosquitto") }, () => {
  it("is asked less and less often, until one has stood for ten seconds", async () => {
    await using broker = await Broker.start();
    await using wire = await Wire.to(broker.port);
    await using house = setting(wire.url);
    house.bridge.start();
    for (const [stoodMs, seconds] of [
      [0, 1],
      [0, 2],
      [9_999, 4],
      [10_000, 1],
      [0, 2],
    ] as const) {
      await house.status(/^online/);
      await house.clock.advance(stoodMs);
      wire.cut();
      await house.status(new RegExp(`trying again in ${seconds} s`));
      await house.clock.advance(seconds * 1000);
    }
  });
});

describe("A broker with TLS", { skip: without("mosquitto") }, () => {
  const file = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

  it("is trusted by its CA, and refused without it with a sentence", async () => {
    await using broker = await Broker.start({ tls: { cert: file("trusted.pem"), key: file("trusted.key") } });
    await using stranger = setting(broker.url);
    stranger.bridge.start();
    const { state, text } = await stranger.status(/certificate/);
    assert.equal(state, "error");
    assert.match(text, /has a certificate that nobody here knows: give its CA/);
    await using friend = setting(broker.url, { clientId: "friend", tls: { ca: readFileSync(file("ca.pem")) } });
    friend.bridge.start();
    await friend.status(/^online/);
  });

  for (const [name, sentence] of [
    ["elsewhere", /has a certificate for another name: write that name into the address/],
    ["expired", /has a certificate that has expired: renew it/],
  ] as const)
    it(`whose certificate is ${name} is refused with a sentence`, async () => {
      await using broker = await Broker.start({ tls: { cert: file(`${name}.pem`), key: file(`${name}.key`) } });
      await using house = setting(broker.url, { tls: { ca: readFileSync(file("ca.pem")) } });
      house.bridge.start();
      const { state, text } = await house.status(/certificate/);
      assert.equal(state, "error");
      assert.match(text, sentence);
    });

  it("that asks for a certificate of ours gets it", async () => {
    const tls = { cert: file("trusted.pem"), key: file("trusted.key"), ca: file("ca.pem") };
    const ca = readFileSync(file("ca.pem"));
    await using broker = await Broker.start({ tls });
    await using nobody = setting(broker.url, { tls: { ca } });
    nobody.bridge.start();
    await nobody.status(/trying again/);
    const own = { ca, cert: readFileSync(file("elsewhere.pem")), key: readFileSync(file("elsewhere.key")) };
    await using friend = setting(broker.url, { clientId: "friend", tls: own });
    friend.bridge.start();
    await friend.status(/^online/);
  });

  it("that speaks none says so", async () => {
    await using plain = await Broker.start();
    await using house = setting(plain.url.replace("mqtt:", "mqtts:"));
    house.bridge.start();
    const { text } = await house.status(/trying again/);
    assert.match(
      text,
      /it cut the connection at once \(does it speak MQTT with TLS on this port\?\), trying again in 1 s$/,
    );
  });
});

// Debian's mosquitto cannot serve WebSocket everywhere; aedes can.
describe("A broker behind WebSocket", () => {
  const file = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url));

  for (const scheme of ["ws", "wss"])
    it(`is served by ${scheme}:, its last will included`, async () => {
      const aedes = await Aedes.createBroker();
      const web = scheme === "ws" ? http() : https({ cert: file("trusted.pem"), key: file("trusted.key") });
      const sockets = new WebSocketServer({ server: web });
      sockets.on("connection", (socket, request) => void aedes.handle(createWebSocketStream(socket), request));
      await once(web.listen(0, "127.0.0.1"), "listening");
      const url = `${scheme}://127.0.0.1:${(web.address() as AddressInfo).port}`;
      const gone = new Promise<void>((resolve) =>
        aedes.on("publish", ({ topic, payload }) => {
          if (topic === "doorbell/bridge/availability" && payload.toString() === "offline") resolve();
        }),
      );
      {
        await using house = setting(url, { version: "3.1.1", tls: { ca: file("ca.pem") } });
        house.bridge.start();
        await house.status(new RegExp(`^online: ${scheme}:`));
        for (const socket of sockets.clients) socket.terminate();
        await gone;
        await house.status(/away/);
      }
      web.close();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    });
});
