// The switchboard: SIP endpoint, media, doors and visits of one house, joined. What Node-RED's nodes and the server call.
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import type { Picture } from "../camera/camera.ts";
import { systemClock, type Clock } from "../clock.ts";
import { checkDoor, presetOf, type DoorSettings, type Means, type Opening, type OpenRequest } from "../door/door.ts";
import { PorteroError, giveUp, sentence, tryAgain } from "../errors.ts";
import { silent, type Log } from "../log.ts";
import { dtmfInfo } from "../media/dtmf-info.ts";
import { defaultPorts, Media } from "../media/media.ts";
import type { Secret } from "../secret.ts";
import type { Call, Message } from "../sip/dialog/call.ts";
import type { IncomingCall } from "../sip/dialog/incoming.ts";
import { Endpoint, type Refusal } from "../sip/endpoint.ts";
import type { AccountStatus } from "../sip/account/account.ts";
import type { Text } from "../sip/message/text.ts";
import { sendText } from "../sip/pager.ts";
import type { Contact } from "../sip/registrar/location.ts";
import { writeHost } from "../sip/message/uri.ts";
import type { LineSettings } from "./account-settings.ts";
import { dialCode, type CodeAnswer } from "./dial-code.ts";
import type { Finding } from "../sip/trace/findings.ts";
import { checkDevice, qualifyOf, type DeviceOptions } from "./devices.ts";
import { Directory, type DirectoryEvents } from "./directory.ts";
import { Door, Doorkeeper } from "./doors.ts";
import type { Bridge } from "./bridge.ts";
import { Guarding, type GuardingEvents } from "./guarding.ts";
import { connectCall } from "./intercom.ts";
import type { VisitEvent } from "./messages.ts";
import { NumberPlan } from "./number-plan.ts";
import { Outside, type Chooser, type Way } from "./outside.ts";
import type { Target } from "./strategy.ts";
import { callsFor, checkExtension, type ExtensionSettings, type SwitchboardOptions } from "./settings.ts";
import { Tracing } from "./tracing.ts";
import { takeOver, type TransferHost } from "./transfer.ts";
import type { DoorView, RegistrationView, TextView } from "./views.ts";
import { Visit } from "./visit.ts";

export type { Refusal } from "../sip/endpoint.ts";
export type { ExtensionSettings, SwitchboardOptions } from "./settings.ts";
export type { DoorView, RegistrationView, TextView } from "./views.ts";

export interface SwitchboardEvents extends DirectoryEvents, GuardingEvents {
  visit: [event: VisitEvent];
  refused: [refusal: Refusal];
  /** Each opening and each refusal to open, with the visit's picture, which may still be on its way; never rejects. */
  opening: [opening: Opening, picture: Promise<Buffer | undefined>];
  /** An account is registered, not any more, or could not be. */
  account: [event: "registered" | "unregistered" | "failed", status: AccountStatus];
  /** A text that a phone or a bell sent (RFC 3428). */
  message: [text: TextView];
  trouble: [error: PorteroError];
  /** Something is wrong in the house; once, and again after it went away (X10). */
  finding: [finding: Finding];
}

/** A picture younger than this, or still on its way, serves whoever asks for one. */
const freshMs = 2_000;
/** The same complaint about the same source is repeated no sooner. */
const seldomMs = 60_000;
/** Of one that has an address in its settings; without the brackets of IPv6. */
const hostOfDoor = ({ settings }: Door): string => (settings.address ?? "").replace(/^\[|\]$/g, "").toLowerCase();
const hostOf = (address: string): string => address.replace(/:\d+$/, "");
/** Visits can be asked for this long after their end. */
const rememberMs = 10 * 60_000;

export class Switchboard extends EventEmitter<SwitchboardEvents> implements TransferHost {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly log: Log;
  readonly plan = new NumberPlan();
  readonly tracing: Tracing;
  readonly directory: Directory;
  readonly bridges = new Map<Call, Bridge>();
  readonly guarding: Guarding;
  readonly #options: SwitchboardOptions;
  readonly #doors = new Map<string, Door>();
  readonly #visits = new Map<string, Visit>();
  readonly #quiet = new Set<string>();
  /** Calls from extension to extension, by their callers. */
  readonly #intercoms = new Set<IncomingCall>();
  /** Calls of phones with a door, by the door's extension: door codes may go through them. */
  readonly #doorCalls = new Map<string, Call>();
  readonly #keeper: Doorkeeper;
  readonly #outside: Outside;
  /** When something was last said of a source, so that a flood of it does not become a flood of words. */
  readonly #said = new Map<string, number>();
  #media: Media | undefined;
  #starting: Promise<void> = Promise.resolve();

