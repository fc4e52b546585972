// The second media engine: rtpengine, a program beside us or on another machine, carries the sound and video, told by its
// "ng" protocol. Offers and answers stay ours: it is only asked for ports, and told where peers want their packets.
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { systemClock, type Cancel, type Clock } from "../../clock.ts";
import { PorteroError, sentence, tryAgain } from "../../errors.ts";
import { silent, type Log } from "../../log.ts";
import type { MediaEngine } from "../engine.ts";
import { kinds } from "../offer-answer.ts";
import { MediaSession, type SessionHost } from "../session.ts";
import { usualSilence, type SilenceLimits } from "../silence.ts";
import type { Counts, Remote, ToWorker } from "../worker/messages.ts";
import type { Kind } from "../codec.ts";
import { RelayCall } from "./call.ts";
import { countsOf, noCounts, plus, told, type Member } from "./member.ts";
import type { DigitLog, LoggedDigit } from "./digit-log.ts";
import { Digits } from "./digits.ts";
import { Players } from "./player.ts";
import type { Place } from "./sdp.ts";
import { Server } from "./server.ts";
import { nothingYet, receivedBy, Watch } from "./watch.ts";
import { dialUdp, type Dial, type ServerAddress } from "./wire.ts";

export interface RtpengineOptions extends Partial<SilenceLimits> {
  /** The first that answers takes new calls. */
  readonly servers: readonly ServerAddress[];
  readonly log?: Log;
  /** Where it tells of the digits that it hears; absent: they are not heard. It is closed with the engine. */
  readonly digits?: DigitLog;
}

export interface RtpengineDeps {
  readonly clock?: Clock;
  readonly dial?: Dial;
  readonly random?: () => number;
  /** What its calls are called by at rtpengine; unlike that of anybody else there. */
  readonly prefix?: string;
}

/** So often is asked what a leg's peer has sent. */
const pollMs = 5000;
/** After so many polls without an answer a call is given up; a server may be busy for a moment. */
const mostMissed = 2;

export class Rtpengine extends EventEmitter<{ down: [PorteroError] }> implements MediaEngine {
  readonly #limits: SilenceLimits;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #random: () => number;
  readonly #servers: readonly Server[];
  readonly #members = new Map<number, Member>();
  readonly #digitLog: DigitLog | undefined;
  readonly #digits: Digits;
  readonly #players: Players;
  readonly #prefix: string;
  readonly #stop: Cancel;
  #next = 1;
  #closing: Promise<void> | undefined;

  constructor(options: RtpengineOptions, deps: RtpengineDeps = {}) {
    super();
    const { servers, log = silent, digits, firstPacketMs, silenceMs } = { ...usualSilence, ...options };
    const { clock = systemClock, dial = dialUdp, random = Math.random, prefix = randomUUID() } = deps;
    this.#limits = { firstPacketMs, silenceMs };
    [this.#clock, this.#log, this.#random, this.#prefix] = [clock, log, random, prefix];
    this.#digitLog = digits;
    if (digits) digits.heard = (digit) => this.#heardDigit(digit);
    this.#digits = new Digits({
      clock,
      audioFrom: async (member) => {
        await this.#ask(member);
        return member.received.audio;
      },
      join: (member, peer) => member.call.inTurn(() => member.call.join(member, peer)),
    });
    const turn = (member: Member, act: () => Promise<void>) => member.call.inTurn(act);
    this.#players = new Players(clock, turn, (why) => this.#log.error(`a sound was not played: ${why}`));
    const events = { changed: (server: Server) => this.#changed(server), gone: (server: Server) => this.#gone(server) };
    this.#servers = servers.map((address, at) => new Server(address, `${prefix}.${at}`, clock, dial, events));
    this.#stop = clock.every(pollMs, () => this.#poll());
  }

  get sessions(): number {
    return this.#members.size;
  }

