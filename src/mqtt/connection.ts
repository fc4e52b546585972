// A connection to a broker that comes back: MQTT 5, or 3.1.1 where the broker wants that; clean session; back-off on the
// injected clock; its state as a sentence. Each try is a client of its own, so nothing is carried over unseen.
import { connect, type IClientOptions, type IPublishPacket, type ISubscriptionMap, type MqttClient } from "mqtt";
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import type { Cancel, Clock } from "../clock.ts";
import { sentence } from "../errors.ts";
import { silent, type Log } from "../log.ts";
import { faultOf, refusesVersion } from "./faults.ts";
import type { MqttSettings } from "./settings.ts";

export interface BridgeStatus {
  /** `offline` comes back by itself, `error` until somebody changes something (it is tried again all the same). */
  readonly state: "connecting" | "online" | "offline" | "error";
  readonly text: string;
}

export interface ConnectionEvents {
  status: [BridgeStatus];
  online: [];
  lost: [];
  message: [topic: string, payload: Buffer, packet: IPublishPacket];
}

const longestMs = 60_000;
// A broker that refuses us for our settings is asked rarely: some lock accounts after a few wrong passwords.
const refusedMs = 30_000;
// A connection that falls within this time has not ended the trouble.
const steadyMs = 10_000;
const goodbyeMs = 2_000;

/** What the broker says, retained, when the connection breaks. */
export interface Will {
  readonly topic: string;
  readonly payload: string;
}

/** What became of a message: the broker has it, the connection fell (send it again), or the broker does not want it. */
export type Sent = "sent" | "lost" | "refused";

export class Connection extends EventEmitter<ConnectionEvents> {
  readonly #settings: MqttSettings;
  readonly #will: Will;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #clientId: string;
  #client: MqttClient | undefined;
  /** Of this connection or the next try: 5, or 4 for MQTT 3.1.1. */
  #version: 4 | 5;
  #failures = 0;
  #since = 0;
  #cancelRetry: Cancel = () => {};
  #closed = false;
  // A client whose connection falls does not always answer for what was on its way: these are told then.
  readonly #underway = new Set<() => void>();
  #status: BridgeStatus = { state: "offline", text: "not started" };

  constructor(settings: MqttSettings, will: Will, deps: { clock: Clock; log?: Log }) {
    super();
    this.#settings = settings;
    this.#will = will;
    this.#version = settings.version === "3.1.1" ? 4 : 5;
    this.#clock = deps.clock;
    this.#log = deps.log ?? silent;
    this.#clientId = settings.clientId ?? `portero-${randomUUID().slice(0, 8)}`;
  }

  get status(): BridgeStatus {
    return this.#status;
  }

  get online(): boolean {
    return this.#client?.connected ?? false;
  }

  start(): void {
    this.#tell({ state: "connecting", text: `connecting to ${this.#settings.url}` });
    this.#attempt();
  }

