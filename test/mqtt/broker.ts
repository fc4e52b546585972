// A real mosquitto for one test file: on a free loopback port, with a configuration and a password file of its own in a
// temporary folder; and mosquitto's own clients against it, so that no error of our client hides behind itself.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../scripts/peers.ts";
import { thePeer } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { run, start, type Child } from "../support/processes.ts";

export interface BrokerOptions {
  /** Default: a free one. */
  port?: number;
  /** With a login nobody else gets in. */
  login?: { username: string; password: string };
  /** Paths of certificate and key; with a `ca` clients must have a certificate of it. */
  tls?: { cert: string; key: string; ca?: string };
  /** Lines of an access list; without any, everybody may do everything. */
  acl?: readonly string[];
}

export class Broker {
  readonly port: number;
  readonly #program: Child;
  readonly #folder: string;
  readonly #options: BrokerOptions;
  #watchers = 0;

  private constructor(port: number, program: Child, folder: string, options: BrokerOptions) {
    this.port = port;
    this.#program = program;
    this.#folder = folder;
    this.#options = options;
  }

  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const port = options.port ?? (await freePorts(1))[0] ?? 0;
    const folder = mkdtempSync(join(tmpdir(), "portero-mosquitto-"));
    const { login, tls, acl } = options;
    const passwords = join(folder, "passwords");
    const lines = [
      `listener ${port} 127.0.0.1`,
      // Started by root, it would become a user who may not read this folder.
      "user root",
      "persistence false",
      "log_dest stderr",
      "log_type all",
      `allow_anonymous ${login ? "false" : "true"}`,
      ...(login ? [`password_file ${passwords}`] : []),
      ...(tls ? [`certfile ${tls.cert}`, `keyfile ${tls.key}`] : []),
      ...(tls?.ca === undefined ? [] : [`cafile ${tls.ca}`, "require_certificate true"]),
      ...(acl ? [`acl_file ${join(folder, "acl")}`] : []),
    ];
    if (login) {
      const made = spawnSync(findProgram("mosquitto_passwd") ?? "mosquitto_passwd", [
        ...["-b", "-c", passwords, login.username, login.password],
      ]);
      if (made.status !== 0) throw new Error(`mosquitto_passwd: ${made.stderr.toString()}`);
    }
    if (acl) writeFileSync(join(folder, "acl"), acl.join("\n") + "\n");
    const config = join(folder, "mosquitto.conf");
    writeFileSync(config, lines.join("\n") + "\n");
    const program = start(thePeer("mosquitto"), ["-c", config]);
    await program.line(/mosquitto version .* running/);
    return new Broker(port, program, folder, options);
  }

  get url(): string {
    return `${this.#options.tls ? "mqtts" : "mqtt"}://127.0.0.1:${this.port}`;
  }

  /** A line of the broker's log, of those so far and to come; with `times`, the one that makes them so many. */
  log(pattern: RegExp, times = 1): Promise<RegExpExecArray> {
    let seen = 0;
    const counting = new RegExp(pattern);
    counting.exec = (line) => {
      const match = pattern.exec(line);
      return match && ++seen === times ? match : null;
    };
    return this.#program.line(counting);
  }

  /** All of the log so far. */
  get said(): string {
    return this.#program.output;
  }

  get #login(): string[] {
    const { login } = this.#options;
    return ["-h", "127.0.0.1", "-p", `${this.port}`, ...(login ? ["-u", login.username, "-P", login.password] : [])];
  }

  /** Listens to everything below `topic`; its lines are "<retained 0|1> <qos> <topic> <payload>". */
  async watch(topic = "#"): Promise<Child> {
    const id = `watcher-${++this.#watchers}`;
    const format = ["-F", "%r %q %t %p"];
    const child = start(thePeer("mosquitto_sub"), [...this.#login, "-i", id, "-q", "1", "-t", topic, ...format]);
    await this.log(new RegExp(`Sending SUBACK to ${id}`));
    return child;
  }

  async publish(topic: string, payload: string, ...more: string[]): Promise<void> {
    const { code, output } = await run(thePeer("mosquitto_pub"), [...this.#login, "-t", topic, "-m", payload, ...more]);
    if (code !== 0) throw new Error(`mosquitto_pub: ${output}`);
  }

  async end(): Promise<void> {
    await this.#program.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
