// The body that a call negotiates with.
import { SipMessage } from "../message/message.ts";

export const sdpType = "application/sdp";

export const sdpOf = (message: SipMessage): string | undefined =>
  message.contentType === sdpType && message.body.length > 0 ? message.body.toString("utf8") : undefined;
