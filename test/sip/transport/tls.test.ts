// SIP over TLS. The certificates are those of test/fixtures/tls, or made for the test.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import tls, { type ConnectionOptions, type TLSSocket } from "node:tls";
import { makeCertificate, type MadeCertificate } from "../../../src/certificate.ts";
import { Secret } from "../../../src/secret.ts";
import type { Flow, SecureListener, TlsOptions } from "../../../src/sip/transport/flow.ts";
import { until } from "../../support/patience.ts";
import { FakeClock } from "../../support/clock.ts";
import { without } from "../../support/peers.ts";
import { run } from "../../support/processes.ts";
import { listening, options, type Listening } from "./listening.ts";

const fixture = (name: string) => readFile(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8");
const now = Date.now();
const ours = makeCertificate(["localhost", "127.0.0.1"], now);
const own = ({ certificate, key }: MadeCertificate): NonNullable<TlsOptions["own"]> => ({
  certificate: { pem: certificate },
  key: { pem: key },
});

const secure = (t: TestContext, wish: Partial<TlsOptions> & { clock?: FakeClock; admits?: () => boolean } = {}) => {
  const { clock, admits, ...settings } = wish;
  const listener: Partial<SecureListener> = { transport: "tls", tls: { own: own(ours), ...settings } };
  return listening(t, { ...listener, ...(clock && { clock }), ...(admits && { admits }) });
};

/** A TLS client that trusts our certificate. */
async function client(t: TestContext, port: number, wish: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = tls.connect({ host: "127.0.0.1", port, servername: "localhost", ca: ours.certificate, ...wish });
  t.after(() => void socket.destroy());
  await once(socket, "secureConnect");
  socket.on("error", () => {});
  return socket;
}

/** A TLS server with what it was sent. */
async function server(t: TestContext, certificate: { cert: string; key: string }, wish: tls.TlsOptions = {}) {
  let text = "";
  const sockets: TLSSocket[] = [];
  const accepting = tls
    .createServer({ ...certificate, ...wish }, (socket) => {
      sockets.push(socket);
      socket.on("error", () => {}).on("data", (data: Buffer) => (text += data.toString()));
    })
    .listen(0, "127.0.0.1");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    accepting.close();
  });
  await once(accepting, "listening");
  return {
    port: (accepting.address() as AddressInfo).port,
    sockets,
    get text() {
      return text;
    },
  };
}

const named = async (name: string) => ({ cert: await fixture(`${name}.pem`), key: await fixture(`${name}.key`) });

/** What sending on a flow comes to: the error's code and sentence, or "sent" once `arrived` says so. */
async function outcome(flow: Flow, arrived: () => boolean): Promise<{ code: string; message: string }> {
  let error: { code: string; message: string } | undefined;
  flow.send(Buffer.from(options("x", "TLS")), (found) => (error = found));
  await until("the message, or why not", () => error !== undefined || arrived());
  const { code, message } = error ?? { code: "sent", message: "" };
  return { code, message };
}

