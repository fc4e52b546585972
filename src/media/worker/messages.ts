// What the main thread and the media worker say to each other over their MessagePort. Sessions are numbers here; the
// worker knows nothing of SDP, only sockets, addresses and payload types.
import type { Format, Kind } from "../codec.ts";
import type { SilenceLimits } from "../silence.ts";
import type { SrtpKeys, SuiteName } from "../suites.ts";
import type { Fingerprint, IceCredentials } from "../webrtc.ts";
import type { PlaybackEnd, Sound } from "../sound.ts";

export type { Format, Kind };

/** Given to the worker when it is made. */
export interface WorkerSettings extends SilenceLimits {
  /** Local address of all media sockets. */
  readonly bind: string;
  /** Our addresses as others write them, so that media is never sent round in a circle. */
  readonly own: readonly string[];
  readonly ports: readonly [number, number];
  /** Milliseconds a closed port rests before it is used again. */
  readonly drainMs: number;
}

/** The other end of one m-line, from its SDP. */
export interface Remote {
  /** Undefined: nowhere yet; the first source that passes the checks shows where. */
  readonly address?: string | undefined;
  readonly port: number;
  /** The call is with this very address, so that there is no NAT: nothing comes from another host. */
  readonly near?: boolean;
  readonly rtcpAddress?: string | undefined;
  readonly rtcpPort: number;
  /** RTCP comes and goes on the RTP port (RFC 5761). */
  readonly mux?: boolean;
  /** The requests for a key frame that it understands: "nack pli", "ccm fir". */
  readonly feedback?: readonly string[];
  /** How its H.264 is to be read (sprop-parameter-sets), where its SDP says so. */
  readonly parameterSets?: string | undefined;
  readonly send: boolean;
  readonly receive: boolean;
  /** It was told to send to somebody else, who sends to it. */
  readonly away?: boolean;
  /** What it takes, by its numbers; the first that is no event is the codec. */
  readonly sends: readonly Format[];
  /** What we may get from it, by our numbers. */
  readonly receives: readonly Format[];
  /** Undefined: plain RTP, or a browser. */
  readonly srtp?: SrtpKeys;
  /** A browser: found by ICE, on the one port that all its lines have; its keys come by DTLS. */
  readonly way?: BrowserWay;
}

export interface BrowserWay {
  readonly local: IceCredentials;
  readonly remote: IceCredentials;
  /** Of the certificates that it may have. */
  readonly fingerprints: readonly Fingerprint[];
  /** Ours, in PEM. */
  readonly certificate: string;
  readonly key: string;
}

/** One payload type's way from one leg to the other. */
export interface Route {
  readonly from: number;
  readonly to: number;
  /** RTP clock rate. */
  readonly rate: number;
  /** What it is turned into, where that is another codec. */
  readonly codec?: string;
}

/** One m-line's packets. */
export interface LineCounts {
  readonly received: number;
  readonly sent: number;
  /** Of the peer's packets; absent where the engine does not look into them, as are jitter and round trip. */
  readonly lost?: number;
  /** Interarrival jitter of the peer's packets (RFC 3550 A.8). */
  readonly jitterMs?: number;
  /** To the peer and back, where it sends reports. */
  readonly roundTripMs?: number;
  /** Of our packets, as the peer reported last. */
  readonly peerLost?: number;
}

/** Those of the sound, and beside it those of the video. */
export interface Counts extends LineCounts {
  /** Where the audio comes from, `address:port`, once known. */
  readonly remote?: string;
  readonly video?: LineCounts;
}

export const noCounts: Counts = { received: 0, sent: 0, lost: 0, jitterMs: 0 };

/** What is asked of a conference; it is there with the first order and gone with `close`. */
export type ConferenceOrder =
  | { readonly do: "add"; readonly session: number; readonly muted: boolean }
  | { readonly do: "remove"; readonly session: number }
  | { readonly do: "mute"; readonly session: number; readonly on: boolean }
  /** Whether the others get the telephone events of a session. */
  | { readonly do: "keys"; readonly session: number; readonly pass: boolean }
  | { readonly do: "close" };

/** What is asked of a recording. */
export type RecordOrder =
  /** `toneMs` = how often a tone tells of it; 0 = never. */
  | { readonly do: "start"; readonly channels: 1 | 2; readonly toneMs: number }
  /** What a channel hears from now on; undefined = nothing. */
  | { readonly do: "hear"; readonly channel: number; readonly session: number | undefined }
  | { readonly do: "stop" };

