// Shapes of messages that several nodes send.
import type { DoorReport } from "../src/visit/presses/door-state.ts";
import type { DoorState } from "../src/door-states.ts";
import type { Message } from "./red.d.ts";
import type { Picture } from "../src/camera/camera.ts";

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
