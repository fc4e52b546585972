// The switchboard: SIP endpoint, media, doors and visits of one house, joined. What Node-RED's nodes and the server call.
import { EventEmitter } from "node:events";
import type { Movie, Picture, PictureWish } from "../camera/camera.ts";
import { systemClock, type Clock } from "../clock.ts";
import type { DeviceReport, DoorForm, Opening, OpenRequest } from "../door/door.ts";
import { PorteroError, giveUp, sentence, tryAgain } from "../errors.ts";
import { silent, type Log } from "../log.ts";
import type { MediaEngine } from "../media/engine.ts";
import { defaultPorts } from "../media/media.ts";
import { startMedia } from "../media/start.ts";
import type { Call } from "../sip/dialog/call.ts";
import type { IncomingCall } from "../sip/dialog/incoming.ts";
import { Endpoint, type Refusal } from "../sip/endpoint.ts";
import type { AccountStatus } from "../sip/account/account.ts";
import type { Contact } from "../sip/registrar/location.ts";
import type { LineSettings } from "./numbers/account-settings.ts";
import { passOnComplaints } from "./complaints.ts";
import { dialCode, type CodeAnswer } from "./numbers/dial-code.ts";
import type { Finding } from "../sip/trace/findings.ts";
import { qualifyOf, type DeviceOptions } from "./numbers/devices.ts";
import type { DigitWish } from "./talk/digits.ts";
import { Directory, type DirectoryEvents } from "./numbers/directory.ts";
import type { DoorState } from "../door-states.ts";
import type { DoorCodes } from "./presses/door-codes.ts";
import type { DoorKeys } from "./presses/door-keys.ts";
import { directUriOf } from "./presses/doors.ts";
import { Entrances, type Heard } from "./presses/entrances.ts";
import type { EntranceEvents, EntranceHost } from "./presses/host.ts";
import type { Bridge } from "./talk/bridge.ts";
import type { Leg } from "./talk/leg.ts";
import { RingGroups, type GroupSettings } from "./numbers/groups.ts";
import { Guarding, type GuardingEvents } from "./guarding.ts";
import { NumberPlan } from "./numbers/number-plan.ts";
import { Switches } from "./numbers/switches.ts";
import { Occupancy } from "./numbers/occupancy.ts";
import { Parkings } from "./places/parking.ts";
import { Outside, type Chooser, type Way } from "./numbers/outside.ts";
import { Reception } from "./reception.ts";
import { addDoor, addExtension } from "./numbers/residents.ts";
import { mixesNothing } from "./places/room.ts";
import { Rooms, type ConferenceSettings } from "./places/rooms.ts";
import type { Target } from "./ringing/target.ts";
import { callsFor, type ExtensionSettings, type SwitchboardOptions } from "./settings.ts";
import { Texts, type TextView } from "./texts.ts";
import { Tracing } from "./tracing.ts";
import type { DoorView, RegistrationView } from "./views.ts";
import type { Visit } from "./visit.ts";

export type { Refusal } from "../sip/endpoint.ts";
export type { ExtensionSettings, SwitchboardOptions } from "./settings.ts";
export type { TextView } from "./texts.ts";
export type { DoorView, RegistrationView } from "./views.ts";

export interface SwitchboardEvents extends DirectoryEvents, GuardingEvents, EntranceEvents {
  refused: [refusal: Refusal];
  /** An account is registered, not any more, or could not be. */
  account: [event: "registered" | "unregistered" | "failed", status: AccountStatus];
  /** A text that a phone or a bell sent (RFC 3428). */
  message: [text: TextView];
  trouble: [error: PorteroError];
  /** Something is wrong in the house; once, and again after it went away (X10). */
  finding: [finding: Finding];
}

