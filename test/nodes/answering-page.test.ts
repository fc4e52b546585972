// The part of a door's page that answers (X8), where its telephone cannot be loaded. In a real browser:
// test/editor/answering.test.ts.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { Answering } from "../../browser/door/answering.ts";
import { stubGlobals } from "../support/globals.ts";

/** A page without a browser: what it listens for, and a folder in the place of the server. */
async function page(t: TestContext) {
  const listened = new Set<string>();
  const element = () => ({ classList: { toggle() {}, remove() {} }, replaceChildren() {} });
  stubGlobals(t, {
    document: { createElement: element },
    Audio: function () {},
    addEventListener: (event: string) => listened.add(event),
    removeEventListener: (event: string) => listened.delete(event),
  });
  const folder = await mkdtemp(join(tmpdir(), "portero-page-"));
  t.after(() => rm(folder, { recursive: true }));
  let changed = () => {};
  const answering = new Answering({ changed: () => changed(), elsewhere() {}, failed() {} });
  const door = () => new URL(`${pathToFileURL(folder).href}/door/front/`);
  const next = () => new Promise<void>((resolve) => (changed = resolve));
  const load = () => import(new URL("../../phone.js", door()).href).catch(() => {});
  const serve = () =>
    writeFile(
      join(folder, "phone.js"),
      'export class Phone { constructor(_, view) { view.phone({ is: "away", reason: "new" }); } close() {} }',
    );
  return { answering, listened, door, next, load, serve };
}

describe("X8 a page whose telephone cannot be loaded", () => {
  it("listens for nothing once it is not to answer any more, and says nothing of it then", async (t) => {
    const { answering, listened, door, next, load } = await page(t);
    const told = next();
    answering.want(door());
    await told;
    assert.equal(answering.state?.is, "away");
    assert.ok(listened.has("pagehide"));
    answering.want(undefined);
    assert.deepEqual([[...listened], answering.state], [[], undefined]);
    answering.want(door());
    answering.want(undefined);
    await load();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([[...listened], answering.state], [[], undefined]);
  });

  it("tries again when it hears of its door again", async (t) => {
    const { answering, door, next, serve } = await page(t);
    let told = next();
    answering.want(door());
    await told;
    await serve();
    told = next();
    answering.want(door());
    await told;
    assert.deepEqual(answering.state, { is: "away", reason: "new" });
    answering.want(undefined);
  });
});
