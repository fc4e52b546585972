// camera-snapshot without a door: a camera at an address, one that a message names, a picture that comes along; and a door of
// which something is nobody's business.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, before, describe, it } from "node:test";
import { shotOf } from "../../nodes/camera-snapshot/settings.ts";
import type { Message, RedNode } from "../../nodes/red.d.ts";
import { look, pattern } from "../camera/pattern.ts";
import { device, digestGuard, login, password } from "../http/device.ts";
import { endpoint, Flow, frontdoor, sink, type FlowNode } from "./flow.ts";

let jpeg: Buffer;
before(async () => (jpeg = await pattern(64, 48)));
let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

const snapshot = { type: "camera-snapshot", wires: [["picture"], ["failed"]] };

interface About {
  readonly kind: string;
  readonly source: string;
  readonly kept?: boolean;
}

const seen = async (msg: Message) => {
  const { kind, source } = msg["picture"] as About;
  return { kind, source, ...(await look(msg.payload as Buffer)) };
};

/** Loads a flow; gives what comes out of a node for a message, by whichever output. */
async function load(nodes: FlowNode[], credentials: Record<string, object> = {}) {
  const f = (flow = await Flow.load([...nodes, ...["picture", "failed"].map(sink)], credentials));
  const waiting: ((msg: Message) => void)[] = [];
  for (const id of ["picture", "failed"]) f.node(id).on("input", (msg: Message) => waiting.shift()?.(msg));
  const sent = (id: string, msg: Message) =>
    new Promise<Message>((resolve) => {
      waiting.push(resolve);
      f.node(id).receive(msg);
    });
  return { f, sent };
}

const reason = ({ payload }: Message): string => (payload as { reason: string }).reason;

describe("camera-snapshot of a camera at an address", () => {
  it("P7 asks it with the node's login, which stands nowhere else", async (t) => {
    const has = { picture: true };
    const bell = await device(
      t,
      digestGuard((_, response) => {
        if (has.picture) response.writeHead(200, { "Content-Type": "image/jpeg" }).end(jpeg);
        else response.writeHead(404).end();
      }),
    );
    const other = await device(t, (_, response) => void response.end(jpeg));
    const nodes = [
      { ...snapshot, id: "snap", name: "Yard", from: "url", url: `${bell.url}/a.jpg`, caption: true },
      { ...snapshot, id: "asked", from: "url", url: `${other.url}/b.jpg?u={user}&p={password}` },
      { ...snapshot, id: "none", from: "url", url: "" },
      { ...snapshot, id: "odd", from: "url", url: "ftp://192.0.2.1/a.jpg" },
    ];
    const { f, sent } = await load(nodes, {
      snap: { username: login.username, password },
      asked: { username: login.username, password },
    });
    const first = await sent("snap", { payload: 1 });
    assert.deepEqual([first.topic, (await seen(first)).source], ["camera/snapshot", `${bell.url}/a.jpg`]);
    await sent("snap", { payload: 1 });
    assert.equal(bell.requests.length, 3, "the nonce is kept");
    // As the dialog writes a login that was typed into the query.
    const asked = await sent("asked", { payload: 1 });
    assert.equal((await seen(asked)).source, `${other.url}/b.jpg?u=***&p=***`);
    const query = `?u=${encodeURIComponent(login.username)}&p=${encodeURIComponent(password)}`;
    assert.equal(other.requests[0]?.path, `/b.jpg${query}`);
    has.picture = false;
    const last = await sent("snap", { payload: 1 });
    assert.equal((last["picture"] as About).kept, true);
    assert.match(reason(await sent("none", {})), /no address: enter the camera's in the dialog/);
    assert.match(reason(await sent("odd", {})), /address is like http:/);
    const everything = JSON.stringify([first, asked, last, f.logged()]);
    assert.ok(!everything.includes(password));
  });

  it("a message may name one only where the node allows it, and none that leads to this machine", async (t) => {
    const bell = await device(t, (_, response) => void response.end(jpeg));
    const url = bell.url.replace("://", `://admin:${password}@`);
    const { f, sent } = await load([
      { ...snapshot, id: "open", from: "url", url: "http://192.0.2.1/", urlFromMessage: true },
      { ...snapshot, id: "closed", from: "url", url: bell.url },
    ]);
    const refused = await sent("open", { url });
    assert.match(reason(refused), /^127\.0\.0\.1 leads to this machine: an address in a message may not$/);
    assert.match(
      reason(await sent("open", { url: url.replace("127.0.0.1", "localhost") })),
      /localhost leads to this machine/,
    );
    assert.match(reason(await sent("open", { url: 7 })), /msg\.url is no text/);
    assert.equal(bell.requests.length, 0);
    const own = await sent("closed", { url: "http://192.0.2.1/" });
    assert.equal((await seen(own)).source, `${bell.url}/`);
    assert.ok(!JSON.stringify([refused, f.logged()]).includes(password));
  });
});

describe("camera-snapshot of what comes along", () => {
  it("takes a JPEG as bytes, as data URL or by its path, and says what is none", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "portero-pictures-"));
    t.after(() => rm(folder, { recursive: true }));
    const path = join(folder, "a.jpg");
    await writeFile(path, jpeg);
    await writeFile(join(folder, "b.jpg"), "no picture");
    const { sent } = await load([{ ...snapshot, id: "snap", from: "message", masks: "0 0 50 100" }]);
    const hidden = { width: 64, height: 48, quarters: ["black", "green", "black", "white"] };
    const dataUrl = `data:image/jpeg;base64,${jpeg.toString("base64")}`;
    for (const [payload, source] of [
      [jpeg, "msg.payload"],
      [dataUrl, "msg.payload"],
      [path, path],
    ] as const)
      assert.deepEqual(await seen(await sent("snap", { payload })), { kind: "message", source, ...hidden });
    for (const [payload, says] of [
      [Buffer.from("<html>"), /is no JPEG that can be used: it does not begin as a JPEG/],
      [join(folder, "b.jpg"), /is no JPEG/],
      [join(folder, "c.jpg"), /c\.jpg cannot be read: ENOENT/],
      ["/dev/zero", /is empty or no file/],
      ["a.jpg", /is no whole path/],
      [{ a: 1 }, /msg\.payload is no picture: a Buffer/],
    ] as const)
      assert.match(reason(await sent("snap", { payload })), says);
  });
});

