// H9: the visitor waits in a room until somebody is there; several may answer it.
import type { SoundSettings } from "../sound/sounds.ts";
import type { Strategy } from "./verbs.ts";
import type { TargetSettings } from "../ringing/target.ts";
import { once } from "./outcome.ts";

export interface ConferenceSettings {
  readonly place?: string;
  readonly seconds?: number;
  readonly sound?: SoundSettings;
  /** Who is rung into the room; nobody is where nobody is named. */
  readonly targets: readonly TargetSettings[];
}

export function conference({ place, seconds, sound, targets }: ConferenceSettings): Strategy {
  return async (ringing) => {
    const where = { ...(place !== undefined && { place }), ...(seconds !== undefined && { seconds }) };
    const result = await ringing.confer({
      ...{ ...where, ...(sound && { music: sound }) },
      ...(targets.length > 0 && { targets }),
    });
    return once(ringing, result);
  };
}