describe("SIP over TLS, RFC 3261 §26.2", () => {
  it("reads messages, one in two pieces too, answers by the same connection, and says what it saw", async (t) => {
    const { messages, port, next, seen } = await secure(t);
    const socket = await client(t, port);
    let came = next();
    socket.write(options("one", "TLS") + options("two", "TLS").slice(0, 50));
    await came;
    came = next();
    socket.write(options("two", "TLS").slice(50));
    await came;
    const [first] = messages;
    assert.deepEqual(
      messages.map(({ message }) => message.callId),
      ["one", "two"],
    );
    assert.equal(first?.flow.transport, "TLS");
    first.flow.send(Buffer.from("hello"));
    const [data] = (await once(socket, "data")) as [Buffer];
    assert.equal(data.toString(), "hello");
    assert.deepEqual(seen, ["in OPTIONS sip:a@b SIP/2.0", "in OPTIONS sip:a@b SIP/2.0", "out hello"]);
  });

  it("answers a keep-alive (RFC 5626 §3.5.1)", async (t) => {
    const { port } = await secure(t);
    const socket = await client(t, port);
    socket.write("\r\n\r\n");
    const [data] = (await once(socket, "data")) as [Buffer];
    assert.equal(data.toString(), "\r\n");
  });

  it("shows the fingerprint of its certificate, for others to pin", async (t) => {
    const { transport } = await secure(t);
    assert.equal(transport.fingerprint, ours.fingerprint);
  });

  it("takes TLS 1.2 and 1.3, and says of a device with an older one what is wrong with it", async (t) => {
    const { port, next, troubles } = await secure(t);
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const socket = await client(t, port, { minVersion: version, maxVersion: version });
      assert.equal(socket.getProtocol(), version);
    }
    const told = next();
    const old = tls.connect({
      port,
      host: "127.0.0.1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
      ca: ours.certificate,
      minVersion: "TLSv1",
    });
    t.after(() => void old.destroy());
    await once(old, "error");
    await told;
    assert.match(troubles[0]?.message ?? "", /127\.0\.0\.1:\d+ offers no TLS of version 1\.2 or later/);
  });

  for (const version of ["-tls1_2", "-tls1_3"])
    it(
      `says of a device that does not trust our certificate what to do (${version})`,
      { skip: without("openssl") },
      async (t) => {
        const { port, troubles } = await secure(t);
        const args = ["s_client", version, "-connect", `127.0.0.1:${port}`, "-verify_return_error", "-no-CAfile"];
        const { output } = await run("openssl", args, { input: "" });
        assert.match(output, /verify error:num=18:self.signed certificate/);
        await until("a trouble", () => troubles.length > 0);
        assert.match(troubles[0]?.message ?? "", /does not trust our certificate: load it, or the authority/);
      },
    );

  it("says of plain text what it is", async (t) => {
    const { client: plain, next, troubles } = await secure(t);
    const told = next();
    (await plain()).write(options("x"));
    await told;
    assert.match(troubles[0]?.message ?? "", /sends plain text to a port for TLS/);
  });

  it("ends a connection that is silent before its greeting, or after", async (t) => {
    const clock = new FakeClock();
    const { client: plain, port } = await secure(t, { clock });
    const before = await plain();
    before.resume();
    const after = await client(t, port);
    after.resume();
    const [first, second] = [once(before, "close"), once(after, "close")];
    await clock.advance(10_000);
    await first;
    assert.equal(after.destroyed, false);
    await clock.advance(20_000);
    await second;
  });

  it("drops a source that is not admitted before any greeting", async (t) => {
    const { client: plain, troubles, messages } = await secure(t, { admits: () => false });
    const socket = await plain();
    socket.resume();
    await once(socket, "close");
    assert.deepEqual([troubles, messages], [[], []]);
  });

  it("closes although somebody is in the middle of the greeting", async (t) => {
    const { client: plain, transport } = await secure(t);
    const socket = await plain();
    socket.resume();
    await transport.close();
    if (!socket.destroyed) await once(socket, "close");
  });
});

