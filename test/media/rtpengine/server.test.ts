import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { PorteroError } from "../../../src/errors.ts";
import { Server } from "../../../src/media/rtpengine/server.ts";
import { FakeClock, settle } from "../../support/clock.ts";
import { Stub } from "./stub.ts";

const isCode = (code: string) => (error: unknown) => error instanceof PorteroError && error.code === code;

describe("an rtpengine, spoken to", () => {
  let clock: FakeClock;
  let stub: Stub;
  let server: Server;
  let told: string[];
  beforeEach(async () => {
    clock = new FakeClock();
    stub = new Stub();
    told = [];
    server = new Server({ host: "10.0.0.1", port: 2223 }, "me", clock, stub.dial, {
      changed: ({ answers }) => told.push(answers ? "answers" : "silent"),
      gone: () => told.push("gone"),
    });
    stub.answer = ({ request }) => (request["command"] === "ping" ? { result: "pong" } : undefined);
    await settle();
    stub.sent.length = 0;
  });
  afterEach(() => {
    server.close();
    assert.equal(clock.pending, 0, "no timer is left");
  });

  it("is asked with a cookie of its own, and answers by it", async () => {
    const [one, two] = [server.request("query", { "call-id": "a" }), server.request("query", { "call-id": "b" })];
    const [first, second] = stub.asked("query");
    assert.ok(first && second && first.cookie !== second.cookie);
    stub.say(second, { result: "ok", of: "b" });
    stub.say(first, { result: "ok", of: "a" });
    assert.equal((await one)["of"], "a");
    assert.equal((await two)["of"], "b");
  });

  it("is asked again after 0.5, 1.5 and 2.5 seconds at the most, in the same words", async () => {
    const answer = server.request("offer", {});
    await clock.advance(499);
    assert.equal(stub.asked("offer").length, 1);
    await clock.advance(1);
    assert.equal(stub.asked("offer").length, 2);
    await clock.advance(1000);
    const asked = stub.asked("offer");
    assert.equal(asked.length, 3);
    assert.equal(new Set(asked.map(({ cookie }) => cookie)).size, 1);
    stub.say(asked[0] ?? { to: "", cookie: "" }, { result: "ok" });
    await answer;
    await clock.advance(10_000);
    assert.equal(stub.asked("offer").length, 3);
  });

  it("may say the same twice", async () => {
    const answer = server.request("offer", {});
    const [asked] = stub.asked("offer");
    assert.ok(asked);
    stub.say(asked, { result: "ok", sdp: "one" });
    stub.say(asked, { result: "ok", sdp: "two" });
    assert.equal((await answer)["sdp"], "one");
  });

  it("counts as silent when nothing comes, and as there again with the next ping that it answers", async () => {
    stub.answer = () => undefined;
    const failed = assert.rejects(server.request("offer", {}), isCode("media-down"));
    await clock.advance(2500);
    await failed;
    assert.equal(server.answers, false);
    stub.answer = () => ({ result: "pong" });
    await clock.advance(5000);
    assert.equal(server.answers, true);
    assert.deepEqual(told, ["silent", "answers"]);
  });

  it("is gone at once where nobody listens; another socket looks for it again", async () => {
    const failed = assert.rejects(
      server.request("offer", {}),
      /10\.0\.0\.1:2223 does not answer \(nobody listens there\)/,
    );
    stub.refuse("10.0.0.1");
    await failed;
    assert.deepEqual(told, ["silent", "gone"]);
    assert.equal(stub.closed, 1);
    await clock.advance(5000);
    assert.deepEqual(told, ["silent", "gone", "answers"]);
  });

  it("may refuse, with its reason", async () => {
    stub.answer = () => ({ result: "error", "error-reason": "Unknown call-id" });
    await assert.rejects(server.request("query", {}), /refused "query": Unknown call-id/);
    assert.equal(server.answers, true);
  });

  it("is not disturbed by what is no answer", async () => {
    const answer = server.request("offer", {});
    const [asked] = stub.asked("offer");
    assert.ok(asked);
    for (const junk of [
      "",
      " ",
      "x",
      "other d6:result2:oke",
      asked.cookie,
      `${asked.cookie} `,
      `${asked.cookie} li1ee`,
      `${asked.cookie} d6:result`,
    ])
      stub.raw(asked.to, junk);
    stub.say(asked, { result: "ok", sdp: "right" });
    assert.equal((await answer)["sdp"], "right");
  });

  it("leaves nobody waiting when it is not used any more", async () => {
    const failed = assert.rejects(server.request("offer", {}), isCode("media-down"));
    server.close();
    await failed;
    await assert.rejects(server.request("offer", {}), isCode("media-down"));
  });
});
