// Codes that open a door: made (for a courier, for some hours), revoked, listed, or tried where somebody typed one elsewhere.
import { checkCode, type CodeSettings } from "../../src/door/codes.ts";
import { giveUp, sentence } from "../../src/errors.ts";
import { checker } from "../../src/schema.ts";
import { hoursFields, validityFields } from "../../src/schedule.ts";
import type { Switchboard } from "../../src/visit/switchboard.ts";
import type { Config, Message, Red, RedNode } from "../red.d.ts";
import { onClose, onInput, Sign } from "../running.ts";
import { doorNode, doorOf } from "../found.ts";
import { namesIn, textOr } from "../fields.ts";

const codeActions = ["create", "revoke", "list", "open"] as const;
type CodeAction = (typeof codeActions)[number];

interface DoorCodeConfig extends Config {
  action?: CodeAction;
  door?: string;
  codeName?: string;
  length?: string;
  uses?: string;
  hours?: string;
  /** Ids, with commas between. */
  relays?: string;
  /** A new one takes the place of one of this name; absent: it does. */
  replace?: boolean;
}

const number = { type: "number" } as const;
const checkWish = checker("door-code: msg.code", {
  type: "object",
  additionalProperties: false,
  properties: {
    action: { enum: codeActions },
    name: { type: "string" },
    // Digits from a form may be a number; a code that begins with 0 has to be a text.
    code: { type: ["string", "integer"] },
    ...{ length: number, uses: number, hours: number, replace: { type: "boolean" } },
    relays: { type: "array", items: { type: "string" } },
    relay: { type: "string" },
    ...{ ...hoursFields, ...validityFields },
  },
} as const);

/**
 * What a message asks for, laid over the dialog.
 * @throws PorteroError `invalid`
 */
export function codeWish(msg: Message, config: Omit<DoorCodeConfig, "id" | "type">): ReturnType<typeof checkWish> {
  const given = msg["code"];
  const own = typeof given === "string" || typeof given === "number" ? { code: given } : (given ?? {});
  const relays = namesIn(config.relays);
  const filled = (["length", "uses", "hours"] as const).flatMap((name) => {
    const value = textOr(config[name]);
    return value === undefined ? [] : [[name, Number(value)] as const];
  });
  const name = textOr(config.codeName);
  return checkWish({
    ...{ action: config.action ?? "create", replace: config.replace !== false },
    ...{ ...(name !== undefined && { name }), ...Object.fromEntries(filled), ...(relays.length > 0 && { relays }) },
    // First by itself: what is no object has no fields to lay over others.
    ...checkWish(own),
  });
}

const events = { create: "code-created", revoke: "code-revoked", list: "codes", open: "opened" } as const;

export default function (RED: Red): void {
  function DoorCode(this: RedNode, config: DoorCodeConfig) {
    RED.nodes.createNode(this, config);
    const chosen = doorNode(RED, config.door);
    const sign = new Sign(this, [chosen?.health]);
    const show = (action: CodeAction, fields: Record<string, string | number> = {}) =>
      sign.show("green", "dot", RED._(`door-code.status.${action}`, fields));

    const create = async ({ codes }: Switchboard, door: string, wish: ReturnType<typeof codeWish>) => {
      const { action: _, replace, relay: __, code, ...rest } = wish;
      const name = rest.name ?? "courier";
      const settings: CodeSettings = checkCode({
        ...{ ...rest, name },
        ...(code === undefined ? {} : { code: String(code) }),
      });
      const made = await codes.create(door, settings, replace);
      show("create", { name });
      return made;
    };
    const open = async (switchboard: Switchboard, door: string, msg: Message, wish: ReturnType<typeof codeWish>) => {
      const { code, relay } = wish;
      if (code === undefined) throw giveUp("invalid", "door-code: msg.code holds no code: put what was typed there");
      const opening = await switchboard.open({
        ...{ door, by: textOr(msg["by"]) ?? textOr(config.name) ?? "flow", code: String(code) },
        ...(relay === undefined ? {} : { relay }),
      });
      if (opening.ok) show("open", { name: opening.as?.name ?? "" });
      else sign.show("red", "ring", opening.reason);
      return opening;
    };

    const answer = async (msg: Message): Promise<{ event: string; payload: object }> => {
      const wish = codeWish(msg, config);
      const { action = "create", name } = wish;
      const { door, switchboard } = doorOf(RED, msg, config.door);
      const { codes } = switchboard;
      switch (action) {
        case "create":
          return { event: events.create, payload: await create(switchboard, door, wish) };
        case "open":
          return { event: events.open, payload: await open(switchboard, door, msg, wish) };
        case "revoke": {
          if (name === undefined)
            throw giveUp("invalid", "door-code: which code? Give its name in the dialog, or in msg.code.name");
          const revoked = codes.revoke(door, name);
          if (revoked.length === 0) throw giveUp("no-code", `there is no code "${name}" for this door`);
          show("revoke", { name });
          return { event: events.revoke, payload: revoked };
        }
        case "list": {
          const listed = codes.list(door);
          show("list", { count: listed.length });
          return { event: events.list, payload: listed };
        }
      }
    };
    onInput(this, async (msg, send) => {
      // What was typed is not passed on.
      const { code: _, ...rest } = msg;
      try {
        const { event, payload } = await answer(msg);
        const refused = "ok" in payload && payload.ok !== true;
        const told = { ...rest, event: refused ? "refused" : event, payload };
        send(refused ? [null, told] : [told, null]);
      } catch (error) {
        const reason = sentence(error);
        send([null, { ...rest, event: "refused", payload: { ok: false, reason } }]);
        sign.show("red", "ring", reason);
      }
    });
    onClose(this, () => sign.close());
  }
  RED.nodes.registerType("door-code", DoorCode);
}
