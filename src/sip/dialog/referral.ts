// Transfer: REFER and the NOTIFYs that tell how it goes. RFC 3515, without a subscription where that is not wanted
// (RFC 4488).
import type { SipRequest } from "../message/message.ts";
import { phraseOf } from "../message/reply.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import type { Dialog } from "./dialog.ts";
import { ask, type Inside } from "./inside.ts";
import { parseReferTo, writeReferTo, type ReferTo } from "./replaces.ts";

const fragment = "message/sipfrag;version=2.0";
/** Seconds that whom we call on behalf of a REFER may take. */
const longest = 180;

export class Referrals {
  readonly #call: Inside;
  /** The first REFER of a dialog needs no number in its NOTIFYs, which some phones do not understand (§2.4.6). */
  #first = true;
  /** REFERs of ours that are not through. */
  #sent = 0;

  constructor(call: Inside) {
    this.#call = call;
  }

  /** A REFER of the peer. */
  received(request: SipRequest, transaction: ServerTransaction, dialog: Dialog): void {
    const to = request.list("refer-to").length === 1 ? parseReferTo(request.get("refer-to") ?? "") : undefined;
    if (!to) return transaction.respond(transaction.reply(400, undefined, "Refer-To is missing or wrong"));
    if (this.#call.state() !== "talking") return transaction.respond(transaction.reply(403));
    const silent = /^\s*false\b/i.test(request.get("refer-sub") ?? "");
    const event = this.#first ? "refer" : `refer;id=${request.cseq?.number ?? 0}`;
    this.#first = false;
    const once = this.#call.awaiting(transaction);
    const reject = (status: number) => once(() => transaction.respond(transaction.reply(status)));
    const taken = this.#call.events.emit("refer", {
      to,
      by: request.get("referred-by"),
      reject,
      accept: () => {
        once(() => {
          const response = transaction.reply(202).add("Contact", this.#call.contact());
          transaction.respond(silent ? response.add("Refer-Sub", "false") : response);
        });
        return silent ? () => {} : this.#reporting(dialog, event);
      },
    });
    if (!taken) reject(403);
  }

  /** The NOTIFYs of one REFER: one after the other, the last one with the end. */
  #reporting(dialog: Dialog, event: string): (status: number, phrase?: string) => void {
    const waiting: [number, string][] = [];
    let busy = false;
    let over = false;
    const next = () => {
      const [report] = waiting.splice(0, 1);
      if (!report || busy) return;
      busy = true;
      const [status, phrase] = report;
      const state = status < 200 ? `active;expires=${longest}` : "terminated;reason=noresource";
      const notify = dialog.request("NOTIFY").add("Contact", this.#call.contact()).add("Event", event);
      notify.add("Subscription-State", state).setBody(fragment, `SIP/2.0 ${status} ${phrase}\r\n`);
      const done = () => {
        busy = false;
        next();
      };
      // Who does not want to hear of it says so; that is no reason to end the call (RFC 5057 §5.1).
      const gone = () => void waiting.splice(0);
      this.#call.send(dialog, notify, {
        response: ({ status }) => {
          if (status < 200) return;
          if (status >= 300) gone();
          done();
        },
        failed: () => gone(),
      });
    };
    const report = (status: number, phrase = phraseOf(status)) => {
      if (over) return;
      over = status >= 200;
      waiting.push([status, phrase.replace(/[\r\n]+/g, " ")]);
      if (!busy) next();
    };
    report(100);
    return report;
  }

  /** Asks the peer to call somebody else; gives the status of its answer. */
  async refer(dialog: Dialog, to: ReferTo): Promise<number> {
    const request = dialog.request("REFER").add("Contact", this.#call.contact());
    request.add("Refer-To", writeReferTo(to)).add("Referred-By", `<${dialog.localUri}>`);
    this.#sent++;
    const status = await ask(this.#call, dialog, request);
    if (status >= 300) this.#sent--;
    return status;
  }

  /** A NOTIFY of the peer: how a REFER of ours goes. */
  notified(request: SipRequest, transaction: ServerTransaction): void {
    const event = (request.get("event") ?? "").split(";")[0]?.trim().toLowerCase();
    if (event !== "refer") return transaction.respond(transaction.reply(489).add("Allow-Events", "refer"));
    if (this.#sent === 0) return transaction.respond(transaction.reply(481));
    transaction.respond(transaction.reply(200));
    const over = /^\s*terminated\b/i.test(request.get("subscription-state") ?? "");
    if (over) this.#sent--;
    const [, status, text = ""] = /^SIP\/2\.0 (\d{3})(?: ([^\r\n]*))?/.exec(request.body.toString("utf8")) ?? [];
    this.#call.events.emit("progress", { status: Number(status ?? 100), text, over });
  }
}