  async open(like?: MediaSession): Promise<MediaSession> {
    const near = like && this.#members.get(like.number)?.call;
    const number = this.#next++;
    const problems: string[] = [];
    for (const server of await this.#candidates(near?.server, problems)) {
      const call =
        near?.takesMore && near.server === server ? near : new RelayCall(server, `${this.#prefix}-${number}`);
      try {
        const place = await call.open(String(number));
        if (this.#closing) break;
        return this.#enter(call, place, number);
      } catch (error) {
        problems.push(sentence(error));
      }
    }
    if (this.#closing) throw tryAgain("media-down", "The media part is closed.");
    throw tryAgain("media-down", `Nobody carries the sound of this call. ${problems.join(" ")}`);
  }

  bridge(one: MediaSession, other: MediaSession): void {
    const [a, b] = [this.#members.get(one.number), this.#members.get(other.number)];
    if (!a || !b || a === b || a.peer === b) return;
    const left = [this.#unlink(a), this.#unlink(b)];
    [a.peer, b.peer] = [b, a];
    for (const member of left) if (member) this.#do(member, () => member.call.part(member));
    this.#settle(a);
  }

  /** Resolves when everything that was settled so far is told to rtpengine. */
  async settled(): Promise<void> {
    await Promise.all([...this.#members.values()].map(({ call }) => call.inTurn(() => Promise.resolve())));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stop();
    await Promise.all([...this.#members.values()].map(({ session }) => session.close()));
    for (const server of this.#servers) server.close();
    await this.#digitLog?.close();
  }

  /** Who may take a call, the likeliest first. */
  async #candidates(near: Server | undefined, problems: string[]): Promise<Server[]> {
    const answering = () => this.#servers.filter(({ answers }) => answers);
    // One that was silent a moment ago may be there again, and a door must not wait for the next look.
    if (answering().length === 0)
      await Promise.all(
        this.#servers.map(async (server) => server.ping().catch((error: unknown) => problems.push(sentence(error)))),
      );
    return answering().sort((a, b) => Number(b === near) - Number(a === near));
  }

  #enter(call: RelayCall, place: Place, number: number): MediaSession {
    const session = new MediaSession(this.#hostOf(number), number, place.ports.get("audio") ?? 0, place.address);
    this.#members.set(number, {
      ...{
        session,
        call,
        place,
        tag: String(number),
        remotes: new Map<Kind, Remote>(),
        injects: false,
        watch: new Watch(this.#limits),
      },
      ...{ peer: undefined, joining: false, missed: 0, received: nothingYet, sent: nothingYet },
    });
    return session;
  }

  #hostOf(number: number): SessionHost {
    const member = () => this.#members.get(number);
    return {
      random: () => this.#random(),
      advertise: () => member()?.place.address ?? "",
      port: (_session, kind) => member()?.place.ports.get(kind),
      post: (message) => {
        const found = member();
        if (!found) return;
        told(found, message);
        this.#asked(found, message);
      },
      sendDigit: async (_session, digit) => {
        const found = member();
        return found !== undefined && (await this.#digits.send(found, digit).catch(() => false));
      },
      renegotiated: () => this.#settle(member()),
      stats: async () => this.#counts(member()),
      close: () => this.#leave(member()),
    };
  }

  #asked(member: Member, message: ToWorker): void {
    const { call } = member;
    if (message.type === "play") this.#players.play(member, message);
    else if (message.type === "stop") this.#players.stop(member, message);
    else if (message.type === "mute") this.#do(member, () => call.mute(member, message.on));
    // Nobody would hear what goes no further.
    else if (message.type === "hear-digits" && this.#digitLog)
      this.#do(member, async () => {
        await call.show(member);
        await call.keepDigits(member, message.events === "keep");
      });
  }

  /** Its peer has pressed a key, and let go of it: both are told at once. */
  #heardDigit(logged: LoggedDigit): void {
    const member = this.#members.get(Number(logged.tag));
    if (member?.tag !== logged.tag || member.call.id !== logged.callId || this.#digits.isEcho(logged)) return;
    const { digit, durationMs } = logged;
    const pressed = { digit, by: "rfc4733" } as const;
    member.session.emit("digit", pressed);
    member.session.emit("digit", { ...pressed, durationMs });
  }

  /** Ends what a member is joined in; gives its other side. */
  #unlink(member: Member): Member | undefined {
    const { peer } = member;
    if (!peer) return undefined;
    for (const [one, other] of [
      [member, peer],
      [peer, member],
    ] as const)
      one.sent = plus(one.sent, other.received);
    member.peer = peer.peer = undefined;
    return peer;
  }

  /** Tells rtpengine what two that are joined have settled; again with each new offer of either. */
  #settle(member: Member | undefined): void {
    if (member && !member.peer && this.#players.has(member)) this.#do(member, () => member.call.show(member));
    if (!member?.peer || member.joining) return;
    member.joining = true;
    this.#do(member, async () => {
      member.joining = false;
      const { peer } = member;
      if (peer?.remotes.has("audio") && member.remotes.has("audio")) await member.call.join(member, peer);
    });
  }

  #do(member: Member, act: () => Promise<void>): void {
    member.call.inTurn(act).catch((error: unknown) => {
      if (this.#has(member)) this.#lose([member, ...(member.peer ? [member.peer] : [])], sentence(error));
    });
  }

  #has(member: Member): boolean {
    return this.#members.get(member.session.number) === member;
  }

  async #leave(member: Member | undefined): Promise<Counts> {
    if (!member) return noCounts;
    this.#members.delete(member.session.number);
    this.#players.closed(member);
    const counts = member.remotes.size > 0 ? await this.#counts(member) : noCounts;
    this.#unlink(member);
    const { call, tag } = member;
    // Where it does not answer, it will notice the end by its own time-out.
    if (call.server.answers)
      await call.inTurn(() => call.delete(tag)).catch((error: unknown) => this.#log.debug(sentence(error)));
    return counts;
  }

  async #counts(member: Member | undefined): Promise<Counts> {
    if (!member) return noCounts;
    await Promise.all([member, ...(member.peer ? [member.peer] : [])].map((one) => this.#ask(one).catch(() => {})));
    return countsOf(member);
  }

  /** Rejects as `Server.request`; "media-refused" where the call is not known any more. */
  async #ask(member: Member): Promise<void> {
    member.received = receivedBy(member.tag, await member.call.query(member)) ?? member.received;
  }

  #poll(): void {
    const calls = new Set<RelayCall>();
    for (const member of this.#members.values()) {
      // Of a call that only rings, one leg tells that it is still known.
      if (!member.peer && calls.has(member.call)) continue;
      calls.add(member.call);
      void this.#look(member);
    }
  }

