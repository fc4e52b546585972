// Rings several targets at once; the first to pick up wins and the others stop (H4, H5, X4). A device that registers
// while it rings is rung too (X1).
import type { Cancel, Clock } from "../clock.ts";
import { PorteroError, sentence } from "../errors.ts";
import type { MediaSession } from "../media/media.ts";
import type { Direction } from "../media/sdp.ts";
import type { CallEnd, Message } from "../sip/dialog/call.ts";
import type { IncomingCall } from "../sip/dialog/incoming.ts";
import type { OutgoingCall } from "../sip/dialog/outgoing.ts";
import type { Endpoint } from "../sip/endpoint.ts";
import { cause, causeOf, completedElsewhere } from "../sip/causes.ts";
import type { Contact } from "../sip/registrar/location.ts";
import type { BridgeHost } from "./bridge.ts";
import { destinationOf, type Directory } from "./destinations.ts";
import type { DeviceOptions } from "./devices.ts";
import { answerFetcher } from "./fetch.ts";
import { openMedia, type Leg } from "./leg.ts";
import type { Chooser, Way } from "./outside.ts";
import type { Party, PartyResult } from "./messages.ts";
import type { Target } from "./target.ts";
import type { Tracing } from "./tracing.ts";

/** What ringing needs of its surroundings. */
export interface ForkHost extends BridgeHost, Directory {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly tracing: Tracing;
  /** The devices of an extension; undefined where the number is none. */
  contactsOf(number: string): readonly Contact[] | undefined;
  /** The way to a target that no device is registered for; undefined where there is none. */
  wayOutside(target: Target, by: Chooser): Way | undefined;
  /** What callers of a number get that wants no calls just now; undefined while it may be called. */
  doNotDisturb(number: string): number | undefined;
  readonly optionsOf: (number: string) => DeviceOptions;
  /** What is special about the caller's leg; by an account that is what the account says. */
  optionsFor(call: IncomingCall, number?: string): DeviceOptions;
  /** So often, in seconds, a visit that talks tells of its media; 0 = never. */
  readonly statsSeconds: number;
  /** The folder for recordings; undefined where there is none. */
  readonly recordings: string | undefined;
  /** Tells the world a text that somebody sent, and answers it. */
  text(message: Message, from: string, to: string, visit?: string): void;
  /** Whether presses of this door ring nobody just now. */
  isQuiet(door: string): boolean;
}

export interface ForkResult {
  readonly winner?: Leg;
  readonly parties: readonly Party[];
  readonly cause: number;
}

/** So often one target may send us on. */
const mostRedirections = 5;

/** Who calls: what phones show, and where the device is. */
export interface Caller {
  readonly name: string;
  readonly number: string;
  readonly host: string;
  /** What the calls belong to: a visit's id, or the caller's Call-ID. */
  readonly group: string;
  /** The number that the caller dialled by itself: not everybody may dial everything. */
  readonly dialled?: { readonly number: string; readonly by: Chooser };
  /** What the phones are told beside that: Referred-By. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the caller wants of its sound, where that is not what it said last. */
  readonly direction?: Direction;
}

type Reachable = Exclude<Way, { kind: "refused" }>;

interface Fork {
  target: Target;
  /** Whom we really call, and whom we called before on behalf of the target: a phone may send us on (3xx). */
  via: readonly string[];
  call?: OutgoingCall;
  session?: MediaSession;
}

// What a try is remembered by when its parties ended in different ways: a refusal says more than an absence.
const weight: readonly PartyResult[] = ["rejected", "busy", "no-answer", "cancelled", "unreachable", "unregistered"];

export class Forking {
  readonly #host: ForkHost;
  readonly #caller: Caller;
  readonly #like: MediaSession;
  readonly #targets: readonly Target[];
  readonly #watched: () => void;
  readonly #forks = new Set<Fork>();
  readonly #parties: Party[] = [];
  #done: ((result: ForkResult) => void) | undefined;
  #timer: Cancel = () => {};

  /** `watched` is called when somebody who rings could see the caller already, if the caller showed itself. */
  constructor(
    host: ForkHost,
    caller: Caller,
    like: MediaSession,
    targets: readonly Target[],
    watched: () => void = () => {},
  ) {
    this.#host = host;
    this.#caller = caller;
    this.#like = like;
    this.#targets = [...new Set(targets)];
    this.#watched = watched;
  }

