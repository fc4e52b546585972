// What is asked of the visit log, as it comes in a message or stands in a dialog.
import type { FromSchema } from "json-schema-to-ts";
import { giveUp } from "../errors.ts";
import { checker } from "../schema.ts";
import type { VisitFilter } from "./visit-book.ts";

/** Outcomes that a visit can end with; `interrupted` when the process ended before it. */
export const loggedOutcomes = [
  ...["answered", "unanswered", "cancelled", "stopped", "opened", "failed", "interrupted"],
] as const;

const time = { type: ["string", "number"] } as const;
const schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    action: { enum: ["find", "get", "delete", "openings"], default: "find" },
    visit: { type: "string", minLength: 1 },
    door: { type: "string", minLength: 1 },
    outcome: { enum: loggedOutcomes },
    ok: { type: "boolean" },
    from: time,
    to: time,
    limit: { type: "integer", minimum: 1, maximum: 1000, default: 50 },
    offset: { type: "integer", minimum: 0, default: 0 },
    picture: { enum: ["none", "buffer", "dataurl"], default: "none" },
    clip: { type: "boolean", default: false },
  },
} as const;

type Given = FromSchema<typeof schema>;
export type VisitQuery = Pick<Given, "action" | "limit" | "offset" | "picture" | "clip" | "ok"> & {
  readonly filter: VisitFilter;
};

const check = checker("visit-log", schema);

function timeOf(name: string, value: string | number | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = new Date(value).getTime();
  if (!Number.isNaN(ms)) return ms;
  const shown = String(value).slice(0, 40);
  throw giveUp(
    "invalid",
    `visit-log: ${name} is a time, such as 2026-01-31, 2026-01-31T17:55:00Z or milliseconds since 1970 (it is "${shown}")`,
  );
}

/**
 * Reads a query.
 * @throws PorteroError `invalid`: a field that is wrong, `get` without a visit, `delete` of everything
 */
export function visitQuery(value: unknown): VisitQuery {
  const { action, limit, offset, picture, clip, ok, from, to, ...named } = check(value);
  const filter: VisitFilter = { ...named, from: timeOf("from", from), to: timeOf("to", to) };
  if (action === "get" && filter.visit === undefined)
    throw giveUp("invalid", 'visit-log: which visit? Send msg.visit, or {"action":"get","visit":"<its id>"}');
  if (action === "delete" && Object.values(filter).every((part) => part === undefined))
    throw giveUp("invalid", "visit-log: delete which visits? Name a visit, a door, an outcome, or a time (from, to)");
  if (ok !== undefined && action !== "openings")
    throw giveUp("invalid", "visit-log: ok is for openings: whether the door was opened");
  return { action, limit, offset, picture, clip, filter, ...(ok !== undefined && { ok }) };
}
