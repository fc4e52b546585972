// X8: the worker's way to a browser, without sockets: what is let in and out before and after it has shown who it is.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { beforeEach, describe, it } from "node:test";
import { pcma, type Format } from "../../../src/media/codec.ts";
import type { SrtpKeys } from "../../../src/media/suites.ts";
import type { BrowserWay, FromWorker, Kind, Remote } from "../../../src/media/worker/messages.ts";
import type { PortPair } from "../../../src/media/worker/ports.ts";
import { Relay } from "../../../src/media/worker/relay.ts";
import { isControl, packets } from "../../../src/media/worker/rtcp.ts";
import { payloadType, ssrcOf } from "../../../src/media/worker/rtp.ts";
import { Srtp } from "../../../src/media/worker/srtp/leg.ts";
import type { DtlsEvents, DtlsOptions } from "../../../src/media/worker/webrtc/dtls.ts";
import { attributeType, method, writeStun } from "../../../src/stun.ts";
import { settle } from "../../support/clock.ts";
import { rtcp, rtp } from "../packets.ts";
import { seeded } from "../seeded.ts";

const h264: Format = { payload: 96, name: "H264", rate: 90_000, channels: 1 };
const way: BrowserWay = {
  local: { ufrag: "ours", password: "our-password-0123456789" },
  remote: { ufrag: "their", password: "their-password-0123456789" },
  fingerprints: [{ hash: "sha256", value: "AA" }],
  ...{ certificate: "", key: "" },
};
const key = (byte: number) => ({ suite: "AEAD_AES_128_GCM", key: Buffer.alloc(28, byte).toString("base64") }) as const;
const ours: SrtpKeys = { send: key(1), receive: key(2) };
const theirs: SrtpKeys = { send: key(2), receive: key(1) };

interface Sent {
  readonly packet: Buffer;
  readonly to: string;
}
class FakeSocket extends EventEmitter {
  readonly sent: Sent[] = [];
  send(packet: Buffer, port: number, address: string) {
    this.sent.push({ packet: Buffer.from(packet), to: `${address}:${port}` });
  }
}

let now: number;
let told: FromWorker[];
let sockets: FakeSocket[];
let closed: number[];
let shakes: { options: DtlsOptions; events: DtlsEvents; got: string[]; over: boolean }[];
let relay: Relay;
let browser: Srtp;

const place = { address: "192.0.2.50", port: 5000 };
const arrives = (packet: Buffer, from = place, at = 0) => sockets[at]?.emit("message", Buffer.from(packet), from);
const check = (password = way.local.password, from = place) =>
  arrives(
    writeStun(
      method.request,
      Buffer.alloc(12, 5),
      [
        { type: attributeType.username, value: Buffer.from("ours:their") },
        { type: attributeType.useCandidate, value: Buffer.alloc(0) },
      ],
      password,
    ),
    from,
  );
/** What the browser got that is neither STUN nor DTLS. */
const got = () => (sockets[0]?.sent ?? []).filter(({ packet }) => (packet[0] ?? 0) >= 128);
const heard = () =>
  got().flatMap(({ packet }) => (isControl(packet) ? [] : (browser.unprotect(Buffer.from(packet)) ?? [])));
/** What the bell got. */
const atBell = (at = 2) => sockets[at]?.sent.map(({ packet }) => packet) ?? [];
const says = (sequence: number, payload = 8, ssrc = 77) => {
  const packet = browser.protect(rtp({ payload, sequence, timestamp: sequence * 160, ssrc }));
  return packet ?? assert.fail();
};
const bellSays = (sequence: number) =>
  arrives(rtp({ payload: 8, sequence, timestamp: sequence * 160, ssrc: 9 }), { address: "192.0.2.1", port: 4000 }, 2);

