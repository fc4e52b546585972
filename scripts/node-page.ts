// What Node-RED's editor loads of one node: dist/nodes/<type>/<type>.html (editor script and dialog), its help, its words
// and its icons, made from nodes/<type>/. Node-RED finds help and words in locales/<lang>/ and icons in icons/ beside the
// node's JS.
import { build } from "esbuild";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A file to be written, by its path below dist/. */
export interface Output {
  path: string;
  content: string | Buffer;
}

export interface NodePage {
  outputs: Output[];
  /** What is wrong with the sources, as sentences; nothing may be written then. */
  problems: string[];
}

const read = (path: string) => readFileSync(path, "utf8");
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * A script for browsers as one function, or as a module ("esm"); what it imports is inside. Unminified for editor scripts,
 * which node-red-dev reads.
 */
export async function bundle(file: string, minify = false, format: "iife" | "esm" = "iife"): Promise<string> {
  const result = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format,
    target: "es2022",
    minify,
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
  });
  return result.outputFiles[0]?.text ?? "";
}

/** esbuild's errors as sentences, one an error. */
export function bundleErrors(error: unknown, file: string): string[] {
  const errors = (error as { errors?: { text: string; location: { file: string; line: number } | null }[] }).errors;
  if (!errors) return [`${file} cannot be bundled: ${String(error)}`];
  return errors.map(
    (e) => `${e.location ? `${e.location.file}:${e.location.line}` : file} cannot be bundled: ${e.text}`,
  );
}

/** Help or words of a node by language: `<type>.md` is en-US, `<type>.de.md` is de. */
function byLanguage(folder: string, type: string, extension: string): { language: string; file: string }[] {
  const name = new RegExp(`^${escaped(type)}(?:\\.([A-Za-z]{2,3}(?:-[A-Za-z]{2,4})?))?\\.${extension}$`);
  return readdirSync(folder).flatMap((file) => {
    const found = name.exec(file);
    return found ? [{ language: found[1] ?? "en-US", file }] : [];
  });
}

/**
 * Makes the editor's files of the node in `root`/nodes/`type`/.
 * @param coreIcons folder of the icons that come with Node-RED and may be named too
 */
export async function nodePage(root: string, type: string, coreIcons: string): Promise<NodePage> {
  const folder = join(root, "nodes", type);
  const shown = (file: string) => `nodes/${type}/${file}`;
  const outputs: Output[] = [];
  const problems: string[] = [];
  const put = (path: string, content: string | Buffer) => outputs.push({ path: `nodes/${type}/${path}`, content });

  const needed = [`${type}.ts`, `${type}.editor.ts`, `${type}.html`, `${type}.md`, `${type}.en-US.json`];
  const missing = needed.filter((file) => !existsSync(join(folder, file)));
  if (missing.length > 0) return { outputs, problems: missing.map((file) => `${shown(file)} is missing.`) };

  const dialog = read(join(folder, `${type}.html`)).trim();
  if (/<script/i.test(dialog))
    problems.push(`${shown(`${type}.html`)} holds a <script> tag: write only the dialog's body, the build wraps it.`);

  let script = "";
  try {
    script = await bundle(join(folder, `${type}.editor.ts`));
    // node-red-dev reads the type and the definition from the text of the page: a literal, not a constant.
    if (!script.includes(`RED.nodes.registerType("${type}", {`))
      problems.push(
        `${shown(`${type}.editor.ts`)} must call RED.nodes.registerType("${type}", { … }) with the type as text.`,
      );
  } catch (error) {
    problems.push(...bundleErrors(error, shown(`${type}.editor.ts`)));
  }
  put(
    `${type}.html`,
    `<script type="text/javascript">\n${script.trim()}\n</script>\n\n` +
      `<script type="text/html" data-template-name="${type}">\n${dialog}\n</script>\n`,
  );

  for (const { language, file } of byLanguage(folder, type, "md"))
    put(
      `locales/${language}/${type}.html`,
      `<script type="text/markdown" data-help-name="${type}">\n${read(join(folder, file)).trim()}\n</script>\n`,
    );

  for (const { language, file } of byLanguage(folder, type, "json")) {
    const words = read(join(folder, file));
    try {
      JSON.parse(words);
    } catch (error) {
      problems.push(`${shown(file)} is not JSON: ${String(error)}`);
    }
    put(`locales/${language}/${type}.json`, words);
  }

  // Only the icons that this node names: the editor's icon picker shows the icons of all nodes together.
  for (const icon of new Set([...script.matchAll(/"([\w-]+\.(?:svg|png))"/g)].map((m) => m[1] ?? ""))) {
    if (existsSync(join(root, "icons", icon))) put(`icons/${icon}`, readFileSync(join(root, "icons", icon)));
    else if (!existsSync(join(coreIcons, icon)))
      problems.push(
        `${shown(`${type}.editor.ts`)} names the icon "${icon}", which is neither in icons/ nor in Node-RED.`,
      );
  }
  return { outputs, problems };
}
