// The codes of a house's doors, and what was learned of how they open; both outlive the process.
import type { Clock } from "../../clock.ts";
import {
  CodeBook,
  relayOf,
  type CodeSettings,
  type CodeView,
  type Hash,
  type Learned,
  type OpeningStep,
  type Place,
  type Redeemed,
} from "../../door/door.ts";
import { giveUp, sentence, tryAgain } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { Journal } from "../../store/journal.ts";
import type { Door } from "./doors.ts";

export interface DoorCodesHost {
  readonly clock: Clock;
  readonly log: Log;
}

/** Where they are kept; absent: nowhere, and a restart forgets them. `hash`: for tests. */
export interface CodeOptions {
  readonly folder?: string;
  readonly hash?: Hash;
}

export class DoorCodes {
  readonly #host: DoorCodesHost;
  readonly #options: CodeOptions;
  readonly #door: (id: string) => Door | undefined;
  readonly #book: CodeBook;
  readonly #steps = new Map<string, OpeningStep>();
  #journal: Journal | undefined;
  #isReady: boolean;

  constructor(host: DoorCodesHost, options: CodeOptions, door: (id: string) => Door | undefined) {
    this.#host = host;
    this.#options = options;
    this.#door = door;
    this.#book = new CodeBook({ clock: host.clock, ...(options.hash && { hash: options.hash }) });
    this.#isReady = options.folder === undefined;
  }

  /** Brings back what was kept. A folder that fails is only told. */
  async remember(): Promise<void> {
    const { folder } = this.#options;
    if (folder === undefined || this.#journal) return;
    try {
      const journal = await Journal.open(folder, { log: this.#host.log });
      this.#book.keepIn(journal);
      for (const [key, step] of journal.find("step/"))
        if (step === "dtmf" || step === "http") this.#steps.set(key.slice("step/".length), step);
      this.#journal = journal;
    } catch (error) {
      this.#host.log.error(`door codes will not outlive a restart: ${sentence(error)}`);
    }
    this.#isReady = true;
  }

  async close(): Promise<void> {
    await this.#journal?.close();
    this.#journal = undefined;
  }

  readonly learned: Learned = {
    of: (door) => this.#steps.get(door),
    learn: (door, step) => {
      this.#steps.set(door, step);
      this.#journal?.set(`step/${door}`, step);
    },
  };

  has(door: string): boolean {
    return this.#book.has(door);
  }

  /** Of one door or of all; without the codes themselves. */
  list(door?: string): CodeView[] {
    return this.#book.list(door);
  }

  /**
   * Adds a code, as CodeBook.create. Gives it back in the clear: here, and never again.
   * @throws PorteroError `no-door`, `invalid`, `name-taken`, `code-taken`, `too-many-codes`, `not-started`
   */
  async create(door: string, wish: CodeSettings, replace = false): Promise<CodeView & { readonly code: string }> {
    const settings = this.#door(door)?.settings;
    if (!settings) throw giveUp("no-door", `there is no door "${door}"`);
    // What is kept would be hidden by what is made before it is read.
    if (!this.#isReady) throw tryAgain("not-started", "the endpoint does not listen yet");
    const unknown = wish.relays?.find((id) => !relayOf(settings, id));
    if (unknown !== undefined)
      throw giveUp("invalid", `code: relays names "${unknown}", which ${settings.name} does not have`);
    return this.#book.create(door, wish, replace);
  }

  /** Takes one away, or all of a door; gives those. */
  revoke(door: string, name?: string): CodeView[] {
    return this.#book.revoke(door, name);
  }

  redeem(door: string, place: Omit<Place, "door">, code: string): Promise<Redeemed> {
    return this.#book.redeem(door, place, code);
  }

  giveBack(code: CodeView): void {
    this.#book.giveBack(code);
  }
}