describe("the far side's certificate, RFC 5922", () => {
  const dial = async (t: TestContext, certificate: string, name: string, wish: Partial<TlsOptions> = {}) => {
    const { transport, troubles } = await secure(t, { ca: { pem: await fixture("ca.pem") }, ...wish });
    const far = await server(t, await named(certificate));
    const flow = transport.to({ host: "127.0.0.1", port: far.port, name });
    return { ...(await outcome(flow, () => far.text !== "")), far, flow, transport, troubles };
  };

  it("is accepted where a known authority made it for the name that was asked for", async (t) => {
    for (const name of ["localhost", "127.0.0.1", "LOCALHOST"])
      assert.equal((await dial(t, "trusted", name)).code, "sent", name);
  });

  for (const [certificate, name, code, sentence] of [
    [
      "trusted",
      "other.example",
      "tls-name",
      /^other\.example at 127\.0\.0\.1:\d+ shows a certificate made for another/,
    ],
    ["elsewhere", "localhost", "tls-name", /made for another name/],
    ["expired", "localhost", "tls-expired", /has expired/],
    [
      "camera",
      "localhost",
      "tls-untrusted",
      /self-signed certificate\. .* enter its fingerprint as pin: [0-9A-F:]{95}$/,
    ],
  ] as const)
    it(`"${certificate}" for ${name} is refused before a byte of SIP is sent`, async (t) => {
      const { far, ...found } = await dial(t, certificate, name);
      assert.equal(found.code, code);
      assert.match(found.message, sentence);
      await until("the end of the flow", () => found.flow.closed);
      assert.equal(far.text, "");
      assert.equal(found.troubles[0]?.message, found.message);
    });

  it("is refused where only another authority is known", async (t) => {
    const { code, message } = await dial(t, "trusted", "localhost", { ca: { pem: ours.certificate } });
    assert.equal(code, "tls-untrusted");
    assert.match(message, /nobody known vouches for/);
  });

  it("is accepted with its fingerprint, whoever signed it and whatever its name", async (t) => {
    const camera = (await dial(t, "camera", "localhost")).message;
    const pin = /[0-9A-F:]{95}$/.exec(camera)?.[0] ?? "";
    assert.equal((await dial(t, "camera", "door.example", { pins: [pin.toLowerCase()] })).code, "sent");
    assert.equal((await dial(t, "impostor", "door.example", { pins: [pin] })).code, "tls-untrusted");
  });

  it("may name the domain as a SIP URI (§7.1)", { skip: without("openssl") }, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "portero-tls-"));
    t.after(() => rm(folder, { recursive: true }));
    const files = ["-keyout", join(folder, "k.pem"), "-out", join(folder, "c.pem")];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-x509", "-subj", "/CN=x"];
    const made = await run("openssl", ["req", ...kind, ...files, "-addext", "subjectAltName=URI:sip:sip.example"]);
    assert.equal(made.code, 0, made.output);
    const cert = await readFile(join(folder, "c.pem"), "utf8");
    const far = await server(t, { cert, key: await readFile(join(folder, "k.pem"), "utf8") });
    const { transport } = await secure(t, { ca: { pem: cert } });
    const to = (name: string) => transport.to({ host: "127.0.0.1", port: far.port, name });
    assert.equal((await outcome(to("SIP.example"), () => far.text !== "")).code, "sent");
    assert.equal((await outcome(to("example"), () => false)).code, "tls-name");
  });

  it("is not needed of a connection that serves another name: each name has one of its own", async (t) => {
    const { transport, far, flow } = await dial(t, "trusted", "localhost");
    const to = (name?: string) =>
      transport.to({ host: "127.0.0.1", port: far.port, ...(name !== undefined && { name }) });
    assert.equal(to("localhost"), flow);
    assert.notEqual(to("127.0.0.1"), flow);
    assert.equal((await outcome(to("other.example"), () => false)).code, "tls-name");
  });

  it("was never seen on a connection that the peer made: it does not serve requests for a name", async (t) => {
    const { port, next, messages, transport } = await secure(t);
    const socket = await client(t, port);
    const came = next();
    socket.write(options("one", "TLS"));
    await came;
    const flow = messages[0]?.flow;
    assert.ok(flow);
    assert.equal(transport.to(flow.remote), flow);
    assert.notEqual(transport.to({ ...flow.remote, name: "localhost" }), flow);
  });

  it("cannot be asked of who speaks no TLS, which is said", async (t) => {
    const plain = createServer((socket) => socket.on("error", () => {}).end("SIP/2.0 400 Bad Request\r\n\r\n"));
    t.after(() => plain.close());
    await once(plain.listen(0, "127.0.0.1"), "listening");
    const { transport } = await secure(t);
    const flow = transport.to({ host: "127.0.0.1", port: (plain.address() as AddressInfo).port });
    const { code, message } = await outcome(flow, () => false);
    assert.equal(code, "tls-failed");
    assert.match(message, /agree on no encryption: does it want TCP, or another port\?/);
  });

  it("is asked for without a certificate of our own too: then nobody can connect to us", async (t) => {
    const { transport } = await listening(t, { transport: "tls", tls: { ca: { pem: await fixture("ca.pem") } } });
    assert.equal(transport.address, undefined);
    const far = await server(t, await named("trusted"));
    const flow = transport.to({ host: "127.0.0.1", port: far.port, name: "localhost" });
    assert.equal((await outcome(flow, () => far.text !== "")).code, "sent");
  });
});

describe("the certificates of who connects", () => {
  const device = makeCertificate(["door.example"], now);
  const stranger = makeCertificate(["door.example"], now);
  const shown = ({ certificate, key }: MadeCertificate) => ({ cert: certificate, key: key.reveal() });

  /** Whether a client with these options gets a message through. */
  async function isServed(t: TestContext, { port, messages, troubles }: Listening, wish: ConnectionOptions) {
    const socket = tls.connect({ host: "127.0.0.1", port, servername: "localhost", ca: ours.certificate, ...wish });
    t.after(() => void socket.destroy());
    let ended = false;
    socket
      .on("error", () => {})
      .on("close", () => (ended = true))
      .resume();
    const [before, said] = [messages.length, troubles.length];
    socket.write(options("x", "TLS"));
    await until("a message, or a trouble", () => messages.length > before || (ended && troubles.length > said));
    return messages.length > before;
  }

  it("are not asked for where verification is off", async (t) => {
    assert.equal(await isServed(t, await secure(t), shown(stranger)), true);
  });

  it("are asked for and must be the authority's where they are required", async (t) => {
    const house = await secure(t, { clients: "required", ca: { pem: device.certificate } });
    assert.equal(await isServed(t, house, shown(device)), true);
    assert.equal(await isServed(t, house, {}), false);
    assert.equal(await isServed(t, house, shown(stranger)), false);
    assert.match(house.troubles[0]?.message ?? "", /shows no certificate, which is required here/);
    assert.match(house.troubles[1]?.message ?? "", /shows a certificate that our authority did not sign/);
  });

  it("may be absent but not wrong where they are optional", async (t) => {
    const house = await secure(t, { clients: "optional", ca: { pem: device.certificate } });
    assert.equal(await isServed(t, house, {}), true);
    assert.equal(await isServed(t, house, shown(device)), true);
    assert.equal(await isServed(t, house, shown(stranger)), false);
    assert.match(house.troubles[0]?.message ?? "", /shows a certificate that our authority did not sign/);
  });

  it("are shown by us to a server that asks", async (t) => {
    const { transport } = await secure(t, { ca: { pem: await fixture("ca.pem") } });
    const wish = { requestCert: true, rejectUnauthorized: true, ca: ours.certificate };
    const far = await server(t, await named("trusted"), wish);
    const flow = transport.to({ host: "127.0.0.1", port: far.port, name: "localhost" });
    assert.equal((await outcome(flow, () => far.text !== "")).code, "sent");
  });
});

