// What a peer says in a call: INFO (RFC 6086) with digits or with the wish for a whole picture (RFC 5168), and texts
// (RFC 3428).
import type { SipRequest } from "../message/message.ts";
import { readText } from "../message/text.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import type { Inside } from "./inside.ts";

export const mediaControl = "application/media_control+xml";

/** RFC 5168 §5. */
export const pictureFastUpdate =
  '<?xml version="1.0" encoding="utf-8"?>\r\n' +
  "<media_control><vc_primitive><to_encoder><picture_fast_update/></to_encoder></vc_primitive></media_control>\r\n";

export function infoReceived(call: Inside, request: SipRequest, transaction: ServerTransaction): void {
  // An INFO without a body is a keep-alive (RFC 2976 as it is used).
  if (request.body.length === 0) return transaction.respond(transaction.reply(200));
  const reply = replying(call, transaction);
  const { contentType } = request;
  const body = request.body.toString("utf8");
  const wish = contentType === mediaControl && /<\s*picture_fast_update\b/i.test(body);
  if (wish) reply(call.events.emit("pictureWanted") ? 200 : 415);
  else if (!call.events.emit("info", { contentType, body, reply })) reply(415);
}

export function messageReceived(call: Inside, request: SipRequest, transaction: ServerTransaction): void {
  const reply = replying(call, transaction);
  const text = readText(request);
  if (!text) reply(415);
  else if (!call.events.emit("message", { ...text, reply })) reply(405);
}

function replying(call: Inside, transaction: ServerTransaction): (status: number) => void {
  const once = call.awaiting(transaction);
  return (status) => once(() => transaction.respond(transaction.reply(status)));
}
