// What the bridge and the doors' owner say to each other; the owner supplies DoorsForMqtt.
import type { DoorState } from "../door-states.ts";
import type { LastVisit } from "./policy.ts";
import type { RefusalCode } from "./verdict.ts";
import type { CommandTopic } from "./topics.ts";

export const callStates = ["idle", "ringing", "talking", "parked", "conference"] as const;
export type CallState = (typeof callStates)[number];

export interface DoorForMqtt extends DoorState {
  readonly id: string;
  readonly name: string;
  readonly registered: boolean;
  readonly call: CallState;
  /** Whether presses ring nobody, where that is known. */
  readonly quiet?: boolean;
  /** Where it has several. */
  readonly relays?: readonly { readonly id: string; readonly name: string }[];
}

/** What happened to a wish to open: src/door's Opening, or a refusal of ours. */
export interface OpeningForMqtt {
  readonly id: string;
  readonly relay?: string;
  readonly ok: boolean;
  readonly confirmed?: boolean;
  readonly method?: string;
  readonly reason: string;
  /** Why it was not even tried, in a word. */
  readonly refused?: string;
  /** Milliseconds since 1970. */
  readonly ts: number;
}

/** A wish to open; `relay` and `as` as src/door has them. */
export interface OpenWish {
  readonly door: string;
  readonly relay?: string;
  readonly id: string;
  /** `mqtt`, or `mqtt:<key>` where a key has signed it; that is the name in `as`, too. */
  readonly by: string;
  readonly as: { readonly kind: "mqtt"; readonly name: string };
  readonly visit?: string;
}

type Done = void | Promise<void>;

/** What the bridge needs of the doors' owner. A verb that is absent is refused with a sentence. */
export interface DoorsForMqtt {
  list(): readonly DoorForMqtt[];
  lastVisit(door: string): LastVisit | undefined;
  open(request: OpenWish): Promise<OpeningForMqtt>;
  readonly answer?: (door: string) => Done;
  readonly park?: (door: string) => Done;
  readonly stop?: (door: string) => Done;
  readonly hangup?: (door: string) => Done;
  readonly reject?: (door: string) => Done;
  readonly setDnd?: (door: string, on: boolean) => Done;
  /** Takes what others on the broker say of a door's state; where it is absent nobody is asked. */
  readonly report?: (door: string, state: DoorState) => void;
}

export const verbs = ["answer", "reject", "hangup", "park", "stop"] as const;
export type Verb = (typeof verbs)[number];

/** A command that is being carried out. */
export interface Command {
  readonly door: string;
  readonly command: "open" | Verb | "dnd";
  /** For `open`, where the topic named one. */
  readonly relay?: string;
  readonly id: string;
  readonly visit?: string;
  /** The key that has signed it. */
  readonly key?: string;
  /** For `dnd`. */
  readonly on?: boolean;
  readonly ts: number;
}

/** A command that is not, for the audit. */
export interface Refusal {
  /** The door's id, or what stood in the topic where there is no such door. */
  readonly door: string;
  readonly topic: CommandTopic;
  /** What stood in the topic of a command to one relay. */
  readonly relay?: string;
  /** Of a signed request its own, where the signature is right. */
  readonly id: string;
  readonly code:
    | (RefusalCode | "unknown-door" | "unknown-relay" | "unknown-command" | "malformed" | "too-long")
    | ("flood" | "failed");
  readonly reason: string;
  /** The key that has signed it, where the signature is right. */
  readonly key?: string;
  /** Of a flood: how many they are, by their codes. */
  readonly counts?: Readonly<Record<string, number>>;
  readonly ts: number;
}