  constructor(options: SwitchboardOptions) {
    super();
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.log = options.log ?? silent;
    const { maxCalls: mostCalls = callsFor(options.media?.ports ?? defaultPorts), ...sip } = options.sip;
    const isFirst = (number: string) => this.#doorAt(number) !== undefined;
    const qualify = (number: string) => qualifyOf(this.optionsOf(number));
    this.endpoint = new Endpoint({
      ...{ ...sip, clock: this.clock, overload: { mostCalls, isFirst }, qualify },
      trusts: (invite, flow) => this.#outside.callerOf(invite, flow),
    });
    this.#outside = new Outside({
      ...{ host: this.endpoint, plan: this.plan, log: this.log, direct: options.direct },
      isRegistered: (host) => this.endpoint.location.contacts().some(({ flow }) => flow.remote.host === host),
      changed: (event, status) => this.tell("account", event, status),
    });
    this.directory = new Directory(this, options);
    this.#keeper = new Doorkeeper(this.clock, this.log);
    this.tracing = new Tracing(this.endpoint, (extension) => this.#doorAt(extension)?.settings.name ?? extension);
    this.tracing.diagnosis.on("finding", (finding) => this.tell("finding", finding));
    this.guarding = new Guarding(this.endpoint.guard, this.log, {
      banned: (ban) => this.tell("banned", ban),
      lifted: (ban) => this.tell("lifted", ban),
      trouble: (error) => this.tell("trouble", error),
    });
    this.endpoint.on("call", (call) => this.#called(call));
    this.endpoint.on("message", (message) => this.text(message, message.from.number, message.to));
    this.endpoint.on("refused", (refusal) => {
      if (this.#seldom(`${refusal.extension} ${hostOf(refusal.from)}`)) this.log.warn(refusal.text);
      this.tell("refused", refusal);
    });
    this.endpoint.on("malformed", (fault, from) => {
      if (!this.#seldom(hostOf(from))) return;
      this.tell(
        "trouble",
        tryAgain("malformed", `${from} sent something that is not proper SIP: ${fault}`, { data: { from } }),
      );
    });
    this.endpoint.on("trouble", (error) => {
      const { from } = error.data;
      if (this.#seldom(`${error.code} ${typeof from === "string" ? hostOf(from) : ""}`)) this.tell("trouble", error);
    });
    this.endpoint.on("overloaded", (text) => this.tell("trouble", tryAgain("overloaded", text)));
    this.endpoint.on("fault", (error) => {
      this.log.error(
        `a message could not be dealt with: ${error instanceof Error ? (error.stack ?? "") : String(error)}`,
      );
    });
    this.endpoint.location.on("registered", (contact) => {
      for (const visit of this.#visits.values()) visit.offer(contact);
    });
  }

  /**
   * Opens the listeners and starts the media worker. May be called again after it failed.
   * @throws PorteroError `port-busy` and its neighbours, `bad-ports`
   */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const { bind = "0.0.0.0", advertise, ports = defaultPorts } = this.#options.media ?? {};
    this.#media ??= await Media.start({ bind, advertise: advertise ?? "127.0.0.1", ports, log: this.log });
    this.#media.on("down", (error) => {
      this.log.error(error.message);
      this.tell("trouble", error);
    });
    try {
      await this.endpoint.start();
    } catch (error) {
      await this.#media.close();
      this.#media = undefined;
      throw error;
    }
    this.#outside.start();
    // A visit that began a moment ago rings the contacts that come back, as it does those that register.
    await this.directory.remember();
  }

  /** Ends every visit, says BYE, frees every socket and timer. */
  async close(): Promise<void> {
    // What is still being opened could not be closed.
    await this.#starting.catch(() => {});
    for (const visit of this.#visits.values()) visit.stop("the endpoint was closed");
    for (const call of this.#intercoms) call.hangUp();
    for (const door of this.#doors.values()) door.close();
    this.#keeper.close();
    await this.#outside.close();
    this.tracing.diagnosis.close();
    await this.endpoint.close();
    await this.directory.close();
    await this.#media?.close();
    this.#media = undefined;
    this.#visits.clear();
  }

  get media(): Media {
    if (!this.#media) throw tryAgain("not-started", "the endpoint does not listen yet");
    return this.#media;
  }

  get addresses(): Endpoint["addresses"] {
    return this.endpoint.addresses;
  }

  /**
   * Lets phones register for a number; the result takes it away again. `owner` is what a collision names.
   * @throws PorteroError `invalid`, `number-taken` (H20), `login-taken`
   */
  addExtension(settings: ExtensionSettings, owner: string): () => void {
    const { password, ...form } = settings;
    checkExtension(form);
    checkDevice(form, `extension ${form.extension}`);
    const { extension, name, rport, maxContacts = 10 } = settings;
    return this.#addNumber(settings, owner, password, maxContacts, rport === undefined ? {} : { rport }, () =>
      this.directory.enter(extension, { kind: "extension", name: name || extension, options: form }),
    );
  }

  /**
   * Adds a door station; the result takes it away and ends its visits.
   * @throws PorteroError `invalid`, `number-taken` (H20), `login-taken`
   */
  addDoor(settings: DoorSettings, owner: string, device: DeviceOptions = {}): () => void {
    const checked = checkDoor(settings);
    checkDevice(device, owner);
    const { id, extension } = checked;
    if (this.#doors.has(id))
      throw giveUp("door-taken", `two doors are called "${id}": give one of them another name`, { data: { owner } });
    const contact = () => this.endpoint.location.contacts(extension).at(-1);
    const nonceReuse = presetOf(checked.preset).sip?.nonceReuse;
    const { rport } = device;
    const oddities = { ...(nonceReuse === undefined ? {} : { nonceReuse }), ...(rport === undefined ? {} : { rport }) };
    const entry = { kind: "door" as const, name: checked.name, options: device };
    return this.#addNumber(checked, owner, checked.password, 1, oddities, () => {
      const door = new Door(checked, contact, this.clock, this.log);
      this.#doors.set(id, door);
      const leave = this.directory.enter(extension, entry);
      return () => {
        leave();
        this.#doors.delete(id);
        this.#activeVisit(id)?.stop("the door was taken out of the flow");
        door.close();
      };
    });
  }

  /**
   * Adds an account at another server; the result de-registers it. `owner` is what a collision names.
   * @throws PorteroError `invalid`, `account-taken`, `number-taken` (H20)
   */
  addAccount(settings: LineSettings, owner: string): () => Promise<void> {
    return this.#outside.add(settings, owner);
  }

  accounts(): AccountStatus[] {
    return this.#outside.statuses();
  }

  /**
   * While it is on, calls in by the account are refused; where its server has codes for that, they are dialled, and the
   * answer says how it took them (A5). Rejects where there is no such account.
   */
  async setAccountDnd(name: string, on: boolean): Promise<CodeAnswer | undefined> {
    const { account, code } = this.#outside.setDnd(name, on);
    return code === undefined ? undefined : dialCode(this, account, code);
  }

  wayOutside(target: Target, by: Chooser): Way | undefined {
    if (this.plan.owner(target) === undefined) return this.#outside.way(target, by);
    const door = this.#doorAt(target);
    return door?.settings.address === undefined
      ? undefined
      : this.#outside.way(`sip:${writeHost(hostOfDoor(door))}`, by);
  }

  doors(): DoorView[] {
    return [...this.#doors.values()].map(({ settings: { id, name, extension } }) => {
      const state = this.#activeVisit(id)?.state;
      const registered = this.endpoint.location.contacts(extension).length > 0;
      return { id, name, extension, registered, call: state === undefined || state === "ended" ? "idle" : state };
    });
  }

  registrations(): RegistrationView[] {
    return this.directory.registrations();
  }

  /** Takes away all contacts of an extension; says how many there were. */
  unregister(extension: string): number {
    return this.endpoint.location.remove(extension);
  }

  /** While it is on, presses of the door are told to the flow, but ring nobody. */
  setQuiet(door: string, on: boolean): void {
    if (on) this.#quiet.add(door);
    else this.#quiet.delete(door);
  }

  isQuiet(door: string): boolean {
    return this.#quiet.has(door);
  }

  doNotDisturb(extension: string): number | undefined {
    return this.directory.doNotDisturb(extension);
  }

  readonly optionsOf = (number: string): DeviceOptions => this.directory.optionsOf(number);

  contactsOf(number: string): readonly Contact[] | undefined {
    return this.plan.owner(number) === undefined ? undefined : this.endpoint.location.devices(number);
  }

  /**
   * Sends a text to every device of a number, and gives how many took it; devices show it as from `from`.
   * @throws PorteroError `no-number`, `too-long`
   */
  async message(to: string, text: Text, from = "portero"): Promise<number> {
    const contacts = this.contactsOf(to);
    if (!contacts) throw giveUp("no-number", `${to} is no number here`);
    const sent = contacts.map(async (contact) =>
      sendText(this.endpoint, contact.uri, await this.endpoint.wayTo(contact), from, text),
    );
    return (await Promise.all(sent)).filter((status) => status < 300).length;
  }

  mayBeCalled(number: string): boolean {
    const door = this.#doorAt(number);
    return this.plan.owner(number) !== undefined && (!door || presetOf(door.settings.preset).sip?.callable !== false);
  }

  // What hangs outside on the wall may not have others called.
  mayTransfer(name: string): boolean {
    return this.plan.owner(name) !== undefined && !this.#doorAt(name);
  }

  text({ contentType, text, reply }: Message, from: string, to: string, visit?: string): void {
    // RFC 3428 §7: who has nobody to hear it says so.
    if (this.listenerCount("message") === 0) return reply(405);
    reply(200);
    this.tell("message", { from, to, contentType, text, ...(visit === undefined ? {} : { visit }) });
  }

  /** A visit, also for some minutes after its end. */
  visit(id: string): Visit | undefined {
    return this.#visits.get(id);
  }

  /** The visit of a door that began last. */
  lastVisit(door: string): Visit | undefined {
    return [...this.#visits.values()].findLast((visit) => visit.door.id === door);
  }

  /** The one way to open a door (X5). Never rejects: what went wrong stands in the result. */
  async open(request: OpenRequest): Promise<Opening> {
    const door = this.#doors.get(request.door);
    const visit = this.#activeVisit(request.door);
    const asked = { id: randomUUID(), ...request, ...(visit ? { visit: visit.id } : {}) };
    visit?.beginOpening();
    const opening: Opening = door
      ? await this.#keeper.open(door, asked, this.#wayToDoor(door, visit, request.by))
      : { ...asked, ok: false, reason: `there is no door "${request.door}"`, ts: this.clock.now(), ms: 0 };
    const concerned = visit ?? this.lastVisit(request.door);
    concerned?.tell(opening.ok ? "opened" : "refused", opening);
    visit?.leaveAfterOpening();
    // The result does not wait for a slow camera; whoever keeps the picture does.
    const picture = visit?.picture?.then(({ jpeg }) => jpeg).catch(() => undefined);
    this.tell("opening", opening, picture ?? Promise.resolve(undefined));
    return opening;
  }

  /** Sends DTMF digits to one side of a talking visit. Rejects with a sentence. */
  async sendDtmf(visit: string, digits: string, to: "door" | "answerer"): Promise<void> {
    const found = this.#visits.get(visit);
    if (!found) throw giveUp("no-visit", `there is no visit ${visit}: it ended long ago, or before a restart`);
    await found.sendDigits(digits, to);
  }

  /** A picture of a door: the visit's own while it is fresh, else a new one. Rejects with a sentence. */
  async snapshot(door: string): Promise<Picture> {
    const found = this.#doors.get(door);
    if (!found) throw giveUp("no-door", `there is no door "${door}"`);
    const visit = this.#activeVisit(door);
    if (visit?.picture && this.clock.now() - visit.startedAt < freshMs) return visit.picture;
    return found.snapshot();
  }

  #addNumber(
    { extension, login = extension }: { extension: string; login?: string },
    owner: string,
    password: Secret,
    maxContacts: number,
    oddities: { nonceReuse?: boolean; rport?: boolean },
    enter: () => () => void,
  ): () => void {
    const free = this.plan.claim(extension, owner);
    try {
      const remove = this.endpoint.addExtension({ extension, login, password, maxContacts, ...oddities });
      const leave = enter();
      return () => {
        leave();
        remove();
        free();
      };
    } catch (error) {
      free();
      throw error;
    }
  }

  #called(call: IncomingCall): void {
    const { caller, dialled } = call;
    if (caller.kind === "account") return this.#calledByAccount(call);
    const door =
      caller.kind === "extension" ? this.#doorAt(caller.number) : this.#doorWithAddress(call.flow.remote.host);
    if (door) return this.#pressed(door, call);
    if (call.replaces) {
      takeOver(this, call, call.replaces).catch((error: unknown) => this.log.error(sentence(error)));
      return;
    }
    if (this.directory.takes(call)) return;
    const chooser = caller.kind === "extension" ? "phone" : "stranger";
    if (this.plan.owner(dialled) === undefined && !this.#outside.way(dialled, chooser))
      return call.reject(404, `${dialled} is no number here`);
    const called = this.#doorAt(dialled)?.settings;
    if (called && presetOf(called.preset).sip?.callable === false)
      return call.reject(403, `${called.name} calls and cannot be called`);
    this.#connect(call);
  }

  #calledByAccount(call: IncomingCall): void {
    const incoming = this.#outside.incoming(call);
    if ("refuse" in incoming) return call.reject(incoming.refuse);
    if ("targets" in incoming) return this.#connect(call, incoming.targets);
    const door = this.#doors.get(incoming.door);
    if (door) return this.#pressed(door, call);
    this.log.warn(`a call came in for the door "${incoming.door}", which there is not: choose another in the account`);
    call.reject(404);
  }

  #connect(call: IncomingCall, targets?: readonly Target[]): void {
    this.#intercoms.add(call);
    call.on("ended", () => this.#intercoms.delete(call));
    connectCall(this, call, targets, (to) => {
      if (!this.#doorAt(to.name)) return;
      this.#doorCalls.set(to.name, to.call);
      to.call.on("ended", () => {
        // Another phone may be talking with the door by now.
        if (this.#doorCalls.get(to.name) === to.call) this.#doorCalls.delete(to.name);
      });
    }).catch((error: unknown) => this.log.error(sentence(error)));
  }

  #doorAt(extension: string): Door | undefined {
    return [...this.#doors.values()].find(({ settings }) => settings.extension === extension);
  }

  #doorWithAddress(host: string): Door | undefined {
    return [...this.#doors.values()].find((door) => hostOfDoor(door) === host);
  }

  #pressed(door: Door, call: IncomingCall): void {
    const { id, name, extension } = door.settings;
    const active = this.#activeVisit(id);
    if (active?.state === "ringing") return active.join(call);
    if (active) return call.reject(486);
    if (!this.#media) return call.reject(503);
    this.#forget();
    const visit = new Visit(this, { id, name, extension }, call);
    this.#visits.set(visit.id, visit);
    visit.on("event", (event) => this.tell("visit", event));
    // The ring leaves at once; the camera is asked in the same moment and holds up nobody (X3).
    visit.tell("ring", { from: call.caller.number, button: visit.view().button });
    if (door.hasCamera) this.#photograph(door, visit);
  }

  #photograph(door: Door, visit: Visit): void {
    visit.picture = door.snapshot();
    visit.picture.then(
      (picture) => visit.tell("snapshot", picture),
      (error: unknown) => {
        this.log.warn(`no picture of ${visit.door.name}: ${sentence(error)}`);
        visit.tell("snapshot-failed", { reason: sentence(error) });
      },
    );
  }

  // A door code goes through the visit's call, or through a phone's call with the door. A bell that still rings is
  // answered for it, unless its preset has a relay that needs no call.
  #wayToDoor(door: Door, visit: Visit | undefined, by: string): Means["sendDigit"] {
    const bridged = visit?.talkingBell ?? this.#doorCalls.get(door.settings.extension);
    const ringing = visit?.state === "ringing" && presetOf(door.settings.preset).relay === undefined;
    if (!bridged && !ringing) return undefined;
    return async (kind, digit, durationMs) => {
      const call = visit?.talkingBell ?? bridged ?? (await visit?.answerForOpening(by));
      const { contentType, body } = dtmfInfo(kind, digit, durationMs);
      return (await call?.info(contentType, body)) ?? 481;
    };
  }

  #activeVisit(door: string): Visit | undefined {
    const visit = this.lastVisit(door);
    return visit && visit.state !== "ended" ? visit : undefined;
  }

  #forget(): void {
    for (const [id, visit] of this.#visits)
      if (visit.endedAt !== undefined && this.clock.now() - visit.endedAt > rememberMs) this.#visits.delete(id);
  }

  #seldom(of: string): boolean {
    const now = this.clock.now();
    const before = this.#said.get(of);
    if (before !== undefined && now - before < seldomMs) return false;
    if (this.#said.size >= 1000) this.#said.clear();
    this.#said.set(of, now);
    return true;
  }

  // A listener's fault must not reach the SIP layer that is in the middle of a call.
  tell<E extends keyof SwitchboardEvents>(event: E, ...payload: SwitchboardEvents[E]): void {
    try {
      (this.emit as (event: E, ...payload: SwitchboardEvents[E]) => boolean).call(this, event, ...payload);
    } catch (error) {
      this.log.error(`a listener of "${event}" failed: ${sentence(error)}`);
    }
  }
}
