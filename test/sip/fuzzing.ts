// Mutated messages, the same in every run: nothing that comes from the network may throw or run long, neither in the parser nor
// in the endpoint behind it. The tests send some thousands of them, the bench a million.
import { readdirSync, readFileSync } from "node:fs";
import { Secret } from "../../src/secret.ts";
import type { Call } from "../../src/sip/dialog/call.ts";
import { SipRequest, type SipMessage } from "../../src/sip/message/message.ts";
import { parseNameAddr, parseVia, writeNameAddr } from "../../src/sip/message/headers.ts";
import { limits, parseMessage, type Parsed } from "../../src/sip/message/parse.ts";
import { replyTo } from "../../src/sip/message/reply.ts";
import { parseUri, unescaped, writeUri } from "../../src/sip/message/uri.ts";
import { sameUri } from "../../src/sip/message/compare.ts";
import type { Flow, Inbound } from "../../src/sip/transport/flow.ts";
import { Framing } from "../../src/sip/transport/framing.ts";
import { house, type House } from "./house.ts";
import { Names } from "./names.ts";
import { sdp } from "./party.ts";
import { Random } from "./random.ts";

const folder = new URL("fixtures/", import.meta.url);
export const torture: readonly Buffer[] = readdirSync(folder)
  .filter((name) => name.endsWith(".sip"))
  .sort()
  .map((name) => readFileSync(new URL(name, folder)));

const morsels = [
  ...'\r\n|\n|\r|\0| |\t|:|;|,|<|>|"|\\|@|=|%|%zz|[|]|[::1]|sip:|tel:|*|é|😀|-1|0|4294967296|99999999999'.split("|"),
  ..."Via: |Contact: *\r\n|Expires: 0\r\n|;tag=|;rport|;branch=|;branch=z9hG4bK|;expires=1e9|SIP/2.0/UDP ".split("|"),
  ..."Authorization: Digest |Content-Length: 5\r\n|REGISTER|INVITE|CANCEL|ACK|BYE|PRACK|__proto__: x\r\n".split("|"),
  ..."Require: 100rel\r\n|RAck: 1 1 INVITE\r\n|RSeq: 1\r\n|Session-Expires: 90\r\n|Min-SE: 1\r\n".split("|"),
  ..."Route: <sip:10.0.0.1;lr>\r\n|Record-Route: <sip:a>\r\n|Path: <sip:a;lr>\r\n|Replaces: a;to-tag=b;from-tag=c\r\n".split(
    "|",
  ),
  ..."Reason: SIP;cause=200\r\n|Refer-To: <sip:a@b>\r\n|Max-Forwards: 0\r\n|Retry-After: 9\r\n|Timestamp: 1\r\n".split(
    "|",
  ),
].map((text) => Buffer.from(text));

/** One to eight changes: bytes altered, cut out, doubled, or put in. */
export function mutate(data: Buffer, random: Random): Buffer {
  let text = data;
  for (let n = 1 + random.below(random.pick([1, 3, 8])); n > 0; n--) {
    const at = random.below(text.length + 1);
    const to = Math.min(text.length, at + random.below(random.chance(0.1) ? 400 : 12));
    const [before, middle, after] = [text.subarray(0, at), text.subarray(at, to), text.subarray(to)];
    const kind = random.below(4);
    if (kind === 0) text = Buffer.concat([before, after]);
    else if (kind === 1) text = Buffer.concat([before, middle, middle, after]);
    else if (kind === 2) text = Buffer.concat([before, random.pick(morsels), after]);
    else text = Buffer.concat([before, Buffer.from([random.below(256)]), text.subarray(Math.min(text.length, at + 1))]);
  }
  return text;
}

/** 64 KB at most of one thing over and over, where a header's value or the end of the headers should be. */
export function swell(data: Buffer, random: Random): Buffer {
  const piece = Buffer.concat(Array.from({ length: 1 + random.below(3) }, () => random.pick(morsels)));
  const room = (random.chance(0.7) ? limits.head : limits.body) - data.length;
  const filling = Buffer.alloc(Math.max(0, room), piece);
  const ends = data.indexOf("\r\n", random.below(data.length));
  const at = ends < 0 ? data.length : ends;
  return Buffer.concat([data.subarray(0, at), filling, data.subarray(at)]).subarray(0, limits.body);
}

/** Reads all that can be asked of a message. */
function read(data: Buffer): Parsed {
  const parsed = parseMessage(data);
  if (parsed.message) readAll(parsed.message);
  return parsed;
}

