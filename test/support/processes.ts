// Child processes of tests. A child's output is always read, because one that nobody reads fills its pipe and stops; it
// is ended by its pid, because Node-RED and others rename themselves.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { patienceMs } from "./patience.ts";

export interface ChildOptions {
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Written to its stdin, which is closed then. Without it stdin is empty; `keepStdin` leaves it open. */
  input?: string;
  keepStdin?: boolean;
  /** Leads a group of its own: what it started and left behind is killed with it. */
  group?: boolean;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export class Child {
  readonly process: ChildProcess;
  /** Every line of stdout and stderr so far, in order of arrival. */
  readonly lines: string[] = [];
  /** Resolves when the child is gone and its output has been read; never rejects (a program that cannot start: code null). */
  readonly exit: Promise<Exit>;
  readonly #name: string;
  readonly #group: boolean;
  readonly #waiting = new Set<() => void>();
  #exited: Exit | undefined;
  #failed: Error | undefined;

  constructor(program: string, args: readonly string[], options: ChildOptions = {}) {
    this.#name = [program, ...args].join(" ");
    this.#group = options.group ?? false;
    // Inside a test Node tells its children by NODE_TEST_CONTEXT to report like a test file: a program is none.
    const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
    this.process = spawn(program, args, {
      cwd: options.cwd,
      detached: this.#group,
      env: { ...inherited, ...options.env },
      stdio: [options.input === undefined && !options.keepStdin ? "ignore" : "pipe", "pipe", "pipe"],
    });
    // A program that does not read its input may be gone before it is written.
    this.process.stdin?.on("error", () => {});
    if (options.input !== undefined) this.process.stdin?.end(options.input);
    for (const stream of [this.process.stdout, this.process.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (line) => {
        this.lines.push(line);
        this.#wake();
      });
    }
    this.exit = this.#end();
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  get output(): string {
    return this.lines.join("\n");
  }

  async #end(): Promise<Exit> {
    try {
      const [code, signal] = (await once(this.process, "close")) as [number | null, NodeJS.Signals | null];
      this.#exited = { code, signal };
    } catch (error) {
      this.#failed = error as Error;
      this.#exited = { code: null, signal: null };
    }
    this.#wake();
    return this.#exited;
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /**
   * The first line (of those so far and to come) that matches, as the match.
   * @throws Error when the child ends before, or after `ms` milliseconds; its output is in the message.
   */
  line(pattern: RegExp, ms = patienceMs): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      let seen = 0;
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        finish();
      };
      const give = (why: string) =>
        settle(() =>
          reject(new Error(`${this.#name} ${why}, no line matched ${String(pattern)}. It said:\n${this.output}`)),
        );
      const look = () => {
        for (; seen < this.lines.length; seen++) {
          const match = pattern.exec(this.lines[seen] ?? "");
          if (match) {
            settle(() => resolve(match));
            return;
          }
        }
        if (this.#failed) give(`could not be started (${this.#failed.message})`);
        else if (this.#exited) give(`ended (${this.#exited.signal ?? `code ${String(this.#exited.code)}`})`);
      };
      const timer = setTimeout(() => give(`went on for ${ms} ms`), ms);
      this.#waiting.add(look);
      look();
    });
  }

  /** Asks the child to end and waits until it has; after `ms` milliseconds it is killed. */
  async end(signal: NodeJS.Signals = "SIGTERM", ms = 10_000): Promise<Exit> {
    if (this.#exited) return this.#exited;
    const timer = setTimeout(() => this.#kill(), ms);
    this.process.kill(signal);
    const exit = await this.exit;
    clearTimeout(timer);
    return exit;
  }

  #kill(): void {
    this.process.kill("SIGKILL");
    try {
      if (this.#group && this.pid !== undefined) process.kill(-this.pid, "SIGKILL");
    } catch {
      // Nobody of it is left.
    }
    // What it started and what lives on may hold our pipes for ever.
    this.process.stdout?.destroy();
    this.process.stderr?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

/** Starts a program; end it with `await child.end()` or hold it with `await using`. */
export const start = (program: string, args: readonly string[], options?: ChildOptions): Child =>
  new Child(program, args, options);

/** Runs a program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  options?: ChildOptions,
): Promise<Exit & { output: string }> {
  const child = start(program, args, options);
  return { ...(await child.exit), output: child.output };
}
