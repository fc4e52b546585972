// The order of SRV records: by priority, and by chance according to weight among equals. RFC 2782.
import type { Srv } from "./dns.ts";

/** `random` gives a number from 0 up to, not including, 1. */
export function inOrder(records: readonly Srv[], random: () => number): Srv[] {
  const ordered: Srv[] = [];
  for (const priority of [...new Set(records.map((record) => record.priority))].sort((a, b) => a - b)) {
    // Those of weight 0 first, so that they too have a small chance of being chosen early.
    const left = records.filter((record) => record.priority === priority).sort((a, b) => a.weight - b.weight);
    while (left.length > 0) {
      const all = left.reduce((sum, { weight }) => sum + weight, 0);
      const mark = Math.floor(random() * (all + 1));
      let running = 0;
      const at = left.findIndex(({ weight }) => (running += weight) >= mark);
      ordered.push(...left.splice(at, 1));
    }
  }
  return ordered;
}
