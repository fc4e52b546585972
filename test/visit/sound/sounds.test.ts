// What a visitor and who answered hear of us: tones and files, before an answer and after it. Heard by simulated devices on
// loopback; what such devices do not do (holds, 100rel) stands at the end, on the network in memory.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { PorteroError } from "../../../src/errors.ts";
import { toneSound } from "../../../src/media/sound.ts";
import { mostBytes, readWav } from "../../../src/media/wav.ts";
import { read } from "../../media/packets.ts";
import type { SimEvent } from "../../../src/sim/sim.ts";
import type { VisitEnd } from "../../../src/visit/messages.ts";
import { loadSound } from "../../../src/visit/sound/sounds.ts";
import { strategyOf, type StrategySettings } from "../../../src/visit/strategy.ts";
import { FakeClock } from "../../support/clock.ts";
import { until } from "../../support/patience.ts";
import { Phone } from "../../media/phone.ts";
import { levelOf } from "../../media/tone.ts";
import { sine, wav } from "../../media/wav.ts";
import { Desk, directionOf } from "../desk.ts";
import { House, type Record } from "../house.ts";

let folder: string;
let gong: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "portero-sounds-"));
  gong = join(folder, "gong.wav");
  await writeFile(gong, wav(sine(1000, 0.5)));
});
after(() => rm(folder, { recursive: true }));

/** The device hears this pitch. */
const pitch = (seen: Record<SimEvent>, hertz: number) =>
  seen.next("audio", (event) => "frequency" in event && Math.abs(event.frequency - hertz) < 15);
const isCode = (code: string) => (error: unknown) => error instanceof PorteroError && error.code === code;

