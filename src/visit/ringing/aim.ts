// A target under way: when it is rung, whom it leads to by now, and who of them has said no.
import type { Cancel } from "../../clock.ts";
import { wishOf, type RingWish, type Target, type TargetSettings } from "./target.ts";
import type { ForkHost } from "./host.ts";
import { refusedWith, type How } from "./results.ts";

export interface Aim {
  readonly wish: RingWish;
  /** As it was asked for: a ring group, where it is a member of one. */
  readonly from: Target;
  /** Why it is not rung at all. */
  readonly refused?: How;
  /** `waits` until its delay is over. */
  state: "waits" | "rings" | "over";
  timer: Cancel;
  /** The extensions whose devices ring for it, each with the way that led there: a phone may send us on. */
  readonly leads: Map<string, readonly string[]>;
  /** Devices that have refused: they are left alone, though they register anew. */
  readonly refusers: Set<string>;
}

/** The ring groups, and which numbers want no calls. */
export type GroupHost = Pick<ForkHost, "membersOf" | "doNotDisturb">;

/**
 * The targets with the members of ring groups in their groups' place, each once: what is asked for by its own name
 * counts, and who calls is not called.
 */
export function aimsAt(host: GroupHost, caller: string, targets: readonly TargetSettings[]): Aim[] {
  const wishes = targets.map(wishOf);
  const named = new Set(wishes.map(keyOf));
  const seen = new Set<string>();
  const aims: Aim[] = [];
  const add = (wish: RingWish, from: Target, refused?: How) => {
    const key = keyOf(wish);
    if (seen.has(key)) return;
    seen.add(key);
    const state = { state: "waits" as const, timer: () => {}, leads: new Map(), refusers: new Set<string>() };
    aims.push({ wish, from, ...(refused && { refused }), ...state });
  };
  for (const wish of wishes) {
    const members = wish.account === undefined ? membersOf(host, wish.target) : undefined;
    if (!members) add(wish, wish.target);
    else if (typeof members === "number") add(wish, wish.target, refusedWith(members));
    else {
      const others = members.filter((number) => number !== caller);
      if (others.length === 0) add(wish, wish.target, refusedWith(486));
      for (const target of others) if (!named.has(target)) add({ ...wish, target }, wish.target);
    }
  }
  return aims;
}

/** All that a ring group stands for, those of groups in it too; the status of its refusal where it wants no calls. */
export function membersOf(
  host: GroupHost,
  number: string,
  above: readonly string[] = [],
): readonly string[] | number | undefined {
  const members = host.membersOf(number);
  if (!members) return undefined;
  const refused = host.doNotDisturb(number);
  if (refused !== undefined) return refused;
  const way = [...above, number];
  const all = members.flatMap((member) => {
    if (way.includes(member)) return [];
    const inner = membersOf(host, member, way);
    return typeof inner === "number" ? [] : (inner ?? member);
  });
  return [...new Set(all)];
}

/** The targets one by one, with the members of ring groups in their groups' place. */
export const eachOf = (host: GroupHost, targets: readonly TargetSettings[]): RingWish[] =>
  aimsAt(host, "", targets).map(({ wish }) => wish);

/** Whether the number is one of the targets, or of a ring group among them. */
export const leadsTo = (host: GroupHost, targets: readonly TargetSettings[], number: string): boolean =>
  eachOf(host, targets).some(({ account, target }) => account === undefined && target === number);

const keyOf = ({ target, account }: RingWish): string => (account === undefined ? target : `${target}@${account}`);
