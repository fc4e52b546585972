// A parking place as a node, a file or a test describes it, and the numbers that follow from it (H7, H8).
import type { FromSchema } from "json-schema-to-ts";
import { giveUp } from "../../errors.ts";
import { checker } from "../../schema.ts";
import { checkSound, soundSchema } from "../sound/sounds.ts";
import { afterPlace } from "../strategies/usual.ts";

const mostSlots = 100;
const dialled = { type: "string", pattern: "^[0-9*#+]{1,32}$" } as const;
const slot = { type: "string", pattern: "^[0-9]{1,15}$" } as const;

export type AfterParking = (typeof afterPlace)[number];

export const parkingSchema = {
  type: "object",
  required: ["name"],
  properties: {
    name: { type: "string", minLength: 1, maxLength: 100 },
    parkNumber: { ...dialled, default: "444" },
    fetchNumber: { ...dialled, default: "555" },
    firstSlot: { ...slot, default: "701" },
    lastSlot: { ...slot, default: "703" },
    seconds: { type: "number", minimum: 5, maximum: 3600, default: 60 },
    then: { enum: afterPlace, default: "hang-up" },
    music: soundSchema,
    answerFirst: { type: "boolean", default: true },
  },
  additionalProperties: false,
} as const;

/**
 * `parkNumber`: a door that dials it, or a visitor transferred to it, is parked. `fetchNumber`: fetches the visitor that waits
 * longest; followed by a slot, the one there. `seconds`: how long one waits, `then`: what comes after it. `music`: what is heard
 * meanwhile, else a tune; `answerFirst`: the bell's call is answered for it, since some bells give up on one that only rings (H19).
 */
export type ParkingSettings = FromSchema<typeof parkingSchema>;
/** What must be given of them. */
export type ParkingForm = Pick<ParkingSettings, "name"> & Partial<ParkingSettings>;

const check = checker("parking-place", parkingSchema);

/** @throws PorteroError `invalid`, naming the field */
export function checkParking(form: unknown): ParkingSettings {
  const settings = check(form);
  const { firstSlot, lastSlot, parkNumber, fetchNumber, music } = settings;
  const wrong = (field: keyof ParkingSettings, what: string) =>
    giveUp("invalid", `parking-place: ${what}`, { data: { field } });
  const count = Number(lastSlot) - Number(firstSlot) + 1;
  if (firstSlot.length !== lastSlot.length || count < 1)
    throw wrong(
      "lastSlot",
      `slots from ${firstSlot} to ${lastSlot} are none: give the last one as many digits as the first, and let it come after it`,
    );
  if (count > mostSlots)
    throw wrong("lastSlot", `slots from ${firstSlot} to ${lastSlot} are ${count}: at most ${mostSlots}`);
  const slots = slotsOf(settings);
  const own = [parkNumber, fetchNumber, ...slots, ...slots.map((slot) => fetchNumber + slot)];
  const twice = own.find((number, index) => own.indexOf(number) !== index);
  if (twice !== undefined)
    throw wrong(
      "parkNumber",
      `${twice} stands for two things: parking, fetching and each slot need numbers of their own`,
    );
  if (music) checkSound(music);
  return settings;
}

export function slotsOf({ firstSlot, lastSlot }: Pick<ParkingSettings, "firstSlot" | "lastSlot">): string[] {
  const first = Number(firstSlot);
  return Array.from({ length: Number(lastSlot) - first + 1 }, (_, index) =>
    String(first + index).padStart(firstSlot.length, "0"),
  );
}
