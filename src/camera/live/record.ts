// A clip of what is seen about now: what was kept of the film, and what comes of it.
import type { Clock } from "../../clock.ts";
import { tryAgain, type PorteroError } from "../../errors.ts";
import { clipOf, sizeOfFrame, type Clip } from "./kept.ts";
import type { LiveCamera } from "./live-camera.ts";

const mostBytes = 48 * 2 ** 20;

export interface ClipWish {
  readonly beforeMs: number;
  readonly afterMs: number;
}

/**
 * A film of `beforeMs` before now, as far as they are kept, and of `afterMs` from now on. Ends early where it grows too
 * large, the camera begins anew or is taken away, or `signal` aborts. Rejects with why there is not a single picture.
 */
export async function record(
  camera: LiveCamera,
  clock: Clock,
  { beforeMs, afterMs }: ClipWish,
  signal?: AbortSignal,
): Promise<Clip> {
  const groups = camera.past(beforeMs);
  const ended = new AbortController();
  const end = () => ended.abort();
  let bytes = groups.reduce((sum, group) => sum + group.bytes, 0);
  let format = groups.at(-1)?.format;
  let fault: PorteroError | undefined;
  const leave = camera.watch({
    format: (told) => {
      if (format && format !== told) end();
      format = told;
    },
    frame: (frame, behind) => {
      if (ended.signal.aborted || !format || (behind > 0 && beforeMs > 0)) return;
      if (groups.at(-1)?.frames.at(-1) === frame) return;
      if (frame.key || groups.length === 0) groups.push({ format, frames: [], sound: [], bytes: 0, cut: false });
      groups.at(-1)?.frames.push(frame);
      bytes += sizeOfFrame(frame);
      if (bytes > mostBytes) end();
    },
    sound: (sound) => {
      if (ended.signal.aborted || sound.format.codec !== "aac") return;
      groups.at(-1)?.sound.push(sound);
      bytes += sound.bytes.length;
    },
    trouble: (error) => {
      fault = error;
      if (groups.length > 0) end();
    },
    ended: end,
  });
  signal?.addEventListener("abort", end);
  if (signal?.aborted) end();
  await clock.sleep(afterMs, ended.signal);
  signal?.removeEventListener("abort", end);
  end();
  leave();
  const clip = clipOf(groups);
  if (clip) return clip;
  throw fault ?? tryAgain("no-picture", "The camera sent no whole picture in this time");
}
