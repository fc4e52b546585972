// The endpoint's node, as others see it.
import { Audit, type AuditEntry } from "../../src/store/audit.ts";
import { Health } from "../running.ts";
import type { ListenerOptions } from "../../src/sip/transport/flow.ts";
import type { ListenerSecrets } from "./listeners.ts";
import { Live } from "../../src/sip/trace/live.ts";
import type { RedNode } from "../red.d.ts";
import { Secret } from "../../src/secret.ts";
import { Switchboard } from "../../src/visit/switchboard.ts";
import type { Visits } from "./visits.ts";

export interface EndpointNode extends RedNode<ListenerSecrets> {
  switchboard: Switchboard;
  health: Health;
  /** The password that the system gives `extension` of this endpoint. */
  passwordFor(extension: string): Secret;
  /** Where devices reach us: the address and port to type into them. Port 0 until it listens. */
  reachable(): { host: string; port: number; transports: ListenerOptions["transport"][] };
  /** Resolves when it listens; rejects when this node is closed before that. */
  listening(): Promise<void>;
  /** What is still to be said to this endpoint by nodes that close: simulated devices in a flow that de-register. */
  farewells: Set<Promise<void>>;
  /** Resolves when that is said; nodes of one deploy are closed in the same turn, in no particular order. */
  lastWords(): Promise<void>;
  /** Who serves which base topic of which broker: two at one place would both act on one command. */
  topics: Map<string, string>;
  /** Shows new messages to the editor while a dialog looks. */
  live: Live;
  /** Its visits on disk. */
  visits: Visits;
  /** What happened at the doors, on disk; nothing where its folder cannot be written. */
  audit: Promise<Audit | undefined>;
  /** Keeps an opening, or a refusal to open, in the audit. */
  record(entry: AuditEntry, picture?: Buffer): void;
}
