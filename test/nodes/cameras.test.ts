// The routes behind "Find cameras": who may ask, and what is said to nonsense.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { serveCameras } from "../../nodes/door/cameras.ts";
import type { RequestHandler } from "../../nodes/http.d.ts";
import type { Red } from "../../nodes/red.d.ts";
import { Routes } from "./routes.ts";

const taken = { jpeg: Buffer.from("jpeg"), width: 4, height: 3, ms: 20, kind: "jpeg", source: "http://camera/" };

describe("door: the routes of Find cameras and Take a picture", () => {
  const permissions: string[] = [];
  const needsPermission = (name: string): RequestHandler => {
    permissions.push(name);
    return () => {};
  };
  const routes = new Routes();
  const snapshot = (slug: string, wish: unknown) => Promise.resolve({ ...taken, asked: [slug, wish] });
  const nodes: Record<string, object> = {
    d1: { type: "door", slug: "front", settings: {}, endpoint: { switchboard: { snapshot } } },
    d2: { type: "door", health: { trouble: "number 503 is claimed twice" } },
    d3: {
      ...{ type: "door", slug: "back", settings: {} },
      endpoint: { switchboard: { snapshot: () => Promise.reject(new Error("no answer")) } },
    },
  };
  const getNode = (id: string) => nodes[id];
  serveCameras({ httpAdmin: routes.app, auth: { needsPermission }, nodes: { getNode } } as unknown as Red);

  it("are for those who may change doors", () => {
    // A permission comes before the work.
    assert.deepEqual(routes.all, [
      ["GET /portero/onvif", 2],
      ["GET /portero/picture/:id", 2],
      ["POST /portero/onvif/look", 2],
    ]);
    assert.deepEqual(permissions, ["door.write"]);
  });

  it("give the picture of a door without the address it came from, or a sentence", async () => {
    const ask = async (id: string) => routes.ask("GET /portero/picture/:id", { params: { id } }).answer;
    const src = `data:image/jpeg;base64,${taken.jpeg.toString("base64")}`;
    assert.deepEqual(await ask("d1"), { status: 200, body: { src, width: 4, height: 3, ms: 20, kind: "jpeg" } });
    const reasons = await Promise.all(["none", "d2", "d3"].map(async (id) => (await ask(id)).body));
    assert.deepEqual(reasons, [
      { reason: "deploy the door first: the picture is that of the deployed one" },
      { reason: "number 503 is claimed twice" },
      { reason: "no answer" },
    ]);
  });

  for (const body of [undefined, null, "text", [], { address: {} }, { address: "", password: {} }])
    it(`answer a body ${JSON.stringify(body)} with a sentence`, async () => {
      const answer = await routes.ask("POST /portero/onvif/look", { body }).answer;
      assert.equal(answer.status, 400);
      assert.match(JSON.stringify(answer.body), /"reason":"The camera/);
    });
});