export class Switchboard extends EventEmitter<SwitchboardEvents> implements EntranceHost {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly log: Log;
  readonly recordings: string | undefined;
  readonly rtpengines: readonly string[];
  readonly plan = new NumberPlan();
  readonly switches = new Switches();
  readonly #groups = new RingGroups(this.plan, (number, name) =>
    this.directory.enter(number, { kind: "group", name, options: {} }),
  );
  readonly texts: Texts;
  readonly tracing: Tracing;
  readonly directory: Directory;
  readonly bridges = new Map<Call, Bridge>();
  readonly parking: Parkings = new Parkings(this, this.plan);
  readonly guarding: Guarding;
  readonly #options: SwitchboardOptions;
  readonly entrances: Entrances;
  readonly rooms: Rooms = new Rooms(this);
  readonly occupancy = new Occupancy((number) => this.optionsOf(number).maxCalls);
  readonly #outside: Outside;
  readonly #reception: Reception;
  #media: MediaEngine | undefined;
  #starting: Promise<void> = Promise.resolve();

  constructor(options: SwitchboardOptions) {
    super();
    // As many nodes and pages as there are may follow it.
    this.setMaxListeners(0);
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.log = options.log ?? silent;
    this.recordings = options.recordings;
    this.rtpengines = options.media?.rtpengine ?? [];
    const { maxCalls: mostCalls = callsFor(options.media), ...sip } = options.sip;
    const isFirst = (number: string) => this.entrances.at(number) !== undefined;
    const qualify = (number: string) => qualifyOf(this.optionsOf(number));
    this.endpoint = new Endpoint({
      ...{ ...sip, clock: this.clock, overload: { mostCalls, isFirst }, qualify },
      trusts: (invite, flow) => this.#outside.callerOf(invite, flow),
      credentialsIn: (invite, flow) => this.#outside.credentialsIn(invite, flow),
    });
    this.#outside = new Outside({
      ...{ host: this.endpoint, plan: this.plan, log: this.log, direct: options.direct, switches: this.switches },
      isRegistered: (host) => this.endpoint.location.contacts().some(({ flow }) => flow.remote.host === host),
      isDoorAt: (number, host) => this.entrances.isAt(number, host),
      changed: (event, status) => this.tell("account", event, status),
    });
    this.directory = new Directory(this, options);
    this.entrances = new Entrances(this, options.codes);
    this.tracing = new Tracing(this.endpoint, (extension) => this.entrances.at(extension)?.settings.name ?? extension);
    this.tracing.diagnosis.on("finding", (finding) => this.tell("finding", finding));
    this.guarding = new Guarding(this.endpoint.guard, this.log, {
      banned: (ban) => this.tell("banned", ban),
      lifted: (ban) => this.tell("lifted", ban),
      trouble: (error) => this.tell("trouble", error),
    });
    this.#reception = new Reception(this, this.#outside);
    this.endpoint.on("call", (call) => this.#reception.called(call));
    this.texts = new Texts(this);
    passOnComplaints({
      ...{ endpoint: this.endpoint, clock: this.clock, log: this.log },
      refused: (refusal) => this.tell("refused", refusal),
      trouble: (error) => this.tell("trouble", error),
    });
    const offer = (isNew: boolean) => (contact: Contact) => this.entrances.offer(contact, isNew);
    this.endpoint.location.on("registered", offer(true)).on("refreshed", offer(false));
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
    const { bind = "0.0.0.0", advertise = "127.0.0.1", ports = defaultPorts, ...engine } = this.#options.media ?? {};
    this.#media ??= await startMedia({ bind, advertise, ports, ...engine, log: this.log }, this.clock);
    this.#media.on("down", (error) => {
      this.log.error(error.message);
      this.tell("trouble", error);
    });
    await this.codes.remember();
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
    this.entrances.close();
    this.rooms.close();
    this.#reception.close();
    await this.#outside.close();
    this.tracing.diagnosis.close();
    await this.endpoint.close();
    await this.directory.close();
    await this.codes.close();
    await this.#media?.close();
    this.#media = undefined;
  }

  get media(): MediaEngine {
    if (!this.#media) throw tryAgain("not-started", "the endpoint does not listen yet");
    return this.#media;
  }

  get listens(): boolean {
    return this.#media !== undefined;
  }

  get addresses(): Endpoint["addresses"] {
    return this.endpoint.addresses;
  }

  /**
   * Lets phones register for a number; the result takes it away again. `owner` is what a collision names.
   * @throws PorteroError `invalid`, `number-taken` (H20), `login-taken`
   */
  addExtension(settings: ExtensionSettings, owner: string): () => void {
    return addExtension(this, settings, owner);
  }

  /**
   * Lets a number stand for several others, which all ring; the result takes it away again. Groups may hold groups.
   * @throws PorteroError `invalid`, `number-taken` (H20), `group-loop`
   */
  addGroup(settings: GroupSettings, owner: string): () => void {
    return this.#groups.add(settings, owner);
  }

  membersOf(number: string): readonly string[] | undefined {
    return this.#groups.of(number);
  }

  /**
   * Adds a door station; the result takes it away and ends its visits.
   * @throws PorteroError `invalid`, `door-taken`, `number-taken` (H20), `login-taken`, `keys-pass`
   */
  addDoor(settings: DoorForm, owner: string, device: DeviceOptions = {}): () => void {
    return addDoor(this, settings, owner, device);
  }

  /**
   * Adds an account at another server; the result de-registers it. `owner` is what a collision names.
   * @throws PorteroError `invalid`, `account-taken`, `number-taken` (H20)
   */
  addAccount(settings: LineSettings, owner: string): () => Promise<void> {
    return this.#outside.add(settings, owner);
  }

  /**
   * Adds a conference room; the result takes it away and ends its calls (H9).
   * @throws PorteroError `invalid`, `number-taken` (H20), `room-taken`, `cannot-mix`
   */
  addRoom(settings: ConferenceSettings, owner: string): () => void {
    if (this.rtpengines.length > 0) throw giveUp("cannot-mix", mixesNothing);
    return this.rooms.add(settings, owner);
  }

  accounts(): AccountStatus[] {
    return this.#outside.statuses();
  }

  /**
   * While it is on, calls in by the account are refused; where its server has codes for that, they are dialled, and the
   * answer says how it took them (A5). Rejects where there is no such account.
   */
  async setAccountDnd(name: string, on: boolean): Promise<CodeAnswer | undefined> {
    const way = this.#outside.setDnd(name, on);
    return way && dialCode(this, way);
  }

  wayOutside(target: Target, by: Chooser): Way | undefined {
    if (this.plan.owner(target) === undefined) return this.entrances.checked(this.#outside.way(target, by), by);
    const door = this.entrances.at(target);
    const uri = door && directUriOf(door);
    return uri === undefined ? undefined : this.#outside.way(uri, by);
  }

  readonly keysAt = (leg: Leg): DoorKeys | undefined => this.entrances.keysAt(leg);

  doors(): DoorView[] {
    return this.entrances.views((host) => this.#outside.takesFrom(host));
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
    this.entrances.setQuiet(door, on);
  }

  get statsSeconds(): number {
    return this.#options.media?.statsSeconds ?? 0;
  }

  isQuiet(door: string): boolean {
    return this.entrances.isQuiet(door);
  }

  doNotDisturb(extension: string): number | undefined {
    return this.directory.doNotDisturb(extension);
  }

  readonly optionsOf = (number: string): DeviceOptions => this.directory.optionsOf(number);

  readonly optionsFor = (call: IncomingCall, number = call.caller.number): DeviceOptions =>
    this.#outside.optionsFor(call, this.optionsOf(number));

  contactsOf(number: string): readonly Contact[] | undefined {
    return this.plan.owner(number) === undefined ? undefined : this.endpoint.location.devices(number);
  }

  mayBeCalled(number: string): boolean {
    return this.plan.owner(number) !== undefined && this.#reception.deafDoor(number) === undefined;
  }

  // What hangs outside on the wall may not have others called.
  mayTransfer(name: string): boolean {
    return this.plan.owner(name) !== undefined && !this.entrances.at(name);
  }

  /** A visit, also for some minutes after its end. */
  visit(id: string): Visit | undefined {
    return this.entrances.visit(id);
  }

  /** The visits that are not over, of all doors, the oldest first. */
  visits(): Visit[] {
    return this.entrances.openVisits();
  }

  /** The visit that goes on at a door (of several the one that talks), else the one that began last. */
  lastVisit(door: string): Visit | undefined {
    return this.entrances.lastVisit(door);
  }

  /** What is known of a door's contact, relay and lock; nothing of one that there is not. */
  doorState(door: string): DoorState {
    return this.entrances.stateOf(door);
  }

  /**
   * Takes a report on a door; what is news is told as "door-state". `by`: who reports it.
   * @throws PorteroError `no-door`, `invalid`
   */
  setDoorState(door: string, reported: DoorState, by: string): void {
    this.entrances.setState(door, reported, by);
  }

  /**
   * Takes what a device reports beside its calls: a press, an opening, a state. `by`: the means, such as "hook".
   * @throws PorteroError `no-door`
   */
  reported(door: string, report: DeviceReport, by: string): Heard {
    return this.entrances.reported(door, report, by);
  }

  get codes(): DoorCodes {
    return this.entrances.codes;
  }

  /** The one way to open a door (X5). Never rejects: what went wrong stands in the result. */
  open(request: OpenRequest): Promise<Opening> {
    return this.entrances.open(request);
  }

  /** Sends DTMF digits to one side of a talking visit. Rejects with a sentence. */
  sendDtmf(visit: string, digits: string, wish: DigitWish = {}): Promise<void> {
    return this.entrances.sendDtmf(visit, digits, wish);
  }

  /** A picture of a door: the visit's own while it is fresh, else a new one. Rejects with a sentence. */
  snapshot(door: string, wish?: PictureWish): Promise<Picture> {
    return this.entrances.snapshot(door, wish);
  }

  /** Of a door's film one picture as MP4, for where there is no ffmpeg. Rejects with a sentence. */
  movie(door: string, wish?: PictureWish): Promise<Movie> {
    return this.entrances.movie(door, wish);
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
