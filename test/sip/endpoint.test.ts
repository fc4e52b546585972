import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Endpoint } from "../../src/sip/endpoint.ts";
import { tryAgain } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import { house, last } from "./house.ts";
import { sdp } from "./party.ts";

const extension = (login: string) => ({ extension: login, login, password: new Secret("x"), maxContacts: 1 });

describe("requests from outside", () => {
  it("are 405 for what is not offered, with Allow", async () => {
    const { party } = await house();
    const peer = party({});
    for (const [seq, method] of ["SUBSCRIBE", "NOTIFY", "PUBLISH", "PRACK"].entries())
      peer.send(peer.request(method, { callId: method, seq: seq + 1 }));
    for (let n = 0; n < 4; n++) assert.match((await peer.takeResponse(405)).get("allow") ?? "", /INVITE,ACK/);
  });

  it("say what is offered, to anybody who asks with OPTIONS", async () => {
    const { party } = await house();
    const peer = party({});
    peer.send(peer.request("OPTIONS"));
    const ok = await peer.takeResponse(200);
    assert.deepEqual([ok.get("accept"), ok.toTag.length > 0], ["application/sdp", true]);
  });

  it("are 420 where they require what we do not know (§8.2.2.3), 416 for foreign schemes, 415 for foreign bodies", async () => {
    const { party } = await house();
    const peer = party({ user: "8000" });
    peer.send(peer.request("INVITE", { headers: { Require: "foo, bar" }, callId: "a" }));
    assert.equal((await peer.takeResponse(420)).get("unsupported"), "foo, bar");
    peer.send(peer.request("OPTIONS", { uri: "tel:123", callId: "b" }));
    await peer.takeResponse(416);
    await peer.authenticated("INVITE", "pw8000", { callId: "c", body: ["text/plain", "hello"] });
    assert.equal((await peer.takeResponse(415)).get("accept"), "application/sdp");
  });

  it("are 403 where they transfer no call: we place none for who asks, though he has a password", async () => {
    const { party, endpoint } = await house();
    const bell = party({ user: "8000" });
    bell.send(bell.request("REFER", { to: "777", headers: { "Refer-To": "<sip:6001@10.0.0.1>" } }));
    await bell.takeResponse(403);
    assert.deepEqual([bell.heard.length, endpoint.calls], [1, 0]);
  });

  it("are 481 inside of calls that do not exist", async () => {
    const { party, endpoint, clock } = await house();
    const peer = party({});
    for (const [seq, method] of ["BYE", "INFO", "INVITE"].entries()) {
      peer.send(peer.request(method, { toTag: "gone", callId: method, seq: seq + 1 }));
      await peer.takeResponse(481);
    }
    peer.send(peer.request("ACK", { toTag: "gone" }));
    await clock.advance(64_000);
    assert.deepEqual([endpoint.transactions.size, endpoint.calls, clock.pending], [0, 0, 0]);
  });

  it("that make a listener of ours fail are lost, a call with 500, and the endpoint goes on", async () => {
    const { party, endpoint } = await house();
    const faults: unknown[] = [];
    endpoint.on("fault", (error) => faults.push(error));
    endpoint.removeAllListeners("call").once("call", () => {
      throw new Error("a fault of ours");
    });
    const bell = party({ user: "8000" });
    await bell.authenticated("INVITE", "pw8000", { to: "777" });
    await bell.takeResponse(500);
    assert.equal(endpoint.calls, 0);
    endpoint.once("malformed", () => {
      throw new Error("another one");
    });
    bell.sendText("hello?\r\n\r\n");
    bell.send(bell.request("OPTIONS", { callId: "still there" }));
    await bell.takeResponse(200);
    assert.deepEqual(faults.map(String), ["Error: a fault of ours", "Error: another one"]);
  });

  it("are 480 where nobody listens for calls", async () => {
    const { party, endpoint } = await house();
    endpoint.removeAllListeners("call");
    const bell = party({ user: "8000" });
    await bell.authenticated("INVITE", "pw8000", { to: "777" });
    await bell.takeResponse(480);
    assert.equal(endpoint.calls, 0);
  });

  it("are 400 with a reason where they are broken, and nothing at all for a broken ACK (§16.3)", async () => {
    const { party, endpoint } = await house();
    const faults: string[] = [];
    endpoint.on("malformed", (fault, from) => faults.push(`${from}: ${fault}`));
    const peer = party({});
    peer.send(peer.request("OPTIONS", { headers: { CSeq: "1 BYE" } }));
    assert.match((await peer.takeResponse(400)).reason, /CSeq names another method/);
    peer.send(peer.request("ACK", { headers: { CSeq: "x" } }));
    peer.sendText("hello?\r\n\r\n");
    peer.sendText("SIP/2.0 200 OK\r\nVia: x\r\n\r\n");
    await peer.settle();
    assert.equal(peer.heard.length, 1);
    assert.equal(faults.length, 4);
    assert.equal(faults[2], `${peer.host}:5060: the first line is not SIP`);
  });
});

