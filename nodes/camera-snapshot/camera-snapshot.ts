// A picture of the door, now: from the fetch that the visit has started already, else a new one; changed on request.
import { takeBurst } from "../../src/camera/burst.ts";
import type { Picture } from "../../src/camera/camera.ts";
import { readJpeg } from "../../src/camera/jpeg.ts";
import { keepPicture } from "../../src/camera/picture-file.ts";
import { Pictures } from "../../src/camera/pictures.ts";
import { sentence, tryAgain } from "../../src/errors.ts";
import type { Message, Red, RedNode } from "../red.d.ts";
import { aboutPicture, dataUrl, doorNode, doorOf, onClose, onInput, Sign } from "../shared.ts";
import { shotOf, type Shot, type SnapshotConfig } from "./settings.ts";

/** What the dialog's button shows: the picture as the node gives it. */
export interface Trial {
  readonly image: string;
  readonly kilobytes: number;
  readonly ms: number;
}

interface SnapshotNode extends RedNode {
  /** One picture with the settings as they are deployed. Rejects with a sentence. */
  tryOut(): Promise<Trial>;
}

export default function (RED: Red): void {
  function CameraSnapshot(this: SnapshotNode, config: SnapshotConfig) {
    RED.nodes.createNode(this, config);
    const sign = new Sign(this, [doorNode(RED, config.door)?.health]);
    // The worker behind it begins with the first picture.
    const pictures = new Pictures();
    const closing = new AbortController();
    let [latest, isBursting] = [0, false];

    const answer = async (msg: Message, picture: Picture, shot: Shot, door: { id: string; name: string }) => {
      const jpeg = await changed(pictures, picture, shot, door.name);
      const small = shot.thumbnail === undefined ? undefined : await smaller(pictures, jpeg, shot.thumbnail);
      const thumbnail = small && (shot.output === "dataurl" ? dataUrl(small) : small);
      return {
        ...msg,
        ...{ topic: `${door.id}/snapshot`, event: "snapshot" },
        payload: await given(
          jpeg,
          shot,
          `${door.id}-${new Date(picture.takenAt).toISOString().replaceAll(/[:.]/g, "-")}`,
        ),
        picture: { ...aboutPicture(picture), size: jpeg.length, age: Math.max(0, Date.now() - picture.takenAt) },
        ...(thumbnail === undefined ? {} : { thumbnail }),
      };
    };

    onInput(this, async (msg, send) => {
      const mine = ++latest;
      sign.show("blue", "dot", "camera-snapshot.status.fetching");
      let isMine = false;
      try {
        const shot = shotOf(config, msg["shot"]);
        const { door, switchboard } = placeOf(RED, msg, config);
        const { count } = shot.burst;
        if (count > 1) {
          if (isBursting)
            throw tryAgain("busy", "camera-snapshot: the pictures of the message before are still being taken");
          isBursting = isMine = true;
        }
        const give = async (picture: Picture, index: number) => {
          const sent = await answer(msg, picture, shot, door);
          // For a join node, which makes one list of them.
          const parts = { id: msg._msgid ?? "", index, count, type: "array" };
          send([count > 1 ? { ...sent, parts } : sent, null]);
          const kilobytes = Math.ceil(sent.picture.size / 1024);
          if (mine === latest)
            sign.show("green", "dot", RED._("camera-snapshot.status.got", { kilobytes, ms: picture.ms }));
        };
        await takeBurst(() => switchboard.snapshot(door.id), give, shot.burst, { signal: closing.signal });
      } catch (error) {
        const reason = sentence(error);
        // What came in may hold the picture as the camera sent it.
        const { thumbnail: _, ...rest } = msg;
        send([null, { ...rest, event: "failed", payload: { reason } }]);
        if (mine === latest) sign.show("red", "ring", reason);
      } finally {
        if (isMine) isBursting = false;
      }
    });
    this.tryOut = async () => {
      const shot: Shot = { ...shotOf(config), output: "buffer" };
      const { door, switchboard } = placeOf(RED, {}, config);
      const picture = await switchboard.snapshot(door.id);
      const jpeg = await changed(pictures, picture, shot, door.name);
      return { image: dataUrl(jpeg), kilobytes: Math.ceil(jpeg.length / 1024), ms: picture.ms };
    };
    onClose(this, async () => {
      closing.abort();
      sign.close();
      await pictures.close();
    });
    try {
      shotOf(config);
    } catch (error) {
      sign.show("red", "ring", sentence(error));
    }
  }
  RED.nodes.registerType("camera-snapshot", CameraSnapshot);

  // The button in the dialog.
  const mayTry = RED.auth.needsPermission("camera-snapshot.write");
  RED.httpAdmin.post("/portero/snapshot/:id/try", mayTry, (request, response) => {
    const node = RED.nodes.getNode(request.params["id"] ?? "") as SnapshotNode | null | undefined;
    if (node?.type !== "camera-snapshot") return response.status(404).json({ reason: "deploy this node first" });
    node.tryOut().then(
      (trial) => response.json(trial),
      (error: unknown) => response.status(409).json({ reason: sentence(error) }),
    );
  });
}

function placeOf(RED: Red, msg: Message, config: SnapshotConfig) {
  const { door: id, switchboard } = doorOf(RED, msg, config.door);
  const name = switchboard.doors().find((door) => door.id === id)?.name ?? id;
  return { door: { id, name }, switchboard };
}

function changed(pictures: Pictures, { jpeg, takenAt }: Picture, shot: Shot, door: string): Promise<Buffer> {
  // Swedish writes a date as ISO 8601 does, and this in the local time.
  const text = shot.caption === true ? `${door}  ${new Date(takenAt).toLocaleString("sv-SE")}` : shot.caption;
  return pictures.process(jpeg, { ...shot.work, ...(text === false ? {} : { caption: text.slice(0, 200) }) });
}

/** Of the picture as it is given: what is hidden there is hidden here. */
async function smaller(pictures: Pictures, jpeg: Buffer, width: number): Promise<Buffer> {
  const found = readJpeg(jpeg);
  return "frame" in found && found.frame.width <= width ? jpeg : await pictures.process(jpeg, { width });
}

async function given(jpeg: Buffer, { output, folder }: Shot, name: string): Promise<Buffer | string> {
  if (output === "file" && folder !== undefined) return await keepPicture(folder, name, jpeg);
  return output === "dataurl" ? dataUrl(jpeg) : jpeg;
}
