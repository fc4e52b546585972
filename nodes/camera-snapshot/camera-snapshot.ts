// A picture of the door, now: from the fetch that the visit has started already, else a new one; made smaller on request.
import { sentence } from "../../src/errors.ts";
import { Pictures, type PictureWork } from "../../src/camera/pictures.ts";
import type { Config, Red, RedNode } from "../red.d.ts";
import { aboutPicture, doorNode, doorOf, numberOr, onClose, onInput, Sign, textOr } from "../shared.ts";

interface SnapshotConfig extends Config {
  door?: string;
  width?: string;
  height?: string;
  fit?: "contain" | "cover";
  quality?: string;
  rotate?: string;
  output?: "buffer" | "dataurl";
}

/** What is to be done to the picture; nothing at all when it goes through as it came. */
export function workOf(config: SnapshotConfig): PictureWork | undefined {
  const [width, height] = [numberOr(config.width, 0), numberOr(config.height, 0)];
  const quarter = [90, 180, 270].find((degrees) => degrees === numberOr(config.rotate, 0)) as
    90 | 180 | 270 | undefined;
  if (width === 0 && height === 0 && quarter === undefined && textOr(config.quality) === undefined) return undefined;
  return {
    ...(width > 0 ? { width } : {}),
    ...(height > 0 ? { height } : {}),
    ...(config.fit === undefined ? {} : { fit: config.fit }),
    ...(quarter === undefined ? {} : { rotate: quarter }),
    ...(textOr(config.quality) === undefined ? {} : { quality: numberOr(config.quality, 85) }),
  };
}

export default function (RED: Red): void {
  function CameraSnapshot(this: RedNode, config: SnapshotConfig) {
    RED.nodes.createNode(this, config);
    const sign = new Sign(this, [doorNode(RED, config.door)?.health]);
    const work = workOf(config);
    // The worker behind it begins with the first picture.
    const pictures = new Pictures();
    let latest = 0;

    onInput(this, async (msg, send) => {
      const mine = ++latest;
      sign.show("blue", "dot", "camera-snapshot.status.fetching");
      try {
        const { door, switchboard } = doorOf(RED, msg, config.door);
        const picture = await switchboard.snapshot(door);
        const jpeg = work === undefined ? picture.jpeg : await pictures.process(picture.jpeg, work);
        const payload = config.output === "dataurl" ? `data:image/jpeg;base64,${jpeg.toString("base64")}` : jpeg;
        const answer = {
          ...msg,
          topic: `${door}/snapshot`,
          event: "snapshot",
          payload,
          picture: aboutPicture(picture),
        };
        send([answer, null]);
        const kilobytes = Math.ceil(jpeg.length / 1024);
        if (mine === latest)
          sign.show("green", "dot", RED._("camera-snapshot.status.got", { kilobytes, ms: picture.ms }));
      } catch (error) {
        const reason = sentence(error);
        send([null, { ...msg, event: "failed", payload: { reason } }]);
        if (mine === latest) sign.show("red", "ring", reason);
      }
    });
    onClose(this, async () => {
      sign.close();
      await pictures.close();
    });
  }
  RED.nodes.registerType("camera-snapshot", CameraSnapshot);
}
