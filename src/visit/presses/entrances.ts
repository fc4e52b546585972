// The doors of a house and their visits: who calls, the opening, the picture. What the switchboard asks about both.
import type { Movie, Picture, PictureWish } from "../../camera/camera.ts";
import { Pictures } from "../../camera/pictures.ts";
import type { Film } from "../../camera/sources.ts";
import type { DeviceReport, DoorSettings, Opening, OpenRequest } from "../../door/door.ts";
import { isNear } from "../../clock.ts";
import { giveUp, sentence } from "../../errors.ts";
import { addressBytes, canonicalHost } from "../../ip.ts";
import { IncomingCall } from "../../sip/dialog/incoming.ts";
import { parseUri } from "../../sip/message/uri.ts";
import type { Contact } from "../../sip/registrar/location.ts";
import type { DtmfMethod } from "../../dtmf.ts";
import type { Chooser, Way } from "../numbers/outside.ts";
import { filmOf } from "../talk/call-film.ts";
import type { DigitWish } from "../talk/digits.ts";
import { pollDoor } from "./door-poll.ts";
import { DoorNames } from "./door-names.ts";
import type { DoorState } from "../../door-states.ts";
import { DoorStates } from "./door-state.ts";
import type { CodeOptions, DoorCodes } from "./door-codes.ts";
import type { DoorKeys } from "./door-keys.ts";
import { Doorkeeper } from "./doorkeeper.ts";
import { Door, hostOfDoor } from "./doors.ts";
import type { Leg } from "../talk/leg.ts";
import { Presses } from "./presses.ts";
import { callOf, type DoorView } from "../views.ts";
import type { Visit } from "../visit.ts";
import type { EntranceHost } from "./host.ts";

/** A picture younger than this, or still on its way, serves whoever asks for one. */
const freshMs = 2_000;

const quietOf = (door: string): string => `quiet/${door}`;

/** What became of a report: of a press, whether it rings, is known by a call of the bell, or comes while somebody talks. */
export type Heard = ReturnType<Presses["told"]> | "told";

export class Entrances {
  readonly #host: EntranceHost;
  readonly #doors = new Map<string, Door>();
  readonly #presses: Presses;
  /** By the door's side of a call: a code that is typed takes several keys. */
  readonly #keys = new WeakMap<Leg, DoorKeys>();
  readonly #keeper: Doorkeeper;
  /** Hides what nobody may see. */
  readonly #pictures: Pictures;
  readonly #names: DoorNames;
  readonly #states: DoorStates;
  /** What ends the asking of those doors that are asked what happens. */
  readonly #polls = new Set<() => void>();

