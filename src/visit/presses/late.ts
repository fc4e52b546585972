// What a page needs to know that opens while somebody is at the door (H12): what its events would have told it.
import type { VisitEvent } from "../messages.ts";
import type { Visit } from "../visit.ts";
import { seenAt } from "./presses.ts";

/** How far a visit is: that it rings, waits or talks, and its picture where that is there already. */
export async function soFar(visit: Visit): Promise<VisitEvent[]> {
  const { state, waiting, answeredBy: by, attempt } = visit.view();
  if (state === "ended") return [];
  const now =
    state === "ringing"
      ? visit.event(waiting ? "waiting" : "ring", seenAt(visit))
      : visit.event("answered", { by, ...(attempt > 0 && { attempt }) });
  // One that is still on its way is told to everybody when it comes.
  const nothing = Promise.resolve(undefined);
  const picture = await Promise.race([visit.picture ?? nothing, nothing]).catch(() => undefined);
  return picture ? [now, { ...visit.event("snapshot", picture), visit: now.visit }] : [now];
}
