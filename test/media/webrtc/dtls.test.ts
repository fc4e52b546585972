// DTLS-SRTP against OpenSSL as the browser: RFC 5764. What it exports must be what we send and receive with.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createECDH } from "node:crypto";
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
import { seeded } from "../seeded.ts";

const fingerprintOf = ({ fingerprint }: MadeCertificate) => ({ hash: "sha256", value: fingerprint }) as const;
type Outcome = { readonly keys: SrtpKeys } | { readonly why: string };

describe("DTLS with OpenSSL, RFC 5764", { skip: without("openssl") }, () => {
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

  /** A handshake with werift as the browser, whose datagrams `change` may change on their way. */
  async function inMemory(
    { shown, key = shown, profile = 7 }: { shown: MadeCertificate; key?: MadeCertificate; profile?: 1 | 2 | 7 },
    change: (datagram: Buffer) => Buffer[] = (datagram) => [datagram],
    over = new Promise<undefined>(() => {}),
    afterwards: (receive: (datagram: Buffer) => void, answers: () => number) => Promise<void> = () => Promise.resolve(),
  ): Promise<Outcome | undefined> {
    const { DtlsClient } = await import("werift");
    const ours = makeCertificate(["portero"], Date.now());
    const pipe = { type: "udp", closed: false, address: { address: "", family: "", port: 0 }, onData: () => {} };
    let [ended, answers] = [false, 0];
    let late = () => Promise.resolve();
    let end = () => {};
    const outcome = new Promise<Outcome>((resolve) => {
      const server = make(
        { certificate: ours.certificate, key: ours.key.reveal(), fingerprints: [fingerprintOf(shown)] },
        {
          send: (datagram) => {
            answers++;
            setImmediate(() => {
              if (!ended) client.transport.socket.onData(datagram, ["", 0]);
            });
          },
          keys: (keys) => resolve({ keys }),
          failed: (why) => resolve({ why }),
        },
      );
      const send = (datagram: Buffer) => {
        setImmediate(() => change(datagram).forEach((one) => server.receive(one)));
        return Promise.resolve();
      };
      const client = new DtlsClient({
        ...{ cert: shown.certificate, key: key.key.reveal(), signatureHash: { hash: 4, signature: 3 } },
        ...{ srtpProfiles: [profile as 1 | 7], extendedMasterSecret: true },
        transport: { ...pipe, send, close: () => Promise.resolve() },
      });
      client.connect().catch(() => {});
      const receive = (datagram: Buffer) => server.receive(datagram);
      late = () => afterwards(receive, () => answers);
      end = () => {
        ended = true;
        server.close();
        // It would go on sending what it said last.
        client.dtls.flight = 99;
      };
    });
    const found = await Promise.race([outcome, over]);
    await late();
    end();
    return found;
  }

  const turns = async () => {
    for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve));
    return undefined;
  };
  const record = (...[type, body]: [number, Buffer]) => {
    const head = Buffer.from([type, 254, 253, 0, 0, 0, 0, 0, 0, 9, 9, 0, 0]);
    head.writeUInt16BE(body.length, 11);
    return Buffer.concat([head, body]);
  };
  /** The handshake message of that type in a datagram, where it is the first of a record. */
  function messageOf(datagram: Buffer, type: number): Buffer | undefined {
    for (let at = 0; at + 25 < datagram.length; at += 13 + datagram.readUInt16BE(at + 11))
      if (datagram[at] === 22 && datagram.readUInt16BE(at + 3) === 0 && datagram[at + 13] === type)
        return Buffer.from(datagram.subarray(at + 13, at + 13 + datagram.readUInt16BE(at + 11)));
    return undefined;
  }

  it("who shows the announced certificate, but has not its key, is refused (RFC 5246 §7.4.8)", async () => {
    const [shown, key] = [makeCertificate(["browser"], Date.now()), makeCertificate(["somebody"], Date.now())];
    const outcome = await inMemory({ shown, key });
    assert.match(outcome && "why" in outcome ? outcome.why : "", /does not have the key of its certificate/);
  });

  it("late copies change nothing, not even of the hello that began it (RFC 6347 §4.2)", async () => {
    let hello: Buffer | undefined;
    const outcome = await inMemory({ shown: makeCertificate(["browser"], Date.now()) }, (datagram) => {
      hello ??= Buffer.from(datagram);
      return [datagram, hello, datagram].map((one) => Buffer.from(one));
    });
    assert.ok(outcome && "keys" in outcome, JSON.stringify(outcome));
  });

  it("no changed datagram comes out of it as an error", async () => {
    const random = seeded(60);
    const shown = makeCertificate(["browser"], Date.now());
    const astray: unknown[] = [];
    const stray = (reason: unknown) => void astray.push(reason);
    process.on("unhandledRejection", stray);
    let twisted = 0;
    const twist = (datagram: Buffer): Buffer => {
      twisted++;
      const length = random(3) === 0 ? random(datagram.length) + 1 : datagram.length;
      const other = Buffer.from(datagram.subarray(0, length));
      for (let times = random(4) + 1; times > 0; times--) other.writeUInt8(random(256), random(length));
      return other;
    };
    // The first few come through as they are, so that it gets further before it is disturbed.
    for (let round = 0; round < 40; round++) {
      let whole = round % 6;
      const change = (datagram: Buffer) =>
        whole-- > 0 ? [datagram] : Array.from({ length: 40 }, () => twist(datagram));
      await inMemory({ shown }, change, turns());
    }
    process.off("unhandledRejection", stray);
    assert.deepEqual(astray, []);
    assert.ok(twisted > 1500, String(twisted));
  });

  it("keys that somebody in between exchanges besides those of the browser change nothing (RFC 5246 §7.4.7)", async () => {
    let forged = 0;
    const outcome = await inMemory({ shown: makeCertificate(["browser"], Date.now()) }, (datagram) => {
      const exchange = messageOf(datagram, 16);
      if (!exchange) return [datagram];
      forged++;
      const mine = exchange.length === 12 + 33 ? Buffer.alloc(32, 9) : createECDH("prime256v1").generateKeys();
      mine.copy(exchange, 13);
      exchange.writeUInt16BE(9, 4);
      return [datagram, record(22, exchange)];
    });
    assert.equal(forged, 1);
    assert.ok(outcome && "keys" in outcome, JSON.stringify(outcome));
  });

  it("a hello that is forged, or asks for what we have not, fails nothing", async () => {
    let forged = 0;
    const outcome = await inMemory({ shown: makeCertificate(["browser"], Date.now()) }, (datagram) => {
      const hello = messageOf(datagram, 1);
      const suite = hello?.indexOf("c02b", "hex") ?? -1;
      if (!hello || suite < 0 || forged > 0) return [datagram];
      forged++;
      hello.writeUInt16BE(0, suite);
      return [record(22, hello), datagram];
    });
    assert.equal(forged, 1);
    assert.ok(outcome && "keys" in outcome, JSON.stringify(outcome));
  });

  it("is done with the first: no other hello is answered, and its last flight only a few times", async () => {
    let [hello, last]: (Buffer | undefined)[] = [];
    const outcome = await inMemory(
      { shown: makeCertificate(["browser"], Date.now()) },
      (datagram) => {
        hello ??= messageOf(datagram, 1);
        last = Buffer.from(datagram);
        return [datagram];
      },
      undefined,
      async (receive, answers) => {
        const before = answers();
        receive(Buffer.concat([record(20, Buffer.from([1])), record(22, hello ?? assert.fail())]));
        await turns();
        assert.equal(answers(), before);
        for (let times = 0; times < 500; times++) receive(Buffer.from(last ?? assert.fail()));
        await turns();
        const again = answers() - before;
        assert.ok(again > 0 && again <= 100, String(again));
      },
    );
    assert.ok(outcome && "keys" in outcome, JSON.stringify(outcome));
  });

  it("who has no suite of ours gets no keys", async () => {
    const outcome = await inMemory({ shown: makeCertificate(["browser"], Date.now()), profile: 2 }, undefined, turns());
    assert.equal(outcome, undefined);
  });
});