describe("a visitor who waits", () => {
  let house: House;
  beforeEach(async () => {
    house = await House.open();
  });
  afterEach(() => house.close());
  const look = (settings: Partial<StrategySettings>) =>
    strategyOf({ strategy: "ring-all", targets: ["6001"], seconds: 30, ...settings });

  it("H15 hears a file in early media while the phones ring, and who answers after it", async () => {
    const { bell, seen } = await house.bell();
    const hall = await house.phone("6001");
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(look({ sound: { file: gong } }));
    await hall.seen.next("ringing");
    await pitch(seen, 1000);
    assert.equal(visit.state, "ringing");
    assert.ok(!seen.names().includes("answered"));
    await hall.phone.answer();
    assert.equal((await outcome).result, "answered");
    await seen.next("answered");
    await Promise.all([pitch(seen, 880), pitch(hall.seen, 440)]);
  });

  it("H16, H19 hears ring-back in a call that is answered, and who answers after it", async () => {
    const { bell, seen } = await house.bell();
    const hall = await house.phone("6001");
    const visit = await house.pressed(bell);
    const sound = { tone: "busy", country: "de" } as const;
    const outcome = visit.answerBy(look({ sound, answerFirst: true }));
    await Promise.all([seen.next("answered"), hall.seen.next("ringing"), pitch(seen, 425)]);
    assert.equal(visit.state, "ringing", "nobody has taken the visitor");
    assert.deepEqual(house.events.names(), ["ring", "trying"]);
    await hall.phone.answer();
    assert.equal((await outcome).result, "answered");
    await Promise.all([pitch(seen, 880), pitch(hall.seen, 440)]);
    assert.equal(seen.all.filter(({ event }) => event === "answered").length, 1);
    await hall.phone.hangUp();
    assert.equal(((await house.event("ended")).payload as VisitEnd).outcome, "answered");
  });

  it("H18, H19 who hangs up a call that was answered first has given up, and the phones stop", async () => {
    const { bell, seen } = await house.bell();
    const hall = await house.phone("6001");
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(look({ answerFirst: true }));
    await Promise.all([seen.next("answered"), hall.seen.next("ringing")]);
    await bell.hangUp();
    assert.equal((await outcome).result, "cancelled");
    await hall.seen.next("ended");
    assert.equal(((await house.event("ended")).payload as VisitEnd).outcome, "cancelled");
  });

  it("is hung up where nobody came to a call that was answered first", async () => {
    const { bell, seen } = await house.bell();
    await house.phone("6001", { behaviour: "busy" });
    const visit = await house.pressed(bell);
    assert.equal((await visit.answerBy(look({ answerFirst: true, sound: { tone: "ring-back" } }))).result, "busy");
    visit.refuse(486);
    const ended = await seen.next("ended");
    assert.ok("by" in ended && ended.by === "remote" && "answered" in ended && ended.answered);
    assert.equal(((await house.event("ended")).payload as VisitEnd).outcome, "unanswered");
  });

  it("is not forgotten where there is no such sound: the phones ring all the same, and the log says why", async () => {
    const { bell } = await house.bell();
    const hall = await house.phone("6001", { answerAfterMs: 0 });
    const visit = await house.pressed(bell);
    const outcome = await visit.answerBy(async (ringing) => {
      const [found] = await Promise.all([look({})(ringing), ringing.play({ file: join(folder, "none.wav") })]);
      return found;
    });
    assert.equal(outcome.result, "answered");
    await hall.seen.next("answered");
    assert.ok(
      house.logged.some((line) => /Front door hears nothing while it rings: .*none\.wav cannot be read/.test(line)),
    );
  });

  it("hears no more of a strategy that another one took the place of", async () => {
    const { bell, seen } = await house.bell();
    await house.phone("6001");
    const visit = await house.pressed(bell);
    const first = visit.answerBy(look({ sound: { file: gong } }));
    await pitch(seen, 1000);
    const second = visit.answerBy(look({}));
    assert.equal((await first).result, "stopped");
    await seen.next("audio", (event) => "packets" in event && event.packets === 0);
    visit.stop();
    await second;
  });

  it("is let in by its code though its call is in early media", async () => {
    const { bell, seen } = await house.bell();
    await house.phone("6001");
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(look({ sound: { file: gong } }));
    await pitch(seen, 1000);
    assert.ok((await house.switchboard.open({ door: "front", by: "test" })).ok);
    await seen.next("relay");
    assert.equal((await outcome).result, "stopped");
  });

  it("N1 hears an announcement of the flow once, before any strategy", async () => {
    const { bell, seen } = await house.bell();
    const visit = await house.pressed(bell);
    const greeting = await visit.sounds.play(readWav(wav(sine(1500, 2.5))));
    assert.equal(await greeting.ended, "finished");
    await pitch(seen, 1500);
    assert.equal(visit.sounds.playing, false);
  });

  it("N1 who talk hear an announcement both, then each other again", async () => {
    const { bell, seen } = await house.bell();
    const hall = await house.phone("6001", { answerAfterMs: 0 });
    const visit = await house.pressed(bell);
    await assert.rejects(visit.sounds.play(readWav(wav(sine(1500, 1))), { to: "answerer" }), isCode("no-call"));
    await visit.answerBy(look({}));
    const loop = await visit.sounds.play(readWav(wav(sine(1500, 1))), { to: "both", loop: true });
    await Promise.all([pitch(seen, 1500), pitch(hall.seen, 1500)]);
    visit.sounds.stop();
    assert.equal(await loop.ended, "stopped");
    await Promise.all([pitch(seen, 880), pitch(hall.seen, 440)]);
    await bell.hangUp();
    await house.event("ended");
    await assert.rejects(visit.sounds.play(toneSound("busy", "de")), isCode("no-call"));
  });
});

