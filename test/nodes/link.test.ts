// `msg.links.open`: where it leads, and what a browser may do there.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { linksOf, serveLinks } from "../../nodes/doorbell-in/link.ts";
import type { Red } from "../../nodes/red.d.ts";
import type { EndpointNode } from "../../nodes/sip-endpoint/node.ts";
import type { OpenRequest } from "../../src/door/door.ts";
import { Routes } from "./routes.ts";

const userDir = mkdtempSync(join(tmpdir(), "portero-link-"));
after(() => rmSync(userDir, { recursive: true, force: true }));

/** Links of one endpoint with one visit, and its pages without a server. */
function house(settings: Partial<Red["settings"]> = {}) {
  const asked: OpenRequest[] = [];
  const answer = { ok: true, reason: "opened by DTMF" };
  const view = {
    ...{ id: "a733258a-5a4b", door: "front", dialled: "503", button: "1", state: "ringing", attempt: 0 },
    ...{ caller: { number: "503", name: "<Front & Co>" }, startedAt: new Date(Date.now() - 1000).toISOString() },
  } as const;
  const visit = { id: view.id, door: { id: "front", name: "Front door" }, view: () => view };
  const switchboard = {
    visit: (id: string) => (id === visit.id ? visit : undefined),
    open: (wish: OpenRequest) => {
      asked.push(wish);
      return Promise.resolve(answer);
    },
  };
  const endpoint = { id: "ep", type: "sip-endpoint", switchboard } as unknown as EndpointNode;
  const routes = new Routes();
  const RED = {
    ...{ settings: { userDir, ...settings }, httpNode: routes.app },
    nodes: { eachNode: (visitor: (config: object) => void) => visitor(endpoint), getNode: () => endpoint },
    _: (key: string, words = {}) => [key, ...Object.values(words)].join(" "),
  } as unknown as Red;
  serveLinks(RED);
  const ask = async (method: string, token: string, host?: string) => {
    const { answer, headers } = routes.ask(`${method} /portero/open/:token`, { params: { token }, headers: { host } });
    const { status, body } = await answer;
    return { status, body: String(body), headers };
  };
  const link = (more: object = {}) => linksOf(RED, { openLink: true, ...more }, endpoint)?.(view as never) ?? "";
  return { asked, answer, ask, link, token: link().split("/").at(-1) ?? "" };
}

describe("A link in a message that opens the door", () => {
  it("leads to this machine where nothing is said, else to the address in the dialog", () => {
    const { link, token } = house({ uiHost: "127.0.0.1", uiPort: 1881, httpNodeRoot: "/api" });
    assert.equal(link(), `http://127.0.0.1:1881/api/portero/open/${token}`);
    assert.equal(link({ linkUrl: "https://home.example/" }), `https://home.example/portero/open/${token}`);
    assert.match(house({ uiHost: "::1", https: {} }).link(), /^https:\/\/\[::1\]:1880\/portero\/open\/[\w-]+\.[\w-]+$/);
    assert.equal(link({ openLink: false }), "");
  });

  for (const linkUrl of ["nodered", "ftp://x", "https://user:secret@x/", "https://x/?a=b"])
    it(`refuses ${linkUrl.replace(/:\w+@/, ":…@")} as an address with a sentence`, () =>
      assert.throws(() => house().link({ linkUrl }), /the address of the link must be that of Node-RED for browsers/));

  it("opens nothing when it is looked at: messengers fetch links, too; its page keeps the address to itself", async () => {
    const { ask, token, asked } = house();
    for (let i = 0; i < 3; i++) {
      const { status, body, headers } = await ask("GET", token);
      assert.equal(status, 200);
      assert.match(body, /<form method="post"><button>/);
      assert.match(body, /&lt;Front &amp; Co&gt;/);
      assert.equal(headers["Referrer-Policy"], "no-referrer");
      assert.equal(headers["Cache-Control"], "no-store");
      assert.match(headers["Content-Security-Policy"] ?? "", /^default-src 'none'/);
    }
    assert.deepEqual(asked, []);
  });

  it("opens once by its button, as a page", async () => {
    const { ask, token, asked } = house();
    assert.equal((await ask("POST", token)).status, 200);
    assert.deepEqual(asked, [
      {
        door: "front",
        visit: "a733258a-5a4b",
        id: "link:a733258a-5a4b",
        by: "link",
        as: { kind: "page", name: "link" },
      },
    ]);
    assert.equal((await ask("POST", token)).status, 410);
    assert.match((await ask("GET", token)).body, /link\.used/);
    assert.equal(asked.length, 1);
  });

  it("a name that anybody can have lead here opens nothing without a login", async () => {
    const { ask, token, asked } = house();
    const { status, body } = await ask("POST", token, "evil.example");
    assert.equal(status, 403);
    assert.match(body, /evil\.example is not known as a name/);
    assert.deepEqual(asked, []);
  });

  it("says why the door did not open, and may be tried again", async () => {
    const { ask, token, asked, answer } = house();
    Object.assign(answer, { ok: false, reason: "the door did not answer <here>" });
    const refused = await ask("POST", token);
    assert.equal(refused.status, 409);
    assert.match(refused.body, /did not answer &lt;here&gt;/);
    Object.assign(answer, { ok: true });
    assert.equal((await ask("POST", token)).status, 200);
    assert.equal(asked.length, 2);
  });

  it("is nothing where it is wrong", async () => {
    const { ask, token, asked } = house();
    const wrong = token.replace(/.$/, (last) => (last === "A" ? "E" : "A"));
    for (const bad of [wrong, token.replace("a733", "b733"), "", "x", "../x"])
      for (const method of ["GET", "POST"]) assert.equal((await ask(method, bad)).status, 404, bad);
    assert.deepEqual(asked, []);
  });
});
