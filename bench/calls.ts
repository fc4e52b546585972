// Forked calls a second without a failure, and what a call costs; beside it the same on Asterisk, which like ours is a party
// to every call, and on Kamailio as registrar and proxy.
// sipp's callers call an extension with two phones (H4); one phone picks up, the other is cancelled; the caller talks for up
// to a second and says BYE. Then twice as many calls as can be served: how many of them are.
import { setTimeout as sleep } from "node:timers/promises";
import { isFree } from "../scripts/ports.ts";
import { Agent } from "./agent.ts";
import type { Row } from "./figures.ts";
import { findAsterisk, startAsterisk } from "./asterisk.ts";
import { findKamailio, startKamailio, type Theirs } from "./kamailio.ts";
import { highest } from "./search.ts";
import { password, Portero, scratch, type Address, type Cost } from "./server.ts";
import { numbers, phonePort, sipp, writeCallers, type SippResult } from "./sipp.ts";

const seconds = 5;
const callers = 500;
const callee = "600";
const few = 600;
/** For what is compiled before it is started. */
const brief = [{ rate: 100, calls: few }];
/** Enough that the code which serves calls is compiled: after 600 calls one costs a fifth more than after 6000. */
const warm = [...brief, { rate: 300, calls: 5400 }];
/** Seconds that a run may take beyond what it should. */
const patience = 20;
const overloadSeconds = 10;

type Progress = (text: string) => void;

/** What serves the calls. */
interface UnderTest extends AsyncDisposable {
  readonly address: Address;
  cost(): Cost;
  /** What it is given before it is measured. */
  readonly warm: typeof warm;
}

type Open = (folder: string) => Promise<UnderTest>;

interface Best {
  readonly rate: number;
  /** Milliseconds of processor time a call. */
  readonly cost: Cost;
  readonly limit: string;
}

export async function calls(progress: Progress): Promise<Row[]> {
  const ours = await best("Portero", (folder) => portero(folder), progress);
  const what = "forked calls/s on one core, UDP, none failed";
  const target = "≥ 2 × Asterisk's";
  const asterisk =
    findAsterisk(progress) && (await best("Asterisk", (folder) => peer(asteriskOfCallers(folder)), progress));
  const path = findKamailio(progress);
  const kamailio = path && (await best("Kamailio", (folder) => peer(startKamailio(path, folder)), progress));
  if (!ours) return [{ what, result: "fewer than 100", target }];
  const { all, main } = ours.cost;
  /** What each peer did, and ours by theirs. */
  const beside = (figure: (best: Best) => string, ratio: (best: Best) => number) => {
    const said = (name: string, best: Best) => `${name} ${figure(best)} (${ratio(best).toFixed(2)})`;
    const peers = [
      ...(asterisk ? [said("Asterisk", asterisk)] : []),
      ...(kamailio ? [said("Kamailio as proxy", kamailio)] : []),
    ];
    return peers.length > 0 && { peer: peers.join("; ") };
  };
  const cost = ({ cost, rate }: Best) => `${cost.all.toFixed(2)} ms at ${rate}/s`;
  const alone = await attempt((folder) => portero(folder, warm, ["bench/signalling.ts"]), ours.rate, seconds);
  const young = await attempt((folder) => portero(folder, brief), ours.rate, seconds);
  return [
    {
      ...{ what, result: `${ours.rate}${ours.limit}`, target },
      ...beside(
        ({ rate, limit }) => `${rate}${limit}`,
        ({ rate }) => ours.rate / rate,
      ),
    },
    {
      what: `CPU per forked call, at ${ours.rate}/s`,
      result: `${all.toFixed(2)} ms (main thread ${main.toFixed(2)}, media and others ${(all - main).toFixed(2)})`,
      target: "≤ 1 ms",
      ...beside(cost, (theirs) => all / theirs.cost.all),
    },
    { what: `… of a server that has had ${few} calls`, result: `${young.cost.all.toFixed(2)} ms` },
    {
      what: "… of the SIP layer by itself",
      result: `${alone.cost.all.toFixed(2)} ms${alone.lost === 0 ? "" : `, ${alone.lost} failed`}`,
      target: "≤ 1 ms",
      ...beside(cost, (theirs) => alone.cost.all / theirs.cost.all),
    },
    await overload(2 * ours.rate, progress),
  ];
}

