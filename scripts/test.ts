// `npm test`: installs the peers, builds what the tests need, runs every test/**/*.test.ts, and ends with what was skipped and the totals.
// `npm test -- test/sip test/mqtt.test.ts` runs a part; `--name "H20"` only tests with these words in their names.
//
// Runs of node:test, reported as one. Three at a time on two processors: a file with a browser beside one with telephones,
// which mostly wait, and some that only compute, in the time that they leave; who is through with its own kind helps them.
// Those that compute share a process with their neighbours: to load what they test costs more than to run them.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { run } from "node:test";
import { spec, type TestEvent } from "node:test/reporters";
import { parseArgs } from "node:util";
import { BuildError, buildUpToDate } from "./build.ts";
import { installPeers } from "./peers.ts";
import { fail, root } from "./repository.ts";
import { filesUnder } from "./stamp.ts";

/** The folders of test/ of whose files one runs at a time. */
const editor = ["test/editor/"];
const peers = ["test/peers/"];
/** The folders of test/ whose files use dist/; the others run the sources. */
const built = ["test/nodes/", ...editor, ...peers];
/** Minutes on a busy machine. */
const long = [
  "test/visit/walk.test.ts",
  "test/editor/dialogs.test.ts",
  "test/editor/live.test.ts",
  "test/peers/nat.test.ts",
];
// Sound that is measured beside others may not be slow, and a browser that shows a film should not; what computes may.
const giveWay = (by: number) => `import { setPriority } from "node:os"; setPriority(${by});`;
const isIn = (folders: readonly string[]) => (file: string) => folders.some((folder) => file.startsWith(folder));
// Longer than the slowest test takes, short enough that a hanging one does not cost the whole of CI's twenty minutes.
const testTimeoutMs = 3 * 60_000;
// A file whose tests are over but which does not end has left something open; node waits for it for ever.
const usual = { silenceMs: testTimeoutMs + 30_000, leftOpenMs: 60_000 };

// As many as take half a minute: where one hangs, those after it do not run.
const mostTogether = 16;

/** Files that run in one process, one after the other. */
type Together = readonly string[];

/** What runs one process at a time, and what more it takes when it is through with its own. */
export interface Plan {
  readonly lanes: readonly (readonly Together[])[];
  /** For the lanes that are through with their own. */
  readonly others: readonly Together[];
}

/** Sorted files by the folder of test/ that they are in, up to `most`; those that take minutes are alone. */
function together(files: readonly string[], most: number): Together[] {
  const groups: string[][] = [];
  const folderOf = (file: string) => dirname(file).split("/", 2).join("/");
  const isNear = (one: string, other: string) => !long.includes(one) && folderOf(one) === folderOf(other);
  for (const file of files) {
    const near = groups.findLast(([first = ""]) => isNear(first, file));
    if (near && near.length < most) near.push(file);
    else groups.push([file]);
  }
  return groups;
}

/** The test files below the given paths (default: all); `most`: so many of them share a process. */
export function plan(paths: readonly string[], from = root, most = mostTogether): Plan {
  const files = (paths.length > 0 ? paths : ["test"]).flatMap((path) => {
    const below = relative(from, resolve(from, path));
    if (!statSync(join(from, below), { throwIfNoEntry: false })) throw new Error(`There is no ${path} to test.`);
    return filesUnder(from, below).filter((file) => file.endsWith(".test.ts"));
  });
  if (files.length === 0) throw new Error(`There are no *.test.ts files in ${paths.join(", ")}.`);
  // What takes longest begins, so that nothing is left that runs alone.
  const ranks = files.map((file) => [long.indexOf(file) + 1 || Infinity, file] as const);
  const sorted = ranks.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, file]) => file);
  const own = [editor, peers].map((folder) => sorted.filter(isIn(folder)).map((file) => [file]));
  return {
    lanes: [...own, []],
    others: together(
      sorted.filter((file) => !isIn([...editor, ...peers])(file)),
      most,
    ),
  };
}

/** Node's own counts of a whole run. */
export interface Totals {
  tests: number;
  passed: number;
  failed: number;
  skipped: number;
  todo: number;
}

/** The last lines of the output, in the form of node's own summary. */
export function summary(totals: Totals, ms: number): string {
  return [
    `ℹ tests ${totals.tests}`,
    `ℹ pass ${totals.passed}`,
    `ℹ fail ${totals.failed}`,
    `ℹ skipped ${totals.skipped}`,
    `ℹ todo ${totals.todo}`,
    `ℹ duration ${(ms / 1000).toFixed(1)} s`,
    `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`,
  ].join("\n");
}

export interface Result {
  /** Node's own judgement; false also for what no count tells, such as a suite whose hook failed. */
  success: boolean;
  totals: Totals;
  /** `file: name: reason` of each skipped test. */
  skipped: string[];
  took: { file: string; ms: number }[];
}

/** The files that took longest. */
export function slowest(took: Result["took"]): string {
  const longest = took.toSorted((a, b) => b.ms - a.ms).slice(0, 8);
  return longest.map(({ file, ms }) => `${file} ${Math.round(ms / 1000)} s`).join(", ");
}

/** How long nothing may come from a file while its tests go on, and when they are over. */
interface Limits {
  silenceMs: number;
  leftOpenMs: number;
}

