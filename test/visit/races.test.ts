// What can happen while something else is still under way. A gate holds the media's ports back, so that the order of
// things is the test's and not the machine's.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { tryAgain } from "../../src/errors.ts";
import type { MediaSession } from "../../src/media/media.ts";
import type { VisitEnd } from "../../src/visit/messages.ts";
import { Secret } from "../../src/secret.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import { Switchboard } from "../../src/visit/switchboard.ts";
import { House } from "./house.ts";
import { ringAll } from "./ring-all.ts";

const secret = new Secret("a password");

/** Keeps every session of the house, and holds the opening of new ones while it is shut. */
class Gate {
  readonly sessions: MediaSession[] = [];
  #open: Promise<void> = Promise.resolve();
  unlock = (): void => {};
  /** Nothing comes of what was to be opened. */
  fail = (): void => {};
  #heard = (): void => {};
  /** Resolves when a phone's answer has reached us and waits to be connected. */
  readonly answer = new Promise<void>((resolve) => (this.#heard = resolve)).then(() => nextTurn());

  constructor({ switchboard: { media } }: House) {
    const open = media.open.bind(media);
    media.open = async () => {
      await this.#open;
      const session = await open();
      this.sessions.push(session);
      const receive = session.receiveAnswer.bind(session);
      session.receiveAnswer = (sdp) => {
        receive(sdp);
        this.#heard();
      };
      return session;
    };
  }

  shut(): void {
    this.#open = new Promise((resolve, reject) => {
      this.unlock = resolve;
      this.fail = () => reject(tryAgain("no-ports", "no port is free"));
    });
  }
}

