// The machine: what it is, which cores the program under test and its load get, and what a process has cost.
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { findProgram } from "../scripts/peers.ts";
import { root } from "../scripts/repository.ts";

const taskset = findProgram("taskset");
// Linux counts processor time for user space in hundredths of a second, whatever the kernel's own tick is.
const ticksPerSecond = 100;

/** What a program prints; "" where it is not there. */
function said(program: string, ...args: string[]): string {
  const { error, stdout } = spawnSync(program, args, { cwd: root, encoding: "utf8", timeout: 5000 });
  return error ? "" : stdout.trim();
}

/** The cores that we may use, in the kernel's order. */
function allowedCores(): number[] {
  try {
    const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "";
    return list.split(",").flatMap((range) => {
      const [first = 0, last = first] = range.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
  } catch {
    return [];
  }
}

const cores = allowedCores();
const pins = taskset !== undefined && cores.length > 1;

/** A command as it runs on the one core of the program under test; unchanged where programs cannot be pinned. */
export function onItsCore(program: string, args: readonly string[]): [string, string[]] {
  return pins ? [taskset, ["-c", String(cores[0]), program, ...args]] : [program, [...args]];
}

/** The same on all cores. */
export function onAllCores(program: string, args: readonly string[]): [string, string[]] {
  return pins ? [taskset, ["-c", cores.join(","), program, ...args]] : [program, [...args]];
}

/** Moves this process, and with it every load generator it starts, to the other cores. */
export function leaveItsCore(): void {
  if (pins) spawnSync(taskset, ["-a", "-c", "-p", cores.slice(1).join(","), String(process.pid)]);
}

/** Processor time of a process so far, in milliseconds; 0 where there is no /proc. */
export function cpuMs(pid: number): number {
  try {
    return cpuMsOf(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return 0;
  }
}

/** User and system time from the text of /proc/<pid>/stat, in milliseconds (proc(5), fields 14 and 15). */
export function cpuMsOf(stat: string): number {
  // The second field is a name in brackets, which may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/** The same for a process and everything that it has started. */
export function cpuMsOfTree(pid: number): number {
  return cpuMs(pid) + childrenOf(pid).reduce((sum, child) => sum + cpuMsOfTree(child), 0);
}

/** The main thread's part of it: signalling, where the other threads are media, pictures and garbage collection. */
export const cpuMsOfMainThread = (pid: number): number => {
  try {
    return cpuMsOf(readFileSync(`/proc/${pid}/task/${pid}/stat`, "utf8"));
  } catch {
    return 0;
  }
};

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** What a reader needs to judge the figures, one line each. */
export function machine(): string[] {
  const versionOf = (name: string, pattern: RegExp, ...args: string[]) => {
    const path = findProgram(name);
    return path === undefined ? `${name} not installed` : `${name} ${pattern.exec(said(path, ...args))?.[1] ?? "?"}`;
  };
  const commit = said("git", "rev-parse", "--short", "HEAD") || "not a git checkout";
  const changed = said("git", "status", "--porcelain", "--", "src") === "" ? "" : ", src/ changed since";
  const all = cpus();
  return [
    `machine   ${all[0]?.model ?? "unknown processor"}, ${all.length} cores, load ${loadavg()[0]?.toFixed(1) ?? "?"} before the run`,
    `pinned    ${pins ? `program under test on core ${cores[0]}, load on ${cores.slice(1).join(", ")}` : "no: no taskset, or one core only"}`,
    `versions  Node ${process.version}, ${versionOf("sipp", /v(\S+?)[-.\s]*(?:SCTP|TLS|PCAP|\n|$)/, "-v")}, ${versionOf("kamailio", /kamailio (\S+)/, "-v")}, ${versionOf("asterisk", /Asterisk ([\d.]+)/, "-V")}`,
    `date      ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, commit ${commit}${changed}`,
  ];
}
