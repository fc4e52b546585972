// Every node on its own: it loads, says what it lacks, and leaves nothing behind when it is closed.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import type { DoorNode } from "../../nodes/door/node.ts";
import type { EndpointNode } from "../../nodes/sip-endpoint/node.ts";
import { root } from "../../scripts/repository.ts";
import { run } from "../support/processes.ts";
import { endpoint, Flow, frontdoor, openSockets, type FlowNode } from "./flow.ts";

let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

describe("the commands of the package", () => {
  for (const [path, name] of [
    ["sim", "npx portero-sim bell"],
    ["server", "npx portero-server --config"],
  ] as const)
    it(`X9 ${name} is what its help says, and not a script that only a clone has`, async () => {
      const { code, output } = await run(process.execPath, [join(root, `dist/src/${path}/cli.js`), "--help"]);
      assert.equal(code, 0);
      assert.ok(output.includes(name) && !output.includes("npm run"), output);
    });
});

describe("nodes that are loaded and closed", () => {
  const nodes: FlowNode[] = [
    { id: "n", type: "sip-registrar", endpoint: "ep", extensions: [{ number: "6001" }] },
    { id: "n", type: "doorbell-in", door: "door1" },
    { id: "n", type: "dial-strategy" },
    { id: "n", type: "dtmf-out", mode: "open", door: "door1" },
    { id: "n", type: "door-state", door: "door1" },
    { id: "n", type: "call-control" },
    { id: "n", type: "camera-snapshot", door: "door1", width: "320" },
    { id: "n", type: "visit-log", endpoint: "ep" },
    { id: "n", type: "mqtt-bridge", endpoint: "ep", url: "mqtt://127.0.0.1:9" },
    { id: "n", type: "doorbell-sim", role: "bell", door: "door1" },
    { id: "n", type: "doorbell-sim", role: "phone", endpoint: "ep", extension: "6001" },
  ];
  for (const node of nodes) {
    it(`${node.type}${node["role"] === "phone" ? " (phone)" : ""} leaves no socket and no worker`, async () => {
      const before = openSockets();
      flow = await Flow.load([endpoint, frontdoor, node]);
      await flow.node<EndpointNode>("ep").listening();
      assert.notDeepEqual(openSockets(), before, "the endpoint listens");
      await flow.close();
      flow = undefined;
      assert.deepEqual(openSockets(), before);
    });
  }

  it("frees its port for the next deploy", async () => {
    flow = await Flow.load([endpoint, frontdoor]);
    await flow.node<EndpointNode>("ep").listening();
    const { port } = flow.node<EndpointNode>("ep").reachable();
    const same = { ...endpoint, port: String(port) };
    await flow.deploy([same, frontdoor], "full");
    await flow.node<EndpointNode>("ep").listening();
    await flow.deploy([{ ...same, realm: "other" }, frontdoor], "nodes");
    await flow.node<EndpointNode>("ep").listening();
    assert.equal(flow.node<EndpointNode>("ep").reachable().port, port);
  });
});

describe("nodes that lack something say so and stay", () => {
  const lacking: [FlowNode, RegExp][] = [
    [{ id: "n", type: "sip-registrar", endpoint: "gone" }, /no-endpoint/],
    [{ id: "n", type: "doorbell-in", door: "gone" }, /no-door/],
    [{ id: "n", type: "doorbell-in" }, /no-endpoint/],
    [{ id: "n", type: "visit-log" }, /no-endpoint/],
    [{ id: "n", type: "door-state", door: "gone" }, /no-door/],
    [{ id: "n", type: "mqtt-bridge", endpoint: "" }, /no-endpoint/],
    [{ id: "n", type: "mqtt-bridge", endpoint: "ep", broker: "gone" }, /no-broker/],
    [{ id: "n", type: "mqtt-bridge", endpoint: "ep", base: "a/#" }, /base must be a topic/],
    [{ id: "n", type: "doorbell-sim", role: "bell", door: "gone" }, /no-door/],
    [{ id: "n", type: "doorbell-sim", role: "phone", endpoint: "ep" }, /no-extension/],
  ];
  for (const [node, wanted] of lacking) {
    it(`${node.type}: ${wanted.source}`, async () => {
      flow = await Flow.load([endpoint, node]);
      const look = await flow.status("n", (s) => s.fill === "red");
      assert.match(look.text ?? "", wanted);
    });
  }

  it("a message to a node without an endpoint is an error with a sentence, not the end of Node-RED", async () => {
    flow = await Flow.load([{ id: "n", type: "sip-registrar", endpoint: "gone" }]);
    const node = flow.node("n");
    const error = once(node, "call:error");
    node.receive({ topic: "list" });
    const [call] = (await error) as [{ args: [string] }];
    assert.match(call.args[0], /no SIP endpoint: choose one/);
  });
});

