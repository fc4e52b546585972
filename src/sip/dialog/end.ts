// How a call ended, by what the peer sent to end it: a refusal, BYE or CANCEL, and the reasons in them (RFC 3326).
import { cause, causeOf, reasonsOf } from "../causes.ts";
import { parseNameAddr, type NameAddr } from "../message/headers.ts";
import type { SipMessage, SipRequest, SipResponse } from "../message/message.ts";
import type { CallEnd } from "./events.ts";

/** The end that a refusing response makes. */
export function endByRefusal(response: SipResponse): CallEnd {
  const { status } = response;
  const end = { by: "remote", status, cause: causeOfRefusal(status, toldBy(response)), text: response.reason } as const;
  return status < 400 ? { ...end, redirect: contactsOf(response) } : end;
}

/**
 * A Q.850 reason says more than the status, but where it says that nothing is wrong. With 603 nobody has declined then: so ends a
 * dial plan of Asterisk whose patience is over.
 */
function causeOfRefusal(status: number, told: number | undefined): number {
  if (told === undefined) return causeOf(status);
  if (told !== 0 && told !== cause.normal) return told;
  return status === 603 ? cause.noAnswer : causeOf(status);
}

export const endByBye = (bye: SipRequest): CallEnd => ({
  ...{ by: "remote", cause: toldBy(bye) ?? cause.normal, text: "hung up" },
  ...elsewhere(bye),
});

export const endByCancel = (cancel: SipRequest): CallEnd => ({
  ...{ by: "remote", status: 487, cause: cause.normal, text: "the caller gave up" },
  ...elsewhere(cancel),
});

const toldBy = (message: SipMessage): number | undefined =>
  reasonsOf(message).find(({ protocol }) => protocol === "Q.850")?.cause;

// Somebody else has taken the call: an end that was not missed (X4).
const elsewhere = (message: SipMessage): Pick<CallEnd, "text" | "elsewhere"> | undefined =>
  reasonsOf(message).some(({ protocol, cause: code }) => protocol === "SIP" && code === 200)
    ? { text: "answered elsewhere", elsewhere: true }
    : undefined;

/** Where a 3xx sends us, the likeliest first (RFC 3261 §20.10). */
function contactsOf(response: SipResponse): string[] {
  const contacts = response.list("contact").flatMap((value) => parseNameAddr(value) ?? []);
  const weight = ({ params }: NameAddr) => Number(params.get("q") ?? 1);
  return contacts.sort((a, b) => weight(b) - weight(a)).map(({ uri }) => uri);
}