  #attempt(): void {
    const { url, username, password, tls = {} } = this.#settings;
    const options: IClientOptions = {
      ...(tls as IClientOptions),
      clientId: this.#clientId,
      protocolVersion: this.#version,
      protocolId: "MQTT",
      clean: true,
      keepalive: this.#settings.keepAlive,
      connectTimeout: 10_000,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: password.reveal() }),
      will: { topic: this.#will.topic, payload: Buffer.from(this.#will.payload), qos: 1, retain: true },
    };
    try {
      this.#follow(connect(url, options));
    } catch (error) {
      this.#failed(error, false);
    }
  }

  #follow(client: MqttClient): void {
    this.#client = client;
    let fault: unknown;
    let wasOnline = false;
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      client.end(true);
      if (this.#client !== client) return;
      this.#client = undefined;
      for (const fell of this.#underway) fell();
      this.#underway.clear();
      if (wasOnline) this.emit("lost");
      this.#failed(fault, wasOnline);
    };
    const note = (error: unknown) => (fault ??= error);
    client.on("connect", () => {
      wasOnline = true;
      this.#since = this.#clock.now();
      this.#tell({ state: "online", text: `online: ${this.#settings.url}` });
      this.emit("online");
    });
    client.on("message", (topic, payload, packet) => void this.emit("message", topic, payload, packet));
    client.on("disconnect", ({ reasonCode = 0 }) => {
      if (reasonCode >= 128) note(Object.assign(new Error(`the broker ended the connection`), { code: reasonCode }));
    });
    client.on("error", (error) => {
      note(error);
      if (!client.connected) end();
    });
    client.on("close", end);
    // The client keeps errors without a code to itself.
    client.stream.on("error", note);
  }

  #failed(fault: unknown, wasOnline: boolean): void {
    if (this.#closed) return;
    const mayChange = this.#settings.version === undefined;
    if (mayChange && this.#version === 5 && refusesVersion(fault)) {
      this.#log.info(`broker ${this.#settings.url} does not speak MQTT 5: using MQTT 3.1.1`);
      this.#version = 4;
      return this.#attempt();
    }
    // Old brokers close on a version they do not know, without a word: the next try takes the other one.
    if (mayChange && !wasOnline && fault === undefined) this.#version = this.#version === 5 ? 4 : 5;
    if (wasOnline && this.#clock.now() - this.#since >= steadyMs) this.#failures = 0;
    const { kind, text } = faultOf(fault, this.#settings.url, wasOnline);
    const backOff = Math.min(1000 * 2 ** Math.min(this.#failures++, 10), longestMs);
    const wait = kind === "error" ? Math.max(backOff, refusedMs) : backOff;
    this.#tell({ state: kind === "error" ? "error" : "offline", text: `${text}, trying again in ${wait / 1000} s` });
    this.#cancelRetry = this.#clock.after(wait, () => this.#attempt());
  }

  #tell(status: BridgeStatus): void {
    this.#status = status;
    this.#log[status.state === "offline" || status.state === "error" ? "warn" : "info"](status.text);
    this.emit("status", status);
  }

  /** Hands one message to the broker; for QoS 1 until it has it. Never rejects. */
  publish(topic: string, payload: string | Buffer, how: { qos: 0 | 1; retain: boolean }): Promise<Sent> {
    const client = this.#client;
    if (!client?.connected) return Promise.resolve("lost");
    return new Promise((resolve) => {
      const fell = () => resolve("lost");
      this.#underway.add(fell);
      client.publish(topic, payload, how, (error) => {
        this.#underway.delete(fell);
        const refused = error && "code" in error && error.code >= 128;
        if (refused)
          this.#log.warn(`the broker refuses what is published on ${topic} (${error.message}): check its access rules`);
        resolve(refused ? "refused" : error ? "lost" : "sent");
      });
    });
  }

  /**
   * Subscribes at QoS 0, without what the broker has retained but for that of `recalled`, keeping the flag on what comes
   * retained later (MQTT 5 §3.8.3.1; 3.1.1 knows neither). Never rejects.
   */
  subscribe(filters: readonly string[], recalled: readonly string[] = []): void {
    const plain = { qos: 0 } as const;
    const fresh = this.#version === 5 ? ({ qos: 0, rh: 2, rap: true, nl: true } as const) : plain;
    const all = [...filters.map((filter) => [filter, fresh]), ...recalled.map((filter) => [filter, plain])];
    this.#client?.subscribe(Object.fromEntries(all) as ISubscriptionMap, (error) => {
      if (error && this.online)
        this.#log.warn(`the broker lets us receive no commands (${sentence(error)}): check its access rules`);
    });
  }

  /** Says `farewell` on the will's topic, if there is a connection, and ends it. */
  async close(farewell: string): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    const client = this.#client;
    if (!client) return;
    const patience = new AbortController();
    const said = this.publish(this.#will.topic, farewell, { qos: 1, retain: true }).then(() => client.endAsync());
    await Promise.race([said.catch(() => {}), this.#clock.sleep(goodbyeMs, patience.signal)]);
    patience.abort();
    client.end(true);
    this.#client = undefined;
    this.removeAllListeners();
  }
}
