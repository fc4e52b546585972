// The settings of a strategy as they stand in the dialog of dial-strategy, for one message.
import { giveUp } from "../../src/errors.ts";
import type { RecordTo } from "../../src/visit/sound/recording.ts";
import { soundNamed } from "../../src/visit/sound/sounds.ts";
import {
  strategyNames,
  asksForMessage,
  hasField,
  isPlace,
  usualOf,
  type StrategyField,
  type StrategyName,
} from "../../src/visit/strategies/usual.ts";
import type { Config, Message, Red, RedNode } from "../red.d.ts";
import { entriesIn, textOr } from "../fields.ts";

export interface StrategyConfig extends Config {
  strategy?: string;
  /** Numbers and addresses, or objects with what is special about one, as src/visit/ringing/target.ts has them. */
  targets?: (string | Record<string, unknown>)[];
  seconds?: string;
  secondsType?: string;
  tries?: string;
  triesType?: string;
  waitSeconds?: string;
  waitSecondsType?: string;
  maxMinutes?: string;
  maxMinutesType?: string;
  stopCauses?: string;
  /** What the visitor hears: nothing, "ring-back" of a country, or the "file" (or URL) named beside it. */
  sound?: "" | "ring-back" | "file";
  country?: string;
  soundFile?: string;
  /** What it hears between two tries: a file or a URL. */
  announcement?: string;
  answerFirst?: boolean;
  /** The ids of the places' config nodes. */
  parking?: string;
  conference?: string;
  /** What becomes of a parked visitor whom nobody fetches; blank: as its place says. */
  then?: string;
  /** What a bell is refused with. */
  status?: string;
  /** Settings of strategies, as `msg.strategy` has them. */
  steps?: object[];
  /** What becomes of the conversation, and of a message that the visitor may leave. */
  record?: "off" | RecordTo;
  recordTone?: string;
  recordMinutes?: string;
  message?: "off" | RecordTo;
  messageSeconds?: string;
  greeting?: string;
}

type NumberName = "seconds" | "tries" | "waitSeconds" | "maxMinutes";

/** `"21, 0"` as `[21, 0]`. */
export const causesIn = (text: string | undefined): number[] => entriesIn(text ?? "21, 0").map(Number);

const figures: ReadonlySet<string> = new Set(["delay", "seconds", "silentSeconds", "confirmSeconds"]);

/** Whom the list names: rows without a number are none; figures that were typed are numbers. */
function targetsIn(rows: StrategyConfig["targets"] = []): unknown[] {
  return rows.flatMap((row): unknown[] => {
    const target = textOr(typeof row === "string" ? row : row["target"]);
    if (target === undefined) return [];
    if (typeof row === "string") return [target];
    const set = Object.entries(row).flatMap(([name, value]) => {
      if (typeof value !== "string") return [[name, value] as const];
      const figure = figures.has(name) && !Number.isNaN(Number(value));
      return value.trim() === "" ? [] : [[name, figure ? Number(value) : value] as const];
    });
    return [{ ...Object.fromEntries(set), target }];
  });
}

/** What the visitor hears. */
function soundIn({ sound, country, soundFile }: StrategyConfig): object {
  const file = textOr(soundFile);
  const tone = { tone: "ring-back", ...(textOr(country) !== undefined && { country }) };
  const heard = sound === "ring-back" ? tone : sound === "file" && file !== undefined ? soundNamed(file) : undefined;
  return heard ? { sound: heard } : {};
}

const numberOf = (value: string | undefined, usual: number) => Number(textOr(value) ?? usual);

function recordIn({ record = "off", recordTone, recordMinutes }: StrategyConfig): object {
  if (record === "off") return {};
  return { record, recordToneSeconds: numberOf(recordTone, 15), recordMinutes: numberOf(recordMinutes, 60) };
}

function messageIn(config: StrategyConfig, strategy: StrategyName): object {
  const { message = "off", messageSeconds } = config;
  if (message === "off" && !asksForMessage(strategy, config.then)) return {};
  const greeting = textOr(config.greeting);
  return {
    ...{ messageTo: message === "off" ? "file" : message, messageSeconds: numberOf(messageSeconds, 60) },
    ...(greeting !== undefined && { greeting: soundNamed(greeting) }),
  };
}

/** A strategy knows a place by its name, which its config node says. */
function placeIn(RED: Red, id: string | undefined, what: string): object {
  if (textOr(id) === undefined) return {};
  const node = RED.nodes.getNode(id ?? "") as (RedNode & { place?: string }) | null | undefined;
  if (!node) throw giveUp("no-place", `dial-strategy: the ${what} was deleted or is disabled: choose one`);
  return node.place === undefined ? {} : { place: node.place };
}

/**
 * The dialog's settings, evaluated for this message, with `msg.strategy` (a name, or some settings) laid over them.
 * @throws PorteroError `invalid`, `no-place`
 */
export async function settingsFor(RED: Red, node: RedNode, config: StrategyConfig, msg: Message): Promise<object> {
  const override = msg["strategy"];
  const over = typeof override === "string" ? { strategy: override } : ((override ?? {}) as Record<string, unknown>);
  const wanted = textOr(over["strategy"]) ?? textOr(config.strategy) ?? "ring-all";
  const strategy = strategyNames.find((name) => name === wanted);
  // What is none of ours has a sentence later.
  if (strategy === undefined) return { ...over, strategy: wanted };
  const usual: Partial<Record<NumberName, number>> = isPlace(strategy) ? {} : { ...usualOf(strategy), maxMinutes: 120 };

  const number = (name: NumberName) =>
    new Promise<object>((resolve, reject) => {
      const blank = usual[name] === undefined ? {} : { [name]: usual[name] };
      const [value, type] = [textOr(config[name]), textOr(config[`${name}Type`]) ?? "num"];
      if (value === undefined) return resolve(blank);
      RED.util.evaluateNodeProperty(value, type, node, msg, (error, result) => {
        if (!error && (result === undefined || result === null || result === "")) return resolve(blank);
        if (!error && Number.isFinite(Number(result))) return resolve({ [name]: Number(result) });
        reject(giveUp("invalid", `dial-strategy: ${name} is not a number (${type} ${value})`));
      });
    });

  const read: Record<StrategyField, () => object | Promise<object>> = {
    targets: () => ({ targets: targetsIn(config.targets) }),
    seconds: () => number("seconds"),
    tries: () => number("tries"),
    waitSeconds: () => number("waitSeconds"),
    maxMinutes: () => number("maxMinutes"),
    stopCauses: () => ({ stopCauses: causesIn(config.stopCauses) }),
    sound: () => soundIn(config),
    answerFirst: () => (config.answerFirst === true ? { answerFirst: true } : {}),
    announcement: () => {
      const file = textOr(config.announcement);
      return file === undefined ? {} : { announcement: soundNamed(file) };
    },
    parking: () => placeIn(RED, config.parking, "parking place"),
    conference: () => placeIn(RED, config.conference, "conference room"),
    then: () => (textOr(config.then) === undefined ? {} : { then: config.then }),
    status: () => ({ status: numberOf(config.status, 603) }),
    steps: () => ({ steps: config.steps ?? [] }),
    record: () => recordIn(config),
    message: () => messageIn(config, strategy),
  };
  const found: object[] = [{ strategy }];
  for (const field of Object.keys(read) as StrategyField[])
    if (hasField(strategy, field)) found.push(await read[field]());
  return Object.assign({}, ...found, over) as object;
}
