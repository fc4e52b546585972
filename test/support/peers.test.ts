import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { run } from "./processes.ts";

// Where no programs are: a missing peer, whatever this machine has.
const ask = (env: Record<string, string>) => {
  const module = pathToFileURL(join(import.meta.dirname, "peers.ts")).href;
  const script = `import { without } from "${module}"; console.log(without("sipp", "baresip"));`;
  return run(process.execPath, ["--input-type=module", "-e", script], { env: { PATH: "/nowhere", CI: "", ...env } });
};

describe("A test without its peers", () => {
  it("is skipped, with the reason and the packages to install", async () => {
    const { code, output } = await ask({});
    assert.equal(code, 0);
    assert.equal(output, "sipp and baresip not found: on Debian, apt-get install sip-tester baresip-core");
  });

  it("fails with CI=true, so that nothing is skipped unseen", async () => {
    const { code, output } = await ask({ CI: "true" });
    assert.equal(code, 1);
    assert.match(output, /sipp and baresip not found/);
  });
});
