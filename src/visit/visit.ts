// A visit: one press of a bell, from the first ring to the end. It holds the bell's call, whom we rang, who answered,
// the picture and the openings; it ends exactly once, in whatever state it is.
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import type { Cancel } from "../clock.ts";
import { sentence } from "../errors.ts";
import type { Picture } from "../camera/camera.ts";
import { cause, q850 } from "../sip/causes.ts";
import type { CallEnd } from "../sip/dialog/call.ts";
import type { IncomingCall } from "../sip/dialog/incoming.ts";
import type { Contact } from "../sip/registrar/location.ts";
import { Announcements } from "./sound/announcement.ts";
import { Answering } from "./talk/answering.ts";
import { BellLine } from "./presses/bell-line.ts";
import type { Button } from "./presses/buttons.ts";
import type { DigitWish } from "./talk/digits.ts";
import { Figures } from "./talk/figures.ts";
import type { Caller } from "./ringing/host.ts";
import type { HandoverWish } from "./talk/handover.ts";
import { invite } from "./talk/invite.ts";
import type { Key } from "./talk/keypad.ts";
import { openMedia, type Leg } from "./talk/leg.ts";
import type { Outcome, Recorded, VisitEnd, VisitEvent, VisitEventName, VisitState, VisitView } from "./messages.ts";
import { Openings } from "./presses/openings.ts";
import { VisitParking } from "./places/parking-flow.ts";
import { CallRecorder, type TapeName } from "./sound/recording.ts";
import type { AnswerOptions } from "./ringing/running.ts";
import { Search } from "./ringing/search.ts";
import type { RoomTalk } from "./places/room-talk.ts";
import type { Strategy } from "./strategies/verbs.ts";
import type { Member, Talk, VisitDoor } from "./talk/talk.ts";
import type { TransferHost } from "./talk/transfer.ts";
import { TalkLimits, warningTone } from "./talk/talk-limits.ts";
import { saidBy } from "./views.ts";
import { Waiting } from "./presses/waiting.ts";

/** A visit for which nothing rings and nobody talks is ended after this: the flow has nothing more for it. */
const idleMs = 60_000;
/** The same while the visitor hears something. */
const soundMs = 10 * 60_000;

export class Visit extends EventEmitter<{ event: [VisitEvent] }> {
  readonly id = randomUUID();
  door: VisitDoor;
  readonly startedAt: number;
  /** The picture that was asked for at the press; it may still be on its way. */
  picture: Promise<Picture> | undefined;
  /** What its parties are played: the door before its call is answered, too. */
  readonly sounds: Announcements;
  readonly openings: Openings;
  readonly parking: VisitParking;
  readonly waiting: Waiting;
  /** What the bell was refused with; absent unless we ended the visit and nobody had answered. */
  refusedWith: number | undefined;
  readonly #host: TransferHost;
  readonly #line: BellLine;
  readonly #recorder: CallRecorder;
  #state: VisitState = "ringing";
  readonly #begun: number;
  #endedAt: number | undefined;
  #idle: Cancel = () => {};
  readonly #figures: Figures;
  readonly #limits: TalkLimits;
  readonly #answering: Answering;
  readonly #search: Search;