/** Writes a message again; false where it has a fault. @throws Error where what was read without a fault is written with one */
function isWrittenAgain({ message, fault }: Parsed): boolean {
  if (!message) {
    if (fault === undefined) throw new Error("neither a message nor a fault");
    return false;
  }
  if (fault !== undefined) {
    if (message instanceof SipRequest) replyTo(message, 400, "t", fault).toBuffer("shortest");
    return false;
  }
  const sizes = ["plain", "compact", "shortest"] as const;
  const written = sizes.map((size) => message.toBuffer(size));
  if (message instanceof SipRequest) written.push(replyTo(message, 401, "t").toBuffer());
  for (const data of written) {
    // A space behind each colon and our own Content-Length may make it longer than what may be read.
    if (data.length - message.body.length > limits.head) continue;
    const { fault } = parseMessage(data);
    if (fault !== undefined)
      throw new Error(`read without a fault, written with one (${fault}): ${data.toString("latin1")}`);
  }
  return true;
}

function readAll(message: SipMessage): void {
  const { via, from, to, contact, callId, fromTag, toTag, contentType } = message;
  const lists = ["via", "contact", "route", "record-route", "path", "accept", "require", "supported", "allow"];
  const values = lists.flatMap((key) => message.list(key));
  for (const value of values) {
    parseVia(value);
    const read = parseNameAddr(value);
    if (read) parseNameAddr(writeNameAddr(read));
  }
  const uris = [message instanceof SipRequest ? message.uri : undefined, from?.uri, to?.uri, contact?.uri];
  for (const uri of uris.filter((found) => found !== undefined)) {
    const read = parseUri(uri);
    if (!read) continue;
    unescaped(read.user);
    parseUri(writeUri(read));
    sameUri(uri, to?.uri ?? "");
  }
  for (const key of ["expires", "max-forwards", "min-expires", "rseq", "session-expires"]) message.number(key);
  if ([via, callId, fromTag, toTag, contentType].length === 0 || message.cseq?.method === "") throw new Error("empty");
}

export interface Finding {
  readonly error: unknown;
  readonly data: Buffer;
}

export class Outcome {
  readonly findings: Finding[] = [];
  /** Messages without a fault: too few, and the mutations are too coarse to test anything. */
  whole = 0;
  /** Those that took longest by the wall clock, the longest first. */
  readonly #slow: { ms: number; data: Buffer }[] = [];

  find(error: unknown, data: Buffer): void {
    this.findings.push({ error, data });
  }

