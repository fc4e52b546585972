// What an extension means: from what it does, one after the other, to one strategy with what happens before and after it.
import { runExtension, type Act, type Dialling, type Plan, type Run } from "./run.ts";
import type { Extension } from "./plan.ts";
import type { Report } from "./report.ts";
import type { Called } from "./dial.ts";

/** Settings of one strategy, as dial-strategy and its `steps` take them. */
export interface Settings {
  readonly strategy: string;
  readonly targets?: readonly (
    string | { readonly target: string; readonly account?: string; readonly name?: string }
  )[];
  readonly seconds?: number;
  readonly tries?: number;
  readonly waitSeconds?: number;
  readonly stopCauses?: readonly number[];
  readonly maxMinutes?: number;
  readonly announcement?: string;
  readonly status?: number;
}

/** Something that a node does before the strategy, or when nobody has answered. */
export type Control =
  | { readonly do: "answer" }
  | { readonly do: "play"; readonly file: string }
  | { readonly do: "tone"; readonly tone: string }
  | { readonly do: "digits"; readonly digits: string }
  | { readonly do: "hangup" };

export interface Branch {
  readonly extension: Extension;
  readonly before: readonly Control[];
  /** One after the other until somebody has answered; `park` and `conference` name no place yet. */
  readonly steps: readonly Settings[];
  readonly after: readonly Control[];
  readonly sound: boolean;
  readonly answerFirst: boolean;
  readonly record: boolean;
  readonly message: boolean;
  /** Dialled by phones: it fetches a parked bell, or is a member of a conference. */
  readonly fetches?: { readonly slot: string };
  readonly room?: { readonly name: string; readonly bridge: string; readonly user: string };
}

/** The causes of Q.850 that calls of phones end with here (H10), and those that a dial plan likes to ask for. */
const causes: readonly number[] = [19, 18, 20, 3, 17, 1, 34, 27, 38, 21, 16, 0];
/** H18: a loop that nobody ends ends after this. */
const longestMinutes = 120;
/** Asterisk rings until the visitor gives up; a strategy rings a minute. */
const mostSteps = 20;
const statuses: Readonly<Record<number, number>> = {
  1: 404,
  3: 404,
  16: 603,
  17: 486,
  18: 480,
  19: 480,
  20: 480,
  21: 603,
  34: 503,
};

const statusFor = (cause: number | undefined): number => statuses[cause ?? 16] ?? 603;

/** Runs an extension under every cause and says what it means. */
export function branchOf(plan: Plan, extension: Extension): Branch {
  const { report } = plan;
  const first = runExtension(plan, extension, { cause: 19, untilRepeat: true });
  const again = first.asksOutcome
    ? causes.filter((cause) => isLooped(runExtension(plan, extension, { cause, untilRepeat: true })))
    : causes;
  const run = runExtension(plan, extension, { cause: again[0] ?? 19 });
  // What is done after one cause only is no part of the strategy.
  if (first.asksOutcome)
    for (const cause of causes.filter((one) => !again.includes(one)))
      nameOthers(run, runExtension(plan, extension, { cause }), cause, report);
  const stops = first.asksOutcome ? causes.filter((cause) => !again.includes(cause)) : [];
  return describe(extension, run, stops, report);
}

const isDial = (act: Act): act is Act & Dialling => act.do === "dial";

/** Whether a Dial is reached a second time. */
const isLooped = ({ acts }: Run): boolean => {
  const at = acts.filter(isDial).map((act) => act.at);
  return new Set(at).size < at.length;
};

function nameOthers(usual: Run, other: Run, cause: number, report: Report): void {
  const known = new Set(usual.acts.map(({ at }) => at));
  for (const { at, do: what } of other.acts)
    if (!known.has(at) && what !== "wait" && what !== "hangup")
      report.leave(
        at,
        `it is done after some causes only, such as ${cause}: draw it behind "unanswered", by msg.payload.result`,
      );
}

function describe(extension: Extension, run: Run, stops: readonly number[], report: Report): Branch {
  const { acts } = run;
  const from = acts.findIndex(isDial);
  const to = acts.findLastIndex(isDial);
  const before = from < 0 ? acts : acts.slice(0, from);
  const after = from < 0 ? [] : acts.slice(to + 1);
  const ends = acts.at(-1);
  const has = (what: Act["do"]) => acts.some((act) => act.do === what);
  const rung = from < 0 ? [] : stepsOf(acts.slice(from, to + 1), run, stops, extension, report);
  const last =
    ends?.do === "park" || ends?.do === "confer" ? [{ strategy: ends.do === "park" ? "park" : "conference" }] : [];
  const refused =
    from < 0 && ends?.do === "hangup" && acts.every(({ do: what }) => what === "wait" || what === "hangup");
  const isRinging = has("tone") || acts.some((act) => act.do === "dial" && act.dial.sound !== undefined);
  const music = acts.find(
    (act) => (act.do === "tone" && act.tone === "music") || (act.do === "dial" && act.dial.sound === "music"),
  );
  if (music)
    report.note(
      `Line ${music.at.number}: instead of music on hold the visitor hears ring-back; choose a WAV file in the dialog of the strategy.`,
    );
  const answered = before.some((act) => act.do === "answer");
  const heard = controlsOf(before);
  const steps = [...rung, ...last, ...(refused ? [{ strategy: "refuse", status: statusFor(ends.cause) }] : [])];
  return {
    extension,
    before: [...(answered && (steps.length === 0 || heard.length > 0) ? [{ do: "answer" } as const] : []), ...heard],
    steps,
    after: [...controlsOf(after), ...(last.length === 0 && !refused ? [{ do: "hangup" } as const] : [])],
    sound: isRinging && rung.length > 0,
    answerFirst: answered && rung.length > 0,
    record: has("record"),
    message: has("message"),
    ...(ends?.do === "fetch" && { fetches: { slot: ends.slot } }),
    ...(ends?.do === "confer" && { room: { name: ends.room, bridge: ends.bridge, user: ends.user } }),
  };
}

