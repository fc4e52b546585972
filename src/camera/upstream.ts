// A camera's film by whichever way its address says: RTSP, or Motion JPEG by HTTP.
import type { LookupFunction } from "node:net";
import { systemClock, type Clock } from "../clock.ts";
import { silent, type Log } from "../log.ts";
import type { Secret } from "../secret.ts";
import { openMjpeg } from "./mjpeg.ts";
import { openRtsp, type RtspSettings } from "./rtsp/stream.ts";
import type { VideoStream } from "./video.ts";

export interface VideoSettings extends Omit<RtspSettings, "url"> {
  /** `rtsp:`, `rtsps:`, `http:` or `https:`. User and password in it are used if none are given beside it. */
  readonly videoUrl: Secret;
}

/** Opens a camera's film. Everything comes as events, faults too: see openRtsp and openMjpeg. */
export function openVideo(
  { videoUrl, ...settings }: VideoSettings,
  deps: { clock?: Clock; log?: Log; lookup?: LookupFunction } = {},
): VideoStream {
  const { clock = systemClock, log = silent } = deps;
  const byHttp = /^\s*https?:/i.test(videoUrl.reveal());
  return byHttp
    ? openMjpeg({ ...settings, url: videoUrl }, { ...deps, clock, log })
    : openRtsp({ ...settings, url: videoUrl }, deps);
}
