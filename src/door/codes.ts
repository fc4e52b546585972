// Codes that people type to open a door: each with a name, times, relays, and how often it may be used. Kept as salted
// hashes only (scrypt, RFC 7914), so that whoever reads our files has none of them; compared in constant time.
import { randomBytes, randomInt, scrypt, timingSafeEqual } from "node:crypto";
import type { FromSchema } from "json-schema-to-ts";
import type { Clock } from "../clock.ts";
import { giveUp } from "../errors.ts";
import { checker } from "../schema.ts";
import {
  hoursFault,
  hoursFields,
  validAt,
  validityFault,
  validityFields,
  type Hours,
  type Validity,
} from "../schedule.ts";
import { LockOut, type Place } from "./lock-out.ts";
import { holds } from "./rights.ts";

const list = { type: "array", maxItems: 16, items: { type: "string", minLength: 1, maxLength: 64 } } as const;
const settings = {
  type: "object",
  required: ["name"],
  additionalProperties: false,
  properties: {
    name: { type: "string", minLength: 1, maxLength: 64, pattern: "^[^\\u0000-\\u001f]*$" },
    /** Absent: one is made. */
    code: { type: "string", pattern: "^[0-9]{4,10}$" },
    /** Of one that is made; 6 where it is absent. */
    length: { type: "integer", minimum: 4, maximum: 10 },
    /** So often it opens; without end where it is absent. */
    uses: { type: "integer", minimum: 1, maximum: 100_000 },
    /** So long from now; else as `validUntil` says. */
    hours: { type: "number", exclusiveMinimum: 0, maximum: 87_600 },
    /** Ids; all where it is absent or empty. */
    relays: list,
    ...hoursFields,
    ...validityFields,
  },
} as const;
export type CodeSettings = FromSchema<typeof settings>;

/** @throws PorteroError `invalid`; never quotes the code */
export const checkCode = checker("code", settings);

/** What may be told of a code: all but the code. */
export interface CodeView extends Hours, Validity {
  readonly door: string;
  readonly name: string;
  readonly relays?: readonly string[];
  /** So often it still opens. */
  readonly uses?: number;
  readonly used: number;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly usedAt?: string;
}

interface Entry extends CodeView {
  readonly hash: string;
}

const checkEntry = checker("kept code", {
  type: "object",
  required: ["door", "name", "hash", "used", "createdAt"],
  properties: {
    ...{ door: { type: "string" }, name: { type: "string" }, hash: { type: "string", pattern: "^[0-9a-f]{64}$" } },
    ...{ relays: list, uses: { type: "integer" }, used: { type: "integer" } },
    ...{ createdAt: { type: "string" }, usedAt: { type: "string" }, ...hoursFields, ...validityFields },
  },
} as const);

/** Where codes outlive the process: keys to plain JSON, as a Journal. */
export interface CodeStore {
  find(prefix: string): readonly (readonly [key: string, value: unknown])[];
  set(key: string, value: unknown): void;
}

export type CodeRefusal = "wrong-code" | "locked-out" | "not-now";

/** What became of a code that was typed. */
export type Redeemed =
  | { readonly code: CodeView; readonly refused?: undefined }
  | { readonly refused: CodeRefusal; readonly reason: string; readonly name?: string };

export type Hash = (code: string, salt: string) => Promise<Buffer>;

/** 16 MB and some 50 ms for each guess. */
const hashOf: Hash = (code, salt) =>
  new Promise((resolve, reject) =>
    scrypt(code, Buffer.from(salt, "hex"), 32, { N: 16_384, r: 8, p: 1 }, (error, hash) =>
      error ? reject(error) : resolve(hash),
    ),
  );

export const mostCodes = 200;
const keptMs = 7 * 86_400_000;
/** By then a clock that leapt ahead has been set back. */
const settledMs = 86_400_000;