  async #look(member: Member): Promise<void> {
    try {
      await this.#ask(member);
      member.missed = 0;
    } catch (error) {
      const known = !(error instanceof PorteroError) || error.code !== "media-refused";
      if (!this.#has(member) || (known && ++member.missed < mostMissed)) return;
      this.#lose(
        this.#of(({ call }) => call === member.call),
        sentence(error),
      );
      return;
    }
    if (!member.peer || !this.#has(member)) return;
    const expected = kinds.some((kind) => member.remotes.get(kind)?.receive);
    const { audio, video } = member.received;
    const news = member.watch.look(audio + video, expected, this.#clock.now());
    if (news) member.session.emit(news);
  }

  #of(which: (member: Member) => boolean): Member[] {
    return [...this.#members.values()].filter(which);
  }

  /** Their sound is lost: whoever talks there is told so by the end of the session. */
  #lose(members: readonly Member[], why: string): void {
    if (members.length === 0) return;
    this.#log.error(`the sound of a call was lost: ${why}`);
    for (const member of members) this.#members.delete(member.session.number);
    for (const member of members) {
      const { session, call, tag } = member;
      this.#players.closed(member);
      if (call.server.answers) call.inTurn(() => call.delete(tag)).catch(() => {});
      session.ended(countsOf(member));
    }
  }

  #gone(server: Server): void {
    this.#lose(
      this.#of(({ call }) => call.server === server),
      `the rtpengine at ${server.name} has ended`,
    );
  }

  #changed(server: Server): void {
    if (this.#closing) return;
    if (server.answers) return this.#log.info(`the rtpengine at ${server.name} answers again`);
    const other = this.#servers.find(({ answers }) => answers);
    const then = other
      ? `calls are carried by the one at ${other.name}`
      : "no call has sound until one is started; look at its address in the endpoint";
    this.emit("down", tryAgain("media-down", `The rtpengine at ${server.name} does not answer: ${then}.`));
  }
}
