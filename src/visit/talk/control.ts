// What a flow does with a visit that goes on: lets it hear something, answers the bell, hangs up. Commands as a node or a
// message gives them.
import type { FromSchema } from "json-schema-to-ts";
import type { Clock } from "../../clock.ts";
import { giveUp } from "../../errors.ts";
import type { PlaybackEnd, Sound } from "../../media/sound.ts";
import { readWav } from "../../media/wav.ts";
import { checker } from "../../schema.ts";
import { causeOf } from "../../sip/causes.ts";
import type { HandoverWish } from "./handover.ts";
import type { Recorded } from "../messages.ts";
import { tune } from "../places/music.ts";
import { loadSound, soundFields, type SoundSettings } from "../sound/sounds.ts";
import { Talk, type Side } from "./talk.ts";
import { checkTarget, targetSchema } from "../ringing/target.ts";
import type { Visit } from "../visit.ts";

export const controlActions = [
  ...(["answer", "reject", "hangup"] as const),
  ...(["play", "say", "stop"] as const),
  ...(["mute", "unmute", "hold", "unhold"] as const),
  ...(["transfer", "consult", "complete", "back", "invite", "park", "fetch"] as const),
  ...(["record", "record-stop"] as const),
] as const;
export type ControlAction = (typeof controlActions)[number];

const schema = {
  type: "object",
  required: ["action"],
  properties: {
    action: { enum: controlActions },
    ...soundFields,
    loop: { type: "boolean", default: false },
    silent: { type: "boolean", default: false },
    to: { enum: ["door", "answerer", "both"], default: "door" },
    by: { type: "string", minLength: 1, maxLength: 100 },
    status: { type: "integer", minimum: 400, maximum: 699, default: 486 },
    targets: { type: "array", items: targetSchema, minItems: 1, maxItems: 100 },
    seconds: { type: "number", minimum: 1, maximum: 3600 },
    place: { type: "string", minLength: 1, maxLength: 100 },
    recordTo: { enum: ["file", "flow"], default: "file" },
    recordToneSeconds: { type: "number", minimum: 0, maximum: 3600, default: 15 },
    recordMinutes: { type: "number", minimum: 0.01, maximum: 240, default: 60 },
  },
  additionalProperties: false,
} as const;

/**
 * `tone` (with `country`), `file` or `url` for `play`, and for what one hears who is held or waits,
 * unless that is `silent`; `loop` and `to` for `play`
 * and `say`; `to` for `mute` and `hold`; `by` for `answer`: who it counts as; `status` for `reject`; `targets` and `seconds` for
 * `transfer`, `consult`, `invite` and `fetch`; `place` and `seconds` for `park`; `record…` for `record`.
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
  /** Where the visitor is parked. */
  readonly slot?: string;
  /** Who has the visitor now, or is consulted. */
  readonly by?: string;
  /** What was recorded, but for the sound itself. */
  readonly recorded?: Omit<Recorded, "wav">;
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
  const whom = to === "both" ? (["door", "answerer"] as const) : [to];
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
      for (const who of whom) visit.talk.mute(who, action === "mute");
      return { did: action, reason: action === "mute" ? "not heard any more" : "heard again" };
    case "hold":
      return hold(visit, whom, await musicOf(command, wav, clock));
    case "unhold":
      for (const who of whom) await two(visit).unhold(who);
      return { did: action, reason: "the two hear each other again" };
    case "transfer": {
      const who = await two(visit).handover.transfer(toWhom(command));
      return { did: action, reason: `${who} has the visitor`, by: who };
    }
    case "consult": {
      const wish = toWhom(command);
      const who = await two(visit).handover.consult(wish, await musicOf(command, wav, clock));
      return { did: action, reason: `${who} is asked first, and the visitor waits`, by: who };
    }
    case "complete": {
      const who = two(visit).handover.complete();
      return { did: action, reason: `${who} has the visitor`, by: who };
    }
    case "back":
      two(visit).handover.back();
      return { did: action, reason: "all is as it was before" };
    case "invite": {
      const who = await visit.invite(toWhom(command));
      return { did: action, reason: `${who} talks along`, by: who };
    }
    case "park":
    case "fetch":
      return parking(visit, command);
    case "record":
    case "record-stop":
      return record(visit, command);
  }
}