describe("a sound that a user names", () => {
  async function serve(handler: RequestListener) {
    const server = createServer(handler).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    return {
      at: `http://127.0.0.1:${port}`,
      end: () => new Promise((done) => server.close(done).closeAllConnections()),
    };
  }

  it("H15 may be a file, a tone, or a URL", async () => {
    const { at, end } = await serve((_request, response) => response.end(wav(sine(440, 0.1))));
    const found = [
      await loadSound({ file: gong }),
      await loadSound({ tone: "busy" }),
      await loadSound({ url: `${at}/gong.wav` }),
    ];
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ["clip", "tone", "clip"],
    );
    await end();
  });

  it("is followed to another place of its server, and nowhere else", async () => {
    const { at, end } = await serve((request, response) => {
      const to = { "/here": "/gong.wav", "/away": "http://192.0.2.7/gong.wav", "/disk": "file:///etc/passwd" }[
        request.url ?? ""
      ];
      if (to !== undefined) return response.writeHead(302, { location: to }).end();
      response.end(wav(sine(440, 0.1)));
    });
    assert.equal((await loadSound({ url: `${at}/here` })).kind, "clip");
    await assert.rejects(loadSound({ url: `${at}/away` }), /redirects to another host, 192\.0\.2\.7/);
    await assert.rejects(loadSound({ url: `${at}/disk` }), isCode("redirect-refused"));
    await end();
  });

  it("says what is wrong with it, and never shows a password", async () => {
    const { at, end } = await serve((request, response) => {
      if (request.url === "/page") return response.end("<!doctype html>");
      if (request.url === "/endless") return response.writeHead(200, { "content-length": 2 ** 31 }).end();
      response.writeHead(404).end();
    });
    const withPassword = at.replace("//", "//me:secret@");
    const says = (settings: Parameters<typeof loadSound>[0], pattern: RegExp) =>
      assert.rejects(loadSound(settings), (error) => {
        assert.ok(error instanceof PorteroError);
        assert.match(error.message, pattern);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
    await says({ url: `${withPassword}/page` }, /\/page is a web page, not a WAV file/);
    await says({ url: `${withPassword}/none` }, /answered 404: is the address right/);
    // What a variable held that was entered as a file.
    await says({ file: `${withPassword}/none` }, /answered 404: is the address right/);
    await says({ url: `${withPassword}/endless` }, /larger|too large|more than|bytes/);
    await says({ url: "ftp://me:secret@192.0.2.1/a.wav" }, /must begin with http/);
    await says({ file: join(folder, "none.wav") }, /there is none/);
    await says({ file: folder }, /is no file/);
    await says({ file: "/dev/zero" }, /is no file/);
    await writeFile(join(folder, "long.wav"), Buffer.alloc(mostBytes + 1));
    await says({ file: join(folder, "long.wav") }, /more than the 16777216 that are played/);
    await writeFile(join(folder, "song.mp3"), "ID3");
    await says({ file: join(folder, "song.mp3") }, /song\.mp3 is an MP3 file/);
    await end();
  });

  it("is not waited for for ever", async () => {
    const clock = new FakeClock();
    let ask = () => {};
    const asked = new Promise<void>((resolve) => (ask = resolve));
    const { at, end } = await serve(() => ask());
    const loading = loadSound({ url: `${at}/slow.wav` }, clock);
    const given = assert.rejects(loading, isCode("timeout"));
    await asked;
    await clock.advance(10_000);
    await given;
    await end();
  });
});

describe("a bell that hears us before somebody answers", () => {
  let desk: Desk;
  let ear: Phone;
  beforeEach(async () => {
    desk = await Desk.open();
    ear = await Phone.open();
  });
  afterEach(async () => {
    ear.close();
    await desk.close();
  });

  async function pressed(headers: { [name: string]: string } = {}, formats = "8") {
    const bell = desk.device("8000");
    const invite = await bell.dial("6001", { headers, body: ["application/sdp", ear.sdp(formats)] });
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail("no visit");
    return { bell, invite, visit };
  }
  const busy = toneSound("busy", "de");
  const heard = (from = 0) => levelOf(ear.samples().slice(from * 160), 425);

  it("H15 is told where from by 183, and by the same words in the answer", async () => {
    const { bell, invite, visit } = await pressed();
    await visit.sounds.play(busy, { loop: true });
    const progress = await bell.party.takeResponse(183);
    assert.equal(directionOf(progress), "sendrecv");
    await ear.heard(10);
    assert.ok(heard() > -20);
    await visit.answerAlone();
    const ok = await bell.answered(invite);
    assert.equal(ok.body.toString(), progress.body.toString());
  });

  it("RFC 3262 acknowledges it where it can, and the answer needs to say nothing more", async () => {
    const { bell, invite, visit } = await pressed({ Require: "100rel" });
    const acknowledge = async (status: number, seq: number) => {
      const response = await bell.party.takeResponse(status);
      const rack = `${response.get("rseq") ?? ""} ${invite.cseq?.number ?? 0} INVITE`;
      const toTag = response.toTag;
      bell.party.send(
        bell.party.request("PRACK", { callId: invite.callId, toTag, seq, headers: { RAck: rack }, to: "6001" }),
      );
      await bell.party.takeResponse(200);
      return response;
    };
    await acknowledge(180, 21);
    await visit.sounds.play(busy, { loop: true });
    const progress = await acknowledge(183, 22);
    assert.match(progress.body.toString(), /m=audio/);
    await ear.heard(5);
    await visit.answerAlone();
    const ok = await bell.answered(invite);
    assert.equal(ok.body.length, 0);
  });

  it("keeps its G.722 for that, and hears it in that", async () => {
    const { bell, visit } = await pressed({}, "9 0");
    await visit.sounds.play(busy, { loop: true });
    assert.match((await bell.party.takeResponse(183)).body.toString(), /m=audio \d+ RTP\/AVP 9\b/);
    await ear.heard(5);
    assert.equal(read(ear.received[0] ?? assert.fail()).payload, 9);
    assert.ok(heard() > -20);
    visit.stop();
  });

  it("prefers what can be played in, and is refused where it has none of it", async () => {
    const { bell, visit } = await pressed({}, "96 0");
    await visit.sounds.play(busy);
    assert.match((await bell.party.takeResponse(183)).body.toString(), /m=audio \d+ RTP\/AVP 0\b/);
    visit.stop();
    const other = await Desk.open();
    const wide = other.device("8000");
    await wide.dial("6001", {}, { codecs: "96" });
    const deaf = other.switchboard.lastVisit("front") ?? assert.fail();
    await assert.rejects(deaf.sounds.play(busy), /PCMA, PCMU or G722, and this side talks opus\/48000\/2/);
    await other.close();
  });

  it("cannot, where it leaves the offer to us; it can be answered first", async () => {
    const bell = desk.device("8000");
    const invite = await bell.dial("6001", { body: ["text/plain", ""] });
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
    await assert.rejects(visit.sounds.play(busy), /hears none before its call is answered: answer first/);
    const answered = visit.answerAlone();
    const ok = await bell.party.takeResponse(200);
    const formats = /m=audio \d+ RTP\/AVP ([\d ]+)/.exec(ok.body.toString())?.[1] ?? "";
    bell.party.ack(invite, ok, ["application/sdp", ear.sdp(formats)]);
    await bell.party.settle();
    await answered;
    await visit.sounds.play(busy, { loop: true });
    await ear.heard(5);
    assert.ok(heard() > -20);
  });

  it("holds, is silent, and hears it again, before there is anybody else", async () => {
    const { bell, invite, visit } = await pressed();
    await visit.answerAlone();
    await bell.answered(invite);
    await visit.sounds.play(busy, { loop: true });
    await ear.heard(5);
    const offer = async (...attributes: string[]) => {
      const again = await bell.send("INVITE", { body: ["application/sdp", ear.sdp("8", ...attributes)] });
      const ok = await bell.party.takeResponse(200);
      bell.party.ack(again, ok);
      await bell.party.settle();
      return directionOf(ok);
    };
    assert.equal(await offer("a=sendonly"), "recvonly");
    const before = ear.received.length;
    assert.equal(await offer(), "sendrecv");
    await ear.heard(before + 5);
    await visit.sounds.play(busy);
  });

  it("X1 hears two beeps while it waits for the end of a talk, and ring-back from then on", async () => {
    const { bell, visit } = await pressed();
    visit.wait(true);
    await bell.party.takeResponse(183);
    // 150 ms each, with as much between them, then silence.
    await ear.heard(30);
    assert.ok(levelOf(ear.samples().slice(0, 6 * 160), 425) > -20);
    assert.ok(heard(24) < -60, `silence, and not ${heard(24)} dB`);
    visit.wait(false);
    // It sounds for a second; two beeps would come to far less over so long.
    await until("ring-back", () => levelOf(ear.samples().slice(-40 * 160), 425) > -20);
    assert.equal(visit.view().waiting, undefined);
  });

  it("H18 stays while it hears something, but not for ever", async () => {
    const { bell, visit } = await pressed();
    await visit.sounds.play(busy, { loop: true });
    await desk.clock.advance(9 * 60_000);
    assert.equal(visit.state, "ringing");
    await desk.clock.advance(61_000);
    assert.equal(visit.state, "ended");
    await bell.party.takeResponse(480);
  });

  it("is left alone a minute after what it heard", async () => {
    const { visit } = await pressed();
    const sound = await visit.sounds.play(busy, { loop: true });
    await desk.clock.advance(3 * 60_000);
    visit.sounds.stop();
    await sound.ended;
    await desk.clock.advance(59_000);
    assert.equal(visit.state, "ringing");
    await desk.clock.advance(2_000);
    assert.equal(visit.state, "ended");
  });
});
