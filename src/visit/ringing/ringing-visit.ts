// What the verbs of a strategy need of the visit that they look for an answer to.
import type { DoorSettings } from "../../door/door.ts";
import type { Recorded } from "../messages.ts";
import type { ParkedView } from "../places/parking.ts";
import type { RoomTalk } from "../places/room-talk.ts";
import type { BellLine } from "../presses/bell-line.ts";
import type { Announcements } from "../sound/announcement.ts";
import type { CallRecorder, TapeName } from "../sound/recording.ts";
import type { Leg } from "../talk/leg.ts";
import type { TalkVisit } from "../talk/talk.ts";
import type { ForkResult } from "./fork.ts";
import type { Caller } from "./host.ts";
import type { Running } from "./running.ts";
import type { Target } from "./target.ts";

export interface RingingVisit {
  readonly running: Running;
  readonly signal: AbortSignal;
  readonly line: BellLine;
  readonly door: Pick<DoorSettings, "id" | "name">;
  readonly sounds: Announcements;
  readonly recorder: CallRecorder;
  caller(): Caller;
  /** Answers the bell's call, though nobody has. Rejects with a sentence. */
  answer(): Promise<void>;
  /** Tells that these are rung; gives which try it is. */
  ring(targets: readonly Target[]): number;
  /** Joins the winner and the bell; false where it came too late. */
  connect(winner: Leg): Promise<boolean>;
  tried(attempt: number, result: ForkResult): void;
  nameOf(kind: Recorded["kind"]): TapeName;
  recorded(recorded: Recorded): void;
  /** What a talk needs of the visit. */
  talk(): TalkVisit;
  /** Somebody is in the room where the bell waits: they talk; false where it came too late. */
  meet(talk: RoomTalk, by: Leg): boolean;
  /** Tells where the visitor is parked; nothing: not any more. */
  readonly parked: (view: ParkedView | undefined) => void;
  /** Ends the visit. */
  refuse(status: number, cause?: number, text?: string): void;
}
