// What a simulated device tells: each event is plain JSON, one line in a terminal, one message in a flow.

interface Told {
  /** A sentence, where something did not work or came to an end. */
  readonly reason?: string;
}

export interface Registered extends Told {
  readonly event: "registered";
  /** How long the server keeps the registration. */
  readonly seconds: number;
}

/** It was registered and is no longer. */
export interface Unregistered extends Told {
  readonly event: "unregistered";
  readonly reason: string;
}

/** The server does not accept login and password. */
export interface Refused extends Told {
  readonly event: "refused";
  readonly reason: string;
  /** Seconds until the next try. */
  readonly retrySeconds: number;
}

/** Out: the other side rings. In: somebody calls. */
export interface Ringing extends Told {
  readonly event: "ringing";
  readonly direction: "in" | "out";
  /** The number of the other side, and its name where it gave one. */
  readonly number: string;
  readonly name?: string;
}

export interface Answered extends Told {
  readonly event: "answered";
  readonly direction: "in" | "out";
  readonly number: string;
  readonly codec: "PCMA" | "PCMU";
}

export interface Dtmf extends Told {
  readonly event: "dtmf";
  readonly digit: string;
  /** The body of an INFO, or an event in RTP (RFC 4733). */
  readonly by: "dtmf-relay" | "dtmf" | "rtp";
}

export interface Relay extends Told {
  readonly event: "relay";
  readonly state: "on" | "off";
}

/** What was heard in the last second. */
export interface Audio extends Told {
  readonly event: "audio";
  /** The strongest tone in Hz, to the next 5 Hz; 0 where there is silence. */
  readonly frequency: number;
  /** Of its samples' power, in dB below full scale: -96 is silence, a full sine is -3. */
  readonly level: number;
  /** RTP packets that came in this second: 50 where nothing is lost. */
  readonly packets: number;
}

/** Exactly one for each call that rang or was placed. */
export interface Ended extends Told {
  readonly event: "ended";
  readonly by: "local" | "remote" | "network";
  readonly reason: string;
  /** Q.850. */
  readonly cause: number;
  /** The SIP status that ended it, where it was one. */
  readonly status?: number;
  /** Whether the two talked. */
  readonly answered: boolean;
  /** Another device answered: no missed call. */
  readonly elsewhere: boolean;
}

/** Something did not work that is neither a refused login nor the end of a call. */
export interface Failed extends Told {
  readonly event: "failed";
  readonly code: string;
  readonly reason: string;
}

export type SimEvent = Registered | Unregistered | Refused | Ringing | Answered | Dtmf | Relay | Audio | Ended | Failed;
