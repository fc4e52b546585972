// A picture of the door, now: from the fetch that the visit has started already, else a new one; changed on request.
import type { Picture } from "../../src/camera/camera.ts";
import { readJpeg } from "../../src/camera/jpeg.ts";
import { keepPicture } from "../../src/camera/picture-file.ts";
import { Pictures } from "../../src/camera/pictures.ts";
import { sentence } from "../../src/errors.ts";
import type { Message, Red, RedNode } from "../red.d.ts";
import { aboutPicture, doorNode, doorOf, onClose, onInput, Sign } from "../shared.ts";
import { shotOf, type Shot, type SnapshotConfig } from "./settings.ts";

export default function (RED: Red): void {
  function CameraSnapshot(this: RedNode, config: SnapshotConfig) {
    RED.nodes.createNode(this, config);
    const sign = new Sign(this, [doorNode(RED, config.door)?.health]);
    // The worker behind it begins with the first picture.
    const pictures = new Pictures();
    let latest = 0;

    onInput(this, async (msg, send) => {
      const mine = ++latest;
      sign.show("blue", "dot", "camera-snapshot.status.fetching");
      try {
        const shot = shotOf(config, msg["shot"]);
        const { door, switchboard } = doorOf(RED, msg, config.door);
        const name = switchboard.doors().find(({ id }) => id === door)?.name ?? door;
        const picture = await switchboard.snapshot(door);
        const jpeg = await changed(pictures, picture, shot, name);
        const answer: Message = {
          ...msg,
          topic: `${door}/snapshot`,
          event: "snapshot",
          payload: await given(
            jpeg,
            shot,
            `${door}-${new Date(picture.takenAt).toISOString().replaceAll(/[:.]/g, "-")}`,
          ),
          picture: { ...aboutPicture(picture), size: jpeg.length, age: Math.max(0, Date.now() - picture.takenAt) },
        };
        if (shot.thumbnail !== undefined) {
          const small = await smaller(pictures, jpeg, shot.thumbnail);
          answer["thumbnail"] = shot.output === "dataurl" ? dataUrl(small) : small;
        }
        send([answer, null]);
        const kilobytes = Math.ceil(jpeg.length / 1024);
        if (mine === latest)
          sign.show("green", "dot", RED._("camera-snapshot.status.got", { kilobytes, ms: picture.ms }));
      } catch (error) {
        const reason = sentence(error);
        // What came in may hold the picture as the camera sent it.
        const { thumbnail: _, ...rest } = msg;
        send([null, { ...rest, event: "failed", payload: { reason } }]);
        if (mine === latest) sign.show("red", "ring", reason);
      }
    });
    onClose(this, async () => {
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

const dataUrl = (jpeg: Buffer): string => `data:image/jpeg;base64,${jpeg.toString("base64")}`;
