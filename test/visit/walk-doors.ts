// The doors of a random walk: who may open them, by which keys and codes, and a book of who wished it and what came of that. A
// door opens for nobody without a right, and not more often than it was wished.
import assert from "node:assert/strict";
import type { Opening } from "../../src/door/door.ts";
import type { Random } from "../sip/random.ts";

/** The key that a phone presses to open, and what doors take as their code: no other key of a walk. */
export const [openKey, doorCode] = ["7", "A,B"] as const;

/** Keypads, and whoever comes by the account: they have many names. */
export const others = "others";

export class DoorBook {
  /** Who may open each door; everybody where it is absent. */
  readonly rights: ReadonlyMap<string, readonly string[] | undefined>;
  /** Codes by what is typed, and how often each still opens. */
  readonly codes = new Map<string, { readonly door: string; readonly name: string; uses: number }>();
  readonly #wished = new Map<string, number>();
  readonly #told = new Set<string>();
  readonly #random: Random;
  readonly #phones: readonly string[];
  #tried = 0;
  #acts = 0;
  #next = 0;

  constructor(random: Random, doors: readonly string[], phones: readonly string[]) {
    [this.#random, this.#phones] = [random, phones];
    this.rights = new Map(
      doors.map((door) => [door, random.chance(0.5) ? phones.filter(() => random.chance(0.5)) : undefined]),
    );
  }

  /** The rights of a door as its form has them. */
  form(door: string) {
    const names = this.rights.get(door);
    // The flow may, where anybody may.
    return names && { rights: [{ who: "extension", names: [...names, "nobody"] } as const, { who: "page" } as const] };
  }

  /** A name for a wish: a new one, or that of one before. */
  wish(who: string): string {
    this.wished(who);
    return `wish-${this.#random.chance(0.2) && this.#next > 0 ? this.#random.below(this.#next) : this.#next++}`;
  }

  /** Somebody wishes a door to open, or types what may open it. */
  wished(who: string): void {
    this.#wished.set(who, (this.#wished.get(who) ?? 0) + 1);
  }

  newCode(door: string): { name: string; code: string; uses: number } {
    const [code, uses] = [String(4000 + this.codes.size), 1 + this.#random.below(2)];
    const name = `guest ${code}`;
    this.codes.set(code, { door, name, uses });
    return { name, code, uses };
  }

  /** A door was told the first digit of its code. */
  acted(digit: string): void {
    if (digit === "A") this.#acts++;
  }

  told({ id, door, by, as, ok, refused, reason }: Opening): void {
    const what = `opening ${id} of ${door} by ${by} (${as?.kind ?? ""} ${as?.name ?? ""}): ${reason}`;
    // What was not even tried may be asked for once more by the same name.
    if (refused === undefined) {
      assert.ok(!this.#told.has(`${door} ${id}`), `told twice: ${what}`);
      this.#told.add(`${door} ${id}`);
      this.#tried++;
    }
    // At each door one may be under way.
    assert.ok(this.#acts <= this.#tried + 2, `the doors were told to open ${this.#acts} times: ${what}`);
    if (!ok) return;
    const who = this.#phones.includes(by) || by === "dashboard" ? by : others;
    const left = this.#wished.get(who) ?? 0;
    assert.ok(left > 0, `nobody wished it: ${what}`);
    this.#wished.set(who, left - 1);
    if (as?.kind === "code") {
      const code = [...this.codes.values()].find(({ name }) => name === as.name);
      assert.ok(code && code.door === door && code.uses-- > 0, `the code does not open it any more: ${what}`);
      return;
    }
    const rights = this.rights.get(door);
    if (rights) assert.ok(as?.kind === "page" || (as?.kind === "extension" && rights.includes(as.name)), what);
  }

  close(): void {
    assert.ok(this.#acts <= this.#tried, `the doors were told to open ${this.#acts} times for ${this.#tried} wishes`);
  }
}
