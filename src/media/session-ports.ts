// The ports of one leg: had before they are used, opened in the worker with what is settled, and given back by a kind that is
// not settled.
import type { Kind } from "./codec.ts";
import type { Gateway } from "./gateway.ts";
import type { Agreed } from "./negotiate.ts";
import { kinds } from "./offer-answer.ts";
import { remoteOf } from "./remote.ts";
import type { ToWorker } from "./worker/messages.ts";

export class SessionPorts {
  readonly #session: number;
  readonly #more: (kind: Kind) => number | undefined;
  readonly #post: (message: ToWorker) => void;
  readonly #had = new Map<Kind, number>();
  /** Kinds whose ports the worker has opened for this session. */
  readonly #opened = new Set<Kind>();

  /** `more` gives a pair for a further m-line, where one is left. */
  constructor(session: number, more: (kind: Kind) => number | undefined, post: (message: ToWorker) => void) {
    this.#session = session;
    this.#more = more;
    this.#post = post;
  }

  /** Keeps a port for an m-line that may come. */
  keep(kind: Kind, port: number): void {
    this.#had.set(kind, port);
  }

  /** The port of a kind, got when it is first asked for. */
  get(kind: Kind): number | undefined {
    const port = this.#had.get(kind) ?? this.#more(kind);
    if (port !== undefined) this.#had.set(kind, port);
    return port;
  }

  isOpen(kind: Kind): boolean {
    return this.#opened.has(kind);
  }

  /** Those that the worker knows nothing of. */
  get unused(): number[] {
    return [...this.#had].flatMap(([kind, port]) => (this.#opened.has(kind) ? [] : [port]));
  }

  /** Tells the worker what is settled. */
  apply(settled: (kind: Kind) => Agreed | undefined, gateway: Gateway | undefined, host: string | undefined): void {
    const session = this.#session;
    for (const kind of kinds) {
      const agreed = settled(kind);
      // All that goes to a browser goes by the port of its sound.
      const bundled = kind !== "audio" && agreed?.webrtc !== undefined;
      const own = this.#had.get(kind);
      if (own === undefined ? !agreed && this.#opened.has(kind) : !agreed || bundled) {
        this.#had.delete(kind);
        this.#opened.delete(kind);
        this.#post({ type: "release", session, kind, port: own ?? 0 });
      }
      const port = bundled ? this.#had.get("audio") : own;
      if (!agreed || port === undefined) continue;
      this.#opened.add(kind);
      this.#post({ type: "remote", session, kind, port, remote: remoteOf(agreed, gateway, host) });
    }
  }
}
