// A strategy at work: what it rings, for who wants to stop it or to add to it.
import type { Forking, ForkResult } from "./fork.ts";
import type { TargetSettings } from "./target.ts";

export interface Running {
  abort(reason: string): void;
  fork: Pick<Forking, "offer" | "parties"> | undefined;
  targets: readonly TargetSettings[];
  wake: () => void;
  /** The visitor speaks to nobody but us. */
  message: boolean;
}

export interface AnswerOptions {
  /** Aborting it stops this strategy only; the visit goes on. */
  readonly signal?: AbortSignal;
  /** After each try. */
  readonly onTry?: (attempt: number, result: ForkResult) => void;
}

export interface Begun {
  readonly running: Running;
  /** Aborted when it is to stop, with why. */
  readonly signal: AbortSignal;
  /** It is over. */
  readonly done: () => void;
}

/** One begins; `from` stops it, too. */
export function beginRunning(from: AbortSignal | undefined): Begun {
  const controller = new AbortController();
  const stop = () => controller.abort("stopped");
  from?.addEventListener("abort", stop, { once: true });
  if (from?.aborted) stop();
  return {
    running: {
      abort: (reason) => controller.abort(reason),
      ...{ fork: undefined, targets: [], wake: () => {}, message: false },
    },
    signal: controller.signal,
    done: () => from?.removeEventListener("abort", stop),
  };
}