describe("a certificate in files", () => {
  async function house(t: TestContext) {
    const folder = await mkdtemp(join(tmpdir(), "portero-tls-"));
    t.after(() => rm(folder, { recursive: true }));
    const clock = new FakeClock(now);
    const put = async ({ certificate, key }: { certificate: string; key: Secret }) => {
      await writeFile(join(folder, "c.pem"), certificate);
      await writeFile(join(folder, "k.pem"), key.reveal());
    };
    await put(ours);
    const files = { certificate: { file: join(folder, "c.pem") }, key: { file: join(folder, "k.pem") } };
    const found = await secure(t, { own: files, clock });
    /** Looks twice, as it takes to see that a file has changed and rests. */
    const look = async (done: () => boolean) => {
      await until("what was put there to be seen", () => {
        void clock.advance(5_000);
        return done();
      });
    };
    const shownNow = async () => {
      const socket = tls.connect({ host: "127.0.0.1", port: found.port, rejectUnauthorized: false });
      await once(socket, "secureConnect");
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    };
    return { ...found, folder, put, look, shownNow };
  }

  it("is read again when they change, without a word to who is connected", async (t) => {
    const { put, look, shownNow, transport, port, messages, next } = await house(t);
    const socket = await client(t, port);
    let came = next();
    socket.write(options("before", "TLS"));
    await came;
    const renewed = makeCertificate(["localhost"], now);
    await put(renewed);
    await look(() => transport.fingerprint === renewed.fingerprint);
    assert.equal(await shownNow(), renewed.fingerprint);
    came = next();
    socket.write(options("still", "TLS"));
    await came;
    assert.equal(messages[1]?.message.callId, "still");
  });

  it("stays in use while the new files are broken, which is said once; then the mended ones are taken", async (t) => {
    const { put, look, shownNow, folder, troubles, transport } = await house(t);
    await writeFile(join(folder, "k.pem"), makeCertificate(["other"], now).key.reveal());
    await look(() => troubles.length > 0);
    assert.match(
      troubles[0]?.message ?? "",
      /^the key .*k\.pem does not fit the certificate of DNS:localhost.*; the certificate read before stays in use$/,
    );
    assert.equal(await shownNow(), ours.fingerprint);
    await rm(join(folder, "c.pem"));
    await look(() => troubles.length > 1);
    assert.match(
      troubles[1]?.message ?? "",
      /^the certificate .*c\.pem cannot be read: there is no such file; .* stays/,
    );
    const mended = makeCertificate(["localhost"], now);
    await put(mended);
    await look(() => transport.fingerprint === mended.fingerprint);
    assert.equal(troubles.length, 2);
  });

  it("is said to expire soon, or to have expired, and serves on", async (t) => {
    const day = 24 * 60 * 60_000;
    const clock = new FakeClock(now);
    const short = makeCertificate(["localhost"], now, 15);
    const { troubles, port } = await secure(t, { own: own(short), clock });
    assert.equal(troubles.length, 0);
    await clock.advance(2 * day);
    assert.match(
      troubles[0]?.message ?? "",
      /^the certificate for DNS:localhost expires on 2\d\d\d-\d\d-\d\d: renew it/,
    );
    await clock.advance(14 * day);
    assert.match(troubles.at(-1)?.message ?? "", /expired on 2/);
    await client(t, port, { ca: short.certificate });
  });
});
