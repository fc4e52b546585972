// The ACK for a 2xx of the peer, sent again for each repetition of the 2xx. RFC 3261 §13.2.2.4.
import type { SipResponse } from "../message/message.ts";
import { newBranch } from "../message/reply.ts";
import type { Sender, Sending } from "../request/send.ts";
import { addVia } from "../transaction/layer.ts";
import type { Flow } from "../transport/flow.ts";
import type { Dialog } from "./dialog.ts";

/** Acknowledges what `sending` has brought; the result does it again. */
export function sendAck(host: Sender, dialog: Dialog, response: SipResponse, sending: Sending): () => void {
  const ack = dialog.request("ACK", response.cseq?.number ?? 1);
  // With the credentials of the INVITE, since an ACK cannot be challenged (§22.1).
  for (const { name, key, value } of sending.transaction?.request?.headers ?? [])
    if (key === "authorization" || key === "proxy-authorization") ack.add(name, value);
  let again = () => {};
  const send = (flow: Flow) => {
    addVia(ack, flow, newBranch());
    const data = ack.toBuffer();
    again = () => flow.send(data);
    again();
  };
  const { way } = dialog;
  if (typeof way !== "string") send(way);
  else
    host.flowsTo(way).then(
      ([flow]) => flow && send(flow),
      // Without an ACK the callee ends the call by itself; the BYE of our side will meet the same trouble and say so.
      () => {},
    );
  return () => again();
}
