import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { nodeMapProblems, nodeTypes, presetProblems } from "../../scripts/build.ts";
import { nodePage } from "../../scripts/node-page.ts";
import { contentHash } from "../../scripts/stamp.ts";

let root = "";
const put = (path: string, content: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
};
const register = (type: string, icon = "door.svg") =>
  `import { hint } from "../editor/hint.ts";\ndeclare const RED: any;\n` +
  `RED.nodes.registerType("${type}", { category: "door", icon: "${icon}", label: () => hint });\n`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "build-"));
  put("nodes/editor/hint.ts", 'export const hint = "</script> is text";');
  put("nodes/bell-in/bell-in.ts", "export default function () {}");
  put("nodes/bell-in/bell-in.editor.ts", register("bell-in"));
  put("nodes/bell-in/bell-in.html", '<div class="form-row"></div>\n');
  put("nodes/bell-in/bell-in.md", "Rings.\n");
  put("nodes/bell-in/bell-in.de.md", "Klingelt.\n");
  put("nodes/bell-in/bell-in.en-US.json", '{ "label": "bell" }');
  put("icons/door.svg", "<svg/>");
  put("core/inject.svg", "<svg/>");
});
afterEach(() => rmSync(root, { recursive: true }));

const page = async (type = "bell-in") => {
  const { outputs, problems } = await nodePage(root, type, join(root, "core"));
  return { files: new Map(outputs.map((o) => [o.path, o.content.toString()])), problems };
};

describe("The build of a node's page", () => {
  it("wraps script and dialog as Node-RED reads them, the type still a literal", async () => {
    const { files, problems } = await page();
    const html = files.get("nodes/bell-in/bell-in.html") ?? "";
    assert.deepEqual(problems, []);
    assert.match(html, /^<script type="text\/javascript">\n[^]*RED\.nodes\.registerType\("bell-in", \{/);
    assert.match(
      html,
      /<script type="text\/html" data-template-name="bell-in">\n<div class="form-row"><\/div>\n<\/script>/,
    );
    assert.equal(html.match(/<\/script>/g)?.length, 2, "text of the script must not end it");
  });

  it("puts help, words and icons where Node-RED looks for them", async () => {
    const { files } = await page();
    assert.deepEqual([...files.keys()].sort(), [
      "nodes/bell-in/bell-in.html",
      "nodes/bell-in/icons/door.svg",
      "nodes/bell-in/locales/de/bell-in.html",
      "nodes/bell-in/locales/en-US/bell-in.html",
      "nodes/bell-in/locales/en-US/bell-in.json",
    ]);
    assert.equal(
      files.get("nodes/bell-in/locales/de/bell-in.html"),
      '<script type="text/markdown" data-help-name="bell-in">\nKlingelt.\n</script>\n',
    );
  });

  it("takes an icon that comes with Node-RED and names one that exists nowhere", async () => {
    put("nodes/bell-in/bell-in.editor.ts", register("bell-in", "inject.svg"));
    assert.deepEqual((await page()).problems, []);
    put("nodes/bell-in/bell-in.editor.ts", register("bell-in", "dor.svg"));
    assert.match((await page()).problems.join(), /nodes\/bell-in\/bell-in\.editor\.ts names the icon "dor\.svg"/);
  });

  it("names every file that is missing", async () => {
    rmSync(join(root, "nodes/bell-in/bell-in.md"));
    rmSync(join(root, "nodes/bell-in/bell-in.html"));
    assert.deepEqual((await page()).problems, [
      "nodes/bell-in/bell-in.html is missing.",
      "nodes/bell-in/bell-in.md is missing.",
    ]);
  });

  it("refuses another type, a script in the dialog, and words that are not JSON, each by a sentence", async () => {
    put("nodes/bell-in/bell-in.editor.ts", register("bell-out"));
    put("nodes/bell-in/bell-in.html", "<script>alert(1)</script>");
    put("nodes/bell-in/bell-in.en-US.json", "{ label }");
    const { problems } = await page();
    assert.equal(problems.length, 3);
    assert.match(problems.join("\n"), /registerType\("bell-in", \{ … \}\)/);
    assert.match(problems.join("\n"), /bell-in\.html holds a <script> tag/);
    assert.match(problems.join("\n"), /bell-in\.en-US\.json is not JSON/);
  });

  it("says where an editor script cannot be bundled", async () => {
    put("nodes/bell-in/bell-in.editor.ts", 'import "./nowhere.ts";\n');
    assert.match((await page()).problems.join(), /bell-in\.editor\.ts:1 cannot be bundled: Could not resolve/);
  });
});

describe("The map of nodes in package.json", () => {
  const pack = (nodes: Record<string, string>) => ({ name: "p", version: "1.0.0", "node-red": { nodes } });

  it("takes the folders of nodes/ for types, the shared editor code not", () => {
    put("nodes/shared.ts", "");
    assert.deepEqual(nodeTypes(root), ["bell-in"]);
  });

  it("must name every type by its built file, and no other", () => {
    assert.deepEqual(nodeMapProblems(pack({ "bell-in": "dist/nodes/bell-in/bell-in.js" }), ["bell-in"]), []);
    assert.deepEqual(
      nodeMapProblems(pack({ "bell-in": "nodes/bell-in.js", old: "dist/nodes/old/old.js" }), ["bell-in", "new"]),
      [
        'package.json maps the node "bell-in" to "nodes/bell-in.js": it must be "dist/nodes/bell-in/bell-in.js".',
        'package.json lacks the node "new": add "new": "dist/nodes/new/new.js" to node-red.nodes.',
        'package.json names the node "old", but there is no folder nodes/old/.',
      ],
    );
  });
});

describe("The presets (X11)", () => {
  it("are checked when they are built: what is wrong names file and field", () => {
    const preset = {
      ...{ id: "gate", label: "Gate", maker: "Acme", evidence: "unverified", sources: [] },
      dtmf: { method: "info", durationMs: 160, gapMs: 100 },
    };
    put("presets/gate.json", JSON.stringify(preset));
    assert.deepEqual(presetProblems(join(root, "presets")), []);
    put("presets/other.json", JSON.stringify(preset));
    put("presets/wrong.json", JSON.stringify({ ...preset, camera: { image: "http://{adress}/a.jpg" } }));
    assert.deepEqual(presetProblems(join(root, "presets")), [
      'other.json: its id is "gate": name the file gate.json.',
      "wrong.json: door preset: camera.image has {adress}, which nothing fills: use one of {address}, {contact}, {user}, {password}.",
    ]);
  });
});

describe("The stamp of the sources", () => {
  const hash = () => contentHash(root, ["nodes", "icons", "not-there"]);

  it("stays while nothing changes, and changes with content, name and absence", () => {
    const before = hash();
    assert.equal(hash(), before);
    put("nodes/bell-in/bell-in.md", "Rings!\n");
    const edited = hash();
    put("nodes/bell-in/new.ts", "");
    const added = hash();
    rmSync(join(root, "nodes/bell-in/new.ts"));
    assert.equal(new Set([before, edited, added]).size, 3);
    assert.equal(hash(), edited);
  });
});
