// What a flow does with a visit that goes on: lets it hear something, answers the bell, hangs up. Commands as a node or a
// message gives them.
import type { FromSchema } from "json-schema-to-ts";
import type { Clock } from "../clock.ts";
import { giveUp } from "../errors.ts";
import type { PlaybackEnd } from "../media/sound.ts";
import { readWav } from "../media/wav.ts";
import { checker } from "../schema.ts";
import { causeOf } from "../sip/causes.ts";
import { loadSound, soundFields } from "./sounds.ts";
import type { Visit } from "./visit.ts";

export const controlActions = ["play", "say", "stop", "answer", "hangup", "reject", "mute", "unmute"] as const;
export type ControlAction = (typeof controlActions)[number];

const schema = {
  type: "object",
  required: ["action"],
  properties: {
    action: { enum: controlActions },
    ...soundFields,
    loop: { type: "boolean", default: false },
    to: { enum: ["door", "answerer", "both"], default: "door" },
    by: { type: "string", minLength: 1, maxLength: 100 },
    status: { type: "integer", minimum: 400, maximum: 699, default: 486 },
  },
  additionalProperties: false,
} as const;

/**
 * `tone` (with `country`), `file` or `url` for `play`; `loop` and `to` for it and `say`; `to` for `mute`;
 * `by` for `answer`: who it counts as; `status` for `reject`.
 */
export type ControlCommand = FromSchema<typeof schema>;

/** @throws PorteroError `invalid`, naming the field */
export const checkControl = checker("call-control", schema);

export interface ControlResult {
  /** The action. Not by that name: what comes out of one node may go into the next, and is no command there. */
  readonly did: ControlAction;
  readonly reason: string;
  /** How a sound ended that was waited for. */
  readonly ended?: PlaybackEnd;
}

const howEnded: Readonly<Record<Exclude<PlaybackEnd, "codec" | "closed">, string>> = {
  finished: "heard to the end",
  stopped: "stopped before its end",
  replaced: "another sound took its place",
};

/**
 * Does it; a sound that does not go round is waited for. `wav` is a WAV file, for `say`, and for `play` in the place of a
 * named sound.
 * @throws PorteroError whatever is wrong, as a sentence
 */
export async function control(
  visit: Visit,
  command: ControlCommand,
  wav?: Uint8Array,
  clock?: Clock,
): Promise<ControlResult> {
  const { action, to, status, by } = command;
  switch (action) {
    case "play":
    case "say":
      return hear(visit, command, wav, clock);
    case "stop":
      visit.sounds.stop();
      return { did: action, reason: "nothing is played any more" };
    case "answer":
      await visit.answerAlone(by);
      return { did: action, reason: by === undefined ? "the bell's call is answered" : `answered by ${by}` };
    case "hangup":
      stillThere(visit);
      visit.stop("hung up by the flow");
      return { did: action, reason: "the visit is over" };
    case "reject":
      stillThere(visit);
      if (visit.state !== "ringing")
        throw giveUp("answered", "the visitor talks with somebody already and cannot be rejected: hang up instead");
      visit.refuse(status, causeOf(status));
      return { did: action, reason: `the bell was refused with ${status}` };
    case "mute":
    case "unmute":
      for (const who of to === "both" ? (["door", "answerer"] as const) : [to]) visit.mute(who, action === "mute");
      return { did: action, reason: action === "mute" ? "not heard any more" : "heard again" };
  }
}

async function hear(
  visit: Visit,
  { action, tone, country, file, url, loop, to }: ControlCommand,
  wav: Uint8Array | undefined,
  clock: Clock | undefined,
): Promise<ControlResult> {
  if (action === "say" && !wav)
    throw giveUp(
      "no-sound",
      "there is nothing to say: put the WAV file of a text-to-speech node into msg.payload, as a Buffer",
    );
  const named = {
    ...{ ...(tone !== undefined && { tone }), ...(country !== undefined && { country }) },
    ...{ ...(file !== undefined && { file }), ...(url !== undefined && { url }) },
  };
  const sound = wav ? readWav(wav, "the sound in the message") : await loadSound(named, clock);
  const playback = await visit.sounds.play(sound, { to, loop });
  if (loop) return { did: action, reason: "plays until it is stopped" };
  const ended = await playback.ended;
  if (ended === "codec")
    throw giveUp("no-codec", "the call changed to a codec in which nothing can be played: limit it to PCMA, PCMU");
  if (ended === "closed") throw giveUp("no-call", "the call ended before the sound did");
  return { did: action, reason: howEnded[ended], ended };
}

function stillThere(visit: Visit): void {
  if (visit.state === "ended") throw giveUp("no-call", "the visit is over already");
}
