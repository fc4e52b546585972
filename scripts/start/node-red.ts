// Node-RED inside our own process, with the repository as a package that it loads uninstalled: nodesDir names a folder
// with a package.json of its own, of which Node-RED takes node-red.nodes, examples/ and icons, and nothing else. The
// dashboard is found in the node_modules that Node-RED itself lies in.
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

/** A configured node as `eachNode` gives it: its settings. */
export interface NodeSettings {
  id: string;
  type: string;
  [setting: string]: unknown;
}

/** An Express application; `next` is called for what it does not answer. */
type Application = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void;

/** What we use of Node-RED's embedding interface (it has no types of its own). */
export interface NodeRed {
  init(server: unknown, settings: Record<string, unknown>): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  httpAdmin: Application;
  httpNode: Application;
  events: {
    once(event: "flows:started", listener: () => void): void;
    on(event: "runtime-event", listener: (event: RuntimeEvent) => void): void;
  };
  nodes: {
    eachNode(visit: (node: NodeSettings) => void): void;
    getNode(id: string): unknown;
    getNodeList(filter: (set: NodeSet) => boolean): NodeSet[];
  };
}

/** Of the events that Node-RED tells its editor: the one that names node types whose package is missing. */
interface RuntimeEvent {
  id: string;
  payload?: { error?: string; types?: string[] };
}

interface NodeSet {
  id: string;
  module: string;
  err?: unknown;
}

interface LogEntry {
  level: number;
  msg: unknown;
  type?: string;
  name?: string;
  id?: string;
}

const levels: Record<number, string> = { 10: "fatal", 20: "error", 30: "warn", 40: "info" };

/** One line of Node-RED's log for stderr (stdout carries READY); undefined for what nobody needs to read. */
export function logLine({ level, msg, type, name, id }: LogEntry): string | undefined {
  // Of Node-RED's own words only what went wrong, of the nodes' also what they tell.
  if (level > 40 || (level === 40 && type === undefined)) return undefined;
  const text = textOf(msg);
  if (type === undefined && usual.some((known) => known.test(text))) return undefined;
  return `[${levels[level] ?? String(level)}] ${type === undefined ? "" : `[${type}:${name ?? id ?? ""}] `}${text}`;
}

// Warnings about what is as we want it: no projects, a key for passwords that Node-RED makes itself, none stored yet.
const usual = [/^Projects disabled/, /system-generated key/, /^Encrypted credentials not found/];

function textOf(msg: unknown): string {
  return msg instanceof Error ? msg.message : typeof msg === "string" ? msg : JSON.stringify(msg);
}

export interface EmbeddedOptions {
  root: string;
  userDir: string;
  host: string;
  port: number;
  /** The flow of the first start, below `root`; left out when the file does not exist. */
  firstFlow: string;
}

export interface Embedded {
  red: NodeRed;
  url: string;
  /** Why the flows do not run yet; undefined when they do. */
  notRunning(): string | undefined;
  /** What of the package did not load, as sentences. */
  problems: string[];
  close(): Promise<void>;
}

/** Starts Node-RED and resolves when the editor can be opened. @throws Error when it cannot start or listen. */
export async function startNodeRed(options: EmbeddedOptions): Promise<Embedded> {
  const { root, userDir, host, port } = options;
  mkdirSync(userDir, { recursive: true });
  const flows = join(userDir, "flows.json");
  const first = join(root, options.firstFlow);
  if (!existsSync(flows) && existsSync(first)) copyFileSync(first, flows);

  const require = createRequire(import.meta.url);
  const red = require("node-red") as NodeRed;
  // What the editor's application does not answer is for the nodes' one (the dashboard, HTTP nodes).
  const server = createServer((request, response) =>
    red.httpAdmin(request, response, () => red.httpNode(request, response)),
  );
  server.setMaxListeners(0); // Node-RED and the dashboard add one each for their web sockets, and more.
  red.init(server, {
    userDir,
    nodesDir: root,
    flowFile: "flows.json",
    flowFilePretty: true,
    httpAdminRoot: "/",
    httpNodeRoot: "/",
    uiHost: host,
    uiPort: port,
    telemetry: { enabled: false, updateNotification: false },
    logging: {
      stderr: {
        level: "info",
        metrics: false,
        audit: false,
        handler: () => (entry: LogEntry) => {
          const line = logLine(entry);
          if (line !== undefined) process.stderr.write(`${line}\n`);
        },
      },
    },
    functionGlobalContext: {},
    editorTheme: {
      page: { title: "Portero" },
      header: { title: "Portero" },
      tours: false,
      projects: { enabled: false },
      multiplayer: { enabled: false },
      // The editor would ask the network for the list of all palettes at every load.
      palette: { catalogues: [] },
      codeEditor: { lib: "monaco" },
    },
  });

  let running = false;
  let missing: string[] = [];
  red.events.once("flows:started", () => (running = true));
  red.events.on("runtime-event", ({ id, payload }) => {
    if (id === "runtime-state") missing = payload?.error === "missing-types" ? (payload.types ?? []) : [];
  });
  await red.start();
  server.listen(port, host);
  await once(server, "listening");

  const { name } = require(join(root, "package.json")) as { name: string };
  const problems = red.nodes
    .getNodeList((set) => set.module === name && set.err !== undefined)
    .map((set) => `The node ${set.id} did not load: ${String(set.err)}`);
  return {
    red,
    url: `http://${host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host}:${port}`,
    notRunning: () => {
      if (running) return undefined;
      if (missing.length === 0) return "The flows do not run yet.";
      return `The flows do not run: no installed package has their node type ${missing.join(", ")}.`;
    },
    problems,
    close: async () => {
      await red.stop();
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}
