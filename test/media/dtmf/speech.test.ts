// N5 Nobody's voice opens a door: some minutes of speech hold no digit. `npm run bench -- digits` listens to two hours.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Detector } from "../../../src/media/worker/dtmf/detector.ts";
import { without } from "../../support/peers.ts";
import { dialled } from "./voice.ts";
import { seeded } from "../seeded.ts";
import { speech } from "./speech.ts";

describe("digits and speech", { skip: without("espeak-ng") }, () => {
  it("N5 five minutes of speech hold no digit, and a digit behind each piece is found", async () => {
    let seconds = 0;
    for await (const { voice, samples } of speech(300)) {
      seconds += samples.length / 8000;
      const detector = new Detector();
      let heard = "";
      const listen = (some: Int16Array) => detector.hear(some, (key) => (heard += key));
      listen(samples);
      assert.ok(
        samples.some((sample) => Math.abs(sample) > 1000),
        "somebody speaks",
      );
      assert.equal(heard, "", `a digit in what ${voice} said`);
      listen(dialled("5", {}, seeded(seconds)));
      assert.equal(heard, "5");
    }
    assert.ok(seconds >= 300);
  });
});