describe("A door of which something is nobody's business", () => {
  const bell = { id: "bell", type: "doorbell-sim", role: "bell", door: "door1", wires: [[]] };

  it("is black there in the event of the press and for camera-snapshot; with a mask that is none it is no door", async () => {
    const door = { ...frontdoor, masks: "0 0 100 50; 0 50 100 50" };
    const wrong = { ...frontdoor, id: "door2", name: "Back", extension: "504", masks: "0 0 half" };
    const { f, sent } = await load([
      ...[endpoint, door, wrong, bell],
      { id: "in", type: "doorbell-in", door: "door1", wires: [[], [], [], ["event"]] },
      { ...snapshot, id: "snap", door: "door1" },
      { ...snapshot, id: "none", door: "door2" },
      sink("event"),
    ]);
    await f.status("bell", (shown) => shown.fill === "green");
    const black = ["black", "black", "black", "black"];
    const event = f.message("event", (msg) => msg["event"] === "snapshot");
    await f.node<RedNode & { press(): Promise<unknown> }>("bell").press();
    assert.deepEqual((await look((await event).payload as Buffer)).quarters, black);
    const picture = await sent("snap", { payload: 1 });
    assert.deepEqual((await look(picture.payload as Buffer)).quarters, black);
    const visit = picture["visit"] as { door: string; state: string };
    assert.deepEqual([visit.door, visit.state], ["front-door", "ringing"]);
    assert.match(reason(await sent("none", {})), /there is no door "back"/);
    assert.match(f.logged().join("\n"), /door "Back": masks must be array .*four numbers in percent/);
  });
});

describe("camera-snapshot's way to its picture", () => {
  it("is that of the dialog, or of the message", () => {
    const config = { id: "c", type: "camera-snapshot", timeout: "2.5", sources: ["rtsp", "jpeg"] };
    const way = (more?: object) => {
      const { sources, timeoutMs } = shotOf(config, more);
      return { sources, timeoutMs };
    };
    assert.deepEqual(way(), { sources: ["rtsp", "jpeg"], timeoutMs: 2_500 });
    assert.deepEqual(way({ timeout: 9, sources: ["call"] }), { sources: ["call"], timeoutMs: 9_000 });
    assert.throws(() => way({ sources: ["ftp"] }), /msg\.shot: sources\.0 must be one of jpeg, mjpeg, rtsp, call/);
    assert.throws(() => shotOf({ ...config, timeout: "61" }), /camera-snapshot: timeout must be <= 60/);
    assert.deepEqual(shotOf({ id: "c", type: "camera-snapshot" }).sources, undefined);
  });
});
