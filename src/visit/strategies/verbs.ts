// What a strategy can do, and what it is: a short function over these verbs.
import type { AfterParking } from "../places/parking-settings.ts";
import type { MessageSettings } from "../sound/message.ts";
import type { Outcome, Party } from "../messages.ts";
import type { SoundSettings } from "../sound/sounds.ts";
import type { StrategyName } from "./usual.ts";
import type { TapeSettings } from "../sound/recording.ts";
import type { Target, TargetSettings } from "../ringing/target.ts";

export interface RingResult {
  /** The target that answered. */
  readonly answeredBy?: Target;
  readonly parties: readonly Party[];
  /** Q.850: the weightiest of the parties' causes; 0 where there was nobody to ring at all. */
  readonly cause: number;
}

/** Where a visitor waits to be fetched. Blank means: as the place says. */
export interface ParkSettings {
  /** Its name; may be absent where there is exactly one. */
  readonly place?: string;
  readonly seconds?: number;
  /** What the visitor hears meanwhile. */
  readonly music?: SoundSettings;
}

export interface ParkResult extends RingResult {
  /** The number by which the visitor could be fetched; absent where there was no room for it. */
  readonly slot?: string;
  /** What its place says that comes next, where nobody fetched it in time. */
  readonly next?: AfterParking;
  /** There was no room for it. */
  readonly isFull?: true;
  /** Why nobody fetched it, as a sentence. */
  readonly reason?: string;
}

/** Where a visitor waits for those who talk with each other. */
export interface ConferSettings extends ParkSettings {
  /** Who is rung into the room; nobody where it is absent: people dial its number. */
  readonly targets?: readonly TargetSettings[];
}

/** What a strategy can do. Every verb returns early when `signal` aborts; the strategy then just returns. */
export interface Ringing {
  /** Whom the bell dialled, as a target. */
  readonly dialled: Target;
  /** Aborts when the visitor leaves, the flow stops the strategy, or somebody answered by another way. */
  readonly signal: AbortSignal;
  /** Milliseconds since some moment, whatever the time of day is set to. */
  passed(): number;
  /** Rings all targets at once; the first answer wins and the others stop (H4, H5). */
  ring(targets: readonly TargetSettings[], seconds: number): Promise<RingResult>;
  /** Waits, or less when one of the last targets registers (X1, H12). */
  wait(seconds: number): Promise<void>;
  /** Truly answers the bell's call, though nobody has: some bells give up on a call that only rings (H19). */
  answer(): Promise<void>;
  /** Lets the visitor hear a sound again and again, until `stop` or until somebody answers (H15, H16). Never rejects. */
  play(sound: SoundSettings): Promise<void>;
  stop(): void;
  /** Lets the visitor hear a sound once, to its end: true; less where one of the last targets registers. Never rejects. */
  announce(sound: SoundSettings): Promise<boolean>;
  /** Lets the call be recorded from the answer on. Never rejects but where the bell has gone. */
  record(settings: TapeSettings): Promise<void>;
  /** Takes a message of the visitor; undefined where that failed. Never rejects. */
  message(settings: MessageSettings): Promise<Outcome["message"]>;
  /** Parks the visitor: whoever fetches it has answered (H7, H8). */
  park(settings: ParkSettings): Promise<ParkResult>;
  /** Brings the visitor into a room: its first marked member has answered (H9). */
  confer(settings: ConferSettings): Promise<RingResult>;
  /** Ends the visit with a SIP status to the bell, and a Q.850 cause; `text` is what the end says. */
  refuse(status: number, cause?: number, text?: string): void;
}

export interface Strategy {
  (ringing: Ringing): Promise<Outcome>;
  /** The name by which it is told of. */
  readonly called?: StrategyName;
}
