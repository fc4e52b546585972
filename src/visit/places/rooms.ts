// The conference rooms of a house: places with numbers, into which bells are brought and phones dial (H9).
import type { FromSchema } from "json-schema-to-ts";
import { giveUp, sentence } from "../../errors.ts";
import { numberSchema } from "../../number.ts";
import { checker } from "../../schema.ts";
import { musicOf } from "./music.ts";
import type { NumberPlan, Taker } from "../numbers/number-plan.ts";
import { Room } from "./room.ts";
import { admit } from "./room-phone.ts";
import type { ForkHost } from "../ringing/host.ts";
import { checkSound, soundSchema } from "../sound/sounds.ts";

export const conferenceSchema = {
  type: "object",
  required: ["name"],
  properties: {
    name: { type: "string", minLength: 1, maxLength: 100 },
    visitorNumber: numberSchema,
    memberNumber: numberSchema,
    most: { type: "integer", minimum: 2, maximum: 50, default: 10 },
    music: soundSchema,
    tones: { type: "boolean", default: false },
    mayOpen: { type: "array", items: numberSchema, maxItems: 100, default: [] },
    stay: { type: "boolean", default: false },
  },
  additionalProperties: false,
} as const;

/**
 * `visitorNumber` = who dials it waits as a visitor does, `memberNumber` = who dials it is a marked member: visitors wait
 * for those, and leave with the last of them. `most` parties at once. `music` = what who is alone hears, else a tune. `tones` = a tone
 * tells of who comes and goes. `mayOpen` = the extensions whose keys go to the door and are told; empty = all. `stay` =
 * members stay when the last visitor has gone.
 */
export type ConferenceSettings = Pick<FromSchema<typeof conferenceSchema>, "name"> &
  Partial<FromSchema<typeof conferenceSchema>>;

const check = checker("conference room", conferenceSchema);

/** @throws PorteroError `invalid`, naming the field */
export function checkConference(settings: unknown): FromSchema<typeof conferenceSchema> {
  const checked = check(settings);
  if (checked.music) checkSound(checked.music);
  return checked;
}

export interface RoomsHost extends ForkHost {
  readonly plan: NumberPlan;
}

export class Rooms {
  readonly #host: RoomsHost;
  readonly #rooms = new Map<string, Room>();
  readonly #visitorNumbers = new Map<string, Room>();

  constructor(host: RoomsHost) {
    this.#host = host;
  }

  /**
   * Adds a room; the result takes it away and ends its calls. `owner` is what a collision names.
   * @throws PorteroError `invalid`, `number-taken` (H20), `room-taken`
   */
  add(settings: ConferenceSettings, owner: string): () => void {
    const { name, music, mayOpen, visitorNumber, memberNumber, ...options } = checkConference(settings);
    if (this.#rooms.has(name))
      throw giveUp("room-taken", `two conference rooms are called "${name}": give one of them another name`);
    const { plan, log } = this.#host;
    const room = new Room(this.#host, {
      ...{ ...options, name },
      ...(mayOpen.length > 0 && { mayOpen: (who: string) => mayOpen.includes(who) }),
    });
    const admitted = (number: string | undefined, marked: boolean) => {
      const take: Taker = (call) =>
        void admit(this.#host, room, call, marked).catch((error: unknown) => log.error(sentence(error)));
      return number === undefined ? [] : [[number, take] as const];
    };
    const free = plan.claimAll([...admitted(memberNumber, true), ...admitted(visitorNumber, false)], owner);
    this.#rooms.set(name, room);
    if (visitorNumber !== undefined) this.#visitorNumbers.set(visitorNumber, room);
    musicOf(music, this.#host.clock).then(
      (sound) => (room.music = sound),
      (error: unknown) => log.warn(`there is no music in the conference ${name}: ${sentence(error)}`),
    );
    return () => {
      free();
      this.#rooms.delete(name);
      if (visitorNumber !== undefined) this.#visitorNumbers.delete(visitorNumber);
      room.close("the conference room was taken out of the flow");
    };
  }

  /**
   * The room of that name; the only one where none is named.
   * @throws PorteroError `no-room`
   */
  find(name?: string): Room {
    const [only, ...more] = this.#rooms.values();
    const found = name === undefined && more.length === 0 ? only : this.#rooms.get(name ?? "");
    if (found) return found;
    const there = [...this.#rooms.keys()].join(", ");
    const advice = only ? `there ${more.length > 0 ? "are" : "is"} ${there}` : "there is none: add one";
    throw giveUp(
      "no-room",
      name === undefined
        ? `the conference room is not named, and ${advice}`
        : `there is no conference room "${name}": ${advice}`,
    );
  }

  /** The room in which who dials this number waits. */
  at(number: string): Room | undefined {
    return this.#visitorNumbers.get(number);
  }

  close(): void {
    for (const room of this.#rooms.values()) room.close("the endpoint was closed");
  }
}
