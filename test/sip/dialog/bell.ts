// A bell's call to an endpoint, as far as the tests of calls need it: ringing, or talking.
import assert from "node:assert/strict";
import type { CallEnd } from "../../../src/sip/dialog/call.ts";
import type { IncomingCall } from "../../../src/sip/dialog/incoming.ts";
import type { EndpointOptions } from "../../../src/sip/endpoint.ts";
import type { SipRequest } from "../../../src/sip/message/message.ts";
import { house, last, type House } from "../house.ts";
import { sdp, type Party, type Wish } from "../party.ts";

export interface Ringing extends House {
  bell: Party;
  invite: SipRequest;
  call: IncomingCall;
  ends: CallEnd[];
}

/** A bell's call that has come in and is not answered yet. */
export async function ringing(wish: Wish = {}, options: Partial<EndpointOptions> = {}): Promise<Ringing> {
  const made = await house(options);
  const bell = made.party({ user: "8000" });
  const invite = await bell.authenticated("INVITE", "pw8000", {
    to: "777",
    body: ["application/sdp", sdp(4000)],
    ...wish,
  });
  const call = last(made.calls);
  const ends: CallEnd[] = [];
  call.on("ended", (end) => ends.push(end));
  return { ...made, bell, invite, call, ends };
}

/** The same, answered and acknowledged; `our` is our tag. */
export async function talking(
  wish: Wish = {},
  options: Partial<EndpointOptions> = {},
): Promise<Ringing & { our: string }> {
  const made = await ringing(wish, options);
  made.call.answer(sdp(5000, "us"));
  const ok = await made.bell.takeResponse(200);
  made.bell.ack(made.invite, ok);
  await made.bell.settle();
  return { ...made, our: ok.toTag };
}

/** Nothing may be left of a call once the last timer has run. */
export async function nothingLeft({ clock, endpoint }: House): Promise<void> {
  assert.equal(endpoint.calls, 0);
  await clock.advance(64_000);
  assert.equal(endpoint.transactions.size, 0);
  assert.equal(clock.pending, 0);
}
