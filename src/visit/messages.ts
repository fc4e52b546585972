// What the rest of the world is told of a visit: plain JSON that passes through MQTT, context and function nodes. These
// shapes are contracts; a change of one is a line in the CHANGELOG.

import type { VisitMedia } from "./talk/figures.ts";

export type VisitState = "ringing" | "talking" | "ended";

/** What the bell, or the server it came by, says of itself; each only where it was said. */
export interface Said {
  /** Who the network says it is; `trusted`: not by the device's own word. */
  readonly asserted?: { readonly number: string; readonly name: string; readonly trusted: boolean };
  /** Whom it wanted in the first place. */
  readonly diversion?: { readonly number: string; readonly name: string; readonly reason?: string };
  /** Subject, Alert-Info and those that the settings name. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A visit as it stands in `msg.visit`. */
export interface VisitView extends Said {
  readonly id: string;
  /** The door's id. */
  readonly door: string;
  readonly caller: { readonly number: string; readonly name: string };
  /** The number that the bell dialled; empty where it has not called. */
  readonly dialled: string;
  /** The press was told by other means than a call (a hook, a poller), and no call has come: nobody can talk with it. */
  readonly noCall?: true;
  /** Which button: the dialled number, where the bell has several, or what the door's settings read it from; else "1". */
  readonly button: string;
  /** What the door's list of buttons calls it; absent where it is not in the list. */
  readonly buttonName?: string;
  readonly state: VisitState;
  /** It rings nobody yet: it waits until the talk of its door is over. */
  readonly waiting?: boolean;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Who took the visitor: an extension, an address, or who opened. */
  readonly answeredBy?: string;
  /** The number by which it can be fetched, while it is parked. */
  readonly parked?: string;
  /** The room in which it talks with several; that of an invited third party has the door's name. */
  readonly conference?: string;
  /** How often somebody was tried to be reached, over all strategies of this visit. */
  readonly attempt: number;
}

export const visitEvents = [
  "ring",
  "waiting",
  "trying",
  "parked",
  "answered",
  "unanswered",
  "transferred",
  "joined",
  "left",
  "dtmf",
  "stats",
  "opened",
  "refused",
  "snapshot",
  "snapshot-failed",
  "clip",
  "clip-failed",
  "recorded",
  "record-failed",
  "ended",
] as const;
export type VisitEventName = (typeof visitEvents)[number];

/** Exactly a message: `msg = { ...event }`. */
export interface VisitEvent {
  readonly event: VisitEventName;
  readonly visit: VisitView;
  readonly payload: unknown;
  /** `<door>/<event>` */
  readonly topic: string;
}

export type PartyResult = "answered" | "no-answer" | "busy" | "rejected" | "unregistered" | "unreachable" | "cancelled";

/** One device that was rung in one try, or a target that had none. */
export interface Party {
  readonly target: string;
  readonly try: number;
  readonly result: PartyResult;
  readonly status?: number;
  /** Q.850. */
  readonly cause: number;
  /** When it began to ring, ISO 8601, and for how many seconds; where it was rung. */
  readonly rangAt?: string;
  readonly seconds?: number;
  /** What neither status nor cause can say: "not confirmed". */
  readonly text?: string;
}

/** What became of the parties of all tries; of the first of very many only how many they were. */
export interface Parties {
  readonly tries: number;
  readonly parties: readonly Party[];
  /** So many of the first are left out. */
  readonly omitted?: number;
}

export interface Outcome extends Parties {
  /** `cancelled`: the visitor gave up. `stopped`: the flow did. `refused`: the bell was, by the strategy. `full`: its place is. */
  readonly result:
    "answered" | "unanswered" | "busy" | "full" | "rejected" | "unregistered" | "cancelled" | "stopped" | "refused";
  /** The strategy that ran; absent where the visit was over before. */
  readonly strategy?: string;
  /** The target that answered. */
  readonly by?: string;
  /** Why nobody did, as a sentence, where the parties do not say it. */
  readonly reason?: string;
  /** What the visitor left to be heard, but for the sound itself. */
  readonly message?: Omit<Recorded, "wav">;
}

/** The payload of `recorded`: exactly one of `file` and `wav`. */
export interface Recorded {
  /** A conversation, the door left and who answered right; or what a visitor said when nobody did. */
  readonly kind: "call" | "message";
  /** Who was heard: who answered, or the door. */
  readonly by: string;
  readonly seconds: number;
  /** Of the WAV file. */
  readonly bytes: number;
  readonly file?: string;
  readonly wav?: Buffer;
}

/** The payload of `clip`: what was seen at the press, as the camera sent it. */
export interface PressClip {
  readonly mp4: Buffer;
  readonly codec: "h264" | "h265" | "jpeg";
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** When it begins, in milliseconds since 1970. */
  readonly from: number;
  readonly seconds: number;
}

/** The payload of `ended`, with the tries of all strategies of the visit. */
export interface VisitEnd extends Parties {
  readonly outcome: "answered" | "unanswered" | "cancelled" | "stopped" | "opened" | "failed";
  /** Q.850. */
  readonly cause: number;
  readonly text: string;
  readonly answeredBy?: string;
  /** The strategy that ran last. */
  readonly strategy?: string;
  readonly ringSeconds: number;
  readonly talkSeconds: number;
  readonly openings: number;
  /** What became of its sound and video; once it talked. */
  readonly media?: VisitMedia;
}
