// Texts outside a call: taken from who may call, and sent to a device or an address. RFC 3428.
import { giveUp } from "../errors.ts";
import type { Caller } from "./dialog/caller.ts";
import type { Message } from "./dialog/events.ts";
import type { SipRequest } from "./message/message.ts";
import { newTag } from "./message/reply.ts";
import { readText, type Text } from "./message/text.ts";
import { parseUri, unescaped } from "./message/uri.ts";
import { requestOutside, type Outside } from "./request/outside.ts";
import { Sending, type Sender } from "./request/send.ts";
import type { ServerTransaction } from "./transaction/server.ts";
import type { Flow } from "./transport/flow.ts";

export interface PagerMessage extends Message {
  readonly from: Caller;
  /** The number it was sent to. */
  readonly to: string;
}

/** Bytes that may go where nothing is said back about congestion (§8). */
const mostOverUdp = 1300;

/** Hands a text to `tell`, which says whether anybody is there to hear it. */
export function receiveText(
  request: SipRequest,
  transaction: ServerTransaction,
  from: Caller,
  tell: (message: PagerMessage) => boolean,
): void {
  const text = readText(request);
  let open = true;
  const reply = (status: number) => {
    if (open) transaction.respond(transaction.reply(status, newTag()));
    open = false;
  };
  const to = unescaped(parseUri(request.uri)?.user ?? "");
  if (!text) reply(415);
  else if (!tell({ ...text, from, to, reply })) reply(405);
}

/**
 * Sends a text and gives the status of its answer; 408 where none came.
 * @throws PorteroError `too-long` where the way is UDP and the text needs a better one
 */
export function sendText(host: Sender, to: Outside, flow: Flow, from: string, said: Text): Promise<number> {
  const request = requestOutside("MESSAGE", to, flow, host.userAgent, from).setBody(said.contentType, said.text);
  if (!flow.reliable && request.toBuffer().length > mostOverUdp)
    throw giveUp(
      "too-long",
      `the text to ${to.uri} is too long for UDP: shorten it to 800 letters, or let the device use TCP`,
    );
  let seq = 1;
  return new Promise((resolve) => {
    new Sending(
      host,
      request,
      flow,
      {
        response: ({ status }) => {
          if (status >= 200) resolve(status);
        },
        failed: () => resolve(408),
      },
      { nextSeq: () => ++seq },
    );
  });
}
