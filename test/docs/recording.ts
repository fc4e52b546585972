// One afternoon at a simulated door, recorded: every kind of message that the nodes send, for the pages that show them.
import { EventEmitter, once } from "node:events";
import { createServer as createWebServer } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { Aedes } from "aedes";
import { connectAsync } from "mqtt";
import type { SimNode } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import type { Message } from "../../nodes/red.d.ts";
import type { EndpointNode } from "../../nodes/sip-endpoint/node.ts";
import { pattern } from "../camera/pattern.ts";
import { endpoint, Flow, frontdoor, type FlowNode } from "../nodes/flow.ts";
import { patienceMs } from "../support/patience.ts";

export interface Recorded {
  /** The type of the node that sent it. */
  readonly from: string;
  /** As JSON, without Node-RED's own id. */
  readonly msg: Record<string, unknown>;
}

export interface Recording {
  readonly messages: readonly Recorded[];
  /** What was published under `doorbell/`, by topic; pictures as they are, the rest is text. */
  readonly published: ReadonlyMap<string, readonly string[]>;
}

/** A film that never ends, of a camera that has its picture at once. */
const filmOf = (jpeg: Buffer) =>
  createWebServer((_request, response) => {
    response.writeHead(200, { "Content-Type": "multipart/x-mixed-replace; boundary=f" });
    response.write(jpeg);
    const beat = setInterval(() => response.write(jpeg), 100);
    response.on("close", () => clearInterval(beat));
  });

const doors = (film: string): FlowNode[] => [
  { ...frontdoor, name: "Frontdoor", videoUrl: film, clipSeconds: "3", heldOpenSeconds: "1" },
  // A camera that nobody runs: port 9 is refused at once.
  {
    ...frontdoor,
    id: "door2",
    name: "Backdoor",
    extension: "504",
    imageUrl: "http://127.0.0.1:9/image.jpg",
    videoUrl: "http://127.0.0.1:9/film",
    clipSeconds: "1",
  },
];
const wired = (id: string, outputs: number, more: object = {}): FlowNode[] => {
  const { type = id } = more as { type?: string };
  return [
    { ...more, id, type, wires: Array.from({ length: outputs }, () => [`${id}-out`]) },
    { id: `${id}-out`, type: "helper", z: "f", x: 500, y: 100 },
  ];
};
const phone = (extension: string, more: object = {}) =>
  wired(`phone${extension}`, 1, { type: "doorbell-sim", role: "phone", endpoint: "ep", extension, ...more });
const bell = (id: string, door: string) => wired(id, 1, { type: "doorbell-sim", role: "bell", door });

const room: FlowNode = {
  ...{ id: "room", type: "conference-room", name: "Hall", endpoint: "ep", visitorNumber: "777", memberNumber: "888" },
};
const parking: FlowNode = { id: "parking", type: "parking-place", name: "Parking", endpoint: "ep" };

const nodes: FlowNode[] = [
  { ...endpoint, statsSeconds: "1" },
  parking,
  room,
  ...wired("sip-registrar", 4, {
    endpoint: "ep",
    extensions: ["6001", "6002", "6003", "6004"].map((number) => ({ number, name: "Kitchen" })),
  }),
  ...wired("doorbell-in", 4, { endpoint: "ep" }),
  ...wired("dial-strategy", 3, { strategy: "ring-all", targets: ["6001"], seconds: "120", record: "file" }),
  ...wired("absent", 3, { type: "dial-strategy", strategy: "ring-all", targets: ["6003"], seconds: "10" }),
  ...wired("dtmf-out", 2, { mode: "open", door: "door1" }),
  ...wired("door-code", 2, { door: "door2", codeName: "courier", uses: "1", hours: "4" }),
  ...wired("call-control", 2, { action: "play", sound: "special-information" }),
  ...wired("digits", 2, { type: "dtmf-out", mode: "digits", to: "answerer" }),
  ...wired("camera-snapshot", 2, { door: "door1" }),
  ...wired("visit-log", 2, { endpoint: "ep" }),
  ...wired("door-state", 1, { door: "door1" }),
  ...bell("bell1", "door1"),
  ...bell("bell2", "door2"),
  ...phone("6001"),
  ...phone("6004", { autoAnswer: true, answerAfter: "0" }),
  // Its password is another one than the registrar's.
  ...phone("6002"),
];

