// The routes behind "Find cameras": who may ask, and what is said to nonsense.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { serveCameras } from "../../nodes/door/cameras.ts";
import type { RequestHandler } from "../../nodes/http.d.ts";
import type { Red } from "../../nodes/red.d.ts";
import { Routes } from "./routes.ts";

describe("door: the routes of Find cameras", () => {
  const permissions: string[] = [];
  const needsPermission = (name: string): RequestHandler => {
    permissions.push(name);
    return () => {};
  };
  const routes = new Routes();
  serveCameras({ httpAdmin: routes.app, auth: { needsPermission } } as unknown as Red);

  it("are for those who may change doors", () => {
    // A permission comes before the work.
    assert.deepEqual(routes.all, [
      ["GET /portero/onvif", 2],
      ["POST /portero/onvif/look", 2],
    ]);
    assert.deepEqual(permissions, ["door.write"]);
  });

  for (const body of [undefined, null, "text", [], { address: {} }, { address: "", password: {} }])
    it(`answer a body ${JSON.stringify(body)} with a sentence`, async () => {
      const answer = await routes.ask("POST /portero/onvif/look", { body }).answer;
      assert.equal(answer.status, 400);
      assert.match(JSON.stringify(answer.body), /"reason":"The camera/);
    });
});
