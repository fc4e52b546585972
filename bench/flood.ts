// A flood: 5,000 bad messages a second for a minute, while a bell is pressed once a second. What counts is that its ring leaves, and
// how soon; what the server's memory does; and that it does not answer with more than it was sent.
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "../scripts/repository.ts";
import { start } from "../test/support/processes.ts";
import { Agent } from "./agent.ts";
import { p50p99, percentile, type Row } from "./figures.ts";
import type { SipRequest } from "../src/sip/message/message.ts";
import { heapOptions, type Memory } from "./memory-in-use.ts";
import { password, Portero, scratch } from "./server.ts";

/** What the sender tells at its end. */
export interface Sent {
  readonly messages: number;
  readonly bytes: number;
  readonly answers: number;
  readonly answeredBytes: number;
  /** Connections that were opened and said nothing, and how many of them the server has ended. */
  readonly connections: number;
  readonly ended: number;
}

export interface Flood {
  readonly sent: Sent;
  /** The same before it, to judge the machine by. */
  readonly quiet: readonly (number | undefined)[];
  /** Milliseconds from each press to the ring at the phone; `undefined` where none came within ten seconds. */
  readonly rings: readonly (number | undefined)[];
  readonly before: Memory;
  readonly after: Memory;
}

const target = "600";
// No exempt address: this machine itself is exempt by its usual one.
const device = "127.0.0.3";

const quietPresses = 20;
/** A bell sends its INVITE again after this, and each time after twice as long (RFC 3261 §17.1.1.2). */
const t1 = 500;

/** Floods a server of its own for `seconds`. */
export async function flooded(wish: { perSecond: number; seconds: number; connections: number }): Promise<Flood> {
  using folder = scratch();
  const door = { id: "front", name: "Front", extension: "501", password };
  const strategy = { strategy: "ring-all", targets: [target], seconds: 30 };
  const extensions = [{ extension: target, password }];
  const listeners = ["udp", "tcp"].map((transport) => ({ transport, address: "127.0.0.1", port: 0 }));
  const config = { sip: { listeners }, extensions, doors: [{ ...door, strategy }] };
  await using server = await Portero.start(folder.path, config, heapOptions);
  await using phone = await Agent.open(server.address, 0, device);
  await phone.register(target);
  await using bell = await Agent.open(server.address, 0, device);
  await bell.register(door.extension);
  const press = presser(phone, bell, door.extension);
  const quiet: (number | undefined)[] = [];
  for (let n = 0; n < quietPresses; n++) {
    const [ring] = await Promise.all([press(), sleep(200)]);
    quiet.push(ring);
  }
  const before = await server.memory();
  const sender = JSON.stringify({ ...wish, port: server.address.port });
  await using flood = start(process.execPath, ["bench/flood-sender.ts", sender], { cwd: root });
  const told = flood.line(/^\{.*\}$/, wish.seconds * 1000 + 60_000);
  const over = new AbortController();
  const stop = () => over.abort();
  told.then(stop, stop);
  const rings: (number | undefined)[] = [];
  while (!over.signal.aborted) {
    const [ring] = await Promise.all([press(), sleep(1000)]);
    rings.push(ring);
  }
  const sent = JSON.parse((await told)[0]) as Sent;
  return { sent, quiet: quiet.slice(1), rings, before, after: await server.memory() };
}

/** Presses the bell: milliseconds until the phone gets the ring; then the visitor gives up. */
function presser(phone: Agent, bell: Agent, number: string): () => Promise<number | undefined> {
  return async () => {
    const invite = bell.invite(number, target);
    const gaveUp = new AbortController();
    const rung = new Promise<number>((resolve) => {
      let rings: SipRequest | undefined;
      phone.request = (request, at) => {
        if (request.method === "INVITE") {
          phone.answer(request, 180, "phone");
          if (!rings) resolve(at);
          rings = request;
        } else if (request.method === "CANCEL" && rings) {
          phone.answer(request, 200, "phone");
          phone.answer(rings, 487, "phone");
        }
      };
    });
    bell.response = (response) => {
      if (response.callId !== invite.callId || response.cseq?.method !== "INVITE" || response.status < 300) return;
      bell.send(bell.follow("ACK", invite, response));
      gaveUp.abort();
    };
    const pressed = bell.send(invite);
    let at: number | undefined;
    for (let wait = t1; at === undefined && wait < 10_000; wait *= 2) {
      at = await Promise.race([rung, sleep(wait, undefined, { ref: false })]);
      if (at === undefined) bell.send(invite);
    }
    bell.send(bell.follow("CANCEL", invite));
    await sleep(2_000, undefined, { signal: gaveUp.signal }).catch(() => {});
    return at === undefined ? undefined : at - pressed;
  };
}

export async function flood(progress: (text: string) => void): Promise<Row[]> {
  const perSecond = 5_000;
  const { sent, quiet, rings, before, after } = await flooded({ perSecond, seconds: 60, connections: 50 });
  progress(JSON.stringify({ sent, before, after }));
  const came = rings.filter((ms) => ms !== undefined);
  const shares = (of: readonly number[]) => `${p50p99(of)}, longest ${percentile(of, 1).toFixed(1)} ms`;
  const mb = ({ rss }: Memory) => `${(rss / 1e6).toFixed(0)} MB`;
  const rate = Math.round(sent.messages / 60);
  return [
    {
      what: `press → ring at the phone, in a flood of ${rate} bad messages/s`,
      result: `${shares(came)}; ${came.length} of ${rings.length} rang`,
      target: "≤ 100 ms, all",
    },
    { what: "… the same before the flood", result: shares(quiet.filter((ms) => ms !== undefined)) },
    { what: "… resident memory before and after it", result: `${mb(before)}, ${mb(after)}`, target: "bounded" },
    {
      what: "… bytes answered ÷ bytes sent",
      result: (sent.answeredBytes / sent.bytes).toFixed(4),
      target: "≤ 1",
    },
  ];
}
