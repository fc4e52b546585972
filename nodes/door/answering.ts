// Pages that answer the bell (X8): each is a phone by SIP over WebSocket, on Node-RED's own web server. Who has come to the
// page may answer as the extension that the door names, and as no other: a ticket, had behind Node-RED's login, stands for
// the extension's password on one connection. The page's side is browser/phone.ts.
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import { systemClock, type Clock } from "../../src/clock.ts";
import { giveUp } from "../../src/errors.ts";
import { Tickets } from "../../src/camera/live/tickets.ts";
import type { DoorSettings } from "../../src/door/door.ts";
import type { Switchboard } from "../../src/visit/switchboard.ts";
import { textOr } from "../fields.ts";
import { checkOrigin } from "../origin.ts";
import type { Red } from "../red.d.ts";
import { doorShown, OpenOfDoors, refuse, type ShownDoor } from "./browser.ts";
import type { DoorConfig } from "./form.ts";
import { accessOf, type DoorNode } from "./node.ts";
import { forbid, onUpgrade } from "./upgrade.ts";

/** What a page is told before it answers. */
export interface Answering {
  readonly ticket: string;
  readonly extension: string;
  /** The numbers of the other doors: their pages answer for them. */
  readonly others: readonly string[];
  /** The door is seen by its calls alone: while it rings, too, if the page asks for that (X7). */
  readonly seenByCall: boolean;
}

/** Lets pages of all doors answer; the result ends those of one, which come back by themselves. */
export function serveAnswering(RED: Red, clock: Clock = systemClock): (node: DoorNode) => void {
  const tickets = new Tickets(clock);
  const open = new OpenOfDoors();

  RED.httpNode.get("/portero/door/:door/phone", (request, response) => {
    try {
      checkOrigin(request.headers);
      const node = doorShown(RED, request.params["door"], request.headers);
      const extension = answersAs(node);
      const { switchboard } = node.endpoint;
      const others = switchboard.doors().flatMap(({ id, extension: number }) => (id === node.slug ? [] : [number]));
      const ticket = tickets.issue(use(node.slug, extension));
      const answering: Answering = { ticket, extension, others, seenByCall: isSeenByCall(node.settings) };
      response.set("Cache-Control", "no-store").json(answering);
    } catch (error) {
      refuse(response, error);
    }
  });

  onUpgrade(RED, "sip", ({ door, query, request, socket, head }) => {
    try {
      const node = doorShown(RED, door, request.headers);
      const as = answersAs(node);
      if (!tickets.redeem(query.get("ticket") ?? "", use(door, as))) return forbid(socket);
      const from = forwardedFor(request.headers);
      const end = node.endpoint.switchboard.endpoint.handOver(request, socket, head, {
        ...{ as, page: node.slug, opens: (other) => mayOpen(RED, other, request.headers) },
        ...(from !== undefined && { from }),
      });
      open.add(node, end);
      socket.once("close", () => open.delete(node, end));
    } catch {
      // What is wrong is said where the page asks for its next ticket.
      forbid(socket);
    }
  });

  return (node) => {
    const why = endsTalks(RED, node);
    if (why !== undefined) node.endpoint?.switchboard.endpoint.hangUpPages(node.slug, why);
    open.end(node);
  };
}

/** Why pages of a door that ends do not talk on, by the flow that runs next: Node-RED knows it before it ends anything. */
function endsTalks(RED: Red, { id, label, answerAs }: DoorNode): string | undefined {
  const next: DoorConfig[] = [];
  RED.nodes.eachNode((node) => {
    if (node.id === id) next.push(node);
  });
  const stays = next.some(
    ({ d: disabled, browsers, answerAs: as }) =>
      disabled !== true && accessOf(browsers) !== "off" && textOr(as) === answerAs,
  );
  return stays ? undefined : `pages of ${label} do not answer as ${answerAs ?? "anybody"} any more`;
}

const use = (door: string, extension: string): string => `${door} ${extension}`;

/** What has a camera of its own is shown by that; and what has parts that nobody may see is shown in masked pictures only. */
const isSeenByCall = ({ imageUrl, videoUrl, masks = [], make: { camera } }: DoorSettings): boolean =>
  ![imageUrl, videoUrl, camera?.image, camera?.mjpeg, camera?.rtsp].some(Boolean) && masks.length === 0;

/** What browsers may of a door, who answers at its page may by keys. */
function mayOpen(RED: Red, door: string, headers: IncomingHttpHeaders): boolean {
  try {
    return doorShown(RED, door, headers).access === "open";
  } catch {
    return false;
  }
}

/** @throws PorteroError `answers-not`, `no-number` */
function answersAs({ label, answerAs, endpoint }: ShownDoor): string {
  if (answerAs === undefined)
    throw giveUp("answers-not", `Pages of ${label} answer no calls: its dialog has a field for that, "Answer as"`);
  if (!isExtension(endpoint.switchboard, answerAs))
    throw giveUp(
      "no-number",
      `There is no extension ${answerAs}, which pages of ${label} answer as: make it in a registrar`,
    );
  return answerAs;
}

const isExtension = ({ directory }: Switchboard, number: string): boolean =>
  directory.addresses().some((entry) => entry.number === number && entry.kind === "extension");

/** Where the browser is, as the first proxy says. */
const forwardedFor = ({ "x-forwarded-for": said }: IncomingHttpHeaders): string | undefined => {
  const [first = ""] = [said ?? ""].flat().join().split(",");
  return isIP(first.trim()) ? first.trim() : undefined;
};
