// Responses to requests, and the random marks of SIP: RFC 3261 §8.2.6, §19.3, §8.1.1.7.
import { randomUUID } from "node:crypto";
import { oneLine, SipResponse, type SipRequest } from "./message.ts";

const phrases: Readonly<Record<number, string>> = {
  ...{ 100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 183: "Session Progress" },
  ...{ 200: "OK", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found" },
  ...{ 405: "Method Not Allowed", 406: "Not Acceptable" },
  ...{ 407: "Proxy Authentication Required", 408: "Request Timeout", 415: "Unsupported Media Type" },
  ...{ 416: "Unsupported URI Scheme", 420: "Bad Extension" },
  ...{ 422: "Session Interval Too Small", 423: "Interval Too Brief", 439: "First Hop Lacks Outbound Support" },
  ...{ 480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected" },
  ...{ 483: "Too Many Hops", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here" },
  ...{
    489: "Bad Event",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
  },
  ...{ 504: "Server Time-out" },
  ...{ 505: "Version Not Supported", 513: "Message Too Large", 600: "Busy Everywhere", 603: "Decline" },
};

export const phraseOf = (status: number): string => phrases[status] ?? "Unknown";

/** A response with what RFC 3261 §8.2.6.2 asks to be copied; `tag` marks To where it has none yet. */
export function replyTo(request: SipRequest, status: number, tag?: string, phrase = phraseOf(status)): SipResponse {
  const response = new SipResponse(status, oneLine(phrase));
  for (const header of request.headers) {
    if (header.key === "via" || header.key === "from" || header.key === "call-id" || header.key === "cseq")
      response.share(header);
    else if (header.key === "to")
      if (tag && status > 100 && !request.toTag) response.add(header.name, `${header.value};tag=${tag}`);
      else response.share(header);
    else if (header.key === "timestamp" && status === 100) response.share(header);
  }
  return response;
}

// randomUUID draws on a store of random bytes that Node keeps; randomBytes asks the system each time.

/** 60 random bits; RFC 3261 §19.3 wants 32. */
export const newTag = (): string => randomUUID().slice(0, 18);
export const newCallId = (): string => randomUUID();
/** Begins with the magic cookie of RFC 3261 §8.1.1.7. */
export const newBranch = (): string => `z9hG4bK${randomUUID()}`;
