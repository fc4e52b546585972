// What browsers may have of a door: its page, which shows the camera and who is there and may open. Below Node-RED's root
// for nodes, behind the login that is set for that (httpNodeAuth).
import { readFile } from "node:fs/promises";
import type { DoorNow } from "../../browser/door/state.ts";
import { giveUp, sentence } from "../../src/errors.ts";
import type { DoorSettings, Opening } from "../../src/door/door.ts";
import type { VisitEvent } from "../../src/visit/messages.ts";
import type { Request, Response } from "../http.d.ts";
import { checkHost, checkOrigin } from "../origin.ts";
import type { Red } from "../red.d.ts";
import { doorNode } from "../found.ts";
import type { EndpointNode } from "../sip-endpoint/node.ts";
import type { DoorNode, Access } from "./node.ts";

const files = {
  "camera.js": "text/javascript",
  "door.js": "text/javascript",
  "jsmpeg.js": "text/javascript",
  "phone.js": "text/javascript",
  "door.css": "text/css",
} as const;
const policy =
  "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' blob: data:; media-src 'self' blob:; " +
  "style-src 'self' 'unsafe-inline'";
const keepAliveMs = 20_000;
/** Of one door: all are told in the turn of the event loop in which it rings. */
const mostPages = 200;

/** One that runs, and that browsers may see. */
export interface ShownDoor extends DoorNode {
  readonly endpoint: EndpointNode;
  readonly settings: DoorSettings;
}

/** The door with this short name. @throws PorteroError `strange-host`, `no-door`, `not-shown` */
export function doorShown(
  RED: Red,
  slug: string | undefined,
  headers: Request["headers"],
  needs: Access = "see",
): ShownDoor {
  checkHost(RED, headers);
  let found: DoorNode | undefined;
  RED.nodes.eachNode(({ id, type }) => {
    const node = type === "door" ? doorNode(RED, id) : undefined;
    if (node?.slug === slug) found = node;
  });
  if (!found)
    throw giveUp("no-door", `There is no door "${slug ?? ""}": the name in the address is a door's short name`);
  if (!found.endpoint || !found.settings) throw giveUp("no-door", found.health.trouble ?? "This door has no settings");
  if (found.access === "off")
    throw giveUp("not-shown", `${found.label} is not shown to browsers: its dialog has a choice for that, "Browsers"`);
  if (needs === "open" && found.access !== "open")
    throw giveUp("not-opened", `${found.label} may not be opened from a browser: its dialog has a choice for that`);
  return found as ShownDoor;
}

/** Says why not, with the status that browsers understand. */
export function refuse(response: Response, error: unknown): void {
  const code = (error as { code?: unknown }).code;
  response.status(code === "no-door" ? 404 : 403).json({ reason: sentence(error) });
}

/** Serves the pages of all doors; the result ends those of one, which come back by themselves. */
export function serveBrowsers(RED: Red): (node: DoorNode) => void {
  const open = new OpenOfDoors();
  for (const [name, type] of Object.entries(files))
    RED.httpNode.get(`/portero/${name}`, (_request, response) => send(response, name, type));

  RED.httpNode.get("/portero/door/:door", (request, response) => {
    // Its addresses are relative to a folder.
    if (!request.path.endsWith("/")) return response.redirect(`${encodeURIComponent(request.params["door"] ?? "")}/`);
    try {
      const { access, answerAs } = doorShown(RED, request.params["door"], request.headers);
      // What can be done here nobody is to do unawares, by buttons below another page's.
      const acts = access === "open" || answerAs !== undefined;
      response.set("Content-Security-Policy", acts ? `${policy}; frame-ancestors 'self'` : policy);
      send(response, "door.html", "text/html");
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      response.status(code === "no-door" ? 404 : 403);
      response.set("Content-Type", "text/plain; charset=utf-8").send(`${sentence(error)}.\n`);
    }
  });

  RED.httpNode.get("/portero/door/:door/events", (request, response) => {
    try {
      follow(doorShown(RED, request.params["door"], request.headers), response, open);
    } catch (error) {
      refuse(response, error);
    }
  });

  const act = (does: string, work: (node: ShownDoor, request: Request) => Promise<unknown>) =>
    RED.httpNode.post(`/portero/door/:door/${does}`, (request, response) => {
      try {
        checkOrigin(request.headers);
        work(doorShown(RED, request.params["door"], request.headers, "open"), request).then(
          (result) => response.json(result),
          (error: unknown) => refuse(response, error),
        );
      } catch (error) {
        refuse(response, error);
      }
    });
  act("open", async (node, request) => {
    const [user, relay] = [userOf(RED, request), request.query["relay"]];
    const opening = await node.endpoint.switchboard.open({
      ...{ door: node.slug, by: shownUser(user), as: { kind: "page", name: user ?? "" } },
      ...(typeof relay === "string" && { relay }),
    });
    return { ok: opening.ok, reason: opening.reason };
  });
  act("stop", (node, request) => {
    const visit = node.endpoint.switchboard.visits().find(({ door }) => door.id === node.slug);
    visit?.stop(`stopped by ${shownUser(userOf(RED, request))}`);
    return Promise.resolve({ ok: visit !== undefined });
  });

  return (node) => open.end(node);
}

