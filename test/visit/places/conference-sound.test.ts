// H9, N5: what is heard in a room, and where keys go, by simulated devices on loopback with real RTP.
import assert from "node:assert/strict";
import type { Worker } from "node:worker_threads";
import { afterEach, describe, it } from "node:test";
import { Secret } from "../../../src/secret.ts";
import type { PhoneOptions } from "../../../src/sim/phone.ts";
import type { SimEvent } from "../../../src/sim/sim.ts";
import type { VisitEnd } from "../../../src/visit/messages.ts";
import type { ConferenceSettings } from "../../../src/visit/places/rooms.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { House, ownThread, type Record } from "../house.ts";

const conference = strategyOf({ strategy: "conference", seconds: 30 });
/** Of Germany: 425 Hz. */
const music = { tone: "ring-back", country: "de" } as const;

describe("H9 in a room", () => {
  let house: House;
  afterEach(() => house.close());

  async function open(
    settings: Partial<ConferenceSettings> = {},
    door: Parameters<typeof House.open>[0] = {},
    options: Parameters<typeof House.open>[3] = {},
  ) {
    house = await House.open(door, undefined, {}, options);
    const numbers = { visitorNumber: "777", memberNumber: "888" };
    const remove = house.switchboard.addRoom(
      { name: "Hall", ...numbers, music, ...settings },
      'conference room "Hall"',
    );
    return { ...(await house.bell()), remove };
  }

  async function member(extension: string, options: Partial<PhoneOptions> = {}) {
    const device = await house.phone(extension, options);
    await device.phone.dial("888");
    await device.seen.next("answered");
    return device;
  }

  /** Waits until a device hears a pitch, behind the first so many events. */
  const hears = (seen: Record<SimEvent>, hertz: number, after = 0) =>
    seen.next(
      "audio",
      (event) => seen.all.indexOf(event) >= after && "frequency" in event && Math.abs(event.frequency - hertz) < 15,
    );
  const keys = (seen: Record<SimEvent>) =>
    seen.all.flatMap((event) => (event.event === "dtmf" ? [`${event.digit} ${event.by}`] : []));
  const told = () =>
    house.events.all.flatMap((event) => (event.event === "dtmf" ? [event.payload as { [name: string]: unknown }] : []));

  it("a bell hears music until somebody comes, then everybody who comes; who is left alone hears it again", async () => {
    const { bell, seen } = await open({ stay: true });
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(conference);
    await hears(seen, 425);
    const one = await member("6001", { tone: 880 });
    assert.equal((await outcome).by, "6001");
    await hears(seen, 880);
    await hears(one.seen, 440);
    const two = await member("6002", { tone: 1300 });
    await house.event("joined");
    // Of two tones as loud as each other either may seem the loudest; of the first alone there is no doubt.
    await one.phone.hangUp();
    await house.event("left");
    await hears(seen, 1300);
    await bell.hangUp();
    await house.event("ended");
    await hears(two.seen, 425);
  });

  for (const digitsBy of ["rtp", "dtmf-relay"] as const)
    it(`N5 a door code from any member reaches the door once, by ${digitsBy}, and is told with who pressed it`, async () => {
      const { bell, seen } = await open();
      const outcome = (await house.pressed(bell)).answerBy(conference);
      await member("6001");
      await outcome;
      const two = await member("6002", { digitsBy });
      await house.event("joined");
      await two.phone.digits("1234");
      await seen.next("relay", (event) => "state" in event && event.state === "on");
      await house.events.next("dtmf", () => true, 4);
      assert.deepEqual(
        keys(seen).map((key) => key[0]),
        ["1", "2", "3", "4"],
      );
      assert.deepEqual(
        told().map(({ digit, from, member }) => [digit, from, member]),
        ["1", "2", "3", "4"].map((digit) => [digit, "answerer", "6002"]),
      );
    });

  it("a key of who may not open goes nowhere and is not told", async () => {
    const { bell, seen } = await open({ mayOpen: ["6001"] });
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(conference);
    const one = await member("6001", { digitsBy: "rtp" });
    await outcome;
    const [rtp, info] = [await member("6002", { digitsBy: "rtp" }), await member("6003")];
    await house.events.next("joined", () => true, 2);
    await rtp.phone.digits("1");
    await info.phone.digits("2");
    await one.phone.digits("3");
    await seen.next("dtmf");
    await house.event("dtmf");
    assert.deepEqual(keys(seen), ["3 rtp"]);
    assert.deepEqual(
      told().map(({ digit, member }) => [digit, member]),
      [["3", "6001"]],
    );
  });

  it("keys reach neither of two doors, which would both open; the flow is told for both", async () => {
    const { bell, seen } = await open();
    const yard = { id: "yard", name: "Yard", extension: "8001", preset: "generic" };
    house.switchboard.addDoor({ ...yard, password: new Secret("a password"), code: new Secret("1234") }, "door Yard");
    const other = await house.bell({ extension: "8001" });
    const outcome = (await house.pressed(bell)).answerBy(conference);
    const one = await member("6001", { digitsBy: "rtp" });
    await outcome;
    const second = (await house.pressed(other.bell, 2)).answerBy(conference);
    assert.equal((await second).by, "6001");
    await one.phone.digits("1234");
    await house.events.next("dtmf", () => true, 8);
    const opening = await house.switchboard.open({ door: "yard", by: "flow" });
    assert.equal(opening.ok, true);
    await other.seen.next("relay", (event) => "state" in event && event.state === "on");
    assert.equal(keys(seen).length, 0, "the front door heard nothing");
    assert.equal(keys(other.seen).length, 4, "and the other one what the flow sent");
    assert.deepEqual(
      new Set(house.events.all.flatMap((e) => (e.event === "dtmf" ? [e.visit.door] : []))),
      new Set(["front", "yard"]),
    );
  });

  it("a phone that waits as a visitor does changes nothing for the door, and its own keys go nowhere", async () => {
    const { bell, seen } = await open();
    const outcome = (await house.pressed(bell)).answerBy(conference);
    const one = await member("6001", { digitsBy: "rtp", tone: 0 });
    await outcome;
    const guest = await house.phone("6002", { digitsBy: "rtp" });
    await guest.phone.dial("777");
    await guest.seen.next("answered");
    await hears(guest.seen, 440);
    await guest.phone.digits("1");
    await one.phone.digits("2");
    await house.event("dtmf");
    await seen.next("dtmf");
    assert.deepEqual(keys(seen), ["2 rtp"]);
    assert.deepEqual(
      told().map(({ digit }) => digit),
      ["2"],
    );
  });

  it("N1 somebody is asked into a call that talks: all three hear each other, and open the door", async () => {
    const { bell, seen } = await open();
    const one = await house.phone("6001", { tone: 880, answerAfterMs: 0 });
    const two = await house.phone("6002", { tone: 1300, answerAfterMs: 0, digitsBy: "rtp" });
    const visit = await house.pressed(bell);
    await visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"] }));
    await hears(seen, 880);
    assert.equal(await visit.invite({ targets: ["6002"], seconds: 10 }), "6002");
    assert.equal(visit.view().conference, "Front door");
    await two.seen.next("answered");
    await two.phone.digits("1");
    await seen.next("dtmf");
    await one.phone.hangUp();
    await house.event("left");
    await Promise.all([hears(seen, 1300), hears(two.seen, 440, two.seen.all.length)]);
    assert.deepEqual(keys(seen), ["1 rtp"]);
    await two.phone.hangUp();
    const { outcome, media } = (await house.event("ended")).payload as VisitEnd;
    assert.equal(outcome, "answered");
    assert.equal(media?.door.lost, 0);
    assert.equal(house.switchboard.media.sessions, 0, "no port is left");
  });

  it("somebody is muted and heard again, the door or all members", async () => {
    const { bell, seen } = await open();
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(conference);
    const one = await member("6001", { tone: 880, digitsBy: "rtp" });
    await outcome;
    await hears(seen, 880);
    visit.talk.mute("answerer", true);
    await one.phone.digits("1");
    await seen.next("dtmf");
    visit.talk.mute("answerer", false);
    await hears(seen, 880, seen.all.length);
  });

  it("everybody is told when the worker dies, and the next visitor is served by another one", async () => {
    const workers: Worker[] = [];
    const born = (worker: Worker) => {
      if (worker.threadName === "portero-media") workers.push(worker);
    };
    process.on("worker", born);
    try {
      const { bell, seen } = await open({}, {}, ownThread);
      const outcome = (await house.pressed(bell)).answerBy(conference);
      const one = await member("6001", { tone: 880 });
      await outcome;
      await hears(seen, 880);
      // An order that it cannot read throws in it, as a fault of ours would.
      workers.at(-1)?.postMessage([null]);
      const { outcome: how, text } = (await house.event("ended")).payload as VisitEnd;
      assert.deepEqual([how, text], ["answered", "the sound of the call was lost"]);
      await Promise.all([seen.next("ended"), one.seen.next("ended")]);
      assert.equal(house.switchboard.media.sessions, 0);
      const again = (await house.pressed(bell, 2)).answerBy(conference);
      const before = seen.all.length;
      await one.phone.dial("888");
      assert.equal((await again).by, "6001");
      await hears(seen, 880, before);
    } finally {
      process.off("worker", born);
    }
  });
});
