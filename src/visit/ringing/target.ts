// Whom a strategy rings, and how: a number or an address, and what is special about ringing it.
import type { FromSchema } from "json-schema-to-ts";
import { giveUp } from "../../errors.ts";
import { holdsPassword, noPassword } from "../../number.ts";
import { deviceFields, withoutSound } from "../numbers/devices.ts";
import { checkSound, soundSchema } from "../sound/sounds.ts";

/**
 * An extension's number, a ring group's, a SIP address, an IP address with stars for its dots (A1), a number that leads
 * out by an account's prefix or as `number@account` (A2), or `dashboard`.
 */
export type Target = string;

/** Nothing is rung: somebody at a page may answer or open, so the time is waited out. */
export const dashboard: Target = "dashboard";

/** How long whoever confirms has for it, from its answer on. */
export const usualConfirmSeconds = 20;

/** A target as settings and messages give it: its number or address alone, or with what is special about it. */
export const targetSchema = {
  type: ["string", "object"],
  minLength: 1,
  maxLength: 256,
  required: ["target"],
  properties: {
    target: { type: "string", minLength: 1, maxLength: 256 },
    delay: { type: "number", minimum: 0, maximum: 3600 },
    seconds: { type: "number", minimum: 1, maximum: 3600 },
    silentSeconds: { type: "number", minimum: 0.5, maximum: 60 },
    confirm: { type: "boolean" },
    prompt: soundSchema,
    confirmSeconds: { type: "number", minimum: 3, maximum: 120 },
    name: { type: "string", maxLength: 100, pattern: "^[^\\u0000-\\u001f\\u007f]*$" },
    codecs: deviceFields.codecs,
    dtmf: deviceFields.dtmf,
    account: { type: "string", pattern: "^[A-Za-z0-9._-]{1,64}$" },
  },
  additionalProperties: false,
} as const;

/**
 * `delay` = seconds until it is rung, `seconds` = how long (else as long as the others), `silentSeconds` = it is given up
 * when by then it has not said that it rings; `confirm` = its answer counts once it has pressed 1, within
 * `confirmSeconds`, hearing the `prompt` meanwhile (else a tone); `name` = what it shows in the place of the visitor's
 * name; `codecs`, `dtmf` = for this call only; `account` = by which its number is called, whatever it begins with.
 */
export type TargetSettings = FromSchema<typeof targetSchema>;
/** What is special about a target. */
export type RingWish = Exclude<TargetSettings, string>;

/** The number or address alone. */
export const nameOf = (target: TargetSettings): Target => wishOf(target).target;

export const wishOf = (target: TargetSettings): RingWish => (typeof target === "string" ? { target } : target);

/** What the schema cannot tell. @throws PorteroError `invalid`, naming the target and the field */
export function checkTarget(settings: TargetSettings): void {
  const { target, account, codecs, prompt } = wishOf(settings);
  if (target.trim() === "")
    throw giveUp("invalid", "target: it is empty: give a number, an address, or dashboard", {
      data: { field: "target" },
    });
  if (holdsPassword(target)) throw giveUp("invalid", `target: ${noPassword}`, { data: { field: "target" } });
  if (account !== undefined && (/^sips?:/i.test(target) || target.includes("@")))
    throw giveUp(
      "invalid",
      `target ${target}: an account calls numbers, and this is an address: leave out account, or give the number alone`,
      { data: { field: "account" } },
    );
  if (codecs && withoutSound(codecs))
    throw giveUp("invalid", `target ${target}: codecs has no codec for sound: add PCMA or PCMU`, {
      data: { field: "codecs" },
    });
  if (prompt) checkSound(prompt);
}
