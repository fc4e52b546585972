// What a call tells: its states, its end, and what the peer asks during it.
import type { Text } from "../message/text.ts";
import type { ReferTo } from "./replaces.ts";

export type CallState = "ringing" | "early" | "talking" | "ended";

export interface CallEnd {
  readonly by: "local" | "remote" | "network";
  /** The SIP status that ended it, where it was one. */
  readonly status?: number;
  /** Q.850 cause (H10). */
  readonly cause: number;
  /** A few words for people: the peer's reason phrase or our own. */
  readonly text: string;
  /** Somebody else has taken the call, so that this one was not missed (X4). */
  readonly elsewhere?: true;
  /** Where the peer would have us call instead (3xx), the best first. */
  readonly redirect?: readonly string[];
}

/** What a peer said in an INFO; whoever takes it answers with `reply`. */
export interface Info {
  readonly contentType: string;
  readonly body: string;
  readonly reply: (status: number) => void;
}

/** What became of an offer of ours: the status of the answer, 408 where none came, and the SDP of a 2xx. */
export interface Reanswer {
  readonly status: number;
  readonly sdp?: string;
}

/** A new offer of the peer, by re-INVITE, UPDATE or PRACK: hold, another codec, another address. Exactly one of the two answers must be given. */
export interface Reoffer {
  /** Absent where the peer wants the offer from us. */
  readonly sdp: string | undefined;
  answer(sdp: string): void;
  reject(status: number): void;
}

/** The peer wants us to call somebody else in its place (RFC 3515). Exactly one of the two answers must be given. */
export interface Referral {
  readonly to: ReferTo;
  /** Its Referred-By, to be passed on as it is (RFC 3892). */
  readonly by: string | undefined;
  /** Takes it on; what is given back tells the peer how it goes, the last time with a final status. */
  accept(): (status: number, phrase?: string) => void;
  reject(status: number): void;
}

/** How a REFER of ours goes. */
export interface Progress {
  readonly status: number;
  readonly text: string;
  readonly over: boolean;
}

/** A text that the peer sent (RFC 3428); whoever takes it answers with `reply`. */
export interface Message extends Text {
  readonly reply: (status: number) => void;
}

export interface CallEvents {
  /** A provisional response to our INVITE. */
  early: [early: { status: number; sdp: string | undefined }];
  /** It talks: our INVITE was accepted, or the caller acknowledged our answer. */
  answered: [answer: { sdp: string | undefined }];
  /** An answer to an offer of ours that nobody waits for: it came in an ACK or a PRACK, or after `refresh`. */
  acknowledged: [sdp: string];
  info: [info: Info];
  /** The peer needs a whole picture (RFC 5168). */
  pictureWanted: [];
  message: [message: Message];
  refer: [referral: Referral];
  progress: [progress: Progress];
  reoffer: [offer: Reoffer];
  /** The session timer wants an offer that says the same again; where nobody gives one, what was last said is repeated. */
  refresh: [offer: (sdp: string) => void];
  ended: [end: CallEnd];
}
