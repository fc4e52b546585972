import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { describe, it } from "node:test";
import { logLine } from "../../scripts/start/node-red.ts";
import { choosePorts, parseOptions } from "../../scripts/start/options.ts";
import { banner, lookAt } from "../../scripts/start/ready.ts";

describe("The options of npm start", () => {
  const parse = (...args: string[]) => parseOptions(args, "/house");

  it("default to the usual ports, loopback, .node-red and simulated devices", () => {
    assert.deepEqual(parse(), {
      ...{ port: undefined, sipPort: undefined, mqttPort: undefined },
      ...{ host: "127.0.0.1", userDir: "/house/.node-red", sim: true, help: false },
    });
  });

  it("take ports, a folder and no simulation", () => {
    const options = parse("--port", "0", "--sip-port=5070", "--mqtt-port", "1884", "--user-dir", "/tmp/x", "--no-sim");
    assert.deepEqual([options.port, options.sipPort, options.mqttPort], [0, 5070, 1884]);
    assert.deepEqual([options.userDir, options.sim], ["/tmp/x", false]);
  });

  it("refuse what is no port and what nobody knows, by a sentence", () => {
    assert.throws(() => parse("--port", "65536"), /--port must be a number from 0 to 65535, not "65536"/);
    assert.throws(() => parse("--sip-port", "-1"), Error);
    assert.throws(() => parse("--prot", "1"), /--prot/);
  });
});

describe("The ports of npm start", () => {
  it("are three different free ones for 0, and a taken one that was asked for is named", async () => {
    const { editor, sip, mqtt } = await choosePorts(parseOptions(["--port=0", "--sip-port=0", "--mqtt-port=0"], "/"));
    assert.equal(new Set([editor, sip, mqtt, 0]).size, 4);
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? address?.port : undefined;
    await assert.rejects(choosePorts(parseOptions([`--port=${port ?? ""}`, "--sip-port=0"], "/")), {
      message: `Port ${port ?? ""} (--port) is taken by another program: end that one, choose another port, or leave --port out.`,
    });
    other.close();
  });
});

describe("What npm start tells", () => {
  const endpoint = (port: number, trouble?: string) => ({
    reachable: () => ({ host: "127.0.0.1", port, transports: ["udp", "tcp"] }),
    health: { trouble },
    switchboard: { registrations: () => [{ extension: "503" }] },
  });
  const sim = (role: "bell" | "phone", extension: string) => ({
    credentialsForStarter: () => ({ role, extension, login: extension, password: `p${extension}` }),
  });
  const look = (...list: [type: string, node: unknown, name?: string][]) =>
    lookAt(
      {
        eachNode: (visit) => list.forEach(([type, , name], i) => visit({ id: `n${i}`, type, name })),
        getNode: (id) => list[Number(id.slice(1))]?.[1],
        getNodeList: () => [],
      },
      "http://127.0.0.1:1880",
      "mqtt://127.0.0.1:1883",
    );

  it("holds addresses and the logins of simulated devices", () => {
    const { ready, waiting, late } = look(
      ["ui-base", {}],
      ["sip-endpoint", endpoint(5060)],
      ["doorbell-sim", sim("bell", "503")],
      ["doorbell-sim", sim("phone", "6001"), "Kitchen"],
      ["doorbell-sim", { credentialsForStarter: () => undefined }],
    );
    assert.deepEqual(ready, {
      editor: "http://127.0.0.1:1880/",
      dashboard: "http://127.0.0.1:1880/dashboard",
      sip: { host: "127.0.0.1", port: 5060, transports: ["udp", "tcp"] },
      mqtt: "mqtt://127.0.0.1:1883",
      bell: { extension: "503", login: "503", password: "p503", camera: null },
      phones: [{ extension: "6001", login: "6001", password: "p6001" }],
    });
    assert.deepEqual(waiting, []);
    assert.deepEqual(late, ['The simulated phone "Kitchen" (6001) is not registered.']);
    assert.match(banner(ready), /SIP {8}127\.0\.0\.1:5060 \(udp, tcp\)\n/);
    assert.doesNotMatch(banner(ready), /p503|p6001/);
  });

  it("names the endpoint that does not listen, and why", () => {
    const { ready, waiting } = look(["sip-endpoint", endpoint(0, "UDP port 5060 is taken"), "House"]);
    assert.deepEqual(waiting, ['The SIP endpoint "House" does not listen yet: UDP port 5060 is taken.']);
    assert.equal(ready.sip, null);
  });

  it("waits for flows that do not run yet", () => {
    const { waiting } = lookAt("The flows do not run yet.", "http://127.0.0.1:1880", "mqtt://127.0.0.1:1883");
    assert.deepEqual(waiting, ["The flows do not run yet."]);
  });

  it("does not wait for what the flows do not have", () => {
    const { ready, waiting, late } = look(["sip-endpoint", null]);
    assert.deepEqual([ready.dashboard, ready.sip, ready.bell, waiting, late], [null, null, null, [], []]);
  });
});

describe("The log of npm start", () => {
  it("shows what nodes tell and what went wrong, not the rest", () => {
    assert.equal(logLine({ level: 40, msg: "Starting flows" }), undefined);
    assert.equal(logLine({ level: 50, msg: "detail", type: "door", id: "1" }), undefined);
    assert.equal(
      logLine({ level: 40, msg: "registered", type: "door", id: "1", name: "Front" }),
      "[info] [door:Front] registered",
    );
    assert.equal(logLine({ level: 20, msg: new Error("broken") }), "[error] broken");
  });
});
