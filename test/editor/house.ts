// The real `npm start` for one test file: scripts/start.ts as a child with ports of its own and a temporary user folder,
// asked from outside only, by what anybody has: Node-RED's admin interface, its event socket, MQTT and the log.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts/repository.ts";
import type { Ready } from "../../scripts/start/ready.ts";
import { thePeer } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { run, start, type Child } from "../support/processes.ts";
import { Comms } from "./comms.ts";
import { Ear } from "./ear.ts";

/** One of the examples that stand in the editor's import menu. */
export async function example(name: string): Promise<FlowNode[]> {
  return JSON.parse(await readFile(join(root, "examples", `${name}.json`), "utf8")) as FlowNode[];
}

/** A node as it stands in the flow file. */
export interface FlowNode {
  id: string;
  type: string;
  /** The tab. */
  z?: string;
  [setting: string]: unknown;
}

export interface HouseOptions {
  /** The flow to start with; without it, the one of the first start. */
  flow?: FlowNode[];
  /** A folder that outlives the house; default: one of its own. */
  userDir?: string;
  args?: string[];
}

// Node-RED and its build, on a busy machine.
const startMs = 120_000;

export class House {
  readonly child: Child;
  readonly ready: Ready;
  readonly userDir: string;
  /** What the embedded broker carries, from before the flows start. */
  readonly mqtt: Ear;
  /** What Node-RED tells its editors: debug messages and statuses. */
  readonly comms: Comms;
  readonly #ownsFolder: boolean;

  private constructor(child: Child, ready: Ready, userDir: string, mqtt: Ear, comms: Comms, ownsFolder: boolean) {
    this.child = child;
    this.ready = ready;
    this.userDir = userDir;
    this.mqtt = mqtt;
    this.comms = comms;
    this.#ownsFolder = ownsFolder;
  }

  static async start(options: HouseOptions = {}): Promise<House> {
    const ownsFolder = options.userDir === undefined;
    const userDir = options.userDir ?? (await mkdtemp(join(tmpdir(), "portero-house-")));
    // The broker's port is chosen here, so that the ear hears it from its first moment on.
    const [port = 0] = await freePorts(1);
    const ports = ["--port", "0", "--sip-port", "0", "--mqtt-port", String(port)];
    let child: Child | undefined;
    let ear: Ear | undefined;
    try {
      if (options.flow) await writeFile(join(userDir, "flows.json"), JSON.stringify(options.flow));
      const args = [join(root, "scripts/start.ts"), ...ports, "--user-dir", userDir, ...(options.args ?? [])];
      child = start(process.execPath, args, { cwd: root });
      ear = new Ear(`mqtt://127.0.0.1:${port}`);
      const [, json = ""] = await child.line(/^READY (.*)$/, startMs);
      const ready = JSON.parse(json) as Ready;
      const comms = await Comms.open(ready.editor);
      return new House(child, ready, userDir, ear, comms, ownsFolder);
    } catch (error) {
      await ear?.close();
      await child?.end();
      if (ownsFolder) await rm(userDir, { recursive: true, force: true });
      throw error;
    }
  }

  /** Asks Node-RED's admin interface. @throws Error when it refuses. */
  async admin(method: "GET" | "POST", path: string, body?: unknown, headers: object = {}): Promise<unknown> {
    const answer = await fetch(new URL(path, this.ready.editor), {
      method,
      headers: { "Content-Type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text;
  }

  async flows(): Promise<FlowNode[]> {
    return (await this.admin("GET", "flows")) as FlowNode[];
  }

  /** Deploys without an editor. */
  async deploy(flow: FlowNode[], type: "full" | "nodes" | "flows" = "full"): Promise<void> {
    await this.admin("POST", "flows", flow, { "Node-RED-Deployment-Type": type });
  }

  /** The id of the first node of `type` (and of this name) in the running flows. */
  async idOf(type: string, name?: string): Promise<string> {
    const found = (await this.flows()).find((n) => n.type === type && (name === undefined || n["name"] === name));
    if (!found) throw new Error(`the flows have no ${type}${name === undefined ? "" : ` "${name}"`}`);
    return found.id;
  }

  /** Presses the button of an inject node. */
  async inject(id: string): Promise<void> {
    await this.admin("POST", `inject/${id}`);
  }

  /** Publishes with mosquitto's own client, as anybody would from a terminal. */
  async publish(topic: string, payload: string, ...more: string[]): Promise<void> {
    const { hostname, port } = new URL(this.ready.mqtt);
    const { code, output } = await run(thePeer("mosquitto_pub"), [
      ...["-h", hostname, "-p", port, "-t", topic, "-m", payload, ...more],
    ]);
    if (code !== 0) throw new Error(`mosquitto_pub: ${output}`);
  }

  /**
   * Publishes PRESS as anybody may; resolves with the result that the bridge publishes. Within 2 s of its connecting it
   * ignores commands and asks to send them again; that is done.
   */
  async pressByMqtt(door = "frontdoor"): Promise<{ [name: string]: unknown }> {
    for (;;) {
      const since = this.mqtt.now;
      await this.publish(`doorbell/${door}/door/open`, "PRESS");
      const result = await this.mqtt.json(`doorbell/${door}/door/result`, () => true, { since });
      if (!/send it again/.test(String(result["reason"]))) return result;
    }
  }

  /**
   * Presses until `camera`, a camera-snapshot, has the picture: on a busy machine the first one of a simulated camera may
   * come later than it is waited for.
   */
  async pressForPicture(camera: string, press: () => Promise<void>, hangUp: () => Promise<void>): Promise<void> {
    for (;;) {
      const since = this.comms.now;
      await press();
      const { fill } = await this.comms.status(camera, (status) => /red|green/.test(status.fill ?? ""), { since });
      if (fill === "green") return;
      await hangUp();
    }
  }

  /** Ends Node-RED as Ctrl-C does. @returns its exit code. */
  async end(): Promise<number | null> {
    this.comms.close();
    await this.mqtt.close();
    const { code } = await this.child.end("SIGTERM", 60_000);
    if (this.#ownsFolder) await rm(this.userDir, { recursive: true, force: true });
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