  /** Reads and writes a message, and notes what came of it. */
  read(data: Buffer): void {
    const began = performance.now();
    let ms = 0;
    try {
      const parsed = read(data);
      ms = performance.now() - began;
      if (isWrittenAgain(parsed)) this.whole++;
    } catch (error) {
      this.find(error, data);
    }
    if (ms <= (this.#slow[9]?.ms ?? 0)) return;
    this.#slow.push({ ms, data });
    this.#slow.sort((a, b) => b.ms - a.ms).splice(10);
  }

  /**
   * The slowest message, and its milliseconds. The ten longest are measured again, and the best of many counts: the machine may have
   * been busy with something else, and code is slow before it is compiled.
   */
  slowest(): { ms: number; data: Buffer } {
    const again = this.#slow.map(({ data }) => ({ ms: bestOf(30, () => read(data)), data }));
    return again.reduce((a, b) => (b.ms > a.ms ? b : a), { ms: 0, data: Buffer.alloc(0) });
  }
}

// By the wall clock: processor time is counted too coarsely for what takes less than some milliseconds.
function bestOf(runs: number, work: () => void): number {
  let best = Infinity;
  for (let n = 0; n < runs; n++) {
    const began = performance.now();
    work();
    best = Math.min(best, performance.now() - began);
  }
  return best;
}

/** How many messages an endpoint gets before a new one takes its place. */
const round = 2_000;

/**
 * Sends `count` mutated messages through parser, getters, framing, endpoint and back into bytes, on a clock of its own. At
 * the end of each round nothing may be left: no call, transaction or timer.
 */
export async function fuzz(count: number, seed: number, progress: (done: number) => void = () => {}): Promise<Outcome> {
  const outcome = new Outcome();
  const random = new Random(seed);
  for (let done = 0; done < count; done += round) {
    const target = await Target.open(random, outcome);
    for (let n = 0; n < Math.min(round, count - done); n++) {
      const data = mutate(random.pick(target.seeds), random);
      outcome.read(data);
      target.take(data);
      if (n % 20 === 19) await target.advance(random.below(300));
    }
    await target.close();
    progress(Math.min(count, done + round));
  }
  return outcome;
}

/** `count` messages of up to 64 KB, read and written. */
export function swollen(count: number, seed: number): Outcome {
  const outcome = new Outcome();
  const random = new Random(seed);
  for (let n = 0; n < count; n++) outcome.read(swell(mutate(random.pick(torture), random), random));
  return outcome;
}

/** Where the noise comes from: a device, a server that is trusted, a stranger. */
const sources = ["10.0.0.10", "10.0.0.11", "10.0.0.98", "10.9.9.9"];

/** An endpoint with a registered phone, a call that talks and one that rings, which gets the noise. */
class Target {
  readonly #house: House;
  readonly #random: Random;
  readonly #outcome: Outcome;
  readonly seeds: readonly Buffer[];
  readonly #places: { udp: Inbound; tcp: Inbound };
  #framing = new Framing();
  readonly #calls: Set<Call>;
  /** The last message, to be named where a timer throws. */
  #last: Buffer = Buffer.alloc(0);

  static async open(random: Random, outcome: Outcome): Promise<Target> {
    const open = await house({
      guard: { exempt: ["10.0.0.0/24"] },
      dns: new Names({ "example.com": { a: ["10.9.9.9"] } }),
      trusts: (_invite, { remote }) => (remote.host === "10.0.0.98" ? { kind: "address", number: "555" } : undefined),
    });
    const { endpoint } = open;
    // Its credentials are good as often as they come, so that what is mutated behind them gets past the guard.
    endpoint.addExtension({
      ...{ extension: "7000", login: "7000", maxContacts: 3, nonceReuse: true },
      password: new Secret("pw7000"),
    });
    const calls = new Set<Call>();
    endpoint.on("call", (call) => keep(calls, call));
    return new Target(open, random, outcome, await seedsOf(open, random, calls), calls);
  }

  private constructor(open: House, random: Random, outcome: Outcome, seeds: readonly Buffer[], calls: Set<Call>) {
    this.#calls = calls;
    this.#house = open;
    this.#random = random;
    this.#outcome = outcome;
    this.seeds = seeds;
    const [udp, tcp] = (["UDP", "TCP"] as const).map((name) => open.network.place(name, ours)?.inbound);
    if (!udp || !tcp) throw new Error("the endpoint does not listen");
    this.#places = { udp, tcp };
    open.endpoint.on("fault", (error) => outcome.find(error, this.#last));
  }

  /** Lets the endpoint have it, as a datagram or as the next bytes of a stream. */
  take(data: Buffer): void {
    this.#last = data;
    const host = this.#random.pick(sources);
    try {
      if (this.#random.chance(0.7)) {
        const flow = noise("UDP", host);
        if (this.#places.udp.admits?.(flow.remote)) deliver(this.#places.udp, parseMessage(data), data, flow);
        return;
      }
      const flow = noise("TCP", host);
      const cut = this.#random.below(data.length + 1);
      for (const piece of [data.subarray(0, cut), data.subarray(cut)])
        for (const parsed of this.#framing.push(piece, () => {})) {
          deliver(this.#places.tcp, parsed, parsed.raw, flow);
          if (!parsed.lost) continue;
          this.#framing = new Framing();
          break;
        }
      if (this.#framing.waiting > limits.head + limits.body) throw new Error("a stream keeps more than one message");
    } catch (error) {
      this.#outcome.find(error, data);
    }
  }

  async advance(ms: number): Promise<void> {
    try {
      await this.#house.clock.advance(ms);
    } catch (error) {
      this.#outcome.find(error, this.#last);
    }
  }

  /** Ends what is left to end; then only timers run, and nothing may stay. */
  async close(): Promise<void> {
    const { endpoint, clock } = this.#house;
    for (const call of this.#calls) call.hangUp();
    for (const contact of endpoint.location.contacts()) endpoint.location.remove(contact.extension);
    await this.advance(200_000);
    const left = [endpoint.calls, endpoint.transactions.size, clock.pending];
    if (left.some((count) => count > 0)) {
      const error = new Error(`calls, transactions, timers that were left: ${left.join(", ")}`);
      this.#outcome.find(error, this.#last);
    }
    await endpoint.close();
  }
}

const ours = { host: "10.0.0.1", port: 5060 };

/** What a transport does with what it read. */
function deliver(inbound: Inbound, { message, fault }: Parsed, raw: Buffer, flow: Flow): void {
  inbound.seen?.("in", raw, flow);
  if (message && fault === undefined) inbound.message(message, flow);
  else inbound.malformed(fault ?? "not SIP", flow, message);
}

/** A peer that hears nothing of what it is told. */
function noise(transport: "UDP" | "TCP", host: string): Flow {
  const flow: Flow = {
    ...{ transport, reliable: transport === "TCP", remote: { host, port: 5060 }, sentBy: ours, closed: false },
    send: (data) => {
      const { fault } = parseMessage(data);
      // What is broken in a request stands in its answer too, so that only what we write of our own is looked at.
      if (fault !== undefined && /^(?:Content-Length|the first line)/.test(fault))
        throw new Error(`sent with a fault: ${fault}`);
    },
    ping: () => {},
    drop: () => {},
    reach: () => flow,
  };
  return flow;
}

function keep(calls: Set<Call>, call: Call): void {
  calls.add(call);
  call.once("ended", () => calls.delete(call));
}

/** Messages that reach into every part: registrations, calls both ways, and what happens inside of them. */
async function seedsOf(open: House, random: Random, alive: Set<Call>): Promise<Buffer[]> {
  const { endpoint, network, party, calls } = open;
  const phone = party({ user: "6001" });
  await phone.register("pw6001", { expires: 7200 });
  const bell = party({ user: "8000" });
  const invite = await bell.authenticated("INVITE", "pw8000", { to: "777", body: ["application/sdp", sdp(1)] });
  calls[0]?.answer(sdp(2));
  const ok = await bell.takeResponse(200);
  bell.ack(invite, ok);
  calls[0]?.on("info", (info) => info.reply(200)).on("reoffer", (offer) => offer.answer(sdp(3)));
  endpoint.on("call", (call) => {
    call.on("info", (info) => info.reply(200)).on("reoffer", (offer) => offer.answer(sdp(3)));
    const what = random.below(4);
    if (what === 0) call.reject(486);
    else if (what === 1) call.answer(sdp(4));
    else if (what === 2) call.hangUp();
  });
  const reusable = party({ user: "7000" });
  await reusable.register("pw7000");
  await reusable.authenticated("INVITE", "pw7000", {
    to: "777",
    callId: "reusable",
    body: ["application/sdp", sdp(5)],
  });
  const [contact] = endpoint.location.contacts("6001");
  if (!contact) throw new Error("the phone is not registered");
  const ours = await endpoint.callContact(contact, { from: { number: "8000", name: "Door" }, sdp: sdp(1) });
  keep(alive, ours);
  const rung = await phone.takeRequest("INVITE");
  const inside = { to: "777", toTag: ok.toTag, callId: invite.callId };
  const trusted = { to: "777", body: ["application/sdp", sdp(6)] } as const;
  const written = [
    bell.request("INFO", { ...inside, seq: 30, body: ["application/dtmf", "5"] }),
    bell.request("INVITE", { ...inside, seq: 31, body: ["application/sdp", sdp(4)] }),
    bell.request("UPDATE", { ...inside, seq: 32, body: ["application/sdp", sdp(4)] }),
    bell.request("REFER", { ...inside, seq: 33, headers: { "Refer-To": "<sip:6001@10.0.0.1>" } }),
    bell.request("PRACK", { ...inside, seq: 34, headers: { RAck: "1 1 INVITE" } }),
    bell.request("CANCEL", { to: "777", via: invite.get("via") ?? "", seq: 2 }),
    bell.request("INVITE", {
      ...trusted,
      callId: "t1",
      headers: { Supported: "100rel, timer", "Session-Expires": "90" },
    }),
    bell.request("INVITE", { ...trusted, callId: "t2", headers: { Require: "100rel" } }),
    bell.request("INVITE", { ...trusted, callId: "t3", headers: { Route: "<sip:10.0.0.1;lr>" } }),
    ...[100, 180, 183, 200, 302, 401, 486, 503].map((status) =>
      replyTo(rung, status, "pt").add("Contact", phone.contact),
    ),
  ].map((message) => message.toBuffer());
  return [...network.sent.flatMap(({ message }) => (message ? [message.toBuffer()] : [])), ...written, ...torture];
}
