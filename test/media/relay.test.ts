// The worker's sessions without their sockets: silence on a clock that tests turn.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { beforeEach, describe, it } from "node:test";
import { pcma } from "../../src/media/codec.ts";
import { noCounts, type FromWorker, type Kind, type Remote } from "../../src/media/worker/messages.ts";
import type { PortPair } from "../../src/media/worker/ports.ts";
import { Relay } from "../../src/media/worker/relay.ts";
import { settle } from "../support/clock.ts";
import { rtcp, rtp } from "./packets.ts";

let now = 0;
let told: FromWorker[] = [];
let pairs: PortPair[] = [];
let closed: number[] = [];
let relay: Relay;
let pool: { open: () => Promise<PortPair>; has: () => boolean };

class FakeSocket extends EventEmitter {
  sent = 0;
  send: (...sent: unknown[]) => void = () => {
    this.sent++;
  };
}

function pair(): PortPair {
  const port = 40_000 + 2 * pairs.length;
  const sockets = { rtp: new FakeSocket(), rtcp: new FakeSocket() } as unknown as Pick<PortPair, "rtp" | "rtcp">;
  const made = { port, ...sockets, close: () => Promise.resolve(void closed.push(port)) };
  pairs.push(made);
  return made;
}

const remote: Remote = {
  ...{ address: "192.0.2.1", port: 4000, rtcpPort: 4001, send: true, receive: true },
  ...{ sends: [pcma], receives: [pcma] },
};
const routes = [{ from: 8, to: 8, rate: 8000 }];
const route = (session: number, to: number) => relay.handle({ type: "route", session, kind: "audio", to, routes });
const silences = () => told.filter((m) => m.type === "silent").map((m) => m.session);
const hear = (which: "rtp" | "rtcp", index: number, sequence = 1, port = 4000) =>
  pairs[index]?.[which].emit("message", which === "rtp" ? rtp({ sequence }) : rtcp(0, 201, [1]), {
    address: "192.0.2.1",
    port,
  });
const wait = (ms: number) => {
  for (let passed = 0; passed < ms; passed += 1000) {
    now += 1000;
    relay.watch();
  }
};

async function start(firstPacketMs = 30_000, silenceMs = 15_000) {
  [now, told, pairs, closed] = [0, [], [], []];
  pool = { open: () => Promise.resolve(pair()), has: () => false };
  relay = new Relay(
    { bind: "0.0.0.0", own: [], firstPacketMs, silenceMs },
    {
      now: () => now,
      random: () => 0.5,
      pool,
      metronome: { add: () => () => {} },
      tell: (m) => told.push(m),
      shake: () => assert.fail("no browser here"),
    },
  );
  relay.handle({ type: "want", pairs: 4 });
  await settle();
  for (const session of [1, 2]) settleRemote(session);
}

/** How many packets have left each port. */
const sent = () => pairs.map(({ rtp }) => (rtp as unknown as FakeSocket).sent);

const settleRemote = (session: number, kind: Kind = "audio", how = remote) =>
  relay.handle({ type: "remote", session, kind, port: portOf(session, kind), remote: how });
/** Session 1 has 40000 and 40002, session 2 the next two. */
const portOf = (session: number, kind: Kind = "audio") => 40_000 + 4 * (session - 1) + (kind === "audio" ? 0 : 2);

beforeEach(() => start());

