// Somebody is looked for who answers a visit: by one strategy at a time, and what became of everybody whom they all rang.
import { sentence } from "../../errors.ts";
import type { Contact } from "../../sip/registrar/location.ts";
import type { Outcome, Parties, VisitEventName } from "../messages.ts";
import { abortedAs } from "../strategies/outcome.ts";
import type { Strategy } from "../strategies/verbs.ts";
import type { Answering } from "../talk/answering.ts";
import type { TransferHost } from "../talk/transfer.ts";
import { leadsTo } from "./aim.ts";
import type { RingingVisit } from "./ringing-visit.ts";
import { ringingOf } from "./ringing.ts";
import { beginRunning, type AnswerOptions, type Running } from "./running.ts";
import { Tries } from "./tries.ts";

type Mine = "running" | "signal" | "ring" | "connect" | "tried" | "recorded" | "talk" | "meet";

export interface SearchedVisit extends Omit<RingingVisit, Mine> {
  readonly answering: Answering;
  tell(event: VisitEventName, payload: unknown): void;
  /** No strategy is at work any more. */
  rests(): void;
}

/** H17: a loop that is drawn without a pause must not spin where nobody is there. So many begin at once, then one each second. */
const mostAtOnce = 5;
const paceMs = 1_000;
/** H18: and it ends, as one in a strategy does, so long after the first one, which has a bound of its own. */
const mostMs = 2 * 3_600_000;

export class Search {
  readonly #host: TransferHost;
  readonly #visit: SearchedVisit;
  readonly #tries = new Tries();
  #running: Running | undefined;
  #strategy: string | undefined;
  #attempt = 0;
  /** When the last one began, and how many before it in a hurry. */
  #begun = -Infinity;
  #hurried = 0;
  /** When the first one was over. */
  #since = Infinity;

  constructor(host: TransferHost, visit: SearchedVisit) {
    [this.#host, this.#visit] = [host, visit];
  }

  /** Whether a strategy is at work. */
  get isOn(): boolean {
    return this.#running !== undefined;
  }

  /** Whether the visitor leaves a message just now. */
  get takesMessage(): boolean {
    return this.#running?.message === true;
  }

  /** Whether strategies have followed each other for so long that no more are begun. */
  get isTooLong(): boolean {
    return this.#host.clock.passed() - this.#since >= mostMs;
  }

  /** How often somebody was tried to be reached, over all strategies. */
  get attempt(): number {
    return this.#attempt;
  }

  /** A device has registered, or did so anew: as Visit.offer. */
  offer(contact: Contact, isNew: boolean): void {
    const running = this.#running;
    if (!running || running.fork?.offer(contact) || !isNew) return;
    if (leadsTo(this.#host, running.targets, contact.extension)) running.wake();
  }

  /** Ends the strategy that is at work, unless it is `but`. */
  stop(reason: string, but?: unknown): void {
    if (this.#running !== but) this.#running?.abort(reason);
  }

  /** As Visit.answerBy, of a visit that rings. */
  async by(strategy: Strategy, { signal: from, onTry }: AnswerOptions): Promise<Outcome> {
    const { line, door } = this.#visit;
    const { running, signal, done } = beginRunning(from);
    this.#running = running;
    this.#strategy = strategy.called;
    let outcome: Outcome;
    try {
      if (!line.called) await line.session;
      const { clock } = this.#host;
      const early = this.#earlyBy();
      if (early > 0) await clock.sleep(early, signal);
      this.#begun = clock.passed();
      outcome = await strategy(ringingOf(this.#host, this.#ringing(running, signal, onTry)));
    } catch (error) {
      // Where the bell has gone, or never called, there is nothing to do, and no failure.
      if (!signal.aborted && line.called)
        this.#host.log.error(`the strategy of ${door.name} failed: ${sentence(error)}`);
      const result = signal.aborted ? abortedAs(signal) : "unanswered";
      outcome = { result, tries: this.#attempt, parties: [], ...(!line.called && { reason: sentence(error) }) };
    }
    done();
    this.#since = Math.min(this.#since, this.#host.clock.passed());
    if (this.#running === running) {
      this.#running = undefined;
      this.#visit.rests();
    }
    return outcome;
  }

  /** The last strategy and everybody's end; what rings until now has one, and its strategy will be told of it. */
  record(): Parties & { readonly strategy?: string } {
    return {
      ...(this.#strategy === undefined ? {} : { strategy: this.#strategy }),
      ...this.#tries.record(this.#running?.fork?.parties, this.#attempt),
    };
  }

  /** By how many milliseconds one that begins now is too early. */
  #earlyBy(): number {
    const soonMs = this.#begun + paceMs - this.#host.clock.passed();
    this.#hurried = soonMs > 0 ? this.#hurried + 1 : 0;
    return this.#hurried > mostAtOnce ? soonMs : 0;
  }

  #ringing(running: Running, signal: AbortSignal, onTry: AnswerOptions["onTry"]): RingingVisit {
    const visit = this.#visit;
    const { answering } = visit;
    return {
      ...{ ...visit, running, signal },
      ring: (targets) => {
        visit.tell("trying", { attempt: ++this.#attempt, targets });
        return this.#attempt;
      },
      connect: async (winner) => {
        await answering.connect(winner, running);
        return answering.talk?.answerer === winner;
      },
      tried: (attempt, result) => {
        this.#tries.add(result.parties, attempt);
        onTry?.(attempt, result);
      },
      recorded: (recorded) => visit.tell("recorded", recorded),
      talk: () => answering.visit,
      meet: (talk, by) => answering.meet(talk, by, running),
    };
  }
}