describe("where answers go, RFC 3261 §18.2 and RFC 3581", () => {
  it("is the port that Via names, where rport is absent; received tells the real host", async () => {
    const { party } = await house();
    const [sender, named] = [party({ host: "10.0.0.50", port: 40_000 }), party({ host: "10.0.0.50", port: 5070 })];
    sender.send(sender.request("OPTIONS", { via: "SIP/2.0/UDP phone.local:5070;branch=z9hG4bKa" }));
    const ok = await named.takeResponse(200);
    assert.equal(ok.get("via"), "SIP/2.0/UDP phone.local:5070;branch=z9hG4bKa;received=10.0.0.50");
    assert.equal(sender.heard.length, 0);
  });

  it("is where the request came from, where rport asks for it (§4)", async () => {
    const { party } = await house();
    const sender = party({ host: "10.0.0.50", port: 40_000 });
    sender.send(sender.request("OPTIONS", { via: "SIP/2.0/UDP 192.168.1.9;branch=z9hG4bKa;rport" }));
    const ok = await sender.takeResponse(200);
    assert.equal(ok.get("via"), "SIP/2.0/UDP 192.168.1.9;branch=z9hG4bKa;rport=40000;received=10.0.0.50");
  });

  it("is port 5060 where Via names none", async () => {
    const { party } = await house();
    const [sender, usual] = [party({ host: "10.0.0.50", port: 40_000 }), party({ host: "10.0.0.50" })];
    sender.send(sender.request("OPTIONS", { via: "SIP/2.0/UDP 10.0.0.50;branch=z9hG4bKa" }));
    assert.equal((await usual.takeResponse(200)).get("via"), "SIP/2.0/UDP 10.0.0.50;branch=z9hG4bKa");
  });

  it("H1 is the port that Via names though rport asks otherwise, or the sender's though it does not, as an extension says", async () => {
    const { party, endpoint } = await house();
    for (const [extension, rport] of [
      ["7001", false],
      ["7002", true],
    ] as const)
      endpoint.addExtension({ extension, login: extension, maxContacts: 1, password: new Secret("x"), rport });
    const at = { host: "10.0.0.50" };
    const [deaf, deafs] = [party({ ...at, port: 40_000, user: "7001" }), party({ ...at, port: 5070 })];
    deaf.send(deaf.request("REGISTER", { via: "SIP/2.0/UDP 10.0.0.50:5070;branch=z9hG4bKa;rport" }));
    await deafs.takeResponse(401);
    const [natted, silent] = [party({ ...at, port: 40_001, user: "7002" }), party({ ...at, port: 5071 })];
    natted.send(natted.request("REGISTER", { via: "SIP/2.0/UDP 192.168.1.9:5071;branch=z9hG4bKb" }));
    await natted.takeResponse(401);
    assert.deepEqual([deaf.heard.length, silent.heard.length], [0, 0]);
  });

  it("is the connection that the request came by, for TCP", async () => {
    const { party, network } = await house();
    const sender = party({ transport: "TCP" });
    sender.send(sender.request("OPTIONS"));
    await sender.takeResponse(200);
    assert.equal(network.sent[1]?.to, network.sent[0]?.from);
  });
});

