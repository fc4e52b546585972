import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sdp } from "../party.ts";
import { callingServer, challenge, nothingLeft } from "./phone.ts";

describe("a call to a server that asks for a password, RFC 3261 §22", () => {
  it("comes again with the answer, a new branch and a higher CSeq, once", async () => {
    const made = await callingServer();
    const { phone: server, invite, ends } = made;
    server.respond(invite, 401, { headers: [challenge] });
    const again = await server.takeRequest("INVITE");
    assert.equal(again.get("cseq"), "2 INVITE");
    assert.notEqual(again.via?.params.get("branch"), invite.via?.params.get("branch"));
    assert.deepEqual([again.callId, again.fromTag], [invite.callId, invite.fromTag]);
    assert.match(
      again.get("authorization") ?? "",
      /^Digest username="me", realm="pbx", nonce="n1", uri="sip:1000@10.0.0.200"/,
    );
    server.respond(again, 401, { headers: [challenge] });
    await server.settle();
    assert.equal(server.count("INVITE"), 2);
    assert.deepEqual([ends[0]?.status, ends[0]?.cause], [401, 21]);
    await nothingLeft(made);
  });

  it("answers a proxy and the server behind it, each once", async () => {
    const { phone: server, invite } = await callingServer();
    server.respond(invite, 407, { headers: [["Proxy-Authenticate", 'Digest realm="proxy", nonce="p1"']] });
    const second = await server.takeRequest("INVITE");
    assert.ok(second.get("proxy-authorization"));
    server.respond(second, 401, { headers: [challenge] });
    const third = await server.takeRequest("INVITE");
    assert.ok(third.get("proxy-authorization") && third.get("authorization"));
  });

  it("acknowledges the 2xx with the same credentials (§13.2.2.4) and goes on counting from there", async () => {
    const { phone: server, invite, call } = await callingServer();
    server.respond(invite, 401, { headers: [challenge] });
    const again = await server.takeRequest("INVITE");
    await server.takeRequest("ACK");
    server.respond(again, 200, { sdp: sdp(4000) });
    const ack = await server.takeRequest("ACK");
    assert.deepEqual([ack.get("cseq"), ack.get("authorization")], ["2 ACK", again.get("authorization")]);
    call.hangUp();
    assert.equal((await server.takeRequest("BYE")).get("cseq"), "3 BYE");
  });

  it("never sends a password in the clear: Basic is not for SIP (§22)", async () => {
    const { phone: server, invite, ends } = await callingServer();
    server.respond(invite, 401, { headers: [["WWW-Authenticate", 'Basic realm="pbx"']] });
    await server.settle();
    assert.deepEqual([server.count("INVITE"), ends[0]?.status], [1, 401]);
  });

  it("does not try again when it was given up meanwhile", async () => {
    const made = await callingServer();
    const { phone: server, invite, call } = made;
    server.respond(invite, 100);
    await server.settle();
    call.hangUp();
    server.respond(invite, 401, { headers: [challenge] });
    server.respond(await server.takeRequest("CANCEL"), 200);
    await server.settle();
    assert.equal(server.count("INVITE"), 1);
    await nothingLeft(made);
  });

  it("waits with CANCEL for a provisional response to the second INVITE", async () => {
    const { phone: server, invite, call, clock } = await callingServer();
    server.respond(invite, 100);
    server.respond(invite, 401, { headers: [challenge] });
    const again = await server.takeRequest("INVITE");
    call.hangUp();
    await clock.advance(200);
    assert.equal(server.count("CANCEL"), 0);
    server.respond(again, 180);
    assert.equal((await server.takeRequest("CANCEL")).get("via"), again.get("via"));
  });
});
