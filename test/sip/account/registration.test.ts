import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Registration, type RegistrationOptions } from "../../../src/sip/account/registration.ts";
import { Secret } from "../../../src/secret.ts";
import type { SipRequest } from "../../../src/sip/message/message.ts";
import { house, type House } from "../house.ts";
import { Names } from "../names.ts";
import type { Party } from "../party.ts";

interface Registering extends House {
  server: Party;
  registration: Registration;
  /** "registered 300", "failed wrong-password 30" … */
  seen: string[];
}

const challenge: [string, string] = ["WWW-Authenticate", 'Digest realm="pbx", nonce="n1", qop="auth"'];

async function registering(
  options: Partial<RegistrationOptions> = {},
  of: Parameters<typeof house>[0] = {},
): Promise<Registering> {
  const made = await house(of);
  const server = made.party({ host: "10.0.0.200", user: "1000" });
  const registration = new Registration(made.endpoint, {
    ...{ server: "sip:10.0.0.200", user: "1000", random: () => 1 },
    credentials: { username: "me", password: new Secret("pw") },
    ...options,
  });
  const seen: string[] = [];
  registration.on("registered", (seconds) => seen.push(`registered ${seconds}`));
  registration.on("failed", ({ code }, seconds) => seen.push(`failed ${code} ${seconds}`));
  registration.start();
  return { ...made, server, registration, seen };
}

const contactOf = (request: SipRequest): string => request.get("contact") ?? "";

/** Answers the REGISTER that is there, and its repetition with a password. */
async function grant(server: Party, seconds: number, challenged = true): Promise<SipRequest> {
  let request = await server.takeRequest("REGISTER");
  if (challenged) {
    server.respond(request, 401, { headers: [challenge] });
    request = await server.takeRequest("REGISTER");
  }
  const others = '"other" <sip:1000@10.7.7.7>;expires=9';
  server.respond(request, 200, { headers: [["Contact", `${others}, ${contactOf(request)};expires=${seconds}`]] });
  await server.settle();
  return request;
}

