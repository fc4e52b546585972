// The words and the help of nodes in other languages than English: as whole as the English ones.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "node:test";

const nodes = join(import.meta.dirname, "../../nodes");
const read = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

/** Each text by its key, such as `door.label.name`. */
function textsOf(words: unknown, above = ""): Map<string, string> {
  if (typeof words === "string") return new Map([[above, words]]);
  assert.ok(typeof words === "object" && words !== null, `${above} is neither a text nor a group of texts`);
  const key = (name: string) => (above === "" ? name : `${above}.${name}`);
  return new Map(Object.entries(words).flatMap(([name, below]) => [...textsOf(below, key(name))]));
}

const help = (path: string): string => readFileSync(join(nodes, path), "utf8");
/** What a help page is built of: its headings, and what its lists name, by their number; what stands as code, by its words. */
const built = (page: string) => {
  const parts = page.split(/^(?=### |\d\. )/m);
  return {
    items: parts.map((part) => part.match(/^ *: /gm)?.length ?? 0),
    code: (page.match(/`[^`]+`/g) ?? []).sort(),
  };
};

const placeholders = (text: string) => (text.match(/__\w+?__/g) ?? []).sort();

describe("The words of a node", () => {
  const english = globSync("*/*.en-US.json", { cwd: nodes });
  const translations = english.flatMap((file) => {
    const others = globSync(file.replace("en-US", "*"), { cwd: nodes }).filter((other) => other !== file);
    return others.map((other) => ({ file, other }));
  });

  // A hint in a field is gone once a number is typed.
  it("name a number's unit beside its field, not in it", () => {
    for (const file of english)
      for (const [key, text] of textsOf(read(join(nodes, file))))
        if (key.includes(".placeholder.")) assert.doesNotMatch(text, /\b(milliseconds|seconds|minutes|hours)\b/, key);
  });

  for (const { file, other } of translations)
    it(`have the English keys and placeholders in ${basename(other)}`, () => {
      const [from, to] = [textsOf(read(join(nodes, file))), textsOf(read(join(nodes, other)))];
      assert.deepEqual([...to.keys()].sort(), [...from.keys()].sort());
      for (const [key, text] of from) {
        const translated = to.get(key) ?? "";
        assert.equal(translated.trim() === "", text.trim() === "", `${key} says something`);
        assert.deepEqual(placeholders(translated), placeholders(text), key);
      }
    });
});

describe("The help of a node", () => {
  const translations = globSync("*/*.*.md", { cwd: nodes });

  it("is there in German for what everybody begins with", () => {
    for (const type of ["sip-registrar", "doorbell-in", "dial-strategy", "door", "camera-snapshot", "dtmf-out"])
      assert.ok(translations.includes(join(type, `${type}.de.md`)), type);
  });

  for (const file of translations)
    it(`has the English settings, ports and names in ${basename(file)}`, () => {
      assert.deepEqual(built(help(file)), built(help(file.replace(/\.[\w-]+\.md$/, ".md"))));
    });
});
