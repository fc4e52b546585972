// "Find cameras" of the door's dialog: the ONVIF devices on this machine's networks, and what one of them tells of itself. And
// "Take a picture": what a deployed door shows now, or why it shows nothing.
// Whoever may change a door may ask, since what is asked is an address of one's own choice.
import { lookAt } from "../../src/camera/onvif/client.ts";
import { discover } from "../../src/camera/onvif/discovery.ts";
import { giveUp, sentence } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import type { Red } from "../red.d.ts";
import { textOr } from "../fields.ts";
import { doorNode } from "../found.ts";
import { switchboardOf } from "./node.ts";

/** `GET /portero/picture/<id>`; `GET /portero/onvif`; `POST /portero/onvif/look` with `{address, user, password, verifyTls, pin}`. */
export function serveCameras(RED: Red): void {
  const mayWrite = RED.auth.needsPermission("door.write");
  RED.httpAdmin.get("/portero/onvif", mayWrite, (_request, response) => {
    discover().then(
      (cameras) => response.json({ cameras }),
      (error: unknown) => response.status(400).json({ reason: sentence(error) }),
    );
  });
  RED.httpAdmin.get("/portero/picture/:id", mayWrite, (request, response) => {
    const picture = async () => {
      const node = doorNode(RED, request.params["id"]);
      if (!node) throw giveUp("not-deployed", "deploy the door first: the picture is that of the deployed one");
      return switchboardOf(node).snapshot(node.slug, { fresh: true });
    };
    picture().then(
      ({ jpeg, width, height, ms, kind }) => {
        const src = `data:image/jpeg;base64,${jpeg.toString("base64")}`;
        response.set("Cache-Control", "no-store").json({ src, width, height, ms, kind });
      },
      (error: unknown) => response.status(400).json({ reason: sentence(error) }),
    );
  });
  RED.httpAdmin.post("/portero/onvif/look", mayWrite, (request, response) => {
    const wish = (request.body ?? {}) as Record<string, unknown>;
    const [username, pin] = [textOr(wish["user"]), textOr(wish["pin"])];
    const password = typeof wish["password"] === "string" ? wish["password"] : "";
    lookAt({
      address: textOr(wish["address"]) ?? "",
      ...(username === undefined ? {} : { username, password: new Secret(password) }),
      verifyTls: wish["verifyTls"] !== false,
      ...(pin === undefined ? {} : { pin }),
    }).then(
      (found) => response.json(found),
      (error: unknown) => response.status(400).json({ reason: sentence(error) }),
    );
  });
}
