// sipp as load generator: one run of a scenario of bench/sipp, and what its statistics say of it.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../scripts/peers.ts";
import { freePort } from "../scripts/ports.ts";
import { start } from "../test/support/processes.ts";
import { password, type Address } from "./server.ts";

export interface SippOptions {
  readonly folder: string;
  readonly scenario: "caller" | "answers" | "rings" | "register";
  readonly port: number;
  readonly calls: number;
  /** Given: it calls `to`, `rate` times a second. Absent: it waits to be called. */
  readonly load?: { readonly to: Address; readonly rate: number; readonly fields: string };
  readonly keys?: Readonly<Record<string, string>>;
  /** Seconds after which it gives up. */
  readonly seconds: number;
  /** Ends it early: what it did not finish within a second is lost. */
  readonly signal?: AbortSignal;
}

export interface SippResult {
  readonly succeeded: number;
  readonly failed: number;
  /** Messages that sipp sent again, because no answer came in half a second. */
  readonly retransmissions: number;
  /** Calls a second that it really began. */
  readonly rate: number;
}

/** Where phones of the bench listen: below the ports that media and the system take. */
export const phonePort = (from = 25_060): Promise<number> => freePort(from, [], "127.0.0.1");

/** sipp's -inf file with `count` extensions from 2000 on, all with the bench's password. */
export function writeCallers(folder: string, count: number): string {
  const file = join(folder, "callers.csv");
  const lines = numbers(count).map((n) => `${n};[authentication username=${n} password=${password}]`);
  writeFileSync(file, ["SEQUENTIAL", ...lines, ""].join("\n"));
  return file;
}

/** The extensions of `writeCallers`. */
export const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(2000 + i));

/** Runs it to its end. @throws Error when sipp is not installed or says nothing of its run */
export async function sipp(options: SippOptions): Promise<SippResult> {
  const { folder, scenario, port, calls, load, keys = {}, seconds, signal } = options;
  const stats = join(folder, `${scenario}-${port}.csv`);
  // Of a run that does not even begin, the one before must not be read.
  rmSync(stats, { force: true });
  const child = start(findProgram("sipp") ?? "sipp", [
    ...(load ? [`${load.to.host}:${load.to.port}`, "-r", String(load.rate), "-inf", load.fields] : []),
    ...["-sf", join(import.meta.dirname, "sipp", `${scenario}.xml`), "-m", String(calls), "-nostdin"],
    ...["-i", "127.0.0.1", "-p", String(port), "-buff_size", "2000000", "-l", "20000", "-timer_resol", "1"],
    ...["-trace_stat", "-stf", stats, "-fd", "1", "-timeout", `${Math.ceil(seconds)}s`, "-timeout_error"],
    ...Object.entries(keys).flatMap(([key, value]) => ["-key", key, value]),
  ]);
  // It ends by itself; this is for the day it does not.
  const late = setTimeout(() => child.process.kill("SIGKILL"), (seconds + 10) * 1000);
  let early: NodeJS.Timeout | undefined;
  signal?.addEventListener("abort", () => (early = setTimeout(() => child.process.kill("SIGKILL"), 1000)));
  await child.exit;
  clearTimeout(late);
  clearTimeout(early);
  try {
    return readStats(readFileSync(stats, "utf8"), calls);
  } catch (error) {
    throw new Error(`sipp left no statistics. It said:\n${child.output.slice(-2000)}`, { cause: error });
  }
}

/** Reads the file of sipp's -trace_stat. @throws Error when it has no row */
export function readStats(text: string, calls: number): SippResult {
  const [head = "", ...lines] = text.trim().split("\n");
  const names = head.split(";");
  const rows = lines.map((line) => line.split(";"));
  const field = (row: readonly string[] | undefined, name: string) => row?.[names.indexOf(name)] ?? "";
  // "2026-01-01<tab>10:00:00.000000<tab>1767261600.000000": the last is in seconds.
  const time = (row: readonly string[] | undefined, name: string) => Number(field(row, name).split("\t")[2]);
  const last = rows.at(-1);
  if (!last) throw new Error("no row");
  const count = (row: readonly string[] | undefined, name: string) => Number(field(row, `${name}(C)`));
  const busy = rows.findLast((row) => count(row, "OutgoingCall") < calls) ?? last;
  return {
    succeeded: count(last, "SuccessfulCall"),
    failed: count(last, "FailedCall"),
    retransmissions: count(last, "Retransmissions"),
    rate: count(busy, "OutgoingCall") / (time(busy, "CurrentTime") - time(busy, "StartTime")),
  };
}
