import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Account } from "../../../src/sip/account/account.ts";
import type { AccountSettings } from "../../../src/sip/account/settings.ts";
import { Secret } from "../../../src/secret.ts";
import type { SipRequest } from "../../../src/sip/message/message.ts";
import { replyTo } from "../../../src/sip/message/reply.ts";
import { parseUri } from "../../../src/sip/message/uri.ts";
import { house, last, type House } from "../house.ts";
import { Names } from "../names.ts";
import { Connection } from "../network.ts";
import { sdp, type Party } from "../party.ts";

interface Accounting extends House {
  account: Account;
  /** "registered 10.0.0.200", "failed 10.0.0.200: 403 from …" */
  seen: string[];
  /** A machine of the provider. */
  machine: (host: string, user?: string) => Party;
}

const key = new Secret("a key");
const provider: AccountSettings = {
  ...{ name: "provider", label: "The provider", server: "10.0.0.200", user: "49301", login: "me" },
  ...{ password: new Secret("pw"), key, expires: 300 },
};
const backup = { server: "10.0.0.201", user: "777", password: new Secret("other") };
const challenge: [string, string] = ["WWW-Authenticate", 'Digest realm="pbx", nonce="n1", qop="auth"'];
const proxyChallenge: [string, string] = ["Proxy-Authenticate", 'Digest realm="pbx", nonce="n2", qop="auth"'];
const from = { number: "8000", name: "Front door" };

async function accounting(settings: Partial<AccountSettings> = {}, dns = new Names({})): Promise<Accounting> {
  const held: { account?: Account } = {};
  const made = await house({
    dns,
    trusts: (invite, flow) => held.account?.callerOf(invite, flow),
    credentialsIn: (invite, flow) => held.account?.credentialsIn(invite, flow),
  });
  const account = (held.account = new Account(made.endpoint, { ...provider, ...settings }, () => 1));
  const seen: string[] = [];
  for (const name of ["registered", "unregistered", "failed"] as const)
    account.on(name, ({ server, text }) => seen.push(`${name} ${server}${text === undefined ? "" : `: ${text}`}`));
  account.start();
  return { ...made, account, seen, machine: (host, user = "49301") => made.party({ host, user }) };
}

const contactOf = (request: SipRequest): string => request.get("contact") ?? "";

async function grant(server: Party, seconds = 300): Promise<SipRequest> {
  const request = await server.takeRequest("REGISTER");
  server.respond(request, 200, { headers: [["Contact", `${contactOf(request)};expires=${seconds}`]] });
  await server.settle();
  return request;
}

