// Where the repository is and what it holds: shared by the scripts.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "..");

/** The parts of package.json that the scripts read. */
export interface Package {
  name: string;
  version: string;
  /** What is published, beside README, LICENSE and package.json. */
  files?: readonly string[];
  dependencies?: Record<string, string>;
  bin?: Record<string, string>;
  "node-red": { nodes: Record<string, string> };
}

/** @throws Error when there is no readable package.json in `folder`. */
export function readPackage(folder = root): Package {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Package;
}

/** Ends a script with sentences on stderr instead of a stack: what went wrong is in them. */
export function fail(...sentences: string[]): never {
  for (const sentence of sentences) console.error(sentence);
  process.exit(1);
}