/** What is open of each door, by what ends it; the oldest makes way. */
export class OpenOfDoors {
  readonly #ends = new Map<DoorNode, Set<() => void>>();

  add(node: DoorNode, end: () => void): void {
    const ends = (this.#ends.get(node) ?? new Set()).add(end);
    this.#ends.set(node, ends);
    const [oldest] = ends;
    if (ends.size > mostPages) oldest?.();
  }

  delete(node: DoorNode, end: () => void): void {
    this.#ends.get(node)?.delete(end);
  }

  end(node: DoorNode): void {
    for (const end of this.#ends.get(node) ?? []) end();
    this.#ends.delete(node);
  }
}

/** Who asks, as far as Node-RED has made sure of it. */
function userOf(RED: Red, { user }: Request): string | undefined {
  const named = typeof user === "object" ? (user.username ?? user.name ?? user.email) : user;
  const only = (RED.settings.httpNodeAuth as { user?: unknown } | undefined)?.user;
  return named ?? (typeof only === "string" ? only : undefined);
}

const shownUser = (user: string | undefined): string => (user === undefined ? "page" : `page (${user})`);

function send(response: Response, name: string, type: string): void {
  readFile(new URL(`../../browser/${name}`, import.meta.url)).then(
    (bytes) => response.set("Content-Type", `${type}; charset=utf-8`).set("Cache-Control", "no-cache").send(bytes),
    (error: unknown) => response.status(500).json({ reason: sentence(error) }),
  );
}

/** Server-sent events (HTML §9.2): the whole of what a page knows, whenever it changes. */
function follow(node: ShownDoor, response: Response, open: OpenOfDoors): void {
  const { switchboard } = node.endpoint;
  if (response.destroyed) return;
  let opening: DoorNow["opening"];
  response.set("Content-Type", "text/event-stream").set("Cache-Control", "no-store").set("X-Accel-Buffering", "no");
  response.flushHeaders();
  const tell = () => response.write(`retry: 1000\ndata: ${JSON.stringify(now(node, opening))}\n\n`);
  const onVisit = ({ visit, event }: VisitEvent) => {
    if (visit.door !== node.slug) return;
    if (event === "ring") opening = undefined;
    tell();
  };
  const onOpening = ({ door, ok, reason }: Opening) => {
    if (door !== node.slug) return;
    opening = { ok, reason };
    tell();
  };
  // A connection that nothing goes through is ended by routers and proxies.
  const beat = setInterval(() => response.write(":\n\n"), keepAliveMs);
  const end = () => {
    clearInterval(beat);
    switchboard.off("visit", onVisit).off("opening", onOpening);
    open.delete(node, end);
    response.end();
  };
  open.add(node, end);
  switchboard.on("visit", onVisit).on("opening", onOpening);
  response.on("close", end);
  tell();
}

function now({ slug, label, access, answerAs, endpoint, settings }: ShownDoor, opening: DoorNow["opening"]): DoorNow {
  const call = endpoint.switchboard.doors().find(({ id }) => id === slug)?.call ?? "idle";
  const visit = endpoint.switchboard
    .visits()
    .find(({ door }) => door.id === slug)
    ?.view();
  return {
    ...{ name: label, mayOpen: access === "open", answers: answerAs !== undefined, call },
    ...(visit && {
      visit: {
        who: visit.caller.name || visit.caller.number,
        ...(visit.buttonName !== undefined && { button: visit.buttonName }),
        seconds: Math.round((Date.now() - Date.parse(visit.startedAt)) / 1000),
        ...(visit.answeredBy !== undefined && { answeredBy: visit.answeredBy }),
      },
    }),
    ...(settings.relays && { relays: settings.relays.map(({ id, name }) => ({ id, name })) }),
    ...(opening && { opening }),
  };
}
