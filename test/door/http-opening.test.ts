import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { describe, it } from "node:test";
import { openByHttp, whyNotByHttp } from "../../src/door/http-opening.ts";
import type { Means, Step } from "../../src/door/means.ts";
import { checkPreset } from "../../src/door/preset.ts";
import type { Preset } from "../../src/door/preset-schema.ts";
import { presetOf } from "../../src/door/presets.ts";
import { checkDoor } from "../../src/door/settings.ts";
import type { HttpRequest } from "../../src/http.ts";
import { FakeClock } from "../support/clock.ts";
import { thrown } from "./thrown.ts";

const door = checkDoor({
  ...{ id: "front", name: "Frontdoor", preset: "generic", extension: "503", password: "pw", code: "1234#" },
  ...{ address: "door.test", cameraUsername: "ad min", cameraPassword: "p&<{code}" },
});

type Opening = NonNullable<Preset["opening"]>;
const makeOf = (opening: Omit<Opening, "credentials">): Preset =>
  checkPreset({ ...presetOf("generic"), opening: { credentials: "own", ...opening } });

/** A device that gives these answers in turn, the last one for ever (undefined = never an answer), and keeps what it was asked. */
function device(...answers: (string | number | Error | undefined)[]) {
  const asked: HttpRequest[] = [];
  const http: Means["http"] = {
    request: (request) => {
      asked.push(request);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer === undefined) return new Promise(() => {});
      if (answer instanceof Error) return Promise.reject(answer);
      const status = typeof answer === "number" ? answer : 200;
      const body = Buffer.from(typeof answer === "string" ? answer : "");
      return Promise.resolve({ status, headers: {}, body, url: request.url });
    },
  };
  return { asked, means: { http } };
}

async function opened(preset: Preset, means: Means, relay?: string, clock = new FakeClock()): Promise<Step> {
  const step = openByHttp(clock, door, preset, means, relay);
  await clock.advance(60_000);
  assert.equal(clock.pending, 0);
  return step;
}

