// The thread of handshakes: what it is told gets through, and what was under way when it dies ends with a sentence.
import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { describe, it } from "node:test";
import { DtlsClient } from "werift";
import { makeCertificate } from "../../../src/certificate.ts";
import { Handshakes } from "../../../src/media/worker/webrtc/handshakes.ts";
import type { SrtpKeys } from "../../../src/media/suites.ts";

const thread = new URL("../../../src/media/worker/webrtc/handshake-thread.ts", import.meta.url);
const [ours, theirs] = [makeCertificate(["portero"], Date.now()), makeCertificate(["browser"], Date.now())];
const options = {
  ...{ certificate: ours.certificate, key: ours.key.reveal() },
  fingerprints: [{ hash: "sha256", value: theirs.fingerprint }],
} as const;

/** A browser's handshake with it; its end. */
function shake(handshakes: Handshakes): Promise<SrtpKeys | string> {
  return new Promise((resolve) => {
    const handshake = handshakes.start(options, {
      send: (datagram) => client.transport.socket.onData(datagram, ["", 0]),
      keys: (keys) => resolve(keys),
      failed: (why) => resolve(why),
    });
    const client = new DtlsClient({
      ...{ cert: theirs.certificate, key: theirs.key.reveal(), signatureHash: { hash: 4, signature: 3 } },
      ...{ srtpProfiles: [1], extendedMasterSecret: true },
      transport: {
        ...{ type: "udp", closed: false, address: { address: "", family: "", port: 0 }, onData: () => {} },
        send: (datagram) => {
          handshake.receive(datagram);
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      },
    });
    void client.connect();
  });
}

describe("the thread of handshakes", () => {
  it("makes the keys; when it dies, who waits is told, and the next handshake has another one", async (t) => {
    const threads: Worker[] = [];
    const handshakes = new Handshakes(() => {
      const made = new Worker(thread);
      threads.push(made);
      return made;
    });
    t.after(() => handshakes.end());
    handshakes.prepare();
    const keys = await shake(handshakes);
    assert.ok(typeof keys !== "string");
    assert.equal(keys.send.suite, "AES_CM_128_HMAC_SHA1_80");
    const waiting = new Promise<string>((resolve) => {
      handshakes.start(options, { send: () => {}, keys: () => {}, failed: resolve });
    });
    await threads[0]?.terminate();
    assert.match(await waiting, /^the part that speaks DTLS has stopped/);
    assert.ok(typeof (await shake(handshakes)) !== "string");
    assert.equal(threads.length, 2);
  });
});
