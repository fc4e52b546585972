// What a dial plan says, before it is known what rings whom, and what stands in the editor already.
import type { Account, Device, Network } from "./devices.ts";
import type { Branch } from "./branch.ts";
import { type Context, type Extension, reachable, usualContext } from "./plan.ts";
import type { Lot, Profiles } from "./places.ts";
import type { Outgoing } from "./outgoing.ts";

/** What is in the editor already. */
export interface Surroundings {
  /** The SIP endpoint to use; a new one is made without. */
  readonly endpoint?: string;
  /** Whether doors hang on that endpoint: then none is made up. */
  readonly hasDoors?: boolean;
  /** Numbers that are somebody's, with the owner's name (H20). */
  readonly taken?: Readonly<Record<string, string>>;
  /** Ids are others for another one: the same text can be imported again. */
  readonly copy?: number;
  /** The number of the device that is the bell; found by its name without. */
  readonly bell?: string;
}

/** All that the sections say, before it is known what rings whom. */
export interface Read {
  readonly contexts: readonly Context[];
  readonly devices: readonly Device[];
  readonly accounts: readonly Account[];
  readonly outgoing: Outgoing;
  readonly network: Network;
  readonly lot: Lot | undefined;
  readonly branches: ReadonlyMap<Extension, Branch>;
  readonly profiles: Profiles;
}

/** The extensions that bells can dial which are in `context`; in all contexts where that is not known. */
export function dialledIn(contexts: readonly Context[], context: string | undefined): Extension[] {
  const known = contexts.some(({ name }) => name === context) ? context : undefined;
  const from = known ?? contexts.find(({ name }) => name === usualContext)?.name;
  const reached = from === undefined ? [] : reachable(contexts, from);
  const others = known === undefined ? contexts.flatMap(({ extensions }) => extensions) : [];
  return [...new Set([...reached, ...others])].filter(isDialled);
}

/** Extensions that somebody dials; the others are gone to: after a hang-up, in menus. */
export const isDialled = ({ name }: Extension): boolean => name === "s" || /\d/.test(name) || name.startsWith("_");
