// The ring groups of the registrar's dialog: rows of a number, a name and members.
import type { GroupSettings } from "../../src/visit/numbers/groups.ts";
import { entriesIn, textOr } from "../fields.ts";

export interface GroupRow {
  number?: string;
  name?: string;
  /** Between commas or blanks. */
  members?: string;
}

export function groupOf({ number, name, members }: GroupRow): GroupSettings {
  const shown = textOr(name);
  return {
    number: textOr(number) ?? "",
    ...(shown !== undefined && { name: shown }),
    members: entriesIn(members),
  };
}
