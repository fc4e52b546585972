// Keeps a flow open through routers and notices when its peer is gone: RFC 5626 §3.5, §4.4. A stream is sent an empty line
// twice, a datagram socket a STUN request, a WebSocket its own ping (RFC 7118 §6).
import type { Cancel, Clock } from "../../clock.ts";
import { showAddress } from "../../ip.ts";
import type { Flow } from "./flow.ts";

export interface KeepAliveOptions {
  /** The longest time between two keep-alives; they come after 80 to 100 % of it (RFC 5626 §4.4). */
  readonly everyMs: number;
  /** The peer does not answer any more, or sees us elsewhere since our router forgot us: the flow leads nowhere. Called once. */
  readonly onDead: () => void;
  readonly random?: () => number;
}

/** How long an answer may take (RFC 5626 §4.4.1). */
const answerMs = 10_000;
/** The first repetition of a question by datagram; each further one waits twice as long (RFC 5389 §7.2.1). */
const repeatMs = 500;

/** Pings `flow` until the result is called or the flow is dead, which ends its connection. */
export function keepAlive(
  flow: Flow,
  clock: Clock,
  { everyMs, onDead, random = Math.random }: KeepAliveOptions,
): Cancel {
  let ended = false;
  // A peer that never answered may not know keep-alives: only silence after an answer tells something. Every WebSocket
  // answers (RFC 6455 §5.5.2).
  let answers = flow.transport === "WS" || flow.transport === "WSS";
  let seen: string | undefined;
  let next: Cancel = () => {};
  let repeat: Cancel = () => {};
  const stop = () => {
    ended = true;
    next();
    repeat();
  };
  const dead = () => {
    if (ended) return;
    stop();
    flow.drop();
    onDead();
  };
  const wait = () => {
    next = clock.after(everyMs * (0.8 + random() * 0.2), ask);
  };
  const ask = () => {
    if (flow.closed) {
      dead();
      return;
    }
    let answered = false;
    const send = (again: number) => {
      flow.ping((seenAt) => {
        if (answered || ended) return;
        answered = true;
        answers = true;
        repeat();
        const now = seenAt && showAddress(seenAt);
        // RFC 5626 §4.4.2: another address means that whoever is called by the old one is not reached any more.
        const moved = now !== undefined && seen !== undefined && now !== seen;
        seen = now ?? seen;
        next();
        if (moved) dead();
        else wait();
      });
      if (!flow.reliable && answers) repeat = clock.after(again, () => send(again * 2));
    };
    next = clock.after(answerMs, () => {
      repeat();
      if (answers) dead();
      else wait();
    });
    send(repeatMs);
  };
  wait();
  return stop;
}
