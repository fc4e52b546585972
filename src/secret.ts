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
// Others take it in the path: `/user=admin_password=…_channel=1.sdp`.
const inPath = /((?:user|login|pass|pwd|auth|token|key|secret)[a-z]*=)[^_&;,/]*/gi;

/** The same URL, fit to be shown: user and password removed (P7). What cannot be parsed shows nothing of itself. */
export function showUrl(url: string): string {
  if (!URL.canParse(url)) return "(not a URL)";
  const shown = new URL(url);
  // Without "//", "user:password@host" is taken for a scheme and its path.
  if (!shown.host) return "(not a URL)";
  shown.username = "";
  shown.password = "";
  shown.pathname = shown.pathname.replace(inPath, "$1***");
  for (const name of [...shown.searchParams.keys()]) if (tellTale.test(name)) shown.searchParams.set(name, "***");
  return shown.href;
}
