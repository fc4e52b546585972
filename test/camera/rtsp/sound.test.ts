import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Order, parseRtp } from "../../../src/camera/rtsp/rtp.ts";
import { soundTrackOf } from "../../../src/camera/rtsp/sdp.ts";
import type { Sound } from "../../../src/camera/video.ts";
import { interleaved, rtspCamera, watch, type Asked, type Saying } from "./camera.ts";
import { rtpPacket } from "./packets.ts";

const place = "The camera at rtsp://192.0.2.1/";
const sdp = (...lines: string[]) =>
  ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=x", "t=0 0", "m=video 0 RTP/AVP 26", "a=control:v", ...lines, ""].join("\r\n");
const aac = (parameters: string) =>
  sdp("m=audio 0 RTP/AVP 97", "a=control:a", "a=rtpmap:97 MPEG4-GENERIC/16000/1", `a=fmtp:97 ${parameters}`);
const usual = "streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1408";

describe("what a camera says of its sound, RFC 8866", () => {
  it("RFC 3551 §6 knows PCMA and PCMU by their numbers, and takes the first that browsers play", () => {
    const { codec, rate, channels } = soundTrackOf(sdp("m=audio 0 RTP/AVP 8"), place)?.format ?? {};
    assert.deepEqual([codec, rate, channels], ["pcma", 8000, 1]);
    assert.equal(soundTrackOf(sdp("m=audio 0 RTP/AVP 0"), place)?.format.codec, "pcmu");
    const several = ["m=audio 0 RTP/AVP 99 98", "a=rtpmap:99 G726-32/8000", "a=rtpmap:98 PCMU/16000/2"];
    const found = soundTrackOf(sdp(...several), place);
    assert.deepEqual([found?.payloadType, found?.format.rate, found?.format.channels], [98, 16_000, 2]);
    assert.equal(soundTrackOf(sdp("m=audio 0 RTP/AVP 99", "a=rtpmap:99 G726-32/8000"), place), undefined);
    assert.equal(soundTrackOf(sdp(), place), undefined);
  });

  it("RFC 3640 §3.3 takes AAC with its configuration, and nothing that is interleaved or without", () => {
    const track = soundTrackOf(aac(usual), place);
    assert.deepEqual([track?.control, track?.format.codec, track?.format.rate], ["a", "aac", 16_000]);
    assert.equal(track?.format.config?.toString("hex"), "1408");
    for (const bad of ["mode=AAC-hbr;sizelength=13", usual.replace("1408", "xy"), usual.replace("AAC-hbr", "generic")])
      assert.equal(soundTrackOf(aac(bad), place), undefined, bad);
    assert.equal(soundTrackOf(aac(`${usual};maxDisplacement=9`), place), undefined);
  });

  it("RFC 3640 §4.1 counts bits in whole numbers: headers narrower than one bit would never end", () => {
    for (const name of ["sizelength", "indexlength", "indexdeltalength"])
      for (const bad of ["-13", "-3", "0.5", "1e1", "0x3", "NaN", "Infinity", "33", "3000000000"])
        assert.equal(soundTrackOf(aac(`${usual};${name}=${bad}`), place), undefined, `${name}=${bad}`);
    assert.equal(soundTrackOf(aac(`${usual};maxDisplacement=-1`), place), undefined);
    assert.ok(soundTrackOf(aac(`${usual};indexlength=0;indexdeltalength=0;maxDisplacement=0`), place));
  });
});

/** What comes of packets of these payloads; undefined is one that is lost. */
function heard(text: string, payloads: readonly (Buffer | undefined)[], times = payloads.map((_, n) => 1024 * n)) {
  const sounds: Sound[] = [];
  const depayloader = soundTrackOf(text, place)?.depayloader((sound) => sounds.push(sound));
  const order = new Order(0, 0, (packet) => depayloader?.push(packet), 16);
  payloads.forEach((bytes, n) => {
    const packet = bytes && parseRtp(rtpPacket(n, { bytes, marker: true, time: times[n] ?? 0 }), 0);
    if (packet) order.push(packet);
  });
  return sounds.map(({ bytes, timestamp }) => [bytes.toString(), timestamp]);
}

