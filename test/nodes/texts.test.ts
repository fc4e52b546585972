// RFC 3428 in a flow: texts of a phone come out of sip-registrar, and its command sends one. The phone is an endpoint of ours
// on a socket of its own, since simulated phones say nothing.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import type { EndpointNode } from "../../nodes/sip-endpoint/node.ts";
import { registrarCommand } from "../../nodes/sip-registrar/sip-registrar.ts";
import { Secret } from "../../src/secret.ts";
import { Registration } from "../../src/sip/account/registration.ts";
import { Endpoint } from "../../src/sip/endpoint.ts";
import { SipRequest } from "../../src/sip/message/message.ts";
import { Sending } from "../../src/sip/request/send.ts";
import { endpoint, Flow, sink } from "./flow.ts";

const nodes = [
  endpoint,
  {
    ...{ id: "registrar", type: "sip-registrar", endpoint: "ep", extensions: [{ number: "6001" }] },
    wires: [["answers"], [], [], ["news"]],
  },
  sink("answers"),
  sink("news"),
];

describe("texts of phones (RFC 3428)", () => {
  let flow: Flow;
  let phone: Endpoint;
  let registration: Registration;
  let server: string;
  const credentials = { username: "6001", password: new Secret("of the phone") };
  before(async () => {
    flow = await Flow.load(nodes, { registrar: { passwords: JSON.stringify({ "6001": "of the phone" }) } });
    await flow.node<EndpointNode>("ep").listening();
    const { body } = await flow.admin.get("/portero/endpoint/ep");
    server = `sip:127.0.0.1:${(body as { port: number }).port}`;
    phone = new Endpoint({
      listeners: [{ transport: "udp", address: "127.0.0.1", port: 0 }],
      trusts: () => ({ kind: "account", number: "8000", account: "house" }),
    });
    await phone.start();
    registration = new Registration(phone, { server, user: "6001", credentials });
    const there = flow.message("answers", ({ event }) => event === "registered");
    registration.start();
    await there;
  });
  after(async () => {
    await registration.stop();
    await phone.close();
    await flow.close();
  });

  it("come out of the fourth output", async () => {
    const text = new SipRequest("MESSAGE", server.replace("sip:", "sip:8000@"));
    text.add("Max-Forwards", "70").add("From", "<sip:6001@127.0.0.1>;tag=f").add("To", "<sip:8000@127.0.0.1>");
    text.add("Call-ID", "a text").add("CSeq", "1 MESSAGE").setBody("text/plain", "I am coming");
    const told = flow.message("news", ({ event }) => event === "message");
    const status = await new Promise((resolve) => {
      const handlers = { response: (answer: { status: number }) => resolve(answer.status), failed: resolve };
      new Sending(phone, text, server, handlers, { credentials, nextSeq: () => 2 });
    });
    const { topic, payload } = await told;
    assert.deepEqual(
      [status, topic, payload],
      [200, "6001/message", { from: "6001", to: "8000", contentType: "text/plain", text: "I am coming" }],
    );
  });

  it("are sent by the command, and the answer says how many devices took them", async () => {
    const came = once(phone, "message");
    const done = flow.message("answers", ({ event }) => event === "message");
    flow.node("registrar").receive({ payload: { action: "message", extension: "6001", text: "Parcel", from: "8000" } });
    const [message] = (await came) as [{ text: string; reply(status: number): void }];
    message.reply(200);
    assert.equal(message.text, "Parcel");
    assert.deepEqual((await done).payload, { extension: "6001", devices: 1 });
  });

  it("say what is missing in a command", () => {
    assert.throws(() => registrarCommand({ payload: { action: "message", extension: "6001" } }), /what, and to whom\?/);
  });
});