/** The main thread sends them in arrays, all that came up in one turn of its event loop. */
export type ToWorker =
  /** Bind so many more pairs and keep them ready. */
  | { readonly type: "want"; readonly pairs: number }
  /** The far end of an m-line; `port` is the ready pair that the line has, opened for the session the first time. */
  | {
      readonly type: "remote";
      readonly session: number;
      readonly kind: Kind;
      readonly port: number;
      readonly remote: Remote;
    }
  | { readonly type: "release"; readonly session: number; readonly kind: Kind; readonly port: number }
  | {
      readonly type: "route";
      readonly session: number;
      readonly kind: Kind;
      /** Undefined: what this session sends goes nowhere. */
      readonly to: number | undefined;
      readonly routes: readonly Route[];
    }
  /** Plays a sound into a session's audio, in the place of the one that plays; `play` names it. */
  | {
      readonly type: "play";
      readonly session: number;
      readonly play: number;
      readonly sound: Sound;
      readonly loop: boolean;
    }
  | { readonly type: "stop"; readonly session: number; readonly play: number }
  /** What its peer says reaches nobody. */
  | { readonly type: "mute"; readonly session: number; readonly on: boolean }
  | { readonly type: "conference"; readonly conference: number; readonly order: ConferenceOrder }
  | { readonly type: "record"; readonly recording: number; readonly order: RecordOrder }
  | { readonly type: "stats"; readonly session: number; readonly ask: number }
  /** Shows a session's video to one more, beside the one it is routed to; without routes not any more. */
  | { readonly type: "show"; readonly session: number; readonly to: number; readonly routes: readonly Route[] }
  /** Asks the peer's camera for a whole picture. */
  | { readonly type: "picture"; readonly session: number }
  /** Hand over the last whole picture of the peer's camera. */
  | { readonly type: "key-frame"; readonly session: number; readonly ask: number }
  /** The session counts as silent after so long (0 = never); `awaited`: also while nobody gets what comes from it. */
  | {
      readonly type: "silence";
      readonly session: number;
      readonly ms: number | undefined;
      readonly awaited: boolean;
    }
  /** What becomes of the digits that the session's peer sends: passed on as they came, or kept. Tones cost, and may be ignored. */
  | {
      readonly type: "hear-digits";
      readonly session: number;
      readonly events: "pass" | "keep";
      readonly tones: "ignore" | "pass" | "keep";
    }
  /** Send a digit after those that are being sent; answered by `digit-sent`. */
  | {
      readonly type: "send-digit";
      readonly session: number;
      readonly ask: number;
      readonly digit: string;
      readonly way: "rfc4733" | "inband";
      readonly durationMs: number;
      readonly gapMs: number;
    }
  /** `ports`: pairs it was given and never used. */
  | { readonly type: "close"; readonly session: number; readonly ports: readonly number[] }
  /** A browser may answer soon. */
  | { readonly type: "browsers" }
  | { readonly type: "end" };

/** Sent in arrays too. */
export type FromWorker =
  | { readonly type: "ready" }
  | { readonly type: "unusable" }
  /** Pairs that are bound and ready; fewer than were wanted for the reason given. */
  | { readonly type: "ports"; readonly ports: readonly number[]; readonly wanted: number; readonly reason?: string }
  | { readonly type: "silent"; readonly session: number }
  | { readonly type: "heard"; readonly session: number }
  /** The browser is who it says, and what goes to it and comes from it is encrypted with the suite. */
  | { readonly type: "secured"; readonly session: number; readonly suite: SuiteName }
  /** It is not, or no connection came about; `why` is the rest of a sentence about the other side. */
  | { readonly type: "unsecured"; readonly session: number; readonly why: string }
  | { readonly type: "played"; readonly session: number; readonly play: number; readonly end: PlaybackEnd }
  /** The peer's camera is to send a whole picture, and can be asked by signalling only. */
  | { readonly type: "picture"; readonly session: number }
  /** `age` in milliseconds; without packets there is none. */
  | {
      readonly type: "key-frame";
      readonly ask: number;
      readonly packets: readonly Uint8Array[];
      readonly age: number;
    }
  | { readonly type: "recorded"; readonly recording: number; readonly samples: Int16Array }
  | { readonly type: "record-ended"; readonly recording: number }
  | { readonly type: "stats"; readonly ask: number; readonly counts: Counts }
  /** The session's peer presses a key; with `durationMs`, it has let go of it. */
  | {
      readonly type: "digit";
      readonly session: number;
      readonly digit: string;
      readonly by: "rfc4733" | "inband";
      readonly durationMs?: number;
    }
  | { readonly type: "digit-sent"; readonly ask: number; readonly ok: boolean }
  | { readonly type: "closed"; readonly session: number; readonly counts: Counts }
  | { readonly type: "ended" };
