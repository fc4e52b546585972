// Opens doors, one way for everybody who asks: whose right it is, the way to the door, and who is told.
import { randomUUID } from "node:crypto";
import {
  DoorOpener,
  opens,
  relayOf,
  relaysOf,
  type Means,
  type OpenedAs,
  type Opening,
  type OpenRequest,
  type Refused,
} from "../../door/door.ts";
import type { DtmfSent } from "../../dtmf.ts";
import { PorteroError, sentence } from "../../errors.ts";
import { HttpClient } from "../../http.ts";
import { sendTo, waysOfCode } from "../talk/digits.ts";
import type { Leg } from "../talk/leg.ts";
import type { Visit } from "../visit.ts";
import { DoorCodes, type CodeOptions } from "./door-codes.ts";
import { doorKeys, type DoorKeys } from "./door-keys.ts";
import type { DoorStates } from "./door-state.ts";
import type { Door } from "./doors.ts";
import type { EntranceHost } from "./host.ts";
import type { Presses } from "./presses.ts";
import { Refusals } from "./refusals.ts";

export interface Kept {
  readonly presses: Presses;
  readonly states: DoorStates;
  door(id: string): Door | undefined;
  /** The door that a call of ours leads to. */
  called(leg: Leg): Door | undefined;
}

type Asked = Omit<OpenRequest, "code" | "typedAt"> & { readonly id: string };

export class Doorkeeper {
  readonly codes: DoorCodes;
  readonly #host: EntranceHost;
  readonly #doors: Kept;
  readonly #opener: DoorOpener;
  readonly #http: HttpClient;
  /** Calls of phones with a door, by the door's extension: door codes may go through them. */
  readonly #calls = new Map<string, Leg>();
  readonly #refusals: Refusals;
  readonly #told = new WeakSet<Opening>();
  /** Visits whose picture was kept with a refusal. */
  readonly #seen = new WeakSet<Visit>();

  constructor(host: EntranceHost, doors: Kept, options: CodeOptions) {
    const { clock, log } = host;
    this.#host = host;
    this.#doors = doors;
    this.codes = new DoorCodes(host, options, (id) => doors.door(id));
    this.#opener = new DoorOpener({ clock, log, learned: this.codes.learned });
    this.#http = new HttpClient({ clock });
    this.#refusals = new Refusals(clock, (sum) => this.#tell(sum, doors.presses.active(sum.door)));
  }

  close(): void {
    this.#refusals.close();
    this.#http.close();
  }

  /** What keys do in a call with this door. */
  keysOf({ settings }: Door): DoorKeys {
    return doorKeys(settings, {
      clock: this.#host.clock,
      hasCodes: this.codes.has(settings.id),
      isOutside: (leg) => this.#doors.called(leg) !== undefined,
      open: (request) => void this.open(request),
    });
  }

  /** A phone talks with a door: its code may go through this call. */
  connected(extension: string, to: Leg): void {
    this.#calls.set(extension, to);
    to.call.on("ended", () => {
      // Another phone may be talking with the door by now.
      if (this.#calls.get(extension) === to) this.#calls.delete(extension);
    });
  }

  /** The call of a phone with the door of that extension. */
  callWith(extension: string): Leg | undefined {
    return this.#calls.get(extension);
  }

  /** As Switchboard.open. Never rejects. */
  async open({ code, typedAt, ...request }: OpenRequest): Promise<Opening> {
    const door = this.#doors.door(request.door);
    const { presses } = this.#doors;
    const visit = presses.active(request.door);
    const asked: Asked = { id: randomUUID(), ...request, ...(visit ? { visit: visit.id } : {}) };
    visit?.openings.begin();
    const ts = this.#host.clock.now();
    const opening = door
      ? await (
          code === undefined ? this.#asked(door, asked, visit) : this.#typed(door, asked, visit, code, typedAt)
        ).catch((error: unknown) => ({ ...asked, ok: false, reason: `opening failed: ${sentence(error)}`, ts, ms: 0 }))
      : this.#refused(asked, "unknown-door", `there is no door "${request.door}"`);
    // Who asks with an id that is known has its answer, and nothing has happened.
    if (!this.#told.has(opening) && (opening.ok || this.#refusals.admits(opening))) this.#tell(opening, visit, door);
    this.#told.add(opening);
    visit?.openings.through();
    return opening;
  }

  #tell(opening: Opening, visit: Visit | undefined, door?: Door): void {
    const concerned = visit ?? this.#doors.presses.last(opening.door);
    concerned?.tell(opening.ok ? "opened" : "refused", opening);
    // The result does not wait for a slow camera; whoever keeps the picture does.
    // Whoever is let in without a visit is seen, too; who is refused again and again, once.
    const isKnown = !opening.ok && visit !== undefined && this.#seen.has(visit);
    if (!opening.ok && visit) this.#seen.add(visit);
    const seen = isKnown
      ? undefined
      : (visit?.picture ?? (opening.ok && door?.eye.isOpen ? door.eye.snapshot() : undefined));
    const picture = seen?.then(({ jpeg }) => jpeg).catch(() => undefined);
    this.#host.tell("opening", opening, picture ?? Promise.resolve(undefined));
  }

  /** Somebody asks in a name of their own; that of a code is had by its digits only. */
  #asked(door: Door, asked: Asked, visit: Visit | undefined): Promise<Opening> {
    const { as, by } = asked;
    return this.#carryOut(door, as?.kind === "code" ? { ...asked, as: { kind: "flow", name: by } } : asked, visit);
  }

