// docs/troubleshooting.md quotes what the product says: each of these is still said, in these words.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { root } from "../../scripts/repository.ts";
import { pages } from "./pages.ts";

const said: readonly (readonly [words: string, file: string, there?: string])[] = [
  ["no extension here has the login", "src/sip/admission.ts"],
  ["wrong password for", "src/sip/admission.ts"],
  ["nobody is registered", "nodes/dial-strategy/dial-strategy.en-US.json"],
  ["the visit was over already", "nodes/dial-strategy/dial-strategy.en-US.json"],
  ["nobody answered", "nodes/dial-strategy/dial-strategy.en-US.json"],
  ["does not accept the user name or password", "src/camera/rtsp/connection.ts"],
  ["refused the connection", "src/http/faults.ts"],
  ["This door has no image URL", "src/camera/camera.ts"],
  ["no call with the door is up", "src/door/plan.ts"],
  ["the door has no DTMF code", "src/door/plan.ts", "has no DTMF code"],
  ["times within a minute already", "src/door/opener.ts"],
  ["is taken by another program", "src/sip/transport/busy.ts"],
  ["Take a picture", "nodes/door/door.en-US.json"],
  ["Only some visits", "nodes/doorbell-in/doorbell-in.en-US.json"],
  ["Copy with passwords", "nodes/sip-registrar/sip-registrar.en-US.json"],
  ["Take this list", "nodes/door/door.en-US.json"],
  ["as a list", "nodes/sip-registrar/sip-registrar.en-US.json"],
];

describe("What to do when …", () => {
  const page = `${pages.get("docs/troubleshooting.md") ?? ""}${pages.get("docs/flats.md") ?? ""}`;
  for (const [words, file, there = words] of said)
    it(`“${words}” is said by ${file}`, () => {
      assert.ok(page.includes(words), "the page says so");
      assert.ok(readFileSync(join(root, file), "utf8").includes(there), "the product says so");
    });
});
