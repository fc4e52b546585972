// Node-RED with a login for its editor (adminAuth): who has none gets nothing of ours, and who may only read changes nothing and
// learns no secret. All routes of ours are asked, whichever there are.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { RequestHandler } from "../../nodes/http.d.ts";
import type { Red } from "../../nodes/red.d.ts";
import { root } from "../../scripts/repository.ts";
import { Routes } from "../nodes/routes.ts";
import { until } from "../support/patience.ts";
import { ClosedHouse, hash, login } from "./closed-house.ts";
import type { FlowNode } from "./house.ts";

const flow: FlowNode[] = [
  { id: "f", type: "tab", label: "house" },
  { id: "ep", type: "sip-endpoint", bind: "127.0.0.1", port: "0", rtpFrom: "0", rtpTo: "0" },
  {
    ...{ id: "d1", type: "door", name: "Front door", endpoint: "ep", preset: "2n", extension: "503", hooks: true },
    ...{ relays: [{ id: "gate", name: "Gate" }], imageUrl: "http://127.0.0.1:9/a.jpg" },
  },
  { id: "acc", type: "sip-account", endpoint: "ep", server: "127.0.0.1:9", user: "100", extension: "0" },
  {
    id: "reg",
    type: "sip-registrar",
    z: "f",
    endpoint: "ep",
    extensions: [{ extension: "6001" }],
    wires: [[], [], [], []],
  },
  { id: "sim", type: "doorbell-sim", z: "f", endpoint: "ep", wires: [[]] },
  { id: "snap", type: "camera-snapshot", z: "f", door: "d1", wires: [[], []] },
  { id: "mqtt", type: "mqtt-bridge", z: "f", endpoint: "ep", wires: [[]] },
];
const entered = ["Zutritt-1", "0815#", "4711#", "Kamera-2", "Konto-3", "Sim-4", "Bild-5", "Makler-6", "Eigen-7"];
const [word, code, relay, camera, account, sim, picture, broker, own] = entered;
const credentials = {
  d1: {
    password: word,
    code,
    relayCodes: JSON.stringify({ gate: relay }),
    cameraUsername: "u",
    cameraPassword: camera,
  },
  acc: { password: account, password2: account },
  reg: { passwords: JSON.stringify({ "6001": own }) },
  sim: { password: sim },
  snap: { username: "u", password: picture },
  mqtt: { username: "u", password: broker },
};
const users = [
  { username: "reader", password: hash, permissions: "read" },
  { username: "owner", password: hash, permissions: "*" },
];
/** What stands in a route for a node or its parts. */
const places: Readonly<Record<string, string>> = {
  ...{
    trace: "ep",
    endpoint: "ep",
    bans: "ep",
    account: "acc",
    hook: "d1",
    door: "d1",
    picture: "d1",
    password: "reg",
  },
  ...{ registrar: "reg", "mqtt-key": "mqtt", snapshot: "snap", sim: "sim" },
};
const query = "?extension=6001&names=x.test&address=192.0.2.1&of=call-1";

interface Route {
  readonly method: string;
  readonly path: string;
  readonly permission: string;
}

/** What our nodes give to Node-RED's editor. */
async function routesOfAll(): Promise<Route[]> {
  const found: Route[] = [];
  const permissions = new Map<RequestHandler, string>();
  const note =
    (method: string) =>
    (path: string, ...handlers: RequestHandler[]) => {
      const [, kind = ""] = /^\/portero\/([^/]+)/.exec(path) ?? [];
      const filled = path.replace(/:\w+/, places[kind] ?? "none").replace(/:\w+/, "k1");
      const [first] = handlers.length > 1 ? handlers : [];
      found.push({ method, path: filled.slice(1) + query, permission: (first && permissions.get(first)) ?? "" });
    };
  const needsPermission = (name: string): RequestHandler => {
    const handler = () => {};
    permissions.set(handler, name);
    return handler;
  };
  const RED = {
    ...{ httpAdmin: { get: note("GET"), post: note("POST"), use: note("POST") }, httpNode: new Routes().app },
    ...{ auth: { needsPermission }, nodes: { registerType: () => {} }, settings: {}, events: { once: () => {} } },
  } as unknown as Red;
  for (const { name } of readdirSync(join(root, "nodes"), { withFileTypes: true }).filter((one) => one.isDirectory())) {
    if (name === "editor") continue;
    const { default: load } = (await import(`../../nodes/${name}/${name}.ts`)) as { default: (red: Red) => void };
    load(RED);
  }
  return found;
}

