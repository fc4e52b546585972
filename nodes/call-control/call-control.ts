// Does something with a visit: plays a sound, answers the bell, hangs up. Each input leaves by exactly one output, with the
// reason. Thin: what the commands do is in src/visit.
import { giveUp, sentence } from "../../src/errors.ts";
import { checkControl, control, controlActions, type ControlCommand } from "../../src/visit/talk/control.ts";
import { soundNamed } from "../../src/visit/sound/sounds.ts";
import type { Config, Message, Red, RedNode } from "../red.d.ts";
import { onClose, onInput, Sign } from "../running.ts";
import { visitOf } from "../found.ts";
import { namesIn, numberOr, textOr } from "../fields.ts";

interface ControlConfig extends Config {
  action?: string;
  sound?: string;
  country?: string;
  source?: string;
  sourceType?: string;
  loop?: boolean;
  to?: string;
  status?: string;
  by?: string;
  /** Numbers and addresses, with commas between. */
  targets?: string;
  /** Id of a parking-place; the only one where it is absent. */
  parking?: string;
  seconds?: string;
  recordTo?: string;
  recordToneSeconds?: string;
  recordMinutes?: string;
}

type Fields = Record<string, unknown>;

/** The command in `msg.payload`: an action's name, or an object with one; nothing where the dialog's is meant. */
export function commandIn(msg: Message): Fields | undefined {
  const { payload } = msg;
  if (typeof payload === "string" && (controlActions as readonly string[]).includes(payload.trim().toLowerCase()))
    return { action: payload.trim().toLowerCase() };
  const isCommand = typeof payload === "object" && payload !== null && "action" in payload;
  return isCommand ? { ...(payload as Fields) } : undefined;
}

/** What the dialog asks for. */
function fieldsOf(RED: Red, config: ControlConfig): Fields {
  const targets = namesIn(config.targets);
  const by = textOr(config.by);
  // A place is known by its name, which its config node says.
  const { place } = (RED.nodes.getNode(config.parking ?? "") ?? {}) as { place?: string };
  if (config.action === "park" && textOr(config.parking) !== undefined && place === undefined)
    throw giveUp("no-place", "call-control: the parking place was deleted or is disabled: choose one");
  return {
    ...{ action: config.action ?? "play", loop: config.loop === true, to: config.to ?? "door" },
    ...{
      status: numberOr(config.status, 486),
      ...(textOr(config.seconds) !== undefined && { seconds: numberOr(config.seconds, 30) }),
    },
    ...{ recordTo: config.recordTo ?? "file", recordToneSeconds: numberOr(config.recordToneSeconds, 15) },
    recordMinutes: numberOr(config.recordMinutes, 60),
    ...(by !== undefined && { by }),
    ...(targets.length > 0 && { targets }),
    ...(place !== undefined && { place }),
  };
}

export default function (RED: Red): void {
  function CallControl(this: RedNode, config: ControlConfig) {
    RED.nodes.createNode(this, config);
    const sign = new Sign(this);
    let isClosed = false;

    const [source, sourceType] = [textOr(config.source) ?? "payload", textOr(config.sourceType) ?? "msg"];
    const soundIn = (msg: Message) =>
      new Promise<unknown>((resolve, reject) => {
        RED.util.evaluateNodeProperty(source, sourceType, this, msg, (error, result) => {
          if (error)
            reject(giveUp("invalid", `call-control: ${sourceType} ${source} cannot be read`, { cause: error }));
          else resolve(result);
        });
      });

    /** The command of the dialog, with that of the message laid over it; and the WAV file that goes with it. */
    const commandFor = async (msg: Message): Promise<{ command: ControlCommand; wav?: Uint8Array }> => {
      const fields: Fields = { ...fieldsOf(RED, config), ...commandIn(msg) };
      const { action } = fields;
      const isNamed = ["tone", "file", "url"].some((name) => fields[name] !== undefined);
      const waits = action === "hold" || action === "consult";
      if (isNamed || (action !== "play" && action !== "say" && !waits)) return { command: checkControl(fields) };
      const tone = textOr(config.sound) ?? "ring-back";
      const country = textOr(config.country);
      // A message that asks for it is not that of a node which is set to something else.
      if (waits && (config.action !== action || tone === "tune" || tone === "none"))
        return { command: checkControl({ silent: config.action === action && tone === "none", ...fields }) };
      if (action !== "say" && tone !== "file")
        return { command: checkControl({ tone, ...(country !== undefined && { country }), ...fields }) };
      const found = await soundIn(msg);
      if (found instanceof Uint8Array) return { command: checkControl(fields), wav: found };
      // The command itself is no sound.
      const text = found === msg.payload && commandIn(msg) ? undefined : textOr(found);
      if (text !== undefined)
        return {
          command: checkControl({ ...fields, ...(action === "say" && { action: "play" }), ...soundNamed(text) }),
        };
      throw giveUp(
        "no-sound",
        `call-control: ${sourceType} ${source} holds no sound: put a WAV file there as a Buffer, its path, or its URL`,
      );
    };

    onInput(this, async (msg, send) => {
      let action: unknown = commandIn(msg)?.["action"] ?? config.action;
      try {
        const { visit, switchboard } = visitOf(RED, msg);
        const { command, wav } = await commandFor(msg);
        action = command.action;
        sign.show("blue", "dot", `call-control.status.${command.action}`);
        const result = await control(visit, command, wav, switchboard.clock);
        if (command.loop && (action === "play" || action === "say"))
          sign.show("blue", "dot", "call-control.status.looping");
        else sign.show("grey", "dot", `call-control.status.done`);
        send([{ ...msg, event: "done", visit: visit.view(), payload: { ok: true, ...result } }, null]);
      } catch (error) {
        if (isClosed) return;
        // A failure is a message of its own on the second output, so that a flow can go on without the sound.
        sign.show("red", "ring", sentence(error));
        send([null, { ...msg, event: "failed", payload: { ok: false, did: action, reason: sentence(error) } }]);
      }
    });
    onClose(this, () => {
      isClosed = true;
      sign.close();
    });
  }
  RED.nodes.registerType("call-control", CallControl);
}
