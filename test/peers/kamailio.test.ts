// Our accounts at a real Kamailio: registered, called by and from, through an outbound proxy and its backup, and at a second
// server while the first is down. Our own clock runs ten times as fast, so that a silent server is noticed in three seconds.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { makeCertificate } from "../../src/certificate.ts";
import { Secret } from "../../src/secret.ts";
import { Account, type AccountStatus } from "../../src/sip/account/account.ts";
import type { AccountSettings } from "../../src/sip/account/settings.ts";
import type { CallEnd } from "../../src/sip/dialog/call.ts";
import type { IncomingCall } from "../../src/sip/dialog/incoming.ts";
import type { OutgoingCall } from "../../src/sip/dialog/outgoing.ts";
import { Endpoint } from "../../src/sip/endpoint.ts";
import { SipRequest } from "../../src/sip/message/message.ts";
import { newCallId, newTag } from "../../src/sip/message/reply.ts";
import { Sending } from "../../src/sip/request/send.ts";
import { fastClock } from "../support/fast-clock.ts";
import { patienceMs } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { Kamailio, kamailioCertificate, kamailioPassword, type Role } from "./kamailio.ts";

const sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n";
const from = { number: "8000", name: "Front door" };

type Transport = "udp" | "tcp" | "tls";

/** An endpoint of ours with accounts, and what it was told. */
class House {
  readonly endpoint: Endpoint;
  readonly calls: IncomingCall[] = [];
  readonly #accounts: Account[] = [];

  constructor() {
    const listener = { address: "127.0.0.1", port: 0 };
    const { certificate, key } = makeCertificate(["127.0.0.1"], Date.now());
    const own = { certificate: { pem: certificate }, key: { pem: key } };
    this.endpoint = new Endpoint({
      listeners: [
        { transport: "udp", ...listener },
        { transport: "tcp", ...listener },
        { transport: "tls", ...listener, tls: { own, ca: { pem: kamailioCertificate.certificate } } },
      ],
      clock: fastClock(10),
      trusts: (invite, flow) =>
        this.#accounts.map((account) => account.callerOf(invite, flow)).find((caller) => caller !== undefined),
    });
    this.endpoint.on("call", (call) => {
      this.calls.push(call);
      call.ring();
      call.answer(sdp);
    });
  }

  account(settings: AccountSettings): Account {
    const account = new Account(this.endpoint, settings);
    this.#accounts.push(account);
    account.start();
    return account;
  }

  async close(): Promise<void> {
    await Promise.race([
      Promise.all(this.#accounts.map((account) => account.stop())),
      this.endpoint.clock.sleep(5_000),
    ]);
    await this.endpoint.close();
  }

  /** Resolves when the server at that port answers. */
  async reaches(server: Kamailio): Promise<void> {
    const { port } = server;
    for (let tries = 0; tries < 20 && server.isRunning; tries++) {
      const options = new SipRequest("OPTIONS", `sip:127.0.0.1:${port}`);
      options.add("Max-Forwards", "5").add("From", `<sip:x@127.0.0.1>;tag=${newTag()}`).add("To", "<sip:x@127.0.0.1>");
      options.add("Call-ID", newCallId()).add("CSeq", "1 OPTIONS");
      const answered = await new Promise<boolean>((resolve) => {
        const handlers = { response: () => resolve(true), failed: () => resolve(false) };
        new Sending(this.endpoint, options, `sip:127.0.0.1:${port}`, handlers, { nextSeq: () => 1 });
      });
      if (answered) return;
    }
    assert.fail(`Kamailio ${server.isRunning ? "does not answer" : "has ended"}:\n${server.output}`);
  }
}

/** What `promise` gives; a sentence that names what was waited for where it gives nothing for too long. */
async function soon<T>(what: string, promise: Promise<T>, words = () => ""): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const give = () => reject(new Error(`waited ${patienceMs / 1000} s for ${what}; ${words()}`));
    timer = setTimeout(give, patienceMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The next time that `account` tells this of itself, or what it tells already. */
async function until(
  account: Account,
  name: "registered" | "failed",
  fits: (status: AccountStatus) => boolean = () => true,
): Promise<AccountStatus> {
  const told = async (): Promise<AccountStatus> => {
    for (let { status } = account; ; [status] = (await once(account, name)) as [AccountStatus])
      if (status.state === name && fits(status)) return status;
  };
  return soon(`${account.name} to be ${name}`, told(), () => `it is ${JSON.stringify(account.status)}`);
}

/** Waits until the other side answers, and fails with its words where it does not. */
async function answered(call: OutgoingCall): Promise<void> {
  if (call.state === "talking") return;
  const over = new AbortController();
  const end = (told: CallEnd) => over.abort(new Error(`not answered: ${JSON.stringify(told)}`));
  call.once("ended", end);
  const answer = once(call, "answered", { signal: over.signal }).catch(() => assert.fail(String(over.signal.reason)));
  await soon("an answer", answer, () => `the call is ${call.state}`);
  call.off("ended", end);
}

const ended = async (call: OutgoingCall | IncomingCall): Promise<CallEnd> =>
  call.end ?? ((await soon("a call's end", once(call, "ended"), () => `it is ${call.state}`)) as [CallEnd])[0];

/** De-registers them. */
const gone = (...accounts: Account[]): Promise<unknown> =>
  soon("the server to let us go", Promise.all(accounts.map((account) => account.stop())));

/** Calls again while somebody answers: a server forgets a moment after it was told that a number has gone elsewhere. */
async function nobodyAnswers(call: () => Promise<OutgoingCall>): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const made = await call();
    made.once("answered", () => made.hangUp());
    if ((await ended(made)).status === 480) return;
  }
  assert.fail("somebody answers still");
}