  async #typed(
    door: Door,
    asked: Asked,
    visit: Visit | undefined,
    typed: string,
    typedAt: OpenRequest["typedAt"],
  ): Promise<Opening> {
    const { settings } = door;
    const place = typedAt ?? { who: asked.by, proven: false };
    const redeemed = await this.codes.redeem(settings.id, place, typed);
    if (redeemed.refused !== undefined) {
      const { refused, reason, name } = redeemed;
      const told = this.#refused(asked, refused, reason, name === undefined ? undefined : { kind: "code", name });
      this.#host.log.warn(`door ${told.door}: not opened, ${reason} (typed at ${told.by})`);
      return told;
    }
    const { code } = redeemed;
    const as: OpenedAs = { kind: "code", name: code.name };
    const relay =
      asked.relay === undefined ? relaysOf(settings).find((one) => opens(code, one)) : relayOf(settings, asked.relay);
    if (relay && !opens(code, relay)) {
      this.codes.giveBack(code);
      return this.#refused(
        asked,
        "no-right",
        `the code "${code.name}" does not open ${relay.name ?? settings.name}`,
        as,
      );
    }
    const found = { untouched: false };
    const aimed = { ...asked, as, ...(relay?.id !== undefined && { relay: relay.id }) };
    const opening = await this.#carryOut(door, aimed, visit, () => (found.untouched = true));
    // A door that gave no answer may have opened; one that was asked before under this id was not asked again.
    if (opening.refused !== undefined || found.untouched || this.#told.has(opening)) this.codes.giveBack(code);
    return opening;
  }

  async #carryOut(door: Door, asked: Asked, visit: Visit | undefined, untouched = () => {}): Promise<Opening> {
    const { address } = door;
    const proved = this.#doors.states.begun(door.settings.id, asked.id);
    const opening = await this.#opener.open(door.settings, asked, {
      ...{ http: this.#http, ...this.#wayToDoor(door, visit, asked.as?.kind === "code" ? asked.as.name : asked.by) },
      ...(address === undefined ? {} : { address }),
      untouched,
    });
    proved(opening);
    return opening;
  }

  #refused(asked: Asked, refused: Refused, reason: string, as = asked.as): Opening {
    return { ...asked, ...(as && { as }), ok: false, refused, reason, ts: this.#host.clock.now(), ms: 0 };
  }

  // A door code goes through the visit's call, or through a phone's call with the door. A bell that still rings is
  // answered for it.
  #wayToDoor(door: Door, visit: Visit | undefined, by: string): Pick<Means, "sendDigits" | "answersFirst"> {
    const bridged = visit?.talkingBell ?? this.#calls.get(door.settings.extension);
    if (!bridged && !(visit?.state === "ringing" && visit.hasCall)) return {};
    const sendDigits = async (code: string): Promise<DtmfSent> => {
      try {
        const leg = visit?.talkingBell ?? bridged ?? (await visit?.answerForOpening(by));
        if (leg) return await sendTo(leg, this.#host.clock, code, { ways: waysOfCode(leg, door) });
      } catch (error) {
        if (!(error instanceof PorteroError)) throw error;
      }
      // The bell has gone while its call was to be answered.
      return { way: undefined, status: 481, taken: 0 };
    };
    return { sendDigits, answersFirst: !bridged };
  }
}
