// What the parts of a call (its offers, its referrals) need of the call.
import type { EventEmitter } from "node:events";
import type { SipRequest, SipResponse } from "../message/message.ts";
import type { Sender, Sending } from "../request/send.ts";
import type { ClientHandlers } from "../transaction/client.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import type { Dialog } from "./dialog.ts";
import type { CallEvents, CallState } from "./events.ts";
import type { CallSettings } from "./settings.ts";

export interface Inside {
  readonly host: Sender;
  readonly settings: CallSettings;
  /** Whether we called: then the Call-ID is ours. */
  readonly calling: boolean;
  /** From 0 to less than 1. */
  random(): number;
  contact(): string;
  state(): CallState;
  /** The dialog of a call that talks. */
  dialog(): Dialog | undefined;
  /** Whether an INVITE or UPDATE of the peer is not through yet: unanswered, or its 2xx without an ACK. */
  negotiating(): boolean;
  send(
    dialog: Dialog,
    request: SipRequest,
    handlers: ClientHandlers,
    change?: (request: SipRequest, response: SipResponse) => boolean,
  ): Sending;
  /** Gives the one answer to a request; what comes after it, or after the end of the call, is left out. */
  awaiting(transaction: ServerTransaction): (act: () => void) => void;
  /** Gives a 2xx to an INVITE and waits for its ACK. */
  accept(transaction: ServerTransaction, response: SipResponse): void;
  /** Tells upward; false where nobody listens. */
  readonly events: Pick<EventEmitter<CallEvents>, "emit">;
  /** 481, 408 and silence mean that the peer knows no such call any more (RFC 3261 §12.2.1.2). */
  lost(status: number): void;
  /** The session timer has run out. */
  expired(): void;
}

/** Sends a request that wants no more than an answer, and gives its status (`statusOf`); 408 where none came. */
export function ask(call: Inside, dialog: Dialog, request: SipRequest): Promise<number> {
  return new Promise((resolve) =>
    call.send(dialog, request, {
      response: (response) => {
        const status = statusOf(response);
        if (status < 200) return;
        if (status === 481 || status === 408) call.lost(status);
        resolve(status);
      },
      failed: ({ code }) => {
        if (code === "no-answer") call.lost(408);
        resolve(408);
      },
    }),
  );
}

// PJSIP answers a request that its program does not handle with 500 and these words, where RFC 3261 §21.5.2 has 501. A
// device made with it says so, and has done nothing.
const statusOf = ({ status, reason }: SipResponse): number =>
  status === 500 && /^unhandled by dialog usages/i.test(reason) ? 501 : status;
