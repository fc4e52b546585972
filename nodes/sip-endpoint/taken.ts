// A port that cannot be had may be that of another endpoint of the same flows, as an imported example brings one.
import { PorteroError, sentence } from "../../src/errors.ts";
import { endpointNode } from "../found.ts";
import type { Red } from "../red.d.ts";
import type { EndpointNode } from "./node.ts";

/** Why `node` does not listen, as a sentence: no other program is to blame for what another endpoint here has. */
export function whyNot(RED: Red, node: EndpointNode, error: unknown): string {
  if (!(error instanceof PorteroError) || error.code !== "port-busy") return sentence(error);
  const { port } = error.data;
  let owner: string | undefined;
  RED.nodes.eachNode(({ id, type, name }) => {
    if (type !== "sip-endpoint" || id === node.id) return;
    if (endpointNode(RED, id)?.switchboard.addresses.some((one) => one.port === port)) owner = name || id;
  });
  if (owner === undefined) return sentence(error);
  return `port ${String(port)} is taken by the SIP endpoint "${owner}" of these flows: choose another Port here, such as 5062`;
}
