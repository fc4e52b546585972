// What is known of one make, and the check of it: a wrong entry is a sentence that names the field.
import { giveUp } from "../errors.ts";
import { checker } from "../schema.ts";
import { placeholderFaults } from "./placeholders.ts";
import { presetSchema, type Preset } from "./preset-schema.ts";

const checkForm = checker<typeof presetSchema>("door preset", presetSchema);

/** Throws a PorteroError `invalid` that names the field. */
export function checkPreset(value: unknown): Preset {
  const preset = checkForm(value);
  const faults = placeholderFaults(preset);
  if (faults.length > 0) throw giveUp("invalid", `door preset: ${faults.join("; ")}`, { data: { faults } });
  return preset;
}

/** Whether it is known how a make takes digits, or only the usual way stands in its preset. */
export const knowsDtmf = ({ evidence, unverified = [] }: Preset): boolean =>
  evidence !== "unverified" && !unverified.some((part) => part === "dtmf" || part === "dtmf.method");
