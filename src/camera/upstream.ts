// A camera's film by whichever way its address says: RTSP, or Motion JPEG by HTTP.
import type { LookupFunction } from "node:net";
import { systemClock, type Clock } from "../clock.ts";
import { silent, type Log } from "../log.ts";
import type { Secret } from "../secret.ts";
import { openMjpeg } from "./mjpeg.ts";
import { openRtsp, type Transport } from "./rtsp/stream.ts";
import type { VideoStream } from "./video.ts";

export interface VideoSettings {
  /** `rtsp:`, `rtsps:`, `http:` or `https:`. User and password in it are used if none are given below. */
  readonly videoUrl: Secret;
  readonly username?: string;
  readonly password?: Secret;
  /** False accepts any certificate. True by default. */
  readonly verifyTls?: boolean;
  /** SHA-256 fingerprint of the only certificate to accept. */
  readonly pin?: string;
  /** For connecting, and for each answer; 5,000 by default. */
  readonly timeoutMs?: number;
  /** The film ends when nothing has come for so long; 10,000 by default. */
  readonly silenceMs?: number;
  /** Of RTSP only: see RtspSettings. */
  readonly transport?: Transport;
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
