// What browsers load that do not edit flows, in dist/browser/: the script of `<portero-camera>` and the page of a door,
// each in one file.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bundle, bundleErrors, type NodePage } from "./node-page.ts";

const scripts = ["camera", "door"];
const asTheyAre = ["door.html", "door.css"];

/** Makes the files of `root`/browser/; a repository without that folder has none. */
export async function browserFiles(root: string): Promise<NodePage> {
  const page: NodePage = { outputs: [], problems: [] };
  if (!existsSync(join(root, "browser"))) return page;
  for (const name of scripts) {
    const file = `browser/${name}.ts`;
    try {
      page.outputs.push({ path: `browser/${name}.js`, content: await bundle(join(root, file), true) });
    } catch (error) {
      page.problems.push(...bundleErrors(error, file));
    }
  }
  for (const path of asTheyAre)
    page.outputs.push({ path: `browser/${path}`, content: readFileSync(join(root, "browser", path)) });
  return page;
}
