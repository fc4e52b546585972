// Loopback as the kernel saw it: when a message was put on it, whatever its sender had done before and its receiver does after.
import { join } from "node:path";
import { findProgram } from "../scripts/peers.ts";
import { run, start, type Child } from "../test/support/processes.ts";
import type { Address } from "./server.ts";

export interface Seen {
  /** Milliseconds, of the kernel's clock. */
  readonly at: number;
  readonly to: number;
  /** The number in From. */
  readonly from: string;
}

export class Wire {
  readonly #capture: Child;
  readonly #file: string;
  readonly #tshark: string;

  /** What goes by at `server`, from now on; undefined, and said so, where that may not be seen. */
  static async tap(server: Address, folder: string, progress: (text: string) => void): Promise<Wire | undefined> {
    const [dumpcap, tshark] = [findProgram("dumpcap"), findProgram("tshark")];
    if (!dumpcap || !tshark) {
      progress("tshark is not installed (Debian package tshark): no times of the kernel");
      return undefined;
    }
    const file = join(folder, "wire.pcap");
    const capture = start(dumpcap, ["-q", "-i", "lo", "-f", `udp port ${server.port}`, "-B", "32", "-w", file]);
    try {
      await capture.line(/^File: /);
      return new Wire(capture, file, tshark);
    } catch {
      await capture.end();
      progress(`no times of the kernel: ${capture.lines.at(-1) ?? ""}`);
      return undefined;
    }
  }

  private constructor(capture: Child, file: string, tshark: string) {
    [this.#capture, this.#file, this.#tshark] = [capture, file, tshark];
  }

  /** The INVITEs that went by, as they did; ends it. */
  async invites(): Promise<Seen[]> {
    await this.#capture.end("SIGINT");
    const fields = ["frame.time_epoch", "udp.dstport", "sip.from.user"].flatMap((field) => ["-e", field]);
    const args = ["-r", this.#file, "-Y", 'sip.Method == "INVITE"', "-T", "fields", ...fields];
    const { output } = await run(this.#tshark, args);
    return output.split("\n").flatMap((line) => {
      const [at, to, from] = line.split("\t");
      return from === undefined ? [] : [{ at: Number(at) * 1000, to: Number(to), from }];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#capture.end("SIGINT");
  }
}
