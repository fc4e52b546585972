// The media worker dies: what it carried ends with a reason, and what comes next works.
import assert from "node:assert/strict";
import type { Worker } from "node:worker_threads";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { bound } from "../../src/media/worker/ports.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import type { VisitEnd } from "../../src/visit/messages.ts";
import { House, ownThread } from "./house.ts";
import { ringAll } from "./ring-all.ts";

describe("a media worker that dies", () => {
  let house: House;
  let workers: Worker[];
  const born = (worker: Worker) => {
    if (worker.threadName === "portero-media") workers.push(worker);
  };
  const troubles: string[] = [];
  before(() => void process.on("worker", born));
  after(() => void process.off("worker", born));
  beforeEach(async () => {
    workers = [];
    troubles.length = 0;
    house = await House.open({}, undefined, {}, ownThread);
    house.switchboard.on("trouble", ({ code }) => troubles.push(code));
  });
  afterEach(() => house.close());

  /** An order that it cannot read throws in it, as a fault of ours would. */
  const crash = () => workers.at(-1)?.postMessage([null]);

  it("ends the calls it carried with a reason; the next press is served by another one, and no port is left", async () => {
    const { bell, seen } = await house.bell();
    const hall = await house.phone("6001", { answerAfterMs: 0 });
    const visit = await house.pressed(bell);
    await visit.answerBy(ringAll("6001"));
    await seen.next("audio", (heard) => "frequency" in heard && Math.abs(heard.frequency - 880) < 20);
    crash();
    const { outcome, text, cause } = (await house.event("ended")).payload as VisitEnd;
    assert.deepEqual([outcome, text], ["answered", "the sound of the call was lost"]);
    assert.notEqual(cause, 16, "it did not end as calls do");
    await Promise.all([seen.next("ended"), hall.seen.next("ended")]);
    assert.deepEqual([troubles, house.switchboard.media.sessions], [["media-down"], 0]);

    const before = seen.all.length;
    const again = await house.pressed(bell, 2);
    await again.answerBy(ringAll("6001"));
    await seen.next(
      "audio",
      (heard) => seen.all.indexOf(heard) > before && "frequency" in heard && Math.abs(heard.frequency - 880) < 20,
    );
    assert.equal(workers.length, 2);
    await hall.phone.hangUp();
    const { media } = (await house.event("ended", 2)).payload as VisitEnd;
    assert.ok((media?.door.received ?? 0) > 0);
  });

  it("gives all its ports back to the system", async () => {
    const { media } = house.switchboard;
    const session = await media.open();
    const port = Number(/^m=audio (\d+)/m.exec(session.offer())?.[1]);
    assert.equal(await bound("127.0.0.1", port), undefined, "in use");
    const gone = new Promise((resolve) => workers[0]?.once("exit", resolve));
    crash();
    await gone;
    const socket = await bound("127.0.0.1", port);
    assert.ok(socket, "still in use");
    socket.close();
  });

  it("lets a bell that rings go on ringing: its next try is served", async () => {
    const { bell, seen } = await house.bell();
    const hall = await house.phone("6001");
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(
      strategyOf({ strategy: "redial", targets: ["6001"], seconds: 20, waitSeconds: 1, tries: 3 }),
    );
    await hall.seen.next("ringing");
    crash();
    await hall.seen.next("ringing", () => true, 2);
    await hall.phone.answer();
    assert.equal((await outcome).result, "answered");
    await seen.next("audio", (heard) => "frequency" in heard && Math.abs(heard.frequency - 880) < 20);
    assert.equal(visit.state, "talking");
  });
});