describe("who hears nothing", () => {
  const bothWays = () => {
    route(1, 2);
    route(2, 1);
    relay.watch();
  };
  /** The first one goes on talking. */
  const talk = (seconds: number) => {
    for (let n = 0; n < seconds; n++) {
      hear("rtp", 0, n + 1);
      wait(1000);
    }
  };

  it("RFC 6263 is sent silence every two seconds while who is mute is there: it would take the call for dead", () => {
    bothWays();
    relay.handle({ type: "mute", session: 1, on: true });
    talk(1);
    assert.deepEqual(sent(), [0, 0, 0, 0]);
    talk(19);
    assert.deepEqual(sent(), [0, 0, 10, 0]);
    relay.handle({ type: "mute", session: 1, on: false });
    talk(10);
    assert.deepEqual(sent(), [0, 0, 20, 0], "and nothing beside what is said");
  });

  it("is sent silence while the other one is on hold and sends nothing, and is sent nothing while it is so itself", () => {
    bothWays();
    settleRemote(1, "audio", { ...remote, send: false, receive: false });
    wait(60_000);
    assert.deepEqual(sent(), [0, 0, 30, 0]);
  });

  it("is sent nothing for who has gone: that the call is dead is true then", () => {
    bothWays();
    hear("rtp", 0);
    wait(14_000);
    assert.deepEqual(sent(), [0, 0, 7, 0]);
    wait(60_000);
    assert.deepEqual(sent(), [0, 0, 7, 0]);
  });

  it("is sent silence where it talks with us only", () => {
    relay.handle({ type: "silence", session: 1, ms: undefined, awaited: true });
    relay.watch();
    wait(20_000);
    assert.deepEqual(sent(), [10, 0, 0, 0]);
  });

  it("is sent nothing from here while the other one's sound goes past us", () => {
    bothWays();
    for (const session of [1, 2]) settleRemote(session, "audio", { ...remote, away: true });
    hear("rtcp", 0);
    wait(14_000);
    assert.deepEqual(sent(), [0, 0, 0, 0]);
  });
});

describe("media time-outs", () => {
  it("says nothing of a session that is not bridged: a phone may ring for long", () => {
    wait(120_000);
    assert.deepEqual(silences(), []);
  });

  it("tells of one that is not bridged where it is awaited: it talks with us", () => {
    relay.handle({ type: "silence", session: 1, ms: undefined, awaited: true });
    relay.watch();
    hear("rtp", 0);
    wait(14_000);
    assert.deepEqual(silences(), []);
    wait(1000);
    assert.deepEqual(silences(), [1]);
  });

  it("tells once of a first packet that does not come for 30 s, of each session", () => {
    route(1, 2);
    relay.watch();
    wait(29_000);
    assert.deepEqual(silences(), []);
    wait(60_000);
    assert.deepEqual(silences(), [1]);
  });

  it("tells of 15 s without a packet while talking, and again after media came back", () => {
    route(1, 2);
    relay.watch();
    hear("rtp", 0);
    wait(14_000);
    assert.deepEqual(silences(), []);
    wait(1000);
    assert.deepEqual(silences(), [1]);
    hear("rtp", 0, 2);
    wait(20_000);
    assert.deepEqual(silences(), [1, 1]);
  });

  it("tells that media came back, so that two sides silent at different times are no dead call", () => {
    route(1, 2);
    relay.watch();
    hear("rtp", 0);
    wait(15_000);
    hear("rtp", 0, 2);
    relay.watch();
    assert.deepEqual(
      told.filter((m) => m.type === "silent" || m.type === "heard").map((m) => m.type),
      ["silent", "heard"],
    );
  });

  it("waits as long as a session wants, and for ever with 0; for a first packet no less than for those of others", () => {
    route(1, 2);
    for (const [session, ms] of [
      [1, 5000],
      [2, 0],
    ] as const)
      relay.handle({ type: "silence", session, ms, awaited: false });
    relay.watch();
    wait(29_000);
    assert.deepEqual(silences(), []);
    hear("rtp", 0);
    wait(4000);
    assert.deepEqual(silences(), []);
    wait(1000);
    assert.deepEqual(silences(), [1]);
    wait(90_000);
    assert.deepEqual(silences(), [1]);
  });

  it("takes RTCP for a sign of life: silence suppression is not silence", () => {
    route(1, 2);
    relay.watch();
    hear("rtp", 0);
    for (let i = 0; i < 10; i++) {
      wait(5000);
      hear("rtcp", 0);
    }
    assert.deepEqual(silences(), []);
  });

  it("does not wait for a side on hold, and starts anew when it comes back", () => {
    route(1, 2);
    relay.watch();
    hear("rtp", 0);
    settleRemote(1, "audio", { ...remote, receive: false });
    wait(100_000);
    settleRemote(1);
    wait(29_000);
    assert.deepEqual(silences(), []);
  });

  it("is off with 0", async () => {
    await start(0, 0);
    route(1, 2);
    wait(200_000);
    assert.deepEqual(silences(), []);
  });
});

