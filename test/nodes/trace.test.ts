// X10: the trace of an endpoint as the editor asks for it.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import type { Readable } from "node:stream";
import { afterEach, describe, it } from "node:test";
import type { EndpointNode } from "../../nodes/sip-endpoint/node.ts";
import { Secret } from "../../src/secret.ts";
import { SimBell } from "../../src/sim/sim.ts";
import type { Finding } from "../../src/sip/trace/findings.ts";
import type { Ladder } from "../../src/sip/trace/ladder.ts";
import type { Summary } from "../../src/sip/trace/text.ts";
import { endpoint, Flow, frontdoor, sink, type FlowNode } from "./flow.ts";

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
  async function tried(password: Secret | "right", more: FlowNode[] = []): Promise<EndpointNode> {
    flow = await Flow.load([endpoint, frontdoor, ...more]);
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

  it("is in messages too: sip-registrar tells what is wrong, and sends the ladder of a visit", async () => {
    const registrar = { id: "reg", type: "sip-registrar", endpoint: "ep", z: "f", x: 100, y: 100 };
    const node = await tried("right", [
      { ...registrar, extensions: [], wires: [["answers"], [], [], ["news"]] },
      sink("answers"),
      sink("news"),
    ]);
    const { host, port } = node.reachable();
    const broken =
      "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n" +
      "To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 50\r\n\r\nshort";
    const stranger = createSocket("udp4");
    const told = flow.message("news", ({ event }) => event === "finding");
    stranger.send(broken, port, host);
    const { topic, payload } = (await told) as { topic: string; payload: Finding };
    stranger.close();
    assert.deepEqual([topic, payload.code], ["127.0.0.1/finding", "rewritten"]);

    const listed = flow.message("answers", ({ event }) => event === "findings");
    flow.node("reg").receive({ topic: "findings" });
    assert.deepEqual((await listed).payload, [payload]);

    const call = node.switchboard.endpoint.trace.entries()[0]?.data.toString() ?? "";
    const drawn = flow.message("answers", ({ event }) => event === "ladder");
    flow.node("reg").receive({ topic: "ladder", payload: { of: /^Call-ID: (.*)\r$/m.exec(call)?.[1] } });
    assert.match(((await drawn).payload as { text: string }).text, /\|- REGISTER -+>\|/);
  });

  it("says that an endpoint must be deployed first", async () => {
    await tried("right");
    for (const path of ["", "/text", "/pcap", "/ladder"])
      assert.equal((await flow.admin.get(`/portero/trace/nobody${path}`)).status, 404);
  });
});
