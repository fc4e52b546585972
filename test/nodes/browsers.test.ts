// What browsers may have of a door: who is refused, and with which sentence. The pages themselves: test/editor/live.test.ts.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { serveBrowsers } from "../../nodes/door/browser.ts";
import { accessOf, type DoorNode } from "../../nodes/door/node.ts";
import type { Request } from "../../nodes/http.d.ts";
import { checkHost, isOwnOrigin } from "../../nodes/origin.ts";
import type { Red } from "../../nodes/red.d.ts";
import { Routes } from "./routes.ts";

/** Routes without a server, over doors that are told. */
function browsers(doors: readonly Partial<DoorNode>[], settings: Red["settings"] = {}) {
  const routes = new Routes();
  const nodes = doors.map((door, index) => ({ type: "door", id: String(index), ...door }));
  const end = serveBrowsers({
    ...{ httpNode: routes.app, settings },
    nodes: {
      eachNode: (visit: (config: object) => void) => nodes.forEach(visit),
      getNode: (id: string) => nodes[Number(id)],
    },
  } as unknown as Red);
  const ask = (route: string, more: Partial<Request> = {}, params: object = { door: "front" }) =>
    routes.ask(route, { path: "/x/", params, ...more });
  return { ask, end: () => end(nodes[0] as unknown as DoorNode) };
}

class Board extends EventEmitter {
  readonly asked: unknown[] = [];
  stopped = "";
  open(request: object) {
    this.asked.push(request);
    return Promise.resolve({ ok: true, reason: "opened", id: "secret to others" });
  }
  doors() {
    return [{ id: "front", call: "ringing" }];
  }
  visits() {
    const view = { caller: { name: "Gate", number: "503" }, startedAt: new Date().toISOString() };
    return [{ door: { id: "front" }, view: () => view, stop: (why: string) => (this.stopped = why) }];
  }
}

const front = (access: "off" | "see" | "open", switchboard = new Board()) =>
  ({ slug: "front", label: "Front door", access, settings: {}, endpoint: { switchboard } }) as unknown as DoorNode;

