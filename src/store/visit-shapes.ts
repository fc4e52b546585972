// What the visit log takes and gives: plain JSON. What it takes is the events of visits (src/visit/messages.ts), as far as
// they matter here.

/** What is said of a press where it can be: the name of its button, and what the bell says of itself. */
interface Said {
  readonly buttonName?: string;
  readonly asserted?: unknown;
  readonly diversion?: unknown;
  readonly headers?: unknown;
}

/** An event of a visit, with the visit as it stood then. */
export interface LoggedEvent {
  readonly event: string;
  readonly payload: unknown;
  readonly visit: Said & {
    readonly id: string;
    readonly door: string;
    readonly caller: { readonly number: string; readonly name: string };
    readonly dialled: string;
    readonly button: string;
    readonly state: string;
    readonly startedAt: string;
    readonly answeredBy?: string;
    readonly attempt: number;
  };
}

/** One device that was rung in one try, or a target that had none; whatever else was told of it is kept beside. */
export interface LoggedParty {
  readonly try: number;
  readonly target: string;
  readonly result: string;
  readonly status?: number;
  /** Q.850. */
  readonly cause?: number;
  readonly [more: string]: unknown;
}

/** A picture, a clip or a recording, by its name in its folder. */
export interface LoggedFile {
  readonly kind: string;
  readonly name: string;
  readonly bytes: number;
  readonly seconds?: number;
  readonly by?: string;
}

/** A recording, by what its name and its size say. */
export interface FoundRecording {
  readonly file: LoggedFile;
  /** How the visit's id begins. */
  readonly visit: string;
  readonly isOf: (door: string) => boolean;
}

/** As `recorded` told of it; `file` is its whole path. */
export interface LoggedRecording {
  readonly kind: string;
  readonly by?: string;
  readonly seconds?: number;
  readonly bytes: number;
  readonly file: string;
}

/** A visit as the log gives it. Times are ISO 8601; what is not known, or not yet, is absent. */
export interface LoggedVisit extends Said {
  readonly id: string;
  readonly door: string;
  readonly caller: { readonly number: string; readonly name: string };
  readonly dialled: string;
  readonly button: string;
  readonly state: string;
  readonly startedAt: string;
  readonly answeredAt?: string;
  readonly endedAt?: string;
  readonly answeredBy?: string;
  /** As in `ended`; or `interrupted`, when the process ended before the visit did. */
  readonly outcome?: string;
  readonly cause?: number;
  readonly text?: string;
  readonly ringSeconds?: number;
  readonly talkSeconds?: number;
  readonly attempt: number;
  readonly openings: number;
  readonly hasPicture: boolean;
  readonly hasClip: boolean;
  readonly recordings: readonly LoggedRecording[];
}

export interface VisitDetails extends LoggedVisit {
  readonly parties: readonly LoggedParty[];
  readonly events: readonly { readonly at: string; readonly event: string; readonly payload?: unknown }[];
}
