// The errors of the house. The first question each answers is "try again, or give up?"; its message is a sentence that
// names what is wrong and what to do, fit for a node's status.

/** What a caller may do about an error: `again` = the same may work later, `giveUp` = something must be changed first. */
export type Advice = "again" | "giveUp";

export interface ErrorDetails {
  readonly cause?: unknown;
  /** Facts for machines: a SIP or HTTP status, a field's name, seconds to wait. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export class PorteroError extends Error {
  readonly advice: Advice;
  /** A short stable word for programs, such as `port-busy`. */
  readonly code: string;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(advice: Advice, code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "PorteroError";
    this.advice = advice;
    this.code = code;
    this.data = details.data ?? {};
  }
}

/** Something outside did not answer or refused for now: a network, a camera, a broker. */
export const tryAgain = (code: string, message: string, details?: ErrorDetails): PorteroError =>
  new PorteroError("again", code, message, details);

/** A setting, a message or a state is wrong and stays wrong until somebody changes it. */
export const giveUp = (code: string, message: string, details?: ErrorDetails): PorteroError =>
  new PorteroError("giveUp", code, message, details);

/** The sentence of anything thrown. */
export const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));
