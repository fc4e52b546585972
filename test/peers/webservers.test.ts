// Cameras behind the web servers that many of them have inside: lighttpd and Apache. Pictures are compared by their bytes.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { Camera, type CameraSettings } from "../../src/camera/camera.ts";
import { Pictures } from "../../src/camera/pictures.ts";
import { PorteroError, sentence } from "../../src/errors.ts";
import type { Log } from "../../src/log.ts";
import { Secret } from "../../src/secret.ts";
import { look, pattern } from "../camera/pattern.ts";
import { until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import { apache, lighttpd, password, user, type Files, type WebServer } from "./webservers.ts";

const skip = without("lighttpd", "apache2");
let picture: Buffer;
let files: Files;
before(async () => {
  picture = await pattern(64, 48);
  files = {
    "picture.jpg": picture,
    "half.jpg": picture.subarray(0, picture.length / 2),
    "page.jpg": "<html><body>Please log in</body></html>",
  };
});

const cameraOf = (url: string, more: Partial<CameraSettings> = {}) =>
  new Camera({ image: new Secret(url), username: user, password: new Secret(password), ...more });

const kinds = [
  { name: "lighttpd", begin: lighttpd, areas: ["open", "basic", "md5", "sha256", "both"] },
  { name: "Apache", begin: apache, areas: ["open", "basic", "md5"] },
] as const;

for (const { name, begin, areas } of kinds)
  describe(`P5, P8 pictures behind ${name}`, { skip }, () => {
    let server: WebServer;
    before(async () => (server = await begin(files)));
    after(() => server[Symbol.asyncDispose]());

    for (const area of areas) {
      it(`${area}: the picture as it lies there, twice; who has another password is told`, async () => {
        const url = `${server.url}/${area}/picture.jpg`;
        const camera = cameraOf(url);
        for (let time = 0; time < 2; time++) assert.deepEqual((await camera.snapshot()).jpeg, picture);
        camera.close();
        if (area === "open") return;
        const stranger = cameraOf(url, { password: new Secret("another"), keepMs: 0 });
        await assert.rejects(stranger.snapshot(), { code: "wrong-password" });
        stranger.close();
      });
    }
    it("what is no picture, or half of one, or not there, is said", async () => {
      for (const [file, says] of [
        ["half.jpg", /damaged JPEG: it ends in the middle/],
        ["page.jpg", /web page instead of a picture/],
        ["missing.jpg", /no picture there \(404\)/],
      ] as const) {
        const camera = cameraOf(`${server.url}/basic/${file}`);
        await assert.rejects(camera.snapshot(), says);
        camera.close();
      }
    });

    if (name !== "Apache") return;
    it("RFC 7616 §3.3 a nonce that has become stale is followed by the next, and nobody notices", async () => {
      const camera = cameraOf(`${server.url}/md5/picture.jpg`);
      await camera.snapshot();
      const before = server.requests().length;
      let news: string[] = [];
      // Until a request that was signed with the nonce of the others is answered with a new one.
      while (!news.some((line) => line.endsWith(" 401"))) {
        assert.deepEqual((await camera.snapshot()).jpeg, picture);
        news = server.requests().slice(before);
      }
      // It is written down after it has been answered.
      await until("its last line", () => server.requests().at(-1) === "GET /md5/picture.jpg 200");
      camera.close();
    });
  });

/** Pids of this process's children. */
const children = () =>
  readdirSync(`/proc/${process.pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${process.pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean),
  );
const openFiles = () => readdirSync("/proc/self/fd").length;

describe("A thousand pictures", { skip }, () => {
  it("of which a third fails: nothing is left open, no process, and the password is in nothing that is said", async () => {
    await using server = await lighttpd(files);
    const said: string[] = [];
    const write = (text: string) => void said.push(text);
    const log: Log = { debug: write, info: write, warn: write, error: write };
    const pictures = new Pictures({ log });
    const before = { files: openFiles(), children: children().length };
    const hidden = [{ x: 0, y: 0, width: 50, height: 50 }];
    const cameraAt = (path: string, more: Partial<CameraSettings> = {}) => {
      const image = new Secret(`${server.url}/${path}.jpg`);
      return new Camera({ image, username: user, password: new Secret(password), ...more }, { log, pictures });
    };
    const masked = cameraAt("both/picture", { masks: hidden });
    const { jpeg } = await masked.snapshot();
    assert.deepEqual((await look(jpeg)).quarters, ["black", "green", "blue", "white"]);
    const paths = ["sha256/picture", "basic/picture", "md5/half", "both/picture", "open/picture", "md5/page"];
    const cameras = paths.map((path) => cameraAt(path));
    let [taken, failed] = [0, 0];
    for (let round = 0; round < 200; round++) {
      const some = Array.from({ length: 5 }, (_, index) => cameras[(round * 5 + index) % cameras.length] ?? masked);
      for (const result of await Promise.allSettled(some.map((camera) => camera.snapshot()))) {
        if (result.status === "fulfilled") {
          assert.deepEqual(result.value.jpeg, picture);
          taken++;
        } else {
          assert.ok(result.reason instanceof PorteroError);
          said.push(sentence(result.reason));
          failed++;
        }
      }
    }
    assert.deepEqual([taken, failed], [667, 333]);
    for (const camera of [masked, ...cameras]) camera.close();
    await pictures.close();
    await until(
      "files and children to be closed",
      () => openFiles() <= before.files && children().length <= before.children,
      () => `${openFiles()} files, ${children().length} children; before: ${JSON.stringify(before)}`,
    );
    assert.ok(said.length > 300);
    for (const text of said) assert.ok(!text.includes(password) && !text.includes(encodeURIComponent(password)), text);
  });
});
