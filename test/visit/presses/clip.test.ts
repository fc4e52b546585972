// The clip of a press: from a camera's real film by HTTP, on the clock of the test.
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it, type TestContext } from "node:test";
import type { DoorForm } from "../../../src/door/door.ts";
import { Secret } from "../../../src/secret.ts";
import type { PressClip } from "../../../src/visit/messages.ts";
import { pattern } from "../../camera/pattern.ts";
import { device } from "../../http/device.ts";
import { settle } from "../../support/clock.ts";
import { Desk } from "../desk.ts";

async function house(t: TestContext, settings: Partial<DoorForm>) {
  const jpeg = await pattern(64, 48);
  const films: ServerResponse[] = [];
  const camera = await device(t, (_, response) => {
    films.push(response.writeHead(200, { "Content-Type": "multipart/x-mixed-replace; boundary=f" }));
  });
  const desk = await Desk.open();
  t.after(() => desk.close());
  desk.leaveDoor();
  desk.leaveDoor = desk.switchboard.addDoor(
    {
      ...{ id: "front", name: "Front door", extension: "8000", preset: "generic" },
      ...{ password: new Secret("pw8000"), code: new Secret("1"), pictureSources: ["jpeg"] },
      ...{ videoUrl: new Secret(`${camera.url}/film`), ...settings },
    },
    "door Front door",
  );
  /** Ten pictures a second. */
  const play = async (count: number) => {
    const live = desk.switchboard.entrances.get("front")?.live;
    for (let n = 0; n < count; n++) {
      while (films.length === 0) await settle();
      const before = live instanceof Error ? undefined : live?.lastKey()?.frame.at;
      for (const film of films) film.write(jpeg);
      // Until it has come through the sockets, if somebody looks.
      for (let turns = 0; turns < 50; turns++) {
        await new Promise((resolve) => setImmediate(resolve));
        if (live instanceof Error || live?.lastKey()?.frame.at !== before) break;
      }
      await desk.clock.advance(100);
    }
  };
  const told = async (event: "clip" | "clip-failed") => {
    while (desk.told(event).length === 0) await settle();
    return desk.told(event)[0];
  };
  return { desk, films, camera, play, told };
}

describe("X12 the clip of a press", () => {
  it("holds what was seen before it, where the video runs always, and is told once the visit is over, too", async (t) => {
    const { desk, play, told } = await house(t, { liveAlways: true, clipSeconds: 2 });
    await play(80);
    const bell = desk.device("8000");
    const pressedAt = desk.clock.now();
    await bell.dial("6001");
    assert.equal(desk.told("clip").length, 0);
    desk.switchboard.lastVisit("front")?.stop("enough");
    await play(25);
    const clip = (await told("clip")) as PressClip;
    const { mp4, from, seconds, ...about } = clip;
    assert.deepEqual(about, { codec: "jpeg", width: 64, height: 48 });
    assert.ok(from <= pressedAt - 5_000 && from > pressedAt - 5_300, `it begins ${pressedAt - from} ms before`);
    assert.ok(seconds >= 6.7 && seconds <= 7.3, `${seconds} s`);
    assert.equal(mp4.toString("latin1", 4, 8), "ftyp");
    assert.equal(desk.told("ended").length, 1);
  });

  it("on demand the video is fetched for it, and let go afterwards", async (t) => {
    const { desk, films, play, told } = await house(t, { clipSeconds: 1, liveWarm: 5 });
    await desk.clock.advance(10_000);
    assert.equal(films.length, 0);
    await desk.device("8000").dial("6001");
    await play(12);
    const { seconds } = (await told("clip")) as PressClip;
    assert.ok(seconds > 0.5 && seconds <= 1, `${seconds} s`);
    const gone = new Promise((resolve) => films[0]?.on("close", resolve));
    await desk.clock.advance(5_000);
    await gone;
  });

  it("where there can be none it says why, and the press goes on", async (t) => {
    const masks = [{ x: 0, y: 0, width: 50, height: 50 }];
    const { desk, told } = await house(t, { clipSeconds: 1, masks });
    await desk.device("8000").dial("6001");
    const { reason } = (await told("clip-failed")) as { reason: string };
    assert.match(reason, /^Front door has parts that nobody may see, and a film cannot hide them/);
    assert.equal(desk.switchboard.lastVisit("front")?.state, "ringing");
  });

  it("a door that is taken away ends it with what there is", async (t) => {
    const { desk, play, told } = await house(t, { liveAlways: true, clipSeconds: 30 });
    await play(10);
    await desk.device("8000").dial("6001");
    await play(5);
    desk.leaveDoor();
    const { seconds } = (await told("clip")) as PressClip;
    assert.ok(seconds > 1 && seconds < 1.6, `${seconds} s`);
  });
});
