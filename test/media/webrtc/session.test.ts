// X8: what the worker is told of a leg to a browser, and what becomes of what it tells.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import type { Worker } from "node:worker_threads";
import { beforeEach, describe, it } from "node:test";
import { Media } from "../../../src/media/media.ts";
import type { MediaSession, MediaStats } from "../../../src/media/media.ts";
import type { FromWorker, ToWorker } from "../../../src/media/worker/messages.ts";
import { settle } from "../../support/clock.ts";

/** A worker that does what it is told at once, and remembers it. */
class FakeWorker extends EventEmitter {
  readonly told: ToWorker[] = [];
  #port = 40_000;
  postMessage(messages: readonly ToWorker[]): void {
    this.told.push(...messages);
    for (const message of messages) {
      if (message.type === "want") {
        const ports = Array.from({ length: message.pairs }, () => (this.#port += 2));
        this.tell({ type: "ports", ports, wanted: message.pairs });
      } else if (message.type === "close")
        this.tell({ type: "closed", session: message.session, counts: { received: 0, sent: 0 } });
    }
  }
  tell(message: FromWorker): void {
    setImmediate(() => this.emit("message", [message]));
  }
  terminate(): Promise<number> {
    this.emit("exit", 1);
    return Promise.resolve(1);
  }
}

const bellOffer = [
  ...["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", "m=audio 4000 RTP/AVP 8"],
  ...["m=video 4002 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1", ""],
].join("\r\n");
const way = [
  ...["c=IN IP4 0.0.0.0", "a=ice-ufrag:F7gI", "a=ice-pwd:x9cml/YzichV2+XlhiMu8gAA", "a=rtcp-mux", "a=setup:active"],
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "D1").join(":")}`,
];
const answer = (video = 9) =>
  [
    ...["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE audio video"],
    ...["m=audio 9 UDP/TLS/RTP/SAVPF 8", ...way, "a=mid:audio"],
    ...[`m=video ${video} UDP/TLS/RTP/SAVPF 96`, ...way, "a=mid:video", "a=rtpmap:96 H264/90000"],
    ...["a=fmtp:96 packetization-mode=1", "a=recvonly", ""],
  ].join("\r\n");

describe("X8 a leg to a browser", () => {
  let worker: FakeWorker;
  let media: Media;
  let browser: MediaSession;
  const told = <T extends ToWorker["type"]>(type: T) =>
    worker.told.flatMap((one) => (one.type === type ? [one as Extract<ToWorker, { type: T }>] : []));

  beforeEach(async () => {
    worker = new FakeWorker();
    worker.tell({ type: "ready" });
    media = await Media.start(
      { bind: "192.0.2.9", advertise: "192.0.2.9", ports: [40_000, 40_999] },
      { spawn: () => worker as unknown as Worker },
    );
    const bell = await media.open();
    bell.receiveOffer(bellOffer);
    browser = await media.open(bell);
    browser.webrtc = "required";
    browser.offer(bell);
  });

  it("has the worker make ready for browsers with the first offer to one, once", async () => {
    const other = await media.open();
    other.webrtc = "required";
    other.offer();
    await settle();
    assert.equal(told("browsers").length, 1);
  });

  it("has one port for sound and video, and gives back the one that was kept for the video", async () => {
    browser.receiveAnswer(answer());
    await settle();
    const remotes = told("remote").filter(({ session }) => session === browser.number);
    const [first = assert.fail()] = remotes;
    assert.deepEqual(
      remotes.map(({ kind, port }) => [kind, port]),
      [
        ["audio", first.port],
        ["video", first.port],
      ],
    );
    assert.equal(first.remote.way?.remote.ufrag, "F7gI");
    assert.match(first.remote.way.certificate, /BEGIN CERTIFICATE/);
    const [released] = told("release");
    assert.deepEqual([told("release").length, released?.kind], [1, "video"]);
    assert.ok(released && released.port > 0 && released.port !== first.port);
    await browser.close();
    assert.deepEqual(told("close").at(-1)?.ports, []);
  });

  it("gives up its video in a later answer, and keeps the port of its sound", async () => {
    browser.receiveAnswer(answer());
    browser.offer();
    browser.receiveAnswer(answer(0));
    await settle();
    assert.deepEqual(
      told("release").map(({ kind, port }) => [kind, port > 0]),
      [
        ["video", true],
        ["video", false],
      ],
    );
  });

  it("is encrypted once the browser has shown who it is", async () => {
    browser.receiveAnswer(answer());
    assert.equal(browser.encrypted, undefined);
    worker.tell({ type: "secured", session: browser.number, suite: "AEAD_AES_128_GCM" });
    await settle();
    assert.equal(browser.encrypted, "AEAD_AES_128_GCM");
  });

  it("ends with a sentence where the browser is not who it says, and where the worker dies", async () => {
    browser.receiveAnswer(answer());
    worker.tell({ type: "unsecured", session: browser.number, why: "it showed no certificate" });
    const [stats] = (await once(browser, "closed")) as [MediaStats];
    assert.equal(stats.received, 0);
    assert.equal(browser.lost, "The browser cannot be talked with: it showed no certificate.");
    const another = await media.open();
    another.webrtc = "required";
    const lost = once(another, "closed");
    media.on("down", () => {});
    worker.emit("exit", 1);
    await lost;
    assert.equal(another.lost, "the sound of the call was lost");
  });
});