describe("A4, N8 our registration at another server, RFC 3261 §10.2", () => {
  it("answers the challenge and keeps what is granted beside its own Contact", async () => {
    const { server, seen, registration } = await registering();
    const request = await grant(server, 120);
    assert.equal(request.uri, "sip:10.0.0.200");
    assert.deepEqual([request.to?.uri, request.get("expires")], ["sip:1000@10.0.0.200", "300"]);
    assert.equal(contactOf(request), "<sip:1000@10.0.0.1:5060>");
    assert.match(request.get("authorization") ?? "", /username="me"/);
    assert.deepEqual([seen, registration.registered], [["registered 120"], true]);
  });

  it("knows its Contact again where the server has changed its way of writing", async () => {
    for (const contact of ["<sip:1000@10.0.0.1;ob>;expires=77", "<sip:1000@203.0.113.9:40000>;expires=77"]) {
      const { server, seen } = await registering();
      server.respond(await server.takeRequest("REGISTER"), 200, { headers: [["Contact", contact]] });
      await server.settle();
      assert.deepEqual(seen, ["registered 77"], contact);
    }
  });

  it("takes the time of no other device for its own", async () => {
    const { server, seen } = await registering();
    const others = "<sip:1000@10.7.7.7>;expires=9, <sip:1000@10.7.7.8>;expires=9";
    server.respond(await server.takeRequest("REGISTER"), 200, { headers: [["Contact", others]] });
    await server.settle();
    assert.deepEqual(seen, ["registered 300"]);
  });

  it("refreshes early, in the same Call-ID with a higher CSeq", async () => {
    const { server, seen, clock } = await registering();
    const first = await grant(server, 100, false);
    await clock.advance(74_900);
    assert.equal(server.count("REGISTER"), 1);
    await clock.advance(100);
    const second = await grant(server, 100, false);
    assert.equal(second.callId, first.callId);
    assert.ok((second.cseq?.number ?? 0) > (first.cseq?.number ?? 0));
    assert.deepEqual(seen, ["registered 100", "registered 100"]);
  });

  it("refreshes before the end however short the time is that the server grants", async () => {
    const { server, clock } = await registering();
    await grant(server, 6, false);
    await clock.advance(5_000);
    assert.equal(server.count("REGISTER"), 2);
  });

  it("A4 refreshes where the machine has slept, as the clock tells that went on meanwhile", async () => {
    const { server, clock } = await registering();
    await grant(server, 3600, false);
    await clock.advance(60_000);
    assert.equal(server.count("REGISTER"), 1);
    clock.set(clock.now() - 3_600_000);
    await clock.advance(60_000);
    assert.equal(server.count("REGISTER"), 1);
    clock.set(clock.now() + 8 * 3_600_000);
    await clock.advance(30_000);
    assert.equal(server.count("REGISTER"), 2);
    await grant(server, 3600, false);
    await clock.advance(60_000);
    assert.equal(server.count("REGISTER"), 2);
  });

  it("asks again for the time that a 423 wants, but does not go on for ever", async () => {
    const { server, seen, clock } = await registering({ expires: 60 });
    server.respond(await server.takeRequest("REGISTER"), 423, { headers: [["Min-Expires", "600"]] });
    const again = await server.takeRequest("REGISTER");
    assert.equal(again.get("expires"), "600");
    server.respond(again, 423, { headers: [["Min-Expires", "601"]] });
    await clock.advance(1_000);
    assert.equal(server.count("REGISTER"), 2);
    assert.deepEqual(seen, ["failed refused 30"]);
  });

  it("follows a 423 each time that the server wants longer registrations, and no 423 that does not say how long", async () => {
    const { server, seen, clock } = await registering({ expires: 60 });
    const lengthened = async (least: string) => {
      server.respond(await server.takeRequest("REGISTER"), 423, { headers: [["Min-Expires", least]] });
      assert.equal((await grant(server, Number(least), false)).get("expires"), least);
    };
    await lengthened("100");
    await clock.advance(75_000);
    await lengthened("200");
    await clock.advance(155_000);
    server.respond(await server.takeRequest("REGISTER"), 423);
    await clock.advance(1_000);
    assert.deepEqual([seen, server.inbox], [["registered 100", "registered 200", "failed refused 30"], []]);
  });

  it("says that the password is wrong, and tries less and less often (RFC 5626 §4.5)", async () => {
    const { server, seen, clock } = await registering();
    for (let n = 0; n < 9; n++) {
      server.respond(await server.takeRequest("REGISTER"), 403);
      await server.settle();
      await clock.advance(Number(seen.at(-1)?.split(" ").at(-1)) * 1000);
    }
    const waits = seen.map((line) => line.replace("failed wrong-password ", ""));
    assert.deepEqual(waits, ["30", "60", "120", "240", "480", "960", "1800", "1800", "1800"]);
  });

  it("begins with short waits again after it has worked", async () => {
    const { server, seen, clock } = await registering();
    server.respond(await server.takeRequest("REGISTER"), 500);
    await clock.advance(30_100);
    server.respond(await server.takeRequest("REGISTER"), 500);
    await clock.advance(60_100);
    await grant(server, 100, false);
    await clock.advance(75_000);
    server.respond(await server.takeRequest("REGISTER"), 503);
    await server.settle();
    assert.deepEqual(seen, ["failed refused 30", "failed refused 60", "registered 100", "failed refused 30"]);
  });

  it("spreads its tries: half of the wait to all of it", async () => {
    const { server, seen } = await registering({ random: () => 0 });
    server.respond(await server.takeRequest("REGISTER"), 500);
    await server.settle();
    assert.deepEqual(seen, ["failed refused 15"]);
  });

  it("is not registered any more when the server falls silent", async () => {
    const { server, seen, clock, registration } = await registering();
    await grant(server, 100, false);
    await clock.advance(75_000 + 32_000);
    assert.deepEqual([seen.at(-1), registration.registered], ["failed no-answer 30", false]);
  });

  it("says when the server's name is unknown", async () => {
    const made = await house({ dns: new Names({}) });
    const registration = new Registration(made.endpoint, {
      ...{ server: "sip:pbx.example", user: "1000", random: () => 1 },
      credentials: { username: "me", password: new Secret("pw") },
    });
    const failures: string[] = [];
    registration.on("failed", (error) => failures.push(error.message));
    registration.start();
    await made.clock.advance(1);
    assert.match(failures[0] ?? "", /the name pbx.example is not known/);
    await registration.stop();
    assert.equal(made.clock.pending, 0);
  });

  it("is tried each minute while there is no network or no DNS, and so comes back with it", async () => {
    const dns = new Names({});
    const made = await house({ dns });
    const registration = new Registration(made.endpoint, {
      ...{ server: "sip:pbx.example", user: "1000", random: () => 1 },
      credentials: { username: "me", password: new Secret("pw") },
    });
    const waits: number[] = [];
    registration.on("failed", (_error, seconds) => waits.push(seconds));
    registration.start();
    await made.clock.advance(6 * 3_600_000);
    assert.equal(Math.max(...waits), 60);
    await registration.stop();
    assert.equal(made.clock.pending, 0);
  });

  it("goes when it is stopped: Expires 0, answered or not, and no timer is left", async () => {
    for (const answered of [true, false]) {
      const { server, registration, clock, endpoint } = await registering();
      await grant(server, 100, false);
      const stopped = registration.stop();
      const last = await server.takeRequest("REGISTER");
      assert.equal(last.get("expires"), "0");
      if (answered) server.respond(last, 200);
      await clock.advance(answered ? 5_100 : 32_100);
      await stopped;
      assert.deepEqual([endpoint.transactions.size, clock.pending, registration.registered], [0, 0, false]);
    }
  });

  it("is silent when it is stopped before it ever worked", async () => {
    const { registration, server, clock, seen, endpoint } = await registering();
    await clock.advance(10);
    await registration.stop();
    await clock.advance(100_000);
    assert.deepEqual([seen, server.count("REGISTER"), endpoint.transactions.size, clock.pending], [[], 1, 0, 0]);
  });

  it("is silent when it is stopped before it knew where the server is, whatever becomes of the question", async () => {
    for (const known of [true, false]) {
      const zone = known ? { "pbx.example": { a: ["10.0.0.200"] } } : {};
      let answer = () => {};
      const asked = new Promise<{ records: []; ttl: number }>((resolve) => {
        answer = () => resolve({ records: [], ttl: 60 });
      });
      const dns = Object.assign(new Names(zone), { naptr: () => asked });
      const { registration, server, clock, seen } = await registering({ server: "sip:pbx.example" }, { dns });
      await registration.stop();
      answer();
      await clock.advance(100_000);
      assert.deepEqual([seen, server.count("REGISTER"), clock.pending], [[], 0, 0]);
    }
  });

  it("is silent when it is stopped after its password was refused: nobody has us", async () => {
    const { registration, server, clock } = await registering();
    for (const status of [401, 403])
      server.respond(await server.takeRequest("REGISTER"), status, { headers: [challenge] });
    await server.settle();
    await registration.stop();
    await clock.advance(100_000);
    assert.deepEqual([server.count("REGISTER"), clock.pending], [2, 0]);
  });

  it("asks once where something fails on the way while it is refreshed", async () => {
    const { registration, server, clock, seen } = await registering();
    await grant(server, 100, false);
    await clock.advance(75_000);
    registration.check();
    await clock.advance(100);
    assert.equal(server.count("REGISTER"), 2);
    await grant(server, 100, false);
    await clock.advance(60_000);
    registration.check();
    await clock.advance(100);
    assert.deepEqual([seen.length, server.count("REGISTER")], [2, 3]);
  });

  it("knows its server's machines, but not all that a name ever led to", async () => {
    const dns = new Names({});
    dns.ttl = 0;
    const machine = (n: number) => `10.0.${n}.200`;
    const lead = (n: number) => (dns.zone = { "pbx.example": { a: [machine(n)] } });
    lead(0);
    const { registration, clock, seen } = await registering({ server: "sip:pbx.example" }, { dns });
    await clock.advance(100);
    assert.ok(registration.knows(machine(0)));
    for (let n = 1; n <= 60; n++) {
      lead(n);
      await clock.advance(1_900_000);
    }
    assert.deepEqual([registration.knows(machine(0)), registration.knows(machine(60))], [false, true]);
    assert.ok(seen.length > 60);
  });

  it("takes back what it may have been given when it is stopped while the server thinks about the password", async () => {
    const { server, registration, clock, endpoint } = await registering();
    server.respond(await server.takeRequest("REGISTER"), 401, { headers: [challenge] });
    const asked = await server.takeRequest("REGISTER");
    const stopped = registration.stop();
    const last = await server.takeRequest("REGISTER");
    assert.equal(last.get("expires"), "0");
    assert.ok((last.cseq?.number ?? 0) > (asked.cseq?.number ?? 0));
    server.respond(asked, 200);
    server.respond(last, 200);
    await clock.advance(10_000);
    await stopped;
    assert.deepEqual([endpoint.transactions.size, clock.pending, registration.registered], [0, 0, false]);
  });

  it("registers once when it is started again before it knew where the server is", async () => {
    const { server, registration, seen, clock } = await registering();
    void registration.stop();
    registration.start();
    await grant(server, 100, false);
    await clock.advance(70_000);
    assert.deepEqual([seen, server.count("REGISTER")], [["registered 100"], 1]);
    await clock.advance(5_100);
    assert.equal(server.count("REGISTER"), 2);
  });

  it("stays registered when it is started again before the server let it go", async () => {
    const { server, registration, seen, clock } = await registering();
    await grant(server, 100, false);
    const stopped = registration.stop();
    const leave = await server.takeRequest("REGISTER");
    registration.start();
    await stopped;
    server.respond(leave, 401, { headers: [challenge] });
    const last = await grant(server, 100);
    assert.equal(last.get("expires"), "300");
    await clock.advance(30_000);
    assert.deepEqual([seen.length, registration.registered, server.inbox], [2, true, []]);
  });
});

