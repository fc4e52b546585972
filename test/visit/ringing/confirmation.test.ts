// "Press 1 to take the visitor", with real sound and real digits on loopback.
import assert from "node:assert/strict";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, it } from "node:test";
import { House } from "../house.ts";
import { ringAll } from "../ring-all.ts";

describe("a mobile that must confirm", () => {
  let house: House;
  beforeEach(async () => {
    // "1" opens the door.
    house = await House.open({ code: "1" });
  });
  afterEach(() => house.close());

  for (const digitsBy of ["rtp", "dtmf-relay"] as const)
    it(`hears the prompt and presses 1 (${digitsBy}): they talk, and the door has heard no 1`, async () => {
      const { bell, seen } = await house.bell();
      const mobile = await house.phone("6001", { digitsBy });
      const visit = await house.pressed(bell);
      const outcome = visit.answerBy(ringAll({ target: "6001", confirm: true }));
      await mobile.seen.next("ringing");
      await mobile.phone.answer();
      await mobile.seen.next("audio");
      assert.equal(visit.state, "ringing");
      await mobile.phone.digits("1");
      assert.equal((await outcome).by, "6001");
      await seen.next("answered");
      await mobile.phone.digits("5");
      await seen.next("dtmf", (event) => event.event === "dtmf" && event.digit === "5");
      assert.deepEqual(
        seen.all.flatMap((event) => (event.event === "dtmf" ? event.digit : [])),
        ["5"],
      );
      assert.ok(!seen.names().includes("opened"));
    });

  it("hears beeps where its prompt cannot be played, and the log says why", async () => {
    const { bell } = await house.bell();
    const mobile = await house.phone("6001");
    const visit = await house.pressed(bell);
    const prompt = { file: join(tmpdir(), "there-is-no-such-prompt.wav") };
    void visit.answerBy(ringAll({ target: "6001", confirm: true, prompt }));
    await mobile.seen.next("ringing");
    await mobile.phone.answer();
    await mobile.seen.next("audio");
    assert.ok(
      house.logged.some((line) =>
        /^6001 hears beeps in the place of its prompt: the sound file .* cannot be read/.test(line),
      ),
    );
  });
});
