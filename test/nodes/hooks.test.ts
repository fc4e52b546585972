// The hooks of doors as Node-RED serves them: what is answered, what is read of a body, and where the secret stands.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { serveHooks, type HookConfig } from "../../nodes/door/hooks.ts";
import { hookSecret, instanceSecret } from "../../nodes/passwords.ts";
import type { Red, RedNode } from "../../nodes/red.d.ts";
import type { DeviceReport } from "../../src/door/door.ts";
import { Routes } from "./routes.ts";

describe("A door's hooks in Node-RED", () => {
  let userDir: string;
  before(async () => void (userDir = await mkdtemp(join(tmpdir(), "portero-"))));
  after(() => rm(userDir, { recursive: true, force: true }));

  function hooks() {
    const routes = new Routes();
    const up = serveHooks({
      ...{ httpNode: routes.app, httpAdmin: routes.app },
      auth: { needsPermission: (permission: string) => Object.assign(() => {}, { permission }) },
      settings: { userDir },
    } as unknown as Red);
    const logged: string[] = [];
    const node = { id: "d1", warn: (text: string) => logged.push(text) } as unknown as RedNode;
    const heard: DeviceReport[] = [];
    const on = (config: HookConfig) => up(node, config, (report) => heard.push(report));
    const call = (url: string, method = "GET") => routes.ask("USE /portero/hook", { url, method });
    const shown = (round?: string) => {
      const { now, headers } = routes.ask("GET /portero/hook/:door", { params: { door: "d1" }, query: { round } });
      assert.equal(headers["Cache-Control"], "no-store");
      return (now.body as { path: string }).path.replace("portero/hook", "");
    };
    return { on, call, shown, heard, logged };
  }

  it("are off until they are switched on, and off again with their door", () => {
    const { on, call, shown, heard } = hooks();
    on({});
    assert.equal(call(`${shown()}/press`).now.status, 404);
    const off = on({ hooks: true });
    assert.deepEqual(call(`${shown()}/press/201?x=1`, "POST").now, { status: 200, body: "ok\n" });
    assert.deepEqual(heard, [{ kind: "press", button: "201" }]);
    off();
    assert.deepEqual(call(`${shown()}/press`).now, { status: 404, body: "not found\n" });
  });

  it("have another secret after a renewal, of 26 letters and digits, which is no password of the door's", () => {
    const { on, call, shown } = hooks();
    on({ hooks: true, hookRound: "m4x" });
    assert.match(shown("m4x"), /^\/[0-9a-hjkmnp-tv-z]{26}$/);
    assert.notEqual(shown("m4x"), shown());
    assert.equal(call(`${shown()}/press`).now.status, 404);
    assert.equal(call(`${shown("m4x")}/press`).now.status, 200);
    const secret = instanceSecret(userDir);
    assert.notEqual(hookSecret(secret, "d1", "").reveal(), hookSecret(secret, "d2", "").reveal());
  });

  it("read nothing of a body, and end a caller that sends on and on", () => {
    const { on, call, shown, heard } = hooks();
    on({ hooks: true });
    const { request, now } = call(`${shown()}/contact/open`, "POST");
    assert.equal(now.status, 200);
    request.emit("data", Buffer.alloc(60_000));
    assert.equal(request.destroyed, false);
    request.emit("data", Buffer.alloc(10_000));
    assert.equal(request.destroyed, true);
    assert.equal(heard.length, 1);
  });

  it("tell nobody their secret: not the log, however wrong the call", () => {
    const { on, call, shown, logged } = hooks();
    on({ hooks: true });
    call(`${shown()}x/press`);
    call("/wrong/press");
    assert.equal(logged.length, 1);
    assert.ok(!logged.join().includes(shown().slice(1)));
  });
});
