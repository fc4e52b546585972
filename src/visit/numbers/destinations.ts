// Whom a phone may have us call for it (transfer, redirection): what it may call itself, the numbers here and what leads outside.
import { isIP } from "node:net";
import type { Call } from "../../sip/dialog/call.ts";
import { parseUri, unescaped } from "../../sip/message/uri.ts";
import type { Way } from "./outside.ts";
import type { Target } from "../ringing/target.ts";

export interface Directory {
  /** Whether a number is of this house and may be called. */
  mayBeCalled(number: string): boolean;
  /** Whether who has this name here may have us call others for it: a phone of the house. */
  mayTransfer(name: string): boolean;
  wayOutside(target: Target, by: "phone"): Way | undefined;
}

/** The target that an address names for who told us of it in `call`; undefined where it may not be called. */
export function destinationOf(directory: Directory, uri: string, call: Call): Target | undefined {
  const parsed = parseUri(uri);
  if (!parsed || parsed.scheme === "tel") return undefined;
  const leads = (target: Target) => (directory.wayOutside(target, "phone")?.kind ?? "refused") !== "refused";
  // A phone writes the name that it registers at, which only it knows to be ours; another house's address would be of it.
  const here = isIP(parsed.host) === 0 || call.isUs(parsed.host);
  const number = unescaped(parsed.user);
  if (here && number && (directory.mayBeCalled(number) || leads(number))) return number;
  return !call.isUs(parsed.host) && leads(uri) ? uri : undefined;
}
