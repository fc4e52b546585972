// An hour of 50 calls with sound, one of which ends each second while another begins: what has grown since the first sixth of it.
// SOAK_MINUTES makes it shorter.
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Row } from "./figures.ts";
import { growth, heapOptions, memoryOf, showMemory, type Memory } from "./memory-in-use.ts";
import { Traffic } from "./traffic.ts";

const calls = 50;
const usualMinutes = 60;

interface State extends Memory {
  /** Open files, sockets among them. */
  readonly handles: number;
}

export async function soak(progress: (text: string) => void): Promise<Row[]> {
  const minutes = Number(process.env["SOAK_MINUTES"] ?? usualMinutes);
  if (!(minutes > 0)) throw new Error("SOAK_MINUTES must be a number of minutes");
  await using traffic = await Traffic.start({ calls, node: heapOptions });
  const settled = Math.round(minutes * 10);
  let first: State | undefined;
  for (let second = 1; second <= minutes * 60; second++) {
    const call = second % calls;
    await traffic.open([call], [call]);
    await sleep(1000);
    if (second === settled) first = await stateOf(traffic);
    if (second % 60 === 0) progress(`after ${second / 60} minutes: ${show(await stateOf(traffic))}`);
  }
  const last = await stateOf(traffic);
  const before = first ?? last;
  const more = last.handles - before.handles;
  const { received, sent } = await traffic.measure(5);
  const arrived = `${((100 * received) / sent).toFixed(1)} % of the packets arrive`;
  return [
    {
      what: `${calls} calls for ${minutes} minutes, ${minutes * 60} begun and ended, against the first sixth`,
      result: `memory ${growth(before, last)}, handles ${more > 0 ? "+" : ""}${more} (${show(before)}; then ${show(last)}; ${arrived})`,
      target: "no growth",
    },
  ];
}

const stateOf = async ({ relay }: Traffic): Promise<State> => ({
  ...(await memoryOf(relay)),
  handles: readdirSync(`/proc/${relay.pid}/fd`).length,
});

const show = (state: State) => `${showMemory(state)}, ${state.handles} handles`;
