// One call of a try: to one device, or to one place outside. It rings, may have to be confirmed, and wins or ends once.
import type { Cancel } from "../../clock.ts";
import { PorteroError, sentence } from "../../errors.ts";
import type { MediaSession } from "../../media/media.ts";
import { cause, completedElsewhere } from "../../sip/causes.ts";
import type { CallEnd } from "../../sip/dialog/call.ts";
import type { IncomingCall } from "../../sip/dialog/incoming.ts";
import type { OutgoingCall } from "../../sip/dialog/outgoing.ts";
import type { OpenedAs } from "../../door/door.ts";
import { calledBy, type DeviceOptions } from "../numbers/devices.ts";
import { answerFetcher } from "../talk/fetch.ts";
import { closeMedia, letGo, openMedia, sentOn, type Leg } from "../talk/leg.ts";
import { usualConfirmSeconds, type RingWish } from "./target.ts";
import { Confirmation } from "./confirmation.ts";
import { isContact, type Caller, type ForkHost, type Reachable } from "./host.ts";
import { endedWith, notAnswered, type How } from "./results.ts";

/** For whom a branch rings. */
export interface Branches {
  readonly host: ForkHost;
  readonly caller: Caller;
  /** The caller's media: what it could talk with them. */
  readonly like: MediaSession;
  /** Somebody who rings could see the caller already. */
  watched(): void;
  /** It answered, and that counts. */
  won(branch: Branch, leg: Leg): void;
  /** Another phone has taken the call that rings there. */
  fetched(leg: Leg): void;
  /** It ended by itself; `end` is its call's, where there was one. */
  ended(branch: Branch, how: How, end?: CallEnd): void;
}

export class Branch {
  /** How the target is named in results, and what is special about it. */
  readonly wish: RingWish;
  readonly to: Reachable;
  /** Whom we call, and whom we called before on behalf of the target: a phone may send us on (3xx). */
  readonly via: readonly string[];
  readonly #for: Branches;
  readonly #sentBy: OpenedAs | undefined;
  #call: OutgoingCall | undefined;
  #session: MediaSession | undefined;
  #confirmation: Confirmation | undefined;
  #silence: Cancel = () => {};
  readonly #rangAt: number;
  readonly #since: number;
  #over = false;

  constructor(on: Branches, wish: RingWish, to: Reachable, via: readonly string[], sentBy = on.caller.sentBy) {
    this.#for = on;
    this.#sentBy = sentBy;
    this.wish = wish;
    this.to = to;
    this.via = via;
    this.#rangAt = on.host.clock.now();
    this.#since = on.host.clock.passed();
  }

