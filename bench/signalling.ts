// A program: the SIP layer by itself, and nothing of what else a call costs here. All devices of who is called ring, the first to
// answer gets the caller, and what each side says of its media is passed on as it is: no sessions, no ports, no visits.
import { readFileSync } from "node:fs";
import { Secret } from "../src/secret.ts";
import { completedElsewhere } from "../src/sip/causes.ts";
import type { IncomingCall } from "../src/sip/dialog/incoming.ts";
import type { OutgoingCall } from "../src/sip/dialog/outgoing.ts";
import { Endpoint, type EndpointOptions, type Extension } from "../src/sip/endpoint.ts";

interface Config {
  readonly sip: Pick<EndpointOptions, "listeners">;
  readonly extensions: readonly (Omit<Extension, "login" | "password"> & { readonly password: string })[];
}

const config = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Config;
const endpoint = new Endpoint(config.sip);
for (const { password, ...extension } of config.extensions)
  endpoint.addExtension({ ...extension, login: extension.extension, password: new Secret(password) });
endpoint.on("call", (call) => void connect(call));
await endpoint.start();
const [{ address, port } = { address: "", port: 0 }] = endpoint.addresses;
console.log(`READY ${JSON.stringify({ sip: { host: address, port } })}`);
process.once("SIGTERM", () => process.exit(0));

async function connect(call: IncomingCall): Promise<void> {
  const from = { number: call.caller.number, name: call.remote?.name ?? "" };
  const ringing = new Set<OutgoingCall>();
  const giveUp = (reason?: string) => {
    for (const leg of ringing) leg.hangUp(reason);
  };
  call.on("ended", () => giveUp());
  for (const contact of endpoint.location.contacts(call.dialled)) {
    const calling = endpoint.callContact(contact, { from, sdp: call.sdp ?? "" });
    const leg = calling instanceof Promise ? await calling : calling;
    ringing.add(leg);
    leg.on("answered", ({ sdp = "" }) => {
      ringing.delete(leg);
      call.on("ended", () => leg.hangUp());
      leg.on("ended", () => call.hangUp());
      call.answer(sdp);
      giveUp(completedElsewhere);
    });
    leg.on("ended", () => {
      if (ringing.delete(leg) && ringing.size === 0) call.reject(480);
    });
  }
  if (ringing.size > 0) call.ring();
  else call.reject(480);
}
