// The methods and the extensions (option tags, RFC 3261 §19.2) that this side knows: one list for all who say or check them.
import type { SipMessage } from "./message/message.ts";

/**
 * For Allow: what may be asked of us, in a call or outside. Without spaces, since a stranger who asks with OPTIONS gets no
 * answer that is longer than its question.
 */
export const allow = "INVITE,ACK,CANCEL,BYE,OPTIONS,INFO,PRACK,UPDATE,REFER,NOTIFY,MESSAGE";

/** What may be asked outside a call. */
export const outside: readonly string[] = ["INVITE", "REGISTER", "OPTIONS", "MESSAGE", "REFER"];

const tags = ["100rel", "timer", "replaces", "norefersub"];

/** For Supported. */
export const supported = tags.join(", ");

/** What a request demands that is not known here, `more` aside: it is refused with 420 (§8.2.2.3). */
export const unknownDemands = (request: SipMessage, more: readonly string[] = []): string[] =>
  request.list("require").filter((tag) => ![...tags, ...more].includes(tag.toLowerCase()));

/** Whether a header such as Require, Supported or Allow names `token`. */
export const names = (message: SipMessage, header: "require" | "supported" | "allow", token: string): boolean =>
  message.list(header).some((one) => one.toLowerCase() === token.toLowerCase());
