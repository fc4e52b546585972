// Portero as the bench runs it: `npm run server`'s program as a child process on its own core, and a folder for its files.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../scripts/repository.ts";
import { start, type Child } from "../test/support/processes.ts";
import { cpuMs, cpuMsOfMainThread, onItsCore } from "./machine.ts";
import { memoryOf, type Memory } from "./memory-in-use.ts";

export const password = "secret-of-the-bench";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A folder in the system's place for such; it is gone after the block. */
export function scratch(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "portero-bench-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Cost {
  /** Milliseconds of processor time, all threads. */
  readonly all: number;
  /** The main thread's part. */
  readonly main: number;
}

export class Portero {
  readonly address: Address;
  readonly #child: Child;

  /** `config` without listeners: it listens on any free UDP port of loopback. `options` are Node's own. */
  static async start(
    folder: string,
    config: Record<string, unknown>,
    options: readonly string[] = [],
    program: readonly string[] = ["src/server/cli.ts", "--config"],
  ): Promise<Portero> {
    const file = join(folder, "config.json");
    const listeners = [{ transport: "udp", address: "127.0.0.1", port: 0 }];
    // A wide range, because a used port rests for five seconds.
    const media = { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [26_000, 65_535] };
    writeFileSync(file, JSON.stringify({ sip: { listeners }, media, ...config }));
    const child = start(...onItsCore(process.execPath, [...options, ...program, file]), {
      cwd: root,
    });
    try {
      const ready = JSON.parse((await child.line(/^READY (.*)/))[1] ?? "") as { sip: Address };
      return new Portero(child, ready.sip);
    } catch (error) {
      await child.end();
      throw error;
    }
  }

  private constructor(child: Child, address: Address) {
    this.#child = child;
    this.address = address;
  }

  /** Calls `heard` with each event line from now on, and when it came (milliseconds of `performance.now`). */
  listen(heard: (event: Record<string, unknown>, at: number) => void): void {
    let rest = "";
    this.#child.process.stdout?.on("data", (data: Buffer) => {
      const at = performance.now();
      const lines = (rest + data.toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.startsWith("{")) heard(JSON.parse(line) as Record<string, unknown>, at);
    });
  }

  memory(): Promise<Memory> {
    return memoryOf(this.#child);
  }

  cost(): Cost {
    // taskset turns into the program it starts, so that the pid is the program's own.
    const pid = this.#child.pid ?? 0;
    return { all: cpuMs(pid), main: cpuMsOfMainThread(pid) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.end();
  }
}
