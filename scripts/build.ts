// Makes dist/: every file of src/ and nodes/ by tsc, one for one (docs/decisions/001-esm-file-by-file.md), what the editor
// loads of each node (node-page.ts), and the pages for everybody's browser (browser-files.ts). Nothing is written when anything is wrong; what no longer has a source goes.

import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { stop as endBundler } from "esbuild";
import ts from "typescript";
import { browserFiles } from "./browser-files.ts";
import { checkPreset } from "../src/door/preset.ts";
import { sentence } from "../src/errors.ts";
import { nodePage, type Output } from "./node-page.ts";
import { fail, readPackage, root, type Package } from "./repository.ts";
import { contentHash, filesUnder } from "./stamp.ts";

const sources = [
  "src",
  "nodes",
  "browser",
  "icons",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "scripts/browser-files.ts",
  "scripts/build.ts",
  "scripts/node-page.ts",
];
const stampFile = join("dist", ".stamp");

/** The build stopped; each sentence is something to mend. */
export class BuildError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "BuildError";
    this.problems = problems;
  }
}

/** The node types of a repository: the folders of nodes/, but for the shared editor code. */
export function nodeTypes(from: string): string[] {
  const folder = join(from, "nodes");
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "editor")
    .map((entry) => entry.name)
    .sort();
}

/** What differs between package.json's `node-red.nodes` and the folders of nodes/, as sentences. */
export function nodeMapProblems(pack: Package, types: readonly string[]): string[] {
  const map = pack["node-red"].nodes;
  const wanted = (type: string) => `dist/nodes/${type}/${type}.js`;
  return [
    ...types
      .filter((type) => map[type] !== wanted(type))
      .map((type) =>
        map[type] === undefined
          ? `package.json lacks the node "${type}": add "${type}": "${wanted(type)}" to node-red.nodes.`
          : `package.json maps the node "${type}" to "${map[type]}": it must be "${wanted(type)}".`,
      ),
    ...Object.keys(map)
      .filter((type) => !types.includes(type))
      .map((type) => `package.json names the node "${type}", but there is no folder nodes/${type}/.`),
  ];
}

/** What is wrong with the presets of `folder`, as sentences that name the file. */
export function presetProblems(folder: string): string[] {
  return readdirSync(folder).flatMap((file) => {
    try {
      const { id } = checkPreset(JSON.parse(readFileSync(join(folder, file), "utf8")));
      return file === `${id}.json` ? [] : [`${file}: its id is "${id}": name the file ${id}.json.`];
    } catch (error) {
      return [`${file}: ${sentence(error)}.`];
    }
  });
}

/** Compiles src/ and nodes/ file by file. Problems are tsc's errors, each with file and line. */
function compile(): { outputs: Output[]; problems: string[] } {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, "tsconfig.build.json"),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (d) => fail(ts.flattenDiagnosticMessageText(d.messageText, "\n")),
    },
  );
  if (!config) fail("tsconfig.build.json cannot be read.");
  const dist = join(root, "dist");
  const outputs: Output[] = [];
  const program = ts.createProgram(config.fileNames, config.options);
  const diagnostics = [...config.errors, ...ts.getPreEmitDiagnostics(program)];
  const emitted = program.emit(undefined, (file, content) => outputs.push({ path: relative(dist, file), content }));
  const problems = [...diagnostics, ...emitted.diagnostics].map((d) => {
    const text = ts.flattenDiagnosticMessageText(d.messageText, "\n");
    if (!d.file || d.start === undefined) return text;
    const { line } = d.file.getLineAndCharacterOfPosition(d.start);
    return `${relative(root, d.file.fileName)}:${line + 1} ${text} (TS${d.code})`;
  });
  return { outputs, problems: [...new Set(problems), ...outputs.flatMap(danglingUrls)] };
}

/** tsc rewrites the extension in imports, not in `new URL("./worker.ts", import.meta.url)`: that file is not in dist/. */
function danglingUrls({ path, content }: Output): string[] {
  return [...content.toString().matchAll(/new URL\(\s*["'](\.[^"']+\.ts)["']/g)].map(
    (m) =>
      `${path.replace(/\.js$/, ".ts")} loads ${m[1] ?? ""} by new URL(): after the build that file ends in .js. ` +
      `Take the extension from import.meta.url.`,
  );
}

/** The files of src/ that are data (JSON, pages, sounds): beside the compiled code as beside the source. */
function data(): Output[] {
  return filesUnder(root, "src")
    .filter((file) => !/\.(ts|md)$/.test(file))
    .map((path) => ({ path, content: readFileSync(join(root, path)) }));
}

/** Writes what changed and removes what nobody wrote. */
function write(outputs: readonly Output[]): void {
  const dist = join(root, "dist");
  const wanted = new Map(outputs.map(({ path, content }) => [join("dist", path), content]));
  for (const [path, content] of wanted) {
    const file = join(root, path);
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    if (existsSync(file) && readFileSync(file).equals(bytes)) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  for (const file of filesUnder(root, "dist")) if (!wanted.has(file) && file !== stampFile) rmSync(join(root, file));
  removeEmpty(dist);
}

function removeEmpty(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmpty(join(folder, entry.name));
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

/** Builds dist/. @throws BuildError with what is to be mended; dist/ is then as it was. */
export async function build(): Promise<void> {
  const hash = contentHash(root, sources);
  const types = nodeTypes(root);
  const coreIcons = join(root, "node_modules", "@node-red", "nodes", "icons");
  const compiled = compile();
  const pages = await Promise.all(types.map((type) => nodePage(root, type, coreIcons)));
  const forBrowsers = await browserFiles(root);
  // Its service process would stay as long as ours, and ours may be Node-RED.
  await endBundler();
  const problems = [
    ...compiled.problems,
    ...pages.flatMap((page) => page.problems),
    ...forBrowsers.problems,
    ...nodeMapProblems(readPackage(), types),
    ...presetProblems(join(root, "src", "door", "presets")),
  ];
  if (problems.length > 0) throw new BuildError(problems);
  write([...compiled.outputs, ...data(), ...pages.flatMap((page) => page.outputs), ...forBrowsers.outputs]);
  for (const command of Object.values(readPackage().bin ?? {}).map((path) => join(root, path)))
    if (existsSync(command)) chmodSync(command, 0o755);
  writeFileSync(join(root, stampFile), hash);
}

/** Builds when a source changed since the last build; says so on stderr. @returns whether it built. */
export async function buildUpToDate(): Promise<boolean> {
  const stamp = join(root, stampFile);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === contentHash(root, sources)) return false;
  console.error("Building (the sources changed) …");
  await build();
  return true;
}

if (import.meta.main) {
  try {
    await build();
    console.log(`Built dist/ with ${nodeTypes(root).length} nodes.`);
  } catch (error) {
    if (error instanceof BuildError) fail(...error.problems, "Nothing was written: mend the above and build again.");
    throw error;
  }
}