describe("X5 opening by HTTP as a preset says it", () => {
  const twoSteps = makeOf({
    steps: [
      {
        url: "https://{address}/first?user={user}",
        take: { challenge: { xml: "Challenge" }, id: { pattern: "id=(\\w+)" } },
      },
      {
        method: "POST",
        url: "https://{address}/second?door={relay}&id={id}&auth={auth}",
        sign: { auth: { md5: "{challenge}:{pin}:{password}" } },
        type: "application/xml",
        headers: { "X-Door": "{relay}" },
        body: "<open>{password}</open>",
        accepted: "<ok/>",
      },
    ],
  });

  it("takes values of one answer into the next question, signed, each escaped for its place", async () => {
    const { asked, means } = device("<Challenge> abc </Challenge> id=7f", "<ok/>");
    assert.deepEqual(await opened(twoSteps, means, "2&3"), {
      ...{ ok: true, method: "http", reason: "opened by the relay's HTTP call" },
    });
    const auth = hash("md5", "abc:1234:p&<{code}", "hex");
    assert.deepEqual(
      asked.map(({ method, url, body, headers, once }) => ({ method, url, body, headers, once })),
      [
        { method: "GET", url: "https://door.test/first?user=ad%20min", body: undefined, headers: {}, once: true },
        {
          ...{ method: "POST", url: `https://door.test/second?door=2%263&id=7f&auth=${auth}`, once: true },
          body: "<open>p&#38;&#60;{code}</open>",
          headers: { "Content-Type": "application/xml", "X-Door": "2&3" },
        },
      ],
    );
    assert.deepEqual(new Set(asked.map(({ username, password }) => `${username}:${password?.reveal()}`)).size, 1);
  });

  it("goes no further when an answer lacks what the next question needs", async () => {
    const { asked, means } = device("<Challenge>abc</Challenge>", "<ok/>");
    const { ok, reason } = await opened(twoSteps, means);
    assert.deepEqual([ok, asked.length], [false, 1]);
    assert.match(reason, /answered without id: check preset and address/);
  });

  it("opens the relay that is asked for, else the preset's, else the first", async () => {
    const steps = [{ url: "http://{address}/open?r={relay}" }];
    for (const [relay, usual, wanted] of [
      ["gate@1", "7", "gate%401"],
      [undefined, "7", "7"],
      [undefined, undefined, "1"],
    ]) {
      const { asked, means } = device("");
      await opened(makeOf({ steps, ...(usual !== undefined && { relay: usual }) }), means, relay);
      assert.equal(asked[0]?.url, `http://door.test/open?r=${wanted}`);
    }
  });

  it("tells a make's refusals in its own words, before any other reading of them", async () => {
    const make = makeOf({
      steps: [{ url: "http://{address}/open" }],
      failures: [
        { status: 204, reason: "no right to open" },
        { status: 200, body: "locked", reason: "locked out for a while" },
      ],
    });
    const reasons = [204, "it is locked", 401, 500, "fine"].map(async (answer) => {
      const { ok, reason } = await opened(make, device(answer).means);
      return ok || reason;
    });
    const [noRight, locked, who, broken, fine] = await Promise.all(reasons);
    assert.deepEqual([noRight, locked, fine], ["no right to open", "locked out for a while", true]);
    assert.match(String(who), /refused the user, password or right \(HTTP 401\)/);
    assert.match(String(broken), /answered HTTP 500: check preset and address/);
  });

  it("P7 tells nothing that stands behind a question mark", async () => {
    const make = makeOf({ steps: [{ url: "http://{address}/open?x={password}&y={pin}" }] });
    const { means } = device(new Error("The door's relay at http://door.test/open?x=p&y=1234 is gone: is it on?"));
    assert.equal((await opened(make, means)).reason, "The door's relay at http://door.test/open is gone: is it on?");
  });

  it("does not hang on a device that never answers, and goes on with nothing afterwards", async () => {
    const { asked, means } = device(undefined);
    const { ok, reason } = await opened(twoSteps, means);
    assert.deepEqual([ok, reason, asked.length], [false, "the door's relay gave no answer: look whether it opened", 1]);
    assert.equal(asked[0]?.signal?.aborted, true);
  });

  it("says what is missing before it asks anything", () => {
    const { means } = device("");
    assert.match(whyNotByHttp(door, presetOf("generic"), means) ?? "", /its preset knows no HTTP relay/);
    const bare = checkDoor({ id: "b", name: "B", preset: "generic", extension: "504", password: "pw" });
    assert.match(whyNotByHttp(bare, twoSteps, means) ?? "", /wants a user and password: enter those of the camera/);
    const known = { ...bare, cameraUsername: "admin" };
    assert.match(whyNotByHttp(known, twoSteps, means) ?? "", /wants the door code: enter it in the door's form/);
    assert.match(whyNotByHttp(bare, presetOf("2n"), means) ?? "", /address is not known/);
    assert.equal(whyNotByHttp(bare, presetOf("2n"), { ...means, address: "10.0.0.7" }), undefined);
  });
});

describe("X5 a door that opened by HTTP proves it", () => {
  const make = makeOf({
    steps: [{ url: "http://{address}/open" }],
    confirm: { url: "http://{address}/state", accepted: "open", everyMs: 500, withinMs: 2000 },
  });

  it("is confirmed as soon as the device shows it", async () => {
    const { asked, means } = device("", "closed", "closed", "open");
    const { ok, confirmed, reason } = await opened(make, means);
    assert.deepEqual([ok, confirmed, reason], [true, true, "opened by the relay's HTTP call, and confirmed"]);
    assert.equal(asked.length, 4);
  });

  it("is not confirmed where it took the command and did not move: it is not sent again", async () => {
    const { asked, means } = device("", "closed");
    const { ok, confirmed, reason } = await opened(make, means);
    assert.deepEqual([ok, confirmed], [false, false]);
    assert.match(reason, /^not confirmed: .* look at the door$/);
    assert.deepEqual(
      asked.map(({ url }) => url.replace("http://door.test", "")),
      ["/open", "/state", "/state", "/state", "/state", "/state"],
    );
  });

  it("is neither where the question itself fails", async () => {
    for (const answer of [403, new Error("gone")]) {
      const { ok, confirmed, reason } = await opened(make, device("", answer).means);
      assert.deepEqual([ok, confirmed], [true, undefined]);
      assert.match(reason, /^opened by the relay's HTTP call; asked for proof, .*(HTTP 403|gone)/);
    }
  });
});

describe("X11 a preset's opening is checked before it is used", () => {
  const refused = (opening: object) =>
    thrown(() => checkPreset({ ...presetOf("generic"), opening: { credentials: "own", ...opening } })).message;

  it("refuses words that nothing fills, and takes those of earlier steps", () => {
    const early = { url: "http://{address}/{challenge}", take: { challenge: { xml: "C" } } };
    assert.match(refused({ steps: [early] }), /opening\.steps\.0\.url has \{challenge\}, which nothing fills/);
    assert.match(refused({ steps: [{ url: "http://{contact}/" }] }), /\{contact\}, which nothing fills/);
    const camera = { image: "http://{address}/{relay}" };
    assert.match(thrown(() => checkPreset({ ...presetOf("generic"), camera })).message, /camera\.image has \{relay\}/);
  });

  it("P7 refuses a secret in the path, where messages would tell it", () => {
    assert.match(refused({ steps: [{ url: "http://{address}/open/{pin}" }] }), /has a secret in its path/);
  });

  it("refuses what is no regular expression", () => {
    assert.match(refused({ steps: [{ url: "http://a/", accepted: "(" }] }), /accepted is not a regular expression/);
  });
});
