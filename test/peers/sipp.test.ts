// The real sipp against an Endpoint on loopback, over UDP and TCP: test/peers/sipp/*.xml tell what sipp does. A scenario
// that does not go as written makes sipp end with another code than 0.
import assert from "node:assert/strict";
import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Secret } from "../../src/secret.ts";
import { completedElsewhere } from "../../src/sip/causes.ts";
import type { CallEnd } from "../../src/sip/dialog/call.ts";
import type { IncomingCall } from "../../src/sip/dialog/incoming.ts";
import type { OutgoingCall } from "../../src/sip/dialog/outgoing.ts";
import { Endpoint, type Refusal } from "../../src/sip/endpoint.ts";
import { patienceMs, until } from "../support/patience.ts";
import { thePeer, without } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { run } from "../support/processes.ts";

const sdpAt = (address: string): string =>
  `v=0\r\no=- 1 1 IN ${address}\r\ns=-\r\nc=IN ${address}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\na=sendrecv\r\n`;

const scenario = (name: string): string => fileURLToPath(new URL(`sipp/${name}.xml`, import.meta.url));

describe("sipp as the peer", { skip: without("sipp") }, () => {
  const refusals: Refusal[] = [];
  const faults: string[] = [];
  let endpoint: Endpoint;
  let port = 0;
  /** That of IPv6. */
  let sixth = 0;
  /** What is done with the next call that comes in. */
  let take: (call: IncomingCall) => void = () => {};

  before(async () => {
    const listener = { address: "127.0.0.1", port: 0 };
    endpoint = new Endpoint({
      listeners: [
        { transport: "udp", ...listener },
        { transport: "tcp", ...listener },
        { transport: "udp", address: "::1", port: 0 },
      ],
    });
    await endpoint.start();
    [port = 0, , sixth = 0] = endpoint.addresses.map((address) => address.port);
    for (const extension of ["6001", "8000"])
      endpoint.addExtension({
        ...{ extension, login: `login-${extension}`, maxContacts: 1 },
        password: new Secret(`pw${extension}`),
      });
    endpoint.on("call", (call) => take(call));
    endpoint.on("refused", (refusal) => refusals.push(refusal));
    endpoint.on("malformed", (fault) => faults.push(fault));
  });

  after(() => endpoint.close());

  /** Plays a scenario once; fails with sipp's own words where it did not go as written. */
  async function sipp(name: string, host: string, ...options: string[]): Promise<void> {
    const { code, output } = await run(
      thePeer("sipp"),
      [
        host === "::1" ? `[::1]:${sixth}` : `${host}:${port}`,
        "-sf",
        scenario(name),
        "-m",
        "1",
        "-i",
        host,
        "-nostdin",
        "-timeout",
        `${patienceMs / 1000}s`,
        ...options,
      ],
      { cwd: tmpdir() },
    );
    assert.equal(code, 0, `sipp ended with ${code}:\n${output}`);
  }

  const as = (user: string, password = `pw${user}`, login = `login-${user}`): string[] => [
    ...["-s", user, "-au", login, "-ap", password],
  ];

  for (const [transport, mode, host] of [
    ["UDP", "u1", "127.0.0.1"],
    ["TCP", "t1", "127.0.0.1"],
    ["UDP", "u1", "::1"],
  ] as const)
    describe(host === "::1" ? `${transport} by IPv6` : transport, () => {
      const t = [host, "-t", mode] as const;
      const sdp = sdpAt(host === "::1" ? "IP6 ::1" : `IP4 ${host}`);

      it("H1 registers with its password", async () => {
        await sipp("register", ...t, ...as("6001"));
        const [contact] = endpoint.location.contacts("6001");
        assert.equal(contact?.flow.transport, transport);
        assert.equal(contact.userAgent, "sipp");
      });

      it("X10 is refused with a wrong password, and with an unknown login, and we say why", async () => {
        refusals.length = 0;
        await sipp("register-refused", ...t, ...as("6001", "wrong"));
        await sipp("register-refused", ...t, ...as("6002"));
        assert.match(refusals[0]?.text ?? "", /wrong password for "login-6001"$/);
        assert.match(refusals[1]?.text ?? "", /no extension here has the login "login-6002"$/);
      });

      // On TCP sipp takes a repeated 200, which RFC 3261 §13.3.1.4 wants there too, for a fault of ours.
      for (const name of transport === "UDP" ? ["bell", "bell-slow", "bell-by-proxy"] : ["bell", "bell-by-proxy"])
        it(`N5 calls as a bell, is answered, sends digits by INFO both ways of writing, is hung up on (${name})`, async () => {
          const digits: string[] = [];
          const ends: CallEnd[] = [];
          take = (call) => {
            call.on("ended", (end) => ends.push(end));
            call.on("info", (info) => {
              digits.push(`${info.contentType} ${info.body.trim().replaceAll("\r\n", " ")}`);
              info.reply(200);
              // The last of it is our BYE, which follows the answer.
              if (digits.length === 2) setImmediate(() => call.hangUp());
            });
            call.ring();
            call.answer(sdp);
          };
          await sipp(name, ...t, ...as("8000"));
          assert.deepEqual(digits, ["application/dtmf-relay Signal=1 Duration=160", "application/dtmf 2"]);
          assert.deepEqual(ends, [{ by: "local", cause: 16, text: "hung up" }]);
        });

      // On TCP sipp takes a repeated 200 for a fault, as above.
      if (transport === "UDP")
        it("A9 hears acknowledged ringing, refreshes its session by UPDATE, and transfers as a bell", async () => {
          const seen: string[] = [];
          take = (call) => {
            call.on("refer", (referral) => {
              seen.push(referral.to.uri);
              referral.accept()(200);
            });
            call.on("ended", ({ by }) => seen.push(by));
            call.ring(183, sdp);
            call.answer(sdp);
          };
          await sipp("bell-in-call", ...t, ...as("8000"));
          assert.deepEqual(seen, [`sip:6002@${host === "::1" ? "[::1]" : host}`, "remote"]);
        });

      it("A9 is told of the shortest session as a bell (422)", async () => {
        take = () => assert.fail("no call should come");
        await sipp("bell-too-brief", ...t, ...as("8000"));
      });

      it("gives up as a bell while we ring", async () => {
        const ended = new Promise<CallEnd>((resolve) => {
          take = (call) => {
            call.once("ended", resolve);
            call.ring();
          };
        });
        await sipp("bell-gives-up", ...t, ...as("8000"));
        assert.equal((await ended).text, "the caller gave up");
      });

      /** Registers a phone, lets it go, starts it again as one that is called, and calls it. */
      async function callPhone(name: string, talk: (call: OutgoingCall) => void): Promise<CallEnd> {
        const [phone] = await freePorts(1);
        const own = [...t, "-p", String(phone)] as const;
        await sipp("register", ...own, ...as("6001"));
        const played = sipp(name, ...own);
        if (transport === "TCP") await listens(phone ?? 0);
        const [contact] = endpoint.location.contacts("6001");
        assert.ok(contact);
        const call = await endpoint.callContact(contact, { from: { number: "8000", name: "Front door" }, sdp });
        const ended = new Promise<CallEnd>((resolve) => call.once("ended", resolve));
        talk(call);
        await played;
        return ended;
      }

      for (const name of transport === "UDP" ? ["phone", "phone-slow"] : ["phone"])
        it(`is called as a phone, answers, takes a digit by INFO, is hung up on (${name})`, async () => {
          let status = 0;
          const end = await callPhone(name, (call) =>
            call.on("answered", ({ sdp: answer }) => {
              assert.match(answer ?? "", /m=audio/);
              void call.info("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n").then((given) => {
                status = given;
                call.hangUp();
              });
            }),
          );
          assert.deepEqual([status, end], [200, { by: "local", cause: 16, text: "hung up" }]);
        });

      it("is called as a phone and hangs up by itself", async () => {
        assert.deepEqual(await callPhone("phone-hangs-up", () => {}), { by: "remote", cause: 16, text: "hung up" });
      });

      it("H10 is busy", async () => {
        const end = await callPhone("phone-busy", () => {});
        assert.deepEqual([end.status, end.cause], [486, 17]);
      });

      it("X4 is told that another phone was faster", async () => {
        const end = await callPhone("phone-cancelled", (call) =>
          call.on("early", () => call.hangUp(completedElsewhere)),
        );
        assert.equal(end.text, "answered elsewhere");
      });
    });

  it("goes on after whatever comes by UDP that is no SIP", async () => {
    faults.length = 0;
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    try {
      const send = (data: string | Buffer) => socket.send(data, port, "127.0.0.1");
      for (const junk of ["", "\0".repeat(2000), "\r\n", "GET / HTTP/1.1\r\n\r\n", Buffer.alloc(60_000, 0xff)])
        send(junk);
      send("INVITE sip:777@x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK1\r\nCSeq: 1 BYE\r\n\r\n");
      const [data] = (await once(socket, "message")) as [Buffer, RemoteInfo];
      assert.match(data.toString(), /^SIP\/2\.0 400 From is missing or wrong\r\n/);
      assert.deepEqual(faults.length, 4);
    } finally {
      socket.close();
    }
    take = (call) => {
      call.answer(sdpAt("IP4 127.0.0.1"));
      let infos = 0;
      call.on("info", (info) => {
        info.reply(200);
        if (++infos === 2) setImmediate(() => call.hangUp());
      });
    };
    await sipp("bell", "127.0.0.1", "-t", "u1", ...as("8000"));
  });

  it("leaves no call behind", () => assert.equal(endpoint.calls, 0));
});

/** Waits until somebody listens on a TCP port of this machine; sipp does not say when it does. */
async function listens(port: number): Promise<void> {
  await until(`somebody to listen on TCP port ${port}`, async () => {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    return isOpen;
  });
}
