import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readPackage, root } from "../../scripts/repository.ts";
import { anchors, blocksOf, follow, links, pages } from "./pages.ts";

const isRelative = (target: string) => !/^[a-z]+:/i.test(target);

describe("Links of the documentation", () => {
  for (const [page, text] of pages) {
    const relative = links(text).filter(isRelative);
    if (relative.length === 0) continue;
    it(`${page} leads to files and headings that are there`, () => {
      const broken = relative.filter((target) => {
        const { file, heading } = follow(page, target);
        if (!existsSync(join(root, file))) return true;
        return heading !== undefined && !anchors(pages.get(file) ?? "").includes(heading);
      });
      assert.deepEqual(broken, []);
    });
  }

  it("show the editor and the dashboard", () => {
    const shown = [...pages].flatMap(([page, text]) =>
      links(text).flatMap((target) => (target.endsWith(".png") ? [follow(page, target).file] : [])),
    );
    for (const picture of ["docs/images/editor-light.png", "docs/images/dashboard-light.png"])
      assert.ok(shown.includes(picture), `${picture} is shown by no page`);
  });

  it("lead, from the pages of users, to nothing that the installed package lacks", () => {
    const { files = [] } = readPackage();
    const parts = ["README.md", "LICENSE", ...files];
    const missing = [...pages]
      .filter(([page]) => !/decisions|benchmarks|architecture|CONTRIBUTING/.test(page))
      .flatMap(([page, text]) =>
        links(text)
          .filter(isRelative)
          .map((target) => follow(page, target).file)
          .filter((file) => !parts.some((part) => file === part || file.startsWith(`${part}/`)))
          .map((file) => `${page}: ${file}`),
      );
    assert.deepEqual(missing, []);
  });

  it("reach every page from the index", () => {
    const reached = new Set(["docs/README.md"]);
    for (const page of reached)
      for (const target of links(pages.get(page) ?? "").filter(isRelative)) {
        const { file } = follow(page, target);
        if (pages.has(file)) reached.add(file);
      }
    assert.deepEqual(
      [...pages.keys()].filter((page) => !reached.has(page) && page !== "CHANGELOG.md"),
      [],
    );
  });

  it("number each decision once", () => {
    const numbers = [...pages.keys()].flatMap((page) => /^docs\/decisions\/(\d{3})-/.exec(page)?.[1] ?? []);
    assert.ok(numbers.length > 0);
    assert.deepEqual([...new Set(numbers)], numbers);
  });
});

describe("The reader of pages", () => {
  it("finds blocks with their kind, also in lists, and neither links nor headings in them", () => {
    const text = ["# A b!", "1. x", "   ```json kind", '   { "a": "](no.md)" }', "   ```", "[c](d.md#e)"].join("\n");
    const [block] = blocksOf("p.md", text);
    assert.deepEqual(block, { page: "p.md", line: 3, language: "json", kind: "kind", text: '{ "a": "](no.md)" }' });
    assert.deepEqual([links(text), anchors(text)], [["d.md#e"], ["a-b"]]);
    assert.deepEqual(follow("docs/x/y.md", "../z.md#h"), { file: "docs/z.md", heading: "h" });
  });
});
