// What a flow does with parked visitors: it parks one, whatever its strategy does just now; Parkings.fetch rings a phone for one.
import { giveUp } from "../errors.ts";
import type { VisitEvent } from "./messages.ts";
import { parkIn } from "./parking-visit.ts";
import type { ParkSettings } from "./strategy.ts";
import { Talk } from "./talk.ts";
import type { TransferHost } from "./transfer.ts";
import type { Visit } from "./visit.ts";

/**
 * Parks the visitor of a visit, whether it rings or talks; gives the slot. Who talked with it is hung up.
 * @throws PorteroError `no-place`, `full`, `parked`, `no-call`
 */
export async function parkVisitor(host: TransferHost, visit: Visit, wish: ParkSettings): Promise<string> {
  const place = host.parking.find(wish.place);
  if (visit.state === "ended") throw giveUp("no-call", "the visit is over already");
  if (visit.state === "ringing") {
    let slot: string | undefined;
    const told = new Promise<void>((resolve) => {
      const hear = ({ event, visit: { parked } }: VisitEvent) => {
        if (event === "parked") slot = parked;
        if (event !== "parked" && event !== "ended") return;
        visit.off("event", hear);
        resolve();
      };
      visit.on("event", hear);
    });
    const { reason } = (await Promise.race([told, visit.answerBy(parkIn(place, wish))])) ?? {};
    if (slot === undefined) throw giveUp("not-parked", reason ?? "the visit ended before the visitor was parked");
    return slot;
  }
  const { talk } = visit;
  if (!(talk instanceof Talk)) throw giveUp("no-call", "the visitor is in a conference, out of which nobody is parked");
  const { slot, from } = await talk.parking.park(place, wish);
  from?.call.hangUp();
  await from?.session.close();
  return slot;
}
