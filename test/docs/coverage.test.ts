// Every node, status, preset and cause has its place in the documentation, and says what the code says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readPackage, root } from "../../scripts/repository.ts";
import { presets } from "../../src/door/door.ts";
import { cause, causeOf } from "../../src/sip/causes.ts";
import { visitEvents } from "../../src/visit/messages.ts";
import { pages, prose, words } from "./pages.ts";

const page = (path: string): string => {
  const text = pages.get(path);
  assert.ok(text !== undefined, `${path} is missing`);
  return text;
};
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

describe("The pages of nodes", () => {
  for (const type of Object.keys(readPackage()["node-red"].nodes)) {
    it(`${type} has one, named by index and README`, () => {
      assert.match(page(`docs/nodes/${type}.md`), new RegExp(`^# ${type}\n`));
      assert.ok(page("docs/README.md").includes(`(nodes/${type}.md)`));
      assert.ok(page("README.md").includes(`(docs/nodes/${type}.md)`));
    });

    it(`${type}: each status it can show is explained`, () => {
      const file = join(root, "nodes", type, `${type}.en-US.json`);
      const catalogue = JSON.parse(readFileSync(file, "utf8")) as Record<string, { status?: Record<string, string> }>;
      const text = words(page(`docs/nodes/${type}.md`));
      const statuses = Object.values(catalogue[type]?.status ?? {});
      const missing = statuses.filter((status) => !new RegExp(escaped(status).replace(/__\w+?__/g, ".+?")).test(text));
      assert.deepEqual(missing, []);
    });

    it(`${type}: its outputs are numbered as in the editor`, () => {
      const script = readFileSync(join(root, "nodes", type, `${type}.editor.ts`), "utf8");
      const outputs = Number(/^ {2}outputs: (\d)/m.exec(script)?.[1] ?? 0);
      const section = /^## Outputs\n([\s\S]*?)(?=^## )/m.exec(prose(page(`docs/nodes/${type}.md`)))?.[1] ?? "";
      assert.equal(section !== "", outputs > 0);
      // A single output needs no number.
      assert.equal(section.match(/^\d\. /gm)?.length ?? 0, outputs > 1 ? outputs : 0);
    });
  }
});

describe("What doorbell-in tells", () => {
  for (const path of ["docs/nodes/doorbell-in.md", "nodes/doorbell-in/doorbell-in.md"])
    it(`stands in ${path}, event by event`, () => {
      const outputs = readFileSync(join(root, path), "utf8").split(/^#+ Outputs$/m)[1] ?? "";
      const untold = visitEvents.filter((event) => !new RegExp(`\\b${event}\\b(?!-)`).test(outputs));
      assert.deepEqual(untold, []);
    });
});

describe("The pages of makers", () => {
  for (const [id, preset] of presets) {
    it(`${id} says what the preset says, and how well it is known`, () => {
      const name = `**${preset.label}**, \`${id}\``;
      const [file = "", text = ""] =
        [...pages].find(([path, text]) => path.startsWith("docs/makers/") && text.includes(name)) ?? [];
      assert.ok(file !== "", `no page of docs/makers has ${name}`);
      assert.ok(text.includes(`Evidence: **${preset.evidence}**`));
      if (preset.unverified) assert.match(text, /\*\*unverified\*\*/);
      const { image, mjpeg, rtsp } = preset.camera ?? {};
      const { steps = [], confirm } = preset.opening ?? {};
      const asked = [...steps, ...(confirm ? [confirm] : [])].map(({ url }) => url);
      const polled = [preset.poll?.url, preset.poll?.subscribe?.url];
      const templates = [image, mjpeg, rtsp, ...asked, ...polled].filter((url) => url !== undefined);
      assert.deepEqual(
        templates.filter((url) => !text.includes(`\`${url}\``)),
        [],
      );
      assert.equal(/^\| Hooks /m.test(text), preset.hooks !== undefined);
      const { transports = [] } = preset.sip ?? {};
      assert.deepEqual(
        transports.filter((transport) => !text.includes(transport.toUpperCase())),
        [],
      );
      const { longestSeconds } = preset.ring ?? {};
      assert.ok(longestSeconds === undefined || text.includes(`${longestSeconds} s`));
      assert.ok(preset.dtmf.code === undefined || text.includes(`\`${preset.dtmf.code}\``));
      assert.ok(page("docs/README.md").includes(`(${file.replace("docs/", "")})`));
    });
  }
});

describe("The table of stop causes", () => {
  const rows = [...page("docs/strategies/redial.md").matchAll(/^\| (\d+) +\| (.+?) +\| (.+?) +\| (.+?) +\|$/gm)];
  const shown = new Map(rows.map(([, number, , statuses = "", fate = ""]) => [Number(number), { statuses, fate }]));

  it("H10 has the causes that can end a try", () => {
    const { normal: _n, elsewhere: _e, unspecified: _u, interworking: _i, ...ends } = cause;
    const missing = Object.values(ends).filter((number) => !shown.has(number));
    assert.deepEqual(missing, []);
  });

  it("gives each SIP status the cause that the code gives it", () => {
    const statuses = [...shown].flatMap(([number, row]) =>
      (row.statuses.match(/\d{3}/g) ?? []).map((status) => [Number(status), number] as const),
    );
    assert.ok(statuses.length > 0);
    for (const [status, number] of statuses) assert.equal(causeOf(status), number, String(status));
  });

  it("H10 stops at 21 and 0, and at nothing else by default", () => {
    const stopping = [...shown].filter(([, { fate }]) => fate === "stops").map(([number]) => number);
    assert.deepEqual(stopping.sort(), [0, 21]);
  });
});

describe("Defaults on the pages", () => {
  const script = readFileSync(join(root, "nodes/dial-strategy/dial-strategy.editor.ts"), "utf8");
  for (const name of ["seconds", "tries", "waitSeconds", "maxMinutes"])
    it(`H14 ${name} is that of dial-strategy`, () => {
      const wanted = new RegExp(`${name}: numberField\\("${name}", "([\\d.]+)"\\)`).exec(script)?.[1];
      const shown = new RegExp(`^\\| \`${name}\` +\\| (\\S+) `, "m").exec(page("docs/strategies/redial.md"))?.[1];
      assert.ok(wanted !== undefined);
      assert.equal(shown, wanted);
    });

  it("X6 nothing opens by MQTT until somebody allows it", () => {
    assert.match(
      readFileSync(join(root, "nodes/mqtt-bridge/mqtt-bridge.editor.ts"), "utf8"),
      /commands: \{ value: "off" \}/,
    );
    assert.match(page("docs/nodes/mqtt-bridge.md"), /Until you choose, it allows nothing/);
  });
});
