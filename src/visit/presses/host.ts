// What the doors need of their switchboard, and what they tell.
import type { DoorReport } from "./door-state.ts";
import type { Opening } from "../../door/opener.ts";
import type { Switches } from "../numbers/switches.ts";
import type { TransferHost } from "../talk/transfer.ts";
import type { VisitEvent } from "../messages.ts";

export interface EntranceEvents {
  visit: [event: VisitEvent];
  /** Each opening and each refusal to open, with the visit's picture, which may still be on its way; never rejects. */
  opening: [opening: Opening, picture: Promise<Buffer | undefined>];
  /** What a door's contact, relay or lock does now, or that it is held open. */
  "door-state": [report: DoorReport];
  /** A door came or went. */
  doors: [];
  /** A door that is asked what happens does not answer, with why; or does again. */
  poll: [door: string, trouble: string | undefined];
}

/** What the doors need of their switchboard. */
export interface EntranceHost extends TransferHost {
  /** Whether calls can be taken: the endpoint listens and there is somewhere for their sound. */
  readonly listens: boolean;
  readonly switches: Switches;
  tell<E extends keyof EntranceEvents>(event: E, ...payload: EntranceEvents[E]): void;
}
