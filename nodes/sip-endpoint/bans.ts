// Who is not heard at present, for the dialog: the list, and how to lift one.
import { PorteroError, sentence } from "../../src/errors.ts";
import type { Guarding } from "../../src/visit/guarding.ts";
import type { Request } from "../http.d.ts";
import type { Red } from "../red.d.ts";
import { endpointNode } from "../found.ts";

export function serveBans(RED: Red): void {
  const guarding = (request: Request): Guarding | undefined =>
    endpointNode(RED, request.params["id"])?.switchboard.guarding;
  const absent = { reason: "deploy the endpoint first" };

  RED.httpAdmin.get("/portero/bans/:id", RED.auth.needsPermission("sip-endpoint.read"), (request, response) => {
    const found = guarding(request);
    if (!found) return response.status(404).json(absent);
    response.json({ bans: found.bans() });
  });
  RED.httpAdmin.post("/portero/bans/:id/lift", RED.auth.needsPermission("sip-endpoint.write"), (request, response) => {
    const found = guarding(request);
    if (!found) return response.status(404).json(absent);
    const address = request.query["address"];
    try {
      found.lift(typeof address === "string" ? address : "");
    } catch (error) {
      // One that has just run out is what was wished for.
      const isOver = error instanceof PorteroError && error.code === "not-banned";
      if (!isOver) return response.status(400).json({ reason: sentence(error) });
    }
    response.json({ bans: found.bans() });
  });
}
