// Taking an INVITE back: RFC 3261 §9.1.
import { addReason } from "../causes.ts";
import { SipRequest } from "../message/message.ts";
import type { ClientTransaction } from "../transaction/client.ts";
import type { TransactionLayer } from "../transaction/layer.ts";

/** Sends the CANCEL for an INVITE that has had a provisional response. `reason` goes into a Reason header. */
export function cancel(transactions: TransactionLayer, { request, flow }: ClientTransaction, reason?: string): void {
  if (!request) return;
  const cancel = new SipRequest("CANCEL", request.uri);
  for (const { name, key, value } of request.headers)
    if (["max-forwards", "from", "to", "call-id", "route"].includes(key)) cancel.add(name, value);
  cancel.add("CSeq", `${request.cseq?.number ?? 1} CANCEL`);
  if (reason) addReason(cancel, reason);
  const branch = request.via?.params.get("branch") ?? "";
  transactions.send(cancel, flow, { response: () => {}, failed: () => {} }, branch);
}
