// A password or key that cannot be printed by accident: text, JSON and inspection all show ***.
import { inspect } from "node:util";

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, for the one place that needs it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "***";
  }

  toJSON(): string {
    return "***";
  }

  [inspect.custom](): string {
    return "Secret(***)";
  }
}

// Some makers take the login in the query: `?user=admin&pwd=…`.
const tellTale = /user|login|pass|pwd|auth|token|key|secret|pin|code/i;
// Others take it in the path: `/user=admin_password=…_channel=1.sdp`. Each word is looked at once, from its beginning: a device
// may have written the address.
const named = "(?<![a-z])(?=[a-z]*(?:user|login|pass|pwd|auth|token|key|secret))([a-z]+)=";
const inPath = new RegExp(`${named}[^_&;,/]*`, "gi");

/** What is named as a login or a secret in the path of an address, and is no placeholder. */
export const secretInPath = (path: string): string | undefined => new RegExp(`${named}(?!\\{)`, "i").exec(path)?.[1];

// What may be read of a query, whoever named its parts: which channel, how large. A maker may call a password anything.
const harmless = /^(?:\d{0,3}|\d{1,4}x\d{1,4}|true|false|on|off|yes|no|main|sub|m?jpe?g|h\.?26[45])$/i;

/**
 * The same URL, fit to be shown: user and password removed (P7), also `hidden` where it was filled in. What cannot be parsed shows
 * nothing of itself.
 */
export function showUrl(url: string, hidden?: Secret): string {
  if (!URL.canParse(url)) return "(not a URL)";
  const shown = new URL(url);
  // Without "//", "user:password@host" is taken for a scheme and its path.
  if (!shown.host) return "(not a URL)";
  shown.username = "";
  shown.password = "";
  shown.pathname = shown.pathname.replace(inPath, "$1=***");
  const password = hidden?.reveal() ?? "";
  const holds = (text: string): boolean => password !== "" && text.includes(password);
  if (password !== "")
    for (const form of [encodeURIComponent(password), password])
      shown.pathname = shown.pathname.replaceAll(form, "***");
  const query = [...shown.searchParams];
  const isShown = ([name = "", value = ""]: string[]) => !tellTale.test(name) && harmless.test(value) && !holds(value);
  // At once: each change alone would write the whole address anew.
  if (!query.every(isShown))
    shown.search = String(new URLSearchParams(query.map((part) => (isShown(part) ? part : [part[0], "***"]))));
  // A part without a value may be the password alone.
  if ([...shown.searchParams.keys()].some(holds)) shown.search = "?***";
  return shown.href;
}
