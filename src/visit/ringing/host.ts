// What ringing needs of its surroundings, and who it rings for.
import type { Clock } from "../../clock.ts";
import type { OpenedAs } from "../../door/door.ts";
import type { Direction } from "../../media/sdp.ts";
import type { IncomingCall } from "../../sip/dialog/incoming.ts";
import type { Endpoint } from "../../sip/endpoint.ts";
import type { Contact } from "../../sip/registrar/location.ts";
import type { BridgeHost } from "../talk/bridge.ts";
import type { Directory } from "../numbers/destinations.ts";
import type { DeviceOptions } from "../numbers/devices.ts";
import type { Chooser, Way } from "../numbers/outside.ts";
import type { Occupancy } from "../numbers/occupancy.ts";
import type { Target } from "./target.ts";
import type { Texts } from "../texts.ts";
import type { Tracing } from "../tracing.ts";

export interface ForkHost extends BridgeHost, Directory {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly tracing: Tracing;
  /** The devices of an extension; undefined where the number is none. */
  contactsOf(number: string): readonly Contact[] | undefined;
  /** The numbers that a ring group stands for, one step; undefined where it is none. */
  membersOf(number: string): readonly string[] | undefined;
  /** The way to a target that no device is registered for; undefined where there is none. */
  wayOutside(target: Target, by: Chooser): Way | undefined;
  /** What callers of a number get that wants no calls just now; undefined while it may be called. */
  doNotDisturb(number: string): number | undefined;
  readonly optionsOf: (number: string) => DeviceOptions;
  /** What is special about the caller's leg; by an account that is what the account says. */
  optionsFor(call: IncomingCall, number?: string): DeviceOptions;
  /** So often, in seconds, a visit that talks tells of its media; 0 = never. */
  readonly statsSeconds: number;
  /** The folder for recordings; undefined where there is none. */
  readonly recordings: string | undefined;
  readonly texts: Texts;
  readonly occupancy: Occupancy;
  /** Whether presses of this door ring nobody just now. */
  isQuiet(door: string): boolean;
}

/** Who calls: what phones show, and where the device is. */
export interface Caller {
  readonly name: string;
  readonly number: string;
  readonly host: string;
  /** What the calls belong to: a visit's id, or the caller's Call-ID. */
  readonly group: string;
  /** The number that the caller dialled by itself: not everybody may dial everything. */
  readonly dialled?: { readonly number: string; readonly by: Chooser };
  /** What the phones are told beside that: Referred-By. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Who has it put through, as whom that one opens doors. */
  readonly sentBy?: OpenedAs;
  /** What the caller wants of its sound, where that is not what it said last. */
  readonly direction?: Direction;
}

/** Where a call can really be made to. */
export type Reachable = Contact | Exclude<Way, { kind: "refused" }>;

export const isContact = (to: Reachable): to is Contact => !("kind" in to);