async function start(): Promise<void> {
  [now, told, sockets, closed, shakes] = [0, [], [], [], []];
  browser = new Srtp(theirs);
  const chance = seeded(1);
  const pool = {
    open: () => {
      const port = 40_000 + sockets.length;
      const pair = [new FakeSocket(), new FakeSocket()] as const;
      sockets.push(...pair);
      const made = { port, rtp: pair[0], rtcp: pair[1], close: () => Promise.resolve(void closed.push(port)) };
      return Promise.resolve(made as unknown as PortPair);
    },
    has: () => false,
  };
  relay = new Relay(
    { bind: "0.0.0.0", own: [], firstPacketMs: 30_000, silenceMs: 15_000 },
    {
      ...{ now: () => now, random: () => chance(2 ** 32) / 2 ** 32, pool, metronome: { add: () => () => {} } },
      tell: (message) => told.push(message),
      shake: (options, events) => {
        const shake = { options, events, got: [] as string[], over: false };
        shakes.push(shake);
        return { receive: (data) => shake.got.push(data.toString("hex")), close: () => (shake.over = true) };
      },
    },
  );
  relay.handle({ type: "want", pairs: 3 });
  await settle();
}

const common = { rtcpPort: 0, send: true, receive: true };
const remoteOf = (kind: Kind, over: Partial<Remote> = {}): Remote => {
  const formats = kind === "audio" ? [pcma] : [h264];
  return { ...common, port: 9, mux: true, feedback: ["nack pli"], sends: formats, receives: formats, way, ...over };
};
const settled = (kind: Kind = "audio", over: Partial<Remote> = {}) =>
  relay.handle({ type: "remote", session: 1, kind, port: 40_000, remote: remoteOf(kind, over) });
function bridged(kind: Kind = "audio"): void {
  const [port, to] = kind === "audio" ? [40_002, 4000] : [40_004, 4002];
  const formats = kind === "audio" ? [pcma] : [h264];
  const bell = { ...common, address: "192.0.2.1", port: to, rtcpPort: to + 1, feedback: ["nack pli"] };
  relay.handle({ type: "remote", session: 2, kind, port, remote: { ...bell, sends: formats, receives: formats } });
  const routes = formats.map(({ payload, rate }) => ({ from: payload, to: payload, rate }));
  relay.handle({ type: "route", session: 1, kind, to: 2, routes });
  relay.handle({ type: "route", session: 2, kind, to: 1, routes });
}

