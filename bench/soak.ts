// An hour of 50 calls with sound, one of which ends each second while another begins: what has grown since the first sixth of it.
// SOAK_MINUTES makes it shorter.
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Row } from "./figures.ts";
import type { Memory } from "./server.ts";
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
  await using traffic = await Traffic.start({ calls, node: ["--expose-gc", "--import", "./bench/heap.ts"] });
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
  const grown = ((last.main + last.media) / (before.main + before.media) - 1) * 100;
  const more = last.handles - before.handles;
  const { received, sent } = await traffic.measure(5);
  const arrived = `${((100 * received) / sent).toFixed(1)} % of the packets arrive`;
  return [
    {
      what: `${calls} calls for ${minutes} minutes, ${minutes * 60} begun and ended, against the first sixth`,
      result: `memory ${grown > 0 ? "+" : ""}${grown.toFixed(1)} %, handles ${more > 0 ? "+" : ""}${more} (${show(before)}; then ${show(last)}; ${arrived})`,
      target: "no growth",
    },
  ];
}

async function stateOf({ relay }: Traffic): Promise<State> {
  const seen = relay.lines.length;
  relay.process.kill("SIGUSR2");
  for (let patience = 100; patience > 0; patience--) {
    const line = relay.lines.slice(seen).find((text) => text.startsWith('{"event":"memory"'));
    if (line !== undefined)
      return { ...(JSON.parse(line) as Memory), handles: readdirSync(`/proc/${relay.pid}/fd`).length };
    await sleep(100);
  }
  throw new Error("the relay did not say how much memory it uses");
}

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const show = ({ main, media, rss, handles }: State) =>
  `main thread ${mb(main)}, media ${mb(media)}, resident ${mb(rss)}, ${handles} handles`;