  constructor(host: EntranceHost, codes: CodeOptions = {}) {
    this.#host = host;
    this.#presses = new Presses(host, (door) => this.#keeper.keysOf(door));
    this.#names = new DoorNames(host);
    this.#states = new DoorStates(host);
    const doors = {
      ...{ presses: this.#presses, states: this.#states },
      door: (id: string) => this.#doors.get(id),
      called: (leg: Leg) => this.#called(leg),
    };
    this.#keeper = new Doorkeeper(host, doors, codes);
    this.#pictures = new Pictures(host);
    host.switches.on("restored", (name) => {
      const [, door] = /^quiet\/(.*)$/.exec(name) ?? [];
      if (door === undefined) return;
      host.log.info(`presses of the door ${door} ring nobody, as before the restart`);
      host.tell("doors");
    });
  }

  /**
   * Adds a door whose settings were checked, with how its code is sent, and whether that is a guess; the result takes it away
   * and ends its visits.
   */
  add(settings: DoorSettings, codeBy: DtmfMethod, guessed: boolean): () => void {
    const { id, extension } = settings;
    const contact = () => this.#host.endpoint.location.contacts(extension).at(-1);
    const { clock, log } = this.#host;
    const call = () => this.#filmOf(id, extension);
    const door = new Door(settings, { codeBy, guessed }, contact, { clock, log, pictures: this.#pictures, call });
    this.#doors.set(id, door);
    this.#host.tell("doors");
    const endPoll = pollDoor(this.#host, door, (report) => this.reported(id, report, "poll"));
    this.#polls.add(endPoll);
    return () => {
      endPoll();
      this.#polls.delete(endPoll);
      this.#doors.delete(id);
      this.#presses.leave(id);
      this.#states.forget(id);
      door.close();
      this.#host.tell("doors");
    };
  }

  get(id: string): Door | undefined {
    return this.#doors.get(id);
  }

  /** `takesFrom`: whether calls from an address are taken without a password. */
  views(takesFrom: (host: string) => boolean): DoorView[] {
    return [...this.#doors.values()].map((door) => {
      const { id, name, extension, relays } = door.settings;
      const host = hostOfDoor(door);
      const visit = this.#presses.active(id);
      const registered = this.#host.endpoint.location.contacts(extension).length > 0;
      return {
        ...{ id, name, extension, registered, call: visit ? callOf(visit.view()) : "idle", ...this.stateOf(id) },
        ...(!registered && host !== "" && takesFrom(host) && { direct: host }),
        ...(relays && { relays: relays.map((relay) => ({ id: relay.id, name: relay.name })) }),
      };
    });
  }

  stateOf(door: string): DoorState {
    return this.#states.of(door);
  }

  /** Takes a report on a door. @throws PorteroError `no-door`, `invalid` */
  setState(door: string, reported: DoorState, by: string): void {
    this.#states.set(this.#door(door).settings, reported, by);
  }

  setQuiet(door: string, on: boolean): void {
    this.#host.switches.set(quietOf(door), on);
  }

  isQuiet(door: string): boolean {
    return this.#host.switches.isOn(quietOf(door));
  }

  visit(id: string): Visit | undefined {
    return this.#presses.visit(id);
  }

  /** The visits that are not over, the oldest first. */
  openVisits(): Visit[] {
    return this.#presses.open();
  }

  lastVisit(door: string): Visit | undefined {
    return this.#presses.last(door);
  }

  /** A device has registered, or did so anew: visits that wait for it ring it at once. */
  offer(contact: Contact, isNew: boolean): void {
    this.#presses.offer(contact, isNew);
  }

  /** Codes of doors. */
  get codes(): DoorCodes {
    return this.#keeper.codes;
  }

  /** A phone talks with somebody: if that is a door, its code may go through this call. */
  connected(to: Leg): void {
    const door = this.#called(to);
    if (door) this.#keeper.connected(door.settings.extension, to);
  }

  /** What keys do in a call with somebody, where that is a door that was called. */
  keysAt(leg: Leg): DoorKeys | undefined {
    const known = this.#keys.get(leg);
    const door = known ? undefined : this.#called(leg);
    if (!door) return known;
    const keys = this.#keeper.keysOf(door);
    this.#keys.set(leg, keys);
    return keys;
  }

  /** The door that a call of ours leads to, by its number or its address; who calls says any number. */
  #called({ call, name, as }: Leg): Door | undefined {
    if (call instanceof IncomingCall || (as?.kind === "account" && as.name !== name)) return undefined;
    const host = this.#host.contactsOf(name) === undefined ? call.flow?.remote.host : undefined;
    return this.at(name) ?? (host === undefined ? undefined : this.atHost(host));
  }

  /** Whether the settings of the door of that number name this address; later where they have a name. Never rejects. */
  isAt(extension: string, host: string): boolean | Promise<boolean> {
    const door = this.at(extension);
    const named = door ? hostOfDoor(door) : "";
    if (named === "" || addressBytes(named)) return named !== "" && canonicalHost(named) === canonicalHost(host);
    return this.#names.find([[named, true]], host).then((found) => found === true);
  }

  /** The door that is at this address. */
  atHost(host: string): Door | undefined {
    const { location } = this.#host.endpoint;
    const plain = canonicalHost(host);
    if (plain === "") return undefined;
    return [...this.#doors.values()].find(
      (door) =>
        canonicalHost(hostOfDoor(door)) === plain ||
        location.contacts(door.settings.extension).some(({ flow }) => canonicalHost(flow.remote.host) === plain),
    );
  }

  /**
   * A way out, as it may be gone: nobody gets past a door's rights by dialling its address. A name may lead there unseen, so
   * that such calls have sound in which keys are found.
   */
  checked(way: Way | undefined, by: Chooser): Way | undefined {
    if (way?.kind !== "address" || by === "flow") return way;
    const host = parseUri(way.uri)?.host ?? "";
    const { name, extension } = this.atHost(host)?.settings ?? {};
    if (name !== undefined)
      return { kind: "refused", why: `${host.replace(/^\[|\]$/g, "")} is ${name}: dial its number ${extension}` };
    const hasRights = [...this.#doors.values()].some(({ settings }) => settings.rights);
    return hasRights ? { ...way, media: { understood: true } } : way;
  }

  /** Ends every visit, with a word to everybody in it. */
  close(): void {
    for (const end of this.#polls) end();
    this.#presses.close();
    for (const door of this.#doors.values()) door.close();
    this.#states.close();
    this.#keeper.close();
    this.#pictures.close().catch((error: unknown) => this.#host.log.error(sentence(error)));
  }

  /** The door that has this extension. */
  at(extension: string): Door | undefined {
    return [...this.#doors.values()].find(({ settings }) => settings.extension === extension);
  }

  /**
   * Gives the door that calls, or undefined for anybody else: at once, or, where only the names in the settings of doors
   * can tell, once it is known where they lead.
   */
  ofCaller(call: IncomingCall, found: (door: Door | undefined) => void): void {
    const { caller, flow } = call;
    if (caller.kind === "extension") return found(this.at(caller.number));
    const doors = [...this.#doors.values()].map((door) => [hostOfDoor(door), door] as const);
    const from = canonicalHost(flow.remote.host);
    const [, door] = doors.find(([address]) => canonicalHost(address) === from) ?? [];
    if (door) return found(door);
    this.#names
      .find(doors, flow.remote.host)
      .then((named) => !call.end && found(named))
      .catch((error: unknown) => this.#host.log.error(sentence(error)));
  }

  /** The one way to open a door (X5). Never rejects: what went wrong stands in the result. */
  open(request: OpenRequest): Promise<Opening> {
    return this.#keeper.open(request);
  }

  /** Sends DTMF digits to one side of a talking visit. Rejects with a sentence. */
  async sendDtmf(visit: string, digits: string, wish: DigitWish): Promise<void> {
    const found = this.#presses.visit(visit);
    if (!found) throw giveUp("no-visit", `there is no visit ${visit}: it ended long ago, or before a restart`);
    await found.sendDigits(digits, wish);
  }

  /**
   * A picture of a door: the visit's own while it is young, else a new one, as Camera.snapshot gives it. Who names sources gets a new
   * one. Rejects with a sentence.
   */
  async snapshot(door: string, wish: PictureWish = {}): Promise<Picture> {
    const found = this.#door(door);
    const visit = this.#presses.active(door);
    if (wish.order === undefined && visit?.picture && isNear(visit.startedAt, this.#host.clock.now(), freshMs))
      return visit.picture;
    return found.eye.snapshot(wish);
  }

  /** Of a door's film one picture as it is. Rejects with a sentence. */
  async movie(door: string, wish?: PictureWish): Promise<Movie> {
    return await this.#door(door).eye.movie(wish);
  }

  /** What the door shows in the call that it is in. */
  #filmOf(id: string, extension: string): Film | undefined {
    const leg = this.#presses.active(id)?.talkingBell ?? this.#keeper.callWith(extension);
    return leg && filmOf(leg, extension, this.#host.clock);
  }

  /** A door calls. */
  pressed(door: Door, call: IncomingCall): void {
    this.#presses.pressed(door, call);
  }

  /** A device reports something beside its calls. @throws PorteroError `no-door` */
  reported(id: string, report: DeviceReport, by: string): Heard {
    const door = this.#door(id);
    if (report.kind === "press") return this.#presses.told(door, report.button, by);
    if (report.kind === "opened") this.#states.opened(id, by);
    else this.#states.set(door.settings, report.state, by);
    return "told";
  }

  /** @throws PorteroError `no-door` */
  #door(id: string): Door {
    const door = this.#doors.get(id);
    if (door) return door;
    throw giveUp("no-door", `there is no door "${id}"`);
  }
}
