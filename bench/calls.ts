// Forked calls a second without a failure, and what a call costs. sipp's callers call an extension with two phones
// (H4); one phone picks up, the other is cancelled; the caller talks for up to a second and says BYE.
import { setTimeout as sleep } from "node:timers/promises";
import { isFree } from "../scripts/ports.ts";
import { Agent } from "./agent.ts";
import type { Row } from "./figures.ts";
import { highest } from "./search.ts";
import { password, Portero, scratch, type Address, type Cost } from "./server.ts";
import { numbers, phonePort, sipp, writeCallers, type SippResult } from "./sipp.ts";

const seconds = 5;
const callers = 500;
const callee = "600";
const peer = "no Asterisk in Debian 12";

export async function calls(progress: (text: string) => void): Promise<Row[]> {
  let limit = "";
  const found = await highest({ from: 100, to: 3200, precision: 0.85 }, async (rate) => {
    const { cost, why } = await attempt(rate);
    progress(`${rate} calls/s: ${why}`);
    // What ended the search is the failure next above the best rate.
    if (!cost) limit = why.startsWith("sipp") ? ", sipp's limit" : "";
    return cost;
  });
  const what = "forked calls/s on one core, UDP, none failed";
  if (!found) return [{ what, result: "fewer than 100", target: "≥ 2 × Asterisk's", peer }];
  const { rate, measured } = found;
  const share = (ms: number) => (ms / (rate * seconds)).toFixed(2);
  const { all, main } = measured;
  return [
    { what, result: `${rate}${limit}`, target: "≥ 2 × Asterisk's", peer },
    {
      what: `CPU per forked call, at ${rate}/s`,
      result: `${share(all)} ms (main thread ${share(main)}, media and others ${share(all - main)})`,
      target: "≤ 1 ms",
    },
  ];
}

/**
 * One rate on a fresh, warmed server, so that what an overload leaves behind does not count against the next rate.
 * `cost` is absent where a call failed or sipp could not keep up; `why` says which.
 */
export async function attempt(
  rate: number,
  lasting = seconds,
  warm = { rate: 100, calls: 500 },
): Promise<{ cost?: Cost; why: string }> {
  using folder = scratch();
  const extensions = [
    { extension: callee, password, maxContacts: 2 },
    ...numbers(callers).map((extension) => ({ extension, password })),
  ];
  await using server = await Portero.start(folder.path, { extensions });
  const fields = writeCallers(folder.path, callers);
  const count = rate * lasting;
  const total = warm.calls + count;
  const over = new AbortController();
  const phones: Promise<SippResult>[] = [];
  for (const scenario of ["answers", "rings"] as const)
    phones.push((await phone(server.address, folder.path, scenario, total, over.signal)).done);
  const port = await phonePort();
  const call = (calls: number, rate: number) =>
    sipp({
      ...{ folder: folder.path, scenario: "caller", port, calls, keys: { callee }, seconds: lasting + 15 },
      load: { to: server.address, rate, fields },
    });
  const warming = await call(warm.calls, warm.rate);
  const before = server.cost();
  const load = await call(count, rate);
  const after = server.cost();
  over.abort();
  const both = await Promise.all(phones);
  const cost = { all: after.all - before.all, main: after.main - before.main };
  const lost = Math.max(...[...both.map(({ succeeded }) => total - succeeded), count - load.succeeded, warming.failed]);
  const said = `${(cost.all / count).toFixed(2)} ms CPU a call, ${load.retransmissions} retransmissions`;
  if (lost > 0) return { why: `${lost} of ${count} failed, ${said}` };
  if (load.rate < 0.95 * rate) return { why: `sipp itself managed ${load.rate.toFixed(0)} only, ${said}` };
  return { cost, why: `none failed, ${said}` };
}

/** A phone of the callee: registered from the port at which sipp then answers. */
async function phone(
  server: Address,
  folder: string,
  scenario: "answers" | "rings",
  calls: number,
  signal: AbortSignal,
): Promise<{ done: Promise<SippResult> }> {
  const port = await phonePort();
  const agent = await Agent.open(server, port);
  await agent.register(callee);
  await agent.close();
  const done = sipp({ folder, scenario, port, calls, seconds: 90, signal });
  for (let patience = 100; patience > 0 && (await isFree(port, "127.0.0.1")); patience--) await sleep(50);
  return { done };
}
