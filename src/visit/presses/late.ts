// What a page needs to know that opens while somebody is at the door (H12): what its events would have told it.
import type { VisitEvent, VisitEventName } from "../messages.ts";
import type { Visit } from "../visit.ts";

/** How far a visit is: that it rings, waits or talks, and its picture where that is there already. */
export async function soFar(visit: Visit): Promise<VisitEvent[]> {
  const view = visit.view();
  const told = (event: VisitEventName, payload: unknown): VisitEvent => ({
    ...{ event, visit: view, payload, topic: `${view.door}/${event}` },
  });
  const { answeredBy: by, attempt, caller, button, buttonName } = view;
  const seen = { from: caller.number, button, ...(buttonName !== undefined && { buttonName }) };
  const events = {
    ringing: told(view.waiting ? "waiting" : "ring", seen),
    talking: told("answered", { by, ...(attempt > 0 && { attempt }) }),
    ended: undefined,
  };
  const now = events[view.state];
  if (!now) return [];
  // One that is still on its way is told to everybody when it comes.
  const nothing = Promise.resolve(undefined);
  const picture = await Promise.race([visit.picture ?? nothing, nothing]).catch(() => undefined);
  return picture ? [now, told("snapshot", picture)] : [now];
}
