// What a switchboard is given: where it listens, and the numbers that phones register for.
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { checker } from "../schema.ts";
import type { Secret } from "../secret.ts";
import type { ListenerOptions } from "../sip/transport/flow.ts";

export interface SwitchboardOptions {
  readonly sip: { readonly listeners: readonly ListenerOptions[]; readonly realm?: string };
  readonly media?: { readonly bind?: string; readonly advertise?: string; readonly ports?: readonly [number, number] };
  readonly clock?: Clock;
  readonly log?: Log;
}

/** A number that phones register for. */
export interface ExtensionSettings {
  readonly extension: string;
  readonly name: string;
  /** Authentication user; the extension where it is absent. */
  readonly login?: string;
  readonly password: Secret;
  /** Devices at once, 10 where it is absent. */
  readonly maxContacts?: number;
}

/** @throws PorteroError `invalid`, naming the field */
export const checkExtension = checker("extension", {
  type: "object",
  required: ["extension", "name"],
  properties: {
    extension: { type: "string", pattern: "^[A-Za-z0-9._+*#-]{1,64}$" },
    name: { type: "string", maxLength: 100 },
    login: { type: "string", pattern: '^[^"\\\\\\s]{1,64}$' },
    maxContacts: { type: "integer", minimum: 1, maximum: 100 },
  },
});
