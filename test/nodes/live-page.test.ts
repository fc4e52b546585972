// The live view without a browser: what is told while pictures are still drawn, and what was found in Firefox and in WebKit. In a
// real browser: test/editor/live.test.ts.
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { here } from "../../browser/here.ts";
import { MsePlayer } from "../../browser/players/mse.ts";
import { Session, type View } from "../../browser/session.ts";
import { Speaker } from "../../browser/speaker.ts";
import { stubGlobals } from "../support/globals.ts";
import { until } from "../support/patience.ts";

class Media extends EventTarget {
  static isTypeSupported = () => true;
  readyState = "open";
  readonly buffer = new Buffered();
  addSourceBuffer = () => this.buffer;
}

/** A SourceBuffer that says of each thing that it is there. */
class Buffered extends EventTarget {
  updating = false;
  ranges: (readonly [number, number])[] = [];
  get buffered() {
    const { ranges } = this;
    const at = (nth: number, side: 0 | 1) => ranges[nth]?.[side] ?? NaN;
    return { length: ranges.length, start: (nth: number) => at(nth, 0), end: (nth: number) => at(nth, 1) };
  }
  appendBuffer(): void {
    this.dispatchEvent(new Event("updateend"));
  }
}

class Video extends EventTarget {
  videoWidth = 320;
  paused = false;
  playbackRate = 1;
  currentTime = 0;
  /** Asked for, and kept for ever. */
  requestVideoFrameCallback(): void {}
  play = () => Promise.resolve();
  pause(): void {}
}

/** An MSE player in a browser that is none. */
function player(t: TestContext) {
  const [media, video, seen] = [new Media(), new Video(), { pictures: 0 }];
  const browser = {
    document: { createElement: () => video },
    MediaSource: Object.assign(
      function () {
        return media;
      },
      { isTypeSupported: () => true },
    ),
  };
  t.mock.method(URL, "createObjectURL", () => "blob:film");
  stubGlobals(t, browser);
  const never = () => assert.ok(false, "it fails");
  const made = new MsePlayer({ shown: () => (seen.pictures += 1), failed: never, touch: never });
  t.after(() => made.close());
  made.format({ codec: "avc1", mime: "video/mp4" });
  media.dispatchEvent(new Event("sourceopen"));
  return { media, video, seen, take: () => made.take(new ArrayBuffer(1)) };
}

class Socket {
  onmessage: ((event: { data: unknown }) => void) | undefined;
  close(): void {}
}

/** A look at a camera that sends JPEGs; each is drawn when the test says so. */
async function session(t: TestContext) {
  const sockets: Socket[] = [];
  const drawn: (() => void)[] = [];
  stubGlobals(t, {
    document: { createElement: () => ({ getContext: () => ({ drawImage() {} }) }) },
    createImageBitmap: () =>
      new Promise((resolve) => drawn.push(() => resolve({ width: 320, height: 240, close() {} }))),
    fetch: () => Promise.resolve(Response.json({ ticket: "t", kinds: ["mjpeg"] })),
    WebSocket: class extends Socket {
      constructor() {
        super();
        sockets.push(this);
      }
    },
  });
  const told: string[] = [];
  const view: Partial<View> = {
    speaker: new Speaker(() => {}),
    player() {},
    shown: () => void told.push("shown"),
    trouble: (reason) => void told.push(reason),
  };
  const end = new AbortController();
  const over = new Session(new URL("http://house/door/front/"), undefined, view as View, end.signal).run();
  t.after(() => {
    end.abort();
    return over;
  });
  const socket = await until("the film to be asked for", () => sockets[0]);
  return { told, drawn, sends: (data: unknown) => socket.onmessage?.({ data }) };
}

describe("P10 live view", () => {
  it("a picture that is drawn when the camera has gone away leaves its sentence there; one that comes then does not", async (t) => {
    const { told, drawn, sends } = await session(t);
    const draws = async (nth: number) => {
      (await until("a picture to draw", () => drawn[nth]))();
      await new Promise(setImmediate);
    };
    sends(new ArrayBuffer(1));
    sends(JSON.stringify({ type: "trouble", reason: "Gone" }));
    await draws(0);
    assert.deepEqual(told, ["Gone"]);
    sends(new ArrayBuffer(1));
    await draws(1);
    assert.deepEqual(told, ["Gone", "shown"]);
  });
});

describe("P10 live view in browsers that differ", () => {
  it("WebKit: a film that goes on is shown, though the browser tells of no picture", (t) => {
    const { video, seen } = player(t);
    const passes = (time: number) => {
      video.currentTime = time;
      video.dispatchEvent(new Event("timeupdate"));
    };
    passes(0);
    assert.equal(seen.pictures, 0, "nothing has been played");
    passes(0.25);
    passes(0.5);
    passes(0.5);
    assert.equal(seen.pictures, 2, "what stands still shows nothing new");
  });

  it("Firefox: pictures that lie apart for a moment, for those between come later (B-frames), are not jumped over", (t) => {
    const { media, video, take } = player(t);
    const { buffer } = media;
    video.currentTime = 0.95;
    buffer.ranges = [
      [0, 1],
      [1.08, 1.12],
    ];
    take();
    assert.equal(video.currentTime, 0.95);
    // What is missing for good is jumped over.
    buffer.ranges.push([9, 9.04]);
    take();
    assert.equal(video.currentTime, 9);
  });

  it("a name and a password in the page's own address are in none that it asks by", (t) => {
    const document = {
      baseURI: "http://anna:secret@house:1880/portero/door/front/",
      currentScript: { src: "http://anna:secret@house:1880/portero/door.js" } as object | null,
    };
    stubGlobals(t, { document });
    assert.equal(new URL("door/front/", here("door.js")).href, "http://house:1880/portero/door/front/");
    // As a module it has no address.
    document.currentScript = null;
    document.baseURI = "http://anna:secret@house:1880/";
    assert.equal(here("door.js").href, "http://house:1880/portero/door.js");
  });
});