  /** Rings for `seconds` at most. Abort with the reason "answered" tells the phones so. */
  run(seconds: number, signal: AbortSignal): Promise<ForkResult> {
    return new Promise((resolve) => {
      const abort = () => this.#finish("cancelled", signal.reason === "answered" ? completedElsewhere : undefined);
      this.#done = (result) => {
        signal.removeEventListener("abort", abort);
        resolve(result);
      };
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      this.#timer = this.#host.clock.after(seconds * 1000, () => this.#finish("no-answer"));
      for (const target of this.#targets) this.#dial(target);
      this.#check();
    });
  }

  /** What became of them so far. */
  get parties(): readonly Party[] {
    return this.#parties;
  }

  /** A device has registered: it rings along if it belongs to a target and may be rung. Says whether it belongs. */
  offer(contact: Contact): boolean {
    if (!this.#done || !this.#targets.includes(contact.extension)) return false;
    if (this.#host.doNotDisturb(contact.extension) !== undefined || this.#isCaller(contact)) return true;
    this.#fork(contact.extension, contact);
    return true;
  }

  #dial(target: Target, via: readonly string[] = [target]): void {
    const dialled = via.at(-1) ?? target;
    const contacts = this.#host.contactsOf(dialled);
    const refused = contacts && this.#host.doNotDisturb(dialled);
    if (refused !== undefined) return this.#note(target, resultOf(causeOf(refused)), causeOf(refused), refused);
    if (!contacts || contacts.length === 0) {
      const way = this.#host.wayOutside(dialled, via.length > 1 ? "phone" : this.#chooserOf(dialled));
      if (way) return this.#leave(target, way, via);
      if (contacts) return this.#note(target, "unregistered", cause.absent);
      return this.#note(target, "unreachable", cause.unallocated, 404);
    }
    const others = contacts.filter((contact) => !this.#isCaller(contact));
    if (others.length === 0) return this.#note(target, "busy", cause.busy, 486);
    for (const contact of others) this.#fork(target, contact, via);
  }

  #leave(target: Target, way: Way, via: readonly string[]): void {
    if (way.kind !== "refused") return this.#fork(target, way, via);
    this.#host.log.warn(`${target} is not rung: ${way.why}`);
    this.#note(target, "unreachable", cause.rejected, 403);
  }

  #chooserOf(target: Target): Chooser {
    const { dialled } = this.#caller;
    return dialled?.number === target ? dialled.by : "flow";
  }

