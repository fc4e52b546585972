// The extensions of an endpoint: who may register, and who has. Says so in its status and on its outputs (H3).
import { giveUp, sentence } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import type { Refusal } from "../../src/sip/endpoint.ts";
import type { Finding } from "../../src/sip/trace/findings.ts";
import { ladderText } from "../../src/sip/trace/ladder.ts";
import { addressList } from "../../src/visit/numbers/address-list.ts";
import type { Switchboard } from "../../src/visit/switchboard.ts";
import { deviceOptions, type DeviceRow } from "../devices.ts";
import type { TextView } from "../../src/visit/texts.ts";
import type { BanView } from "../../src/visit/guarding.ts";
import type { Config, Message, Red, RedNode } from "../red.d.ts";
import { accountCommand, accountDnd, accountTrouble, tellAccounts, type AccountDnd } from "./accounts.ts";
import { groupOf, type GroupRow } from "./groups.ts";
import { onClose, onInput, Sign } from "../running.ts";
import { endpointNode, nodeOf, visitIdOf } from "../found.ts";
import { numberOr, textOr } from "../fields.ts";

export interface ExtensionRow extends DeviceRow {
  number: string;
  name?: string;
  login?: string;
  maxContacts?: string | number;
}

interface RegistrarConfig extends Config {
  endpoint?: string;
  extensions?: ExtensionRow[];
  groups?: GroupRow[];
}

/** Own passwords by extension, in one credential: `{"6001":"…"}`. Extensions that are not in it have a generated one. */
type RegistrarNode = RedNode<{ passwords: string }>;

