// DTLS-SRTP against OpenSSL as the browser: RFC 5764. What it exports must be what we send and receive with.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it, type TestContext } from "node:test";
import { makeCertificate, type MadeCertificate } from "../../../src/certificate.ts";
import { loadDtls, type DtlsMaker } from "../../../src/media/worker/webrtc/dtls.ts";
import { suites, type SrtpKeys } from "../../../src/media/suites.ts";
import { without } from "../../support/peers.ts";

const fingerprintOf = ({ fingerprint }: MadeCertificate) => ({ hash: "sha256", value: fingerprint }) as const;
type Outcome = { readonly keys: SrtpKeys } | { readonly why: string };

describe("DTLS with OpenSSL, RFC 5764", { skip: without("openssl"), timeout: 60_000 }, () => {
  let make: DtlsMaker;
  before(async () => {
    make = await loadDtls();
  });

  /** One handshake; what both ends make of it. */
  async function shake(t: TestContext, profile: string, options: { announced?: MadeCertificate; bare?: boolean } = {}) {
    const [ours, theirs] = [makeCertificate(["portero"], Date.now()), makeCertificate(["browser"], Date.now())];
    const folder = await mkdtemp(join(tmpdir(), "dtls-"));
    t.after(() => rm(folder, { recursive: true }));
    const [certificate, key] = [join(folder, "c.pem"), join(folder, "k.pem")];
    await writeFile(certificate, theirs.certificate);
    await writeFile(key, theirs.key.reveal());
    const socket = createSocket("udp4");
    t.after(() => socket.close());
    await once(socket.bind(0, "127.0.0.1"), "listening");
    let remote = 0;
    const outcome = new Promise<Outcome>((resolve) => {
      const dtls = make(
        {
          ...{ certificate: ours.certificate, key: ours.key.reveal() },
          fingerprints: [fingerprintOf(options.announced ?? theirs)],
        },
        {
          send: (datagram) => socket.send(datagram, remote, "127.0.0.1"),
          keys: (keys) => resolve({ keys }),
          failed: (why) => resolve({ why }),
        },
      );
      t.after(() => dtls.close());
      socket.on("message", (datagram, from) => {
        remote = from.port;
        dtls.receive(datagram);
      });
    });
    const length = profile.endsWith("GCM") ? 56 : 60;
    const openssl = spawn("openssl", [
      ...["s_client", "-dtls1_2", "-connect", `127.0.0.1:${socket.address().port}`, "-use_srtp", profile],
      ...["-keymatexport", "EXTRACTOR-dtls_srtp", "-keymatexportlen", String(length)],
      ...(options.bare ? [] : ["-cert", certificate, "-key", key]),
    ]);
    t.after(() => openssl.kill());
    let said = "";
    const exported = new Promise<string>((resolve) => {
      openssl.stdout.on("data", (data: Buffer) => {
        said += data.toString();
        const found = /Keying material: ([\dA-F]+)/.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    return { outcome: await outcome, exported };
  }

  for (const [profile, suite] of [
    ["SRTP_AES128_CM_SHA1_80", "AES_CM_128_HMAC_SHA1_80"],
    ["SRTP_AEAD_AES_128_GCM", "AEAD_AES_128_GCM"],
  ] as const)
    it(`both have the same keys of ${suite} (§4.2)`, async (t) => {
      const { outcome, exported } = await shake(t, profile);
      assert.ok("keys" in outcome, JSON.stringify(outcome));
      const { send, receive } = outcome.keys;
      assert.deepEqual([send.suite, receive.suite], [suite, suite]);
      const { keyBytes } = suites[suite];
      const parts = [receive, send].map(({ key }) => Buffer.from(key, "base64"));
      // The client's key, the server's key, the client's salt, the server's salt.
      const all = [...parts.map((part) => part.subarray(0, keyBytes)), ...parts.map((part) => part.subarray(keyBytes))];
      assert.equal(Buffer.concat(all).toString("hex").toUpperCase(), await exported);
    });

  it("a certificate that was not announced is refused (RFC 8122 §6.2)", async (t) => {
    const { outcome } = await shake(t, "SRTP_AEAD_AES_128_GCM", { announced: makeCertificate(["other"], Date.now()) });
    assert.match("why" in outcome ? outcome.why : "", /not the one that its description announces/);
  });

  it("who shows the announced certificate, but has not its key, is refused (RFC 5246 §7.4.8)", async () => {
    const { DtlsClient } = await import("werift");
    const [ours, shown, other] = ["portero", "browser", "somebody"].map((name) => makeCertificate([name], Date.now()));
    assert.ok(ours && shown && other);
    const pipe = { type: "udp", closed: false, address: { address: "", family: "", port: 0 }, onData: () => {} };
    const outcome = await new Promise<Outcome>((resolve) => {
      const server = make(
        { certificate: ours.certificate, key: ours.key.reveal(), fingerprints: [fingerprintOf(shown)] },
        {
          send: (datagram) => setImmediate(() => client.transport.socket.onData(datagram, ["", 0])),
          keys: (keys) => resolve({ keys }),
          failed: (why) => resolve({ why }),
        },
      );
      const send = (datagram: Buffer) => Promise.resolve(void setImmediate(() => server.receive(datagram)));
      const client = new DtlsClient({
        ...{ cert: shown.certificate, key: other.key.reveal(), signatureHash: { hash: 4, signature: 3 } },
        ...{ srtpProfiles: [7], extendedMasterSecret: true },
        transport: { ...pipe, send, close: () => Promise.resolve() },
      });
      void client.connect();
    });
    assert.match("why" in outcome ? outcome.why : "", /does not have the key of its certificate/);
  });

  it("who has no suite of ours is refused", async (t) => {
    const { outcome } = await shake(t, "SRTP_AES128_CM_SHA1_32");
    assert.match("why" in outcome ? outcome.why : "", /no DTLS connection|no suite of SRTP/);
  });
});