function controlsOf(acts: readonly Act[]): Control[] {
  return acts.flatMap((act): Control[] => {
    if (act.do === "sound") return act.files.map((file) => ({ do: "play", file: wav(file) }));
    if (act.do === "tone" && ["busy", "congestion", "special-information"].includes(act.tone))
      return [{ do: "tone", tone: act.tone }];
    return act.do === "digits" ? [{ do: "digits", digits: act.digits }] : [];
  });
}

/** Asterisk's sounds have no ending in a dial plan, and no folder. */
const wav = (file: string): string => (/\.\w{2,4}$/.test(file) ? file : `${file}.wav`);

/** What is rung one after the other; one Dial that comes again and again is a loop. */
function stepsOf(
  acts: readonly Act[],
  run: Run,
  stops: readonly number[],
  extension: Extension,
  report: Report,
): Settings[] {
  const groups: { first: Act & Dialling; count: number; waits: number }[] = [];
  let waited = 0;
  for (const act of acts) {
    if (act.do === "wait") waited += act.seconds;
    if (!isDial(act)) continue;
    const last = groups.at(-1);
    if (last?.first.at === act.at && same(targetsOf(last.first), targetsOf(act))) {
      last.count++;
      last.waits = waited;
    } else groups.push({ first: act, count: 1, waits: 0 });
    waited = 0;
  }
  const { number } = extension;
  const isLoop = run.isEndless && groups.length === 1;
  if (run.isEndless && groups.length > 1)
    report.note(
      `Line ${number}: the loop goes through several Dials; it is made once. Wire "unanswered" back, through a delay, for more.`,
    );
  const rounds = run.isEndless && groups.length > 1 ? oneRound(groups) : groups;
  if (rounds.length > mostSteps)
    report.note(`Line ${number}: ${rounds.length} Dials follow each other; the first ${mostSteps} are taken over.`);
  return rounds.slice(0, mostSteps).map(({ first, count, waits }) => {
    const { dial, retry } = first;
    const targets = targetsOf(first);
    const common = { targets, ...(dial.seconds !== undefined && { seconds: dial.seconds }) };
    const isPlain = targets.length === 0 || (targets.length === 1 && targets[0] === extension.name);
    if (dial.seconds === undefined && !(isPlain && count === 1))
      report.note(`Line ${first.at.number}: Dial has no time: each try rings 60 seconds.`);
    if (retry) return retryDial(common, retry);
    if (count === 1 && !isLoop) return { strategy: "ring-all", ...common };
    const waitSeconds = waitBetween(waits);
    if (waits === 0)
      report.note(
        `Line ${first.at.number}: the loop does not wait between its tries, and spins where nobody is registered: here it waits one second.`,
      );
    if (isLoop && stops.length === 0) {
      report.note(
        `Line ${first.at.number}: the loop ends only when somebody answers. Here it also ends when the visitor gives up, and after ${longestMinutes} minutes.`,
      );
      return { strategy: "until-answered", ...common, waitSeconds, maxMinutes: longestMinutes };
    }
    const tries = isLoop ? 0 : triesMeant(count, first, extension, report);
    return { strategy: "redial", ...common, tries, waitSeconds, stopCauses: stops };
  });
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** H17: no loop goes round without a rest. */
const waitBetween = (seconds: number): number => (seconds > 0 ? Math.min(3600, Math.max(0.5, seconds)) : 1);

function oneRound<T extends { first: Act & Dialling }>(groups: readonly T[]): T[] {
  const end = groups.findIndex(({ first }, index) => index > 0 && first.at === groups[0]?.first.at);
  return groups.slice(0, end < 0 ? groups.length : end);
}

function retryDial(common: object, { announcement, seconds, tries }: NonNullable<Dialling["retry"]>): Settings {
  return {
    ...{ strategy: "retry-dial", ...common, tries, waitSeconds: waitBetween(seconds) },
    ...(tries === 0 && { maxMinutes: longestMinutes }),
    ...(announcement !== "" && { announcement: wav(announcement) }),
  };
}

/** H11: `COUNT < 60` from 1 on makes 59 tries, and 60 are meant. */
function triesMeant(count: number, { at }: Act, extension: Extension, report: Report): number {
  const conditions = extension.steps.filter(({ app }) => app === "while" || app === "gotoif" || app === "execif");
  const says = conditions.find(({ args }) => new RegExp(`(?<!\\d)${count + 1}(?!\\d)`).test(args));
  if (!says) return count;
  report.note(
    `Line ${says.number}: the loop says ${count + 1} and makes ${count} tries (line ${at.number}): here there are ${count + 1}.`,
  );
  return count + 1;
}

function targetsOf({ dial: { called }, name }: Dialling): NonNullable<Settings["targets"]>[number][] {
  return called.map(({ target, account }: Called) =>
    account === undefined && name === undefined
      ? target
      : { target, ...(account !== undefined && { account }), ...(name !== undefined && { name }) },
  );
}
