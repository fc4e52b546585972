// Several pictures one after the other.
import { systemClock, type Clock } from "../clock.ts";

export interface Burst {
  readonly count: number;
  /** From the beginning of one picture to that of the next, or as soon as the camera can. */
  readonly everyMs: number;
}

// A visit's own picture is given again while it is fresh: asked this often in vain, it will not become another one.
const mostSame = 20;

/**
 * Hands `count` different pictures of `take` to `give`, one at a time. Ends with the first that fails, which it rejects
 * with, and early without a word when `signal` aborts.
 */
export async function takeBurst<Picture>(
  take: () => Promise<Picture>,
  give: (picture: Picture, index: number) => Promise<void>,
  { count, everyMs }: Burst,
  { clock = systemClock, signal }: { clock?: Clock; signal?: AbortSignal } = {},
): Promise<void> {
  let last: Picture | undefined;
  let same = 0;
  for (let index = 0; index < count;) {
    const begun = clock.now();
    const picture = await take();
    if (signal?.aborted) return;
    if (picture !== last || same >= mostSame) {
      await give(picture, index);
      [last, same] = [picture, 0];
      index += 1;
    } else same += 1;
    if (index < count) await clock.sleep(Math.max(0, begun + everyMs - clock.now()), signal);
    if (signal?.aborted) return;
  }
}
