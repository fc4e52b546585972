// X10: the trace of an endpoint as the editor asks for it.
import assert from "node:assert/strict";
import type { Readable } from "node:stream";
import { afterEach, describe, it } from "node:test";
import type { EndpointNode } from "../../nodes/sip-endpoint/sip-endpoint.ts";
import { Secret } from "../../src/secret.ts";
import { SimBell } from "../../src/sim/sim.ts";
import type { Finding } from "../../src/sip/trace/findings.ts";
import type { Ladder } from "../../src/sip/trace/ladder.ts";
import type { Summary } from "../../src/sip/trace/text.ts";
import { endpoint, Flow, frontdoor } from "./flow.ts";

interface Answer {
  messages: Summary[];
  findings: Finding[];
  numbers: string[];
}

describe("X10 the trace of an endpoint in the editor", () => {
  let flow: Flow;
  let bell: SimBell | undefined;
  afterEach(async () => {
    await bell?.close();
    await flow.close();
  });

  /** A flow with a bell that has tried to register. */
  async function tried(password: Secret | "right"): Promise<EndpointNode> {
    flow = await Flow.load([endpoint, frontdoor]);
    const node = flow.node<EndpointNode>("ep");
    await node.listening();
    const { host, port } = node.reachable();
    const { body } = (await flow.admin.get("/portero/password/door1?extension=503")) as { body: { password: string } };
    bell = new SimBell({
      ...{ server: { host, port }, extension: "503", dial: "999" },
      password: password === "right" ? new Secret(body.password) : password,
    });
    const done = new Promise((resolve) => bell?.once("event", resolve));
    await bell.start();
    await done;
    return node;
  }

  /** A file as bytes; supertest reads what it takes for text otherwise. */
  const download = async (path: string): Promise<Buffer> => {
    const asked = flow.admin.get(path) as unknown as {
      buffer(on: boolean): {
        parse(read: (from: Readable, done: (error: null, body: Buffer) => void) => void): unknown;
      };
    };
    const read = (from: Readable, done: (error: null, body: Buffer) => void) => {
      const parts: Buffer[] = [];
      from.on("data", (part: Buffer) => parts.push(part)).on("end", () => done(null, Buffer.concat(parts)));
    };
    return ((await asked.buffer(true).parse(read)) as { body: Buffer }).body;
  };

  const ask = async (path: string): Promise<Answer> => (await flow.admin.get(path)).body as Answer;

  it("is a list of messages and findings; only the new ones where the last one seen is named", async () => {
    await tried(new Secret("wrong"));
    const { messages, findings, numbers } = await ask("/portero/trace/ep");
    assert.deepEqual(
      messages.map(({ label, direction }) => `${direction} ${label}`),
      ["in REGISTER", "out 401 Unauthorized", "in REGISTER", "out 403 Forbidden"],
    );
    assert.deepEqual(
      findings.map(({ code, subject }) => `${code} ${subject}`),
      ["refused 503"],
    );
    assert.ok(numbers.includes("503"));
    const later = await ask("/portero/trace/ep?after=3");
    assert.deepEqual(
      later.messages.map(({ seq }) => seq),
      [4],
    );
  });

  it("P7 is a text and a capture to download, without secrets", async () => {
    await tried("right");
    const text = await flow.admin.get("/portero/trace/ep/text");
    assert.match(
      (text as unknown as { text: string }).text,
      /^Authorization: Digest username="503".*response="\*{32}"/m,
    );
    const { headers } = text as unknown as { headers: Record<string, string> };
    assert.match(headers["content-disposition"] ?? "", /^attachment; filename="portero-[\dT-]+\.txt"$/);
    const capture = await download("/portero/trace/ep/pcap");
    assert.equal(capture.readUInt32LE(0), 0xa1b2c3d4);
    assert.ok(capture.includes("REGISTER sip:") && !/response="[0-9a-f]/.test(capture.toString("latin1")));
  });

  it("is a ladder of a call, and that call alone in a file", async () => {
    const node = await tried("right");
    const told = (name: string) =>
      new Promise((resolve) => node.switchboard.on("visit", ({ event }) => event === name && resolve(0)));
    const [rings, over] = [told("ring"), told("ended")];
    await bell?.press();
    await rings;
    await bell?.hangUp();
    await over;
    const visit = node.switchboard.lastVisit("front-door");
    assert.ok(visit);
    const ladder = (await flow.admin.get(`/portero/trace/ep/ladder?of=${visit.id}`)).body as Ladder & { text: string };
    assert.deepEqual(
      ladder.participants.map(({ label }) => label),
      ["Front door", "Portero"],
    );
    assert.match(ladder.text, /\|- INVITE \(SDP\) -+>\|/);
    const text = (await flow.admin.get(`/portero/trace/ep/text?of=${visit.id}`)) as unknown as { text: string };
    assert.ok(text.text.includes("INVITE sip:") && !text.text.includes("REGISTER sip:"));
    assert.equal((await flow.admin.get("/portero/trace/ep/ladder")).status, 400);
  });

  it("says that an endpoint must be deployed first", async () => {
    await tried("right");
    for (const path of ["", "/text", "/pcap", "/ladder"])
      assert.equal((await flow.admin.get(`/portero/trace/nobody${path}`)).status, 404);
  });
});
