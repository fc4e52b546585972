// Door stations that open by HTTP, as their makers describe it and others have measured it: peers for the presets, written
// from the facts and not from the presets. A device asks for its login, carries out what it is told, and may be slow, silent
// or a liar.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../clock.ts";
import type { Inside, Owner, Way } from "./way.ts";
import { grandstream } from "./challenge.ts";
import { Entry, type Asking } from "./entry.ts";
import { hikvision } from "./isapi.ts";
import { akuvoxApi, twoN } from "./json.ts";
import { akuvox, axis, dahua, doorbird, fanvil } from "./query.ts";

/** lying: says that it opened, and does nothing. slow: answers after `slowMs`. silent: never answers. */
export type OpenerManner = "honest" | "lying" | "slow" | "silent";

export const openers = {
  "2n": { way: twoN, asking: { scheme: "MD5", realm: "HIP", qop: "auth" } },
  akuvox: { way: akuvox, asking: { scheme: "none" } },
  "akuvox-api": { way: akuvoxApi, asking: { scheme: "MD5", realm: "HTTPAPI", qop: "auth,auth-int" } },
  axis: { way: axis, asking: { scheme: "MD5", realm: "AXIS_00408C123456", qop: "auth" } },
  dahua: { way: dahua, asking: { scheme: "MD5", realm: "Login to 4K0123456789", qop: "auth" } },
  doorbird: { way: doorbird, asking: { scheme: "basic", realm: "DoorBird" } },
  fanvil: { way: fanvil, asking: { scheme: "basic", realm: "i32V" } },
  grandstream: { way: grandstream, asking: { scheme: "none" } },
  hikvision: { way: hikvision, asking: { scheme: "MD5", realm: "DS-0CED27ED", qop: "auth", nonces: "once" } },
} as const satisfies Record<string, { way: Way; asking: Asking }>;

export type OpenerMake = keyof typeof openers;

export interface OpenerOptions {
  readonly make: OpenerMake;
  readonly owner: Owner;
  readonly clock: Clock;
  /** Another way to ask than the make's usual one. */
  readonly asking?: Asking;
  readonly bind?: string;
  readonly port?: number;
}

export const slowMs = 3_000;
const pulseMs = 5_000;

export class SimOpener {
  manner: OpenerManner = "honest";
  mayOpen = true;
  lockedOut = false;
  readonly relays: readonly string[] = ["1", "2"];
  /** The relays that moved, in their order. */
  readonly moved: string[] = [];
  /** What was asked, with the right login or none: method and path. */
  readonly asked: string[] = [];
  readonly #options: OpenerOptions;
  readonly #server: Server;
  readonly #entry: Entry;
  readonly #on = new Set<string>();
  readonly #memory = new Map<string, string>();

  static async open(options: OpenerOptions): Promise<SimOpener> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: options.bind ?? "127.0.0.1", port: options.port ?? 0 }, resolve);
    });
    return new SimOpener(server, options);
  }

  private constructor(server: Server, options: OpenerOptions) {
    this.#server = server;
    this.#options = options;
    const { make, asking = openers[make].asking, owner } = options;
    this.#entry = new Entry(asking, owner.login, owner.password);
    server.on("request", (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await ended;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const piece of request) body += String(piece);
    if (!this.#entry.admits(request, response)) return;
    const url = new URL(request.url ?? "/", "http://device");
    this.asked.push(`${request.method ?? ""} ${url.pathname}`);
    if (this.manner === "silent") return;
    if (this.manner === "slow") await this.#options.clock.sleep(slowMs);
    const asked = { method: request.method ?? "", path: url.pathname, query: url.searchParams, body };
    const {
      status = 200,
      type = "text/plain",
      body: text = "",
    } = openers[this.#options.make].way(asked, this.#inside()) ?? {
      status: 404,
    };
    response.writeHead(status, { "Content-Type": type }).end(text);
  }

  #inside(): Inside {
    const { mayOpen, lockedOut, relays } = this;
    return {
      ...{ owner: this.#options.owner, mayOpen, lockedOut, relays, memory: this.#memory },
      isOn: (relay) => this.#on.has(relay),
      move: (relay, ms = pulseMs) => {
        if (this.manner === "lying") return;
        this.moved.push(relay);
        this.#on.add(relay);
        this.#options.clock.after(ms, () => this.#on.delete(relay));
      },
    };
  }
}