describe("A3, A4 an account", () => {
  it("registers its name with its login, at a Contact that nobody can guess", async () => {
    const { account, machine, seen } = await accounting();
    const server = machine("10.0.0.200");
    assert.equal(account.status.state, "registering");
    server.respond(await server.takeRequest("REGISTER"), 401, { headers: [challenge] });
    const request = await grant(server);
    assert.equal(request.to?.uri, "sip:49301@10.0.0.200");
    assert.match(request.get("authorization") ?? "", /username="me"/);
    assert.match(contactOf(request), /^<sip:[0-9a-f]{32}@10\.0\.0\.1:5060>/);
    assert.deepEqual(seen, ["registered 10.0.0.200"]);
    assert.deepEqual(account.status, {
      ...{ account: "provider", label: "The provider", state: "registered", server: "10.0.0.200", second: false },
    });
  });

  it("is the same device after a restart (RFC 5626 §4.1)", async () => {
    const contacts: string[] = [];
    for (let n = 0; n < 2; n++) {
      const { machine } = await accounting();
      contacts.push(contactOf(await grant(machine("10.0.0.200"))));
    }
    assert.equal(contacts[0], contacts[1]);
    assert.match(
      contacts[0] ?? "",
      /;\+sip\.instance="<urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}>";reg-id=1$/,
    );
  });

  it("does without RFC 5626 where a proxy on the way does not know it (§11.6)", async () => {
    const { machine, seen } = await accounting();
    const server = machine("10.0.0.200");
    const first = await server.takeRequest("REGISTER");
    assert.equal(first.get("supported"), "path, outbound");
    server.respond(first, 439);
    const second = await grant(server);
    assert.deepEqual([second.get("supported"), /reg-id/.test(contactOf(second))], [undefined, false]);
    assert.deepEqual(seen, ["registered 10.0.0.200"]);
  });

  it("says in a sentence why it is not registered, once", async () => {
    const { machine, seen, clock, account } = await accounting();
    const server = machine("10.0.0.200");
    for (let n = 0; n < 3; n++) {
      server.respond(await server.takeRequest("REGISTER"), 403);
      await clock.advance(30_000 * 2 ** n);
    }
    const why = "wrong login or password for 49301, or it has as many devices there as the server allows";
    assert.deepEqual(seen, [`failed 10.0.0.200: 403 from 10.0.0.200:5060: ${why}`]);
    assert.equal(account.status.state, "failed");
  });

  it("tells that it is gone when a refresh fails, and that it is back", async () => {
    const { machine, seen, clock } = await accounting();
    const server = machine("10.0.0.200");
    await grant(server, 100);
    await clock.advance(75_000);
    server.respond(await server.takeRequest("REGISTER"), 500);
    await clock.advance(30_000);
    await grant(server, 100);
    const trouble = "10.0.0.200: 500 Server Internal Error from 10.0.0.200:5060";
    assert.deepEqual(seen, [
      ...["registered 10.0.0.200", `unregistered ${trouble}`, `failed ${trouble}`, "registered 10.0.0.200"],
    ]);
  });

  it("leaves nothing behind when it is stopped", async () => {
    const { machine, account, clock, endpoint } = await accounting({ second: backup });
    const server = machine("10.0.0.200");
    await grant(server);
    const stopped = account.stop();
    const request = await server.takeRequest("REGISTER");
    assert.equal(request.get("expires"), "0");
    server.respond(request, 200);
    await clock.advance(5_100);
    await stopped;
    assert.deepEqual([clock.pending, endpoint.transactions.size], [0, 0]);
  });
});

describe("an account that is taken away and brought back, as by a deploy", () => {
  it("is not taken out again by its own late farewell", async () => {
    const { machine, clock, account } = await accounting();
    const server = machine("10.0.0.200");
    await grant(server);
    const gone = account.stop();
    await clock.advance(1_600);
    const asked = server.count("REGISTER");
    assert.ok(asked > 2, "it is said again while nobody has answered");
    account.abandon();
    await gone;
    await clock.advance(33_000);
    assert.deepEqual([server.count("REGISTER"), clock.pending], [asked, 0]);
  });
});