async function best(name: string, open: Open, progress: Progress): Promise<Best | undefined> {
  let limit = "";
  const found = await highest({ from: 100, to: 3200, precision: 0.85 }, async (rate) => {
    const { load, cost, lost } = await attempt(open, rate, seconds);
    const slow = load.rate < 0.95 * rate;
    const said = `${cost.all.toFixed(2)} ms CPU a call, ${load.retransmissions} retransmissions`;
    progress(
      `${name}, ${rate} calls/s: ${lost} failed, ${said}${slow ? `; sipp managed ${load.rate.toFixed(0)} only` : ""}`,
    );
    // What ended the search is the failure next above the best rate.
    limit = lost === 0 && slow ? ", sipp's limit" : "";
    return lost === 0 && !slow ? cost : undefined;
  });
  return found && { rate: found.rate, cost: found.measured, limit };
}

async function overload(rate: number, progress: Progress): Promise<Row> {
  const { load, answered, cost } = await attempt((folder) => portero(folder), rate, overloadSeconds);
  const offered = rate * overloadSeconds;
  const turnedAway = offered - load.failed - answered;
  const share = (count: number) => (count / overloadSeconds).toFixed(0);
  progress(`${rate} calls/s offered: ${answered} of ${offered} talked, ${turnedAway} refused, ${load.failed} failed`);
  return {
    what: `calls/s that talk, of ${rate}/s offered`,
    result: `${share(answered)} (${share(turnedAway)}/s told to come later, ${share(load.failed)}/s failed; ${cost.all.toFixed(2)} ms CPU a call offered)`,
  };
}

/**
 * One rate on a fresh, warmed server, so that what an overload leaves behind does not count against the next rate.
 * `lost`: calls that did not go as they should at one of the three parties; `answered`: those that a phone took to their end.
 */
async function attempt(
  open: Open,
  rate: number,
  lasting: number,
): Promise<{ load: SippResult; cost: Cost; lost: number; answered: number }> {
  using folder = scratch();
  await using server = await open(folder.path);
  const count = rate * lasting;
  const before = server.warm.reduce((sum, { calls }) => sum + calls, 0);
  const total = before + count;
  const parties = await gather(server.address, folder.path, total);
  let failed = 0;
  for (const { calls, rate } of server.warm) failed += (await parties.call(calls, rate)).failed;
  const start = server.cost();
  const load = await parties.call(count, rate);
  const end = server.cost();
  const took = await parties.end();
  const cost = { all: (end.all - start.all) / count, main: (end.main - start.main) / count };
  const lost = Math.max(...took.map(({ succeeded }) => total - succeeded), count - load.succeeded, failed);
  return { load, cost, lost, answered: (took[0]?.succeeded ?? 0) - before };
}

export interface Parties {
  /** So many calls, so many a second. */
  call(calls: number, rate: number): Promise<SippResult>;
  /** Sends the phones home; what they took, the one that answers first. */
  end(): Promise<SippResult[]>;
}

/** Callers, and two phones of the callee that will take `total` calls. */
export async function gather(server: Address, folder: string, total: number): Promise<Parties> {
  const fields = writeCallers(folder, callers);
  const over = new AbortController();
  const phones: Promise<SippResult>[] = [];
  for (const scenario of ["answers", "rings"] as const)
    phones.push((await phone(server, folder, scenario, total, over.signal)).done);
  const port = await phonePort();
  return {
    call: (calls, rate) =>
      sipp({
        ...{ folder, scenario: "caller", port, calls, keys: { callee }, seconds: calls / rate + patience },
        load: { to: server, rate, fields },
      }),
    end: () => {
      over.abort();
      return Promise.all(phones);
    },
  };
}

/** The callee and the callers. */
export const extensions = [
  { extension: callee, password, maxContacts: 2 },
  ...numbers(callers).map((extension) => ({ extension, password })),
];

async function portero(folder: string, before = warm, program?: readonly string[]): Promise<UnderTest> {
  const server = await Portero.start(folder, { extensions }, [], program);
  return {
    ...{ address: server.address, warm: before },
    cost: () => server.cost(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const asteriskOfCallers = (folder: string) => startAsterisk(folder, [callee, ...numbers(callers)]);

async function peer(starting: Promise<Theirs>): Promise<UnderTest> {
  const server = await starting;
  return {
    ...{ address: server.address, warm: brief },
    cost: () => ({ all: server.cpu(), main: server.cpu() }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
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
  const done = sipp({ folder, scenario, port, calls, seconds: 3600, signal });
  for (let patience = 100; patience > 0 && (await isFree(port, "127.0.0.1")); patience--) await sleep(50);
  return { done };
}