  /** Since when it rings, and for how long by now. */
  get rang(): { rangAt: string; seconds: number } {
    const seconds = (this.#for.host.clock.passed() - this.#since) / 1000;
    return { rangAt: new Date(this.#rangAt).toISOString(), seconds };
  }

  get call(): OutgoingCall | undefined {
    return this.#call;
  }

  /** Somebody, or something, has answered, and is to say that it means it. */
  get confirms(): boolean {
    return this.#confirmation !== undefined;
  }

  ring(): void {
    const seat = isContact(this.to) ? this.#for.host.occupancy.take(this.to) : undefined;
    const ring = this.#ring().finally(() => {
      if (this.#call) seat?.heldBy(this.#call);
      else seat?.leave();
    });
    ring.catch((error: unknown) => {
      this.#for.host.log.warn(`${this.wish.target} could not be rung: ${sentence(error)}`);
      const forever = error instanceof PorteroError && ["no-media", "no-codec", "media-cannot"].includes(error.code);
      this.#end({ ...endedWith(forever ? 58 : cause.noRoute), text: sentence(error) });
    });
  }

  /** Nobody waits for it any more; `reason` is what its phone is told. */
  leave(reason?: string): void {
    if (this.#over) return;
    this.#close();
    if (this.#confirmation && reason === completedElsewhere) {
      this.#confirmation.taken(reason).catch((error: unknown) => this.#for.host.log.warn(sentence(error)));
      return;
    }
    this.#confirmation?.close();
    this.#call?.hangUp(reason);
    this.#free();
  }

  async #ring(): Promise<void> {
    const { host, caller, like } = this.#for;
    const { wish } = this;
    const options = this.#options;
    // Without a turn between: where all stands ready, the INVITE leaves in the turn in which its cause came.
    const opening = openMedia(host.media, options, like);
    const session = opening instanceof Promise ? await opening : opening;
    this.#session = session;
    if (this.#over) {
      this.#free();
      return;
    }
    session.on("closed", () => this.#lost({ ...endedWith(cause.noRoute), text: session.lost }));
    // Without a codec in common, or encryption where it must be, this throws: here, before there is a call that could not be
    // made to its end.
    if (options.codecs || options.understood || options.encryption === "required" || options.webrtc === "required")
      session.offer(like);
    const sdp = (localHost: string) => {
      session.advertise = localHost;
      return session.offer(like, caller.direction);
    };
    const { headers } = caller;
    const from = { number: caller.number, name: wish.name ?? caller.name };
    const placed = this.#place({ from, sdp, ...(headers && { headers }) });
    const call = placed instanceof Promise ? await placed : placed;
    this.#call = call;
    if (isContact(this.to)) session.host = call.flow.remote.host;
    host.tracing.groups.add(caller.group, call.callId);
    if (this.#isOver()) {
      call.hangUp();
      return;
    }
    if (wish.silentSeconds !== undefined) {
      const silent = { ...endedWith(cause.timerExpired), text: "no sign of life" };
      this.#silence = host.clock.after(wish.silentSeconds * 1000, () => this.#lost(silent));
    }
    call.on("ended", (end) => {
      const { status } = end;
      if (this.confirms) this.#end(notConfirmed);
      else this.#end({ ...endedWith(end.cause), status, text: status === undefined ? end.text : undefined }, end);
    });
    call.fetched = (by) => {
      this.#fetched(by).catch((error: unknown) => host.log.error(sentence(error)));
    };
    if (call.end) this.#end({ ...endedWith(call.end.cause), status: call.end.status }, call.end);
    call.on("early", ({ sdp: answer }) => {
      if (!this.#over) this.#early(session, answer);
    });
    call.on("answered", ({ sdp: answer }) => {
      const leg = { call, session, name: this.#name, as: this.#opensAs };
      if (!this.#over) this.#answered(this.#sentBy ? sentOn(leg, this.#sentBy) : leg, answer);
    });
  }

  #place(as: Parameters<ForkHost["endpoint"]["callUri"]>[1]): OutgoingCall | Promise<OutgoingCall> {
    const { endpoint } = this.#for.host;
    if (isContact(this.to)) return endpoint.callContact(this.to, as);
    return this.to.kind === "account" ? this.to.account.call(this.to.number, as) : endpoint.callUri(this.to.uri, as);
  }

  // X7: a phone that says what it takes while it rings sees the visitor before anybody answers.
  #early(session: MediaSession, sdp: string | undefined): void {
    this.#silence();
    if (sdp === undefined) return;
    try {
      session.receiveAnswer(sdp);
    } catch (error) {
      // What it says when it answers may be better.
      return this.#for.host.log.debug(sentence(error));
    }
    this.#show(session);
  }

  #show(session: MediaSession): void {
    const { media } = this.#for.host;
    if (!session.agreed("video") || !media.show) return;
    media.show(this.#for.like, session);
    this.#for.watched();
  }

  #answered(leg: Leg, sdp = ""): void {
    this.#silence();
    const { host } = this.#for;
    try {
      leg.session.receiveAnswer(sdp);
    } catch (error) {
      host.log.warn(`${this.wish.target} answered without usable sound: ${sentence(error)}`);
      return this.#lost({ ...endedWith(58), status: 488, text: sentence(error) });
    }
    if (this.wish.confirm !== true) return this.#won(leg);
    this.#show(leg.session);
    const { prompt, confirmSeconds: seconds = usualConfirmSeconds } = this.wish;
    this.#confirmation = new Confirmation(
      host,
      leg,
      { prompt, seconds },
      {
        confirmed: () => this.#won(leg),
        late: () => this.#lost(notConfirmed),
      },
    );
  }

  // It wins as if it had been rung itself.
  async #fetched(by: IncomingCall): Promise<void> {
    const { host, caller, like } = this.#for;
    const leg = await answerFetcher(
      host,
      by,
      () => like,
      () => !this.#over,
    );
    if (!leg) return;
    host.tracing.groups.add(caller.group, by.callId);
    if (!this.#over) {
      this.#for.fetched(leg);
      return;
    }
    // Another one was faster in the same turn.
    letGo(leg, host.log, completedElsewhere);
  }

  #won(leg: Leg): void {
    this.#close();
    this.#for.won(this, leg);
  }

  /** We hang up on it. */
  #lost(how: How): void {
    if (this.#over) return;
    this.#end(how);
    this.#call?.hangUp();
  }

  #end(how: How, end?: CallEnd): void {
    if (this.#over) return;
    this.#close();
    this.#confirmation?.close();
    this.#free();
    this.#for.ended(this, how, end);
  }

  /** It may have been left while something was waited for. */
  #isOver(): boolean {
    return this.#over;
  }

  #close(): void {
    this.#over = true;
    this.#silence();
  }

  #free(): void {
    if (this.#session) closeMedia(this.#session, this.#for.host.log);
  }

  get #name(): string {
    return this.via.length > 1 ? (this.via.at(-1) ?? this.wish.target) : this.wish.target;
  }

  /** On whose behalf others are called that it names instead. */
  get sends(): OpenedAs {
    return isContact(this.to) ? this.#opensAs : (this.#sentBy ?? this.#opensAs);
  }

  get #opensAs(): OpenedAs {
    const { to } = this;
    if (isContact(to)) return { kind: "extension", name: to.extension };
    return { kind: "account", name: to.kind === "account" ? to.account.name : this.#name };
  }

  get #options(): DeviceOptions {
    const { host } = this.#for;
    const { codecs, dtmf, target } = this.wish;
    const own = { ...(codecs && { codecs }), ...(dtmf && { dtmf }) };
    if (isContact(this.to)) return calledBy(this.to.flow, { ...host.optionsOf(this.to.extension), ...own });
    return { ...host.optionsOf(target), ...this.to.media, ...own };
  }
}

const notConfirmed: How = { ...notAnswered, text: "not confirmed" };
