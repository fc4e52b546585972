// Registrations and doors as they are told to the outside: plain JSON, like the messages of a visit.
import type { IncomingCall } from "../sip/dialog/incoming.ts";
import { shownUri, type Contact } from "../sip/registrar/contact.ts";
import type { Reach } from "../sip/registrar/qualify.ts";
import { showAddress } from "../ip.ts";
import type { Said, VisitView } from "./messages.ts";
import type { DoorState } from "../door-states.ts";

/** One registered device, as it is told to the outside. */
export interface RegistrationView {
  readonly extension: string;
  readonly contact: string;
  readonly transport: string;
  readonly address: string;
  /** ISO 8601. */
  readonly expiresAt: string;
  readonly userAgent: string;
  /** The push service that wakes the device, where it named one; what it is woken by stays here. */
  readonly push?: string;
  /** Whether it answered when it was asked last; absent where it was not asked yet. */
  readonly reachable?: boolean;
  /** How long that answer took, milliseconds. */
  readonly rttMs?: number;
}

export interface DoorView extends DoorState {
  readonly id: string;
  readonly name: string;
  readonly extension: string;
  readonly registered: boolean;
  /** It is not registered, and need not be: its calls are taken from this address (A1). */
  readonly direct?: string;
  readonly call: "idle" | "ringing" | "talking" | "parked" | "conference";
  /** Where it has several, the one that is opened unless another is named first. */
  readonly relays?: readonly { readonly id: string; readonly name: string }[];
}

/** What a door's call does, in one word. */
export function callOf({ state, parked, conference }: VisitView): DoorView["call"] {
  if (state === "ended") return "idle";
  if (conference !== undefined) return "conference";
  return parked === undefined ? state : "parked";
}

export function viewOf(contact: Contact, reach?: Reach): RegistrationView {
  const { extension, uri, flow, expiresAt, userAgent, push } = contact;
  return {
    ...{
      extension,
      contact: shownUri(uri),
      transport: flow.transport.toLowerCase(),
      address: showAddress(flow.remote),
      userAgent,
    },
    expiresAt: new Date(expiresAt).toISOString(),
    ...(push && { push: push.provider }),
    ...reach,
  };
}

/** What a bell says of itself, as a visit tells it. */
export function saidBy({ told, caller }: IncomingCall): Said {
  const { asserted, diversion, headers } = told;
  return {
    ...(asserted && { asserted: { ...asserted, trusted: caller.kind !== "extension" } }),
    ...(diversion && { diversion }),
    ...(Object.keys(headers).length > 0 && { headers }),
  };
}
