// Runs flows with our nodes in Node-RED's own runtime, without its web server: node-red-node-test-helper on node:test.
import { createRequire } from "node:module";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventEmitter, once } from "node:events";
import { mock } from "node:test";
import callControl from "../../nodes/call-control/call-control.ts";
import cameraSnapshot from "../../nodes/camera-snapshot/camera-snapshot.ts";
import conferenceRoom from "../../nodes/conference-room/conference-room.ts";
import dialStrategy from "../../nodes/dial-strategy/dial-strategy.ts";
import door from "../../nodes/door/door.ts";
import doorCode from "../../nodes/door-code/door-code.ts";
import doorState from "../../nodes/door-state/door-state.ts";
import doorbellIn from "../../nodes/doorbell-in/doorbell-in.ts";
import doorbellSim from "../../nodes/doorbell-sim/doorbell-sim.ts";
import dtmfOut from "../../nodes/dtmf-out/dtmf-out.ts";
import mqttBridge from "../../nodes/mqtt-bridge/mqtt-bridge.ts";
import parkingPlace from "../../nodes/parking-place/parking-place.ts";
import type { Message, RedNode, StatusLook } from "../../nodes/red.d.ts";
import sipAccount from "../../nodes/sip-account/sip-account.ts";
import sipEndpoint from "../../nodes/sip-endpoint/sip-endpoint.ts";
import sipRegistrar from "../../nodes/sip-registrar/sip-registrar.ts";
import visitLog from "../../nodes/visit-log/visit-log.ts";
import { Media, type MediaDeps, type MediaOptions } from "../../src/media/media.ts";
import { shareMediaThread } from "../support/media-thread.ts";

export interface FlowNode {
  id: string;
  type: string;
  [setting: string]: unknown;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

interface Helper {
  readonly _events: EventEmitter;
  load(nodes: unknown[], flow: FlowNode[], credentials?: Record<string, object>): Promise<void>;
  setFlows(flow: FlowNode[], type: "full" | "flows" | "nodes", credentials?: Record<string, object>): Promise<void>;
  unload(): Promise<void>;
  settings(settings: object): void;
  getNode(id: string): (RedNode & EventEmitter & { receive(msg: Message): void }) | null;
  request(): {
    get(path: string): Promise<Answer>;
    post(path: string): Promise<Answer> & {
      send(body: object): Promise<Answer>;
    };
  };
  log(): { getCalls(): { args: { level: number; msg: unknown }[] }[] };
}

// Of some hundred flows that start one after the other only the first needs to wait for a thread.
const start = Media.start.bind(Media);
mock.method(Media, "start", (options: MediaOptions, deps?: MediaDeps) =>
  start(options, { spawn: shareMediaThread, ...deps }),
);

const require = createRequire(import.meta.url);
const helper = require("node-red-node-test-helper") as Helper;
const all = [
  sipEndpoint,
  door,
  sipAccount,
  conferenceRoom,
  parkingPlace,
  sipRegistrar,
  doorbellIn,
  dialStrategy,
  dtmfOut,
  doorCode,
  doorState,
  callControl,
  cameraSnapshot,
  mqttBridge,
  doorbellSim,
  visitLog,
  require("@node-red/nodes/core/function/89-delay.js") as unknown,
];

/** The config nodes of most tests: an endpoint on any free port of loopback, and a simulated door at 503. */
export const endpoint: FlowNode = {
  id: "ep",
  type: "sip-endpoint",
  bind: "127.0.0.1",
  port: "0",
  rtpFrom: "0",
  rtpTo: "0",
};
export const frontdoor: FlowNode = {
  id: "door1",
  type: "door",
  name: "Front door",
  endpoint: "ep",
  preset: "simulated",
  extension: "503",
};
/** A node that keeps what it is sent; wire an output to it. */
export const sink = (id: string): FlowNode => ({ id, type: "helper", z: "f", x: 500, y: 100 });

export class Flow {
  readonly userDir: string;

  private constructor(userDir: string) {
    this.userDir = userDir;
  }

  static async load(flow: FlowNode[], credentials: Record<string, object> = {}, userDir?: string): Promise<Flow> {
    const folder = userDir ?? (await mkdtemp(join(tmpdir(), "portero-")));
    helper.settings({ userDir: folder, logging: { console: { level: "off" } } });
    await helper.load(all, placed(flow), credentials);
    return new Flow(folder);
  }

  /** A deploy. */
  async deploy(
    flow: FlowNode[],
    type: "full" | "flows" | "nodes",
    credentials: Record<string, object> = {},
  ): Promise<void> {
    const started = once(helper._events, "flows:started");
    // The helper itself waits 0.3 s for that, which a busy machine does not keep.
    const told = helper.setFlows(placed(flow), type, credentials).catch((error: unknown) => {
      if ((error as Error).message !== "timeout waiting event") throw error;
    });
    await Promise.all([told, started]);
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the test knows what it asks for
  node<T extends RedNode = RedNode>(id: string): T & EventEmitter & { receive(msg: Message): void } {
    const node = helper.getNode(id);
    if (!node) throw new Error(`the flow has no node ${id}`);
    return node as unknown as T & EventEmitter & { receive(msg: Message): void };
  }

  /** The next message that reaches a sink and pleases `wanted`. */
  message(id: string, wanted: (msg: Message) => boolean = () => true): Promise<Message> {
    return heard(this.node(id), "input", wanted);
  }

  /** Resolves when a node shows a status that pleases `wanted`; statuses shown before count. */
  async status(id: string, wanted: (look: StatusLook) => boolean): Promise<StatusLook> {
    const node = this.node(id);
    const shown = (node.status as unknown as { getCalls(): { thisValue: unknown; args: [StatusLook] }[] }).getCalls();
    const before = shown.findLast((call) => call.thisValue === node && wanted(call.args[0]));
    if (before) return before.args[0];
    const call = await heard<{ args: [StatusLook] }>(node, "call:status", ({ args: [look] }) => wanted(look));
    return call.args[0];
  }

  /** What Node-RED was told to log, as text. */
  logged(): string[] {
    return helper
      .log()
      .getCalls()
      .map((call) => String(call.args[0]?.msg));
  }

  get admin() {
    return helper.request();
  }

  /** Stops the flows; Node-RED has awaited each node's close when it resolves. */
  async close(): Promise<void> {
    await helper.unload();
    await rm(this.userDir, { recursive: true, force: true });
  }
}

/** The first of an emitter's events that pleases `wanted`; it goes on listening, since several may come in one turn. */
const heard = <T>(node: EventEmitter, event: string, wanted: (told: T) => boolean): Promise<T> =>
  new Promise((resolve) => {
    const look = (told: T) => {
      if (!wanted(told)) return;
      node.off(event, look);
      resolve(told);
    };
    node.on(event, look);
  });

// Node-RED takes a node without a place on a tab for a config node.
const placed = (flow: FlowNode[]): FlowNode[] => [
  { id: "f", type: "tab", label: "test" },
  ...flow.map((node) =>
    ["sip-endpoint", "door", "sip-account", "conference-room", "parking-place"].includes(node.type)
      ? node
      : { z: "f", x: 100, y: 100, wires: [], ...node },
  ),
];

/** Sockets and servers that are open in this process. */
export const openSockets = (): string[] =>
  process
    .getActiveResourcesInfo()
    .filter((name) => /UDP|TCP|MessagePort|Worker/.test(name))
    .sort();
