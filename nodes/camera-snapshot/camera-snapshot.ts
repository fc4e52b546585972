// A picture of the door, now: from the fetch that the visit has started already, else a new one; changed on request.
import { takeBurst } from "../../src/camera/burst.ts";
import { lacksDecoder } from "../../src/camera/camera.ts";
import { readJpeg } from "../../src/camera/jpeg.ts";
import { keepPicture } from "../../src/camera/picture-file.ts";
import { Pictures } from "../../src/camera/pictures.ts";
import { sentence, tryAgain } from "../../src/errors.ts";
import type { Message, Red, RedNode } from "../red.d.ts";
import { onClose, onInput, Sign } from "../running.ts";
import { aboutPicture, dataUrl } from "../messages.ts";
import { doorNode, nodeOf } from "../found.ts";
import { hides, shotOf, type Shot, type SnapshotConfig } from "./settings.ts";
import { Shootings, withoutLogin, type Shooting, type Shown, type SnapshotCredentials } from "./shooting.ts";

/** What the dialog's button shows: the picture as the node gives it. */
export interface Trial {
  readonly image: string;
  readonly kilobytes: number;
  readonly ms: number;
}

interface SnapshotNode extends RedNode<SnapshotCredentials> {
  /** One picture with the settings as they are deployed. Rejects with a sentence. */
  tryOut(): Promise<Trial>;
}

export default function (RED: Red): void {
  function CameraSnapshot(this: SnapshotNode, config: SnapshotConfig) {
    RED.nodes.createNode(this, config);
    const sign = new Sign(
      this,
      config.from === undefined || config.from === "door" ? [doorNode(RED, config.door)?.health] : [],
    );
    // The worker behind it begins with the first picture.
    const pictures = new Pictures();
    const shootings = new Shootings(RED, this, config);
    const closing = new AbortController();
    let [latest, isBursting] = [0, false];

    const answer = async (msg: Message, picture: Shown, shot: Shot, { of, visit }: Shooting) => {
      const jpeg = await changed(pictures, picture, shot, of.name);
      const small = shot.thumbnail === undefined ? undefined : await smaller(pictures, jpeg, shot.thumbnail);
      const thumbnail = small && (shot.output === "dataurl" ? dataUrl(small) : small);
      return {
        ...inShort(msg, of, visit),
        payload: await given(jpeg, shot, `${of.id}-${stamp(picture.takenAt)}`),
        picture: { ...aboutPicture(picture), size: jpeg.length, age: Math.max(0, Date.now() - picture.takenAt) },
        ...(thumbnail === undefined ? {} : { thumbnail }),
      };
    };

    /** Where only ffmpeg is missing: the picture as the film has it, if it may be seen as it is. */
    const film = async (error: unknown, msg: Message, shot: Shot, { of, visit, movie }: Shooting) => {
      if (config.movie !== true || !movie || hides(shot) || !lacksDecoder(error)) throw error;
      const { mp4, ...picture } = await movie();
      return {
        ...inShort(msg, of, visit),
        payload: await given(mp4, shot, `${of.id}-${stamp(picture.takenAt)}`, "mp4"),
        picture: {
          ...{ ...aboutPicture(picture), contentType: "video/mp4" },
          ...{ size: mp4.length, age: Math.max(0, Date.now() - picture.takenAt) },
        },
      };
    };

    onInput(this, async (msg, send) => {
      const mine = ++latest;
      sign.show("blue", "dot", "camera-snapshot.status.fetching");
      let isMine = false;
      let shooting: Shooting | undefined;
      const tell = (sent: Message, { size }: { size: number }, ms: number) => {
        send([sent, null]);
        const kilobytes = Math.ceil(size / 1024);
        if (mine === latest) sign.show("green", "dot", RED._("camera-snapshot.status.got", { kilobytes, ms }));
      };
      try {
        const shot = shotOf(config, msg["shot"]);
        const begun = (shooting = shootings.of(msg, shot));
        const { count } = shot.burst;
        if (count > 1) {
          if (isBursting)
            throw tryAgain("busy", "camera-snapshot: the pictures of the message before are still being taken");
          isBursting = isMine = true;
        }
        const give = async (picture: Shown, index: number) => {
          const sent = await answer(msg, picture, shot, begun);
          // For a join node, which makes one list of them.
          const parts = { id: msg._msgid ?? "", index, count, type: "array" };
          tell(count > 1 ? { ...sent, parts } : sent, sent.picture, picture.ms);
        };
        // Of several each is to be another one.
        const take = () => begun.take({ signal: closing.signal, fresh: count > 1 });
        try {
          await takeBurst(take, give, shot.burst, { signal: closing.signal });
        } catch (error) {
          const sent = await film(error, msg, shot, begun);
          tell(sent, sent.picture, 0);
        }
      } catch (error) {
        const reason = sentence(error);
        // What came in may hold the picture as the camera sent it.
        const { thumbnail: _, ...rest } = withoutLogin(msg);
        send([null, { ...rest, event: "failed", payload: { reason } }]);
        if (mine === latest) sign.show("red", "ring", reason);
      } finally {
        shooting?.close();
        if (isMine) isBursting = false;
      }
    });
    this.tryOut = async () => {
      const shot: Shot = { ...shotOf(config), output: "buffer" };
      const { of, take } = shootings.of({}, shot);
      const picture = await take({ fresh: true });
      const jpeg = await changed(pictures, picture, shot, of.name);
      return { image: dataUrl(jpeg), kilobytes: Math.ceil(jpeg.length / 1024), ms: picture.ms };
    };
    onClose(this, async () => {
      closing.abort();
      shootings.close();
      sign.close();
      await pictures.close();
    });
    try {
      shotOf(config);
    } catch (error) {
      sign.show("red", "ring", sentence(error));
    }
  }
  RED.nodes.registerType("camera-snapshot", CameraSnapshot, {
    credentials: { username: { type: "text" }, password: { type: "password" } },
  });

  // The button in the dialog.
  const mayTry = RED.auth.needsPermission("camera-snapshot.write");
  RED.httpAdmin.post("/portero/snapshot/:id/try", mayTry, (request, response) => {
    const node = nodeOf(RED, request.params["id"], "camera-snapshot") as SnapshotNode | undefined;
    if (!node) return response.status(404).json({ reason: "deploy this node first" });
    node.tryOut().then(
      (trial) => response.json(trial),
      (error: unknown) => response.status(409).json({ reason: sentence(error) }),
    );
  });
}

