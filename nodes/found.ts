// Finding the nodes and the visit that a message, a dialog or its routes speak of.
import type { DoorNode } from "./door/node.ts";
import type { EndpointNode } from "./sip-endpoint/node.ts";
import type { Message, Red, RedNode } from "./red.d.ts";
import { Switchboard } from "../src/visit/switchboard.ts";
import { Visit } from "../src/visit/visit.ts";
import { giveUp } from "../src/errors.ts";

/** The node `id` of `type`, or nothing when it is not set, was deleted or is disabled. */
export function nodeOf(RED: Red, id: string | undefined, type: string): RedNode | undefined {
  const node = id ? RED.nodes.getNode(id) : undefined;
  return node?.type === type ? node : undefined;
}

export const endpointNode = (RED: Red, id: string | undefined): EndpointNode | undefined =>
  nodeOf(RED, id, "sip-endpoint") as EndpointNode | undefined;

export const doorNode = (RED: Red, id: string | undefined): DoorNode | undefined =>
  nodeOf(RED, id, "door") as DoorNode | undefined;

/** Every running endpoint. Looked up anew each time, so that a redeployed endpoint is never held on to. */
export function endpoints(RED: Red): EndpointNode[] {
  const found: EndpointNode[] = [];
  RED.nodes.eachNode((config) => {
    const node = config.type === "sip-endpoint" ? endpointNode(RED, config.id) : undefined;
    if (node) found.push(node);
  });
  return found;
}

const idIn = (value: unknown): string | undefined => {
  if (typeof value === "string" && value !== "") return value;
  const id = typeof value === "object" && value !== null ? (value as { id?: unknown }).id : undefined;
  return typeof id === "string" && id !== "" ? id : undefined;
};

/** The id in `msg.visit`, which may be a visit or just its id. */
export const visitIdOf = (msg: Message): string | undefined => idIn(msg["visit"]);

/** The live visit of a message; throws a sentence when there is none or nobody knows it (any more). */
export function visitOf(RED: Red, msg: Message): { visit: Visit; switchboard: Switchboard } {
  const id = visitIdOf(msg);
  if (id === undefined) {
    throw giveUp("no-visit", "msg.visit is missing: wire this node behind doorbell-in, or pass its msg.visit on");
  }
  for (const { switchboard } of endpoints(RED)) {
    const visit = switchboard.visit(id);
    if (visit) return { visit, switchboard };
  }
  throw giveUp("visit-gone", `the visit ${id} is over and forgotten, or its endpoint was redeployed`);
}

const isAt = ({ switchboard }: EndpointNode, visit: string | undefined): boolean =>
  visit !== undefined && switchboard.visit(visit) !== undefined;

/**
 * The door a message or a node's settings speak of: `msg.door` (a door's id or its name), else the door of `msg.visit`,
 * else the one chosen in the dialog.
 */
export function doorOf(RED: Red, msg: Message, chosen?: string): { door: string; switchboard: Switchboard } {
  const visit = msg["visit"] as { door?: unknown } | null | undefined;
  const id = visitIdOf(msg);
  // Two endpoints may have doors of one name: the one at which the visit is knows which is meant.
  const known = endpoints(RED).toSorted((a, b) => Number(isAt(b, id)) - Number(isAt(a, id)));
  const live = id === undefined ? undefined : known[0]?.switchboard.visit(id);
  const wanted = idIn(msg["door"]) ?? idIn(visit?.door) ?? live?.door.id;
  const node = wanted === undefined ? doorNode(RED, chosen) : undefined;
  if (node) {
    if (!node.endpoint) throw giveUp("no-endpoint", node.health.trouble ?? `the door "${node.label}" has no endpoint`);
    return { door: node.slug, switchboard: node.endpoint.switchboard };
  }
  if (wanted === undefined) {
    throw giveUp("no-door", "no door: choose one in the dialog, or send msg.visit or msg.door");
  }
  for (const { switchboard } of known) {
    const door = switchboard.doors().find((d) => d.id === wanted || d.name === wanted);
    if (door) return { door: door.id, switchboard };
  }
  throw giveUp("unknown-door", `there is no door "${wanted}": msg.door is a door's short name or its name`);
}
