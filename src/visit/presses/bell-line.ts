// The bell's side of a visit: the call that is dealt with, its media, and further calls of the same press (X1). If the
// bell drops the first call while others ring, the next one takes its place. It can be let hear us before somebody answers.
// A press that the bell told by other means (a hook) has no call yet, and maybe never one.
import { giveUp, sentence, tryAgain } from "../../errors.ts";
import type { MediaSession } from "../../media/media.ts";
import { cause, causeOf } from "../../sip/causes.ts";
import type { CallEnd } from "../../sip/dialog/call.ts";
import type { IncomingCall } from "../../sip/dialog/incoming.ts";
import { attend, type AloneHost } from "../talk/alone.ts";
import type { Key } from "../talk/keypad.ts";
import { answerFor, refusalFor, takeOffer, type Leg } from "../talk/leg.ts";

export interface BellHooks {
  /** The bell's last call is over, by its own will or for want of usable sound. */
  gone(end: CallEnd): void;
  /** A key of the bell, while it is in no bridge. */
  pressed(key: Key): void;
  /** As DoorKeys.hides. */
  readonly hides: boolean;
}

/** A bell that tells of a press by other means calls in the same moment, if at all. */
export const callWithinMs = 5_000;

export class BellLine {
  readonly #openMedia: (call: IncomingCall) => Promise<MediaSession>;
  readonly #name: string;
  readonly #number: string;
  readonly #host: AloneHost;
  readonly #hooks: BellHooks;
  readonly #twins = new Set<IncomingCall>();
  #call: IncomingCall | undefined;
  #session: Promise<MediaSession>;
  /** Waits no longer for the bell to call. */
  #waited = () => {};
  #answered = false;
  /** What was said of our media before the answer (183). */
  #said: string | undefined;
  /** Leaves the bell's changes of mind to somebody else. */
  #leave = () => {};
  #leg: Leg | undefined;

