// How long a door's camera is waited for.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkDoor } from "../../../src/door/door.ts";
import { Secret } from "../../../src/secret.ts";
import { DoorEye } from "../../../src/visit/presses/door-eye.ts";
import { device, rejects } from "../../http/device.ts";
import { FakeClock } from "../../support/clock.ts";

describe("a door's camera that does not answer", () => {
  for (const [preset, pictureTimeout, seconds] of [
    ["generic", undefined, 5],
    ["simulated", undefined, 20],
    ["simulated", 3, 3],
  ] as const)
    it(`is waited for ${seconds} s where the preset is ${preset}${pictureTimeout ? " and that is set" : ""}`, async (t) => {
      const clock = new FakeClock();
      const camera = await device(t, () => {});
      const door = { id: "front", name: "Front", extension: "8000", code: new Secret("1"), password: new Secret("p") };
      const imageUrl = new Secret(`${camera.url}/a.jpg`);
      const settings = checkDoor({ ...door, preset, imageUrl, ...(pictureTimeout && { pictureTimeout }) });
      const eye = new DoorEye(settings, () => ({}), { clock });
      t.after(() => eye.close());
      let isOver = false;
      const refused = rejects(eye.snapshot(), "timeout", new RegExp(`${seconds} s`)).finally(() => (isOver = true));
      await camera.asked;
      await clock.advance(seconds * 1000 - 1);
      assert.equal(isOver, false);
      await clock.advance(1);
      await refused;
    });
});
