// Where the pictures of one message come from: a door, a camera that the dialog names, one that the message names where that
// is allowed, or the message itself.
import { cameraAt, strangersCamera } from "../../src/camera/by-url.ts";
import { splitCredentials, type Camera, type Movie, type Picture, type PictureWish } from "../../src/camera/camera.ts";
import { readJpeg } from "../../src/camera/jpeg.ts";
import { readPicture } from "../../src/camera/picture-file.ts";
import { fillUrl } from "../../src/door/door.ts";
import { giveUp } from "../../src/errors.ts";
import type { SourceKind } from "../../src/picture-sources.ts";
import { Secret, showUrl } from "../../src/secret.ts";
import type { VisitView } from "../../src/visit/messages.ts";
import type { Message, Red, RedNode } from "../red.d.ts";
import { logOf } from "../running.ts";
import { doorOf } from "../found.ts";
import { textOr } from "../fields.ts";
import type { Shot, SnapshotConfig } from "./settings.ts";

export interface SnapshotCredentials {
  username: string;
  password: string;
}

/** A picture of whatever source. */
export type Shown = Omit<Picture, "kind"> & { readonly kind: SourceKind | "message" };

export interface Shooting {
  /** What the message tells it is of. */
  readonly of: { readonly id: string; readonly name: string };
  /** Of the door, while one goes on. */
  readonly visit?: VisitView;
  readonly take: (wish: PictureWish) => Promise<Shown>;
  /** Where nothing decodes its film: one picture of that, as MP4. */
  readonly movie?: () => Promise<Movie>;
  readonly close: () => void;
}

const nothing = (): void => {};

const wishOf = ({ sources, timeoutMs }: Shot): PictureWish => ({
  ...(sources && { order: sources }),
  ...(timeoutMs === undefined ? {} : { timeoutMs }),
});

/** Of one node. */
export class Shootings {
  readonly #RED: Red;
  readonly #node: RedNode<SnapshotCredentials>;
  readonly #config: SnapshotConfig;
  /** That of the dialog: kept, so that connection and nonce are. */
  #camera: Camera | undefined;

  constructor(RED: Red, node: RedNode<SnapshotCredentials>, config: SnapshotConfig) {
    this.#RED = RED;
    this.#node = node;
    this.#config = config;
  }

  /** @throws PorteroError with a sentence */
  of(msg: Message, shot: Shot): Shooting {
    const { urlFromMessage, from = "door" } = this.#config;
    if (msg["url"] !== undefined && urlFromMessage === true) return this.#stranger(msg["url"], shot);
    if (from === "message") return ofMessage(msg.payload);
    return from === "url" ? this.#own(shot) : this.#door(msg, shot);
  }

  close(): void {
    this.#camera?.close();
  }

  #door(msg: Message, shot: Shot): Shooting {
    const { door: id, switchboard } = doorOf(this.#RED, msg, this.#config.door);
    const name = switchboard.doors().find((door) => door.id === id)?.name ?? id;
    const visit = switchboard.lastVisit(id);
    return {
      of: { id, name },
      ...(visit && visit.state !== "ended" && { visit: visit.view() }),
      take: (wish) => switchboard.snapshot(id, { ...wishOf(shot), ...wish }),
      movie: () => switchboard.movie(id, wishOf(shot)),
      close: nothing,
    };
  }

  #own(shot: Shot): Shooting {
    const { url, verifyTls, pin } = this.#config;
    const { username, password } = this.#node.credentials;
    if (textOr(url) === undefined)
      throw giveUp("no-image-url", "camera-snapshot: no address: enter the camera's in the dialog");
    const login =
      textOr(username) === undefined ? {} : { username: String(username), password: new Secret(password ?? "") };
    this.#camera ??= cameraAt(
      // A login that somebody typed into its query stands here as words in braces.
      fillUrl(String(url), {}, login) ?? String(url),
      {
        ...login,
        verifyTls: verifyTls !== false,
        ...(textOr(pin) === undefined ? {} : { pin: String(pin) }),
      },
      { log: logOf(this.#node) },
    );
    return this.#ofCamera(this.#camera, shot, nothing);
  }

  #stranger(url: unknown, shot: Shot): Shooting {
    if (typeof url !== "string") throw giveUp("bad-url", "msg.url is no text: it is a camera's address");
    const camera = strangersCamera(url, { log: logOf(this.#node) });
    return this.#ofCamera(camera, shot, () => camera.close());
  }

  #ofCamera(camera: Camera, shot: Shot, close: () => void): Shooting {
    return {
      of: { id: "camera", name: textOr(this.#config.name) ?? "camera" },
      take: (wish) => camera.snapshot({ ...wishOf(shot), ...wish }),
      movie: () => camera.movie(wishOf(shot)),
      close,
    };
  }
}

/** `msg.payload` is a JPEG, as bytes or as a data URL, or the path of one. */
function ofMessage(payload: unknown): Shooting {
  return { of: { id: "camera", name: "camera" }, take: () => pictureIn(payload), close: nothing };
}

async function pictureIn(payload: unknown): Promise<Shown> {
  const data = typeof payload === "string" ? /^data:image\/jpeg;base64,/i.exec(payload)?.[0] : undefined;
  const { bytes, takenAt, source } = Buffer.isBuffer(payload)
    ? { bytes: payload, takenAt: Date.now(), source: "msg.payload" }
    : typeof payload !== "string"
      ? { bytes: undefined, takenAt: 0, source: "" }
      : data !== undefined
        ? { bytes: Buffer.from(payload.slice(data.length), "base64"), takenAt: Date.now(), source: "msg.payload" }
        : { ...(await readPicture(payload)), source: payload };
  if (!bytes) throw giveUp("no-picture", "msg.payload is no picture: a Buffer, a data URL, or the path of a file");
  const found = readJpeg(bytes);
  if ("fault" in found) throw giveUp("no-picture", `msg.payload is no JPEG that can be used: it ${found.fault}`);
  const { width, height, end } = found.frame;
  return { jpeg: bytes.subarray(0, end), width, height, takenAt, ms: 0, source, kind: "message" };
}

/** The message without the password that it came with. */
export function withoutLogin(msg: Message): Message {
  const { url } = msg;
  return typeof url === "string" ? { ...msg, url: showUrl(splitCredentials(url).url) } : msg;
}
