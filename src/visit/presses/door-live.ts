// A door's film, wherever the door is just now: its addresses may follow its registration (N3).
import { LiveCamera, type LiveDeps } from "../../camera/live/live-camera.ts";
import { record } from "../../camera/live/record.ts";
import type { VideoSettings } from "../../camera/upstream.ts";
import type { Clock } from "../../clock.ts";
import { doorCamera, type DoorSettings, type Whereabouts } from "../../door/door.ts";
import { liveRules, type LiveRules } from "../../door/live.ts";
import { giveUp, tryAgain } from "../../errors.ts";
import type { PressClip } from "../messages.ts";

/** A camera, or why there is none to be seen live. */
export function doorLive(settings: DoorSettings, where: () => Whereabouts, deps: LiveDeps): LiveCamera | Error {
  const { name, masks = [], videoUrl, make, liveSound = false } = settings;
  if (masks.length > 0)
    return giveUp(
      "masked",
      `${name} has parts that nobody may see, and a film cannot hide them: it is shown in single pictures`,
    );
  if (!videoUrl && !make.camera?.rtsp && !make.camera?.mjpeg)
    return giveUp("no-video-url", `${name} has no video URL: enter it in its dialog, and it is shown live`);
  const open = (): VideoSettings => {
    const { rtsp, mjpeg, username, password, verifyTls, pin } = doorCamera(settings, where());
    const url = rtsp ?? mjpeg;
    if (!url)
      throw tryAgain("no-address", `${name} has not registered yet, and the address of its camera is not known else`);
    return {
      videoUrl: url,
      sound: liveSound,
      ...(username === undefined ? {} : { username }),
      ...(password && { password }),
      ...(verifyTls === undefined ? {} : { verifyTls }),
      ...(pin === undefined ? {} : { pin }),
    };
  };
  return new LiveCamera({ settings: open, ...liveRules(settings) }, deps);
}

/** Ends early, with what there is, when `signal` aborts. */
export async function pressClip(
  live: LiveCamera | Error,
  wish: NonNullable<LiveRules["clip"]>,
  clock: Clock,
  signal: AbortSignal,
): Promise<PressClip> {
  if (live instanceof Error) throw live;
  const { to, ...clip } = await record(live, clock, wish, signal);
  return { ...clip, seconds: Math.round((to - clip.from) / 100) / 10 };
}
