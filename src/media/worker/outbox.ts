// Messages between the two threads. Each that is posted wakes the other thread, which costs more than what it says: what
// comes up in one turn of the event loop goes together, and what may wait waits a moment for company.

/** How long "soon" is, in milliseconds: nobody hears it, and at load it is many calls. */
const soonMs = 10;

export class Outbox<T> {
  readonly #post: (messages: T[]) => void;
  #messages: T[] = [];
  #now: NodeJS.Immediate | undefined;
  #soon: NodeJS.Timeout | undefined;

  constructor(post: (messages: T[]) => void) {
    this.#post = post;
  }

  /** Order is kept, whatever waits. */
  put(message: T, when: "now" | "soon" = "now"): void {
    this.#messages.push(message);
    if (when === "now") this.#now ??= setImmediate(() => this.flush());
    else this.#soon ??= setTimeout(() => this.flush(), soonMs);
  }

  flush(): void {
    const messages = this.#messages;
    this.clear();
    if (messages.length > 0) this.#post(messages);
  }

  /** Forgets what was not sent. */
  clear(): void {
    clearImmediate(this.#now);
    clearTimeout(this.#soon);
    [this.#messages, this.#now, this.#soon] = [[], undefined, undefined];
  }
}
