// RFC 4733 as it comes in: whatever is lost, late or said three times, a key counts once.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { EventReceiver, lostMs } from "../../../src/media/worker/dtmf/events.ts";
import { rtp } from "../packets.ts";
import { seeded } from "../seeded.ts";

let now = 0;
let told: string[] = [];
let receiver: EventReceiver;

beforeEach(() => {
  [now, told] = [0, []];
  receiver = new EventReceiver({
    began: (key) => told.push(key),
    ended: (key, ms) => told.push(`${key} ${ms}`),
  });
});

interface Event {
  event: number;
  timestamp: number;
  duration: number;
  end?: boolean;
  ssrc?: number;
  rate?: number;
}

const body = ({ event, end = false, duration }: Event) =>
  Buffer.from([event, end ? 0x8a : 0x0a, duration >> 8, duration & 0xff]);

function hear(...events: Event[]): void {
  for (const each of events) {
    const { timestamp, ssrc = 1, rate = 8000 } = each;
    receiver.hear(rtp({ payload: 101, timestamp, ssrc, body: body(each) }), rate, now);
    now += 20;
  }
}

/** A whole press as RFC 4733 §2.5.1 sends it: an update each 20 ms, the end three times. */
const press = (event: number, timestamp: number, ms = 100, units = 160): Event[] => {
  const count = ms / 20;
  return Array.from({ length: count + 2 }, (_, i) => ({
    ...{ event, timestamp, duration: Math.min(i + 1, count) * units, end: i >= count - 1 },
  }));
};

describe("RFC 4733 keys that come in", () => {
  it("begin with their first packet and end with the first of the three that say so", () => {
    hear(...press(1, 1000), ...press(1, 3000, 60), ...press(11, 5000, 40));
    assert.deepEqual(told, ["1", "1 100", "1", "1 60", "#", "# 40"]);
  });

  it("§2.1 are told apart by their timestamp alone, not by markers, over its wrap", () => {
    hear(...press(5, 2 ** 32 - 100), ...press(5, 700));
    assert.deepEqual(told, ["5", "5 100", "5", "5 100"]);
  });

  it("lose nothing but time with their first packets, their updates, or two of their ends", () => {
    let source = 1;
    for (const lost of [
      [0, 1, 2],
      [1, 3],
      [4, 5],
      [0, 1, 2, 3, 5, 6],
    ]) {
      told = [];
      const ssrc = ++source;
      hear(
        ...press(7, 1000)
          .filter((_, i) => !lost.includes(i))
          .map((e) => ({ ...e, ssrc })),
      );
      assert.deepEqual(told, ["7", "7 100"], lost.join());
    }
  });

  it("end where all three ends were lost: by silence, or by the next key", () => {
    hear(...press(1, 1000).slice(0, 4));
    now += lostMs - 40;
    receiver.look(now);
    assert.deepEqual(told, ["1"]);
    now += 40;
    receiver.look(now);
    assert.deepEqual(told, ["1", "1 80"]);
    hear(...press(2, 9000).slice(0, 2), ...press(3, 12_000));
    assert.deepEqual(told.slice(2), ["2", "2 40", "3", "3 100"]);
  });

  it("count once however late and out of order their packets are", () => {
    const random = seeded(1);
    for (let round = 0; round < 200; round++) {
      told = [];
      const ssrc = 100 + round;
      const first = press(1, 1000).map((e) => ({ ...e, ssrc }));
      const second = press(1, 3000).map((e) => ({ ...e, ssrc }));
      const mixed = [...first, ...second];
      // Each packet may come up to three places late.
      const order = mixed.map((e, i) => ({ e, at: i + random(4) })).sort((a, b) => a.at - b.at);
      hear(...order.map(({ e }) => e));
      const begun = told.filter((text) => text === "1").length;
      assert.equal(begun, 2, JSON.stringify(order));
      assert.equal(told.length, 4);
    }
  });

  it("§2.5.1.3 that are long go on in segments, and are one press", () => {
    const first: Event = { event: 9, timestamp: 1000, duration: 0xffff };
    hear({ ...first, duration: 160 }, first, { event: 9, timestamp: 1000 + 0xffff, duration: 1600 });
    hear({ event: 9, timestamp: 1000 + 0xffff, duration: 3200, end: true });
    assert.deepEqual(told, ["9", `9 ${Math.round((0xffff + 3200) / 8)}`]);
  });

  it("§3.2 are the sixteen keys: a flash and the tones of modems are none", () => {
    for (let event = 0; event < 256; event++) hear(...press(event, 10_000 * (event + 1)));
    assert.equal(told.filter((text) => text.length === 1).join(""), "0123456789*#ABCD");
  });

  it("are counted in the clock of their format", () => {
    hear(...press(4, 1000, 100, 960).map((e) => ({ ...e, rate: 48_000 })));
    assert.deepEqual(told, ["4", "4 100"]);
  });

  it("may stand several in one packet, each where the one before ends", () => {
    const two = Buffer.concat([
      body({ event: 1, timestamp: 0, duration: 800, end: true }),
      body({ event: 2, timestamp: 0, duration: 400, end: true }),
    ]);
    receiver.hear(rtp({ payload: 101, timestamp: 5000, body: two }), 8000, 0);
    assert.deepEqual(told, ["1", "1 100", "2", "2 50"]);
  });

  it("begin anew with another source, and where a device begins to count anew", () => {
    hear(...press(1, 50_000_000), ...press(1, 1000).map((e) => ({ ...e, ssrc: 2 })), ...press(2, 400_000_000));
    hear(...press(3, 50));
    assert.deepEqual(told.filter((text) => text.length === 1).join(""), "1123");
  });

  it("are none where a packet is cut short", () => {
    for (const length of [0, 1, 3])
      receiver.hear(rtp({ payload: 101, timestamp: 1, body: Buffer.alloc(length) }), 8000, 0);
    assert.deepEqual(told, []);
  });
});
