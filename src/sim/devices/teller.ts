// Door stations that are asked what happens, as their makers describe it and others have measured it: Hikvision's call status
// (Digest, each nonce good for one request), DoorBird's monitor (a multipart text that goes on, and says "nothing" now and
// then), and 2N's log (subscribe, then wait for events; a channel that nobody asks for ends).
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../clock.ts";
import type { Secret } from "../../secret.ts";
import { Entry, type Asking } from "./entry.ts";

export type TellingWay = "call-status" | "monitor" | "log";

export interface TellerOptions {
  readonly way: TellingWay;
  readonly login: string;
  readonly password: Secret;
  readonly clock: Clock;
  readonly bind?: string;
  readonly port?: number;
}

/** The maker says twenty seconds, or so. */
const beatMs = 20_000;
const mostStreams = 8;
const hikvision: Asking = {
  ...{
    scheme: "MD5",
    realm: "DS-0CED27ED",
    qop: "auth",
    nonces: "once",
    more: 'stale="false", opaque="", domain="::"',
  },
};

export class SimTeller {
  /** silent: takes requests and never answers. */
  behaviour: "normal" | "silent" = "normal";
  /** Paths that were asked for with the right login. */
  readonly asked: string[] = [];
  readonly #options: TellerOptions;
  readonly #server: Server;
  readonly #entry: Entry;
  readonly #streams = new Set<ServerResponse>();
  #ringing = false;
  #channel = 0;
  readonly #events: object[] = [];
  #waiting: (() => void) | undefined;

  static async open(options: TellerOptions): Promise<SimTeller> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: options.bind ?? "127.0.0.1", port: options.port ?? 0 }, resolve);
    });
    return new SimTeller(server, options);
  }

  private constructor(server: Server, options: TellerOptions) {
    this.#server = server;
    this.#options = options;
    const { way, login, password } = options;
    this.#entry = new Entry(way === "call-status" ? hikvision : { scheme: "basic" }, login, password);
    server.on("request", (request, response) => this.#answer(request, response));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How often a login was wrong, or its nonce. */
  get turnedAway(): number {
    return this.#entry.turnedAway;
  }

  /** Somebody presses the button; `rest` lets it go. */
  press(button = "1"): void {
    this.#ringing = true;
    this.#say("doorbell:H");
    this.#happened("KeyPressed", { key: `%${button}` });
  }

  rest(): void {
    this.#ringing = false;
    this.#say("doorbell:L");
  }

  relay(on: boolean): void {
    this.#happened("SwitchStateChanged", { switch: 1, state: on, originator: "api" });
  }

  /** Something that is neither. */
  motion(): void {
    this.#say("motionsensor:H");
    this.#happened("MotionDetected", { state: "in" });
  }

  /** Forgets who follows it, as after a restart. */
  restart(): void {
    this.#channel++;
    this.#events.splice(0);
    this.#entry.forget();
    this.#waiting?.();
    for (const stream of this.#streams) stream.destroy();
  }

  async close(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await ended;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (this.behaviour === "silent") return;
    if (!this.#entry.admits(request, response)) return;
    const url = new URL(request.url ?? "/", "http://device");
    this.asked.push(url.pathname);
    const { way } = this.#options;
    if (way === "call-status" && url.pathname === "/ISAPI/VideoIntercom/callStatus")
      return json(response, { CallStatus: { status: this.#ringing ? "ring" : "idle" } });
    if (way === "monitor" && url.pathname === "/bha-api/monitor.cgi") return this.#stream(request, response);
    if (way === "log" && url.pathname === "/api/log/subscribe")
      return json(response, { success: true, result: { id: ++this.#channel } });
    if (way === "log" && url.pathname === "/api/log/pull") return this.#pull(url, request, response);
    response.writeHead(404).end();
  }

  #stream(request: IncomingMessage, response: ServerResponse): void {
    if (this.#streams.size >= mostStreams) {
      response.writeHead(509).end();
      return;
    }
    response.writeHead(200, { "Content-Type": "multipart/x-mixed-replace; boundary=--ioboundary" });
    this.#streams.add(response);
    part(response, `doorbell:${this.#ringing ? "H" : "L"}`);
    const beat = this.#options.clock.every(beatMs, () => part(response, "motionsensor:L"));
    request.on("close", () => {
      beat();
      this.#streams.delete(response);
    });
  }

  #say(text: string): void {
    for (const stream of this.#streams) part(stream, text);
  }

  #happened(event: string, params: object): void {
    if (this.#channel === 0) return;
    this.#events.push({ id: this.#events.length + 1, tzShift: 0, utcTime: 1_437_987_105, upTime: 11, event, params });
    this.#waiting?.();
  }

  #pull(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const channel = this.#channel;
    const isOurs = () => this.#channel === channel && url.searchParams.get("id") === String(channel);
    const tell = () => {
      stop();
      this.#waiting = undefined;
      const events = isOurs() ? this.#events.splice(0) : undefined;
      const error = { code: 12, param: "id", description: "invalid parameter value" };
      json(response, events ? { success: true, result: { events } } : { success: false, error });
    };
    const seconds = Number(url.searchParams.get("timeout") ?? "0");
    const stop = this.#options.clock.after(seconds * 1000, tell);
    if (this.#events.length > 0 || !isOurs()) return tell();
    this.#waiting = tell;
    request.on("close", stop);
  }
}

const json = (response: ServerResponse, body: object): void =>
  void response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(body, undefined, 1));

const part = (response: ServerResponse, text: string): void =>
  void response.write(`--ioboundary\r\nContent-Type: text/plain\r\n\r\n${text}\r\n\r\n`);
