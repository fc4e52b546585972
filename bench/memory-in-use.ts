// What a program that runs with `heap.ts` has in use, and how that is told.
import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "../test/support/processes.ts";

/** Node's options for a program that is to be asked. */
export const heapOptions: readonly string[] = ["--expose-gc", "--import", "./bench/heap.ts"];

/** Bytes. */
export interface Memory {
  /** In use in the main thread, and in the media worker. */
  readonly main: number;
  readonly media: number;
  /** Of the whole process, as the system sees it. */
  readonly rss: number;
}

/** What is in use after a collection; needs `heapOptions`. */
export async function memoryOf(program: Child): Promise<Memory> {
  const seen = program.lines.length;
  program.process.kill("SIGUSR2");
  for (let patience = 100; patience > 0; patience--) {
    const line = program.lines.slice(seen).find((text) => text.startsWith('{"event":"memory"'));
    if (line !== undefined) return JSON.parse(line) as Memory;
    await sleep(100);
  }
  throw new Error("the program did not say how much memory it uses");
}

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
export const showMemory = ({ main, media, rss }: Memory): string =>
  `main thread ${mb(main)}, media ${mb(media)}, resident ${mb(rss)}`;

/** How much more both heaps hold, with its sign. */
export function growth(before: Memory, after: Memory): string {
  const grown = ((after.main + after.media) / (before.main + before.media) - 1) * 100;
  return `${grown > 0 ? "+" : ""}${grown.toFixed(1)} %`;
}
