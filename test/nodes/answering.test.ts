// Pages that answer (X8), as far as the server lets them in: routes and WebSocket as Node-RED's web server has them, SIP as a
// page speaks it. In a real browser: test/editor/answering.test.ts.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { serveAnswering, type Answering } from "../../nodes/door/answering.ts";
import type { Access, DoorNode } from "../../nodes/door/node.ts";
import type { Red } from "../../nodes/red.d.ts";
import { makeCertificate } from "../../src/certificate.ts";
import { Secret } from "../../src/secret.ts";
import { parseMessage } from "../../src/sip/message/parse.ts";
import { SipRequest, SipResponse } from "../../src/sip/message/message.ts";
import type { Contact } from "../../src/sip/registrar/location.ts";
import type { Endpoint } from "../../src/sip/endpoint.ts";
import { house as sipHouse } from "../sip/house.ts";
import { sdp } from "../sip/party.ts";
import { doorNode, webServer } from "./web.ts";

/** The doors front, whose pages answer as 6001, side (as 6009, which there is not), and back, whose pages do not answer. */
async function house(t: TestContext) {
  const sip = await sipHouse();
  const { endpoint, clock } = sip;
  const switchboard = {
    endpoint,
    doors: () => ["front", "side", "back"].map((id, nth) => ({ id, extension: `80${nth}` })),
    directory: {
      addresses: () => [
        ...["6001", "6002", "8001"].map((number) => ({ number, kind: "extension" })),
        { number: "8000", kind: "door" },
      ],
    },
  };
  const door = (slug: string, answerAs?: string, access: Access = "see") =>
    doorNode(slug, switchboard, { access, answerAs });
  const nodes = [
    door("front", "6001"),
    door("side", "6009"),
    door("back"),
    door("shut", "6001", "off"),
    door("bell", "8000"),
    door("gate", undefined, "open"),
  ];
  /** As Node-RED has them in the flow that runs, or is to run next. */
  const flow = nodes.map(({ type, id, access, answerAs }) => ({ type, id, browsers: access, answerAs, d: false }));
  t.after(() => endpoint.close());
  const serve = (RED: Red) => serveAnswering(RED, clock);
  const { server, host, served: end } = await webServer(t, nodes, serve, { root: "/red", flow });
  const ask = async (name: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`http://${host}/red/portero/door/${name}/phone`, { headers });
    return { status: answer.status, body: (await answer.json()) as Answering & { reason?: string } };
  };
  const page = async (ticket: string, options: { door?: string; origin?: string; headers?: object } = {}) => {
    const { door: name = "front", origin = `http://${host}`, headers = {} } = options;
    const url = `ws://${host}/red/portero/door/${name}/sip?ticket=${ticket}`;
    const socket = new WebSocket(url, "sip", { origin, headers: { ...headers } });
    t.after(() => socket.terminate());
    const refused = new Promise<string>((resolve) => socket.once("error", ({ message }) => resolve(message)));
    const why = await Promise.race([once(socket, "open").then(() => ""), refused]);
    return { socket, why };
  };
  const enter = async (options = {}) => {
    const { socket, why } = await page((await ask("front")).body.ticket, options);
    assert.equal(why, "");
    return socket;
  };
  return { ...sip, server, ask, page, enter, doors: nodes, flow, end: () => end(nodes[0] as unknown as DoorNode) };
}