describe("RFC 3550 §6.2 reports", () => {
  it("of many sessions are not all sent at once: of a tenth of them, ten times a second", () => {
    const sent = pairs.map(() => 0);
    for (const [i, one] of pairs.entries()) {
      const socket = one.rtcp as unknown as FakeSocket;
      socket.send = () => {
        sent[i] = (sent[i] ?? 0) + 1;
      };
    }
    for (let tenth = 0; tenth < 100; tenth++) {
      now += 100;
      relay.report();
    }
    assert.deepEqual(sent.filter(Boolean), [2, 2], "after 2.5 s and 7.5 s, of the two that are open");
  });
});

describe("sessions in the worker", () => {
  it("take ready pairs, give the video's back when asked, and close what is left", async () => {
    assert.deepEqual(told, [{ type: "ports", ports: [40_000, 40_002, 40_004, 40_006], wanted: 4 }]);
    settleRemote(1, "video");
    relay.handle({ type: "release", session: 1, kind: "video", port: 40_002 });
    relay.handle({ type: "close", session: 1, ports: [] });
    await settle();
    assert.deepEqual(closed, [40_002, 40_000]);
    const counts = { ...noCounts, remote: "192.0.2.1:4000" };
    assert.deepEqual(told.slice(1), [{ type: "closed", session: 1, counts }]);
    await relay.end();
    assert.deepEqual(closed.slice(2).sort(), [40_004, 40_006]);
  });

  it("close pairs that were told to somebody and never used", async () => {
    relay.handle({ type: "close", session: 3, ports: [40_002] });
    relay.handle({ type: "release", session: 1, kind: "video", port: 40_006 });
    await settle();
    assert.deepEqual(closed, [40_002, 40_006]);
    assert.deepEqual(told.at(-1), { type: "closed", session: 3, counts: noCounts });
    settleRemote(3, "audio", remote);
    assert.equal(pairs[1]?.rtp.listenerCount("message"), 0, "a session that is closed opens nothing");
  });

  it("tell of as many ready pairs as there are, and why there are no more", async () => {
    const why = "No media port is free: widen the range.";
    pool.open = () => (pairs.length < 6 ? Promise.resolve(pair()) : Promise.reject(new Error(why)));
    relay.handle({ type: "want", pairs: 8 });
    await settle();
    assert.deepEqual(told.at(-1), { type: "ports", ports: [40_008, 40_010], wanted: 8, reason: why });
  });

  it("do not take port 0 for where their peer is: sending there would end the worker", () => {
    const to: unknown[] = [];
    const socket = pairs[0]?.rtp as unknown as FakeSocket;
    socket.send = (...[, port]: unknown[]) => void to.push(port);
    route(1, 2);
    route(2, 1);
    for (const sequence of [1, 2, 3, 4, 5]) hear("rtp", 0, sequence, 0);
    hear("rtcp", 0, 1, 0);
    hear("rtp", 2);
    assert.deepEqual(to, [4000]);
    settleRemote(1, "audio", { ...remote, port: 65_536 });
    hear("rtp", 2, 2);
    assert.ok(!to.includes(65_536));
  });

  it("send nothing more to a session that is closed", () => {
    let sent = 0;
    const socket = pairs[2]?.rtp as unknown as FakeSocket;
    socket.send = () => {
      sent++;
    };
    route(1, 2);
    hear("rtp", 0);
    assert.equal(sent, 1);
    relay.handle({ type: "close", session: 2, ports: [] });
    hear("rtp", 0, 2);
    assert.equal(sent, 1);
  });
});
