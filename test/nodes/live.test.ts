// What browsers see of a door's camera, by the routes and the WebSocket as Node-RED's web server has them, on a camera that
// the test runs by hand. In a real browser: test/editor/live.test.ts.
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { serveLive } from "../../nodes/door/live.ts";
import { giveUp, tryAgain } from "../../src/errors.ts";
import { HandFilm, liveCamera } from "../camera/live/films.ts";
import { pattern } from "../camera/pattern.ts";
import { FakeClock, settle } from "../support/clock.ts";
import { doorNode, webServer } from "./web.ts";

/** The doors front, with a camera, and back, whose `live` is given; on a web server of their own. */
async function house(
  t: TestContext,
  back: Error = giveUp("masked", "Back has parts that nobody may see"),
  transcodes = () => false,
) {
  const clock = new FakeClock();
  const made = liveCamera(clock);
  const jpeg = await pattern(16, 16);
  let snapshots = 0;
  const switchboard = {
    entrances: { get: (slug: string) => ({ live: slug === "front" ? made.camera : back }) },
    snapshot: () => {
      snapshots += 1;
      return Promise.resolve({ jpeg, takenAt: clock.now() - 250 });
    },
  };
  const nodes = ["front", "back"].map((slug) => doorNode(slug, switchboard));
  t.after(() => made.camera.close());
  const { server, host } = await webServer(t, nodes, (RED) => serveLive(RED, clock, transcodes));
  const get = (path: string, door = "front", signal: AbortSignal | null = null) =>
    fetch(`http://${host}/portero/door/${door}/${path}`, { signal });
  /** A ticket, of a film that begins meanwhile. */
  const ticket = async (door = "front") => {
    const asked = get("ticket", door);
    if (door === "front") {
      while (made.films.length === 0) await settle();
      if (!made.camera.format) made.last().begin();
    }
    return (await (await asked).json()) as { ticket: string; kinds: string[]; reason?: string };
  };
  return {
    ...made,
    clock,
    server,
    host,
    get,
    ticket,
    jpeg,
    snapshots: () => snapshots,
  };
}

/** A browser that looks: what it was told and how it ended. */
function look(t: TestContext, host: string, query: string, options: { origin?: string; autoPong?: boolean } = {}) {
  const socket = new WebSocket(`ws://${host}/portero/door/front/live?${query}`, {
    origin: `http://${host}`,
    ...options,
  });
  const texts: Record<string, unknown>[] = [];
  const pictures: Buffer[] = [];
  const waiting = new Set<() => void>();
  socket.on("message", (data: Buffer, binary) => {
    if (binary) pictures.push(data);
    else texts.push(JSON.parse(data.toString()) as Record<string, unknown>);
    for (const wake of waiting) wake();
  });
  const ended = new Promise<string>((resolve) => {
    socket.on("close", (code, reason: Buffer) => resolve(`${code} ${reason.toString()}`));
    socket.on("error", (error) => resolve(error.message));
  });
  const opened = once(socket, "open");
  opened.catch(() => {});
  t.after(() => socket.terminate());
  const until = (seen: () => boolean) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!seen()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return { socket, texts, pictures, opened, ended, until };
}