describe("a visit, while something else is under way", () => {
  let house: House;
  beforeEach(async () => {
    house = await House.open();
  });
  afterEach(() => house.close());

  const ends = () => house.events.all.filter(({ event }) => event === "ended");

  /** A phone has answered and waits for its ports, while another call of the press has taken the place of the first. */
  async function answered() {
    const gate = new Gate(house);
    const { bell, seen } = await house.bell();
    const again = await house.bell();
    const hall = await house.phone("6001");
    const visit = await house.pressed(bell);
    await again.bell.press();
    await again.seen.next("ringing");
    const outcome = visit.answerBy(ringAll("6001"));
    await hall.seen.next("ringing");
    gate.shut();
    await bell.hangUp();
    await seen.next("ended");
    await hall.phone.answer();
    await gate.answer;
    return { gate, again, hall, visit, outcome };
  }

  it("stays over when the bell gives up before it could be answered for an opening", async () => {
    const gate = new Gate(house);
    const { bell } = await house.bell();
    gate.shut();
    const visit = await house.pressed(bell);
    const opening = house.switchboard.open({ door: "front", by: "dashboard" });
    await bell.hangUp();
    await house.event("ended");
    gate.unlock();
    assert.equal((await opening).ok, false);
    assert.equal(visit.state, "ended");
    assert.ok(!house.events.names().includes("answered"));
  });

  it("opens by the call that a phone has answered meanwhile", async () => {
    const { gate, visit, outcome } = await answered();
    const opening = house.switchboard.open({ door: "front", by: "dashboard" });
    gate.unlock();
    assert.deepEqual([(await outcome).by, (await opening).ok], ["6001", true]);
    assert.equal(visit.view().answeredBy, "6001");
    assert.equal(house.events.names().filter((name) => name === "answered").length, 1);
  });

  it("X1 connects the phone with the call that is left, though two others of the press end while ports are opened", async () => {
    const gate = new Gate(house);
    const bells = [await house.bell(), await house.bell(), await house.bell()] as const;
    const [first, second, third] = bells;
    const hall = await house.phone("6001");
    const visit = await house.pressed(first.bell);
    for (const { bell, seen } of [second, third]) {
      await bell.press();
      await seen.next("ringing");
    }
    const outcome = visit.answerBy(ringAll("6001"));
    await hall.seen.next("ringing");
    gate.shut();
    const { unlock } = gate;
    await first.bell.hangUp();
    await first.seen.next("ended");
    await hall.phone.answer();
    await gate.answer;
    gate.shut();
    await second.bell.hangUp();
    while (house.switchboard.endpoint.calls > 2) await nextTurn();
    unlock();
    await nextTurn();
    gate.unlock();
    assert.equal((await outcome).by, "6001");
    await third.seen.next("answered");
    await third.seen.next("audio");
  });

  it("a second wish to open does not cut the first one short", async () => {
    const slow = await House.open({ code: "1,,2" });
    try {
      const { bell } = await slow.bell({ code: new Secret("12") });
      const visit = await slow.pressed(bell);
      const first = slow.switchboard.open({ door: "front", by: "dashboard" });
      await slow.event("answered");
      assert.equal((await slow.switchboard.open({ door: "front", by: "impatient" })).ok, false);
      assert.equal((await first).ok, true);
      const { outcome, openings } = (await slow.event("ended")).payload as VisitEnd;
      assert.deepEqual([outcome, openings, visit.state], ["opened", 1, "ended"]);
    } finally {
      await slow.close();
    }
  });

  it("ends with the reason where the sound is lost in the middle of a call", async () => {
    const gate = new Gate(house);
    const { bell } = await house.bell();
    await house.phone("6001", { answerAfterMs: 0 });
    await (await house.pressed(bell)).answerBy(ringAll("6001"));
    gate.sessions.at(-1)?.ended();
    assert.equal(((await house.event("ended")).payload as VisitEnd).text, "the sound of the call was lost");
  });

  it("ends when the phone hangs up before it could be connected", async () => {
    const { gate, again, hall, visit, outcome } = await answered();
    await hall.phone.hangUp();
    while (house.switchboard.endpoint.calls > 1) await nextTurn();
    gate.unlock();
    await outcome;
    await again.seen.next("ended");
    assert.equal(visit.state, "ended");
    await house.event("ended");
    assert.equal(ends().length, 1);
    await Promise.all(gate.sessions.map((session) => session.close()));
    assert.equal(house.switchboard.media.sessions, 0);
  });

  it("X4 a phone that has answered a bell whose sound cannot be had is hung up on", async () => {
    const { gate, again, hall, outcome } = await answered();
    gate.fail();
    await Promise.all([hall.seen.next("ended"), again.seen.next("ended"), outcome]);
    assert.equal(((await house.event("ended")).payload as VisitEnd).outcome, "failed");
    assert.ok(!house.events.names().includes("answered"));
    await Promise.all(gate.sessions.map((session) => session.close()));
    assert.equal(house.switchboard.media.sessions, 0);
  });

  it("ends when the sound of the phone is lost before it could be connected", async () => {
    const { gate, again, hall, outcome } = await answered();
    gate.sessions[1]?.ended();
    gate.unlock();
    await outcome;
    assert.equal(((await house.event("ended")).payload as VisitEnd).text, "the sound of the call was lost");
    await Promise.all([hall.seen.next("ended"), again.seen.next("ended")]);
  });

  it("H5 a strategy that comes while the answer of the last one is connected rings nobody", async () => {
    const kitchen = await house.phone("6002");
    const { gate, visit, outcome: first } = await answered();
    const second = visit.answerBy(ringAll("6002"));
    gate.unlock();
    assert.equal((await first).by, "6001");
    assert.equal((await second).result, "stopped");
    assert.ok(!kitchen.seen.names().includes("ringing"));
    assert.equal(visit.state, "talking");
  });

  it("A5 a phone that does not want to be disturbed does not ring when it registers during the visit", async () => {
    const { bell } = await house.bell();
    const hall = await house.phone("6001");
    house.switchboard.addExtension({ extension: "6002", name: "Late", password: secret }, "Late");
    house.switchboard.directory.setDnd("6002", true);
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(ringAll("6001", "6002"));
    await hall.seen.next("ringing");
    const late = await house.phone("6002", { answerAfterMs: 0 });
    await hall.phone.answer();
    const { by, parties } = await outcome;
    assert.deepEqual([by, parties.map(({ target }) => target)], ["6001", ["6002", "6001"]]);
    assert.ok(!late.seen.names().includes("ringing"));
  });

  it("H10 a bell that dials its own number is not put through to itself", async () => {
    const { bell } = await house.bell({ dial: "8000" });
    let called = 0;
    const { endpoint } = house.switchboard;
    const callContact = endpoint.callContact.bind(endpoint);
    endpoint.callContact = (...args) => {
      called++;
      return callContact(...args);
    };
    const visit = await house.pressed(bell);
    const { result, parties } = await visit.answerBy(ringAll());
    assert.deepEqual([result, parties.map((party) => party.target), called], ["busy", ["8000"], 0]);
  });

  it("goes on with new ports when the media worker dies while it rings", async () => {
    const gate = new Gate(house);
    const { bell, seen } = await house.bell();
    const hall = await house.phone("6001", { answerAfterMs: 100 });
    const visit = await house.pressed(bell);
    const tries = strategyOf({ strategy: "redial", targets: ["6001"], waitSeconds: 0.5 });
    const outcome = visit.answerBy(tries);
    await hall.seen.next("ringing");
    // What the media does with its sessions when its worker is gone.
    for (const session of gate.sessions) session.ended();
    const { by, tries: count } = await outcome;
    assert.deepEqual([by, count], ["6001", 2]);
    await seen.next("audio", (e) => "frequency" in e && Math.abs(e.frequency - 880) < 20);
  });
});

