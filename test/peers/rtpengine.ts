// An rtpengine in user space, for tests: it needs no kernel module and no rights, and keeps to loopback.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freeRange } from "../media/range.ts";
import { thePeer } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { start, type Child } from "../support/processes.ts";

export class RtpengineProcess {
  readonly address: string;
  readonly #folder: string;
  readonly #args: readonly string[];
  #child: Child | undefined;

  /** `more`: further options. */
  static async start(...more: string[]): Promise<RtpengineProcess> {
    const [port] = await freePorts(1);
    const first = await freeRange(60);
    const folder = await mkdtemp(join(tmpdir(), "rtpengine-"));
    const listening = [`--listen-ng=127.0.0.1:${port}`, "--interface=127.0.0.1", `--port-min=${first}`];
    const run = [
      "--config-file=none",
      "--table=-1",
      "--foreground",
      "--log-stderr",
      "--log-level=6",
      "--num-threads=2",
    ];
    const made = new RtpengineProcess(`127.0.0.1:${port}`, folder, [
      ...run,
      ...listening,
      ...more,
      `--port-max=${first + 119}`,
      `--pidfile=${join(folder, "pid")}`,
    ]);
    await made.again();
    return made;
  }

  private constructor(address: string, folder: string, args: readonly string[]) {
    this.address = address;
    this.#folder = folder;
    this.#args = args;
  }

  /** Starts it, for the first time or after `kill`. */
  async again(): Promise<void> {
    this.#child = start(thePeer("rtpengine"), this.#args);
    await this.#child.line(/Startup complete/);
  }

  async kill(): Promise<void> {
    await this.#child?.end("SIGKILL");
  }

  async close(): Promise<void> {
    await this.#child?.end();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
