// Rings several targets at once; the first to pick up wins and the others stop (H4, H5, X4). A target may begin later and
// end earlier than the others; a device that registers while it rings is rung too (X1). A branch (fork/branch.ts) is one call.
import type { Cancel } from "../../clock.ts";
import type { MediaSession } from "../../media/media.ts";
import { cause, completedElsewhere } from "../../sip/causes.ts";
import type { OpenedAs } from "../../door/door.ts";
import type { CallEnd } from "../../sip/dialog/call.ts";
import type { Contact } from "../../sip/registrar/location.ts";
import { destinationOf } from "../numbers/destinations.ts";
import { Branch, type Branches } from "./branch.ts";
import { aimsAt, membersOf, type Aim } from "./aim.ts";
import { deviceOf } from "../numbers/occupancy.ts";
import { isContact, type Caller, type ForkHost, type Reachable } from "./host.ts";
import { answered, cancelled, notAnswered, refusedWith, Results, type ForkResult, type How } from "./results.ts";
import type { Leg } from "../talk/leg.ts";
import type { Party } from "../messages.ts";
import type { Chooser, Way } from "../numbers/outside.ts";
import { dashboard, type TargetSettings } from "./target.ts";

export type { Caller, ForkHost } from "./host.ts";
export { quiet, type ForkResult } from "./results.ts";

/** So often one target may send us on. */
const mostRedirections = 5;

export class Forking {
  readonly #host: ForkHost;
  readonly #caller: Caller;
  readonly #aims: readonly Aim[];
  readonly #for: Branches;
  readonly #branches = new Map<Branch, Aim>();
  readonly #results = new Results();
  #done: ((result: ForkResult) => void) | undefined;
  #timer: Cancel = () => {};

