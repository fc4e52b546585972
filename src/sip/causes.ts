// SIP statuses and Q.850 hang-up causes: RFC 3398 §7.2.4.1 and §8.2.6.1, with the table that the dial plans of our
// users were written for where it differs (480 = 19 no answer, 408 = 18 no user responding).
import { splitList } from "./message/headers.ts";
import type { SipMessage } from "./message/message.ts";
import { quote } from "../quoted.ts";
import { parseParams } from "./message/uri.ts";

export const cause = {
  normal: 16,
  unallocated: 1,
  noRoute: 3,
  busy: 17,
  noResponse: 18,
  noAnswer: 19,
  absent: 20,
  rejected: 21,
  elsewhere: 26,
  unspecified: 31,
  timerExpired: 102,
  interworking: 127,
} as const;

const byStatus: Readonly<Record<number, number>> = {
  ...{ 200: cause.normal, 401: cause.rejected, 402: cause.rejected, 403: cause.rejected, 404: cause.unallocated },
  ...{ 405: cause.interworking, 407: cause.rejected, 408: cause.noResponse, 410: cause.unallocated, 415: 88 },
  ...{ 480: cause.noAnswer, 481: cause.interworking, 482: 25, 483: 25, 484: 28, 485: cause.unallocated },
  ...{ 486: cause.busy, 487: cause.interworking, 488: 58, 500: 38, 501: 79, 502: 38, 503: 34, 504: 102 },
  ...{ 600: cause.busy, 603: cause.rejected, 604: cause.unallocated, 606: 58 },
};

export function causeOf(status: number): number {
  return byStatus[status] ?? (status < 500 ? cause.interworking : 38);
}

export interface Reason {
  readonly protocol: string;
  readonly cause?: number;
  readonly text?: string;
}

/** The Reason headers of a message (RFC 3326). */
export function reasonsOf(message: SipMessage): Reason[] {
  return message
    .all("reason")
    .flatMap(splitList)
    .map((value) => {
      const semicolon = value.indexOf(";");
      const params = parseParams(semicolon < 0 ? "" : value.slice(semicolon));
      const number = params.get("cause");
      const text = params.get("text");
      return {
        protocol: (semicolon < 0 ? value : value.slice(0, semicolon)).trim().toUpperCase(),
        ...(number !== undefined && /^\d{1,3}$/.test(number) ? { cause: Number(number) } : {}),
        ...(text === undefined ? {} : { text }),
      };
    });
}

/** A cause as a Reason header says it, and to people (RFC 3326 §2). */
export const q850 = (code: number, text?: string): string =>
  `Q.850;cause=${code}${text === undefined ? "" : `;text=${quote(text)}`}`;

/** What a losing phone is told, so that it shows no missed call (X4; RFC 3326 §2). */
export const completedElsewhere = 'SIP;cause=200;text="Call completed elsewhere"';

/** Each in a header of its own: who reads only the first finds what phones know, and Asterisk, which heeds Q.850 alone, finds that. */
export function addReason(message: SipMessage, reason: string): void {
  message.add("Reason", reason);
  if (reason === completedElsewhere) message.add("Reason", q850(cause.elsewhere));
}
