// What an endpoint complains of, in the log and in the house's events; the same about the same source once a minute, so
// that a flood of it does not become a flood of words.
import type { Clock } from "../clock.ts";
import { tryAgain, type PorteroError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Endpoint, Refusal } from "../sip/endpoint.ts";
import { hostOf } from "../sip/transport/flow.ts";

interface House {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly log: Log;
  readonly refused: (refusal: Refusal) => void;
  readonly trouble: (error: PorteroError) => void;
}

const seldomMs = 60_000;

export function passOnComplaints({ endpoint, clock, log, refused, trouble }: House): void {
  const said = new Map<string, number>();
  const seldom = (of: string): boolean => {
    const now = clock.now();
    const before = said.get(of);
    if (before !== undefined && now - before < seldomMs) return false;
    if (said.size >= 1000) said.clear();
    said.set(of, now);
    return true;
  };
  endpoint.on("refused", (refusal) => {
    if (seldom(`${refusal.extension} ${hostOf(refusal.from)}`)) log.warn(refusal.text);
    refused(refusal);
  });
  endpoint.on("malformed", (fault, from) => {
    if (!seldom(hostOf(from))) return;
    trouble(tryAgain("malformed", `${from} sent something that is not proper SIP: ${fault}`, { data: { from } }));
  });
  endpoint.on("trouble", (error) => {
    const { from } = error.data;
    if (seldom(`${error.code} ${typeof from === "string" ? hostOf(from) : ""}`)) trouble(error);
  });
  endpoint.on("overloaded", (text) => trouble(tryAgain("overloaded", text)));
  endpoint.on("fault", (error) => {
    log.error(`a message could not be dealt with: ${error instanceof Error ? (error.stack ?? "") : String(error)}`);
  });
}
