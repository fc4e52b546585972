// What a simulated make is asked, and how it answers.
import type { Secret } from "../../secret.ts";

export interface Owner {
  readonly login: string;
  readonly password: Secret;
  /** What is dialled to open; "1234" where nothing is said. */
  readonly pin?: string;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  readonly type?: string;
  readonly body?: string;
}

/** What a device can do and knows about itself when it is asked. */
export interface Inside {
  readonly owner: Owner;
  /** Its owner has taken the right to open from the account. */
  readonly mayOpen: boolean;
  /** Too many wrong passwords or codes. */
  readonly lockedOut: boolean;
  /** Numbers of its relays. */
  readonly relays: readonly string[];
  readonly move: (relay: string, ms?: number) => void;
  readonly isOn: (relay: string) => boolean;
  /** Text of its own that stays between two questions. */
  readonly memory: Map<string, string>;
}

/** How a make carries out what it is asked; undefined = it has no such address. */
export type Way = (asked: Asked, inside: Inside) => Reply | undefined;
