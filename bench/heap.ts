// Runs inside of the program under test (`node --expose-gc --import`), in each of its threads: on SIGUSR2 it collects garbage
// and prints, as a line `{"event":"memory",…}`, the bytes that are still in use.
import { isMainThread, BroadcastChannel } from "node:worker_threads";

const inUse = (): number => {
  // Twice: what a finalizer lets go of is gone after the second.
  for (let i = 0; i < 2; i++) globalThis.gc?.();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
};

const channel = new BroadcastChannel("portero-bench-heap");
channel.unref();
channel.onmessage = ({ data }: { data: unknown }) => {
  if (!isMainThread && data === "how much?") channel.postMessage(inUse());
  if (!isMainThread || typeof data !== "number") return;
  const line = { event: "memory", main: inUse(), media: data, rss: process.memoryUsage.rss() };
  process.stdout.write(JSON.stringify(line) + "\n");
};
if (isMainThread) process.on("SIGUSR2", () => channel.postMessage("how much?"));
