// What every node does the same way: handlers that can fail without ending Node-RED, statuses that say why, and finding
// the config nodes and the visit that a message speaks of.
import { EventEmitter } from "node:events";
import type { Picture } from "../src/camera/camera.ts";
import { giveUp, sentence } from "../src/errors.ts";
import type { Log } from "../src/log.ts";
import type { DoorState } from "../src/door-states.ts";
import type { DoorReport } from "../src/visit/presses/door-state.ts";
import type { Switchboard } from "../src/visit/switchboard.ts";
import type { Visit } from "../src/visit/visit.ts";
import type { DoorNode } from "./door/door.ts";
import type { Message, Red, RedNode, Send, StatusLook } from "./red.d.ts";
import type { EndpointNode } from "./sip-endpoint/sip-endpoint.ts";

/**
 * Handles messages. A rejected async input handler would end the whole of Node-RED; here it becomes the message's error
 * (Catch nodes see it) and the node's status.
 */
export function onInput(node: RedNode, handle: (msg: Message, send: Send) => void | Promise<void>): void {
  node.on("input", (msg, send, done) => {
    void (async () => {
      try {
        await handle(msg, send);
        done();
      } catch (error) {
        node.status(failure(error));
        // As a text: an error object would show in the sidebar cut and with its stack.
        node.error(sentence(error), msg);
        done();
      }
    })();
  });
}

/** Runs when the node is removed or redeployed. Node-RED waits for it, 15 s at most; it declares `done` for that. */
export function onClose(node: RedNode, handle: (removed: boolean) => void | Promise<void>): void {
  node.on("close", (removed, done) => {
    void (async () => {
      try {
        await handle(removed);
      } catch (error) {
        node.warn(sentence(error));
      } finally {
        done();
      }
    })();
  });
}

/** Runs work that nobody waits for; what goes wrong is said in the log and in the status. */
export function inBackground(node: RedNode, work: () => Promise<void>): void {
  work().catch((error: unknown) => {
    node.status(failure(error));
    node.error(sentence(error));
  });
}

export const failure = (error: unknown): StatusLook => ({ fill: "red", shape: "ring", text: sentence(error) });

/** Node-RED's log, as src/ wants it. */
export const logOf = (node: RedNode): Log => ({
  debug: (text) => node.debug(text),
  info: (text) => node.log(text),
  warn: (text) => node.warn(text),
  error: (text) => node.error(text),
});

/** The health of a config node, which has no status of its own: the nodes that use it show its trouble in theirs. */
export class Health extends EventEmitter<{ change: [] }> {
  #trouble: string | undefined;

  constructor() {
    super();
    // As many nodes as there are in the flows may follow one endpoint.
    this.setMaxListeners(0);
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  set(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.emit("change");
  }
}

/** A node's status: its own, or the trouble of a config node it depends on while there is any. */
export class Sign {
  readonly #node: RedNode;
  readonly #followed: Health[];
  readonly #draw = () => {
    const trouble = this.#followed.find((health) => health.trouble !== undefined)?.trouble;
    this.#node.status(trouble === undefined ? this.#own : { fill: "red", shape: "ring", text: trouble });
  };
  #own: StatusLook = {};

  constructor(node: RedNode, followed: (Health | undefined)[] = []) {
    this.#node = node;
    this.#followed = followed.filter((health) => health !== undefined);
    for (const health of this.#followed) health.on("change", this.#draw);
    this.#draw();
  }

  show(fill: StatusLook["fill"] | undefined, shape: StatusLook["shape"], text: string): void {
    this.#own = fill === undefined ? { text } : { fill, shape: shape ?? "dot", text };
    this.#draw();
  }

  close(): void {
    for (const health of this.#followed) health.off("change", this.#draw);
  }
}

/** The config node `id` of `type`, or nothing when it is not set, was deleted or is disabled. */
function configNode(RED: Red, id: string | undefined, type: string): RedNode | undefined {
  const node = id ? RED.nodes.getNode(id) : undefined;
  return node?.type === type ? node : undefined;
}

export const endpointNode = (RED: Red, id: string | undefined): EndpointNode | undefined =>
  configNode(RED, id, "sip-endpoint") as EndpointNode | undefined;

export const doorNode = (RED: Red, id: string | undefined): DoorNode | undefined =>
  configNode(RED, id, "door") as DoorNode | undefined;

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

/**
 * The door a message or a node's settings speak of: `msg.door` (a door's id or its name), else the door of `msg.visit`,
 * else the one chosen in the dialog.
 */
export function doorOf(RED: Red, msg: Message, chosen?: string): { door: string; switchboard: Switchboard } {
  const visit = msg["visit"] as { door?: unknown } | null | undefined;
  const wanted = idIn(msg["door"]) ?? idIn(visit?.door);
  const node = wanted === undefined ? doorNode(RED, chosen) : undefined;
  if (node) {
    if (!node.endpoint) throw giveUp("no-endpoint", node.health.trouble ?? `the door "${node.label}" has no endpoint`);
    return { door: node.slug, switchboard: node.endpoint.switchboard };
  }
  if (wanted === undefined) {
    throw giveUp("no-door", "no door: choose one in the dialog, or send msg.visit or msg.door");
  }
  for (const { switchboard } of endpoints(RED)) {
    const door = switchboard.doors().find((d) => d.id === wanted || d.name === wanted);
    if (door) return { door: door.id, switchboard };
  }
  throw giveUp("unknown-door", `there is no door "${wanted}": msg.door is a door's short name or its name`);
}

/** A door's state, as a message. */
export const stateMessage = ({ door, event, ...payload }: Pick<DoorReport, "door" | "event"> & DoorState): Message => ({
  ...{ topic: `${door}/${event}`, event, door, payload },
});

type About = Omit<Picture, "jpeg" | "kind"> & { readonly kind: string };

/** A picture as messages tell of it: the JPEG is the payload, this stands beside it as `msg.picture`. */
export const aboutPicture = ({ width, height, takenAt, ms, source, kind, kept }: About): object => ({
  ...{ contentType: "image/jpeg", width, height, takenAt, ms, source, kind },
  ...(kept && { kept }),
});

/** A JPEG as the src of an image in a page. */
export const dataUrl = (bytes: Buffer, type = "image/jpeg"): string =>
  `data:${type};base64,${bytes.toString("base64")}`;

/** What stands in a field with commas, semicolons or white space between. */
export const entriesIn = (value: unknown): string[] => (textOr(value) ?? "").split(/[\s,;]+/).filter(Boolean);

/** What stands in a field with commas between, each maybe of several words. */
export const namesIn = (value: unknown): string[] =>
  (textOr(value) ?? "").split(",").flatMap((name) => textOr(name) ?? []);

/** A number from a dialog, where an empty field means `otherwise`. */
export function numberOr(value: unknown, otherwise: number): number {
  if (value === undefined || value === null || value === "") return otherwise;
  const number = Number(value);
  return Number.isFinite(number) ? number : otherwise;
}

/** Text from a dialog: trimmed, and nothing when empty. */
export function textOr(value: unknown): string | undefined {
  const text = typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
  return text === "" ? undefined : text;
}
