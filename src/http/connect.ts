// Connections, kept alive between requests, and the check of a certificate (P12). The check happens where a TLS connection
// is made, before the agent gets it: nothing is sent to a device that fails it. A pool belongs to one pin, so that a kept
// connection cannot serve a request with another pin.
import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { distrust, type Trust } from "../trust.ts";

/** Options of a request on these agents: `ended` also ends a connection that is still being made. */
export interface ConnectOptions extends https.RequestOptions {
  readonly ended: AbortSignal;
}

// A camera that nobody asks keeps no connection.
const idleMs = 30_000;

class CheckingAgent extends https.Agent {
  readonly #trust: Trust;

  constructor(trust: Trust, keepAlive: boolean) {
    super({ keepAlive, timeout: idleMs });
    this.#trust = trust;
  }

  override createConnection(
    options: https.RequestOptions,
    done?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { ended } = options as ConnectOptions;
    // Verified below. No session is handed over, so that none is resumed.
    const socket = tls.connect({ ...(options as tls.ConnectionOptions), rejectUnauthorized: false });
    const finish = (error: Error | null) => {
      socket.off("secureConnect", onSecure).off("error", finish);
      ended.removeEventListener("abort", onEnded);
      if (error) socket.on("error", () => {}).destroy();
      done?.(error, socket);
    };
    const onSecure = () => finish(distrust(socket, this.#trust));
    const onEnded = () => finish(new Error("ended"));
    socket.on("secureConnect", onSecure).on("error", finish);
    ended.addEventListener("abort", onEnded);
  }
}

/** The agents of one client. */
export class Agents {
  readonly #agents = new Map<string, http.Agent>();

  /** The agent for this scheme and trust; not `kept` = a connection of its own for each request. */
  for(protocol: string, trust: Trust, kept: boolean): http.Agent {
    const secure = protocol === "https:";
    const key = `${kept} ${!secure ? "plain" : typeof trust === "string" ? trust : trust.pin}`;
    let agent = this.#agents.get(key);
    if (!agent) {
      agent = secure ? new CheckingAgent(trust, kept) : new http.Agent({ keepAlive: kept, timeout: idleMs });
      this.#agents.set(key, agent);
    }
    return agent;
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }
}
