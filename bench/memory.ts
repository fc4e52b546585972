// What stays in memory after 100,000 forked calls, against what stays after 1,000: the heaps of both threads after a
// collection, once all that a call leaves behind on purpose is over.
import { setTimeout as sleep } from "node:timers/promises";
import { extensions, gather } from "./calls.ts";
import type { Row } from "./figures.ts";
import { growth, heapOptions, showMemory, type Memory } from "./memory-in-use.ts";
import { Portero, scratch } from "./server.ts";

const few = { calls: 1000, rate: 100 };
const many = { calls: 99_000, rate: 250 };
/** Transactions keep their answers for 32 seconds (RFC 3261 §17). */
const transactionsMs = 40_000;
/** Nonces are remembered for five minutes, so that no answer is good twice, and forgotten when the next answer comes. */
const noncesMs = 305_000;

export async function memory(progress: (text: string) => void): Promise<Row[]> {
  using folder = scratch();
  await using server = await Portero.start(folder.path, { extensions }, heapOptions);
  const parties = await gather(server.address, folder.path, few.calls + many.calls + 2);
  let made = 0;
  const measured = async ({ calls, rate }: typeof few): Promise<Memory> => {
    const { failed } = await parties.call(calls, rate);
    if (failed > 0) throw new Error(`${failed} of ${calls} calls failed`);
    progress(`${calls} calls made; waiting until nothing of them has to be remembered`);
    await sleep(noncesMs);
    await parties.call(1, 1);
    await sleep(transactionsMs);
    const memory = await server.memory();
    progress(`after ${(made += calls)} calls: ${showMemory(memory)}`);
    return memory;
  };
  const before = await measured(few);
  const after = await measured(many);
  await parties.end();
  return [
    {
      what: "memory in use after 100,000 calls, against after 1,000",
      result: `${growth(before, after)} (${showMemory(before)}; then ${showMemory(after)})`,
      target: "≤ + 5 %",
    },
  ];
}