describe("door: what browsers may", () => {
  it("a door of an older flow shows nothing", () => {
    assert.deepEqual([undefined, "", "all", "see", "open"].map(accessOf), ["off", "off", "off", "see", "open"]);
  });

  for (const route of ["GET /portero/door/:door", "GET /portero/door/:door/events", "POST /portero/door/:door/open"])
    it(`${route} refuses a door that is not there, and one that is not shown`, async () => {
      const { ask } = browsers([front("off")]);
      const missing = await ask(route, {}, { door: "back" }).answer;
      assert.equal(missing.status, 404);
      assert.match(JSON.stringify(missing.body), /There is no door.*back/);
      const hidden = await ask(route).answer;
      assert.equal(hidden.status, 403);
      assert.match(JSON.stringify(hidden.body), /Front door is not shown to browsers: its dialog has a choice/);
    });

  it("a page lies in a folder of its own, wherever its name would like to lead", async () => {
    const { ask } = browsers([front("see")]);
    const { status, body } = await ask("GET /portero/door/:door", { path: "/x" }, { door: "//evil.example" }).answer;
    assert.deepEqual([status, body], [302, "%2F%2Fevil.example/"]);
  });

  it("a page that opens or answers is shown in no page of somebody else's; one that shows only may be", () => {
    const framed = (door: DoorNode) => {
      const { headers } = browsers([door]).ask("GET /portero/door/:door");
      return !/frame-ancestors 'self'/.test(headers["Content-Security-Policy"] ?? "");
    };
    const answers = { ...front("see"), answerAs: "6001" } as DoorNode;
    assert.deepEqual([front("see"), front("open"), answers].map(framed), [true, false, false]);
  });

  it("seeing is not opening, and not stopping", async () => {
    const board = new Board();
    const { ask } = browsers([front("see", board)]);
    for (const does of ["open", "stop"]) {
      const { status, body } = await ask(`POST /portero/door/:door/${does}`).answer;
      assert.equal(status, 403);
      assert.match(JSON.stringify(body), /may not be opened from a browser/);
    }
    assert.deepEqual([board.asked, board.stopped], [[], ""]);
  });

  it("who may opens and stops, under the name that Node-RED knows", async () => {
    const board = new Board();
    const { ask } = browsers([front("open", board)], { httpNodeAuth: { user: "anna", pass: "x" } });
    const { body } = await ask("POST /portero/door/:door/open").answer;
    assert.deepEqual(body, { ok: true, reason: "opened" });
    await ask("POST /portero/door/:door/open", { user: { username: "ben" } }).answer;
    await ask("POST /portero/door/:door/open", { query: { relay: "gate" } }).answer;
    const anna = { door: "front", by: "page (anna)", as: { kind: "page", name: "anna" } };
    const ben = { door: "front", by: "page (ben)", as: { kind: "page", name: "ben" } };
    assert.deepEqual(board.asked, [anna, ben, { ...anna, relay: "gate" }]);
    await ask("POST /portero/door/:door/stop").answer;
    assert.equal(board.stopped, "stopped by page (anna)");
  });

  it("a page of somebody else cannot make a browser open", async () => {
    const board = new Board();
    const { ask } = browsers([front("open", board)]);
    const headers = { origin: "https://evil.example", host: "house.local:1880" };
    const { status, body } = await ask("POST /portero/door/:door/open", { headers }).answer;
    assert.equal(status, 403);
    assert.match(JSON.stringify(body), /asked by a page that is not Node-RED's/);
    assert.deepEqual(board.asked, []);
  });

  it("a name that anybody can have lead here (DNS rebinding) is refused on every way, unless there is a login", async () => {
    const board = new Board();
    const headers = { host: "evil.example:1880", origin: "http://evil.example:1880", "sec-fetch-site": "same-origin" };
    for (const route of [
      "GET /portero/door/:door",
      "GET /portero/door/:door/events",
      "POST /portero/door/:door/open",
    ]) {
      const { status, body } = await browsers([front("open", board)]).ask(route, { headers }).answer;
      assert.equal(status, 403, route);
      assert.match(JSON.stringify(body), /evil\.example is not known as a name of this Node-RED.*set httpNodeAuth/);
    }
    assert.deepEqual(board.asked, []);
    const closed = browsers([front("open", board)], { httpNodeAuth: { user: "anna", pass: "x" } });
    assert.equal((await closed.ask("POST /portero/door/:door/open", { headers }).answer).status, 200);
  });

  it("a page is told what goes on until it leaves, or its door is deployed anew; nothing listens after that", async () => {
    const board = new Board();
    const { ask, end } = browsers([front("see", board)]);
    const [one, two] = [ask("GET /portero/door/:door/events"), ask("GET /portero/door/:door/events")];
    board.emit("opening", { door: "front", ok: false, reason: "no code", id: "1" });
    board.emit("opening", { door: "back", ok: true, reason: "opened" });
    const told = one.written.map((text) => JSON.parse(/data: (.*)/.exec(text)?.[1] ?? "") as Record<string, unknown>);
    const first = {
      ...{ name: "Front door", mayOpen: false, answers: false, call: "ringing" },
      visit: { who: "Gate", seconds: 0 },
    };
    assert.deepEqual(told, [first, { ...first, opening: { ok: false, reason: "no code" } }]);
    one.leave();
    assert.equal(board.listenerCount("visit"), 1);
    end();
    await Promise.all([one.answer, two.answer]);
    assert.deepEqual([board.listenerCount("visit"), board.listenerCount("opening")], [0, 0]);
  });

  it("of too many pages the oldest is ended, which comes back by itself: a bell does not wait until thousands are told", async () => {
    const board = new Board().setMaxListeners(0);
    const { ask, end } = browsers([front("see", board)]);
    const pages = Array.from({ length: 202 }, () => ask("GET /portero/door/:door/events"));
    await Promise.all(pages.slice(0, 2).map(({ answer }) => answer));
    assert.equal(board.listenerCount("visit"), 200);
    end();
  });
});

describe("Whether a page of ours asks", () => {
  const host = "house.local:1880";
  for (const [headers, isOurs] of [
    [{ host, origin: `http://${host}` }, true],
    [{ host, origin: "http://evil.example" }, false],
    [{ host, origin: `http://${host}.evil.example` }, false],
    [{ host, origin: "null" }, false],
    [{ host, origin: `http://${host}`, "sec-fetch-site": "cross-site" }, false],
    [{ host, origin: `http://${host}`, "sec-fetch-site": "same-site" }, false],
    [{ host: "10.0.0.2:1880", origin: "https://door.example", "sec-fetch-site": "same-origin" }, true],
    [{ host: "10.0.0.2:1880", origin: "https://door.example", "x-forwarded-host": "door.example" }, true],
    [{ host }, true],
  ] as const)
    it(`${JSON.stringify(headers)}: ${isOurs ? "yes" : "no"}`, () => assert.equal(isOwnOrigin(headers), isOurs));
});

describe("By which names browsers reach Node-RED without a login", () => {
  const settings = { uiHost: "house.example", portero: { hosts: ["door.example", "https://b.example:8443/"] } };
  const known = (headers: Request["headers"]) => {
    const eachNode = (visit: (node: object) => void) =>
      visit({ type: "doorbell-in", linkUrl: "https://link.example/red" });
    const RED = { settings, nodes: { eachNode } } as unknown as Red;
    try {
      checkHost(RED, headers);
      return true;
    } catch {
      return false;
    }
  };
  const yes =
    "192.168.1.5:1880 [fd00::5]:1880 localhost house house.local:1880 pi.lan pi.home pi.home.arpa a.internal pi.fritz.box " +
    "a.localhost pi.tail1.ts.net HOUSE.local. house.example:1880 DOOR.example b.example link.example:444";
  const no =
    "evil.example evil.example. local.evil.example evillocal.example 192.168.1.5.evil.example xlink.example x:y:z a@house.example.evil.org";
  for (const host of yes.split(" ")) it(`${host}: yes`, () => assert.ok(known({ host })));
  for (const host of no.split(" ")) it(`${host}: no`, () => assert.ok(!known({ host })));
  it("none: yes, that is no browser; another by X-Forwarded-Host: no, which a page may write itself", () => {
    assert.ok(known({}));
    assert.ok(!known({ host: "evil.example", "x-forwarded-host": "door.example" }));
  });
});