describe("an account behind a router, RFC 3581", () => {
  /** Answers a REGISTER as a server does that sees us at 203.0.113.9. */
  async function grantNatted(server: Party, port: number): Promise<SipRequest> {
    const request = await server.takeRequest("REGISTER");
    const response = replyTo(request, 200, "tt").add("Contact", `${contactOf(request)};expires=300`);
    const { via } = request;
    assert.ok(via);
    const params = new Map([...via.params, ["received", "203.0.113.9"], ["rport", String(port)]]);
    response.replaceVia({ ...via, params });
    server.send(response);
    await server.settle();
    return request;
  }

  /** Known by the address that the router gave it. */
  async function behindRouter() {
    const made = await accounting();
    const server = made.machine("10.0.0.200");
    await grantNatted(server, 40000);
    await grantNatted(server, 40000);
    return { ...made, server };
  }

  it("registers the address that the server sees, and takes the wrong one away", async () => {
    const { machine, seen, clock } = await accounting();
    const server = machine("10.0.0.200");
    const first = await grantNatted(server, 40000);
    assert.deepEqual(seen, []);
    const second = await grantNatted(server, 40000);
    const [contact, old] = second.list("contact");
    assert.match(contact ?? "", /@203\.0\.113\.9:40000>/);
    assert.equal(old, `${contactOf(first).split(";")[0] ?? ""};expires=0`);
    assert.deepEqual(seen, ["registered 10.0.0.200"]);
    await clock.advance(235_000);
    assert.equal((await grantNatted(server, 40000)).list("contact").length, 1);
  });

  it("follows where the router gives it another port", async () => {
    const { server, clock } = await behindRouter();
    await clock.advance(235_000);
    await grantNatted(server, 41000);
    assert.match((await grantNatted(server, 41000)).list("contact").join(), /:41000>.*:40000>;expires=0$/);
  });

  it("follows however often that is, where it stays for a while", async () => {
    const { machine, clock } = await accounting();
    const server = machine("10.0.0.200");
    for (let port = 40_000; port < 40_006; port++) {
      await grantNatted(server, port);
      assert.match(contactOf(await grantNatted(server, port)), new RegExp(`:${port}>`));
      await clock.advance(235_000);
    }
  });

  it("is registered all the same where the server sees us elsewhere each time: it is not asked without a pause", async () => {
    const { machine, seen } = await accounting();
    const server = machine("10.0.0.200");
    for (let n = 0; n < 4; n++) await grantNatted(server, 40_000 + n);
    assert.deepEqual([server.count("REGISTER"), seen], [4, ["registered 10.0.0.200"]]);
  });

  it("keeps the router's memory of us fresh, which nobody needs without one (RFC 5626 §4.4.2)", async () => {
    for (const natted of [true, false]) {
      const { machine, clock, account, network } = await accounting();
      const server = machine("10.0.0.200");
      if (natted) {
        await grantNatted(server, 40000);
        await grantNatted(server, 40000);
      } else await grant(server);
      const before = network.pings;
      await clock.advance(200_000);
      assert.equal(network.pings > before, natted);
      void account.stop();
      await clock.advance(33_000);
      assert.equal(clock.pending, 0);
    }
  });

  it("leaves the router and its own address alone while it does not work: only the next try is left", async () => {
    const { server, clock } = await behindRouter();
    await clock.advance(235_000);
    server.respond(await server.takeRequest("REGISTER"), 500);
    await clock.advance(29_000);
    assert.equal(clock.pending, 1);
  });

  it("calls from there", async () => {
    const { server, account } = await behindRouter();
    const called = account.call("100", { from, sdp: sdp(4000) });
    assert.match(contactOf(await server.takeRequest("INVITE")), /@203\.0\.113\.9:40000>$/);
    (await called).abandon();
  });
});

describe("an account whose machine is given another address (DHCP), N3", () => {
  it("is registered there within half a minute, and the old address is taken away", async () => {
    const { machine, clock, account, endpoint } = await accounting({ expires: 3600 });
    const server = machine("10.0.0.200");
    const flowsTo = endpoint.flowsTo.bind(endpoint);
    let host = "10.0.0.1";
    endpoint.flowsTo = async (uri) =>
      (await flowsTo(uri)).map((flow) => Object.defineProperty(flow, "sentBy", { get: () => ({ host, port: 5060 }) }));
    assert.match(contactOf(await grant(server, 100)), /@10\.0\.0\.1:5060>/);
    // The next one goes by a flow that the test moves.
    await clock.advance(75_000);
    await grant(server, 3600);
    const asked = server.count("REGISTER");
    await clock.advance(60_000);
    assert.equal(server.count("REGISTER"), asked);
    host = "10.0.0.77";
    await clock.advance(30_000);
    const [contact, old] = (await grant(server, 3600)).list("contact");
    assert.match(contact ?? "", /@10\.0\.0\.77:5060>/);
    assert.match(old ?? "", /@10\.0\.0\.1:5060>.*;expires=0$/);
    await clock.advance(60_000);
    assert.equal(server.count("REGISTER"), asked + 1);
    void account.stop();
    await clock.advance(33_000);
    assert.equal(clock.pending, 0);
  });
});

