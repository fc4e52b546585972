// Numbers and tables: what a part of the bench hands back, and how it is printed.

/** One row of the table. */
export interface Row {
  readonly what: string;
  readonly result: string;
  /** What the design asks for; empty where it asks for nothing. */
  readonly target?: string;
  /** The same measured on another program in the same run, as "figure (ratio)". */
  readonly peer?: string;
}

/** The value below which `share` (0–1) of the samples lie: nearest rank. NaN where there are none. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

/** p50 and p99 of milliseconds, as a table shows them. */
export const p50p99 = (ms: readonly number[]): string =>
  `p50 ${percentile(ms, 0.5).toFixed(2)} ms, p99 ${percentile(ms, 0.99).toFixed(2)} ms`;

/** A table that a terminal shows and Markdown reads. */
export function table(rows: readonly Row[]): string {
  const cells = [
    ["What", "Result", "Target", "Peer (Portero ÷ peer)"],
    ...rows.map(({ what, result, target = "", peer = "" }) => [what, result, target, peer]),
  ];
  const widths = [0, 1, 2, 3].map((i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[], fill = " ") =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0, fill)).join(" | ")} |`;
  const [head = [], ...body] = cells;
  return [line(head), line(["", "", "", ""], "-"), ...body.map((row) => line(row))].join("\n");
}
