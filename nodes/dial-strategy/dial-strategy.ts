// How a visit is answered: ring all targets at once, or redial until somebody answers. Thin: the strategies are in
// src/visit, this node reads settings and moves messages.
import { giveUp } from "../../src/errors.ts";
import type { Outcome, VisitEvent, VisitView } from "../../src/visit/messages.ts";
import type { RecordTo } from "../../src/visit/recording.ts";
import { soundNamed } from "../../src/visit/sounds.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import type { Visit } from "../../src/visit/visit.ts";
import type { Config, Message, Red, RedNode } from "../red.d.ts";
import { onClose, onInput, Sign, textOr, visitIdOf, visitOf } from "../shared.ts";

interface StrategyConfig extends Config {
  strategy?: string;
  targets?: string[];
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
  answerFirst?: boolean;
  /** What becomes of the conversation, and of a message that the visitor may leave. */
  record?: "off" | RecordTo;
  recordTone?: string;
  recordMinutes?: string;
  message?: "off" | RecordTo;
  messageSeconds?: string;
  greeting?: string;
}

const defaults = { seconds: 60, tries: 60, waitSeconds: 1, maxMinutes: 120 } as const;
type NumberName = keyof typeof defaults;

/** `"21, 0"` as `[21, 0]`. */
export const causesIn = (text: string | undefined): number[] =>
  (text ?? "21, 0")
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(Number);

/** What the visitor hears and how, as the dialog has it. */
function waitingIn({ sound, country, soundFile, answerFirst }: StrategyConfig): object {
  const file = textOr(soundFile);
  const tone = { tone: "ring-back", ...(textOr(country) !== undefined && { country }) };
  const heard = sound === "ring-back" ? tone : sound === "file" && file !== undefined ? soundNamed(file) : undefined;
  return { ...(heard && { sound: heard }), ...(answerFirst === true && { answerFirst }) };
}

/** What is recorded, as the dialog has it. */
function recordedIn(config: StrategyConfig): object {
  const { record = "off", message = "off" } = config;
  const number = (name: "recordTone" | "recordMinutes" | "messageSeconds", usual: number) =>
    Number(textOr(config[name]) ?? usual);
  const greeting = textOr(config.greeting);
  return {
    ...(record !== "off" && {
      ...{ record, recordToneSeconds: number("recordTone", 15), recordMinutes: number("recordMinutes", 60) },
    }),
    ...(message !== "off" && { messageTo: message, messageSeconds: number("messageSeconds", 60) }),
    ...(message !== "off" && greeting !== undefined && { greeting: soundNamed(greeting) }),
  };
}

/** The dialog's settings, evaluated for this message, with `msg.strategy` (a name, or some settings) laid over them. */
export async function settingsFor(RED: Red, node: RedNode, config: StrategyConfig, msg: Message): Promise<object> {
  const override = msg["strategy"];
  const over = typeof override === "string" ? { strategy: override } : ((override ?? {}) as Record<string, unknown>);
  const number = (name: NumberName) =>
    new Promise<number>((resolve, reject) => {
      const [value, type] = [textOr(config[name]), textOr(config[`${name}Type`]) ?? "num"];
      if (value === undefined) return resolve(defaults[name]);
      RED.util.evaluateNodeProperty(value, type, node, msg, (error, result) => {
        const found = result === undefined || result === null || result === "" ? defaults[name] : Number(result);
        if (!error && Number.isFinite(found)) return resolve(found);
        reject(giveUp("invalid", `dial-strategy: ${name} is not a number (${type} ${value})`));
      });
    });
  const strategy = textOr(over["strategy"]) ?? textOr(config.strategy) ?? "ring-all";
  const targets = (config.targets ?? []).map((target) => target.trim()).filter(Boolean);
  const common = { strategy, targets, seconds: await number("seconds"), ...waitingIn(config), ...recordedIn(config) };
  if (strategy !== "redial") return { ...common, ...over };
  const [tries, waitSeconds, maxMinutes] = [
    await number("tries"),
    await number("waitSeconds"),
    await number("maxMinutes"),
  ];
  return { ...common, tries, waitSeconds, maxMinutes, stopCauses: causesIn(config.stopCauses), ...over };
}

export default function (RED: Red): void {
  function DialStrategy(this: RedNode, config: StrategyConfig) {
    RED.nodes.createNode(this, config);
    const sign = new Sign(this);
    const closing = new AbortController();
    /** One for each message: a later one of the same visit takes its strategy over. */
    const running = new Set<{ readonly visit: Visit }>();

    const message = (msg: Message, event: string, visit: VisitView, payload: unknown): Message => ({
      ...msg,
      ...{ topic: `${visit.door}/${event}`, event, visit, payload },
    });
    const stop = (msg: Message) => {
      const visits = visitIdOf(msg) === undefined ? [...running] : [visitOf(RED, msg)];
      for (const { visit } of visits) visit.stop("stopped by the flow");
      sign.show("grey", "dot", "dial-strategy.status.stopped");
    };

    const say = (outcome: Outcome) => {
      if (outcome.result === "answered") {
        sign.show("green", "dot", RED._("dial-strategy.status.answered", { by: outcome.by ?? "" }));
      } else {
        sign.show("grey", "ring", `dial-strategy.status.${outcome.result}`);
      }
    };

    onInput(this, async (msg, send) => {
      if (msg.payload === "stop") return stop(msg);
      const { visit, switchboard } = visitOf(RED, msg);
      // A loop that is drawn with a delay ends here, when the visitor has gone meanwhile (H18).
      if (visit.state === "ended") {
        sign.show("grey", "dot", "dial-strategy.status.gone");
        return send([null, null, message(msg, "ended", visit.view(), { result: "cancelled", tries: 0, parties: [] })]);
      }
      const strategy = strategyOf(await settingsFor(RED, this, config, msg));
      const onVisit = (event: VisitEvent) => {
        if (event.visit.id !== visit.id || event.event !== "trying") return;
        sign.show("blue", "dot", RED._("dial-strategy.status.ringing", { attempt: event.visit.attempt }));
        send([null, null, message(msg, "trying", event.visit, event.payload)]);
      };
      switchboard.on("visit", onVisit);
      const mine = { visit };
      running.add(mine);
      let outcome: Outcome;
      try {
        outcome = await visit.answerBy(strategy, { signal: closing.signal });
      } finally {
        switchboard.off("visit", onVisit);
        running.delete(mine);
      }
      if (closing.signal.aborted) return;
      say(outcome);
      const view = visit.view();
      if (outcome.result === "answered") return send([message(msg, "answered", view, outcome), null, null]);
      // Nobody is left to be answered: a loop must not go round again.
      if (view.state === "ended") return send([null, null, message(msg, "ended", view, outcome)]);
      // Another message for the same visit has taken over: two loops must not take turns stopping each other.
      if (outcome.result === "stopped") return send([null, null, message(msg, "stopped", view, outcome)]);
      send([null, message(msg, "unanswered", view, outcome), null]);
    });

    // Only our ringing ends with us; a conversation goes on (a deploy must not cut a call).
    onClose(this, () => {
      closing.abort();
      sign.close();
    });
  }
  RED.nodes.registerType("dial-strategy", DialStrategy);
}
