// The examples as files: importable side by side, without secrets, laid out on Node-RED's grid.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, it } from "node:test";
import { strategyNames } from "../../src/visit/strategies/usual.ts";
import { links, pages } from "../docs/pages.ts";

interface FlowNode {
  id: string;
  type: string;
  x?: number;
  y?: number;
  z?: string;
  wires?: string[][];
  [setting: string]: unknown;
}

const folder = new URL("../../examples/", import.meta.url);
const examples = new Map(
  readdirSync(folder).map((file) => [file, JSON.parse(readFileSync(new URL(file, folder), "utf8")) as FlowNode[]]),
);
const ours = readdirSync(new URL("../../nodes/", import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "editor")
  .map((entry) => entry.name);

/** The strategies of an example's nodes and of their steps. */
const strategiesOf = (nodes: FlowNode[]): string[] =>
  nodes
    .filter(({ type }) => type === "dial-strategy")
    .flatMap(({ strategy, steps = [] }) => [{ strategy }, ...(steps as { strategy: string }[])])
    .map(({ strategy }) => String(strategy));

describe("examples", () => {
  for (const name of strategyNames) {
    const page = { park: "parking", conference: "conference" }[name as string] ?? `strategies/${name}`;
    it(`have the strategy ${name}, and its page leads to one`, () => {
      const shown = links(pages.get(`docs/${page}.md`) ?? "").map((link) => basename(link));
      const having = [...examples].filter(([, nodes]) => strategiesOf(nodes).includes(name)).map(([file]) => file);
      assert.ok(
        having.some((file) => shown.includes(file)),
        `docs/${page}.md names none of: ${having.join(", ")}`,
      );
    });
  }

  it("use every node of the package", () => {
    const used = new Set([...examples.values()].flat().map((node) => node.type));
    assert.deepEqual(
      ours.filter((type) => !used.has(type)),
      [],
    );
  });

  it("have the same config nodes, so that importing several makes one door", () => {
    const seen = new Map<string, string>();
    for (const node of [...examples.values()].flat().filter((n) => n.type !== "tab" && n.z === undefined)) {
      const settings = JSON.stringify(node);
      assert.equal(seen.get(node.id) ?? settings, settings, `${node.type} ${node.id}`);
      seen.set(node.id, settings);
    }
  });

  it("H20: do not claim each other's numbers", () => {
    const claimed = [...examples.values()]
      .flat()
      .filter((node) => node.type === "sip-registrar")
      .flatMap((node) => (node["extensions"] as { number: string }[]).map((row) => row.number));
    assert.equal(new Set(claimed).size, claimed.length);
  });

  for (const [file, nodes] of examples) {
    describe(file, () => {
      it("has ids of its own, wires to nodes that are there, a comment, and lies on the grid", () => {
        const ids = new Set(nodes.map((node) => node.id));
        assert.equal(ids.size, nodes.length);
        assert.ok(nodes.some((node) => node.type === "comment" && String(node["info"]).length > 100));
        for (const node of nodes) {
          assert.deepEqual(
            node.wires?.flat().filter((id) => !ids.has(id)),
            node.wires && [],
          );
          for (const at of [node.x, node.y]) assert.equal((at ?? 0) % 10, 0, `${node.type} at ${node.x},${node.y}`);
          for (const link of ["endpoint", "door", "broker", "group"]) {
            const id = node[link];
            if (typeof id === "string" && /^[0-9a-f]{16}$/.test(id)) assert.ok(ids.has(id), `${node.type}: ${link}`);
          }
        }
      });

      it("P7: holds no passwords", () => {
        assert.ok(nodes.every((node) => node["credentials"] === undefined));
        assert.ok(!/"(password|code|passwords|cameraPassword)"/.test(JSON.stringify(nodes)));
      });
    });
  }
});