describe("an account on TCP", () => {
  it("is registered anew when its connection has gone, within two minutes (RFC 5626 §4.4.1)", async () => {
    const { party, clock, seen } = await accounting({ transport: "tcp", expires: 3600 });
    const server = party({ host: "10.0.0.200", transport: "TCP" });
    await grant(server, 3600);
    assert.ok(server.flow instanceof Connection);
    server.flow.cut();
    await clock.advance(121_000);
    await grant(server, 3600);
    assert.deepEqual([server.count("REGISTER"), seen], [2, ["registered 10.0.0.200"]]);
  });

  it("is called where it listens: the port that the server sees is the connection's own", async () => {
    const { party, seen } = await accounting({ transport: "tcp" });
    const server = party({ host: "10.0.0.200", transport: "TCP" });
    const request = await server.takeRequest("REGISTER");
    const response = replyTo(request, 200, "tt").add("Contact", `${contactOf(request)};expires=300`);
    const { via } = request;
    assert.ok(via);
    const params = new Map([...via.params, ["received", "10.0.0.1"], ["rport", "49152"]]);
    response.replaceVia({ ...via, params });
    server.send(response);
    await server.settle();
    assert.deepEqual([server.count("REGISTER"), seen], [1, ["registered 10.0.0.200"]]);
  });
});

describe("A6 outbound proxies", () => {
  const proxies = { server: "pbx.example", proxy: "10.0.0.210", backupProxy: "10.0.0.211:5070" };

  it("carry the registration: a Route to the proxy, the server's name in the request", async () => {
    const { machine } = await accounting(proxies);
    const request = await grant(machine("10.0.0.210"));
    assert.deepEqual([request.uri, request.get("route")], ["sip:pbx.example", "<sip:10.0.0.210;lr>"]);
    assert.equal(request.to?.uri, "sip:49301@pbx.example");
  });

  it("are followed by the backup where the main one is silent, and returned to when it answers again", async () => {
    const { party, machine, clock, seen, account } = await accounting(proxies);
    const second = party({ host: "10.0.0.211", port: 5070, user: "49301" });
    await clock.advance(4_100);
    const request = await grant(second);
    assert.equal(request.get("route"), "<sip:10.0.0.211:5070;lr>");
    assert.deepEqual(seen, ["registered pbx.example"]);
    assert.deepEqual([account.status.state, account.status.proxy], ["registered", "10.0.0.211:5070"]);
    // The main one is asked each minute; while it is silent nothing changes.
    await clock.advance(60_000 + 32_000);
    const main = machine("10.0.0.210");
    await clock.advance(60_000);
    const ask = await main.takeRequest("OPTIONS");
    assert.equal(ask.get("route"), "<sip:10.0.0.210;lr>");
    main.respond(ask, 404);
    const back = await grant(main);
    assert.equal(back.get("route"), "<sip:10.0.0.210;lr>");
    await clock.advance(61_000);
    assert.equal(main.count("OPTIONS"), 1);
    assert.deepEqual(seen, ["registered pbx.example", "registered pbx.example"]);
    assert.equal(account.status.proxy, "10.0.0.210");
  });

  it("are followed by the backup at 503, but not at a refusal", async () => {
    for (const [status, tried] of [
      [503, 1],
      [403, 0],
    ] as const) {
      const { party, machine, seen } = await accounting(proxies);
      const [main, second] = [machine("10.0.0.210"), party({ host: "10.0.0.211", port: 5070 })];
      main.respond(await main.takeRequest("REGISTER"), status);
      await main.settle();
      assert.equal(second.count("REGISTER"), tried);
      assert.equal(seen.length, tried === 1 ? 0 : 1);
    }
  });

  it("fails, with the back-off, where neither answers", async () => {
    const { clock, seen } = await accounting(proxies);
    await clock.advance(64_000);
    assert.match(last(seen), /^failed pbx.example: 10.0.0.211:5070 did not answer REGISTER within 32 s$/);
    await clock.advance(30_000 + 64_000);
    assert.equal(seen.length, 1);
  });

  it("are known by their names too, by RFC 3263", async () => {
    const zone = { "proxy.example": { a: ["10.0.0.212"] } };
    const { machine } = await accounting({ ...proxies, proxy: "proxy.example" }, new Names(zone));
    assert.equal((await grant(machine("10.0.0.212"))).get("route"), "<sip:proxy.example;lr>");
  });

  it("carry calls: the main one, and the backup where it is silent; then the registration is looked after", async () => {
    for (const status of [180, 486]) {
      const { party, machine, account, clock } = await accounting(proxies);
      const [main, second] = [machine("10.0.0.210"), party({ host: "10.0.0.211", port: 5070, user: "49301" })];
      await grant(main);
      const called = account.call("0301", { from, sdp: sdp(4000) });
      const invite = await main.takeRequest("INVITE");
      assert.deepEqual([invite.uri, invite.get("route")], ["sip:0301@pbx.example", "<sip:10.0.0.210;lr>"]);
      await clock.advance(4_100);
      const again = await second.takeRequest("INVITE");
      assert.deepEqual([again.uri, again.get("route")], ["sip:0301@pbx.example", "<sip:10.0.0.211:5070;lr>"]);
      second.respond(again, status);
      await second.settle();
      assert.equal(main.count("REGISTER"), 2);
      (await called).abandon();
    }
  });
});

