import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Announcements, patienceMs, settleMs, type Announcement } from "../../src/mqtt/announcements.ts";
import { FakeClock } from "../support/clock.ts";

const ours = (door: string, ...parts: string[]): Announcement => ({
  topic: `ours/${door}`,
  payload: JSON.stringify({ components: Object.fromEntries(parts.map((part) => [part, { platform: "event" }])) }),
  parts: Object.fromEntries(parts.map((part) => [part, "event"])),
});

function announcing(...list: Announcement[]) {
  const clock = new FakeClock();
  const house = { list };
  const said: string[] = [];
  const announcements = new Announcements(
    "memory",
    {
      list: () => house.list,
      put: ({ topic, payload, retain }) => {
        assert.ok(retain);
        said.push(`${topic} ${payload.toString()}`.trim());
      },
      isOurs: (topic) => topic.startsWith("ours/"),
    },
    clock,
  );
  const news = () => said.splice(0);
  return { clock, house, announcements, news };
}

describe("What others are told of the doors", () => {
  it("is said at every connect, and remembered by the broker a while after", async () => {
    const { clock, announcements, news } = announcing(ours("front", "bell"));
    announcements.online();
    assert.deepEqual(news(), ['ours/front {"components":{"bell":{"platform":"event"}}}']);
    await clock.advance(patienceMs);
    assert.deepEqual(news(), ['memory {"ours/front":{"parts":{"bell":"event"}}}']);
    announcements.online();
    await clock.advance(patienceMs);
    assert.deepEqual(news(), ['ours/front {"components":{"bell":{"platform":"event"}}}']);
    assert.equal(clock.pending, 0);
  });

  it("is not taken back while a door is redeployed, nor while doors come one after the other at the start", async () => {
    const { clock, house, announcements, news } = announcing();
    announcements.online();
    announcements.remembered('{"ours/front":{"parts":{"bell":"event"}}}');
    await clock.advance(patienceMs - 1);
    house.list = [ours("front", "bell")];
    announcements.changed();
    await clock.advance(patienceMs);
    assert.deepEqual(news(), ['ours/front {"components":{"bell":{"platform":"event"}}}']);
    house.list = [];
    announcements.changed();
    await clock.advance(settleMs - 1);
    house.list = [ours("front", "bell")];
    announcements.changed();
    await clock.advance(settleMs);
    assert.deepEqual(news(), []);
  });

  it("is taken back when the door goes, also one that went while we were away", async () => {
    const { clock, house, announcements, news } = announcing(ours("front", "bell"), ours("back", "bell"));
    announcements.online();
    announcements.remembered('{"ours/front":{"parts":{"bell":"event"}},"ours/gone":{"topics":["ours/gone/state"]}}');
    await clock.advance(patienceMs);
    const memory = (...doors: string[]) =>
      `memory {${doors.map((door) => `"ours/${door}":{"parts":{"bell":"event"}}`).join(",")}}`;
    assert.deepEqual(news().slice(2), ["ours/gone/state", "ours/gone", memory("front", "back")]);
    house.list = [ours("back", "bell")];
    announcements.changed();
    await clock.advance(settleMs);
    assert.deepEqual(news(), ["ours/front", memory("back")]);
    house.list = [];
    announcements.changed();
    await clock.advance(settleMs);
    assert.deepEqual(news(), ["ours/back", "memory"]);
  });

  it("removes a part by its platform alone, once", async () => {
    const { clock, announcements, news } = announcing(ours("front", "bell"));
    announcements.online();
    announcements.remembered('{"ours/front":{"parts":{"bell":"event","open":"button"}}}');
    await clock.advance(patienceMs);
    assert.deepEqual(news().slice(1), [
      'ours/front {"components":{"bell":{"platform":"event"},"open":{"platform":"button"}}}',
      'memory {"ours/front":{"parts":{"bell":"event"}}}',
    ]);
    announcements.changed();
    await clock.advance(settleMs);
    assert.deepEqual(news(), []);
  });

  it("X6 clears no topic of others, whatever stands in the memory", async () => {
    for (const forged of [
      '{"theirs/light":{}}',
      '{"ours/x":{"topics":["theirs/light"]}}',
      '{"ours/x":{"topics":"theirs"}}',
      "[1]",
      "no json",
      '{"__proto__":{"topics":["ours/x"]}}',
    ]) {
      const { clock, announcements, news } = announcing();
      announcements.online();
      announcements.remembered(forged);
      await clock.advance(patienceMs);
      assert.deepEqual(news(), ["memory"], forged);
    }
  });

  it("is all taken back when the bridge goes for good", () => {
    const { clock, announcements, news } = announcing({ ...ours("front"), after: [["ours/front/state", "ready"]] });
    announcements.online();
    news();
    announcements.withdraw();
    assert.deepEqual(news(), ["ours/front/state", "ours/front"]);
    assert.equal(clock.pending, 0);
  });
});
