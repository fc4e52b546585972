// Whom a strategy rings, and how: a number or an address, and what is special about ringing it.
import type { FromSchema } from "json-schema-to-ts";

/** An extension's number, a SIP address, or a number that leads out by an account. */
export type Target = string;

/** A target as settings and messages give it: its number or address alone, or with what is special about it. */
export const targetSchema = {
  anyOf: [
    { type: "string", minLength: 1, maxLength: 256 },
    {
      type: "object",
      required: ["target"],
      properties: { target: { type: "string", minLength: 1, maxLength: 256 } },
      additionalProperties: false,
    },
  ],
} as const;

export type TargetSettings = FromSchema<typeof targetSchema>;

/** The number or address alone. */
export const nameOf = (target: TargetSettings): Target => (typeof target === "string" ? target : target.target);
