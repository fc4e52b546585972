// The passwords that the system makes for the extensions of a dialog's list (P6), asked for all at once, and where devices register.
import type { JQuery } from "./red.d.ts";

declare const $: JQuery;

export class Generated {
  readonly #owner: () => string;
  readonly #numbers: () => readonly string[];
  #asked = "";
  #passwords: Readonly<Record<string, string>> = {};
  /** Told while passwords are asked for, and when that is over. */
  asking: (isAsking: boolean) => void = () => {};
  /** Host and port; empty where the endpoint is not deployed. */
  server = "";

  /** `owner`: the endpoint that is chosen; `numbers`: what stands in the list. */
  constructor(owner: () => string, numbers: () => readonly string[]) {
    this.#owner = owner;
    this.#numbers = numbers;
  }

  of(number: string): string | undefined {
    return this.#passwords[number];
  }

  /** Asks for what is not known; called when the list or the endpoint has changed. */
  ask(): void {
    const owner = this.#owner();
    if (owner !== this.#asked) {
      this.#passwords = {};
      this.server = "";
      this.#asked = owner;
      if (owner !== "")
        $.getJSON(`portero/endpoint/${encodeURIComponent(owner)}`, (found: { host: string; port: number }) => {
          if (this.#asked === owner) this.server = `${found.host}:${found.port}`;
        }).fail(() => {});
    }
    const extensions = this.#numbers().filter((number) => number !== "" && !(number in this.#passwords));
    if (owner === "" || extensions.length === 0) return;
    this.asking(true);
    $.ajax({
      ...{ url: `portero/password/${encodeURIComponent(owner)}`, type: "POST", contentType: "application/json" },
      data: JSON.stringify({ extensions }),
      success: (answer) => {
        const { passwords } = answer as { passwords: Record<string, string> };
        if (this.#asked === owner) this.#passwords = { ...this.#passwords, ...passwords };
        this.asking(false);
      },
      error: () => this.asking(false),
    });
  }
}
