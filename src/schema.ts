// Checks what comes from outside (settings, messages, presets, MQTT payloads) against a JSON schema. The type is derived
// from the same schema, so that the two cannot disagree; the error names the field and what it wants.
import { Ajv, type ErrorObject } from "ajv";
import type { FromSchema, JSONSchema } from "json-schema-to-ts";
import { giveUp } from "./errors.ts";

const ajv = new Ajv({ allErrors: true, useDefaults: true, verbose: true, allowUnionTypes: true });
ajv.addFormat("regex", isRegExp);

/**
 * Makes a check for `schema`. The check returns the value (with the schema's defaults filled into a copy) or throws a
 * PorteroError `invalid` whose message reads like "dial-strategy: seconds must be >= 1 (it is 0)".
 */
export function checker<const S extends JSONSchema>(what: string, schema: S): (value: unknown) => FromSchema<S> {
  const validate = ajv.compile(schema as object);
  return (value) => {
    const copy: unknown = structuredClone(value);
    if (validate(copy)) return copy as FromSchema<S>;
    const faults = (validate.errors ?? []).map(faultOf);
    throw giveUp("invalid", `${what}: ${[...new Set(faults)].join("; ")}`, { data: { faults } });
  };
}

type Fixed<T> = T extends readonly (infer Item)[]
  ? readonly Fixed<Item>[]
  : { readonly [Name in keyof T]: Fixed<T[Name]> };

/** A form with these fields of a JSON schema, none of which has to be given. */
export type Form<Fields extends Readonly<Record<string, JSONSchema>>> = Fixed<
  FromSchema<{ type: "object"; additionalProperties: false; properties: Fields }>
>;

function faultOf(error: ErrorObject): string {
  const field = error.instancePath.slice(1).replaceAll("/", ".") || "it";
  switch (error.keyword) {
    case "required":
      return `${join(error, String(error.params["missingProperty"]))} is missing`;
    case "additionalProperties":
      return `${join(error, String(error.params["additionalProperty"]))} is not known here`;
    case "enum":
      return `${field} must be one of ${(error.params["allowedValues"] as unknown[]).join(", ")}${shown(error)}`;
    case "format":
      return `${field} is not a regular expression${shown(error)}`;
    case "pattern":
      return `${field} has the wrong form${shown(error)}`;
    default:
      return `${field} ${error.message ?? "is wrong"}${shown(error)}`;
  }
}

function isRegExp(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

const join = (error: ErrorObject, name: string): string =>
  [...error.instancePath.slice(1).split("/").filter(Boolean), name].join(".");

// A password that fails a check must not be quoted back (P7).
const shown = (error: ErrorObject): string =>
  ["string", "number", "boolean"].includes(typeof error.data) && !/pass|secret|key|pin|code/i.test(error.instancePath)
    ? ` (it is ${JSON.stringify(error.data).slice(0, 60)})`
    : "";