async function hold(visit: Visit, whom: readonly Side[], sound: Sound | undefined): Promise<ControlResult> {
  const held = await Promise.all(whom.map((who) => two(visit).hold(who, sound)));
  const silence = held.find((one) => one.silence !== undefined)?.silence;
  const reason = held.every(({ told }) => told)
    ? "on hold"
    : "on hold here: neither hears the other, but the device did not take part in it";
  return { did: "hold", reason: silence === undefined ? reason : `${reason}, in silence: ${silence}` };
}

const ringSeconds = 30;

async function parking(visit: Visit, command: ControlCommand): Promise<ControlResult> {
  const { action, place, seconds } = command;
  if (action === "fetch") {
    const wish = toWhom(command);
    const who = await visit.parking.fetch(wish.targets, wish.seconds);
    return { did: action, reason: `${who} has the visitor`, by: who };
  }
  const music = named(command);
  const slot = await visit.parking.park({
    ...{ ...(place !== undefined && { place }), ...(seconds !== undefined && { seconds }), ...(music && { music }) },
  });
  return { did: action, reason: `parked at ${slot}`, slot };
}

async function record(visit: Visit, command: ControlCommand): Promise<ControlResult> {
  const { action: did, recordTo: to, recordToneSeconds: toneSeconds, recordMinutes } = command;
  if (did === "record") {
    await two(visit).record({ to, toneSeconds, seconds: 60 * recordMinutes });
    return { did, reason: "the conversation is recorded" };
  }
  const { wav: _, ...recorded } = (await two(visit).stopRecording()) ?? {};
  if (!("kind" in recorded)) return { did, reason: "nothing was said, so nothing is kept" };
  return { did, reason: `${Math.round(recorded.seconds)} s are recorded`, recorded };
}

function toWhom({ action, targets, seconds = ringSeconds }: ControlCommand): HandoverWish {
  targets?.forEach(checkTarget);
  if (targets) return { targets, seconds };
  const data = { field: "targets" };
  throw giveUp("invalid", `call-control: ${action} needs targets: numbers or addresses, such as ["6002"]`, { data });
}

/** What one hears who waits: the sound that the command names or brings, else a quiet tune; nothing where it is to be silent. */
async function musicOf(
  command: ControlCommand,
  wav: Uint8Array | undefined,
  clock: Clock | undefined,
): Promise<Sound | undefined> {
  return command.silent ? undefined : ((await soundOf(command, wav, clock)) ?? tune);
}

/** The sound that a command names or brings with it; none where it does neither. */
function soundOf(
  command: ControlCommand,
  wav: Uint8Array | undefined,
  clock: Clock | undefined,
): Promise<Sound> | undefined {
  if (wav) return Promise.resolve(readWav(wav, "the sound in the message"));
  const sound = named(command);
  return sound && loadSound(sound, clock);
}

function named({ tone, country, file, url }: ControlCommand): SoundSettings | undefined {
  if (tone === undefined && file === undefined && url === undefined) return undefined;
  return {
    ...{ ...(tone !== undefined && { tone }), ...(country !== undefined && { country }) },
    ...{ ...(file !== undefined && { file }), ...(url !== undefined && { url }) },
  };
}

async function hear(
  visit: Visit,
  command: ControlCommand,
  wav: Uint8Array | undefined,
  clock: Clock | undefined,
): Promise<ControlResult> {
  const { action, loop, to } = command;
  if (action === "say" && !wav)
    throw giveUp(
      "no-sound",
      "there is nothing to say: put the WAV file of a text-to-speech node into msg.payload, as a Buffer",
    );
  const sound = await (soundOf(command, wav, clock) ?? loadSound({}));
  const playback = await visit.sounds.play(sound, { to, loop });
  if (loop) return { did: action, reason: "plays until it is stopped" };
  const ended = await playback.ended;
  if (ended === "codec")
    throw giveUp(
      "no-codec",
      "the call changed to a codec in which nothing can be played: limit it to PCMA, PCMU, G722",
    );
  if (ended === "closed") throw giveUp("no-call", "the call ended before the sound did");
  return { did: action, reason: howEnded[ended], ended };
}

/** The talk of a visitor with one other. @throws PorteroError `no-call`, `conference` */
function two({ talk }: Visit): Talk {
  if (talk instanceof Talk) return talk;
  throw giveUp("conference", "the visitor is in a conference, where that cannot be done: mute, or invite somebody");
}

function stillThere(visit: Visit): void {
  if (visit.state === "ended") throw giveUp("no-call", "the visit is over already");
}
