// A request outside any dialog: RFC 3261 §8.1.1.
import { SipRequest } from "../message/message.ts";
import { newCallId, newTag } from "../message/reply.ts";
import { writeHost } from "../../ip.ts";
import { escapeUser } from "../message/uri.ts";
import type { Flow } from "../transport/flow.ts";

export interface Outside {
  readonly uri: string;
  /** The proxies that the device registered through (RFC 3327 §5.2). */
  readonly path: readonly string[];
}

/** From `user` of this house to a device, by a flow; `user` absent: from the house itself. */
export function requestOutside(method: string, to: Outside, flow: Flow, userAgent: string, user?: string): SipRequest {
  const request = new SipRequest(method, to.uri);
  for (const route of to.path) request.add("Route", route);
  const from = `${user === undefined ? "" : `${escapeUser(user)}@`}${writeHost(flow.sentBy.host)}`;
  request.add("Max-Forwards", "70").add("From", `<sip:${from}>;tag=${newTag()}`).add("To", `<${to.uri}>`);
  return request.add("Call-ID", newCallId()).add("CSeq", `1 ${method}`).add("User-Agent", userAgent);
}
