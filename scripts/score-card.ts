// The flow library's score card, by node-red-dev, without a network: what of it says no.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Found } from "./house-rules.ts";

/** node-red-dev's own numbers, as far as it gives no sentence that can be acted on. */
const meanings: Record<string, string> = {
  P01: "package.json names no licence",
  P03: "package.json names neither repository nor bugs",
  P04: "the package's name is not scoped",
  P06: "no supported Node-RED satisfies node-red.version of package.json",
  P07: "engines.node of package.json excludes a Node version that Node-RED supports",
  D01: "there are more than six run-time dependencies",
  N02: "not every node is used by an example in examples/",
};
// Decided when the package is published: where it lives.
const later = new Set(["P03"]);

/** Sentences about a score card as node-red-dev writes it; `types` are the nodes that it must have seen. */
export function judge(card: Record<string, { test?: boolean; nodes?: string[] }>, types: readonly string[]): Found {
  const found: Found = { problems: [], warnings: [] };
  for (const [number, { test }] of Object.entries(card)) {
    if (test !== false) continue;
    const sentence = `node-red-dev ${number}: ${meanings[number] ?? "not passed"}.`;
    (later.has(number) ? found.warnings : found.problems).push(sentence);
  }
  for (const number of Object.keys(meanings))
    if (!(number in card) && (number !== "N02" || types.length > 0))
      found.problems.push(`node-red-dev did not come to ${number}: run "npx node-red-dev validate" and see.`);
  return found;
}

/** Runs node-red-dev over the built package in `root`. */
export function scoreCard(root: string, types: readonly string[]): Found {
  const folder = mkdtempSync(join(tmpdir(), "score-card-"));
  try {
    const file = join(folder, "card.json");
    const run = spawnSync(
      process.execPath,
      [
        "--require",
        join(root, "scripts", "node-red-dev-offline.cjs"),
        join(root, "node_modules", "node-red-dev", "bin", "run"),
        "validate",
        ...["--path", root, "--output", file],
      ],
      { cwd: root, encoding: "utf8", input: "" },
    );
    const said = `${run.stdout}\n${run.stderr}`;
    const unread = [...said.matchAll(/^Unable to parse\s+(.+)$/gm)].map(
      (m) => `node-red-dev cannot read ${m[1] ?? ""}.`,
    );
    let card: Parameters<typeof judge>[0];
    try {
      card = JSON.parse(readFileSync(file, "utf8")) as typeof card;
    } catch {
      return { problems: [`node-red-dev ended without a score card:\n${said.trim()}`], warnings: [] };
    }
    const found = judge(card, types);
    // What it says about examples names the nodes.
    const examples = /Examples not found for the following nodes: .*/.exec(said);
    return {
      problems: [...found.problems, ...unread, ...(examples ? [`node-red-dev: ${examples[0]}`] : [])],
      warnings: found.warnings,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
