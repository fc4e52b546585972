// A call from an endpoint to a phone or a server, as far as the tests of calls need it: the INVITE has arrived.
import assert from "node:assert/strict";
import type { CallEnd } from "../../../src/sip/dialog/call.ts";
import type { OutgoingCall } from "../../../src/sip/dialog/outgoing.ts";
import type { EndpointOptions } from "../../../src/sip/endpoint.ts";
import type { SipRequest } from "../../../src/sip/message/message.ts";
import { Secret } from "../../../src/secret.ts";
import { house, last, type House } from "../house.ts";
import { sdp, type Party } from "../party.ts";

export interface Calling extends House {
  phone: Party;
  call: OutgoingCall;
  ends: CallEnd[];
  answers: (string | undefined)[];
  invite: SipRequest;
}

export const challenge: [string, string] = ["WWW-Authenticate", 'Digest realm="pbx", nonce="n1", qop="auth"'];

/** A call that has reached a registered phone. */
export async function calling(
  transport: "UDP" | "TCP" = "UDP",
  options: Partial<EndpointOptions> = {},
): Promise<Calling> {
  const made = await house(options);
  const phone = made.party({ user: "6001", transport });
  await phone.register("pw6001", { expires: 7200 });
  const call = await made.endpoint.callContact(last(made.endpoint.location.contacts("6001")), {
    from: { number: "8000", name: 'Front "door"' },
    sdp: sdp(5000),
  });
  return watch(made, phone, call);
}

/** A call to another server, with credentials there. */
export async function callingServer(): Promise<Calling> {
  const made = await house();
  const server = made.party({ host: "10.0.0.200", user: "1000" });
  const call = await made.endpoint.callUri("sip:1000@10.0.0.200", {
    from: { number: "8000", name: "" },
    sdp: sdp(5000),
    credentials: { username: "me", password: new Secret("pw") },
  });
  return watch(made, server, call);
}

export async function watch(made: House, phone: Party, call: OutgoingCall): Promise<Calling> {
  const ends: CallEnd[] = [];
  const answers: (string | undefined)[] = [];
  call.on("ended", (end) => ends.push(end));
  call.on("answered", (answer) => answers.push(answer.sdp));
  return { ...made, phone, call, ends, answers, invite: await phone.takeRequest("INVITE") };
}

export async function nothingLeft({ clock, endpoint }: House): Promise<void> {
  assert.equal(endpoint.calls, 0);
  endpoint.location.remove("6001");
  await clock.advance(64_000);
  assert.equal(endpoint.transactions.size, 0);
  assert.equal(clock.pending, 0);
}
