// The web server of a simulated bell's camera, behind Digest (RFC 7616): /snapshot.jpg, drawn anew for each request, and
// /video.mjpg, a slow film of such pictures.
import { createHmac, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Cancel, Clock } from "../clock.ts";
import { parseCredentials, verifyDigest } from "../digest.ts";
import { sentence } from "../errors.ts";
import { writeHost } from "../ip.ts";
import type { Secret } from "../secret.ts";
import { portTaken } from "../sip/transport/busy.ts";
import { Painter } from "./picture/painter.ts";
import type { Scene } from "./picture/scene.ts";

/** silent: takes a request and never answers. slow: answers after `slowMs`. broken: sends half of a picture as a whole one. */
export type CameraBehaviour = "normal" | "silent" | "slow" | "broken";

export interface CameraOptions {
  readonly bind: string;
  readonly port: number;
  readonly login: string;
  readonly password: Secret;
  readonly clock: Clock;
  readonly behaviour: CameraBehaviour;
  /** What there is to see at this moment, apart from the time. */
  scene(): Omit<Scene, "at">;
}

const slowMs = 3000;
const picturePath = "/snapshot.jpg";
const filmPath = "/video.mjpg";
const realm = "simulated camera";
const nonceLife = 60_000;
const boundary = "picture";
// Drawing takes its time: some two pictures a second are film enough to see the clock in them go.
const filmMs = 400;
// The first picture shall not wait for its painter; a bell that is gone by then needs none.
const warmAfterMs = 1000;

export class SimCamera {
  readonly port: number;
  readonly #server: Server;
  readonly #options: CameraOptions;
  readonly #painter = new Painter();
  readonly #key = randomBytes(32);
  readonly #closed = new AbortController();
  readonly #warming: Cancel;
  #drawing: Promise<Buffer> | undefined;

  /** Rejects with a PorteroError `port-busy`, `no-such-address` … */
  static async open(options: CameraOptions): Promise<SimCamera> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) =>
        reject(portTaken("TCP", { transport: "tcp", address: options.bind, port: options.port }, error)),
      );
      server.listen({ host: options.bind, port: options.port }, resolve);
    });
    server.removeAllListeners("error");
    return new SimCamera(server, options);
  }

  private constructor(server: Server, options: CameraOptions) {
    this.#server = server;
    this.#options = options;
    const place = server.address();
    this.port = typeof place === "object" && place ? place.port : options.port;
    this.#warming = options.clock.after(warmAfterMs, () => this.#painter.warm());
    server.on("error", () => {});
    server.on("request", (request, response) => {
      this.#answer(request, response).catch((error: unknown) => refuse(response, 500, sentence(error)));
    });
  }

  get url(): string {
    const { bind } = this.#options;
    const host = bind === "0.0.0.0" ? "127.0.0.1" : bind === "::" ? "::1" : bind;
    return `http://${writeHost(host)}:${this.port}${picturePath}`;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#warming();
    const ended = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await Promise.all([ended, this.#painter.close()]);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#options.behaviour === "silent" || !this.#admits(request, response)) return;
    if (pathOf(request) === filmPath) {
      await this.#film(response);
      return;
    }
    const body = await this.#picture();
    response.writeHead(200, {
      ...{ "Content-Type": "image/jpeg", "Content-Length": body.length, "Cache-Control": "no-store" },
    });
    response.end(request.method === "HEAD" ? undefined : body);
  }

  async #picture(): Promise<Buffer> {
    const { behaviour, clock } = this.#options;
    if (behaviour === "slow") await clock.sleep(slowMs, this.#closed.signal);
    // Whoever asks while one is drawn gets that one.
    this.#drawing ??= this.#painter
      .paint({ ...this.#options.scene(), at: clock.now() })
      .finally(() => (this.#drawing = undefined));
    const jpeg = await this.#drawing;
    return behaviour === "broken" ? jpeg.subarray(0, jpeg.length >> 1) : jpeg;
  }

  async #film(response: ServerResponse): Promise<void> {
    const isWatched = () => !response.destroyed && !this.#closed.signal.aborted;
    response.writeHead(200, { "Content-Type": `multipart/x-mixed-replace; boundary=${boundary}` });
    while (isWatched()) {
      const picture = await this.#picture();
      const head = `--${boundary}\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`;
      // The boundary that follows tells that the picture is whole.
      if (isWatched()) response.write(Buffer.concat([Buffer.from(head), picture, Buffer.from("\r\n")]));
      await this.#options.clock.sleep(filmMs, this.#closed.signal);
    }
    response.end();
  }

  #admits(request: IncomingMessage, response: ServerResponse): boolean {
    const target = request.url ?? "/";
    if (request.method !== "GET" && request.method !== "HEAD") refuse(response, 405, "only GET is known here");
    else if (![picturePath, filmPath].includes(pathOf(request)))
      refuse(response, 404, `the picture is at ${picturePath}, the film at ${filmPath}`);
    else {
      const allowed = this.#allowed(request, target);
      if (allowed === "yes") return true;
      const stale = allowed === "stale" ? ", stale=true" : "";
      const challenge = `Digest realm="${realm}", nonce="${this.#nonce()}", algorithm=MD5, qop="auth"${stale}`;
      response.setHeader("WWW-Authenticate", challenge);
      refuse(response, 401, "the camera's login and password are those of the bell's SIP account");
    }
    return false;
  }

  #allowed(request: IncomingMessage, target: string): "yes" | "no" | "stale" {
    const { login, password, clock } = this.#options;
    const credentials = parseCredentials(request.headers.authorization ?? "");
    if (credentials?.username !== login || credentials.realm !== realm || credentials.uri !== target) return "no";
    const [time = "", signature] = credentials.nonce.split(".");
    if (signature !== this.#sign(time)) return "no";
    if (!verifyDigest(credentials, password.reveal(), request.method ?? "")) return "no";
    return clock.now() - Number(time) > nonceLife ? "stale" : "yes";
  }

  #nonce(): string {
    const time = String(this.#options.clock.now());
    return `${time}.${this.#sign(time)}`;
  }

  #sign(time: string): string {
    return createHmac("sha256", this.#key).update(time).digest("hex").slice(0, 32);
  }
}

const pathOf = ({ url = "/" }: IncomingMessage): string => url.split("?")[0] ?? url;

function refuse(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" });
  response.end(text + "\n");
}
