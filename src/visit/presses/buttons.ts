// Which button of a bell was pressed: most bells dial a number of its own for each; others say it in a header.
import type { DoorSettings } from "../../door/door.ts";
import type { IncomingCall } from "../../sip/dialog/incoming.ts";
import { headerKey } from "../../sip/message/message.ts";
import { parseUri, unescaped } from "../../sip/message/uri.ts";

export interface Button {
  /** The number of the button; "1" where the bell dials its own extension, as one with a single button does. */
  readonly button: string;
  /** What the door's list calls it; absent where it is not in the list. */
  readonly buttonName?: string;
}

/** So much is shown of what a bell says. */
const mostLetters = 100;

export function buttonOf(door: DoorSettings, call: IncomingCall): Button {
  const { extension, buttons = [] } = door;
  const { dialled } = call;
  const said = saidBy(door, call)?.trim().slice(0, mostLetters);
  const button = said || (dialled === extension ? "1" : dialled);
  const named = buttons.find(({ number }) => number === button || (!said && number === dialled));
  return { button, ...(named && { buttonName: named.name }) };
}

/** The button that a hook or a poller names, by its number or its name; "1" where it names none. */
export function toldButton({ buttons = [] }: DoorSettings, said = "1"): Button {
  const button = said.trim().slice(0, mostLetters) || "1";
  const named = buttons.find(({ number, name }) => number === button || name === button);
  return named ? { button: named.number, buttonName: named.name } : { button };
}

/** Whether two calls of one door come from two buttons for certain: bells that ring many dial many numbers by one press. */
export const areTwo = (one: Button, other: Button): boolean =>
  one.buttonName !== undefined && other.buttonName !== undefined && one.button !== other.button;

function saidBy(
  { buttonFrom, buttonHeader = "" }: DoorSettings,
  { request, remote }: IncomingCall,
): string | undefined {
  switch (buttonFrom) {
    case "to":
      return unescaped(parseUri(request?.to?.uri ?? "")?.user ?? "");
    case "name":
      return remote?.name;
    case "header":
      return request?.all(headerKey(buttonHeader)).join(", ");
    default:
      return undefined;
  }
}
