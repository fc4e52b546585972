// Changing a call that talks, from either side: re-INVITE (RFC 3261 §14), UPDATE (RFC 3311), and the refreshes of the
// session timer (RFC 4028). One exchange at a time; what is wished meanwhile waits for its turn.
import type { Cancel } from "../../clock.ts";
import { allow, names, supported } from "../extensions.ts";
import type { SipMessage, SipRequest, SipResponse } from "../message/message.ts";
import type { Sending } from "../request/send.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import { GIVE_UP } from "../transaction/timers.ts";
import { sendAck } from "./ack.ts";
import { sdpOf, sdpType } from "./body.ts";
import { cancel } from "./cancel.ts";
import type { Dialog } from "./dialog.ts";
import type { Reanswer } from "./events.ts";
import type { Inside } from "./inside.ts";
import { agreedBy, answerTimer, askForTimer, lengthen, SessionTimer, type Interval } from "./session-timer.ts";

interface Wish {
  /** Makes the offer when its turn has come; absent = a refresh that changes nothing. */
  readonly offer: (() => string) | undefined;
  readonly done: (answer: Reanswer) => void;
  tries: number;
}

interface Running {
  /** Whether it carries an offer: then one of the peer has to wait (491). */
  readonly offers: boolean;
  sending?: Sending;
  guard: Cancel;
}

/** A peer that always says "not now" is asked no more often for one wish. */
const mostTries = 8;
/** A Retry-After beyond this is a refusal. */
const longestWait = 10;

export class Renegotiation {
  readonly #call: Inside;
  readonly #timer: SessionTimer;
  readonly #wishes: Wish[] = [];
  #running: Running | undefined;
  #pause: Cancel | undefined;
  /** Whether the peer takes UPDATE, by its last Allow. */
  #updates = false;
  /** Whether the peer takes INFO, by its last Allow; undefined where it has sent none. */
  takesInfo: boolean | undefined;
  /** What we described last. */
  #local: string | undefined;

