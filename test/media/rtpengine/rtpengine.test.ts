// The engine on a clock that stands still, beside an rtpengine that says what the test wants. The real one: test/peers.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { PorteroError } from "../../../src/errors.ts";
import { Media, MediaSession } from "../../../src/media/media.ts";
import { Rtpengine } from "../../../src/media/rtpengine/rtpengine.ts";
import { textAt, type Dictionary } from "../../../src/media/rtpengine/bencode.ts";
import type { Log } from "../../../src/log.ts";
import { masterKey } from "../srtp/keys.ts";
import { FakeClock, settle } from "../../support/clock.ts";
import { Stub, type Sent } from "./stub.ts";

const isCode = (code: string) => (error: unknown) => error instanceof PorteroError && error.code === code;
const one = { host: "10.0.0.1", port: 2223 };
const two = { host: "10.0.0.2", port: 2223 };
const theirs = (port: number, direction = "sendrecv") =>
  `v=0\r\no=- 1 1 IN IP4 192.168.1.9\r\ns=-\r\nc=IN IP4 192.168.1.9\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8\r\na=${direction}\r\n`;

describe("the second engine", () => {
  let clock: FakeClock;
  let stub: Stub;
  let media: Rtpengine;
  let down: string[];
  /** Packets that came, by tag. */
  let came: Map<string, number>;
  /** Servers that say nothing. */
  let mute: Set<string>;

  const stream = (packets: number): Dictionary => ({
    flags: ["RTP"],
    endpoint: { address: "192.168.1.9", port: 4000 },
    stats: { packets },
  });

  function answer({ to, request }: Sent): Dictionary | undefined {
    if (mute.has(to)) return undefined;
    const { command } = request;
    // What it describes is where the other side finds it.
    const tag = textAt(request, command === "offer" ? "to-tag" : "from-tag");
    const port = 30_000 + 10 * (Number.parseInt(tag, 10) || 0);
    if (command === "ping") return { result: "pong" };
    if (command === "offer" || command === "answer")
      return {
        result: "ok",
        sdp: `v=0\r\no=- 1 1 IN IP4 ${to}\r\ns=-\r\nc=IN IP4 ${to}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8\r\nm=video ${port + 2} RTP/AVP 96\r\n`,
      };
    const asked = textAt(request, "from-tag");
    return {
      result: "ok",
      tags: { [asked]: { medias: [{ type: "audio", streams: [stream(came.get(asked) ?? 0)] }] } },
    };
  }

  beforeEach(() => {
    [clock, stub, down] = [new FakeClock(), new Stub(), []];
    came = new Map();
    mute = new Set();
    stub.answer = answer;
    media = new Rtpengine({ servers: [one, two] }, { clock, dial: stub.dial, prefix: "test" });
    media.on("down", ({ message }) => down.push(message));
  });
  afterEach(async () => {
    const closed = media.close();
    await clock.advance(5000);
    await closed;
    assert.deepEqual([clock.pending, media.sessions], [0, 0]);
  });

  /** Two that talk. */
  async function talking(): Promise<[MediaSession, MediaSession]> {
    const bell = await media.open();
    const phone = await media.open(bell);
    bell.receiveOffer(theirs(4000));
    phone.offer(bell);
    phone.receiveAnswer(theirs(4002));
    bell.answer(phone);
    media.bridge(bell, phone);
    await settle();
    return [bell, phone];
  }

  it("writes the address and ports of rtpengine into our own descriptions, whatever address we are known by", async () => {
    const session = await media.open();
    session.advertise = "192.168.1.1";
    assert.match(session.offer(), /^c=IN IP4 10\.0\.0\.1\r\n[\s\S]*^m=audio 30010 RTP\/AVP 8 0 101\r\n/m);
  });

  it("opens a leg where the one is that it is to talk with", async () => {
    await talking();
    const [first, second] = stub.asked("offer");
    assert.deepEqual([first?.request["call-id"], first?.to], [second?.request["call-id"], second?.to]);
    assert.equal(stub.asked("answer").length, 1);
  });

  it("tells nothing of what a peer wrote but addresses, codecs and directions", async () => {
    const bell = await media.open();
    const phone = await media.open(bell);
    bell.receiveOffer(theirs(4000).replace("s=-", "s=secret").replace("a=", "a=tool:secret\r\na="));
    phone.offer(bell);
    phone.receiveAnswer(theirs(4002));
    bell.answer(phone);
    media.bridge(bell, phone);
    await settle();
    assert.ok(!JSON.stringify(stub.sent).includes("secret"));
  });

  it("goes to the second server where the first does not answer, and back when it does", async () => {
    mute.add(one.host);
    const opened = media.open();
    await clock.advance(2500);
    const session = await opened;
    assert.match(session.offer(), /c=IN IP4 10\.0\.0\.2/);
    assert.deepEqual(down, [
      "The rtpengine at 10.0.0.1:2223 does not answer: calls are carried by the one at 10.0.0.2:2223.",
    ]);
    // It is known by now: nobody waits for it again.
    assert.match((await media.open()).offer(), /c=IN IP4 10\.0\.0\.2/);
    mute.clear();
    await clock.advance(5000);
    assert.match((await media.open()).offer(), /c=IN IP4 10\.0\.0\.1/);
  });

  it("says so at once where none is there, and looks again for each call", async () => {
    mute.add(one.host).add(two.host);
    await clock.advance(5000 + 2500);
    const failed = assert.rejects(media.open(), (error: unknown) => {
      assert.ok(isCode("media-down")(error));
      return /10\.0\.0\.1:2223 .* 10\.0\.0\.2:2223 /.test(String(error));
    });
    await clock.advance(2500);
    await failed;
    assert.match(down.at(-1) ?? "", /no call has sound until one is started/);
    mute.clear();
    await media.open();
  });

  it("asks the next server where one refuses, for want of ports", async () => {
    stub.answer = (sent) =>
      sent.to === one.host && sent.request["command"] === "offer"
        ? { result: "error", "error-reason": "Ran out of ports" }
        : answer(sent);
    assert.match((await media.open()).offer(), /c=IN IP4 10\.0\.0\.2/);
  });

  it("ends what a server carried that has ended", async () => {
    const [bell, phone] = await talking();
    const closed: string[] = [];
    for (const session of [bell, phone]) session.on("closed", () => closed.push(session.id));
    stub.refuse(one.host);
    assert.deepEqual(closed, [bell.id, phone.id]);
    assert.equal(media.sessions, 0);
    await bell.close();
  });

  it("ends a call whose server is silent for two polls, not for one", async () => {
    const [bell] = await talking();
    let lost = false;
    bell.on("closed", () => (lost = true));
    mute.add(one.host);
    await clock.advance(5000 + 2500);
    mute.clear();
    await clock.advance(5000);
    assert.equal(lost, false);
    mute.add(one.host);
    await clock.advance(3 * 5000);
    assert.equal(lost, true);
  });

  it("ends a call that its server does not know any more", async () => {
    const [bell] = await talking();
    let lost = false;
    bell.on("closed", () => (lost = true));
    stub.answer = (sent) =>
      sent.request["command"] === "query" ? { result: "error", "error-reason": "Unknown call-id" } : answer(sent);
    await clock.advance(5000);
    assert.equal(lost, true);
  });

  for (const moved of ["offer", "answer"])
    it(`ends a call of which a server that began anew has moved a port, seen in its ${moved}`, async () => {
      const [bell, phone] = await talking();
      let lost = false;
      bell.on("closed", () => (lost = true));
      stub.answer = (sent) => {
        const said = answer(sent);
        return sent.request["command"] === moved && said
          ? { ...said, sdp: textAt(said, "sdp").replace(/m=audio \d+/, "m=audio 39998") }
          : said;
      };
      phone.receiveOffer(theirs(4004));
      phone.answer(bell);
      await settle();
      assert.equal(lost, true);
    });

  it("tells when nothing comes any more, when it does again, and minds no silence of one who holds", async () => {
    const [bell, phone] = await talking();
    const heard: string[] = [];
    for (const [name, session] of [
      ["bell", bell],
      ["phone", phone],
    ] as const)
      session.on("silent", () => heard.push(`${name} silent`)).on("heard", () => heard.push(`${name} heard`));
    const talk = async (seconds: number, ...tags: string[]) => {
      for (let at = 0; at < seconds; at += 5) {
        for (const tag of tags) came.set(tag, (came.get(tag) ?? 0) + 250);
        await clock.advance(5000);
      }
    };
    await talk(20, "1", "2");
    assert.deepEqual(heard, []);
    await talk(20, "1");
    assert.deepEqual(heard, ["phone silent"]);
    await talk(5, "1", "2");
    assert.deepEqual(heard, ["phone silent", "phone heard"]);
    phone.receiveOffer(theirs(4002, "inactive"));
    phone.answer(bell);
    await talk(60, "1");
    assert.equal(heard.length, 2);
  });

  it("waits longer for the first packet", async () => {
    const [bell] = await talking();
    let silent = false;
    bell.on("silent", () => (silent = true));
    await clock.advance(30_000);
    assert.equal(silent, false);
    await clock.advance(5000);
    assert.equal(silent, true);
  });

  it("gives ports back, and keeps what was counted", async () => {
    const [bell, phone] = await talking();
    came.set("1", 500).set("2", 400);
    await bell.close();
    await phone.close();
    assert.deepEqual(
      stub.asked("delete").map(({ request }) => request["from-tag"]),
      ["1", "2"],
    );
    const { received, sent, remote } = await bell.stats();
    assert.deepEqual([received, sent, remote], [500, 400, "192.168.1.9:4000"]);
    assert.equal((await phone.stats()).sent, 500);
  });

  const suite = "AES_CM_128_HMAC_SHA1_80";
  const [bellKey, phoneKey] = [masterKey(suite, 1).key, masterKey(suite, 2).key];
  const sealed = (port: number, key: string, direction?: string) =>
    `${theirs(port, direction).replace("RTP/AVP", "RTP/SAVP")}a=crypto:7 ${suite} inline:${key}\r\n`;
  const keysIn = (sdp: string) => Array.from(sdp.matchAll(/inline:([\w+/=]+)/g), ([, key]) => key);

  /** As `talking`, by SRTP on both sides; and the keys that we have named to each. */
  async function secretly() {
    const bell = await media.open();
    const phone = await media.open(bell);
    phone.encryption = "required";
    bell.receiveOffer(sealed(4000, bellKey));
    const offered = phone.offer(bell);
    phone.receiveAnswer(sealed(4002, phoneKey));
    const answered = bell.answer(phone);
    media.bridge(bell, phone);
    await settle();
    return { bell, phone, ours: { bell: keysIn(answered)[0] ?? "", phone: keysIn(offered)[0] ?? "" } };
  }

  /** What is told after the legs are open: from whom to whom, over which protocol, with which keys. */
  const told = () =>
    stub.sent
      .filter(({ request }) => ["offer", "answer", "block media", "unblock media"].includes(textAt(request, "command")))
      .slice(2)
      .map(({ request }) => {
        const text = (field: string) => textAt(request, field);
        const [, protocol] = /^m=audio \d+ (\S+)/m.exec(text("sdp")) ?? [];
        const what = [text("command"), text("from-tag"), text("to-tag"), protocol, ...keysIn(text("sdp"))];
        return what.filter((part) => part !== undefined && part !== "").join(" ");
      });

  it("P3 tells our keys before an offer that has none, and each peer's in an answer", async () => {
    const { ours } = await secretly();
    assert.deepEqual(told(), [
      `offer nobody 1 RTP/SAVP ${ours.bell}`,
      `offer nobody 2 RTP/SAVP ${ours.phone}`,
      "offer 1 2 RTP/SAVP",
      `answer 1 2 RTP/SAVP ${phoneKey}`,
      `answer 2 1 RTP/SAVP ${bellKey}`,
    ]);
  });

  it("P3 blocks what would go to who holds, who keeps address and key: a new address would count anew", async () => {
    const { bell, phone } = await secretly();
    for (const [sdp, then] of [
      [sealed(4002, phoneKey, "sendonly").replace(/c=.*/, "c=IN IP4 0.0.0.0"), "block media 1"],
      [sealed(4002, phoneKey), "unblock media 1"],
    ] as const) {
      stub.sent.splice(2);
      phone.receiveOffer(sdp);
      phone.answer(bell);
      await settle();
      assert.deepEqual(told().at(-1), then);
      const written = stub.asked("offer").map(({ request }) => textAt(request, "sdp"));
      assert.ok(
        written.every((sdp) => /c=IN IP4 192\.168\.1\.9\r\n/.test(sdp)),
        written.join("\n"),
      );
    }
  });

  it("P3 encrypts between two servers, and says no key in a log or an error", async () => {
    const logged: string[] = [];
    const log = Object.fromEntries(
      ["error", "warn", "info", "debug"].map((level) => [level, (text: string) => logged.push(text)]),
    ) as unknown as Log;
    await media.close();
    media = new Rtpengine({ servers: [one, two], log }, { clock, dial: stub.dial, prefix: "test" });
    const here = await secretly();
    mute.add(one.host);
    const opening = media.open();
    await clock.advance(2500);
    const there = await opening;
    mute.clear();
    there.receiveOffer(theirs(4004));
    there.answer(here.bell);
    stub.sent.length = 0;
    media.bridge(here.bell, there);
    await settle();
    const trunks = stub.asked("answer").filter(({ request }) => textAt(request, "to-tag").endsWith("-trunk"));
    assert.equal(trunks.length, 2);
    for (const { request } of trunks)
      assert.match(textAt(request, "sdp"), /m=audio \d+ RTP\/SAVP[\s\S]*a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:/);
    stub.answer = () => ({ result: "error", "error-reason": "no" });
    here.phone.receiveOffer(sealed(4002, phoneKey));
    here.phone.answer(here.bell);
    await settle();
    assert.ok(logged.length > 0);
    for (const key of [bellKey, phoneKey, ...Object.values(here.ours)])
      assert.ok(logged.every((line) => !line.includes(key)));
  });

  it("ends by itself in the middle of everything", async () => {
    await talking();
    mute.add(one.host).add(two.host);
    const failed = assert.rejects(media.open(), isCode("media-down"));
    const closed = media.close();
    await clock.advance(10_000);
    await Promise.all([failed, closed]);
    await assert.rejects(media.open(), isCode("media-down"));
  });

  it("carries the same house as the built-in one", async () => {
    const own = await Media.start({ bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] });
    const [a, b] = [(await own.open()).offer(), (await media.open()).offer()];
    await own.close();
    const bare = (sdp: string) => sdp.replace(/^[oc]=.*$/gm, "").replace(/^m=audio \d+/m, "m=audio");
    assert.equal(bare(a), bare(b));
  });
});