describe("Kamailio as the server of an account", { skip: without("kamailio") }, () => {
  const all: Kamailio[] = [];
  let server: Kamailio;
  let house: House;
  let other: House;

  const kamailio = async (role: Role): Promise<Kamailio> => {
    const [port = 0, tlsPort = 0] = await freePorts(2);
    const made = new Kamailio(role, port, tlsPort);
    all.push(made);
    made.start();
    await house.reaches(made);
    return made;
  };

  before(async () => {
    house = new House();
    await house.endpoint.start();
    server = await kamailio("server");
  });
  after(async () => {
    await house.close();
    for (const one of all) await one.close();
  });

  const settings = (more: Partial<AccountSettings> & { transport: Transport }): AccountSettings => ({
    port: server.at(more.transport),
    ...{ name: "pbx", server: "127.0.0.1", user: "6100", expires: 300, returnSeconds: 5 },
    ...{ password: new Secret(kamailioPassword), retrySeconds: 5, ...more },
  });

  for (const transport of ["udp", "tcp", "tls"] as const)
    describe(transport.toUpperCase(), () => {
      let ours: House;
      before(async () => {
        ours = new House();
        other = new House();
        await Promise.all([ours.endpoint.start(), other.endpoint.start()]);
      });
      after(async () => {
        await ours.close();
        await other.close();
      });

      it("A3, A4 registers after a challenge, and says so when the password is wrong", async () => {
        const account = ours.account(settings({ transport }));
        assert.equal((await until(account, "registered")).state, "registered");
        const wrong = ours.account(settings({ transport, name: "wrong", user: "6666", password: new Secret("x") }));
        const { text } = await until(wrong, "failed");
        assert.equal(text, `401 from 127.0.0.1:${server.at(transport)}: wrong login or password for 6666`);
        await gone(wrong, account);
      });

      it("calls out through it after a 407, and is called in from it", async () => {
        const account = ours.account(settings({ transport, displayName: "House" }));
        const phone = other.account(settings({ transport, name: "phone", user: "7001" }));
        await Promise.all([until(account, "registered"), until(phone, "registered")]);
        const out = await account.call("7001", { from, sdp });
        await answered(out);
        const [taken] = other.calls;
        assert.deepEqual([taken?.caller.kind, taken?.caller.number, taken?.remote?.name], ["account", "6100", "House"]);
        out.hangUp();
        assert.equal(taken && (await ended(taken)).by, "remote");

        const back = await phone.call("6100", { from, sdp });
        await answered(back);
        const [came] = ours.calls;
        assert.deepEqual(came?.caller, { kind: "account", number: "7001", account: "pbx", user: "6100" });
        assert.equal(came.dialled, "6100");
        came.hangUp();
        assert.equal((await ended(back)).by, "remote");
        const nobody = await account.call("9999", { from, sdp });
        assert.equal((await ended(nobody)).status, 480);
        await gone(account, phone);
      });

      it("A6, P4 goes through an outbound proxy, its backup while that is down, and back", async () => {
        const [main, backup] = [await kamailio("proxy"), await kamailio("proxy")];
        const account = ours.account(
          settings({
            ...{ transport, user: "6200", name: "proxied" },
            ...{ proxy: `127.0.0.1:${main.at(transport)}`, backupProxy: `127.0.0.1:${backup.at(transport)}` },
          }),
        );
        await until(account, "registered");
        const phone = other.account(settings({ transport, name: "phone", user: "7002" }));
        await until(phone, "registered");
        const calledBy = async (proxy: Kamailio): Promise<void> => {
          const call = await account.call("7002", { from, sdp });
          await answered(call);
          assert.equal(call.flow.remote.port, proxy.at(transport));
          call.hangUp();
          assert.equal((await ended(call)).by, "local");
        };
        await calledBy(main);
        await main.end();
        // The call finds out that the proxy is gone, and goes by the other; the registration follows.
        await calledBy(backup);
        await calledBy(backup);
        assert.equal(account.status.state, "registered");
        main.start();
        await house.reaches(main);
        await until(account, "registered", ({ proxy }) => proxy === `127.0.0.1:${main.at(transport)}`);
        await calledBy(main);
        await gone(account, phone);
      });

      it("A2 goes to the second server while the first is down, and back", async () => {
        const first = await kamailio("server");
        const account = ours.account(
          settings({
            ...{ transport, name: "two", port: first.at(transport), expires: 30, user: "6300" },
            second: {
              ...{ server: "127.0.0.1", port: server.at(transport), transport, user: "6301" },
              password: new Secret(kamailioPassword),
            },
          }),
        );
        assert.equal((await until(account, "registered")).second, false);
        await first.end();
        await until(account, "registered", ({ second }) => second);
        const phone = other.account(settings({ transport, name: "phone", user: "7003" }));
        await until(phone, "registered");
        const call = await phone.call("6301", { from, sdp });
        await answered(call);
        call.hangUp();
        first.start();
        await house.reaches(first);
        await until(account, "registered", ({ second }) => !second);
        await nobodyAnswers(() => phone.call("6301", { from, sdp }));
        await gone(account, phone);
      });
    });

  it("leaves no call behind", () => assert.equal(house.endpoint.calls, 0));
});