describe("X8 the way to a browser", () => {
  beforeEach(async () => {
    await start();
    settled();
    bridged();
  });

  it("lets nothing in or out before the browser has shown who it is, and all afterwards (RFC 5763 §5)", () => {
    check();
    arrives(says(1));
    bellSays(1);
    assert.deepEqual([got().length, atBell().length], [0, 0]);
    shakes[0]?.events.keys(ours);
    arrives(says(2));
    bellSays(2);
    assert.deepEqual([heard().map(payloadType), atBell().map(payloadType)], [[8], [8]]);
    assert.deepEqual(told.at(-1), { type: "secured", session: 1, suite: "AEAD_AES_128_GCM" });
  });

  it("sends nothing where no check came from, though the keys are there", () => {
    shakes[0]?.events.keys(ours);
    bellSays(1);
    assert.deepEqual(got(), []);
    check("another-password-012345678");
    bellSays(2);
    assert.deepEqual(got(), []);
    check();
    bellSays(3);
    assert.deepEqual(
      got().map(({ to }) => to),
      ["192.0.2.50:5000"],
    );
  });

  it("hands on DTLS from where a check came from, and answers there; a stranger's reaches nobody", () => {
    const hello = Buffer.from([22, 254, 253, 1]);
    const [shake = assert.fail()] = shakes;
    arrives(hello);
    assert.deepEqual(shake.got, []);
    check();
    arrives(hello, { address: "192.0.2.66", port: 5000 });
    arrives(hello);
    assert.deepEqual(shake.got, ["16fefd01"]);
    shake.events.send(Buffer.from([22, 1]));
    assert.deepEqual(sockets[0]?.sent.at(-1), { packet: Buffer.from([22, 1]), to: "192.0.2.50:5000" });
  });

  it("takes no media from elsewhere, not even authentic ones, and follows the browser to a place that it nominates", () => {
    check();
    shakes[0]?.events.keys(ours);
    arrives(says(1), { address: "192.0.2.66", port: 5000 });
    assert.deepEqual(atBell(), []);
    const moved = { address: "198.51.100.7", port: 6000 };
    check(way.local.password, moved);
    arrives(says(2), moved);
    bellSays(1);
    assert.deepEqual([atBell().length, got().at(-1)?.to], [1, "198.51.100.7:6000"]);
  });

  it("drops what was changed on the way, and what comes twice", () => {
    check();
    shakes[0]?.events.keys(ours);
    const packet = says(1);
    const changed = Buffer.from(packet);
    changed.writeUInt8(changed.readUInt8(20) ^ 1, 20);
    for (const one of [changed, packet, packet]) arrives(one);
    assert.equal(atBell().length, 1);
  });

  it("takes nothing from port 0, where nothing can be sent", () => {
    const before = sockets[0]?.sent.length;
    check(way.local.password, { address: "192.0.2.50", port: 0 });
    assert.equal(sockets[0]?.sent.length, before);
    check();
    assert.equal(sockets[0]?.sent.at(-1)?.to, "192.0.2.50:5000");
  });

  it("takes any rubbish without a word, from strangers and from where a check came from", () => {
    const random = seeded(61);
    const rubbish = () => Buffer.from(Array.from({ length: random(90) }, () => random(256)));
    const firsts = [0, 1, 3, 22, 63, 128, 144, 191, 200];
    for (const known of [false, true]) {
      if (known) check();
      for (const keys of [false, true]) {
        if (keys) shakes[0]?.events.keys(ours);
        for (let times = 0; times < 500; times++) {
          const one = rubbish();
          if (one.length > 0) one.writeUInt8(firsts[random(firsts.length)] ?? 0, 0);
          arrives(one);
        }
      }
    }
    assert.deepEqual([atBell().length, got().length], [0, 0]);
    bellSays(1);
    assert.equal(heard().length, 1);
  });

  it("sends nothing more to a browser whose checks have ended for 30 seconds (RFC 7675)", () => {
    check();
    shakes[0]?.events.keys(ours);
    bellSays(1);
    now = 30_000;
    bellSays(2);
    assert.equal(got().length, 1);
    check();
    bellSays(3);
    assert.equal(got().length, 2);
  });

  it("carries sound and video on one port, told apart by payload type, and a request for a picture reaches the camera", () => {
    settled("video");
    bridged("video");
    check();
    shakes[0]?.events.keys(ours);
    const camera = { address: "192.0.2.1", port: 4002 };
    arrives(rtp({ payload: 96, sequence: 1, timestamp: 1, ssrc: 5, body: Buffer.from([0x65, 1, 2]) }), camera, 4);
    bellSays(1);
    const mine = heard();
    assert.deepEqual(mine.map(payloadType).sort(), [8, 96]);
    const video = mine.find((packet) => payloadType(packet) === 96) ?? assert.fail();
    const before = sockets[4]?.sent.length ?? 0;
    const pli = Buffer.from([0x81, 206, 0, 2, 0, 0, 0, 77, 0, 0, 0, 0]);
    pli.writeUInt32BE(ssrcOf(video), 8);
    now = 5000;
    const control = browser.protectControl(Buffer.concat([rtcp(0, 201, [77]), pli])) ?? assert.fail();
    arrives(control);
    const asked = [...(sockets[4]?.sent ?? []), ...(sockets[5]?.sent ?? [])].slice(before);
    assert.ok(asked.some(({ packet }) => [...packets(packet)].some(({ type, count }) => type === 206 && count === 1)));
  });

  it("begins with the last whole picture once the browser is known: before, it could not be sent one", () => {
    settled("video");
    bridged("video");
    const camera = { address: "192.0.2.1", port: 4002 };
    const picture = (sequence: number, type: number) =>
      arrives(rtp({ payload: 96, sequence, timestamp: sequence, ssrc: 5, body: Buffer.from([type, 1, 2]) }), camera, 4);
    for (const [index, type] of [0x67, 0x68, 0x65, 0x41].entries()) picture(index + 1, type);
    check();
    assert.deepEqual(got(), []);
    shakes[0]?.events.keys(ours);
    const types = heard().map((packet) => packet.readUInt8(12) & 0x1f);
    assert.deepEqual(types, [7, 8, 5, 1]);
  });

  it("tells why there is no connection", () => {
    shakes[0]?.events.failed("it showed no certificate");
    assert.deepEqual(told.at(-1), { type: "unsecured", session: 1, why: "it showed no certificate" });
  });

  it("is given up after 15 seconds, and why is told: nothing came, or no handshake", async () => {
    const why = () => told.flatMap((one) => (one.type === "unsecured" ? [one.why] : []));
    now = 14_999;
    relay.watch();
    assert.deepEqual(why(), []);
    now = 15_000;
    for (let times = 0; times < 2; times++) relay.watch();
    assert.equal(why().length, 1);
    assert.match(why()[0] ?? "", /none of its packets has reached UDP port 40000.*"Known as"/);
    await start();
    settled();
    check();
    now = 15_000;
    relay.watch();
    assert.match(why()[0] ?? "", /does not finish the handshake/);
  });

  const unsecured = () => told.filter(({ type }) => type === "unsecured").length;

  it("is not given up once it has shown who it is, not even when the part that speaks DTLS stops", () => {
    check();
    shakes[0]?.events.keys(ours);
    shakes[0]?.events.failed("the part that speaks DTLS has stopped");
    for (now = 0; now < 60_000; now += 1000) {
      if (now % 29_000 === 0) check();
      relay.watch();
    }
    assert.equal(unsecured(), 0);
    bellSays(1);
    assert.equal(got().length, 1);
  });

  it("has gone when no check has come for 30 seconds, which is told once (RFC 7675 §5.1)", () => {
    check();
    shakes[0]?.events.keys(ours);
    now = 29_999;
    relay.watch();
    assert.equal(unsecured(), 0);
    now = 30_000;
    for (let times = 0; times < 3; times++) relay.watch();
    assert.equal(unsecured(), 1);
    const gone = told.at(-1);
    assert.match(gone?.type === "unsecured" ? gone.why : "", /nothing has come from it for 30 seconds/);
  });

  it("has 30 seconds for a first check after it has begun anew (RFC 8839 §4.4.1.1.1)", () => {
    check();
    shakes[0]?.events.keys(ours);
    now = 20_000;
    settled("audio", { way: { ...way, remote: { ...way.remote, ufrag: "anew" } } });
    now = 49_000;
    relay.watch();
    assert.equal(unsecured(), 0);
    now = 50_000;
    relay.watch();
    assert.equal(unsecured(), 1);
  });

  it("keeps its keys through a new offer, and shakes hands anew with another certificate (RFC 8842 §5.5)", () => {
    check();
    shakes[0]?.events.keys(ours);
    settled("audio", { way: structuredClone(way) });
    bellSays(1);
    assert.equal(got().length, 1);
    settled("audio", { way: { ...way, fingerprints: [{ hash: "sha256", value: "BB" }] } });
    assert.deepEqual([shakes.length, shakes[0]?.over], [2, true]);
    bellSays(2);
    assert.equal(got().length, 1);
    shakes[1]?.events.keys(ours);
    bellSays(3);
    assert.equal(got().length, 2);
  });

  it("ends with its session: the handshake is closed, the port given back, and nothing comes in any more", async () => {
    settled("video");
    check();
    shakes[0]?.events.keys(ours);
    relay.handle({ type: "close", session: 1, ports: [] });
    await settle();
    assert.deepEqual([shakes[0]?.over, closed, sockets[0]?.listenerCount("message")], [true, [40_000], 0]);
    assert.equal(told.at(-1)?.type, "closed");
  });

  it("gives up its video without its port, which the sound has", async () => {
    settled("video");
    relay.handle({ type: "release", session: 1, kind: "video", port: 0 });
    await settle();
    assert.deepEqual(closed, []);
    check();
    shakes[0]?.events.keys(ours);
    bellSays(1);
    assert.equal(heard().length, 1);
  });
});
