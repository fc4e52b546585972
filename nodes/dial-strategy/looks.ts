// Looks for an answer that outlive their node: where it is deployed anew the visit rings on, and the node that comes in its
// place tells of it. A node that does not come back, because it was deleted or disabled, ends them.
import type { Outcome, VisitView } from "../../src/visit/messages.ts";
import type { Visit } from "../../src/visit/visit.ts";
import type { Message, Red } from "../red.d.ts";

/** A node as long as it is deployed. */
export interface Teller {
  /** What is under way: one for each message; a later one of the same visit takes its strategy over. */
  readonly looks: Set<Look>;
  /** Shows that somebody is looked for, and what came of it. */
  readonly goesOn: (visit: VisitView) => void;
  readonly say: (outcome: Outcome) => void;
  readonly send: (messages: (Message | null)[]) => void;
}

export class Look {
  readonly visit: Visit;
  /** Ends the look, and not the visit. */
  readonly closing = new AbortController();
  #teller: Teller | undefined;
  #untold: ((teller: Teller) => void)[] = [];
  #over = false;

  constructor(visit: Visit, teller: Teller) {
    [this.visit, this.#teller] = [visit, teller];
    teller.looks.add(this);
  }

  tell(what: (teller: Teller) => void): void {
    if (this.closing.signal.aborted) return;
    if (this.#teller) what(this.#teller);
    else this.#untold.push(what);
  }

  toldBy(teller: Teller | undefined): void {
    this.#teller = teller;
    if (!teller) return;
    if (!this.#over) {
      teller.looks.add(this);
      teller.goesOn(this.visit.view());
    }
    for (const what of this.#untold.splice(0)) what(teller);
  }

  end(): void {
    this.#over = true;
    this.#teller?.looks.delete(this);
  }
}

export class Looks {
  readonly #events: Red["events"];
  readonly #tellers = new Map<string, Teller>();
  /** Those of nodes that are being deployed, by the node. */
  readonly #left = new Map<string, Look[]>();

  constructor(events: Red["events"]) {
    this.#events = events;
  }

  begin(id: string, teller: Teller): void {
    this.#tellers.set(id, teller);
  }

  close(id: string, teller: Teller, removed: boolean): void {
    this.#tellers.delete(id);
    const looks = [...teller.looks];
    if (removed) return looks.forEach((look) => look.closing.abort());
    if (looks.length === 0) return;
    for (const look of looks) look.toldBy(undefined);
    if (this.#left.size === 0) this.#events.once("flows:started", () => this.#settle());
    this.#left.set(id, looks);
  }

  #settle(): void {
    for (const [id, looks] of this.#left) {
      const teller = this.#tellers.get(id);
      for (const look of looks) {
        if (!teller) look.closing.abort();
        // With their endpoint visits are over, and nobody is to be told.
        else if (look.visit.state !== "ended") look.toldBy(teller);
      }
    }
    this.#left.clear();
  }
}