/** What every message of a picture has; `msg.visit` is that of the door where the message came without one. */
function inShort(msg: Message, { id }: Shooting["of"], visit: Shooting["visit"]): Message {
  return {
    ...(visit && { visit }),
    ...withoutLogin(msg),
    ...{ topic: `${id}/snapshot`, event: "snapshot" },
  };
}

const stamp = (at: number): string => new Date(at).toISOString().replaceAll(/[:.]/g, "-");

function changed(pictures: Pictures, { jpeg, takenAt }: Shown, shot: Shot, door: string): Promise<Buffer> {
  // Swedish writes a date as ISO 8601 does, and this in the local time.
  const text = shot.caption === true ? `${door}  ${new Date(takenAt).toLocaleString("sv-SE")}` : shot.caption;
  return pictures.process(jpeg, { ...shot.work, ...(text === false ? {} : { caption: text.slice(0, 200) }) });
}

/** Of the picture as it is given: what is hidden there is hidden here. */
async function smaller(pictures: Pictures, jpeg: Buffer, width: number): Promise<Buffer> {
  const found = readJpeg(jpeg);
  return "frame" in found && found.frame.width <= width ? jpeg : await pictures.process(jpeg, { width });
}

async function given(
  bytes: Buffer,
  { output, folder }: Shot,
  name: string,
  kind: "jpg" | "mp4" = "jpg",
): Promise<Buffer | string> {
  if (output === "file" && folder !== undefined) return await keepPicture(folder, name, bytes, kind);
  return output === "dataurl" ? dataUrl(bytes, kind === "mp4" ? "video/mp4" : "image/jpeg") : bytes;
}