  // A bell that dials its own number must not be put through to itself: door stations answer at once. A device may call
  // from another port than it registered with, so only the host counts.
  #isCaller({ extension, flow }: Contact): boolean {
    return extension === this.#caller.number && flow.remote.host === this.#caller.host;
  }

  #fork(target: Target, to: Contact | Reachable, via: readonly string[] = [target]): void {
    const fork: Fork = { target, via };
    this.#forks.add(fork);
    this.#call(fork, to).catch((error: unknown) => {
      this.#host.log.warn(`${target} could not be rung: ${sentence(error)}`);
      const forever = error instanceof PorteroError && ["no-media", "no-codec", "media-cannot"].includes(error.code);
      this.#ended(fork, { by: "network", cause: forever ? 58 : cause.noRoute, text: sentence(error) });
    });
  }

  async #call(fork: Fork, to: Contact | Reachable): Promise<void> {
    const { endpoint } = this.#host;
    const options = this.#optionsOf(fork, to);
    const session = await openMedia(this.#host.media, options, this.#like);
    fork.session = session;
    if (!this.#forks.has(fork)) {
      await session.close();
      return;
    }
    session.on("closed", () => {
      if (!this.#forks.has(fork)) return;
      fork.call?.hangUp();
      this.#ended(fork, { by: "network", cause: cause.noRoute, text: "the sound of the call was lost" });
    });
    // Without a codec in common, or encryption where it must be, this throws: here, before there is a call that could not be
    // made to its end.
    if (options.codecs || options.encryption === "required") session.offer(this.#like);
    const sdp = (localHost: string) => {
      session.advertise = localHost;
      return session.offer(this.#like, this.#caller.direction);
    };
    const { headers } = this.#caller;
    const as = { from: this.#caller, sdp, ...(headers && { headers }) };
    const call = await (!("kind" in to)
      ? endpoint.callContact(to, as)
      : to.kind === "account"
        ? to.account.call(to.number, as)
        : endpoint.callUri(to.uri, as));
    fork.call = call;
    this.#host.tracing.groups.add(this.#caller.group, call.callId);
    if (!this.#forks.has(fork)) {
      call.hangUp();
      return;
    }
    call.on("ended", (end) => this.#ended(fork, end));
    call.on("fetched", (by) => {
      this.#fetched(fork, by).catch((error: unknown) => this.#host.log.error(sentence(error)));
    });
    if (call.end) this.#ended(fork, call.end);
    call.on("early", ({ sdp }) => {
      if (this.#forks.has(fork)) this.#early(session, sdp);
    });
    call.on("answered", ({ sdp }) => {
      try {
        session.receiveAnswer(sdp ?? "");
      } catch (error) {
        this.#host.log.warn(`${fork.target} answered without usable sound: ${sentence(error)}`);
        this.#ended(fork, { by: "local", status: 488, cause: 58, text: sentence(error) });
        return call.hangUp();
      }
      this.#forks.delete(fork);
      this.#note(fork.target, "answered", cause.normal, 200);
      this.#finish("cancelled", completedElsewhere, { call, session, name: fork.via.at(-1) ?? fork.target });
    });
  }

  // X7: a phone that says what it takes while it rings sees the visitor before anybody answers.
  #early(session: MediaSession, sdp: string | undefined): void {
    if (sdp === undefined) return;
    try {
      session.receiveAnswer(sdp);
    } catch (error) {
      // What it says when it answers may be better.
      return this.#host.log.debug(sentence(error));
    }
    const { media } = this.#host;
    if (!session.agreed("video") || !media.show) return;
    media.show(this.#like, session);
    this.#watched();
  }

  // It wins as if it had been rung itself.
  async #fetched(fork: Fork, by: IncomingCall): Promise<void> {
    const leg = await answerFetcher(
      this.#host,
      by,
      () => this.#like,
      () => this.#forks.has(fork),
    );
    if (!leg) return;
    this.#host.tracing.groups.add(this.#caller.group, by.callId);
    this.#note(leg.name, "answered", cause.normal, 200);
    this.#finish("cancelled", completedElsewhere, leg);
  }

  #optionsOf({ target }: Fork, to: Contact | Reachable): DeviceOptions {
    if (!("kind" in to)) return this.#host.optionsOf(to.extension);
    const options = this.#host.optionsOf(target);
    return to.kind === "account" ? { ...options, encryption: to.encryption } : options;
  }

  #ended(fork: Fork, end: CallEnd): void {
    if (!this.#forks.delete(fork)) return;
    fork.session?.close().catch((error: unknown) => this.#host.log.warn(sentence(error)));
    if (!this.#redirected(fork, end)) this.#note(fork.target, resultOf(end.cause), end.cause, end.status);
    this.#check();
  }

  // RFC 3261 §8.1.3.4: whom a phone names instead is rung, where it may be called and was not yet.
  #redirected({ target, via, call }: Fork, { redirect = [] }: CallEnd): boolean {
    if (!this.#done || !call || via.length > mostRedirections) return false;
    const next = new Set(redirect.flatMap((uri) => destinationOf(this.#host, uri, call) ?? []));
    for (const one of via) next.delete(one);
    for (const one of next) this.#dial(target, [...via, one]);
    return next.size > 0;
  }

  #note(target: Target, result: PartyResult, why: number, status?: number): void {
    this.#parties.push({ target, try: 1, result, ...(status === undefined ? {} : { status }), cause: why });
  }

  #check(): void {
    if (this.#forks.size === 0) this.#finish("no-answer");
  }

  /** `result` is what became of those that still ring; `reason` is what they are told. */
  #finish(result: "cancelled" | "no-answer", reason?: string, winner?: Leg): void {
    const done = this.#done;
    if (!done) return;
    this.#done = undefined;
    this.#timer();
    const left = [...this.#forks];
    this.#forks.clear();
    for (const fork of left) {
      fork.call?.hangUp(reason);
      fork.session?.close().catch((error: unknown) => this.#host.log.warn(sentence(error)));
      this.#note(fork.target, result, result === "cancelled" ? cause.normal : cause.noAnswer);
    }
    const first = weight.flatMap((result) => this.#parties.find((party) => party.result === result) ?? [])[0];
    const why = winner ? cause.normal : (first?.cause ?? 0);
    done({ ...(winner && { winner }), parties: this.#parties, cause: why });
  }
}

function resultOf(why: number): PartyResult {
  if (why === cause.busy) return "busy";
  if (why === cause.rejected) return "rejected";
  if (why === cause.noAnswer || why === cause.noResponse) return "no-answer";
  return "unreachable";
}

/** What ringing brings at a door whose presses are to disturb nobody. */
export function quiet(targets: readonly Target[]): ForkResult {
  const parties = targets.map((target) => ({
    target,
    try: 1,
    result: "busy" as const,
    status: 486,
    cause: cause.busy,
  }));
  return { parties, cause: cause.busy };
}