describe("sip-endpoint", () => {
  it("names a busy port in the status of the nodes that use it, and in the log", async () => {
    const other = createSocket("udp4").bind(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address();
    const node = { id: "n", type: "doorbell-in", door: "door1" };
    flow = await Flow.load([{ ...endpoint, tcp: false, port: String(port) }, frontdoor, node]);
    const look = await flow.status("n", (s) => s.fill === "red");
    assert.match(look.text ?? "", new RegExp(`${port}.*taken`));
    assert.ok(flow.logged().some((text) => text.includes(String(port))));
    other.close();
    await once(other, "close");
    // The port is tried again by itself.
    await flow.node<EndpointNode>("ep").listening();
    await flow.status("n", (s) => s.fill === "grey");
  });

  it("refuses a port that cannot be with a sentence, in the status of its users", async () => {
    const node = { id: "n", type: "doorbell-in", door: "door1" };
    flow = await Flow.load([{ ...endpoint, port: "sixty" }, frontdoor, node]);
    const look = await flow.status("n", (s) => s.fill === "red");
    assert.match(look.text ?? "", /port must be a whole number/);
  });

  it("P6: makes the same password for the same extension, from a secret that only its owner reads", async () => {
    flow = await Flow.load([endpoint]);
    const first = flow.node<EndpointNode>("ep").passwordFor("6001").reveal();
    assert.match(first, /^[0-9a-hjkmnp-tv-z]{16}$/);
    assert.notEqual(flow.node<EndpointNode>("ep").passwordFor("6002").reveal(), first);
    const file = join(flow.userDir, "portero", "secret");
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    await flow.deploy([endpoint, frontdoor], "full");
    assert.equal(flow.node<EndpointNode>("ep").passwordFor("6001").reveal(), first);
    assert.ok(!(await readFile(file, "utf8")).includes(first));
    const { body, headers } = await flow.admin.get("/portero/password/ep?extension=6001");
    assert.equal(headers["cache-control"], "no-store");
    assert.deepEqual(body, { login: "6001", password: first });
  });

  it("tells the dialog where devices reach it", async () => {
    flow = await Flow.load([endpoint]);
    await flow.node<EndpointNode>("ep").listening();
    const { body } = await flow.admin.get("/portero/endpoint/ep");
    const { port } = flow.node<EndpointNode>("ep").reachable();
    const addresses = ["udp", "tcp"].map((transport) => ({ transport, address: "127.0.0.1", port }));
    assert.deepEqual(body, { host: "127.0.0.1", port, transports: ["udp", "tcp"], addresses });
    assert.equal((await flow.admin.get("/portero/endpoint/none")).status, 404);
  });
});

describe("door", () => {
  it("H20: two doors with one number are refused, and status and log name both", async () => {
    const back = { ...frontdoor, id: "door2", name: "Back door" };
    flow = await Flow.load([endpoint, frontdoor, back, { id: "n", type: "doorbell-in", door: "door2" }]);
    const look = await flow.status("n", (s) => s.fill === "red");
    assert.match(look.text ?? "", /503.*Front door.*Back door/);
    assert.ok(flow.logged().some((text) => /503.*Front door.*Back door/.test(text)));
  });

  it("H20: an extension of a registrar that a door has already is left out, the others work", async () => {
    const extensions = [{ number: "503" }, { number: "6001" }];
    flow = await Flow.load([
      endpoint,
      frontdoor,
      { id: "n", type: "sip-registrar", name: "Phones", endpoint: "ep", extensions },
    ]);
    const look = await flow.status("n", (s) => s.fill === "red");
    assert.match(look.text ?? "", /503.*Front door.*Phones/);
    const ep = flow.node<EndpointNode>("ep");
    const again = { extension: "6001", name: "x", password: ep.passwordFor("6001") };
    assert.throws(() => ep.switchboard.addExtension(again, "test"), /6001.*Phones/);
  });

  it("P7: a wrong setting is a sentence without the password in the URL", async () => {
    const wrong = { ...frontdoor, preset: "generic", imageUrl: "ftp://admin:hunter2@1.2.3.4/x.jpg" };
    flow = await Flow.load([endpoint, wrong, { id: "n", type: "doorbell-in", door: "door1" }]);
    const look = await flow.status("n", (s) => s.fill === "red");
    assert.match(look.text ?? "", /imageUrl/);
    assert.ok(!flow.logged().some((text) => text.includes("hunter2")));
  });

  it("X11: a user's own presets are made from the dialog, kept beside the flows, and used by doors", async () => {
    flow = await Flow.load([]);
    const { admin, userDir } = flow;
    const made = (wish: object) => admin.post("/portero/presets").send({ base: "dahua", maker: "Acme", ...wish });
    const shown = await made({ label: "Acme Gate", imageUrl: "http://a:hunter2@10.0.0.7/x.jpg" });
    const { preset } = shown.body as { preset: { id: string; camera: { image: string } } };
    assert.deepEqual([preset.id, preset.camera.image], ["acme-gate", "http://{address}/x.jpg"]);
    for (const [wish, sentence] of [
      [{}, /the preset has no name: enter one/],
      [{ label: "Gate", works: true }, /say which device and firmware it works with/],
      [{ label: "2N", save: true }, /comes with Portero \(2n\): give it another, such as 2n-own/],
      [{ label: "Gate", base: "gone" }, /present device is not known/],
      [{ label: "Gate", dtmfMs: "9" }, /dtmf\.durationMs must be >= 40/],
    ] as const) {
      const { status, body } = await made(wish);
      assert.equal(status, 400);
      assert.match((body as { reason: string }).reason, sentence);
    }
    assert.equal((await made({ label: "Acme Gate", save: true })).status, 200);
    assert.deepEqual((await made({ label: "Acme Gate", save: true })).body, {
      taken: 'there is a preset "acme-gate" already: choose another name, or replace it',
    });
    assert.equal((await made({ label: "Acme Gate", save: true, replace: true })).status, 200);
    await writeFile(join(userDir, "portero", "presets", "broken.json"), "{");
    const { body } = await admin.get("/portero/presets");
    const { presets, faults } = body as { presets: { id: string; own: boolean }[]; faults: string[] };
    assert.deepEqual(
      presets.filter(({ own }) => own).map(({ id }) => id),
      ["acme-gate"],
    );
    assert.match(faults.join(), /^preset file broken\.json: it is not JSON/);
    const door = { ...frontdoor, login: "", preset: "acme-gate" };
    await flow.deploy([endpoint, door], "full");
    assert.equal(flow.node<DoorNode>(frontdoor.id).settings?.make.label, "Acme Gate");
    await flow.deploy(
      [endpoint, { ...door, preset: "broken" }, { id: "n", type: "doorbell-in", door: "door1" }],
      "full",
    );
    const look = await flow.status("n", (s) => s.fill === "red");
    assert.match(look.text ?? "", /preset is not known/);
    assert.ok(
      flow.logged().some((text) => /choose one of generic.*; preset file broken\.json: it is not JSON/.test(text)),
    );
  });

  it("lists the presets with their level of evidence (X11)", async () => {
    flow = await Flow.load([]);
    const { body } = await flow.admin.get("/portero/presets");
    const { presets, faults } = body as { presets: { id: string; evidence: string }[]; faults: string[] };
    assert.deepEqual(faults, []);
    assert.equal(presets[0]?.id, "generic");
    assert.ok(presets.every((preset) => ["device", "source", "unverified"].includes(preset.evidence)));
  });
});