export async function runPlan(
  { lanes, others }: Plan,
  name?: string,
  { silenceMs, leftOpenMs }: Limits = usual,
): Promise<Result> {
  const totals: Totals = { tests: 0, passed: 0, failed: 0, skipped: 0, todo: 0 };
  const skipped: string[] = [];
  const took: { file: string; ms: number }[] = [];
  let success = true;
  const output = new spec();
  output.pipe(process.stdout);
  // A run each, so that one that hangs is ended alone.
  const runTogether = async (files: Together): Promise<void> => {
    const began = performance.now();
    const [first = "", ...more] = files;
    const path = more.length > 0 ? join(root, "scripts/together.ts") : resolve(root, first);
    const hangs = new AbortController();
    let [begun, open] = [0, 0];
    const hang = () => {
      const isOver = begun > 0 && open === 0;
      const ms = isOver ? leftOpenMs : silenceMs;
      const why = isOver ? "its tests are over, but something is left open" : "a test does not end";
      return setTimeout(() => hangs.abort(new Error(`Nothing has happened for ${ms / 1000} s: ${why}.`)), ms);
    };
    let silence = hang();
    const stream = run({
      files: [path],
      ...(more.length > 0 && { argv: [...files] }),
      timeout: testTimeoutMs,
      signal: hangs.signal,
      ...(!isIn(peers)(first) && {
        execArgv: ["--import", `data:text/javascript,${encodeURIComponent(giveWay(isIn(editor)(first) ? 5 : 10))}`],
      }),
      ...(name === undefined ? {} : { testNamePatterns: name }),
    });
    // What a file has to say stands together, whatever runs beside it.
    const said: TestEvent[] = [];
    for await (const event of stream as AsyncIterable<TestEvent>) {
      if (event.type === "test:enqueue" || event.type === "test:complete") {
        const { nesting, name: title } = event.data;
        // A file is a test by the name of its path.
        if (nesting === 0 && title !== path)
          [begun, open] = event.type === "test:enqueue" ? [begun + 1, open + 1] : [begun, open - 1];
      }
      clearTimeout(silence);
      silence = hang();
      if (event.type === "test:pass" && event.data.skip !== undefined && event.data.skip !== false) {
        const reason =
          typeof event.data.skip === "string" && event.data.skip !== "" ? event.data.skip : "no reason given";
        skipped.push(`${relative(root, event.data.file ?? path)}: ${event.data.name}: ${reason}`);
      }
      if (event.type === "test:summary" && event.data.file === undefined) {
        const { tests, passed, skipped: left, todo: later } = event.data.counts;
        totals.tests += tests;
        totals.passed += passed;
        totals.failed += tests - passed - left - later;
        success &&= event.data.success;
        totals.todo += later;
      }
      // Its own summary of each file; ours of all stands at the end.
      if (event.type === "test:summary") continue;
      if (event.type === "test:diagnostic" && event.data.nesting === 0 && event.data.file === undefined) continue;
      said.push(event);
    }
    clearTimeout(silence);
    for (const event of said) output.write(event);
    const also = more.length > 0 ? ` and ${more.length} more` : "";
    took.push({ file: `${first}${also}`, ms: performance.now() - began });
  };
  const left = others.values();
  const runAll = async (groups: Iterable<Together>) => {
    for (const files of groups) await runTogether(files);
  };
  await Promise.all(lanes.map((groups) => runAll(groups).then(() => runAll(left))));
  await new Promise<void>((done) => {
    output.once("end", done);
    output.end();
  });
  // Node counts a skipped suite as no test at all; here it is one that was left out.
  return { success, totals: { ...totals, skipped: skipped.length }, skipped, took };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { name: { type: "string" } }, allowPositionals: true });
  // The name of a shared file is the name of a suite, whose tests would all be taken.
  const todo = plan(positionals, root, values.name === undefined ? mostTogether : 1);
  const inCi = process.env["CI"] === "true";
  const missing = installPeers();
  for (const { program, debian, purpose } of missing)
    console.error(
      `${program} is missing (Debian package ${debian}; ${purpose}): its tests ${inCi ? "fail" : "are skipped"}.`,
    );
  if ([...todo.lanes.flat(2), ...todo.others.flat()].some(isIn(built))) await buildUpToDate();

  // Node-RED's statuses are in the language of the machine; tests read the English ones.
  process.env["LC_ALL"] = "C.UTF-8";
  // Hundreds of processes load the same modules: what one of them has compiled the next ones find (a third of their time).
  const compiled = mkdtempSync(join(tmpdir(), "portero-compiled-"));
  process.env["NODE_COMPILE_CACHE"] = compiled;
  const started = Date.now();
  const { success, totals, skipped, took } = await runPlan(todo, values.name).finally(() =>
    rmSync(compiled, { recursive: true, force: true }),
  );
  if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((line) => `  ${line}`).join("\n")}`);
  const skippedInCi = inCi && skipped.length > 0;
  if (skippedInCi) console.log("\nWith CI=true nothing may be skipped: this run has failed.");
  console.log(`\nLongest: ${slowest(took)}`);
  console.log(`\n${summary(totals, Date.now() - started)}`);
  // Not process.exit(): it would cut off output that is not yet written.
  process.exitCode = success && totals.failed === 0 && !skippedInCi ? 0 : 1;
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (error instanceof BuildError) fail(...error.problems, "The build failed, so nothing was tested.");
    fail(error instanceof Error ? error.message : String(error));
  }
}