export class CodeBook {
  readonly #clock: Clock;
  readonly #hash: Hash;
  readonly #codes = new Map<string, Entry>();
  /** One for each door, so that a code that is typed is hashed once, however many there are. */
  readonly #salts = new Map<string, string>();
  readonly #lockOut: LockOut;
  /** When those that are to go were first seen to be so old (as `Clock.passed`). */
  readonly #old = new Map<string, number>();
  #store: CodeStore | undefined;

  constructor(deps: { clock: Clock; hash?: Hash }) {
    this.#clock = deps.clock;
    this.#hash = deps.hash ?? hashOf;
    this.#lockOut = new LockOut(deps.clock);
  }

  /** Takes up what was kept, and keeps what changes from now on. What was made meanwhile goes before. */
  keepIn(store: CodeStore): void {
    for (const [key, value] of store.find("salt/"))
      if (typeof value === "string" && !this.#salts.has(key.slice(5))) this.#salts.set(key.slice(5), value);
    for (const [key, value] of store.find("code/")) {
      try {
        if (!this.#codes.has(key)) this.#codes.set(key, checkEntry(value));
      } catch {
        // Written by another version, or by nobody: it opens nothing.
        store.set(key, undefined);
      }
    }
    this.#store = store;
    for (const [door, salt] of this.#salts) store.set(`salt/${door}`, salt);
    for (const [key, entry] of this.#codes) store.set(key, entry);
    this.#tidy();
  }

  /** Whether a door has codes at all. */
  has(door: string): boolean {
    return this.#of(door).length > 0;
  }

  /** Those of one door or of all, by name. */
  list(door?: string): CodeView[] {
    this.#tidy();
    return this.#of(door)
      .map(viewOf)
      .sort((a, b) => a.door.localeCompare(b.door) || a.name.localeCompare(b.name));
  }

  /**
   * Adds a code; with `replace` in the place of the one of its name. Gives it back in the clear: here, and never again.
   * @throws PorteroError `invalid`, `name-taken`, `code-taken`, `too-many-codes`; there is no other code then than before
   */
  async create(door: string, wish: CodeSettings, replace = false): Promise<CodeView & { readonly code: string }> {
    const { code: own, length = 6, hours, relays = [], days = [], ...rest } = checkCode(wish);
    const now = this.#clock.now();
    const until = hours === undefined ? {} : { validUntil: new Date(now + hours * 3_600_000).toISOString() };
    const times = { ...rest, ...until, ...(days.length > 0 && { days }) };
    const fault = hoursFault(times) ?? validityFault(times);
    if (fault !== undefined) throw giveUp("invalid", `code: ${fault}`);
    this.#tidy(this.#of(door).length < mostCodes ? settledMs : 0);
    const { name } = rest;
    const code = own ?? digits(length);
    const hash = await this.#hash(code, this.#saltOf(door));
    // Looked at after the hash: another may have been made meanwhile.
    const old = this.#codes.get(keyOf(door, name));
    if (old && !replace && !isSpent(old, now))
      throw giveUp(
        "name-taken",
        `there is a code "${name}" for this door already: revoke it first, or name this one else`,
      );
    const same = this.#matching(door, hash);
    if (same && !(replace && same === old)) {
      if (own === undefined) return this.create(door, wish, replace);
      throw giveUp("code-taken", "these digits open this door already, under another name: choose others");
    }
    if (!old && this.#of(door).length >= mostCodes)
      throw giveUp("too-many-codes", `there are ${mostCodes} codes for this door already: revoke some`);
    const entry: Entry = {
      ...{ door, ...times, ...(relays.length > 0 && { relays }) },
      ...{ used: 0, createdAt: new Date(now).toISOString(), hash: hash.toString("hex") },
    };
    this.#keep(entry);
    return { ...viewOf(entry), code };
  }

  /** Takes codes away, one by its name or all of a door; gives those. */
  revoke(door: string, name?: string): CodeView[] {
    const gone = this.#of(door).filter((entry) => name === undefined || entry.name === name);
    for (const entry of gone) this.#drop(entry);
    return gone.map(viewOf);
  }

  /** Somebody typed a code in a place. One that is right is used up by that. Rejects where it could not be looked up. */
  async redeem(door: string, place: Omit<Place, "door">, typed: string): Promise<Redeemed> {
    const at = { ...place, door };
    const waits = this.#lockOut.waits(at);
    if (waits) {
      const seconds = Math.ceil(waits.ms / 1000);
      const where = waits.door ? "for this door: type it at a phone of the house or at the door, or" : "from there:";
      return { refused: "locked-out", reason: `too many wrong codes ${where} try again in ${seconds} s` };
    }
    const attempt = this.#lockOut.begins(at);
    const hash = await this.#hash(typed, this.#saltOf(door)).catch((error: unknown) => {
      attempt.wasKnown();
      throw error;
    });
    const entry = this.#matching(door, hash);
    if (!entry) return { refused: "wrong-code", reason: "the code is wrong" };
    const now = this.#clock.now();
    const { name } = entry;
    if (isSpent(entry, now) || !holds(entry, now)) {
      attempt.wasKnown();
      const why = entry.uses === 0 ? "has been used up" : "does not open at this time";
      return { refused: "not-now", name, reason: `the code "${name}" ${why}` };
    }
    attempt.wasRight();
    this.#keep({
      ...entry,
      ...(entry.uses !== undefined && { uses: entry.uses - 1 }),
      ...{ used: entry.used + 1, usedAt: new Date(now).toISOString() },
    });
    return { code: viewOf(entry) };
  }

  /** The door certainly did not open: a code that opens so often only may be tried again. */
  giveBack({ door, name, createdAt }: CodeView): void {
    const entry = this.#codes.get(keyOf(door, name));
    if (!entry || entry.createdAt !== createdAt) return;
    this.#keep({ ...entry, used: entry.used - 1, ...(entry.uses !== undefined && { uses: entry.uses + 1 }) });
  }

  #saltOf(door: string): string {
    const salt = this.#salts.get(door) ?? randomBytes(16).toString("hex");
    if (!this.#salts.has(door)) {
      this.#salts.set(door, salt);
      this.#store?.set(`salt/${door}`, salt);
    }
    return salt;
  }

