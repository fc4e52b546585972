// What browsers load that do not edit flows, in dist/browser/: the scripts of `<portero-camera>` and `<portero-door>`, each in
// one file; and what they load where it is needed: the first when nothing else works, the second where pages answer.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bundle, bundleErrors, type NodePage } from "./node-page.ts";

const scripts = [
  { name: "camera", format: "iife" },
  { name: "door", format: "iife" },
  { name: "jsmpeg", format: "esm", by: "node_modules/@cycjimmy/jsmpeg-player/LICENSE" },
  { name: "phone", format: "esm", by: "node_modules/sip.js/LICENSE.md" },
] as const;
const asTheyAre = ["door.html", "door.css"];

/** Makes the files of `root`/browser/; a repository without that folder has none. */
export async function browserFiles(root: string): Promise<NodePage> {
  const page: NodePage = { outputs: [], problems: [] };
  if (!existsSync(join(root, "browser"))) return page;
  for (const { name, format, ...more } of scripts) {
    const file = `browser/${name}.ts`;
    try {
      // Its licence wants to be kept with it.
      const notice = "by" in more ? `/*\n${more.by}\n\n${readFileSync(join(root, more.by), "utf8")}*/\n` : "";
      page.outputs.push({
        path: `browser/${name}.js`,
        content: notice + (await bundle(join(root, file), true, format)),
      });
    } catch (error) {
      page.problems.push(...bundleErrors(error, file));
    }
  }
  for (const path of asTheyAre)
    page.outputs.push({ path: `browser/${path}`, content: readFileSync(join(root, "browser", path)) });
  return page;
}
