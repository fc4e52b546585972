// X8: Chromium as a media peer: what its microphone hears arrives at a bell, and it plays what the bell says and shows.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { Media } from "../../src/media/media.ts";
import type { MediaSession } from "../../src/media/session.ts";
import { Chromium } from "../editor/browser.ts";
import { Phone } from "../media/phone.ts";
import { levelOf, tone } from "../media/tone.ts";
import { sine, wav } from "../media/wav.ts";
import { encodeA } from "../../src/media/g711.ts";
import { freePorts } from "../support/ports.ts";
import { until } from "../support/patience.ts";
import { thePeer, without } from "../support/peers.ts";
import { Child } from "../support/processes.ts";
import { prepare, talking, type Talk } from "./talk-page.ts";

/** What the microphone hears, and what the bell says; in hertz. */
const [microphone, voice] = [1000, 440];
const frame = 160;

describe("X8 Chromium as a media peer", { skip: without("chromium-headless-shell", "ffmpeg") }, () => {
  let chromium: Chromium;
  let media: Media;
  let folder: string;
  let origin: string;
  const server = createServer((_request, response) => {
    response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><link rel=icon href=data:,>");
  });
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "portero-talk-"));
    const file = join(folder, "microphone.wav");
    await writeFile(file, wav(sine(microphone, 2, 48_000), { rate: 48_000 }));
    await once(server.listen(0, "127.0.0.1"), "listening");
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    [chromium, media] = await Promise.all([
      Chromium.start(talking(file)),
      Media.start({ bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] }),
    ]);
  });
  after(async () => {
    server.close();
    await Promise.all([chromium.close(), media.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  async function page(t: TestContext): Promise<Page> {
    const { page: made } = await chromium.open();
    t.after(() => made.close());
    await made.goto(origin);
    await made.evaluate(prepare);
    return made;
  }

  /** A bell with a voice, until the test ends, and a camera where it has one. */
  async function bell(t: TestContext, video?: number) {
    const phone = await Phone.open(7);
    const session = await media.open();
    const more =
      video === undefined
        ? []
        : [
            `m=video ${video} RTP/AVP 96`,
            "a=rtpmap:96 H264/90000",
            "a=fmtp:96 packetization-mode=1;profile-level-id=4d401e",
          ];
    const offer = phone.sdp("8 101", "a=rtpmap:101 telephone-event/8000", ...more);
    session.receiveOffer(offer);
    const samples = Uint8Array.from(tone(voice, 8000, 8000), encodeA);
    let at = 0;
    const timer = setInterval(() => {
      const port = Number(/^m=audio (\d+)/m.exec(answered)?.[1]);
      for (let n = 0; n < 2 && port > 0; n++) {
        const from = (at++ * frame) % samples.length;
        void phone.send(port, 8, samples.subarray(from, from + frame));
      }
    }, 40);
    let answered = "m=audio 0";
    t.after(async () => {
      clearInterval(timer);
      phone.rtp.close();
      phone.rtcp.close();
      await session.close();
    });
    const answer = (towards?: MediaSession) => (answered = session.answer(towards));
    return { phone, session, answer, offer };
  }

  const hears = (made: Page) =>
    made.waitForFunction((hertz) => (window as unknown as { talk: Talk }).talk.level(hertz) > -50, voice);
  const isHeard = async (phone: Phone) => {
    const before = phone.received.length;
    await phone.heard(before + 60);
    const samples = phone.samples().slice(-50 * frame);
    assert.ok(levelOf(samples, microphone) > -30, `${levelOf(samples, microphone)} dB`);
    assert.ok(levelOf(samples, microphone) - levelOf(samples, 700) > 20, "and nothing else");
  };

  /** An answered call: the bell's session and the browser's, joined. */
  async function talk(t: TestContext, made: Page, visitor: Awaited<ReturnType<typeof bell>>) {
    const { session, answer } = visitor;
    const browser = await media.open(session);
    t.after(() => browser.close());
    browser.webrtc = "required";
    browser.receiveAnswer(
      await made.evaluate((text) => (window as unknown as { talk: Talk }).talk.answer(text), browser.offer(session)),
    );
    answer(browser);
    media.bridge(session, browser);
    return browser;
  }
  const rehears = async (made: Page, browser: MediaSession, offer: string) =>
    browser.receiveAnswer(
      await made.evaluate((text) => (window as unknown as { talk: Talk }).talk.answer(text), offer),
    );

  it("hears the bell and is heard, through a hold, and its digits arrive (RFC 4733)", async (t) => {
    const [made, visitor] = await Promise.all([page(t), bell(t)]);
    const browser = await talk(t, made, visitor);
    await hears(made);
    await isHeard(visitor.phone);
    assert.equal(browser.encrypted, "AEAD_AES_128_GCM");
    const digit = once(browser, "digit");
    browser.hearDigits({ events: "keep", tones: "ignore" });
    await made.evaluate(() => {
      const { pc } = (window as unknown as { talk: Talk }).talk;
      pc.getSenders()[0]?.dtmf?.insertDTMF("7", 100);
    });
    assert.equal(((await digit) as [{ digit: string }])[0].digit, "7");
    await rehears(made, browser, browser.offer(undefined, "sendonly"));
    assert.equal(browser.agreed("audio")?.direction, "sendonly");
    await rehears(made, browser, browser.offer(undefined, "sendrecv"));
    const before = visitor.phone.received.length;
    await visitor.phone.heard(before + 10);
    const stats = await browser.stats();
    assert.ok(stats.received > 0 && stats.sent > 0 && /^127\.0\.0\.1:/.test(stats.remote ?? ""), JSON.stringify(stats));
  });

  /** Runs until the test ends: H.264 in a profile that browsers do not name, a key frame each ten seconds. */
  async function camera(t: TestContext, port: number, from: number): Promise<void> {
    const child = new Child(thePeer("ffmpeg"), [
      ...["-hide_banner", "-nostdin", "-loglevel", "info", "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25"],
      ...[
        "-c:v",
        "libx264",
        "-profile:v",
        "main",
        "-tune",
        "zerolatency",
        "-g",
        "250",
        "-pix_fmt",
        "yuv420p",
        "-payload_type",
        "96",
      ],
      ...["-f", "rtp", `rtp://127.0.0.1:${port}?localrtpport=${from}&pkt_size=1200`],
    ]);
    t.after(() => child.end());
    await child.line(/^SDP:/);
  }

  it("sees the bell's camera soon after it answers, seconds after its key frame, in its own profile", async (t) => {
    const [from = 0] = await freePorts(1);
    const [made, visitor] = await Promise.all([page(t), bell(t, from)]);
    const early = visitor.answer();
    await camera(t, Number(/^m=video (\d+)/m.exec(early)?.[1]), from);
    await until("the camera's packets", async () => ((await visitor.session.stats()).video?.received ?? 0) >= 25);
    visitor.session.receiveOffer(visitor.offer);
    const started = Date.now();
    await talk(t, made, visitor);
    await made.waitForFunction(() => (window as unknown as { talk: Talk }).talk.video.videoWidth > 0);
    t.diagnostic(`first picture after ${Date.now() - started} ms`);
    const frames = () => made.evaluate(() => (window as unknown as { talk: Talk }).talk.frames());
    const first = await frames();
    await made.waitForFunction(
      async (count) => (await (window as unknown as { talk: Talk }).talk.frames()) > count + 10,
      first,
    );
    assert.equal(await made.evaluate(() => (window as unknown as { talk: Talk }).talk.video.videoWidth), 320);
  });

  it("calls, and is answered as it has asked", async (t) => {
    const [from = 0] = await freePorts(1);
    const [made, visitor] = await Promise.all([page(t), bell(t, from)]);
    const browser = await media.open();
    t.after(() => browser.close());
    browser.receiveOffer(await made.evaluate(() => (window as unknown as { talk: Talk }).talk.call()));
    visitor.answer();
    const sdp = browser.answer(visitor.session);
    await made.evaluate((text) => (window as unknown as { talk: Talk }).talk.answered(text), sdp);
    visitor.session.receiveOffer(visitor.offer);
    visitor.answer(browser);
    media.bridge(visitor.session, browser);
    await hears(made);
    assert.match(sdp, /m=video \d{4,} UDP\/TLS\/RTP\/SAVPF \d+\r/);
  });

  it("is cut off where its certificate is not the one that its answer announced", async (t) => {
    const [made, visitor] = await Promise.all([page(t), bell(t)]);
    const browser = await media.open(visitor.session);
    browser.webrtc = "required";
    const sdp = await made.evaluate(
      (text) => (window as unknown as { talk: Talk }).talk.answer(text),
      browser.offer(visitor.session),
    );
    browser.receiveAnswer(sdp.replace(/(fingerprint:sha-256 )../, "$100"));
    visitor.answer(browser);
    media.bridge(visitor.session, browser);
    const [stats] = (await once(browser, "closed")) as [{ received: number; sent: number }];
    assert.deepEqual([stats.received, stats.sent], [0, 0]);
    assert.match(browser.lost, /not the one that its description announces/);
    assert.equal(visitor.phone.received.length, 0);
  });

  it("is not found without the password of its answer: nothing is sent to it", async (t) => {
    const [made, visitor] = await Promise.all([page(t), bell(t)]);
    const browser = await media.open(visitor.session);
    t.after(() => browser.close());
    browser.webrtc = "required";
    const offer = browser.offer(visitor.session);
    const other = offer.replace(/(a=ice-pwd:)......../g, "$1AAAAAAAA");
    browser.receiveAnswer(
      await made.evaluate((text) => (window as unknown as { talk: Talk }).talk.answer(text), other),
    );
    visitor.answer(browser);
    media.bridge(visitor.session, browser);
    await made.waitForFunction(async () => {
      let asked = 0;
      (await (window as unknown as { talk: Talk }).talk.pc.getStats()).forEach(
        (one: { type: string; requestsSent?: number }) => {
          if (one.type === "candidate-pair") asked += one.requestsSent ?? 0;
        },
      );
      return asked > 5;
    });
    const { received, sent, remote } = await browser.stats();
    assert.deepEqual([received, sent, remote], [0, 0, undefined]);
  });
});
