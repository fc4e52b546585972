// The pages of the documentation, and what their tests look at: fenced blocks, links, headings, words.
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { root } from "../../scripts/repository.ts";
import { filesUnder } from "../../scripts/stamp.ts";

export interface Block {
  readonly page: string;
  readonly line: number;
  /** The language: json, js, sh, jsonl, ini, text. */
  readonly language: string;
  /** What stands behind it: what kind of thing the block shows. */
  readonly kind: string;
  readonly text: string;
}

/** Every page, by its path in the repository. */
export const pages: ReadonlyMap<string, string> = new Map(
  [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    ...filesUnder(root, "docs").filter((file) => file.endsWith(".md")),
  ].map((file) => [file, readFileSync(join(root, file), "utf8")] as const),
);

/** The fenced blocks of all pages, or of one language. */
export function blocks(language?: string): Block[] {
  const found = [...pages].flatMap(([page, text]) => blocksOf(page, text));
  return language === undefined ? found : found.filter((block) => block.language === language);
}

export function blocksOf(page: string, text: string): Block[] {
  const found: Block[] = [];
  const fence = /^( *)```(\S*) ?(.*)\n([\s\S]*?)\n\1```$/gm;
  for (const [whole, indent = "", language = "", kind = "", body = ""] of text.matchAll(fence)) {
    const line = text.slice(0, text.indexOf(whole)).split("\n").length;
    found.push({ page, line, language, kind, text: body.replaceAll(new RegExp(`^${indent}`, "gm"), "") });
  }
  return found;
}

/** Where a block stands, for the names of tests. */
export const at = ({ page, line, kind }: Block): string => `${page}:${line}${kind === "" ? "" : ` (${kind})`}`;

/** A page without its fenced blocks. */
export const prose = (text: string): string => text.replace(/^( *)```[\s\S]*?\n\1```$/gm, "");

/** The targets of links and images. */
export const links = (text: string): string[] =>
  [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);

/** The file a relative link of a page leads to, and the heading in it. */
export function follow(page: string, target: string): { file: string; heading: string | undefined } {
  const [path = "", heading] = target.split("#");
  return { file: path === "" ? page : posix.normalize(posix.join(posix.dirname(page), path)), heading };
}

/** The anchors of a page's headings, as GitHub makes them. */
export const anchors = (text: string): string[] =>
  [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

/** Text as people read it: one space between words, without marks for code and tables. */
export const words = (text: string): string => text.replace(/[`*|]/g, "").replace(/\s+/g, " ");