/** What a page says, in SIP. */
const say = (method: string, number: string, more: readonly string[] = []): string =>
  [
    `${method} sip:portero.invalid SIP/2.0`,
    `Via: SIP/2.0/WS page.invalid;branch=z9hG4bK${method}${number}`,
    `From: <sip:${number}@portero.invalid>;tag=a`,
    `To: <sip:${number}@portero.invalid>`,
    `Call-ID: ${method}${number}`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:page@page.invalid;transport=ws>;expires=120`,
    "Max-Forwards: 70",
    ...more,
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");

async function next(socket: WebSocket): Promise<SipRequest | SipResponse> {
  const [data] = (await once(socket, "message")) as [Buffer];
  const { message } = parseMessage(data);
  assert.ok(message);
  return message;
}

async function answerTo(socket: WebSocket, text: string): Promise<number> {
  const came = next(socket);
  socket.send(text);
  const answer = await came;
  assert.ok(answer instanceof SipResponse);
  return answer.status;
}

/** The page is called, and answers. */
async function talk(endpoint: Endpoint, contact: Contact, socket: WebSocket) {
  const rung = next(socket);
  const call = await endpoint.callContact(contact, { from: { number: "800", name: "Front" }, sdp: "v=0\r\n" });
  const invite = await rung;
  assert.ok(invite instanceof SipRequest);
  const acknowledged = next(socket);
  socket.send(
    [
      "SIP/2.0 200 OK",
      ...["via", "from", "call-id", "cseq"].map((name) => `${name}: ${invite.get(name) ?? ""}`),
      `To: ${invite.get("to") ?? ""};tag=page`,
      ...["Contact: <sip:page@page.invalid;transport=ws>", "Content-Length: 0", "", ""],
    ].join("\r\n"),
  );
  const ack = await acknowledged;
  assert.ok(ack instanceof SipRequest && ack.method === "ACK", "it goes by the page's connection");
  return { call, invite };
}

/** A page that has come in, has registered and talks. */
async function talking(enter: () => Promise<WebSocket>, endpoint: Endpoint) {
  const socket = await enter();
  assert.equal(await answerTo(socket, say("REGISTER", "6001")), 200);
  const [contact] = endpoint.location.contacts("6001");
  assert.ok(contact);
  return { socket, ...(await talk(endpoint, contact, socket)) };
}

describe("X8 pages that answer", () => {
  it("register without a password as the extension of their door, are rung by their connection, and are gone with it", async (t) => {
    const { enter, endpoint } = await house(t);
    const socket = await enter();
    assert.equal(await answerTo(socket, say("REGISTER", "6001")), 200);
    const [contact] = endpoint.location.contacts("6001");
    assert.ok(contact);
    // Keys open where browsers may.
    const { opens } = contact.flow;
    assert.deepEqual(
      ["front", "gate", "shut", "nowhere"].map((door) => opens?.(door)),
      [false, true, false, false],
    );
    const rung = next(socket);
    const call = await endpoint.callContact(contact, { from: { number: "800", name: "Front" }, sdp: "v=0\r\n" });
    const invite = await rung;
    assert.ok(invite instanceof SipRequest);
    assert.equal(invite.method, "INVITE");
    // What the page is told to send its sound to: our address, not the web server's.
    assert.match(invite.get("contact") ?? "", /@10\.0\.0\.1:5060;transport=ws/);
    call.hangUp();
    const gone = once(endpoint.location, "unregistered");
    socket.close();
    const [, why] = (await gone) as [unknown, string];
    assert.equal(why, "connection closed");
  });

  it("come by WSS where Node-RED is served so", async (t) => {
    const { ask, server, endpoint } = await house(t);
    const { certificate: cert, key } = makeCertificate(["localhost"], Date.now());
    const secure = createSecureServer({ cert, key: key.reveal() });
    t.after(() => secure.close());
    secure.on("upgrade", (...upgrade) => server.emit("upgrade", ...upgrade));
    await once(secure.listen(0, "127.0.0.1"), "listening");
    const host = `localhost:${(secure.address() as AddressInfo).port}`;
    const { ticket } = (await ask("front")).body;
    const url = `wss://${host}/red/portero/door/front/sip?ticket=${ticket}`;
    const socket = new WebSocket(url, "sip", { ca: cert, origin: `https://${host}` });
    t.after(() => socket.terminate());
    await once(socket, "open");
    assert.equal(await answerTo(socket, say("REGISTER", "6001")), 200);
    assert.equal(endpoint.location.contacts("6001")[0]?.flow.transport, "WSS");
  });

  it("are that extension only, and begin no calls: no other number, no call, no text", async (t) => {
    const { enter, endpoint, refusals } = await house(t);
    const socket = await enter();
    assert.equal(await answerTo(socket, say("REGISTER", "8000")), 403);
    for (const method of ["INVITE", "MESSAGE", "REFER"]) assert.equal(await answerTo(socket, say(method, "6001")), 403);
    assert.deepEqual(endpoint.location.contacts(), []);
    assert.match(
      refusals.map(({ text }) => text).join("\n"),
      /8000 authenticates as "6001"[^]*a page answers calls and begins none/,
    );
  });

  it("have no part in a call of others, though it comes from the same machine, as by a proxy", async (t) => {
    const { enter, party, calls } = await house(t);
    const bell = party({ host: "127.0.0.1", user: "8000" });
    await bell.authenticated("INVITE", "pw8000", { to: "777", body: ["application/sdp", sdp(4000)] });
    const [call] = calls;
    assert.ok(call);
    const digits: string[] = [];
    call.on("info", ({ body }) => digits.push(body));
    call.answer(sdp(5000));
    const { toTag, callId } = await bell.takeResponse(200);
    const socket = await enter();
    for (const method of ["INFO", "BYE", "UPDATE"]) {
      const inside = say(method, "8000")
        .replace("tag=a", "tag=ft")
        .replace(/^To: .*$/m, `To: <sip:777@portero.invalid>;tag=${toTag}`)
        .replace(/^Call-ID: .*$/m, `Call-ID: ${callId}`)
        .replace("CSeq: 1", "CSeq: 7");
      assert.equal(await answerTo(socket, inside), 403, method);
    }
    assert.deepEqual([call.state, digits], ["talking", []]);
  });

  it("transfer nobody out of a call of theirs, and leave no way behind them that leads elsewhere", async (t) => {
    const { enter, endpoint } = await house(t);
    const socket = await enter();
    assert.equal(await answerTo(socket, say("REGISTER", "6001", ["Path: <sip:evil.example;lr>"])), 200);
    const [contact] = endpoint.location.contacts("6001");
    assert.ok(contact);
    assert.deepEqual(contact.path, []);
    const { call, invite } = await talk(endpoint, contact, socket);
    const asked: unknown[] = [];
    call.on("refer", (referral) => asked.push(referral));
    // Out of the house, blind and attended (RFC 3891), and to a call of somebody else's.
    const consultation = "?Replaces=other%3Bto-tag%3Da%3Bfrom-tag%3Db";
    for (const [nth, to] of [
      "0900@provider",
      `0900@provider${consultation}`,
      `6002@portero${consultation}`,
    ].entries()) {
      const refer = say("REFER", "6001", [`Refer-To: <sip:${to}>`])
        .replace(/^From: .*$/m, `From: ${invite.get("to") ?? ""};tag=page`)
        .replace(/^To: .*$/m, `To: ${invite.get("from") ?? ""}`)
        .replace(/^Call-ID: .*$/m, `Call-ID: ${invite.callId}`)
        .replace(/branch=\S+|CSeq: 1/g, (found) => (found.startsWith("CSeq") ? `CSeq: ${nth + 1}` : `${found}${nth}`));
      socket.send(refer);
      let answer = await next(socket);
      while (!(answer instanceof SipResponse)) answer = await next(socket);
      assert.equal(answer.status, 403, to);
    }
    assert.deepEqual(asked, []);
    const gone = once(endpoint.location, "unregistered");
    socket.close();
    await gone;
    assert.deepEqual(endpoint.location.contacts(), []);
  });

  it("P12 no ticket, no socket; a ticket is for one door, one connection, half a minute, and pages of ours", async (t) => {
    const { ask, page, clock } = await house(t);
    const refused = /403/;
    const ticket = async () => (await ask("front")).body.ticket;
    for (const made of ["", "made-up"]) assert.match((await page(made)).why, refused);
    assert.match((await page(await ticket(), { door: "back" })).why, refused);
    assert.match((await page(await ticket(), { door: "side" })).why, refused);
    assert.match((await page(await ticket(), { origin: "http://evil.example" })).why, refused);
    const once = await ticket();
    assert.equal((await page(once)).why, "");
    assert.match((await page(once)).why, refused);
    const late = await ticket();
    await clock.advance(31_000);
    assert.match((await page(late)).why, refused);
  });

  it("a ticket is good for the extension that it was given for, and not for the one that the door names since", async (t) => {
    const { ask, page, doors } = await house(t);
    const { ticket } = (await ask("front")).body;
    const [front] = doors;
    assert.ok(front);
    front.answerAs = "6002";
    assert.match((await page(ticket)).why, /403/);
  });

  it("say why there is no ticket: not shown, does not answer, no such extension, a name from elsewhere", async (t) => {
    const { ask } = await house(t);
    for (const [door, status, why] of [
      ["nowhere", 404, /There is no door "nowhere"/],
      ["shut", 403, /shut is not shown to browsers/],
      ["back", 403, /Pages of back answer no calls: its dialog has a field for that, "Answer as"/],
      ["side", 403, /There is no extension 6009, which pages of side answer as: make it in a registrar/],
      ["bell", 403, /There is no extension 8000/],
    ] as const) {
      const { status: told, body } = await ask(door);
      assert.equal(told, status, door);
      assert.match(body.reason ?? "", why);
    }
    assert.deepEqual((await ask("front")).body.others, ["801", "802"]);
  });

  it("X7 is told that its door is seen by its calls alone: without a camera, and without parts that nobody may see", async (t) => {
    const { ask, doors } = await house(t);
    const told = async (settings: object) => {
      Object.assign(doors[0] ?? {}, { settings: { make: {}, ...settings } });
      return (await ask("front")).body.seenByCall;
    };
    assert.equal(await told({}), true);
    const seen = [{ imageUrl: "http://x/" }, { videoUrl: "rtsp://x/" }, { make: { camera: { image: "http://x/" } } }];
    for (const settings of [...seen, { masks: [{}] }]) assert.equal(await told(settings), false);
  });

  it("P12 no ticket is for a page of somebody else's, whatever it can read of the answer", async (t) => {
    const { ask } = await house(t);
    const { status, body } = await ask("front", { origin: "http://evil.example" });
    assert.equal(status, 403);
    assert.match(body.reason ?? "", /asked by a page that is not Node-RED's/);
    assert.equal(body.ticket, undefined);
  });

  it("are twice as many at once as devices may register as their extension, since dead ones count a while", async (t) => {
    const { ask, page, enter, doors, endpoint } = await house(t);
    for (let others = 0; others < 3; others++) await enter();
    const last = await enter();
    assert.match((await page((await ask("front")).body.ticket)).why, /403/);
    // Another extension's are not counted with them.
    const [, side] = doors;
    assert.ok(side);
    side.answerAs = "8001";
    endpoint.addExtension({ extension: "8001", login: "8001", maxContacts: 1, password: new Secret("x") });
    const elsewhere = await page((await ask("side")).body.ticket, { door: "side" });
    assert.equal(elsewhere.why, "");
    assert.equal(await answerTo(last, say("REGISTER", "6001")), 200);
    const gone = once(endpoint.location, "unregistered");
    last.close();
    await gone;
    await enter();
  });

  it("end with a deploy of their door, within a second even when they do not answer that", async (t) => {
    const { enter, end, endpoint, clock } = await house(t);
    const socket = await enter();
    assert.equal(await answerTo(socket, say("REGISTER", "6001")), 200);
    socket.pause();
    end();
    await clock.advance(999);
    assert.equal(endpoint.location.contacts("6001").length, 1);
    await clock.advance(1);
    assert.deepEqual(endpoint.location.contacts("6001"), []);
  });

  it("end with a deploy of their door", async (t) => {
    const { enter, end } = await house(t);
    const socket = await enter();
    const closed = once(socket, "close");
    end();
    await closed;
  });

  for (const [what, next] of [
    ["shows itself to nobody", { browsers: "off" }],
    ["has them answer nothing", { answerAs: undefined }],
    ["has them answer as somebody else", { answerAs: "6002" }],
    ["does not run", { d: true }],
  ] as const)
    it(`hang up, and are told why, where their door ${what} from now on`, async (t) => {
      const { enter, end, endpoint, flow } = await house(t);
      const { socket, call } = await talking(enter, endpoint);
      const closed = once(socket, "close");
      Object.assign(flow[0] ?? {}, next);
      const told = once(socket, "message") as Promise<[Buffer]>;
      end();
      assert.equal(call.state, "ended");
      const { message: bye } = parseMessage((await told)[0]);
      assert.ok(bye instanceof SipRequest && bye.method === "BYE");
      assert.equal(bye.get("reason"), 'Q.850;cause=16;text="pages of front do not answer as 6001 any more"');
      await closed;
    });

  it("talk on over any other deploy of their door: sound has a way of its own", async (t) => {
    const { enter, end, endpoint } = await house(t);
    const { socket, call } = await talking(enter, endpoint);
    const closed = once(socket, "close");
    end();
    await closed;
    assert.equal(call.state, "talking");
  });

  it("end with the endpoint, which is not there for the next one", async (t) => {
    const { ask, page, enter, endpoint } = await house(t);
    const socket = await enter();
    const closed = once(socket, "close");
    await endpoint.close();
    await closed;
    assert.match((await page((await ask("front")).body.ticket)).why, /403/);
  });
});