  /** `watched` is called when somebody who rings could see the caller already, if the caller showed itself. */
  constructor(
    host: ForkHost,
    caller: Caller,
    like: MediaSession,
    targets: readonly TargetSettings[],
    watched: () => void = () => {},
  ) {
    this.#host = host;
    this.#caller = caller;
    this.#aims = aimsAt(host, caller.number, targets);
    this.#for = {
      ...{ host, caller, like, watched },
      won: (branch, leg) => {
        this.#branches.delete(branch);
        this.#results.note(branch.wish.target, answered, branch.rang);
        this.#finish(cancelled, completedElsewhere, leg);
      },
      fetched: (leg) => {
        this.#results.note(leg.name, answered);
        this.#finish(cancelled, completedElsewhere, leg);
      },
      ended: (branch, how, end) => this.#ended(branch, how, end),
    };
  }

  /**
   * Rings for `seconds` at most; who has answered then and is still to confirm has its time. Abort with the reason
   * "answered", or "elsewhere" where that was not here, tells the phones so.
   */
  run(seconds: number, signal: AbortSignal): Promise<ForkResult> {
    return new Promise((resolve) => {
      const answered = () => ["answered", "elsewhere"].includes(String(signal.reason));
      const abort = () => this.#finish(cancelled, answered() ? completedElsewhere : undefined);
      this.#done = (result) => {
        signal.removeEventListener("abort", abort);
        resolve(result);
      };
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      const { clock } = this.#host;
      this.#timer = clock.after(seconds * 1000, () => {
        for (const aim of this.#aims) this.#close(aim, notAnswered);
        this.#check();
      });
      for (const aim of this.#aims) {
        const { delay = 0 } = aim.wish;
        const begin = () => this.#begin(aim);
        if (delay === 0) begin();
        else
          aim.timer = clock.after(delay * 1000, () => {
            begin();
            this.#check();
          });
      }
      this.#check();
    });
  }

  /** What became of them so far. */
  get parties(): readonly Party[] {
    return this.#results.all;
  }

  /**
   * A device has registered, or did so anew: it rings along if it belongs to a target and may be rung. Says whether it
   * belongs.
   */
  offer(contact: Contact): boolean {
    if (!this.#done) return false;
    const aims = this.#aims.filter(({ leads }) => leads.has(contact.extension));
    for (const aim of aims) if (aim.state === "rings") this.#join(aim, contact);
    return aims.length > 0;
  }

  #begin(aim: Aim): void {
    aim.state = "rings";
    const { target, seconds, account } = aim.wish;
    if (seconds !== undefined)
      aim.timer = this.#host.clock.after(seconds * 1000, () => {
        this.#close(aim, notAnswered);
        this.#check();
      });
    if (aim.refused) return this.#note(aim, aim.refused);
    if (this.#isPage(aim)) return;
    if (account === undefined) return this.#dial(aim, [target]);
    this.#leave(aim, this.#host.wayOutside(`${target}@${account}`, "flow"), [target]);
  }

  /** Somebody at a page has no device that rings: the time is waited out. */
  #isPage({ wish: { target, account } }: Aim): boolean {
    return target === dashboard && account === undefined && this.#host.contactsOf(dashboard) === undefined;
  }

  #dial(aim: Aim, via: readonly string[], sentBy?: OpenedAs): void {
    const host = this.#host;
    const dialled = via.at(-1) ?? aim.wish.target;
    const members = via.length > 1 ? membersOf(host, dialled) : undefined;
    if (typeof members === "number") return this.#note(aim, refusedWith(members));
    if (members) {
      const fresh = members.filter((member) => !via.includes(member));
      if (fresh.length === 0) return this.#note(aim, refusedWith(486));
      for (const member of fresh) this.#dial(aim, [...via, member], sentBy);
      return;
    }
    const contacts = host.contactsOf(dialled);
    aim.leads.set(dialled, via);
    const refused = contacts && host.doNotDisturb(dialled);
    if (refused !== undefined) return this.#note(aim, refusedWith(refused));
    if (!contacts || contacts.length === 0) {
      const way = host.wayOutside(dialled, via.length > 1 ? "phone" : this.#chooserOf(aim));
      if (!way && contacts) return this.#note(aim, { result: "unregistered", cause: cause.absent });
      return this.#leave(aim, way, via, sentBy);
    }
    const others = contacts.filter((contact) => !this.#isCaller(contact) && !host.occupancy.isFull(contact));
    if (others.length === 0) return this.#note(aim, refusedWith(486));
    for (const contact of others) this.#fork(aim, contact, via);
  }

  #leave(aim: Aim, way: Way | undefined, via: readonly string[], sentBy?: OpenedAs): void {
    if (way && way.kind !== "refused") return this.#fork(aim, way, via, sentBy);
    const { target } = aim.wish;
    const text =
      way?.why ?? `${via.at(-1) ?? target} is no number here, and no account has a prefix that it begins with`;
    this.#host.log.warn(`${target} is not rung: ${text}`);
    // Nobody has declined: a loop goes on for the others (H10).
    const how: How = way ? { result: "unreachable", cause: cause.noRoute, status: 403 } : refusedWith(404);
    this.#note(aim, { ...how, text });
  }

  // Whoever dials a ring group may ring all that its owner has put into it, but for calls out of the house by strangers.
  #chooserOf({ from, wish }: Aim): Chooser {
    const { dialled } = this.#caller;
    if (dialled?.number !== from) return "flow";
    return from === wish.target || dialled.by === "stranger" ? dialled.by : "flow";
  }

  // A bell that dials its own number must not be put through to itself: door stations answer at once. A device may call
  // from another port than it registered with, so only the host counts.
  #isCaller({ extension, flow }: Contact): boolean {
    return extension === this.#caller.number && flow.remote.host === this.#caller.host;
  }

  #join(aim: Aim, contact: Contact): void {
    if (this.#host.doNotDisturb(contact.extension) !== undefined || this.#isCaller(contact)) return;
    const device = deviceOf(contact);
    if (aim.refusers.has(device)) return;
    const former = this.#formerOf(aim, contact);
    if (former === "rings") return;
    if (former) {
      this.#branches.delete(former);
      former.leave();
    }
    if (this.#host.occupancy.isFull(contact)) return;
    this.#fork(aim, contact, aim.leads.get(contact.extension) ?? [contact.extension]);
  }

  /** The call to where the device was before it moved; `rings` where it can still be reached by the way that rings it. */
  #formerOf(aim: Aim, contact: Contact): Branch | "rings" | undefined {
    const rung = [...this.#branches].flatMap(([branch, of]) =>
      of === aim && isContact(branch.to) ? { branch, to: branch.to } : [],
    );
    const same = rung.find(({ to }) => to.id === contact.id);
    if (same) return same.to.flow.closed ? same.branch : "rings";
    const other = rung.find(({ to }) => deviceOf(to) === deviceOf(contact));
    // A second way to it (RFC 5626 §4.2) is no move.
    const isSecond = other?.to.regId !== undefined && contact.regId !== undefined && !other.to.flow.closed;
    return isSecond ? "rings" : other?.branch;
  }

  #fork(aim: Aim, to: Reachable, via: readonly string[], sentBy?: OpenedAs): void {
    const branch = new Branch(this.#for, aim.wish, to, via, sentBy);
    this.#branches.set(branch, aim);
    branch.ring();
  }

  #ended(branch: Branch, how: How, end?: CallEnd): void {
    const aim = this.#branches.get(branch);
    if (!aim) return;
    this.#branches.delete(branch);
    if (!this.#redirected(branch, aim, end)) {
      this.#note(aim, how, branch);
      if (isContact(branch.to) && how.result !== "unreachable") aim.refusers.add(deviceOf(branch.to));
    }
    this.#check();
  }

  // RFC 3261 §8.1.3.4: whom a phone names instead is rung, where it may be called and was not yet. A page has nobody called.
  #redirected({ via, call, sends }: Branch, aim: Aim, { redirect = [] }: Partial<CallEnd> = {}): boolean {
    if (!call || call.flow.as !== undefined || aim.state !== "rings" || via.length > mostRedirections) return false;
    const next = new Set(redirect.flatMap((uri) => destinationOf(this.#host, uri, call) ?? []));
    for (const one of via) next.delete(one);
    for (const one of next) this.#dial(aim, [...via, one], sends);
    return next.size > 0;
  }

  #note({ wish }: Aim, how: How, branch?: Branch): void {
    this.#results.note(wish.target, how, branch?.rang);
  }

  #check(): void {
    const waits = this.#aims.some((aim) => aim.state === "waits" || (aim.state === "rings" && this.#isPage(aim)));
    if (this.#branches.size === 0 && !waits) this.#finish(notAnswered);
  }

  /** Its time is over: only who has answered and is still to confirm may stay. */
  #close(aim: Aim, how: How, reason?: string, mayConfirm = true): void {
    aim.timer();
    if (aim.state === "waits" || (aim.state === "rings" && this.#isPage(aim))) this.#note(aim, how);
    aim.state = "over";
    for (const [branch, of] of this.#branches) {
      if (of !== aim || (mayConfirm && branch.confirms)) continue;
      this.#branches.delete(branch);
      branch.leave(reason);
      this.#note(aim, how, branch);
    }
  }

  /** `how` is what became of those that still ring; `reason` is what they are told. */
  #finish(how: How, reason?: string, winner?: Leg): void {
    const done = this.#done;
    if (!done) return;
    this.#done = undefined;
    this.#timer();
    for (const aim of this.#aims) this.#close(aim, how, reason, false);
    done(this.#results.with(winner));
  }
}