/** The headers of access units, of 13 and 3 bits, and what follows them. */
const units = (sizes: readonly number[], content: string): Buffer => {
  const head = Buffer.alloc(2 + 2 * sizes.length);
  head.writeUInt16BE(16 * sizes.length);
  sizes.forEach((size, n) => head.writeUInt16BE(size << 3, 2 + 2 * n));
  return Buffer.concat([head, Buffer.from(content)]);
};

describe("RFC 3640 AAC from its packets", () => {
  it("§3.2.1 one unit or several, each 1,024 samples after the one before", () => {
    const all = heard(aac(usual), [units([2], "ab"), units([1, 3], "cdef"), units([1], "g")], [0, 1024, 3072]);
    assert.deepEqual(all, [
      ["ab", 0],
      ["c", 1024],
      ["def", 2048],
      ["g", 3072],
    ]);
  });

  it("§3.2.1 headers that are longer than their packet bring nothing", () => {
    const cut = Buffer.from([0, 32, 0, 1 << 3, 0]);
    assert.deepEqual(heard(aac(usual), [cut, Buffer.from([0xff, 0xff, 0, 8, 0x61]), units([1], "b")]), [["b", 2048]]);
  });

  it("§3.2.3.2 a unit in pieces is put together; one with a hole is left out, and so is what says nonsense", () => {
    const pieces = [units([6], "ab"), units([6], "cd"), units([6], "ef"), units([1], "g")];
    const times = [0, 0, 0, 1024];
    assert.deepEqual(heard(aac(usual), pieces, times), [
      ["abcdef", 0],
      ["g", 1024],
    ]);
    assert.deepEqual(heard(aac(usual), [pieces[0], undefined, pieces[2], pieces[3]], times), [["g", 1024]]);
    const nonsense = [Buffer.from([0]), Buffer.from([0xff, 0xff]), units([8000], "x"), units([], ""), units([1], "y")];
    assert.deepEqual(heard(aac(usual), nonsense).at(-1), ["y", 4096]);
  });
});

describe("RFC 2326 §10.4 a camera's sound", () => {
  const withSound = sdp("m=audio 0 RTP/AVP 8", "a=control:a");
  const answer =
    (refuses = false) =>
    ({ method, uri }: Asked): Saying | undefined => {
      if (method === "DESCRIBE")
        return { status: "200 OK", headers: { "Content-Type": "application/sdp" }, body: withSound };
      return refuses && method === "SETUP" && uri.endsWith("/a") ? { status: "404 Not Found" } : undefined;
    };
  const setups = (asked: readonly Asked[]) =>
    asked
      .filter(({ method }) => method === "SETUP")
      .map(({ uri, headers }) => [uri.split("/").at(-1), headers.get("transport"), headers.get("session")]);

  it("is set up in the same session and comes beside the pictures; nobody asks for it unless told to", async (t) => {
    const camera = await rtspCamera(t, { answer: answer() });
    const watched = watch(t, camera.url, { sound: true });
    const sounds: Sound[] = [];
    watched.stream.on("sound", (sound) => sounds.push(sound));
    await camera.request("PLAY");
    assert.deepEqual(setups(camera.asked), [
      ["v", "RTP/AVP/TCP;unicast;interleaved=0-1", undefined],
      ["a", "RTP/AVP/TCP;unicast;interleaved=2-3", "4711"],
    ]);
    camera.send(interleaved(2, rtpPacket(1, { bytes: Buffer.from("tone"), marker: true, time: 160 }, 8)));
    camera.send(interleaved(0, rtpPacket(9, { bytes: Buffer.from("noise"), marker: true, time: 160 }, 8)));
    camera.picture();
    await watched.count(1);
    assert.deepEqual(
      sounds.map(({ bytes, timestamp, format }) => [bytes.toString(), timestamp, format.codec]),
      [["tone", 160, "pcma"]],
    );
    const without = await rtspCamera(t, { answer: answer() });
    watch(t, without.url);
    await without.request("PLAY");
    assert.equal(setups(without.asked).length, 1);
  });

  it("that is refused is not missed: the pictures come", async (t) => {
    const camera = await rtspCamera(t, { answer: answer(true) });
    const watched = watch(t, camera.url, { sound: true });
    await camera.request("PLAY");
    camera.picture();
    await watched.count(1);
    assert.match(watched.log.join("\n"), /was asked for its sound and answered 404/);
  });
});
