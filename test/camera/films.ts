// Films of real pictures, as a camera's stream has them, without a camera.
import { UnitDepayloader } from "../../src/camera/rtsp/units.ts";
import type { Frame, VideoFormat } from "../../src/camera/video.ts";
import { clip, depayload, packedClip } from "./rtsp/packets.ts";

export interface Film {
  readonly format: VideoFormat;
  readonly frames: readonly Frame[];
}

/** The fixtures' clip: 24 frames (H.264) or 16 (H.265) of 176×100 pixels, 25 a second, a key frame every 8. */
export function film(codec: "h264" | "h265"): Film {
  const made = depayload((out) => new UnitDepayloader(clip(codec).nal, [], out), packedClip(codec, "single"));
  const [format] = made.formats;
  if (!format) throw new Error("the clip has no format");
  return { format, frames: made.frames };
}