describe("an endpoint", () => {
  it("looks for another free port where the one that UDP got is taken for TCP", async () => {
    const { network, clock } = await house();
    const taken: number[] = [];
    let next = 6000;
    const endpoint = new Endpoint({
      listeners: [
        { transport: "udp", address: "10.0.0.3", port: 0 },
        { transport: "tcp", address: "10.0.0.3", port: 0 },
      ],
      clock,
      listen: (options, inbound) => {
        if (options.transport === "udp") return network.listen({ ...options, port: next++ }, inbound);
        if (options.port < 6002) {
          taken.push(options.port);
          return Promise.reject(tryAgain("port-busy", "taken"));
        }
        return network.listen(options, inbound);
      },
    });
    await endpoint.start();
    assert.deepEqual(taken, [6000, 6001]);
    assert.deepEqual(
      endpoint.addresses.map(({ transport, port }) => [transport, port]),
      [
        ["udp", 6002],
        ["tcp", 6002],
      ],
    );
    assert.equal(network.place("UDP", { host: "10.0.0.3", port: 6000 }), undefined);
  });

  it("does not look for another port where one was named", async () => {
    let tries = 0;
    const listen = () => {
      tries++;
      return Promise.reject(tryAgain("port-busy", "taken"));
    };
    const endpoint = new Endpoint({ listeners: [{ transport: "udp", address: "10.0.0.3", port: 5060 }], listen });
    await assert.rejects(endpoint.start(), { code: "port-busy" });
    assert.equal(tries, 1);
  });

  it("refuses a login that is taken, and gives it free again", async () => {
    const { endpoint } = await house();
    const remove = endpoint.addExtension(extension("100"));
    assert.throws(() => endpoint.addExtension(extension("100")), { code: "login-taken" });
    remove();
    remove();
    endpoint.addExtension(extension("100"));
  });

  it("keeps the contacts of an extension that a redeployed flow takes away and brings back", async () => {
    for (const back of [true, false]) {
      const { endpoint, party, clock } = await house();
      const remove = endpoint.addExtension(extension("100"));
      await party({ user: "100" }).register("x");
      remove();
      if (back) endpoint.addExtension(extension("100"));
      await clock.advance(29_000);
      assert.equal(endpoint.location.contacts("100").length, 1);
      await clock.advance(1_000);
      assert.equal(endpoint.location.contacts("100").length, back ? 1 : 0);
    }
  });

  it("does not keep those who have shown a password that it has no more: a lost phone rings no longer", async () => {
    const { endpoint, party } = await house();
    const remove = endpoint.addExtension(extension("100"));
    const phone = party({ user: "100" });
    await phone.register("x");
    const gone: string[] = [];
    endpoint.location.on("unregistered", ({ extension: number }, why) => gone.push(`${number} ${why}`));
    remove();
    endpoint.addExtension({ ...extension("100"), password: new Secret("another") });
    assert.deepEqual([endpoint.location.contacts("100"), gone], [[], ["100 removed"]]);
    await phone.register("another", { seq: 50 });
    assert.equal(endpoint.location.contacts("100").length, 1);
  });

  it("takes calls without a password from the server that it trusts, and registrations from nobody", async () => {
    const { network, clock, party } = await house();
    const device = new Endpoint({
      listeners: [{ transport: "udp", address: "10.0.0.3", port: 5060 }],
      ...{ clock, listen: network.listen },
      trusts: (_invite, { remote }) =>
        remote.host === "10.0.0.9" ? { kind: "account", number: "100", account: "pbx" } : undefined,
    });
    await device.start();
    const callers: string[] = [];
    device.on("call", (call) => callers.push(call.caller.kind));
    const pbx = party({ host: "10.0.0.9", peer: "10.0.0.3" });
    const other = party({ peer: "10.0.0.3" });
    pbx.send(pbx.request("INVITE"));
    pbx.send(pbx.request("REGISTER", { callId: "r" }));
    other.send(other.request("INVITE", { callId: "i" }));
    await pbx.takeResponse(401);
    await other.takeResponse(401);
    assert.deepEqual(callers, ["account"]);
  });

  it("leaves no call, transaction or timer when it is closed, in whatever state", async () => {
    const { endpoint, party, calls, clock } = await house();
    const phone = party({ user: "6001" });
    await phone.register("pw6001");
    const bell = party({ user: "8000" });
    for (const n of ["ringing", "talking", "unacknowledged"])
      await bell.authenticated("INVITE", "pw8000", { to: "777", callId: n });
    const [ringing, talking, unacknowledged] = calls;
    ringing?.ring();
    talking?.answer(sdp(1));
    unacknowledged?.answer(sdp(1));
    const contact = last(endpoint.location.contacts("6001"));
    const out = await endpoint.callContact(contact, { from: { number: "1", name: "" }, sdp: sdp(1) });
    await bell.settle();
    await endpoint.close();
    assert.deepEqual(
      [...calls, out].map((call) => call.end?.text),
      Array.from({ length: 4 }, () => "the endpoint was closed"),
    );
    assert.deepEqual([endpoint.calls, endpoint.transactions.size], [0, 0]);
    await clock.advance(0);
    assert.equal(clock.pending, 0);
  });

  it("takes nothing any more once it is closed", async () => {
    const { endpoint, party, clock, network } = await house();
    const peer = party({ transport: "TCP" });
    peer.send(peer.request("OPTIONS"));
    await peer.takeResponse(200);
    const place = network.place("TCP", { host: "10.0.0.1", port: 5060 });
    await endpoint.close();
    place?.inbound.message(peer.request("OPTIONS", { callId: "late" }), peer.flow);
    assert.equal(endpoint.transactions.size, 0);
    await clock.advance(10);
    assert.equal(clock.pending, 0);
  });

  it("closes twice without harm, and before it was started", async () => {
    const { endpoint } = await house();
    await endpoint.close();
    await endpoint.close();
    await new Endpoint({ listeners: [] }).close();
  });
});
