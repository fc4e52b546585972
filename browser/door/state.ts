// What the page knows of its door, as nodes/door/browser.ts tells it, and what it says of it.
import { words } from "../words.ts";

/** What can be opened; of a door that has one only, nothing is said. */
export interface Relay {
  readonly id?: string;
  readonly name?: string;
}

export interface DoorNow {
  readonly name: string;
  readonly mayOpen: boolean;
  /** Whether its pages answer calls. */
  readonly answers: boolean;
  readonly call: "idle" | "ringing" | "talking" | "parked" | "conference";
  readonly visit?: {
    readonly who: string;
    readonly button?: string;
    readonly seconds: number;
    readonly answeredBy?: string;
  };
  readonly relays?: readonly Relay[];
  readonly opening?: { readonly ok: boolean; readonly reason: string };
}

/** What goes on, in a sentence. */
export function sentenceOf({ call, visit }: DoorNow): string {
  if (!visit || call === "idle") return words.nobody;
  if (call === "ringing") return words.rings(visit.who, visit.button);
  if (call === "parked") return words.parked(visit.who);
  if (call === "conference") return words.conference(visit.who);
  return words.talks(visit.who, visit.answeredBy);
}

/** `1:05`. */
export const minutes = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, "0")}`;