  // All are compared, whichever it is.
  #matching(door: string, hash: Buffer): Entry | undefined {
    return this.#of(door).reduce<Entry | undefined>((found, entry) => {
      const isSame = timingSafeEqual(Buffer.from(entry.hash, "hex"), hash);
      return isSame ? entry : found;
    }, undefined);
  }

  #of(door?: string): Entry[] {
    return [...this.#codes.values()].filter((entry) => door === undefined || entry.door === door);
  }

  #keep(entry: Entry): void {
    const key = keyOf(entry.door, entry.name);
    this.#codes.set(key, entry);
    this.#store?.set(key, entry);
  }

  #drop({ door, name }: Entry): void {
    this.#codes.delete(keyOf(door, name));
    this.#old.delete(keyOf(door, name));
    this.#store?.set(keyOf(door, name), undefined);
  }

  /** A code that cannot open any more is shown for a week, and goes where that still holds after `settled`. */
  #tidy(settled = settledMs): void {
    const [now, passed] = [this.#clock.now(), this.#clock.passed()];
    for (const [key, entry] of this.#codes) {
      const last = entry.uses === 0 ? Date.parse(entry.usedAt ?? entry.createdAt) : undefined;
      const isOld = last === undefined ? validAt(entry, now - keptMs) === "after" : now - last > keptMs;
      const since = this.#old.get(key) ?? passed;
      if (isOld) this.#old.set(key, since);
      else this.#old.delete(key);
      if (isOld && passed - since >= settled) this.#drop(entry);
    }
  }
}

const keyOf = (door: string, name: string): string => `code/${door}/${name}`;

const isSpent = (entry: Entry, now: number): boolean => entry.uses === 0 || validAt(entry, now) === "after";

const viewOf = ({ hash: _, ...view }: Entry): CodeView => view;

function digits(length: number): string {
  return Array.from({ length }, () => String(randomInt(10))).join("");
}