describe("P7 the editor's routes, where Node-RED asks for a login", () => {
  let house: ClosedHouse;
  let routes: Route[];
  const tokens: Record<string, string> = {};
  const ask = async (path: string, user?: string, method = "GET") => {
    const headers = {
      "Content-Type": "application/json",
      ...(user && { Authorization: `Bearer ${tokens[user] ?? ""}` }),
    };
    const answer = await fetch(house.url + path, { method, headers, ...(method === "POST" && { body: "{}" }) });
    return { status: answer.status, text: await answer.text() };
  };
  before(async () => {
    routes = await routesOfAll();
    house = await ClosedHouse.start(flow, credentials, { adminAuth: { type: "credentials", users } });
    for (const { username, permissions } of users) {
      const wish = { client_id: "node-red-admin", grant_type: "password", scope: permissions, username };
      const body = new URLSearchParams({ ...wish, password: login.password });
      const answer = await fetch(`${house.url}auth/token`, { method: "POST", body });
      tokens[username] = ((await answer.json()) as { access_token: string }).access_token;
    }
  });
  after(() => house.end());

  it("give nothing to who has not logged in", async () => {
    assert.ok(routes.length > 20);
    for (const { method, path } of routes) assert.equal((await ask(path, undefined, method)).status, 401, path);
  });

  it("let nobody write who may only read; what is asked without writing, they may if it is no secret", async () => {
    for (const { method, path, permission } of routes) {
      assert.match(permission, method === "POST" ? /^[a-z-]+\.write$/ : /^[a-z-]+\.(read|write)$/, path);
      const { status } = await ask(path, "reader", method);
      if (permission.endsWith(".write")) assert.equal(status, 401, path);
      else assert.ok([200, 404].includes(status), `${path}: ${status}`);
    }
  });

  it("tell no secret to who may only read, neither they nor Node-RED itself nor the trace", async () => {
    const told = async (path: string) => JSON.parse((await ask(path + query, "owner")).text) as Record<string, string>;
    const secrets = [
      ...entered,
      (await told("portero/hook/d1"))["path"] ?? "",
      (await told("portero/password/d1"))["password"] ?? "",
      (await told("portero/password/reg"))["password"] ?? "",
      (await told("portero/mqtt-key/mqtt/k1"))["secret"] ?? "",
    ];
    // They are where they belong.
    assert.deepEqual((await told("portero/registrar/reg"))["passwords"], { "6001": own });
    assert.deepEqual((await told("portero/door/d1/opening"))["relays"], { gate: relay });
    assert.ok(secrets.every((secret) => secret.length > 4));

    const response = "5ec2e75ec2e75ec2e75ec2e75ec2e75e";
    await heard(await ask("portero/endpoint/ep", "reader"), [
      `Authorization: Digest username="6001", realm="x", nonce="n", uri="sip:x", response="${response}"`,
      ...["Content-Type: application/dtmf-relay", "Content-Length: 12", "", "Signal=4711#"],
    ]);
    await until("the trace to hold the call", async () =>
      (await ask("portero/trace/ep/text", "reader")).text.includes("call-1"),
    );
    const seen = [
      ...routes
        .filter(({ method, permission }) => method === "GET" && permission.endsWith(".read"))
        .map(({ path }) => path),
      ...["flows", "nodes", "settings", ...flow.slice(1).map(({ type, id }) => `credentials/${type}/${id}`)],
      ...["trace/ep", "trace/ep/text", "trace/ep/pcap"].map((path) => `portero/${path}`),
    ];
    for (const path of seen) {
      const { text } = await ask(path, "reader");
      for (const secret of [...secrets, response, "Signal=4"]) assert.ok(!text.includes(secret), `${path}: ${secret}`);
    }
  });
});

/** An INFO to the endpoint, as anybody can send it. */
async function heard({ text }: { text: string }, lines: readonly string[]): Promise<void> {
  const { addresses } = JSON.parse(text) as { addresses: { transport: string; port: number }[] };
  const port = addresses.find(({ transport }) => transport.toLowerCase() === "udp")?.port ?? 0;
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const via = `Via: SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=z9hG4bK1`;
  const head = ["INFO sip:503@127.0.0.1 SIP/2.0", via, "From: <sip:6001@127.0.0.1>;tag=1", "To: <sip:503@127.0.0.1>"];
  const answered = once(socket, "message");
  socket.send(
    [...head, "Call-ID: call-1", "CSeq: 1 INFO", "Max-Forwards: 70", ...lines].join("\r\n"),
    port,
    "127.0.0.1",
  );
  await answered;
  socket.close();
}
