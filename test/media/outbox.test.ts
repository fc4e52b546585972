// What the two threads say to each other, put together.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Outbox } from "../../src/media/worker/outbox.ts";

describe("messages between the threads", () => {
  const posted: string[][] = [];
  const outbox = new Outbox<string>((messages) => posted.push(messages));
  const sent = async () => {
    await turn();
    return posted.splice(0);
  };

  it("of one turn are posted at once, in their order", async () => {
    outbox.put("remote");
    outbox.put("route");
    assert.deepEqual(posted, []);
    assert.deepEqual(await sent(), [["remote", "route"]]);
    assert.deepEqual(await sent(), []);
  });

  it("that may wait go with the next that may not, in front of it", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    outbox.put("close", "soon");
    assert.deepEqual(await sent(), []);
    outbox.put("remote");
    assert.deepEqual(await sent(), [["close", "remote"]]);
  });

  it("that may wait are posted alone where none follows", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    outbox.put("close", "soon");
    t.mock.timers.tick(10);
    assert.deepEqual(await sent(), [["close"]]);
  });

  it("are forgotten with the thread they were for", async () => {
    outbox.put("remote");
    outbox.put("close", "soon");
    outbox.clear();
    outbox.flush();
    assert.deepEqual(await sent(), []);
  });
});
