// `npm run check`: everything that can be said about the project without running it. Goes on after a failure, so that
// one run names all that is to be mended. ESLint takes half of the time: it goes beside the others.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { BuildError, build, nodeTypes } from "./build.ts";
import { houseRules, type Found } from "./house-rules.ts";
import { readPackage, root } from "./repository.ts";
import { scoreCard } from "./score-card.ts";
import { filesUnder } from "./stamp.ts";

const nothing: Found = { problems: [], warnings: [] };

/** Runs a tool of node_modules; its own output is the explanation. */
async function tool(name: string, ...args: string[]): Promise<Found> {
  const child = spawn(join(root, "node_modules", ".bin", name), args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => said.push(text));
  const [status] = (await once(child, "close")) as [number | null];
  if (said.length > 0) console.log(said.join("").trimEnd());
  return status === 0 ? nothing : { ...nothing, problems: [`${name} does not pass; the reasons stand above.`] };
}

/** What git tracks or would track; in an unpacked archive without git, everything but what is installed or made. */
function trackedFiles(): string[] {
  const git = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  const made = /^(?:node_modules|dist|\.node-red|\.git)\b/;
  const files =
    git.status === 0 ? git.stdout.toString().split("\0") : filesUnder(root, ".").filter((f) => !made.test(f));
  return files.filter((file) => file !== "" && filesUnder(root, file).length > 0);
}

async function built(): Promise<Found> {
  try {
    await build();
    return nothing;
  } catch (error) {
    if (error instanceof BuildError) return { ...nothing, problems: [...error.problems] };
    throw error;
  }
}

const steps: readonly [string, () => Found | Promise<Found>][] = [
  ["the rules of the house", () => houseRules(root, trackedFiles(), readPackage())],
  ["prettier", () => tool("prettier", "--check", "--log-level", "warn", ".")],
  ["eslint", () => tool("eslint", "--max-warnings", "0", ".")],
  ["tsc", () => tool("tsc", "--project", "tsconfig.json")],
  ["build", built],
  ["publint", () => tool("publint", "--strict")],
  ["node-red-dev (offline)", () => scoreCard(root, nodeTypes(root))],
];

const failed: string[] = [];
async function inTurn(some: typeof steps): Promise<void> {
  for (const [name, step] of some) {
    const started = performance.now();
    const { problems, warnings } = await step();
    for (const warning of warnings) console.log(`  note: ${warning}`);
    for (const problem of problems) console.log(`  ${problem}`);
    if (problems.length > 0) failed.push(name);
    console.log(`${problems.length > 0 ? "✖" : "✔"} ${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}
const isBeside = ([name]: (typeof steps)[number]) => name === "eslint";
await Promise.all([inTurn(steps.filter(isBeside)), inTurn(steps.filter((step) => !isBeside(step)))]);
console.log(failed.length > 0 ? `\nNot passed: ${failed.join(", ")}.` : "\nEverything passed.");
process.exitCode = failed.length > 0 ? 1 : 0;
