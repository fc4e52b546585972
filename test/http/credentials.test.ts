import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { splitCredentials } from "../../src/http.ts";
import { fastest } from "../support/cpu.ts";

const split = (url: string) => {
  const { url: rest, username, password } = splitCredentials(url);
  return [rest, username, password?.reveal()];
};

describe("P7 credentials in a URL", () => {
  for (const [text, url, username, password] of [
    ["http://user:password@1.2.3.4/jpg/image.jpg", "http://1.2.3.4/jpg/image.jpg", "user", "password"],
    ["https://user@cam.local/a?b=c", "https://cam.local/a?b=c", "user", undefined],
    ["rtsp://u:p@[fe80::1]:554/4", "rtsp://[fe80::1]:554/4", "u", "p"],
    ["http://u:@1.2.3.4/a", "http://1.2.3.4/a", "u", ""],
    ["http://u:p%40ss%3Aw%2Frd@1.2.3.4/a", "http://1.2.3.4/a", "u", "p@ss:w/rd"],
    ["http://u:100%@1.2.3.4/a", "http://1.2.3.4/a", "u", "100%"],
    ["http://u:p@cam/a?to=b@10.0.0.1/c", "http://cam/a?to=b@10.0.0.1/c", "u", "p"],
    ["http://u:p@{address}/a.jpg", "http://{address}/a.jpg", "u", "p"],
    ["http://u:p@{contact}/a.jpg", "http://{contact}/a.jpg", "u", "p"],
  ] as const) {
    it(`are taken out of ${text}`, () => assert.deepEqual(split(text), [url, username, password]));
  }

  for (const [text, url, password] of [
    ["http://user:p@ss:w/rd@host/path", "http://host/path", "p@ss:w/rd"],
    ["http://user:p@ss@host", "http://host", "p@ss"],
    ["http://user:p/ss@host:8080/path", "http://host:8080/path", "p/ss"],
    ["http://user:p@ss/w@cam.local/a.jpg", "http://cam.local/a.jpg", "p@ss/w"],
    ["http://user:12/34@10.0.0.5/a.jpg", "http://10.0.0.5/a.jpg", "12/34"],
    ["http://user:12/34@[::1]:81/a.jpg", "http://[::1]:81/a.jpg", "12/34"],
    ["http://user:p?ss@host/a", "http://host/a", "p?ss"],
    ["http://user:p#ss@host/a", "http://host/a", "p#ss"],
    ["http://user:p/w@cam.local/dir/a@b.jpg", "http://cam.local/dir/a@b.jpg", "p/w"],
    ["http://user:a:b:c@host/a", "http://host/a", "a:b:c"],
  ] as const) {
    it(`are found unencoded in ${text}`, () => assert.deepEqual(split(text), [url, "user", password]));
  }

  for (const text of [
    "http://1.2.3.4/jpg/image.jpg",
    "http://1.2.3.4:8080/pic@2x.jpg",
    "http://host/a?mail=x@y.z",
    "http://host:80/dir@x/y.jpg",
    "not a URL",
    "",
  ]) {
    it(`are not seen where there are none: ${text}`, () => assert.deepEqual(split(text), [text, undefined, undefined]));
  }

  it("leave an @ of the file name in the path", () =>
    assert.deepEqual(split("http://u:p@10.0.0.5/pic@2x.jpg"), ["http://10.0.0.5/pic@2x.jpg", "u", "p"]));

  it("are looked for in linear time, whoever wrote the address", () => {
    const hostile = ["@", "a:@", "/@", "@h/", "a@1.2.3.4/"].flatMap((piece) =>
      [16_000, 60_000].map((length) => `http://u:p${piece.repeat(length / piece.length)}`),
    );
    // Quadratic would be minutes.
    const ms = fastest(1, () => hostile.forEach(splitCredentials));
    assert.ok(ms < 2_000, `${ms} ms`);
  });
});
