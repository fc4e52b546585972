// Calls with sound through a relay: the load on one side, the relay on its own core, and what the relay costs.
import { freePorts } from "../test/support/ports.ts";
import { root } from "../scripts/repository.ts";
import { start, type Child } from "../test/support/processes.ts";
import { cpuMs, onAllCores, onItsCore } from "./machine.ts";
import type { Load } from "./media-load.ts";

export type { Load };

/** Even ports; below those that the load gets from the system. */
const ports = [10_000, 31_999] as const;
/** Compiling costs 1 to 4 µs a packet in the first four seconds; behind ten nothing is seen of it. */
const warmSeconds = 10;

export interface TrafficOptions {
  readonly calls: number;
  /** The path of rtpengine, where that is the relay. */
  readonly rtpengine?: string | undefined;
  /** SRTP on the second leg of each call: the load's key. */
  readonly key?: string;
  /** So long our main thread is busy in each second. */
  readonly blockMs?: number;
  /** Node's own, for the relay. */
  readonly node?: readonly string[];
}

export interface Measured extends Load {
  /** Processor time of the relay, as a share of one core. */
  readonly cpu: number;
}

export class Traffic {
  readonly relay: Child;
  readonly #load: Child;
  readonly #calls: Child;
  readonly #ends: readonly number[];
  #orders = 0;

  static async start({ calls, rtpengine, key, blockMs, node = [] }: TrafficOptions): Promise<Traffic> {
    const children: Child[] = [];
    const run = (program: string, args: readonly string[]) => {
      const child = start(program, args, { cwd: root, keepStdin: true });
      children.push(child);
      return child;
    };
    try {
      let server: string | undefined;
      if (rtpengine !== undefined) {
        server = `127.0.0.1:${(await freePorts(1))[0]}`;
        const range = [`--port-min=${ports[0]}`, `--port-max=${ports[1]}`];
        const how = ["--config-file=none", "--table=-1", "--foreground", "--log-stderr", "--log-level=6"];
        const threads = ["--num-threads=1", "--interface=127.0.0.1", `--listen-ng=${server}`];
        await run(...onItsCore(rtpengine, [...how, ...threads, ...range])).line(/Startup complete/);
      }
      const wish = { ports, server, key, blockMs };
      const program = ["bench/media-calls.ts", JSON.stringify(wish)];
      // Two threads that are both busy need two cores to be told apart.
      const place = blockMs === undefined ? onItsCore : onAllCores;
      const signalling = run(...place(process.execPath, [...node, ...program]));
      const load = run(process.execPath, ["bench/media-load.ts", JSON.stringify({ calls, key })]);
      await signalling.line(/^READY/);
      const ends = JSON.parse((await load.line(/^READY (.*)/))[1] ?? "") as number[];
      const traffic = new Traffic(children[0] ?? signalling, load, signalling, ends);
      await traffic.open(Array.from({ length: calls }, (_, call) => call));
      return traffic;
    } catch (error) {
      await Promise.all(children.map((child) => child.end()));
      throw error;
    }
  }

  private constructor(relay: Child, load: Child, calls: Child, ends: readonly number[]) {
    [this.relay, this.#load, this.#calls, this.#ends] = [relay, load, calls, ends];
  }

  /** Opens calls, those first that are to be closed before. */
  async open(calls: readonly number[], close: readonly number[] = []): Promise<void> {
    const open = calls.map((call) => [call, this.#ends[2 * call], this.#ends[2 * call + 1]]);
    const set = JSON.parse(await this.#ask(this.#calls, "OPENED", { open, close })) as number[][];
    this.#load.process.stdin?.write(`${JSON.stringify({ set })}\n`);
  }

  async #ask(child: Child, answer: string, order: object, ms?: number): Promise<string> {
    const id = ++this.#orders;
    child.process.stdin?.write(`${JSON.stringify({ id, ...order })}\n`);
    return (await child.line(new RegExp(`^${answer} ${id} (.*)`), ms))[1] ?? "";
  }

  async measure(seconds: number): Promise<Measured> {
    await this.#run(warmSeconds);
    const before = cpuMs(this.relay.pid ?? 0);
    const load = await this.#run(seconds);
    const cpu = (cpuMs(this.relay.pid ?? 0) - before) / (seconds * 1000);
    return { ...load, cpu };
  }

  async #run(seconds: number): Promise<Load> {
    return JSON.parse(await this.#ask(this.#load, "RESULT", { measure: seconds }, seconds * 1000 + 20_000)) as Load;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#load, this.#calls, this.relay].map((child) => child.end()));
  }
}