describe("an account at a name of several machines", () => {
  it("stays with the one that took it, and begins with the first once that one has it no more", async () => {
    const zone = { "pbx.example": { a: ["10.0.0.210", "10.0.0.211"] } };
    const { machine, clock } = await accounting({ server: "pbx.example" }, new Names(zone));
    const second = machine("10.0.0.211");
    await clock.advance(4_100);
    await grant(second);
    const first = machine("10.0.0.210");
    await clock.advance(235_000);
    second.respond(await second.takeRequest("REGISTER"), 500);
    await clock.advance(29_000);
    assert.equal(first.count("REGISTER"), 0);
    await clock.advance(2_000);
    await grant(first);
    assert.equal(second.count("REGISTER"), 2);
  });
});

describe("A2 a second server", () => {
  it("takes over while the first does not have us, and gives back", async () => {
    const { machine, clock, seen, account } = await accounting({ second: backup });
    const [first, second] = [machine("10.0.0.200"), machine("10.0.0.201", "777")];
    await grant(first, 100);
    await clock.advance(75_000);
    assert.equal(second.count("REGISTER"), 0);
    first.respond(await first.takeRequest("REGISTER"), 500);
    const other = await grant(second);
    assert.deepEqual(
      [other.to?.uri, account.status.server, account.status.second],
      ["sip:777@10.0.0.201", "10.0.0.201", true],
    );
    const called = account.call("100", { from, sdp: sdp(4000) });
    assert.equal((await second.takeRequest("INVITE")).from?.uri, "sip:777@10.0.0.201");
    (await called).abandon();
    await clock.advance(30_000);
    await grant(first, 100);
    assert.equal((await second.takeRequest("REGISTER")).get("expires"), "0");
    assert.equal(account.status.second, false);
    assert.deepEqual(
      seen.map((line) => line.split(":")[0]),
      [
        "registered 10.0.0.200",
        "unregistered 10.0.0.200",
        "failed 10.0.0.200",
        "registered 10.0.0.201",
        "registered 10.0.0.200",
      ],
    );
  });

  it("is left at once when the account is stopped, though the first is silent about what it was asked last", async () => {
    const { machine, clock, account } = await accounting({ second: backup });
    const [first, second] = [machine("10.0.0.200"), machine("10.0.0.201", "777")];
    first.respond(await first.takeRequest("REGISTER"), 500);
    await grant(second);
    await clock.advance(30_000);
    first.respond(await first.takeRequest("REGISTER"), 401, { headers: [challenge] });
    await first.takeRequest("REGISTER");
    void account.stop();
    for (const server of [first, second]) assert.equal((await server.takeRequest("REGISTER")).get("expires"), "0");
  });

  it("is not needed where the first works from the beginning", async () => {
    const { machine, clock } = await accounting({ second: backup });
    const [first, second] = [machine("10.0.0.200"), machine("10.0.0.201")];
    await grant(first);
    await clock.advance(200_000);
    assert.equal(second.heard.length, 0);
  });
});

