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

/** The same URL, fit to be shown: user and password removed (P7). What cannot be parsed shows nothing of itself. */
export function showUrl(url: string): string {
  if (!URL.canParse(url)) return "(not a URL)";
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  return shown.href;
}
