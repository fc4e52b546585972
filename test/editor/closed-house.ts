// Node-RED itself, as one installs it, with this package and with a login for what it serves to everybody (httpNodeAuth),
// which is put before Node-RED's nodes by its own start script and not by `npm start`.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "../../scripts/repository.ts";
import { freePorts } from "../support/ports.ts";
import { start, type Child } from "../support/processes.ts";
import type { FlowNode } from "./house.ts";

export const login = { username: "anna", password: "p@ss:w/rd" };
// bcrypt, at its lowest cost: it is asked at each request.
export const hash = "$2b$04$KVYF45p/LTziPHau3A9dI.LF.nHvm1ndn2AVDRhLrYkmQaV3ivUFy";
const startMs = 120_000;

export class ClosedHouse {
  readonly url: string;
  readonly child: Child;
  readonly #userDir: string;

  private constructor(url: string, child: Child, userDir: string) {
    this.url = url;
    this.child = child;
    this.#userDir = userDir;
  }

  static async start(
    flow: readonly FlowNode[],
    credentials: Readonly<Record<string, object>> = {},
    more: object = {},
  ): Promise<ClosedHouse> {
    const userDir = await mkdtemp(join(tmpdir(), "portero-closed-"));
    const [port = 0] = await freePorts(1);
    const settings = {
      ...{ nodesDir: root, flowFile: "flows.json", credentialSecret: false, uiHost: "127.0.0.1", uiPort: port },
      ...{
        httpNodeAuth: { user: login.username, pass: hash },
        telemetry: { enabled: false, updateNotification: false },
      },
      editorTheme: { projects: { enabled: false }, tours: false },
      ...more,
    };
    await writeFile(join(userDir, "flows.json"), JSON.stringify(flow));
    await writeFile(join(userDir, "flows_cred.json"), JSON.stringify(credentials));
    await writeFile(join(userDir, "settings.js"), `module.exports = ${JSON.stringify(settings)};`);
    const nodeRed = dirname(createRequire(import.meta.url).resolve("node-red/package.json"));
    const child = start(process.execPath, [join(nodeRed, "red.js"), "-u", userDir, "-s", join(userDir, "settings.js")]);
    try {
      await child.line(/Started flows/, startMs);
      // A page that would be a phone before that is refused, and tries again.
      if (flow.some(({ type }) => type === "sip-endpoint")) await child.line(/SIP listens/, startMs);
      return new ClosedHouse(`http://127.0.0.1:${port}/`, child, userDir);
    } catch (error) {
      await child.end("SIGKILL");
      await rm(userDir, { recursive: true, force: true });
      throw error;
    }
  }

  /** Deploys without an editor: all nodes anew. */
  async deploy(): Promise<void> {
    const flows = await (await fetch(`${this.url}flows`)).text();
    const headers = { "Content-Type": "application/json", "Node-RED-Deployment-Type": "full" };
    const answer = await fetch(`${this.url}flows`, { method: "POST", headers, body: flows });
    if (!answer.ok) throw new Error(`deploy: ${answer.status} ${await answer.text()}`);
  }

  /** Presses the button of an inject node, with this payload. */
  async inject(id: string, payload: string): Promise<void> {
    const body = JSON.stringify({ __user_inject_props__: [{ p: "payload", v: payload, vt: "str" }] });
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(`${this.url}inject/${id}`, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(`inject: ${answer.status} ${await answer.text()}`);
  }

  async end(): Promise<void> {
    await this.child.end("SIGTERM", 60_000);
    await rm(this.#userDir, { recursive: true, force: true });
  }
}
