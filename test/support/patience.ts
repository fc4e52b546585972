// How long a test waits for what another program or a socket is to bring: much longer than that takes on a slow machine,
// and less than the runner gives a test, so that whoever waits in vain can say for what.
import { setTimeout as pause } from "node:timers/promises";

export const patienceMs = 120_000;

/**
 * What `look` finds, once it finds something.
 * @throws Error that names `what`, and what there is instead in `words`
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  words = (): string => "",
): Promise<T> {
  for (const end = Date.now() + patienceMs; ;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited ${patienceMs / 1000} s for ${what}. ${words()}`.trim());
    await pause(20);
  }
}

/** What a count comes to that grows no more: it has stayed the same for half a second. */
export async function settled(what: string, count: () => Promise<number>): Promise<number> {
  let last = NaN;
  let since = 0;
  return until(`${what} to stand still`, async () => {
    const now = await count();
    if (now !== last) [last, since] = [now, Date.now()];
    return Date.now() - since >= 500 && { last };
  }).then(({ last: at }) => at);
}
