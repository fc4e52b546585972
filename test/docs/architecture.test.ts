// What docs/architecture.md says is where, is there; and of src/ nothing is left out.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { root } from "../../scripts/repository.ts";
import { blocks, pages } from "./pages.ts";

const text = pages.get("docs/architecture.md") ?? "";
const section = (from: string) => text.slice(text.indexOf(from)).split("\n\n").slice(0, 3).join("\n\n");

describe("docs/architecture.md", () => {
  it("names every folder of src/, and every file that stands on the ground", () => {
    const ground = section("On the ground stands");
    const entries = readdirSync(join(root, "src"), { withFileTypes: true });
    const missing = entries.filter((entry) =>
      entry.isDirectory() ? !text.includes(`src/${entry.name}/`) : !ground.includes(`\`${entry.name}\``),
    );
    assert.deepEqual(
      missing.map(({ name }) => name),
      [],
    );
    const named = [...ground.matchAll(/`([\w-]+\.ts|[\w-]+\/)`/g)].map(([, name = ""]) => name);
    assert.deepEqual(
      named.filter((name) => !existsSync(join(root, "src", name))),
      [],
    );
  });

  for (const [room, like] of [
    ["sip", "endpoint.ts"],
    ["media", "engine.ts"],
    ["visit", "switchboard.ts"],
  ] as const)
    it(`names only corners of src/${room}/ that are there`, () => {
      const block = blocks("text").find(({ text: plan }) => plan.startsWith(`${like} `))?.text ?? "";
      const names = block.split("\n").flatMap((line) => /^(\S+(\.ts|\/) +)+/.exec(line)?.[0].trim().split(/ +/) ?? []);
      assert.ok(names.length > 5, names.join());
      const floors = ["", "worker"].map((floor) => join(root, "src", room, floor));
      assert.deepEqual(
        names.filter((name) => !floors.some((floor) => existsSync(join(floor, name)))),
        [],
      );
    });
});
