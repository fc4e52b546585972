// H7 with real sound: what the visitor and who fetches it hear, by simulated devices on loopback.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { SimEvent } from "../../../src/sim/sim.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { House, type Record } from "../house.ts";

const houses: House[] = [];
after(() => Promise.all(houses.map((house) => house.close())));

async function open(recordings?: string): Promise<House> {
  const house = await House.open({}, undefined, {}, recordings === undefined ? {} : { recordings });
  houses.push(house);
  house.switchboard.parking.add({ name: "Parking" }, "parking place");
  return house;
}

/** A second in which it hears this loud tone. */
const hears = (seen: Record<SimEvent>, ...pitches: number[]) =>
  seen.next("audio", (event) => event.event === "audio" && pitches.some((one) => Math.abs(event.frequency - one) < 25));

// Of the tune, and what a bell and a phone say.
const tune = [523, 659, 698, 784, 880];
const [bellSays, phoneSays] = [440, 880];

describe("H7, H8 parking, heard", () => {
  it("the visitor hears the tune, then whom it was fetched by, who hears it", async () => {
    const house = await open();
    const [{ bell, seen }, { phone, seen: rang }] = [await house.bell(), await house.phone("6001")];
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(strategyOf({ strategy: "park" }));
    await house.event("parked");
    await hears(seen, ...tune);
    await phone.dial("555");
    assert.equal((await outcome).by, "6001");
    await Promise.all([hears(seen, phoneSays), hears(rang, bellSays)]);
    await phone.hangUp();
    assert.equal(((await house.event("ended")).payload as { answeredBy: string }).answeredBy, "6001");
  });

  it("a phone parks it by a transfer, another one fetches it, and the recording is one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "portero-"));
    try {
      const house = await open(folder);
      const [{ bell, seen }, { phone, seen: rang }] = [
        await house.bell(),
        await house.phone("6001", { answerAfterMs: 0 }),
      ];
      const { phone: other, seen: fetched } = await house.phone("6002");
      const visit = await house.pressed(bell);
      await visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"], record: "file" }));
      await hears(rang, bellSays);
      await phone.transfer("444");
      const { payload } = await house.event("parked");
      assert.equal((payload as { slot: string }).slot, "701");
      await rang.next("ended");
      await hears(seen, ...tune);
      await other.dial("701");
      await hears(fetched, bellSays);
      await bell.hangUp();
      const { by, seconds } = (await house.event("recorded")).payload as { by: string; seconds: number };
      assert.equal(by, "6002");
      // Two talks of which a second each was heard; who is late may hear that second in less.
      assert.ok(seconds > 1, `of ${seconds} s`);
      assert.equal(house.events.names().filter((name) => name === "recorded").length, 1);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
