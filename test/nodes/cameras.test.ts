// The routes behind "Find cameras": who may ask, and what is said to nonsense.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { serveCameras } from "../../nodes/door/cameras.ts";
import type { Request, RequestHandler, Response } from "../../nodes/http.d.ts";
import type { Red } from "../../nodes/red.d.ts";

describe("door: the routes of Find cameras", () => {
  const routes = new Map<string, RequestHandler>();
  const permissions: string[] = [];
  const add = (path: string, ...handlers: RequestHandler[]) => {
    assert.equal(handlers.length, 2, "a permission comes before the work");
    const [, work] = handlers;
    if (work) routes.set(path, work);
  };
  const needsPermission = (name: string): RequestHandler => {
    permissions.push(name);
    return () => {};
  };
  serveCameras({ httpAdmin: { get: add, post: add }, auth: { needsPermission } } as unknown as Red);

  it("are for those who may change doors", () => {
    assert.deepEqual([...routes.keys()], ["/portero/onvif", "/portero/onvif/look"]);
    assert.deepEqual(permissions, ["door.write"]);
  });

  for (const body of [undefined, null, "text", [], { address: {} }, { address: "", password: {} }])
    it(`answer a body ${JSON.stringify(body)} with a sentence`, async () => {
      const answer = await new Promise<{ status: number; body: unknown }>((resolve) => {
        let status = 200;
        const response = {
          json: (said: unknown) => resolve({ status, body: said }),
          status: (code: number) => {
            status = code;
            return response;
          },
          set: () => response,
          send: () => {},
        } as unknown as Response;
        const request = { params: {}, query: {}, body } as unknown as Request;
        routes.get("/portero/onvif/look")?.(request, response, () => {});
      });
      assert.equal(answer.status, 400);
      assert.match(JSON.stringify(answer.body), /"reason":"The camera/);
    });
});