describe("calls between extensions", () => {
  let house: House;
  beforeEach(async () => {
    house = await House.open();
  });
  afterEach(() => house.close());

  it("an answer that cannot be put through leaves no call behind", async () => {
    const hall = await house.phone("6001");
    const kitchen = await house.phone("6002", { answerAfterMs: 0 });
    const gate = new Gate(house);
    await hall.phone.dial("6002");
    await kitchen.seen.next("ringing");
    const [caller] = gate.sessions;
    assert.ok(caller);
    caller.answer = () => {
      throw new Error("nothing in common");
    };
    await Promise.all([kitchen.seen.next("ended"), hall.seen.next("ended")]);
    await Promise.all(gate.sessions.map((session) => session.close()));
    assert.equal(house.switchboard.media.sessions, 0);
  });

  it("a phone that dials its own number is told busy, and not called", async () => {
    const hall = await house.phone("6001");
    await hall.phone.dial("6001");
    await hall.seen.next("ended");
    assert.ok(!hall.seen.names().includes("answered"));
  });

  it("are ended with a word when the switchboard closes, talking or ringing", async () => {
    const hall = await house.phone("6001");
    const kitchen = await house.phone("6002", { answerAfterMs: 0 });
    const attic = await house.phone("6003");
    const cellar = await house.phone("6004");
    await hall.phone.dial("6002");
    await hall.seen.next("answered");
    await attic.phone.dial("6004");
    await cellar.seen.next("ringing");
    // When a further phone has registered, the cellar's word that it rings has come in too.
    await house.phone("6005");
    await house.switchboard.close();
    await Promise.all([hall, kitchen, attic, cellar].map(({ seen }) => seen.next("ended")));
  });
});

describe("the switchboard", () => {
  it("that is closed while it starts leaves no listener behind", async () => {
    const switchboard = new Switchboard({
      sip: { listeners: [{ transport: "udp", address: "127.0.0.1", port: 0 }] },
      media: { bind: "127.0.0.1", ports: [0, 0] },
    });
    const started = switchboard.start();
    await switchboard.close();
    await started;
    assert.deepEqual(switchboard.addresses, []);
    assert.throws(() => switchboard.media, /does not listen/);
    await switchboard.close();
  });
});
