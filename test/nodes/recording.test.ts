// Recordings in a flow: what dial-strategy's dialog says of them, and the example from the press to the WAV file.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { settingsFor } from "../../nodes/dial-strategy/settings.ts";
import type { SimNode } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import type { Message, Red, RedNode } from "../../nodes/red.d.ts";
import { readWav } from "../../src/media/wav.ts";
import type { Recorded } from "../../src/visit/messages.ts";
import { endpoint, Flow, type FlowNode } from "./flow.ts";

describe("what the dialog says of recordings", () => {
  const of = (config: object) =>
    settingsFor({ util: {} } as unknown as Red, {} as RedNode, { id: "n", type: "dial-strategy", ...config }, {});

  it("nothing is recorded by a node that says nothing of it", async () => {
    assert.deepEqual(await of({}), { strategy: "ring-all", targets: [], seconds: 60 });
    assert.deepEqual(await of({ record: "off", message: "off", greeting: "/a.wav" }), await of({}));
  });

  it("blank means the usual; a greeting is a file or a URL", async () => {
    assert.partialDeepStrictEqual(await of({ record: "file", recordTone: " ", recordMinutes: "" }), {
      ...{ record: "file", recordToneSeconds: 15, recordMinutes: 60 },
    });
    assert.partialDeepStrictEqual(await of({ record: "flow", recordTone: "0" }), { recordToneSeconds: 0 });
    assert.partialDeepStrictEqual(await of({ message: "file", messageSeconds: "30", greeting: "https://a/b" }), {
      ...{ messageTo: "file", messageSeconds: 30, greeting: { url: "https://a/b" } },
    });
  });
});

describe("the example of a message", () => {
  it("answers the bell when nobody has, and gives what the visitor said as a WAV file", async () => {
    const file = new URL("../../examples/a-message-when-nobody-is-at-home.json", import.meta.url);
    const example = JSON.parse(await readFile(file, "utf8")) as FlowNode[];
    const here = (node: FlowNode): FlowNode => {
      if (node.type === "sip-endpoint") return { ...node, ...endpoint, id: node.id };
      // The runtime here has no function nodes: what came to the one of the example is handed to its code below.
      if (node.type === "function") return { ...node, type: "helper" };
      return node.type === "dial-strategy" ? { ...node, seconds: "2", messageSeconds: "2" } : node;
    };
    const left = new Set(["tab", "comment", "inject", "debug"]);
    const flow = await Flow.load(example.filter(({ type }) => !left.has(type)).map(here));
    try {
      const of = (type: string, nth = 0) => example.filter((node) => node.type === type)[nth]?.id ?? "";
      await flow.status(of("doorbell-sim"), (look) => look.fill === "green");
      await flow.status(of("doorbell-sim", 1), (look) => look.fill === "green");
      const recorded = new Promise<Message>((resolve) => {
        flow.node(of("function")).on("input", (msg: Message) => {
          if (msg["event"] === "recorded") resolve(msg);
        });
      });
      await flow.node<SimNode>(of("doorbell-sim")).press();
      const msg = await recorded;
      const { kind, by } = msg.payload as Recorded;
      assert.deepEqual([kind, by], ["message", "Frontdoor"]);
      const { func } = example.find(({ type }) => type === "function") as unknown as { func: string };
      const made = runInNewContext(`(function () { ${func} })()`, { msg }) as { payload: Buffer; filename: string };
      assert.match(made.filename, /^\d{4}-\d\d-\d\dT[\d-]+Z-message\.wav$/);
      assert.equal(readWav(made.payload).data.length, 2 * 2 * 8000);
      assert.equal(runInNewContext(`(function () { ${func} })()`, { msg: { event: "ring" } }), null);
    } finally {
      await flow.close();
    }
  });
});
