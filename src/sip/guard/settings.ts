// What an endpoint's guard is told: limits, bans, who may call (A8). Times are minutes here, as a user types them.
import type { JSONSchema } from "json-schema-to-ts";
import { numberSchema } from "../../number.ts";
import { checker } from "../../schema.ts";
import type { BanRules } from "./bans.ts";
import type { Rates } from "./limits.ts";

const rate = { type: "integer", minimum: 1, maximum: 1_000_000 } as const;
const minutes = { type: "integer", minimum: 1, maximum: 525_600 } as const;
const list = { type: "array", maxItems: 1000, items: { type: "string" }, default: [] } as const;

export interface GuardSettings {
  readonly limits: Rates;
  readonly bans: BanRules;
  /** Addresses and networks without limits and bans. */
  readonly exempt: readonly string[];
  /** What programs get that search for servers: nothing, or an answer like everybody. */
  readonly scanners: "drop" | "answer";
  readonly callers: {
    /** Addresses and networks that may call; empty = all. */
    readonly networks: readonly string[];
    /** Numbers that may call; empty = all. */
    readonly numbers: readonly string[];
    /** What all others get: no answer, or 403. */
    readonly others: "silent" | "forbidden";
  };
}

/** JSON schema of the settings; every default is filled in. Not derived: the type of the defaults is too deep for TypeScript. */
export const guardSchema: JSONSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    limits: {
      type: "object",
      additionalProperties: false,
      default: {},
      properties: {
        perSource: { ...rate, default: 100 },
        perKnownSource: { ...rate, default: 2000 },
        strangers: { ...rate, default: 2000 },
      },
    },
    bans: {
      type: "object",
      additionalProperties: false,
      default: {},
      properties: {
        answers: { type: "integer", minimum: 0, maximum: 1000, default: 10 },
        within: { ...minutes, default: 10 },
        minutes: { ...minutes, default: 60 },
        longest: { ...minutes, default: 10_080 },
      },
    },
    // This machine itself: behind a web server here, which passes WebSocket on, all phones have one address.
    exempt: { ...list, default: ["127.0.0.1", "::1"] },
    scanners: { enum: ["drop", "answer"], default: "drop" },
    callers: {
      type: "object",
      additionalProperties: false,
      default: {},
      properties: {
        networks: list,
        numbers: { ...list, items: numberSchema },
        others: { enum: ["silent", "forbidden"], default: "silent" },
      },
    },
  },
};

const check = checker("guard", guardSchema);

/** @throws PorteroError `invalid`, naming the field */
export const checkGuard = (value: unknown): GuardSettings => check(value) as GuardSettings;