describe("calls by an account", () => {
  it("go out under its name, with its password, and with the visitor's number where that is wanted", async () => {
    for (const [identity, header, other] of [
      ["asserted", "p-asserted-identity", "p-preferred-identity"],
      ["preferred", "p-preferred-identity", "p-asserted-identity"],
    ] as const) {
      const { machine, account } = await accounting({ identity, displayName: "House" });
      const server = machine("10.0.0.200");
      await grant(server);
      const called = account.call("+49301", { from, sdp: sdp(4000) });
      server.respond(await server.takeRequest("INVITE"), 407, { headers: [proxyChallenge] });
      await server.takeRequest("ACK");
      const invite = await server.takeRequest("INVITE");
      assert.equal(invite.uri, "sip:+49301@10.0.0.200");
      assert.match(invite.get("from") ?? "", /^"House" <sip:49301@10\.0\.0\.200>;tag=/);
      assert.match(invite.get("proxy-authorization") ?? "", /username="me"/);
      assert.equal(invite.get(header), '"Front door" <sip:8000@10.0.0.200>');
      assert.equal(invite.get(other), undefined);
      assert.equal(invite.all("contact").length, 1);
      (await called).abandon();
    }
  });

  it("go to the machine that has us first, where the server has several", async () => {
    const zone = { "pbx.example": { a: ["10.0.0.210", "10.0.0.211"] } };
    const { machine, account, clock } = await accounting({ server: "pbx.example" }, new Names(zone));
    const second = machine("10.0.0.211");
    await clock.advance(4_100);
    await grant(second);
    // The one before it is not avoided any more for its silence.
    await clock.advance(120_000);
    const called = account.call("0301", { from, sdp: sdp(4000) });
    await second.settle();
    assert.equal(second.count("INVITE"), 1);
    (await called).abandon();
  });

  it("fail after eight seconds where the only server says nothing, and the registration is looked after", async () => {
    const { machine, account, clock } = await accounting();
    const server = machine("10.0.0.200");
    await grant(server);
    const call = await account.call("0301", { from, sdp: sdp(4000) });
    const ends: unknown[] = [];
    call.on("ended", ({ status, cause, text }) => ends.push([status, cause, text]));
    const invite = await server.takeRequest("INVITE");
    await clock.advance(7_900);
    assert.deepEqual([ends, server.count("REGISTER")], [[], 1]);
    await clock.advance(200);
    assert.deepEqual(ends, [[408, 18, "10.0.0.200:5060 did not answer INVITE within 8 s"]]);
    assert.equal(server.count("REGISTER"), 2);
    // It was only slow: whom it has called rings for nobody.
    server.respond(invite, 180);
    assert.equal((await server.takeRequest("CANCEL")).callId, invite.callId);
  });

  it("go on where the only server has said that it is trying", async () => {
    const { machine, account, clock } = await accounting();
    const server = machine("10.0.0.200");
    await grant(server);
    const call = await account.call("0301", { from, sdp: sdp(4000) });
    server.respond(await server.takeRequest("INVITE"), 100);
    await clock.advance(60_000);
    assert.equal(call.end, undefined);
    call.abandon();
  });

  it("say nothing of the visitor's number by default, and bear the visitor's name", async () => {
    const { machine, account } = await accounting();
    const server = machine("10.0.0.200");
    await grant(server);
    const called = account.call("100", { from, sdp: sdp(4000) });
    const invite = await server.takeRequest("INVITE");
    assert.match(invite.get("from") ?? "", /^"Front door" <sip:49301@/);
    assert.ok(!invite.toBuffer().toString().includes("8000"));
    (await called).abandon();
  });

  it("come in at its Contact from where the server is, without a password; the Contact is no number", async () => {
    const { machine, calls, account } = await accounting();
    const server = machine("10.0.0.200");
    const uri = (/<([^>]*)>/.exec(contactOf(await grant(server))) ?? [])[1] ?? "";
    // Asterisk names the Contact in To, too.
    for (const [to, dialled] of [
      ["49302", "49302"],
      [parseUri(uri)?.user ?? "", "49301"],
    ] as const) {
      const invite = { uri, to, from: "<sip:0891234@10.0.0.200>", callId: dialled };
      server.send(server.request("INVITE", { ...invite, body: ["application/sdp", sdp(4000)] }));
      await server.takeResponse(100);
      const call = last(calls);
      assert.deepEqual(call.caller, { kind: "account", number: "0891234", account: account.name, user: "49301" });
      assert.equal(call.dialled, dialled);
      call.reject(486);
    }
  });

  it("that come in show its password where the server asks for one in them, and to nobody past it (RFC 3261 §22.2)", async () => {
    for (const [past, contact] of [
      [false, "<sip:0301@10.0.0.200>"],
      [true, "<sip:0301@10.0.0.66>"],
      [true, "<sip:0301@10.0.0.200;maddr=10.0.0.66>"],
    ] as const) {
      const { machine, calls } = await accounting();
      const [server, caller] = [machine("10.0.0.200"), machine("10.0.0.66")];
      const uri = (/<([^>]*)>/.exec(contactOf(await grant(server))) ?? [])[1] ?? "";
      const headers = { Contact: contact };
      const outer = `SIP/2.0/UDP ${server.host}:5060;branch=z9hG4bKouter${contact.length};rport`;
      const via = past ? `${outer}, SIP/2.0/UDP 10.0.0.66;branch=z9hG4bKinner` : outer;
      const invite = server.request("INVITE", { uri, via, headers, body: ["application/sdp", sdp(4000)] });
      server.send(invite);
      await server.settle();
      const call = last(calls);
      call.answer(sdp(5000));
      server.ack(invite, await server.takeResponse(200));
      await server.settle();
      call.hangUp();
      const next = past ? caller : server;
      next.respond(await next.takeRequest("BYE"), 407, { headers: [proxyChallenge] });
      await next.settle();
      assert.equal(next.count("BYE"), past ? 1 : 2, contact);
      if (!past) assert.match((await next.takeRequest("BYE")).get("proxy-authorization") ?? "", /username="me"/);
    }
  });

  it("end by any machine of the server, and by no other", async () => {
    const dns = new Names({ "pbx.example": { a: ["10.0.0.200", "10.0.0.202"] } });
    for (const [host, status] of [
      ["10.0.0.202", 200],
      ["10.0.0.203", 403],
    ] as const) {
      const { machine, account } = await accounting({ server: "pbx.example" }, dns);
      const server = machine("10.0.0.200");
      await grant(server);
      const call = await account.call("0301", { from, sdp: sdp(4000) });
      const invite = await server.takeRequest("INVITE");
      server.respond(invite, 200, { sdp: sdp(5000) });
      await server.takeRequest("ACK");
      const other = machine(host);
      const { callId, fromTag, contact } = invite;
      other.send(other.request("BYE", { uri: contact?.uri ?? "", callId, toTag: fromTag, fromTag: "tt" }));
      await other.takeResponse(status);
      assert.equal(call.state, status === 200 ? "ended" : "talking");
      call.abandon();
    }
  });

  it("are asked for a password where they come from elsewhere, or to another name", async () => {
    const { machine, calls } = await accounting();
    const server = machine("10.0.0.200");
    const uri = (/<([^>]*)>/.exec(contactOf(await grant(server))) ?? [])[1] ?? "";
    const stranger = machine("10.0.0.66");
    stranger.send(stranger.request("INVITE", { uri, callId: "a" }));
    await stranger.takeResponse(401);
    server.send(server.request("INVITE", { uri: "sip:49301@10.0.0.1", callId: "b" }));
    await server.takeResponse(401);
    assert.equal(calls.length, 0);
  });

  it("are refused with a sentence where the server's name is not known", async () => {
    const { account, clock } = await accounting({ server: "nowhere.example" });
    await clock.advance(1);
    await assert.rejects(account.call("100", { from, sdp: sdp(4000) }), /the name nowhere.example is not known/);
  });
});
