// Opens the door, or sends digits to a party of the call. Each input leaves by exactly one output, with the reason.
import { dtmfMethods, isDigits, timingLimits, type DtmfMethod } from "../../src/dtmf.ts";
import { giveUp, sentence } from "../../src/errors.ts";
import { checker } from "../../src/schema.ts";
import type { DigitWish } from "../../src/visit/talk/digits.ts";
import type { Config, Message, Red, RedNode } from "../red.d.ts";
import { onClose, onInput, Sign } from "../running.ts";
import { doorNode, doorOf, visitIdOf, visitOf } from "../found.ts";
import { numberIn, textOr } from "../fields.ts";

interface DtmfConfig extends Config {
  mode?: "open" | "digits";
  door?: string;
  /** Empty: the door's first. */
  relay?: string;
  digits?: string;
  digitsType?: string;
  to?: "door" | "answerer";
  /** "" = as the device is set. */
  method?: DtmfMethod | "";
  duration?: string;
  gap?: string;
}

const milliseconds = ([minimum, maximum]: readonly [number, number]) =>
  ({ type: "integer", minimum, maximum }) as const;

/** `msg.dtmf`: what goes before the dialog. */
const checkWish = checker("dtmf-out: msg.dtmf", {
  type: "object",
  additionalProperties: false,
  properties: {
    digits: { type: ["string", "integer"] },
    to: { enum: ["door", "answerer"] },
    method: { enum: dtmfMethods },
    durationMs: milliseconds(timingLimits.durationMs),
    gapMs: milliseconds(timingLimits.gapMs),
  },
});

/** `msg.as`: on whose behalf. In the name of a code opens who has its digits: door-code. */
const checkAs = checker("dtmf-out: msg.as", {
  type: "object",
  required: ["kind", "name"],
  additionalProperties: false,
  properties: {
    kind: { enum: ["extension", "account", "page", "mqtt", "flow"] },
    name: { type: "string", minLength: 1, maxLength: 200 },
  },
} as const);

/** The dialog's number; what is wrong with one is said as of a message's. */

export default function (RED: Red): void {
  function DtmfOut(this: RedNode, config: DtmfConfig) {
    RED.nodes.createNode(this, config);
    const door = doorNode(RED, config.door);
    const sign = new Sign(this, [door?.health]);

    const chosen = (msg: Message) =>
      new Promise<unknown>((resolve, reject) => {
        const [value, type] = [config.digits ?? "payload", config.digitsType ?? "msg"];
        RED.util.evaluateNodeProperty(value, type, this, msg, (error, result) =>
          error ? reject(error) : resolve(result),
        );
      });
    const digitsFor = async (msg: Message, own: string | number | undefined): Promise<string> => {
      const result = own ?? (await chosen(msg).catch(() => undefined));
      const digits = typeof result === "string" || typeof result === "number" ? String(result) : "";
      if (digits.length <= 64 && isDigits(digits)) return digits;
      const where =
        own === undefined ? `${config.digitsType ?? "msg"} ${config.digits ?? "payload"}` : "msg.dtmf.digits";
      throw giveUp("invalid", `dtmf-out: ${where} holds no digits to send (0-9 A-D * # and , for a pause)`);
    };
    const wishOf = (msg: Message): DigitWish & { digits?: string | number } => {
      const { method, to } = config;
      const [durationMs, gapMs] = [numberIn(config.duration), numberIn(config.gap)];
      const dialog = {
        ...(to && { to }),
        ...(method && { method }),
        ...(durationMs === undefined ? {} : { durationMs }),
        ...(gapMs === undefined ? {} : { gapMs }),
      };
      return checkWish({ ...dialog, ...(checkWish(msg["dtmf"] ?? {}) as object) });
    };

    const open = async (msg: Message): Promise<{ ok: boolean; reason: string }> => {
      const found = doorOf(RED, msg, config.door);
      const visit = visitIdOf(msg);
      const id = textOr(msg["id"]);
      const relay = textOr(msg["relay"]) ?? textOr(config.relay);
      return await found.switchboard.open({
        ...{ door: found.door, by: textOr(msg["by"]) ?? textOr(config.name) ?? "flow" },
        ...(id === undefined ? {} : { id }),
        ...(visit === undefined ? {} : { visit }),
        ...(relay === undefined ? {} : { relay }),
        as: checkAs(msg["as"] ?? { kind: "flow", name: textOr(config.name) ?? "flow" }),
      });
    };
    const digits = async (msg: Message): Promise<{ ok: boolean; reason: string }> => {
      const { visit, switchboard } = visitOf(RED, msg);
      const { digits: own, ...wish } = wishOf(msg);
      const text = await digitsFor(msg, own);
      await switchboard.sendDtmf(visit.view().id, text, wish);
      return { ok: true, reason: `${text.length} digits sent` };
    };

    onInput(this, async (msg, send) => {
      const isOpening = config.mode !== "digits";
      sign.show("blue", "dot", isOpening ? "dtmf-out.status.opening" : "dtmf-out.status.sending");
      // A failure is a message of its own on the second output, so that a flow can tell the visitor.
      const result = await (isOpening ? open(msg) : digits(msg)).catch((error: unknown) => {
        return { ok: false, reason: sentence(error) };
      });
      if (result.ok) sign.show("green", "dot", isOpening ? "dtmf-out.status.opened" : "dtmf-out.status.sent");
      else sign.show("red", "ring", result.reason);
      const event = result.ok ? (isOpening ? "opened" : "sent") : "refused";
      const answer = { ...msg, event, payload: result };
      send(result.ok ? [answer, null] : [null, answer]);
    });
    onClose(this, () => sign.close());
  }
  RED.nodes.registerType("dtmf-out", DtmfOut);
}
