// What ends the talks of a door by itself: its opening, their length, or silence.
import type { Form } from "../schema.ts";

/** Their fields, for a JSON schema. */
export const talkFields = {
  /** Both are hung up on so many seconds after the door was opened in the talk; not at all where it is absent. */
  hangUpAfterOpening: { type: "number", minimum: 0, maximum: 600 },
  /** Minutes; 0 = as long as they like. An hour where it is absent: a phone that lies beside its rest gives the door back. */
  longestTalk: { type: "number", minimum: 0, maximum: 1440 },
  /** A talk of which nothing is heard for so many seconds is over; 0 = it is not; as the media engine has it where it is absent. */
  mediaTimeout: { type: "number", minimum: 0, maximum: 3600 },
} as const;

export type TalkSettings = Form<typeof talkFields>;

export const talkAdvice: Readonly<Record<keyof TalkSettings, string>> = {
  hangUpAfterOpening: "enter seconds from 0 to 600, or leave it empty: it is not hung up then",
  longestTalk: "enter minutes from 0 (no limit) to 1440, or leave it empty for 60",
  mediaTimeout: "enter seconds from 0 (never) to 3600, or leave it empty for 15",
};

const usualMinutes = 60;

/** The same in milliseconds; `undefined` = never. */
export interface TalkRules {
  readonly hangUpAfterMs: number | undefined;
  readonly longestMs: number | undefined;
  /** 0 = never, `undefined` = as the media engine has it. */
  readonly silenceMs: number | undefined;
}

export const talkRules = ({
  hangUpAfterOpening,
  longestTalk = usualMinutes,
  mediaTimeout,
}: TalkSettings): TalkRules => ({
  hangUpAfterMs: hangUpAfterOpening === undefined ? undefined : hangUpAfterOpening * 1000,
  longestMs: longestTalk === 0 ? undefined : longestTalk * 60_000,
  silenceMs: mediaTimeout === undefined ? undefined : mediaTimeout * 1000,
});