  constructor(call: Inside) {
    this.#call = call;
    this.#timer = new SessionTimer(
      call.host.clock,
      () => this.#refresh(),
      () => call.expired(),
    );
  }

  /** Notes what a message of the peer says it can. */
  hear(message: SipMessage): void {
    if (message.get("allow") === undefined) return;
    this.#updates = names(message, "allow", "UPDATE");
    this.takesInfo = names(message, "allow", "INFO");
  }

  /** Notes what we described. */
  say(sdp: string): void {
    this.#local = sdp;
  }

  /** The call talks from now on, with this timer. */
  begin(interval: Interval | undefined): void {
    this.#timer.run(interval);
    this.next();
  }

  /** Offers the peer something else; the offer is made when its turn has come. */
  reoffer(offer: () => string): Promise<Reanswer> {
    return new Promise((done) => {
      this.#wishes.push({ offer, done, tries: 0 });
      this.next();
    });
  }

  /** Goes on with what waits, if nothing hinders it. */
  next(): void {
    const call = this.#call;
    const [wish] = this.#wishes;
    const dialog = call.dialog();
    if (!wish || !dialog || this.#running || this.#pause || call.state() !== "talking" || call.negotiating()) return;
    if (!wish.offer && this.#updates) return this.#send(wish, dialog, "UPDATE");
    try {
      this.#send(wish, dialog, "INVITE", wish.offer ? wish.offer() : this.#sameAgain());
    } catch {
      // Who makes offers has nothing to offer any more: its media are closed.
      this.#settle(wish, { status: 488 });
    }
  }

  /** The call is over: nothing is asked any more, but a 2xx that is still to come is acknowledged. */
  end(): void {
    this.#timer.stop();
    this.#pause?.();
    for (const { done } of this.#wishes.splice(0)) done({ status: 481 });
    const running = this.#running;
    if (!running) return;
    running.guard();
    running.guard = this.#call.host.clock.after(GIVE_UP, () => running.sending?.stop());
  }

  abandon(): void {
    this.#running?.sending?.stop();
    this.#running?.guard();
    this.#running = undefined;
    this.end();
  }

  /** A re-INVITE of the peer. */
  invited(request: SipRequest, transaction: ServerTransaction, dialog: Dialog): void {
    const call = this.#call;
    if (this.#running?.offers) return transaction.respond(transaction.reply(491));
    // One of its offers is on its way already (RFC 3261 §14.2).
    if (call.state() !== "talking" || call.negotiating()) return this.#notNow(transaction);
    const timer = answerTimer(request, call.settings);
    if (timer.tooBrief) return this.#tooBrief(transaction);
    transaction.respond(transaction.reply(100));
    this.#offered(request, transaction, dialog, (response) => {
      for (const header of timer.headers) response.add(...header);
      call.accept(transaction, response);
      this.#timer.run(timer.interval);
    });
  }

  /**
   * An UPDATE of the peer. `open` says whose offer the call's beginning has not answered yet (RFC 3311 §5.2).
   */
  updated(request: SipRequest, transaction: ServerTransaction, dialog: Dialog, open: "ours" | "theirs" | "none"): void {
    const call = this.#call;
    const sdp = sdpOf(request);
    if (sdp !== undefined && (this.#running?.offers || open === "ours"))
      return transaction.respond(transaction.reply(491));
    if (sdp !== undefined && (open === "theirs" || call.negotiating())) return this.#notNow(transaction);
    const timer = answerTimer(request, call.settings);
    if (timer.tooBrief) return this.#tooBrief(transaction);
    const give = (response: SipResponse) => {
      for (const header of timer.headers) response.add(...header);
      transaction.respond(response);
      if (call.state() === "talking") this.#timer.run(timer.interval);
    };
    if (sdp !== undefined) return this.#offered(request, transaction, dialog, give);
    this.hear(request);
    dialog.remoteTarget = request.contact?.uri ?? dialog.remoteTarget;
    give(this.#ok(transaction));
  }

  /** An offer that came in a PRACK (RFC 3262 §5): answered in its 200. */
  pracked(request: SipRequest, transaction: ServerTransaction, dialog: Dialog): void {
    this.#offered(request, transaction, dialog, (response) => transaction.respond(response));
  }

  #offered(
    request: SipRequest,
    transaction: ServerTransaction,
    dialog: Dialog,
    give: (response: SipResponse) => void,
  ): void {
    const call = this.#call;
    this.hear(request);
    const once = call.awaiting(transaction);
    const reject = (status: number) =>
      once(() => {
        transaction.respond(transaction.reply(status));
        this.next();
      });
    transaction.cancelled = () => reject(487);
    const taken = call.events.emit("reoffer", {
      sdp: sdpOf(request),
      reject,
      answer: (sdp) =>
        once(() => {
          dialog.remoteTarget = request.contact?.uri ?? dialog.remoteTarget;
          this.#local = sdp;
          give(this.#ok(transaction).setBody(sdpType, sdp));
          this.next();
        }),
    });
    if (!taken) reject(488);
  }

  #ok(transaction: ServerTransaction): SipResponse {
    const response = transaction.reply(200).add("Contact", this.#call.contact());
    return response.add("Allow", allow).add("Supported", supported);
  }

  // §14.2 and RFC 3311 §5.2: somewhere between 0 and 10 seconds.
  #notNow(transaction: ServerTransaction): void {
    const seconds = Math.floor(this.#call.random() * 11);
    transaction.respond(transaction.reply(500, undefined, "Call In Setup").add("Retry-After", String(seconds)));
  }

  #tooBrief(transaction: ServerTransaction): void {
    transaction.respond(tooBrief(transaction));
  }

  #refresh(): void {
    const { interval } = this.#timer;
    if (this.#wishes.some(({ offer }) => !offer)) return;
    const done = ({ status, sdp }: Reanswer) => {
      if (sdp !== undefined) this.#call.events.emit("acknowledged", sdp);
      if (status >= 300 && this.#timer.interval === interval) this.#timer.tryAgain();
    };
    this.#wishes.push({ offer: undefined, done, tries: 0 });
    this.next();
  }

  /** RFC 4028 §7.4: a refreshing re-INVITE offers what is settled already. */
  #sameAgain(): string | undefined {
    let same = this.#local;
    this.#call.events.emit("refresh", (sdp) => (same = sdp));
    return same;
  }

  #send(wish: Wish, dialog: Dialog, method: "INVITE" | "UPDATE", sdp?: string): void {
    const call = this.#call;
    const request = dialog.request(method).add("Contact", call.contact());
    request.add("Allow", allow).add("Supported", supported);
    askForTimer(request, call.settings, this.#timer.interval);
    if (sdp !== undefined) request.setBody(sdpType, sdp);
    const running: Running = { offers: sdp !== undefined, guard: () => {} };
    this.#running = running;
    let again: (() => void) | undefined;
    const over = (): boolean => {
      running.guard();
      if (this.#running !== running) return false;
      this.#running = undefined;
      return true;
    };
    const handlers = {
      response: (response: SipResponse) => {
        if (response.status < 200) {
          if (method === "INVITE") this.#guard(running);
          return;
        }
        if (again) {
          again();
          return;
        }
        const { sending } = running;
        if (method === "INVITE" && response.status < 300 && sending)
          again = sendAck(call.host, dialog, response, sending);
        if (over()) this.#answered(wish, dialog, request, response);
      },
      failed: ({ code }: { code: string }) => {
        if (!over()) return;
        if (code === "no-answer") call.lost(408);
        this.#settle(wish, { status: 408 });
      },
    };
    const sending = call.send(dialog, request, handlers, (changed, response) => {
      if (!lengthen(changed, response)) return false;
      request.set("Session-Expires", changed.get("session-expires") ?? "");
      return true;
    });
    running.sending = sending;
    if (sdp !== undefined) this.#local = sdp;
  }

  #answered(wish: Wish, dialog: Dialog, request: SipRequest, response: SipResponse): void {
    const call = this.#call;
    const { status } = response;
    if (call.state() === "ended") return;
    if (status < 300) {
      this.hear(response);
      dialog.remoteTarget = response.contact?.uri ?? dialog.remoteTarget;
      this.#timer.run(agreedBy(response, request));
      const sdp = sdpOf(response);
      return this.#settle(wish, { status, ...(sdp !== undefined && { sdp }) });
    }
    if (request.method === "UPDATE" && [405, 501].includes(status)) {
      this.#updates = false;
      return this.next();
    }
    const wait = this.#waitAfter(response);
    if (wait !== undefined && ++wish.tries < mostTries) {
      this.#pause = call.host.clock.after(wait, () => {
        this.#pause = undefined;
        this.next();
      });
      return;
    }
    if (status === 481 || status === 408) call.lost(status);
    this.#settle(wish, { status });
  }

  /** Milliseconds until a refused try is made again, where it is. */
  #waitAfter(response: SipResponse): number | undefined {
    const random = this.#call.random();
    // Glare (RFC 3261 §14.1): whose Call-ID it is waits longer, in steps of 10 ms.
    if (response.status === 491)
      return this.#call.calling ? 2_100 + 10 * Math.floor(random * 191) : 10 * Math.floor(random * 201);
    const seconds = response.number("retry-after");
    return response.status === 500 && seconds !== undefined && seconds <= longestWait ? seconds * 1000 : undefined;
  }

  #settle(wish: Wish, answer: Reanswer): void {
    const at = this.#wishes.indexOf(wish);
    if (at < 0) return;
    this.#wishes.splice(at, 1);
    wish.done(answer);
    // Who waits for the answer takes it before the next offer is made.
    queueMicrotask(() => this.next());
  }

  // A re-INVITE that was begun to be answered and then forgotten is taken back; without any answer the call is lost.
  #guard(running: Running): void {
    const { host } = this.#call;
    running.guard();
    running.guard = host.clock.after(GIVE_UP, () => {
      const transaction = running.sending?.transaction;
      if (transaction) cancel(host.transactions, transaction);
      running.guard = host.clock.after(GIVE_UP, () => {
        running.sending?.stop();
        if (this.#running === running) this.#running = undefined;
        this.#call.lost(408);
      });
    });
  }
}

/** The refusal of a session that would be too short (RFC 4028 §9). */
export const tooBrief = (transaction: ServerTransaction, tag?: string): SipResponse =>
  transaction.reply(422, tag).add("Min-SE", "90");