describe("A6 a registration by the second of two proxies", () => {
  const proxies = ["sip:10.0.0.210", "sip:10.0.0.211"];

  /** Until the main proxy, which has been asked whether it is back, is to answer. */
  async function away(seconds = 300) {
    const made = await registering({ proxies });
    const [main, second] = [made.party({ host: "10.0.0.210" }), made.party({ host: "10.0.0.211", user: "1000" })];
    main.respond(await main.takeRequest("REGISTER"), 503);
    await grant(second, seconds, false);
    await made.clock.advance(60_000);
    return { ...made, main, second, asked: await main.takeRequest("OPTIONS") };
  }

  it("goes back to the main one once, and is refreshed there in its time", async () => {
    const { main, second, asked, clock } = await away();
    main.respond(asked, 200);
    await grant(main, 300, false);
    await clock.advance(234_000);
    assert.deepEqual([main.count("REGISTER"), second.count("REGISTER")], [2, 1]);
    await clock.advance(1_000);
    assert.equal(main.count("REGISTER"), 3);
  });

  it("stays where it is while it is refreshed, and goes back later", async () => {
    const { main, second, asked, clock, seen } = await away(81);
    const refresh = await second.takeRequest("REGISTER");
    main.respond(asked, 200);
    await main.settle();
    assert.equal(main.count("REGISTER"), 1);
    second.respond(refresh, 200, { headers: [["Contact", `${contactOf(refresh)};expires=300`]] });
    await clock.advance(60_000);
    main.respond(await main.takeRequest("OPTIONS"), 200);
    await grant(main, 300, false);
    assert.deepEqual(seen, ["registered 81", "registered 300", "registered 300"]);
  });

  it("is over when it is stopped, though the main one answers then", async () => {
    const { main, second, asked, clock, registration } = await away();
    const stopped = registration.stop();
    second.respond(await second.takeRequest("REGISTER"), 200);
    await second.settle();
    await stopped;
    main.respond(asked, 200);
    await clock.advance(100_000);
    assert.deepEqual([main.count("REGISTER"), second.count("REGISTER"), clock.pending], [1, 2, 0]);
  });

  it("begins with the main one again after neither had us", async () => {
    const { main, second, clock, seen } = await away();
    await clock.advance(175_000);
    for (const proxy of [second, main]) proxy.respond(await proxy.takeRequest("REGISTER"), 503);
    const looked = main.count("OPTIONS");
    await clock.advance(30_000);
    assert.deepEqual([seen.at(-1), main.count("OPTIONS")], ["failed refused 30", looked]);
    await grant(main, 300, false);
    assert.equal(second.count("REGISTER"), 2);
  });
});
