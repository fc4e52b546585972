// Digits through rtpengine: those that it hears, and those that it sends for us. It writes them over what comes from the
// other side, so that the other side has to be talking; and tells of them as if that had pressed them.
import type { Clock } from "../../clock.ts";
import type { MediaDigit } from "../digits.ts";
import type { LoggedDigit } from "./digit-log.ts";
import type { Member } from "./member.ts";

/** What it makes longer, if it is shorter. */
const leastMs = 100;
const startMs = 100;
/** So long after a digit of ours it may be told as one of theirs. */
const echoMs = 2000;

export interface DigitsHost {
  readonly clock: Clock;
  /** Asks what has come from the peer of a leg: packets of sound. */
  audioFrom(member: Member): Promise<number>;
  /** Joins it with its peer anew. */
  join(member: Member, peer: Member): Promise<void>;
}

export class Digits {
  readonly #host: DigitsHost;
  readonly #echoes: { readonly tag: string; readonly digit: string; readonly until: number }[] = [];
  /** What had come when a leg was made ready for digits. */
  readonly #began = new WeakMap<Member, number>();
  readonly #sending = new WeakMap<Member, Promise<unknown>>();

  constructor(host: DigitsHost) {
    this.#host = host;
  }

  /** Sends one after those that are being sent; false where it has not gone out. Rejects as `Server.request`. */
  send(to: Member, digit: MediaDigit): Promise<boolean> {
    const act = () => this.#send(to, digit);
    const sent = (this.#sending.get(to) ?? Promise.resolve()).then(act, act);
    this.#sending.set(to, sent);
    return sent;
  }

  /** Whether what was heard is a digit of ours. */
  isEcho({ tag, digit }: LoggedDigit): boolean {
    const now = this.#host.clock.now();
    while (this.#echoes[0] && this.#echoes[0].until < now) this.#echoes.shift();
    const at = this.#echoes.findIndex((echo) => echo.tag === tag && echo.digit === digit);
    return at >= 0 && this.#echoes.splice(at, 1).length > 0;
  }

  async #send(to: Member, { digit, way, durationMs, gapMs }: MediaDigit): Promise<boolean> {
    const { clock } = this.#host;
    const { peer } = to;
    // Anything else it would have to take apart and put together again for each packet; it may lack the codec.
    if (way !== "rfc4733" || !peer?.session.mixable || !to.session.mixable) return false;
    if (!to.injects) {
      to.injects = true;
      await this.#host.join(to, peer);
      this.#began.set(to, await this.#host.audioFrom(peer));
    }
    // It places a digit by the packets that it has taken apart so far.
    const flows = async () => (await this.#host.audioFrom(peer)) - (this.#began.get(to) ?? 0) >= 2;
    for (let waited = 0; !(await flows()); waited += startMs) {
      if (waited >= 3 * startMs) return false;
      await clock.sleep(startMs);
    }
    const [duration, pause] = [Math.max(leastMs, durationMs), Math.max(leastMs, gapMs)];
    const before = await this.#host.audioFrom(peer);
    const echo = { tag: peer.tag, digit, until: clock.now() + duration + echoMs };
    this.#echoes.push(echo);
    if (!(await to.call.playDigit(to, peer, digit, duration, pause))) {
      this.#echoes.splice(this.#echoes.indexOf(echo), 1);
      return false;
    }
    await clock.sleep(duration + pause);
    // It says "ok" at any rate.
    return (await this.#host.audioFrom(peer)) > before;
  }
}