  constructor(host: TransferHost, door: VisitDoor, bell?: IncomingCall) {
    super();
    this.#host = host;
    this.door = door;
    this.startedAt = host.clock.now();
    this.#begun = host.clock.passed();
    this.parking = new VisitParking(host, this);
    if (bell) host.tracing.groups.add(this.id, bell.callId);
    const open = async (call: IncomingCall) => {
      const session = await openMedia(host.media, host.optionsFor(call, door.extension));
      session.silenceMs = door.talks.silenceMs;
      return session;
    };
    this.#line = new BellLine(open, door, host, bell, {
      gone: (end) => this.#bellGone(end),
      pressed: (key) => this.#pressed(key, "door"),
      hides: door.keys.hides,
    });
    this.#recorder = new CallRecorder(host, () => this.#tapeName("call"), {
      recorded: (recorded) => this.tell("recorded", recorded),
      failed: (reason) => this.tell("record-failed", { reason }),
    });
    this.sounds = new Announcements({
      door: () => (this.#answering.talk ? this.#line.session : this.#line.open("early")),
      answerer: () => this.#answering.talk?.answerer?.session,
      understood: () => this.#answering.speakOurs(),
      over: () => this.#state === "ended",
      changed: () => {
        if (this.#state === "ringing" && !this.#search.isOn) this.#waitForFlow();
      },
    });
    this.waiting = new Waiting(this.sounds, host.log);
    const sessions = () => ({ door: this.#line.session, answerer: this.#answering.talk?.answerer?.session });
    this.#figures = new Figures(host.clock, sessions, (media) => this.tell("stats", media));
    this.#answering = new Answering(host, this.#line, {
      ...{ id: this.id, door, sounds: this.sounds, recorder: this.#recorder, parked: this.parking.at },
      state: () => this.#state,
      attempt: () => this.#search.attempt,
      caller: () => this.#phonesSee,
      tell: (event, payload) => this.tell(event, payload),
      pressed: (key, from, by, member) => this.#pressed(key, from, by, member),
      talks: () => this.#talks(),
      found: (by) => this.#search.stop("answered", by),
      end: (outcome, how) => this.#end(outcome, how),
    });
    this.#search = new Search(host, {
      ...{ line: this.#line, door, sounds: this.sounds, recorder: this.#recorder, answering: this.#answering },
      ...{ caller: () => this.#phonesSee, answer: () => this.answerAlone(), parked: this.parking.at },
      nameOf: (kind) => this.#tapeName(kind),
      tell: (event, payload) => this.tell(event, payload),
      rests: () => !this.talkingBell && this.#endedAt === undefined && this.#waitForFlow(),
      refuse: (status, why, text) => this.refuse(status, why, text),
    });
    this.#limits = new TalkLimits(host.clock, door.talks, {
      warn: () => {
        const to = this.#answering.talk?.answerer ? "both" : "door";
        this.sounds.play(warningTone, { to }).catch((error: unknown) => host.log.debug(sentence(error)));
      },
      end: (text) => this.#end("answered", { by: "local", cause: cause.normal, text }),
    });
    this.openings = new Openings(host.clock, {
      isAlone: () => this.#state === "talking" && !this.#answering.talk,
      end: (outcome, how) => this.#end(outcome, how),
    });
    this.#waitForFlow();
  }

  get #phonesSee(): Caller {
    return { ...this.#line.caller, host: this.#line.call.flow.remote.host, group: this.id };
  }

  get state(): VisitState {
    return this.#state;
  }

  get endedAt(): number | undefined {
    return this.#endedAt;
  }

  /** The bell's leg, while it talks: the one that door codes go to. */
  get talkingBell(): Leg | undefined {
    return this.#answering.bell;
  }

  /** Whether the bell has called; else its press was told by other means. */
  get hasCall(): boolean {
    return this.#line.called;
  }

  view(): VisitView {
    const call = this.hasCall ? this.#line.call : undefined;
    return {
      id: this.id,
      door: this.door.id,
      caller: this.#line.caller,
      dialled: call?.dialled ?? "",
      ...(!call && { noCall: true }),
      ...this.door.pressed,
      state: this.#state,
      ...(this.waiting.isOn && this.#state === "ringing" && { waiting: true }),
      startedAt: new Date(this.startedAt).toISOString(),
      ...(this.#answering.by === undefined ? {} : { answeredBy: this.#answering.by }),
      ...{ ...this.parking.said, ...this.#answering.conference, attempt: this.#search.attempt },
      ...(call && saidBy(call)),
    };
  }

  /** An event as it is told, of the visit as it stands. */
  event(event: VisitEventName, payload: unknown): VisitEvent {
    return { event, visit: this.view(), payload, topic: `${this.door.id}/${event}` };
  }

  /** Tells the world. A listener that throws is the listener's trouble. */
  tell(event: VisitEventName, payload: unknown): void {
    if (event === "opened") {
      this.openings.count++;
      this.#limits.opened();
    }
    this.emit("event", this.event(event, payload));
  }

  /** Another call of the same press (X1); the first of one that was told, which says by which button. */
  join(call: IncomingCall, pressed: Button): void {
    if (!this.hasCall) this.door = { ...this.door, pressed };
    this.#host.tracing.groups.add(this.id, call.callId);
    this.#line.join(call);
  }

  /** The bell has one call at a time, and this is the one now. Says whether it could take the place of the other. */
  moveTo(call: IncomingCall): boolean {
    if (this.#state !== "ringing" || !this.#line.moveTo(call)) return false;
    this.#host.tracing.groups.add(this.id, call.callId);
    return true;
  }

  /** The talk that the visit has waited for is over, or it is to wait until then. Says whether that is news. */
  wait(on: boolean): boolean {
    if (this.#state !== "ringing" || (!on && !this.waiting.end())) return false;
    if (on) this.waiting.begin();
    this.#waitForFlow();
    return true;
  }

  /** The bell's call is over, though it has not said so: another one of its calls is the one that counts. */
  letGo(text: string): void {
    this.#bellGone({ by: "network", cause: cause.normal, text });
  }

  /** A device has registered, or did so anew: who waits for it rings it at once (X1, H12). */
  offer(contact: Contact, isNew: boolean): void {
    this.#answering.talk?.offer(contact);
    this.#search.offer(contact, isNew);
  }

  /**
   * Lets a strategy look for an answer; one at a time, a new one takes the place of the running one. Never rejects: a
   * visit that is over gives `cancelled`.
   */
  async answerBy(strategy: Strategy, options: AnswerOptions = {}): Promise<Outcome> {
    if (this.#search.isTooLong) this.refuse(480, cause.noAnswer, "nobody has answered for two hours");
    if (this.#state !== "ringing") return { result: "cancelled", tries: 0, parties: [] };
    this.#search.stop("stopped");
    this.waiting.end();
    this.#idle();
    const outcome = await this.#search.by(strategy, options);
    if (outcome.result !== "answered") this.tell("unanswered", outcome);
    if (outcome.message)
      this.#end("unanswered", {
        by: "local",
        cause: cause.noAnswer,
        text: "nobody answered; the visitor left a message",
      });
    return outcome;
  }

  /** Ends the visit from the flow's side; harmless afterwards. */
  stop(text = "stopped by the flow"): void {
    this.#end("stopped", { by: "local", cause: cause.normal, text });
  }

  /** Ends an unanswered visit with a refusal to the bell; one whose call was answered all the same is hung up. */
  refuse(status: number, why: number = cause.noAnswer, text = "nobody answered"): void {
    if (this.#state === "ringing") this.#end("unanswered", { by: "local", status, cause: why, text });
  }

  /**
   * Answers the bell's call though nobody has: it can be played something, and somebody may still be looked for (H19).
   * With `by` it counts as answered by that one: the visit talks, and phones that ring stop (X4).
   * @throws PorteroError `no-call`, `no-media`, `answered`
   */
  answerAlone(by?: string): Promise<void> {
    return this.#answering.alone(by);
  }

  /** Rings somebody who talks with the visitor beside who does already (N1). Gives who; rejects as `invite` of invite.ts. */
  invite(wish: HandoverWish): Promise<string> {
    return invite(this.#host, this.#line, this.#answering, wish);
  }

  /** The talk with whoever has answered. @throws PorteroError `no-call` */
  get talk(): Talk | RoomTalk {
    return this.#answering.talking;
  }

  /**
   * Makes the bell's call talk, so that a code can be sent, though nobody has answered: phones stop ringing as if it had
   * been answered elsewhere. The visit ends soon after.
   */
  answerForOpening(by: string): Promise<Leg> {
    return this.#answering.forOpening(by);
  }

  /**
   * Sends digits as DTMF to the door or to whom it talks with. `,` is a pause of half a second.
   * @throws PorteroError `no-call`, `refused`
   */
  sendDigits(digits: string, wish: DigitWish = {}): Promise<void> {
    return this.#answering.sendDigits(digits, wish);
  }

  #pressed({ digit, by, durationMs }: Key, from: "door" | "answerer", who?: Leg, member?: Member): void {
    if (this.#state === "ended" || this.door.keys.pressed(digit, who, member?.meant)) return;
    if (from === "answerer" && this.door.answererDigits === "door") return;
    const key = { digit, from, ...(member && { member: member.name }), by };
    this.tell("dtmf", { ...key, ...(durationMs !== undefined && { durationMs }) });
  }

  #tapeName(kind: Recorded["kind"]): TapeName {
    return { kind, door: this.door.id, visit: this.id, at: this.#host.clock.now() };
  }

  #talks(): void {
    this.#idle();
    this.sounds.stop();
    this.#state = "talking";
    this.#limits.begin();
    this.#figures.begin(this.#host.statsSeconds);
  }

  #waitForFlow(): void {
    this.#idle();
    // Who waits for the end of a talk waits as long as it takes.
    if (this.waiting.isOn) return;
    this.#idle = this.#host.clock.after(this.sounds.playing ? soundMs : idleMs, () => this.refuse(480));
  }

  #bellGone(end: CallEnd): void {
    const unusable = end.status === 488 || end.status === 503;
    const unheard = unusable ? "failed" : this.#search.takesMessage ? "unanswered" : "cancelled";
    this.#end(this.#answering.at !== undefined ? "answered" : unheard, end);
  }

  #end(outcome: VisitEnd["outcome"], how: CallEnd): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#endedAt = this.#host.clock.now();
    this.#idle();
    this.openings.close();
    this.#figures.end();
    this.#limits.close();
    this.#recorder.end(this.#answering.by ?? "");
    this.#search.stop(outcome !== "cancelled" ? "stopped" : how.elsewhere ? "elsewhere" : "cancelled");
    const status = how.status ?? 480;
    const wasWanted = outcome !== "unanswered" && outcome !== "stopped";
    if (!wasWanted && this.hasCall && how.by === "local" && this.#answering.at === undefined) this.refusedWith = status;
    // Before the bell's call ends: who talks would else hear no more than that. Of a bell that hangs up there is no more.
    this.#answering.talk?.close(q850(how.cause, how.by === "local" ? how.text : undefined));
    this.#line.close(status, q850(how.cause));
    const now = this.#host.clock.passed();
    const talkedFrom = this.#answering.at ?? now;
    const end: VisitEnd = {
      ...{ outcome, cause: how.cause, text: how.text },
      ...(this.#answering.by === undefined ? {} : { answeredBy: this.#answering.by }),
      ...this.#search.record(),
      ringSeconds: (talkedFrom - this.#begun) / 1000,
      talkSeconds: (now - talkedFrom) / 1000,
      openings: this.openings.count,
    };
    if (this.#answering.at === undefined) return this.tell("ended", end);
    this.#figures
      .last()
      .then((media) => this.tell("ended", { ...end, ...(media && { media }) }))
      .catch((error: unknown) => this.#host.log.error(sentence(error)));
  }
}