  constructor(
    openMedia: (call: IncomingCall) => Promise<MediaSession>,
    { name, extension }: { readonly name: string; readonly extension: string },
    host: AloneHost,
    call: IncomingCall | undefined,
    hooks: BellHooks,
  ) {
    this.#openMedia = openMedia;
    [this.#name, this.#number] = [name, extension];
    this.#host = host;
    this.#hooks = hooks;
    this.#call = call;
    this.#session = call ? this.#take(call) : this.#wait();
  }

  /** @throws PorteroError `no-call` where the bell has not called */
  get call(): IncomingCall {
    if (this.#call) return this.#call;
    throw this.#uncalled;
  }

  /** Whether the bell has called. */
  get called(): boolean {
    return this.#call !== undefined;
  }

  /** Who calls, as people see it; the door itself, where nobody has called. */
  get caller(): { readonly number: string; readonly name: string } {
    return { number: this.#call?.caller.number ?? this.#number, name: this.#call?.remote?.name || this.#name };
  }

  /** The bell's call with its media, once it is answered. */
  get leg(): Leg | undefined {
    return this.#leg;
  }

  /**
   * The media of the bell's call, once its ports are open; of the next one, where it takes the place of the first
   * meanwhile. Rejects where the bell offers no usable sound; the bell is gone then.
   */
  get session(): Promise<MediaSession> {
    const session = this.#latest();
    // Whoever looks at it elsewhere is told; nobody has to.
    session.catch(() => {});
    return session;
  }

  async #latest(): Promise<MediaSession> {
    for (;;) {
      const opening = this.#session;
      const [session] = await Promise.allSettled([opening]);
      if (opening !== this.#session) continue;
      if (session.status === "fulfilled") return session.value;
      throw session.reason;
    }
  }

  /** Another call of the same press. */
  join(call: IncomingCall): void {
    if (!this.#call) return this.#goOnWith(call);
    this.#twins.add(call);
    call.ring();
    call.on("ended", () => this.#twins.delete(call));
  }

  /** Goes on with this call in the place of all others. Says whether it could: not once the bell has heard us. */
  moveTo(call: IncomingCall): boolean {
    if (this.#answered || this.#said !== undefined) return false;
    const others = [this.#call, ...this.#twins];
    this.#twins.clear();
    this.#goOnWith(call);
    for (const other of others) other?.reject(487);
    return true;
  }

  /**
   * Lets the bell hear us though nobody has answered: before its call is answered (early media, by 183), or by answering
   * it (H19). Gives the session to play into.
   * @throws PorteroError `no-call`, `no-media`
   */
  async open(how: "early" | "answered"): Promise<MediaSession> {
    const session = await this.session;
    const { call } = this;
    const isOver = () => call.end !== undefined;
    if (isOver()) throw giveUp("no-call", `the call of ${this.#name} is over`);
    if (how === "answered" || this.#answered) this.answer(session);
    else if (call.sdp === undefined)
      throw giveUp(
        "no-media",
        `${this.#name} calls without saying how it takes sound, so it hears none before its call is answered: answer first`,
      );
    else if (this.#said === undefined) {
      this.#said = session.answer();
      call.ring(183, this.#said);
      this.#attend(session);
    }
    // Who left the offer to us says with its ACK what it takes.
    if (session.codec === undefined && !isOver())
      await new Promise<void>((resolve) => {
        call.once("acknowledged", () => resolve()).once("ended", () => resolve());
      });
    return session;
  }

  /** Answers the bell with what suits `answerer`, and gives its leg. The other calls have found their answer in this one. */
  answer(session: MediaSession, answerer?: MediaSession): Leg {
    const { call } = this;
    const leg: Leg = { call, session, name: this.#name };
    if (!this.#answered) {
      call.answer(this.#said ?? answerFor(leg, call.sdp !== undefined, answerer));
      this.#answered = true;
      for (const twin of this.#twins) twin.reject(486);
    }
    this.#attend(answerer ? undefined : session);
    this.#leg = leg;
    return leg;
  }

  /** Whether the answered bell is in a bridge, where its changes of mind and its keys are dealt with. */
  bridged(on: boolean): void {
    this.#attend(on ? undefined : this.#leg?.session);
  }

  /** Answers the bell's changes of mind while it is in no bridge. */
  #attend(session: MediaSession | undefined): void {
    this.#leave();
    this.#leave = session
      ? attend(
          { call: this.call, session, name: this.#name },
          this.#host,
          (key) => this.#hooks.pressed(key),
          this.#hooks.hides,
        )
      : () => {};
  }

  /** Ends every call of the bell and its media; one that was never answered with `status`. `reason` says why. */
  close(status: number, reason?: string): void {
    for (const twin of this.#twins) twin.reject(status, undefined, reason);
    if (this.#answered) this.#call?.hangUp(reason);
    else this.#call?.reject(status, undefined, reason);
    this.#waited();
    this.#release(this.#session);
  }

  #wait(): Promise<MediaSession> {
    const session = new Promise<MediaSession>((_, reject) => {
      const over = () => reject(this.#uncalled);
      const cancel = this.#host.clock.after(callWithinMs, over);
      this.#waited = () => {
        cancel();
        over();
      };
    });
    session.catch(() => {});
    return session;
  }

  get #uncalled(): Error {
    return tryAgain("no-call", `${this.#name} told of a press and did not call: nobody can talk with who is there`);
  }

  #take(call: IncomingCall): Promise<MediaSession> {
    call.ring();
    call.on("ended", (end) => this.#ended(call, end));
    return this.#opened(call);
  }

  #opened(call: IncomingCall): Promise<MediaSession> {
    const session = this.#open(call);
    session.catch((error: unknown) => {
      this.#host.log.warn(sentence(error));
      const status = refusalFor(error);
      if (call === this.#call) this.#hooks.gone({ by: "local", status, cause: causeOf(status), text: sentence(error) });
    });
    return session;
  }

  async #open(call: IncomingCall): Promise<MediaSession> {
    const session = await this.#openMedia(call);
    try {
      takeOffer(session, call, this.#name);
    } catch (error) {
      await session.close();
      throw error;
    }
    session.once("closed", () => this.#lost(call));
    return session;
  }

  #ended(call: IncomingCall, end: CallEnd): void {
    if (call !== this.#call) return;
    const [next] = this.#twins;
    if (this.#answered || !next) {
      this.#hooks.gone(end);
      return;
    }
    this.#twins.delete(next);
    this.#goOnWith(next);
  }

  #goOnWith(call: IncomingCall): void {
    this.#release(this.#session);
    this.#said = undefined;
    this.#call = call;
    this.#session = this.#take(call);
    this.#waited();
  }

  // Ports that are lost while the bell rings are opened anew, unless the bell knows of them already.
  #lost(call: IncomingCall): void {
    if (call !== this.#call || call.state === "ended") return;
    if (!this.#answered && this.#said === undefined) this.#session = this.#opened(call);
    else this.#hooks.gone({ by: "network", cause: cause.unspecified, text: "the sound of the call was lost" });
  }

  #release(session: Promise<MediaSession>): void {
    session.then((open) => open.close()).catch((error: unknown) => this.#host.log.debug(sentence(error)));
  }
}