/** Plays it once; takes a few seconds. */
export async function record(): Promise<Recording> {
  const broker = await Aedes.createBroker();
  const server = createServer((socket) => broker.handle(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = await connectAsync(url);
  const published = new Map<string, string[]>();
  client.on("message", (topic, payload) => {
    published.set(topic, [...(published.get(topic) ?? []), payload.toString("latin1")]);
  });
  await client.subscribeAsync("doorbell/#");
  const film = filmOf(await pattern(64, 48)).listen(0, "127.0.0.1");
  await once(film, "listening");
  const filmUrl = `http://127.0.0.1:${(film.address() as AddressInfo).port}/film`;
  const all = [...nodes, ...doors(filmUrl), ...wired("mqtt-bridge", 1, { endpoint: "ep", url, snapshots: true })];
  const flow = await Flow.load(all, { phone6002: { password: "not-the-right-one" } });
  try {
    const recorded: Recorded[] = [];
    const heard = new EventEmitter();
    for (const { id, type } of all.filter((node) => node["wires"] !== undefined)) {
      flow.node(`${id}-out`).on("input", ({ _msgid, ...msg }: Message) => {
        recorded.push({ from: type, msg: JSON.parse(JSON.stringify(msg)) as Record<string, unknown> });
        heard.emit(`${id} ${String(msg["event"])}`, msg);
      });
    }
    const next: Next = async (id, event) => {
      const patience = AbortSignal.timeout(patienceMs);
      try {
        const [msg] = (await once(heard, `${id} ${event}`, { signal: patience })) as [Message];
        return msg;
      } catch (cause) {
        const last = recorded.slice(-5).map(({ from, msg }) => `${from} ${String(msg["event"])}`);
        throw new Error(`${id} sent no "${event}"; the last that came: ${last.join(", ")}`, { cause });
      }
    };
    // A command that comes right after connecting is refused: that is the refusal of the page.
    await flow.status("mqtt-bridge", (look) => look.fill === "green");
    const tooEarly = next("mqtt-bridge", "refused");
    await client.publishAsync("doorbell/frontdoor/door/open", "PRESS");
    await tooEarly;
    await play(flow, next);
    return { messages: recorded, published };
  } finally {
    await flow.close();
    await client.endAsync();
    film.closeAllConnections();
    film.close();
    await new Promise<void>((closed) => broker.close(() => server.close(() => closed())));
  }
}

/** The next message of a node with this event. */
type Next = (id: string, event: string) => Promise<Message>;

async function play(flow: Flow, next: Next): Promise<void> {
  const receive = (id: string, msg: Message) => {
    flow.node(id).receive(msg);
  };
  for (const device of ["bell1", "bell2", "phone6001", "phone6004"])
    await flow.status(device, (look) => look.fill === "green");
  await flow.status("phone6002", (look) => look.fill === "red");
  // Somebody who guesses, and is forgiven. This machine is exempt, so the guard is told of another.
  const [banned, lifted] = [next("sip-registrar", "banned"), next("sip-registrar", "lifted")];
  const { guard } = flow.node<EndpointNode>("ep").switchboard.endpoint;
  for (let guess = 0; guess < 10; guess++)
    guard.wrong({ host: "192.168.1.77", port: 5060 }, "6001", "password", `${guess}`);
  await banned;
  const bans = next("sip-registrar", "bans");
  receive("sip-registrar", { topic: "bans" });
  await bans;
  receive("sip-registrar", { payload: { action: "lift", address: "192.168.1.77" } });
  await lifted;

  // The first picture of a simulated camera takes its time on a busy machine, longer than a camera is waited for.
  for (let isThere = false; !isThere;) {
    const taken = Promise.race([
      next("camera-snapshot", "snapshot").then(() => true),
      next("camera-snapshot", "failed").then(() => false),
    ]);
    receive("camera-snapshot", { payload: 1 });
    isThere = await taken;
  }

  // A contact that opens and stays open; what it says then is awaited at the end.
  const [state, moved, held] = ["state", "device-opened", "held-open"].map((event) => next("door-state", event));
  receive("door-state", { payload: true });
  await state;
  receive("door-state", { payload: "opened" });
  await moved;

  // A visitor whom 6001 takes, who is let in, and who goes; the picture comes before that.
  const [ring, snapshot, rings] = [
    next("doorbell-in", "ring"),
    next("doorbell-in", "snapshot"),
    next("phone6001", "ringing"),
  ];
  const clip = next("doorbell-in", "clip");
  await flow.node<SimNode>("bell1").press();
  const visit = (await ring)["visit"];
  // A sound for somebody who is not there yet.
  const deaf = next("call-control", "failed");
  receive("call-control", { visit, payload: { action: "play", tone: "busy", to: "answerer" } });
  await deaf;
  const [answered, told] = [next("dial-strategy", "answered"), next("doorbell-in", "answered")];
  receive("dial-strategy", { visit });
  await Promise.all([rings, snapshot, clip]);
  receive("phone6001", { payload: "answer" });
  await Promise.all([answered, told]);
  const [dtmf, heard] = [next("doorbell-in", "dtmf"), next("bell1", "dtmf")];
  receive("phone6001", { payload: { digits: "1" } });
  await Promise.all([dtmf, heard]);
  const [sent] = [next("digits", "sent")];
  receive("digits", { visit, payload: "5" });
  await sent;
  const [opened, relay] = [next("dtmf-out", "opened"), next("bell1", "relay")];
  receive("dtmf-out", { visit });
  await Promise.all([opened, relay, next("phone6001", "audio")]);
  const done = next("call-control", "done");
  receive("call-control", { visit });
  await done;
  const [transferred, left] = [next("doorbell-in", "transferred"), next("phone6001", "ended")];
  const figures = next("doorbell-in", "stats");
  receive("phone6001", { payload: { transfer: "6004" } });
  // Both sides have heard each other, so that the figures are whole.
  await Promise.all([transferred, left, figures, next("phone6004", "audio")]);
  const [ended, recorded] = [next("doorbell-in", "ended"), next("doorbell-in", "recorded")];
  receive("bell1", { payload: "hang up" });
  await Promise.all([ended, recorded]);

  // What is kept of that, and no longer.
  const ask = async (event: string, payload: object, more: Message = {}) => {
    const answer = next("visit-log", event);
    receive("visit-log", { ...more, payload });
    await answer;
  };
  await ask("visits", { limit: 1 });
  await ask("visit", { action: "get" }, { visit });
  await ask("openings", { action: "openings", ok: true, limit: 1 });
  await ask("deleted", { action: "delete" }, { visit });
  await ask("failed", { action: "get" }, { visit });

  // 6001 wants its peace for a while.
  const quiet = next("sip-registrar", "dnd");
  receive("sip-registrar", { payload: { action: "dnd", extension: "6001", on: true, status: 480 } });
  await quiet;
  receive("sip-registrar", { payload: { action: "dnd", extension: "6001", on: false } });

  // Afterwards: a door that cannot be opened any more, a picture on request and one of a door that is not there.
  const [refused, tells] = [next("dtmf-out", "refused"), next("doorbell-in", "refused")];
  receive("dtmf-out", { door: "frontdoor" });
  await Promise.all([refused, tells]);
  const [picture, none] = [next("camera-snapshot", "snapshot"), next("camera-snapshot", "failed")];
  receive("camera-snapshot", { payload: 1 });
  receive("camera-snapshot", { door: "cellar" });
  await Promise.all([picture, none]);

  // A visitor whom nobody hears, at a door without a camera; a strategy after the end of the visit.
  const [second, failed] = [next("doorbell-in", "ring"), next("doorbell-in", "snapshot-failed")];
  const noClip = next("doorbell-in", "clip-failed");
  await flow.node<SimNode>("bell2").press();
  const alone = (await second)["visit"];
  await Promise.all([failed, noClip]);
  const [unanswered, said] = [next("absent", "unanswered"), next("doorbell-in", "unanswered")];
  receive("absent", { visit: alone });
  await Promise.all([unanswered, said]);
  const gone = next("doorbell-in", "ended");
  receive("bell2", { payload: "hang up" });
  await gone;
  const over = next("absent", "ended");
  receive("absent", { visit: alone });
  await Promise.all([over, held]);

  // One that parks itself, and is fetched.
  const [parked, fetched] = [next("doorbell-in", "parked"), next("doorbell-in", "answered")];
  receive("bell2", { payload: { dial: "444" } });
  await parked;
  receive("phone6004", { payload: { dial: "555" } });
  await fetched;
  // The flow hands it over.
  const [handed, wanted] = [next("call-control", "done"), next("phone6001", "ringing")];
  receive("call-control", { visit: (await parked)["visit"], payload: { action: "transfer", targets: ["6001"] } });
  await wanted;
  receive("phone6001", { payload: "answer" });
  await handed;
  const bye = next("doorbell-in", "ended");
  receive("bell2", { payload: "hang up" });
  await bye;

  // Two who take a visitor together.
  const [met, joined] = [next("doorbell-in", "answered"), next("doorbell-in", "joined")];
  receive("bell2", { payload: { dial: "777" } });
  receive("phone6004", { payload: { dial: "888" } });
  await met;
  const talks = next("phone6001", "answered");
  receive("phone6001", { payload: { dial: "888" } });
  await Promise.all([joined, talks]);
  const [key, goes] = [next("doorbell-in", "dtmf"), next("doorbell-in", "left")];
  receive("phone6001", { payload: { digits: "1" } });
  await key;
  receive("phone6001", { payload: "hang up" });
  await goes;
  const empty = next("doorbell-in", "ended");
  receive("bell2", { payload: "hang up" });
  await empty;

  // A code for a courier, and one that there is not.
  const [made, noCode] = [next("door-code", "code-created"), next("door-code", "refused")];
  receive("door-code", {});
  receive("door-code", { code: { action: "revoke", name: "guest" } });
  await Promise.all([made, noCode]);

  // The registrar's commands.
  const list = next("sip-registrar", "list");
  receive("sip-registrar", { topic: "list" });
  await list;
  const dnd = next("sip-registrar", "dnd");
  receive("sip-registrar", { payload: { action: "dnd", extension: "6001", on: true } });
  await dnd;
  const removed = next("sip-registrar", "unregistered");
  receive("sip-registrar", { payload: { action: "remove", extension: "6001" } });
  await removed;
}
