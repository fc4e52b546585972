// The rules of the house that no linter knows, over the package and its files. Each rule gives sentences; none = kept.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Package } from "./repository.ts";

export interface Found {
  problems: string[];
  warnings: string[];
}

/** The parts of package-lock.json that the rules read. */
export interface Lock {
  packages: Record<string, { dev?: boolean; devOptional?: boolean; hasInstallScript?: boolean }>;
}

/** The flow library's score card counts run-time dependencies up to six; nobody's install may run a foreign script. */
export function dependencyProblems(pack: Package, lock: Lock): string[] {
  const names = Object.keys(pack.dependencies ?? {});
  const scripts = Object.entries(lock.packages)
    .filter(([path, p]) => path !== "" && p.hasInstallScript && !p.dev && !p.devOptional)
    .map(([path]) => `${path} is installed with the package and runs an install script: do without it.`);
  return names.length > 6
    ? [`package.json has ${names.length} run-time dependencies (${names.join(", ")}): at most six.`, ...scripts]
    : scripts;
}

// Keys of certificates made for tests on loopback; node:crypto cannot make certificates, so they are files.
const testKeys = /^test\/fixtures\/tls\//;

// Shapes of secrets, registries (which belong into a user's .npmrc), and places that exist on one machine only.
const forbidden: readonly { pattern: RegExp; what: string; but?: RegExp }[] = [
  { pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----\n/, what: "a private key", but: testKeys },
  { pattern: /\b(?:ghp|gho|ghs|github_pat|glpat|npm)_[A-Za-z0-9_]{30,}/, what: "an access token" },
  { pattern: /\bAKIA[0-9A-Z]{16}\b/, what: "an access key" },
  // As an .npmrc has them; Asterisk's outbound_auth is the name of a section.
  { pattern: /(?<![A-Za-z])_auth(?:Token)?\s*=\s*\S/, what: "a registry's credentials" },
  { pattern: /registry\.(?:npmjs|yarnpkg|npmmirror)\b/, what: "the address of a registry" },
  { pattern: /\/work\/(?:main|shared|\.)/, what: "a path of the machine it was written on" },
];

/** What in the text of a file must not be tracked. */
export function secretProblems(file: string, text: string): string[] {
  return forbidden
    .filter(({ pattern, but }) => pattern.test(text) && !but?.test(file))
    .map(({ pattern, what }) => {
      const line = text.slice(0, text.search(pattern)).split("\n").length;
      return `${file}:${line} holds ${what}: take it out.`;
    });
}

/** A file is a page or three: more than 300 lines is worth a look, more than 400 is two files. */
export function lengthOf(file: string, text: string): Found {
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  if (lines > 400) return { problems: [`${file} has ${lines} lines: at most 400, divide it.`], warnings: [] };
  return { problems: [], warnings: lines > 300 ? [`${file} has ${lines} lines: think about dividing it.`] : [] };
}

const isText = (bytes: Buffer) => !bytes.subarray(0, 8000).includes(0);

/** All rules over the given files (paths below `root`). */
export function houseRules(root: string, files: readonly string[], pack: Package): Found {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;
  const found: Found = { problems: dependencyProblems(pack, lock), warnings: [] };
  for (const file of files) {
    const bytes = readFileSync(join(root, file));
    if (!isText(bytes)) continue;
    const text = bytes.toString("utf8");
    found.problems.push(...secretProblems(file, text));
    if (/^src\/.*\.ts$/.test(file)) {
      const length = lengthOf(file, text);
      found.problems.push(...length.problems);
      found.warnings.push(...length.warnings);
    }
  }
  return found;
}
