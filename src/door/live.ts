// How a door's film is shown, and when it is kept.
import type { Form } from "../schema.ts";

/** Their fields, for a JSON schema. */
export const liveFields = {
  /** The film goes on for so many seconds after the last viewer has left; 30 where it is absent. */
  liveWarm: { type: "number", minimum: 5, maximum: 3600 },
  /** It goes on always: what is shown and taken is there at once, and from before a press. */
  liveAlways: { type: "boolean" },
  /** With the camera's sound, for who listens in the browser and in clips; without where it is absent. */
  liveSound: { type: "boolean" },
  /** A clip of each press, so many seconds of it long; none where it is absent or 0. */
  clipSeconds: { type: "number", minimum: 0, maximum: 60 },
} as const;

export type LiveSettings = Form<typeof liveFields>;

export const liveAdvice: Readonly<Record<keyof LiveSettings, string>> = {
  liveWarm: "enter seconds from 5 to 3600, or leave it empty for 30",
  liveAlways: "switch it on or off",
  liveSound: "switch it on or off",
  clipSeconds: "enter seconds from 0 (no clip) to 60, or leave it empty",
};

// Of what was seen before a press a clip has so much, where the film goes on always.
const beforeMs = 5_000;

/** The same in milliseconds. */
export interface LiveRules {
  readonly warmMs: number;
  readonly always: boolean;
  readonly keepMs: number;
  /** Of a press's clip: before and after it. */
  readonly clip: { readonly beforeMs: number; readonly afterMs: number } | undefined;
}

export const liveRules = ({ liveWarm = 30, liveAlways = false, clipSeconds = 0 }: LiveSettings): LiveRules => ({
  warmMs: liveWarm * 1000,
  always: liveAlways,
  keepMs: liveAlways ? 2 * beforeMs : 0,
  clip: clipSeconds > 0 ? { beforeMs: liveAlways ? beforeMs : 0, afterMs: clipSeconds * 1000 } : undefined,
});