describe("X3 a door's camera in browsers", () => {
  it("by a ticket: the format, then frames", async (t) => {
    const { host, ticket, last } = await house(t);
    const { ticket: paper, kinds } = await ticket();
    assert.deepEqual(kinds, ["webcodecs", "mse"]);
    const browser = look(t, host, `kind=mse&ticket=${paper}`);
    await browser.until(() => browser.texts.length === 1);
    await last().play(3);
    await browser.until(() => browser.pictures.length === 4);
    assert.deepEqual([browser.texts[0]?.["type"], browser.texts[0]?.["kind"]], ["format", "mse"]);
    assert.deepEqual(
      browser.pictures.map((part) => part.toString("latin1", 4, 8)),
      ["ftyp", "moof", "moof", "moof"],
    );
  });

  it("jsmpeg is offered last, where it can be had, and refused where it cannot", async (t) => {
    let installed = true;
    const { host, ticket } = await house(t, undefined, () => installed);
    const { ticket: paper, kinds } = await ticket();
    assert.deepEqual(kinds, ["webcodecs", "mse", "jsmpeg"]);
    installed = false;
    assert.match(
      await look(t, host, `kind=jsmpeg&ticket=${paper}`).ended,
      /^4403 node-rtsp-stream and ffmpeg, which this needs/,
    );
  });

  it("P12 a ticket is good once, for its door, for 30 s; a page of somebody else's gets nothing", async (t) => {
    const { host, ticket, clock } = await house(t);
    const refused = /^4403 This page has waited too long/;
    const { ticket: used } = await ticket();
    const first = look(t, host, `ticket=${used}`);
    await first.opened;
    assert.match(await look(t, host, `ticket=${used}`).ended, refused);
    assert.match(await look(t, host, `ticket=${(await ticket("back")).ticket}`).ended, refused);
    const { ticket: old } = await ticket();
    await clock.advance(30_000);
    assert.match(await look(t, host, `ticket=${old}`).ended, refused);
    assert.match(await look(t, host, "").ended, refused);
    const { ticket: good } = await ticket();
    assert.match(await look(t, host, `ticket=${good}`, { origin: "http://evil.example" }).ended, /403/);
    await look(t, host, `ticket=${good}`).opened;
  });

  it("leaves the WebSockets of others alone", async (t) => {
    const { host, server } = await house(t);
    for (const path of ["/comms", "/portero/door/front/live/x", "/other/portero/door/front/live", "//", "/%"]) {
      const asked = once(server, "upgrade") as Promise<[unknown, net.Socket]>;
      const [address = "", port] = host.split(":");
      const client = net.connect(Number(port), address).on("error", () => {});
      client.write(
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
          "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
      );
      const [, socket] = await asked;
      await settle();
      assert.deepEqual([socket.destroyed, socket.bytesWritten], [false, 0], path);
      client.destroy();
      socket.destroy();
    }
  });

  it("who is refused before the WebSocket and resets the connection does not end Node-RED", async (t) => {
    const { host, server } = await house(t);
    const [address = "", port] = host.split(":");
    for (const reset of ["at once", "after the answer"]) {
      const asked = once(server, "upgrade") as Promise<[unknown, net.Socket]>;
      const client = net.connect({ host: address, port: Number(port), allowHalfOpen: true }).on("error", () => {});
      const answered = once(client, "data");
      client.write(
        `GET /portero/door/front/live HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          "Origin: http://evil.example\r\n\r\n",
      );
      const [, socket] = await asked;
      if (reset === "after the answer") assert.match(String(await answered), /^HTTP\/1\.1 403 Forbidden/);
      else answered.catch(() => {});
      // Not by `once`, which would listen to its error, too.
      const closed = new Promise<void>((resolve) => (socket.closed ? resolve() : socket.on("close", () => resolve())));
      client.resetAndDestroy();
      await closed;
    }
  });

  it("a door that hides parts of its picture, or has no film, says so, and has pictures", async (t) => {
    const { get, ticket } = await house(t);
    assert.deepEqual(await ticket("back").then(({ kinds, reason }) => ({ kinds, reason })), {
      ...{ kinds: [], reason: "Back has parts that nobody may see" },
    });
    assert.equal((await get("live.mjpeg", "back")).status, 503);
    assert.equal((await get("ticket", "side")).status, 404);
    const picture = await get("picture.jpg", "back");
    assert.deepEqual([picture.status, picture.headers.get("X-Picture-Age")], [200, "250"]);
  });

  it("several pages that show single pictures have the camera asked once", async (t) => {
    const { get, snapshots, clock, jpeg } = await house(t);
    const all = await Promise.all(
      [1, 2, 3].map(async () => Buffer.from(await (await get("picture.jpg")).arrayBuffer())),
    );
    assert.ok(all.every((picture) => picture.equals(jpeg)));
    assert.equal(snapshots(), 1);
    await clock.advance(501);
    await get("picture.jpg");
    assert.equal(snapshots(), 2);
  });

  it("a camera that is not there is told of every five seconds, and comes back by itself", async (t) => {
    const { host, get, films, last, clock } = await house(t);
    const asked = get("ticket");
    while (films.length === 0) await settle();
    last().end(tryAgain("refused", "The camera refused the connection"));
    const { ticket, kinds, reason } = (await (await asked).json()) as Record<string, string>;
    assert.deepEqual([kinds, reason], [["webcodecs", "mse"], "The camera refused the connection"]);
    const browser = look(t, host, `kind=webcodecs&ticket=${ticket}`);
    await browser.opened;
    while (films.length === 1) await settle();
    last().end(giveUp("wrong-password", "The camera does not accept the password"));
    await clock.advance(10_000);
    await browser.until(() => browser.texts.length === 3);
    assert.deepEqual(
      browser.texts,
      [60_000, 55_000, 50_000].map((retryMs) => ({
        type: "trouble",
        reason: "The camera does not accept the password",
        retryMs,
      })),
    );
    await clock.advance(50_000);
    last().begin();
    await last().play(1);
    await browser.until(() => browser.pictures.length === 1);
  });

  it("a page that has gone without a word is noticed, and a deploy ends the others with a word", async (t) => {
    const { host, ticket, camera, clock } = await house(t);
    const gone = look(t, host, `ticket=${(await ticket()).ticket}`, { autoPong: false });
    const here = look(t, host, `ticket=${(await ticket()).ticket}`);
    await Promise.all([gone.opened, here.opened]);
    while (camera.viewers < 2) await settle();
    const pinged = once(here.socket, "ping");
    await clock.advance(20_000);
    await pinged;
    // Its answer is on its way.
    await new Promise((resolve) => setImmediate(resolve));
    while (!here.texts.some(({ type }) => type === "alive")) await settle();
    await settle();
    await clock.advance(20_000);
    assert.match(await gone.ended, /^1006/);
    while (camera.viewers > 1) await settle();
    camera.close();
    assert.equal(await here.ended, "1012 The door was changed");
    assert.equal(camera.viewers, 0);
  });

  it("32 may look at a camera, the next one is told so", async (t) => {
    const { host, ticket, camera } = await house(t);
    for (let n = 1; n <= 32; n++) {
      look(t, host, `ticket=${(await ticket()).ticket}`);
      while (camera.viewers < n) await settle();
    }
    assert.match(await look(t, host, `ticket=${(await ticket()).ticket}`).ended, /^4403 32 are looking at this camera/);
  });

  it("a camera that sends JPEGs is a film for an <img>, too; one that does not says so", async (t) => {
    const { host, get, films, last, clock, jpeg, camera } = await house(t);
    const asked = get("live.mjpeg");
    while (films.length === 0) await settle();
    last().begin({ codec: "jpeg", width: 16, height: 16, sets: [] });
    const answer = await asked;
    assert.equal(answer.headers.get("Content-Type"), "multipart/x-mixed-replace; boundary=portero");
    const frame = { units: [jpeg], key: true, at: clock.now(), timestamp: 0 };
    last().emit("frame", frame);
    const reader = answer.body?.getReader();
    let body = "";
    while (!body.includes("\r\n--portero") && body.length < jpeg.length) {
      const { value } = (await reader?.read()) ?? {};
      body += Buffer.from(value ?? []).toString("latin1");
      if (body.length >= jpeg.length) break;
    }
    assert.ok(body.startsWith(`--portero\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`));
    assert.ok(body.includes(jpeg.toString("latin1")));
    await reader?.cancel();
    while (camera.viewers > 0) await settle();
    await clock.advance(30_000);
    const other = get("live.mjpeg");
    while (films.length === 1) await settle();
    last().begin(new HandFilm(clock).format);
    assert.deepEqual(
      [(await other).status, ((await (await other).json()) as { reason: string }).reason.slice(0, 27)],
      [503, "This camera sends no JPEGs:"],
    );
    assert.ok(host);
  });

  it("an <img> whose page has gone before the camera answers is no viewer", async (t) => {
    const { get, films, last, camera, server } = await house(t);
    const closed = new Promise<void>((resolve) =>
      server.on("request", (_request, response) => response.on("close", () => resolve())),
    );
    const leave = new AbortController();
    const asked = assert.rejects(get("live.mjpeg", "front", leave.signal), /abort/);
    while (films.length === 0) await settle();
    leave.abort();
    await asked;
    await closed;
    last().begin({ codec: "jpeg", width: 16, height: 16, sets: [] });
    for (let n = 0; n < 5; n++) await settle();
    assert.equal(camera.viewers, 0);
  });

  it("an <img> is one of 32, too, and ends where the camera fails it after its beginning", async (t) => {
    const { get, films, last, camera } = await house(t);
    const watched = t.mock.method(camera, "watch");
    const viewer = { format: () => {}, frame: () => {}, trouble: () => {}, ended: () => {} };
    for (let n = 0; n < 32; n++) camera.watch({ ...viewer });
    while (films.length === 0) await settle();
    last().begin({ codec: "jpeg", width: 16, height: 16, sets: [] });
    const refused = await get("live.mjpeg");
    assert.equal(refused.status, 503);
    assert.match(await refused.text(), /32 are looking at this camera already/);
    t.mock.getter(camera, "viewers", () => 0);
    const calls = watched.mock.callCount();
    watched.mock.mockImplementationOnce(() => {
      throw giveUp("x", "broken");
    }, calls + 1);
    const broken = await get("live.mjpeg");
    assert.deepEqual([broken.status, await broken.text()], [200, ""]);
  });
});