function ownPasswords(credential: string | undefined): Map<string, string> {
  if (!credential) return new Map();
  try {
    const parsed: unknown = JSON.parse(credential);
    if (typeof parsed !== "object" || parsed === null) return new Map();
    return new Map(Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  } catch {
    throw giveUp("bad-passwords", "sip-registrar: the stored passwords cannot be read: set them again in the dialog");
  }
}

type Command =
  | AccountDnd
  | { action: "findings" }
  | { action: "ladder"; of: string }
  | { action: "list"; format?: string }
  | { action: "remove"; extension: string }
  | { action: "dnd"; extension: string; on: boolean; status?: number }
  | { action: "bans" }
  | { action: "message"; extension: string; text: string; from?: string }
  | { action: "lift"; address: string };

/** Reads a command; throws a sentence that says what a command looks like. */
export function registrarCommand(msg: Message): Command {
  const payload =
    typeof msg.payload === "object" && msg.payload !== null ? (msg.payload as Record<string, unknown>) : {};
  const action = textOr(payload["action"]) ?? textOr(msg.topic) ?? textOr(msg.payload);
  const extension = textOr(payload["extension"]) ?? (payload["action"] === undefined ? textOr(msg.payload) : undefined);
  switch (action) {
    case "list": {
      const format = textOr(payload["format"]);
      return { action, ...(format === undefined ? {} : { format }) };
    }
    case "findings":
      return { action };
    case "ladder": {
      const of = textOr(payload["of"]) ?? visitIdOf(msg);
      if (of === undefined)
        throw giveUp("invalid", 'ladder: of which call? Send msg.visit, or {"action":"ladder","of":"<a Call-ID>"}');
      return { action, of };
    }
    case "remove":
      if (extension === undefined)
        throw giveUp("invalid", 'remove: which extension? {"action":"remove","extension":"6001"}');
      return { action, extension };
    case "dnd": {
      const ofAccount = accountCommand(payload);
      if (ofAccount) return ofAccount;
      const on = payload["on"];
      if (extension === undefined || typeof on !== "boolean") {
        throw giveUp("invalid", 'dnd: which extension, on or off? {"action":"dnd","extension":"6001","on":true}');
      }
      const status = payload["status"];
      if (status !== undefined && typeof status !== "number")
        throw giveUp("invalid", "dnd: status is a number, such as 486 (busy) or 603 (declined)");
      return { action, extension, on, ...(status === undefined ? {} : { status }) };
    }
    case "bans":
      return { action };
    case "message": {
      const text = textOr(payload["text"]);
      if (extension === undefined || text === undefined)
        throw giveUp("invalid", 'message: what, and to whom? {"action":"message","extension":"6001","text":"Hello"}');
      const from = textOr(payload["from"]);
      return { action, extension, text, ...(from === undefined ? {} : { from }) };
    }
    case "lift": {
      const address = textOr(payload["address"]) ?? (payload["action"] === undefined ? textOr(msg.payload) : undefined);
      if (address === undefined)
        throw giveUp("invalid", 'lift: which address, or "all"? {"action":"lift","address":"192.168.1.77"}');
      return { action, address };
    }
    default:
      throw giveUp(
        "invalid",
        `sip-registrar knows list, remove, dnd, findings, ladder, message, bans and lift as msg.topic or msg.payload.action, not "${String(action)}"`,
      );
  }
}

/** Who is registered; with a format the address list (N4), with the header that an "http response" node sends. */
function listed(switchboard: Switchboard, format: string | undefined): Message {
  if (format === undefined) return { payload: switchboard.registrations() };
  const { contentType, payload } = addressList(switchboard.directory.addresses(), format);
  return { payload, headers: { "content-type": contentType } };
}

export default function (RED: Red): void {
  function SipRegistrar(this: RegistrarNode, config: RegistrarConfig) {
    RED.nodes.createNode(this, config);
    const endpoint = endpointNode(RED, config.endpoint);
    const sign = new Sign(this, [endpoint?.health]);
    const rows = config.extensions ?? [];
    if (!endpoint) {
      sign.show("red", "ring", "sip-registrar.status.no-endpoint");
      onInput(this, () => {
        throw giveUp("no-endpoint", "sip-registrar has no SIP endpoint: choose one in the dialog and deploy");
      });
      onClose(this, () => sign.close());
      return;
    }
    const { switchboard } = endpoint;

    // One wrong or colliding extension (H20) is named and left out; the others work.
    const faults: string[] = [];
    const takeAway: (() => void)[] = [];
    const owner = `registrar "${textOr(config.name) ?? this.id}"`;
    const added = new Set<string>();
    const attempt = (work: () => void) => {
      try {
        work();
      } catch (error) {
        faults.push(sentence(error));
        this.error(sentence(error));
      }
    };
    let passwords = new Map<string, string>();
    attempt(() => {
      passwords = ownPasswords(this.credentials.passwords);
    });
    for (const row of rows) {
      attempt(() => {
        const extension = textOr(row.number);
        if (extension === undefined) throw giveUp("invalid", "sip-registrar: an extension has no number");
        const own = passwords.get(extension);
        const login = textOr(row.login);
        takeAway.push(
          switchboard.addExtension(
            {
              ...{ extension, name: textOr(row.name) ?? extension },
              ...(login === undefined ? {} : { login }),
              password: own ? new Secret(own) : endpoint.passwordFor(extension),
              maxContacts: numberOr(row.maxContacts, 10),
              ...deviceOptions(row, `extension ${extension}`),
            },
            owner,
          ),
        );
        added.add(extension);
      });
    }
    for (const row of config.groups ?? [])
      attempt(() => {
        const group = groupOf(row);
        takeAway.push(switchboard.addGroup(group, `ring group ${group.name ?? group.number} of ${owner}`));
      });

    const draw = () => {
      if (faults[0] !== undefined) {
        sign.show("red", "ring", faults[0]);
        return;
      }
      const trouble = accountTrouble(switchboard);
      if (trouble !== undefined) {
        sign.show("yellow", "ring", trouble);
        return;
      }
      const doors = switchboard.doors().filter((door) => door.direct === undefined);
      const all = new Set([...added, ...doors.map((door) => door.extension)]);
      const registrations = switchboard.registrations();
      const registered = new Set(registrations.map((r) => r.extension));
      const here = [...all].filter((extension) => registered.has(extension)).length;
      const text = RED._("sip-registrar.status.registered", { registered: here, all: all.size });
      const silent = [...new Set(registrations.filter((r) => r.reachable === false).map((r) => r.extension))];
      if (silent.length > 0) {
        sign.show("yellow", "ring", RED._("sip-registrar.status.silent", { text, silent: silent.join(", ") }));
        return;
      }
      sign.show(here === 0 ? "grey" : here === all.size ? "green" : "yellow", here === all.size ? "dot" : "ring", text);
    };
    const untellAccounts = tellAccounts(switchboard, (output, msg) => {
      this.send([0, 1, 2, 3].map((index) => (index === output ? msg : null)));
      draw();
    });
    const say = (
      output: number,
      event: string,
      payload: { extension?: string; subject?: string; address?: string; from?: string },
    ) => {
      const msg: Message = {
        topic: `${payload.extension ?? payload.subject ?? payload.address ?? payload.from ?? "unknown"}/${event}`,
        event,
        payload,
      };
      this.send([0, 1, 2, 3].map((index) => (index === output ? msg : null)));
    };
    const listeners = {
      registered: (registration: { extension: string }) => {
        say(0, "registered", registration);
        draw();
      },
      unregistered: (registration: { extension: string }) => {
        say(1, "unregistered", registration);
        draw();
      },
      refused: (refusal: Refusal) => {
        say(2, "refused", refusal);
        sign.show("red", "ring", refusal.text);
      },
      reachable: (registration: { extension: string }) => {
        say(3, "reachable", registration);
        draw();
      },
      unreachable: (registration: { extension: string }) => {
        say(3, "unreachable", registration);
        draw();
      },
      dnd: (change: { extension: string }) => say(3, "dnd", change),
      message: (text: TextView) => say(3, "message", text),
      // What is wrong (X10); refusals and bans have an output of their own.
      finding: (finding: Finding) => {
        if (!["refused", "banned"].includes(finding.code)) say(3, "finding", finding);
      },
      banned: (ban: BanView) => {
        say(2, "banned", ban);
        sign.show("red", "ring", ban.text);
      },
      lifted: (ban: BanView) => {
        say(2, "lifted", ban);
        draw();
      },
      // The endpoint has no status of its own: what is wrong with what it hears stands here.
      trouble: (error: Error) => sign.show("yellow", "ring", error.message),
    };
    for (const [event, listener] of Object.entries(listeners))
      switchboard.on(event as keyof typeof listeners, listener);
    // Doors are added after us when they come later in the flow; and they change without us.
    endpoint.health.on("change", draw);
    draw();

    onInput(this, async (msg, send) => {
      const command = registrarCommand(msg);
      switch (command.action) {
        case "list":
          send([{ ...msg, event: "list", ...listed(switchboard, command.format) }, null, null, null]);
          break;
        case "account-dnd":
          send([{ ...msg, event: "dnd", payload: await accountDnd(switchboard, command) }, null, null, null]);
          break;
        case "findings":
          send([{ ...msg, event: "findings", payload: switchboard.tracing.diagnosis.findings() }, null, null, null]);
          break;
        case "ladder": {
          const ladder = switchboard.tracing.ladder(command.of);
          const payload = { ...ladder, text: ladderText(ladder) };
          send([{ ...msg, event: "ladder", payload }, null, null, null]);
          break;
        }
        case "remove":
          if (switchboard.unregister(command.extension) === 0) {
            throw giveUp("not-registered", `nobody is registered for ${command.extension}`);
          }
          break;
        case "dnd":
          switchboard.directory.setDnd(command.extension, command.on, command.status);
          send([
            { ...msg, event: "dnd", payload: { extension: command.extension, on: command.on } },
            ...[null, null, null],
          ]);
          break;
        case "bans":
          send([{ ...msg, event: "bans", payload: switchboard.guarding.bans() }, null, null, null]);
          break;
        case "message": {
          const { extension, text, from } = command;
          const devices = await switchboard.texts.send(extension, { contentType: "text/plain", text }, from);
          send([{ ...msg, event: "message", payload: { extension, devices } }, null, null, null]);
          break;
        }
        case "lift":
          switchboard.guarding.lift(command.address);
      }
      draw();
    });
    onClose(this, async () => {
      await endpoint.lastWords();
      untellAccounts();
      for (const [event, listener] of Object.entries(listeners))
        switchboard.off(event as keyof typeof listeners, listener);
      endpoint.health.off("change", draw);
      for (const take of takeAway) take();
      sign.close();
    });
  }
  RED.nodes.registerType("sip-registrar", SipRegistrar, { credentials: { passwords: { type: "password" } } });

  // Own passwords are shown to those who may change them, for the dialog's copy buttons and to save some of them again.
  RED.httpAdmin.get("/portero/registrar/:id", RED.auth.needsPermission("sip-registrar.write"), (request, response) => {
    const node = nodeOf(RED, request.params["id"], "sip-registrar") as RegistrarNode | undefined;
    if (!node) return response.json({ passwords: {} });
    response
      .set("Cache-Control", "no-store")
      .json({ passwords: Object.fromEntries(ownPasswords(node.credentials.passwords)) });
  });
}
