// The bell's side of a visit: the call that is dealt with, its media, and further calls of the same press (X1). If the
// bell drops the first call while others ring, the next one takes its place.
import { sentence } from "../errors.ts";
import type { Log } from "../log.ts";
import type { MediaSession } from "../media/media.ts";
import type { CallEnd } from "../sip/dialog/call.ts";
import type { IncomingCall } from "../sip/dialog/incoming.ts";
import { answerFor, takeOffer, type Leg } from "./leg.ts";

export interface BellHooks {
  /** The bell's last call is over, by its own will or for want of usable sound. */
  gone(end: CallEnd): void;
}

export class BellLine {
  readonly #openMedia: () => Promise<MediaSession>;
  readonly #name: string;
  readonly #log: Log;
  readonly #hooks: BellHooks;
  readonly #twins = new Set<IncomingCall>();
  #call: IncomingCall;
  #session: Promise<MediaSession>;
  #answered = false;

  constructor(openMedia: () => Promise<MediaSession>, name: string, log: Log, call: IncomingCall, hooks: BellHooks) {
    this.#openMedia = openMedia;
    this.#name = name;
    this.#log = log;
    this.#hooks = hooks;
    this.#call = call;
    this.#session = this.#take(call);
  }

  get call(): IncomingCall {
    return this.#call;
  }

  /** The bell's media, once its ports are open. Rejects where the bell offers no usable sound; the bell is gone then. */
  get session(): Promise<MediaSession> {
    return this.#session;
  }

  /** Another call of the same press. */
  join(call: IncomingCall): void {
    this.#twins.add(call);
    call.ring();
    call.on("ended", () => this.#twins.delete(call));
  }

  /** Answers the bell with what suits `answerer`, and gives its leg. The other calls have found their answer in this one. */
  answer(session: MediaSession, answerer?: MediaSession): Leg {
    const leg: Leg = { call: this.#call, session, name: this.#name };
    this.#call.answer(answerFor(leg, this.#call.sdp !== undefined, answerer));
    this.#answered = true;
    for (const twin of this.#twins) twin.reject(486);
    return leg;
  }

  /** Ends every call of the bell and its media; one that was never answered with `status`. `reason` says why. */
  close(status: number, reason?: string): void {
    for (const twin of this.#twins) twin.reject(status, undefined, reason);
    if (this.#answered) this.#call.hangUp(reason);
    else this.#call.reject(status, undefined, reason);
    this.#release(this.#session);
  }

  #take(call: IncomingCall): Promise<MediaSession> {
    call.ring();
    call.on("ended", (end) => this.#ended(call, end));
    return this.#opened(call);
  }

  #opened(call: IncomingCall): Promise<MediaSession> {
    const session = this.#open(call);
    session.catch((error: unknown) => {
      this.#log.warn(sentence(error));
      if (call === this.#call) this.#hooks.gone({ by: "local", status: 488, cause: 58, text: sentence(error) });
    });
    return session;
  }

  async #open(call: IncomingCall): Promise<MediaSession> {
    const session = await this.#openMedia();
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
    this.#release(this.#session);
    this.#call = next;
    this.#session = this.#take(next);
  }

  // Ports that are lost while the bell rings are opened anew; once it talks, that ends the call (see bridge).
  #lost(call: IncomingCall): void {
    if (call !== this.#call || call.state === "ended" || this.#answered) return;
    this.#session = this.#opened(call);
  }

  #release(session: Promise<MediaSession>): void {
    session.then((open) => open.close()).catch((error: unknown) => this.#log.debug(sentence(error)));
  }
}
