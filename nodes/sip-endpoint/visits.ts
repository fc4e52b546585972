// The visit log of an endpoint: its settings, and what feeds it.
import { existsSync } from "node:fs";
import { systemClock } from "../../src/clock.ts";
import { sentence } from "../../src/errors.ts";
import { VisitLog, visitLogDefaults, type VisitLogOptions } from "../../src/store/visit-log.ts";
import type { Switchboard } from "../../src/visit/switchboard.ts";
import type { RedNode } from "../red.d.ts";
import { logOf } from "../running.ts";
import { textOr } from "../fields.ts";
import { whole } from "./fields.ts";

export interface VisitsConfig {
  /** Absent or "": kept. */
  visitLog?: "" | "off";
  visitDays?: string;
  visitMegabytes?: string;
}

/** The log while there is one, else why there is none. */
export type Visits = { readonly log: VisitLog } | { readonly why: string };

/**
 * How much is kept.
 * @throws PorteroError `invalid`
 */
export function visitLimits({ visitDays, visitMegabytes }: VisitsConfig): VisitLogOptions {
  const { days, megabytes } = visitLogDefaults;
  return {
    days: whole(textOr(visitDays) ?? String(days), "days of visits", 1, 36_500),
    megabytes: whole(textOr(visitMegabytes) ?? String(megabytes), "megabytes of visits", 1, 1_000_000),
  };
}

/** Keeps the visits of a switchboard in a folder; what is wrong is said once, and visits go on without. */
export function keepVisits(
  node: RedNode,
  config: VisitsConfig,
  switchboard: Switchboard,
  folders: { readonly visits: string; readonly recordings: string },
): Visits {
  try {
    const { visits, recordings } = folders;
    const isOff = config.visitLog === "off";
    if (isOff && !existsSync(visits)) return { why: "the visit log is switched off in the dialog of the SIP endpoint" };
    const limits = visitLimits(config);
    const log = VisitLog.open(visits, { clock: systemClock, log: logOf(node) }, { ...limits, recordings });
    // What was kept before it was switched off can be found and deleted, and goes when it is too old.
    if (isOff) return { log };
    // In the same turn of the event loop, but after everybody who was told: the ring's message leaves first (X3).
    switchboard.on("visit", (event) => process.nextTick(() => log.take(event)));
    return { log };
  } catch (error) {
    node.warn(`visits are not kept: ${sentence(error)}`);
    return { why: sentence(error) };
  }
}
