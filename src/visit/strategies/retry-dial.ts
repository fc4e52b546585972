// H15: after a vain try the visitor hears an announcement to its end, then the music again, and is rung for anew. Whoever
// declines is rung again too.
import type { SoundSettings } from "../sound/sounds.ts";
import type { Strategy } from "./verbs.ts";
import { redial, type RedialSettings } from "./redial.ts";

export interface RetrySettings extends RedialSettings {
  readonly announcement?: SoundSettings;
  /** What is heard while it rings and waits. */
  readonly sound?: SoundSettings;
}

export function retryDial({ announcement, sound, ...settings }: RetrySettings): Strategy {
  if (!announcement) return redial(settings);
  return redial(settings, async (ringing, seconds) => {
    // Who registers in the middle of a sentence is rung at once (X1).
    const heard = await ringing.announce(announcement);
    if (sound && !ringing.signal.aborted) void ringing.play(sound);
    if (heard) await ringing.wait(seconds);
  });
}
