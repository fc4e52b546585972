import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import tls from "node:tls";
import { inspect } from "node:util";
import { makeCertificate, type MadeCertificate } from "../src/certificate.ts";
import { without } from "./support/peers.ts";
import { run } from "./support/processes.ts";

const now = Date.now();
const names = ["portero.local", "localhost", "127.0.0.1", "2001:db8::1:2"];

async function inFolder<T>(t: TestContext, { certificate, key }: MadeCertificate, use: (folder: string) => Promise<T>) {
  const folder = await mkdtemp(join(tmpdir(), "portero-certificate-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "c.pem"), certificate);
  await writeFile(join(folder, "k.pem"), key.reveal());
  return use(folder);
}

const openssl = async (...args: string[]) => {
  const { code, output } = await run("openssl", args, { input: "" });
  assert.equal(code, 0, output);
  return output;
};

describe("a certificate made here, RFC 5280", () => {
  it("is for the names and addresses given, from yesterday on for two years", () => {
    const { certificate, fingerprint } = makeCertificate(names, now);
    const read = new X509Certificate(certificate);
    // The last one is for devices that compare names only; Mozilla ends its search at a name that is none, and so it is last.
    assert.equal(
      read.subjectAltName,
      "DNS:portero.local, DNS:localhost, IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:1:2, DNS:127.0.0.1",
    );
    assert.equal(read.subject, "CN=portero.local");
    assert.equal(read.ca, false);
    assert.ok(read.verify(read.publicKey), "its own signature");
    assert.equal(read.fingerprint256, fingerprint);
    const day = 24 * 60 * 60_000;
    assert.ok(Math.abs(Date.parse(read.validFrom) - (now - day)) < 1000);
    assert.ok(Math.abs(Date.parse(read.validTo) - (now + 730 * day)) < 1000);
  });

  it("is another one each time, and its key does not show", () => {
    const [one, two] = [makeCertificate(names, now), makeCertificate(names, now)];
    assert.notEqual(
      new X509Certificate(one.certificate).serialNumber,
      new X509Certificate(two.certificate).serialNumber,
    );
    assert.notEqual(one.key.reveal(), two.key.reveal());
    assert.doesNotMatch(`${inspect(one)} ${JSON.stringify(one)}`, /PRIVATE/);
  });

  it("may last beyond 2049, where time is written otherwise (§4.1.2.5)", () => {
    const { certificate } = makeCertificate(["a"], Date.UTC(2049, 11, 31, 12), 365);
    assert.match(new X509Certificate(certificate).validFrom, /Dec 30 12:00:00 2049/);
    assert.match(new X509Certificate(certificate).validTo, /Dec 31 12:00:00 2050/);
  });

  for (const [name, wanted] of [
    ["my house", /"my house" is neither a host name nor an IP address/],
    ["-a.example", /neither/],
    ["*.example.com", /neither/],
    ["a..b", /neither/],
  ] as const)
    it(`is not made for "${name}"`, () => {
      assert.throws(() => makeCertificate(["fine.example", name], now), { code: "invalid", message: wanted });
    });

  it("is not made for nobody", () => {
    assert.throws(() => makeCertificate([], now), { code: "invalid", message: /enter a host name or an IP address/ });
  });

  it("serves node as both sides' trust: name and chain are in order", async (t) => {
    const { certificate: cert, key } = makeCertificate(names, now);
    const server = tls
      .createServer({ cert, key: key.reveal() }, (socket) => socket.end("hello"))
      .listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    for (const [servername, authorized] of [
      ["localhost", true],
      ["elsewhere.example", false],
    ] as const) {
      const socket = tls.connect({ port, host: "127.0.0.1", servername, ca: cert, rejectUnauthorized: false });
      await once(socket, "secureConnect");
      assert.equal(socket.authorized, authorized);
      socket.destroy();
    }
  });

  it("is found in order by OpenSSL, which also connects", { skip: without("openssl") }, async (t) => {
    await inFolder(t, makeCertificate(names, now), async (folder) => {
      const [cert, key] = [join(folder, "c.pem"), join(folder, "k.pem")];
      const text = await openssl("x509", "-in", cert, "-noout", "-text");
      assert.match(text, /Version: 3/);
      assert.match(text, /id-ecPublicKey[\s\S]*P-256/);
      assert.match(text, /Basic Constraints: critical\s+CA:FALSE/);
      assert.match(text, /Key Usage: critical\s+Digital Signature/);
      assert.match(text, /TLS Web Server Authentication, TLS Web Client Authentication/);
      assert.match(text, /DNS:portero\.local, DNS:localhost, IP Address:127\.0\.0\.1, IP Address:2001:DB8/);
      assert.match(await openssl("verify", "-x509_strict", "-CAfile", cert, cert), /OK/);
      assert.match(await openssl("pkey", "-in", key, "-check", "-noout"), /valid/);
      const server = tls
        .createServer({ cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") }, (socket) => {
          socket.on("error", () => {}).end("hello\n");
        })
        .listen(0, "127.0.0.1");
      t.after(() => server.close());
      await once(server, "listening");
      const place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const client = ["s_client", "-connect", place, "-CAfile", cert, "-verify_return_error", "-tls1_2"];
      assert.match(await openssl(...client, "-verify_ip", "127.0.0.1"), /Verify return code: 0 \(ok\)/);
      const { output } = await run("openssl", [...client, "-verify_hostname", "elsewhere.example"], { input: "" });
      assert.match(output, /hostname mismatch/i);
    });
  });
});
