// A door's camera for browsers: single pictures, and the film by WebSocket or as MJPEG. Below Node-RED's root for nodes, behind
// the login that is set for that (httpNodeAuth), and by ticket where that is passed by (upgrade.ts).
import { isNear, systemClock, type Clock } from "../../src/clock.ts";
import { LiveCamera } from "../../src/camera/live/live-camera.ts";
import { kinds, kindsOf, Sender, type Kind } from "../../src/camera/live/sender.ts";
import { checkSeats, LiveSockets } from "../../src/camera/live/sockets.ts";
import { Tickets } from "../../src/camera/live/tickets.ts";
import { Transcoded } from "../../src/camera/live/transcoded.ts";
import { canTranscode } from "../../src/camera/live/transcoder.ts";
import type { Picture } from "../../src/camera/camera.ts";
import { giveUp, sentence } from "../../src/errors.ts";
import type { Response } from "../http.d.ts";
import type { Red } from "../red.d.ts";
import { doorShown, refuse, type ShownDoor } from "./browser.ts";
import type { DoorNode } from "./node.ts";
import { onUpgrade } from "./upgrade.ts";

// A camera that was at rest: to connect to it and to hear what it sends.
const lookMs = 3_000;
// Of several pages that show single pictures each gets the same one.
const sharedMs = 500;
const boundary = "portero";

/** Serves the cameras of all doors; what is shown of one ends with it. `transcodes`: whether that can be done just now. */
export function serveLive(RED: Red, clock: Clock = systemClock, transcodes = canTranscode): void {
  const tickets = new Tickets(clock);
  const sockets = new LiveSockets(clock);
  const pictures = new WeakMap<DoorNode, { readonly at: number; readonly picture: Promise<Picture> }>();
  const transcoded = new WeakMap<LiveCamera, Transcoded>();

  const get = (path: string, answer: (node: ShownDoor, response: Response) => Promise<void>) =>
    RED.httpNode.get(`/portero/door/:door/${path}`, (request, response) => {
      try {
        const node = doorShown(RED, request.params["door"], request.headers);
        answer(node, response).catch((error: unknown) => {
          if (response.headersSent) response.end();
          else response.status(503).json({ reason: sentence(error) });
        });
      } catch (error) {
        refuse(response, error);
      }
    });

  get("ticket", async (node, response) => {
    response
      .set("Cache-Control", "no-store")
      .json({ ticket: tickets.issue(node.slug), ...(await offer(node, transcodes())) });
  });

  get("picture.jpg", async (node, response) => {
    const now = clock.now();
    let last = pictures.get(node);
    if (!last || !isNear(last.at, now, sharedMs + 1)) {
      last = { at: now, picture: node.endpoint.switchboard.snapshot(node.slug) };
      pictures.set(node, last);
    }
    const { jpeg, takenAt } = await last.picture;
    response.set("Content-Type", "image/jpeg").set("Cache-Control", "no-store");
    response.set("X-Picture-Age", String(Math.max(0, clock.now() - takenAt))).send(jpeg);
  });

  get("live.mjpeg", async (node, response) => {
    const camera = cameraOf(node);
    const { codec } = await camera.look(lookMs);
    // Nobody would hear it leave.
    if (response.destroyed) return;
    if (codec !== "jpeg")
      throw giveUp("no-jpeg", "This camera sends no JPEGs: show it by <portero-camera> or on the door's page");
    checkSeats(camera);
    response.set("Content-Type", `multipart/x-mixed-replace; boundary=${boundary}`).set("Cache-Control", "no-store");
    response.flushHeaders();
    const line = {
      send(data: string | Buffer) {
        if (typeof data === "string") return;
        response.write(`--${boundary}\r\nContent-Type: image/jpeg\r\nContent-Length: ${data.length}\r\n\r\n`);
        response.write(data);
        response.write("\r\n");
      },
      get waiting() {
        return response.writableLength;
      },
      end: () => response.end(),
    };
    response.on("close", camera.watch(new Sender("mjpeg", line, clock)));
  });

  onUpgrade(RED, "live", ({ door, query, request, socket, head }) =>
    sockets.admit(request, socket, head, () => {
      if (!tickets.redeem(query.get("ticket") ?? "", door))
        throw giveUp("no-ticket", "This page has waited too long: it asks anew");
      const kind = kinds.find((known) => known === query.get("kind")) ?? "mse";
      const camera = cameraOf(doorShown(RED, door, request.headers));
      if (kind !== "jsmpeg") return { camera, kind };
      if (!transcodes())
        throw giveUp("no-jsmpeg", "node-rtsp-stream and ffmpeg, which this needs, are not both installed here");
      const film = transcoded.get(camera) ?? new Transcoded(camera, clock);
      transcoded.set(camera, film);
      return { camera: film, kind };
    }),
  );
}

const liveOf = ({ endpoint, slug }: ShownDoor): LiveCamera | Error | undefined =>
  endpoint.switchboard.entrances.get(slug)?.live;

function cameraOf(node: ShownDoor): LiveCamera {
  const camera = liveOf(node);
  if (camera instanceof LiveCamera) return camera;
  throw camera ?? giveUp("no-door", `${node.label} is not there just now`);
}

/** The kinds that the camera can be shown as; where it cannot be asked just now, those that its address lets one expect. */
async function offer(node: ShownDoor, transcodes: boolean): Promise<{ kinds: readonly Kind[]; reason?: string }> {
  const camera = liveOf(node);
  if (!(camera instanceof LiveCamera)) return { kinds: [], ...(camera && { reason: camera.message }) };
  try {
    return { kinds: kindsOf((await camera.look(lookMs)).codec, transcodes) };
  } catch (error) {
    return { kinds: kindsOf(camera.likely, transcodes), reason: sentence(error) };
  }
}
