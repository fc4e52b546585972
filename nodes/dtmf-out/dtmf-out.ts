// Opens the door, or sends digits to a party of the call. Each input leaves by exactly one output, with the reason.
import { giveUp, sentence } from "../../src/errors.ts";
import type { Config, Message, Red, RedNode } from "../red.d.ts";
import { doorNode, doorOf, onClose, onInput, Sign, textOr, visitIdOf, visitOf } from "../shared.ts";

interface DtmfConfig extends Config {
  mode?: "open" | "digits";
  door?: string;
  digits?: string;
  digitsType?: string;
  to?: "door" | "answerer";
}

export default function (RED: Red): void {
  function DtmfOut(this: RedNode, config: DtmfConfig) {
    RED.nodes.createNode(this, config);
    const door = doorNode(RED, config.door);
    const sign = new Sign(this, [door?.health]);

    const digitsFor = (msg: Message) =>
      new Promise<string>((resolve, reject) => {
        const [value, type] = [config.digits ?? "payload", config.digitsType ?? "msg"];
        RED.util.evaluateNodeProperty(value, type, this, msg, (error, result) => {
          const digits = typeof result === "string" || typeof result === "number" ? String(result) : "";
          if (!error && /^[0-9A-Da-d*#,]{1,64}$/.test(digits)) return resolve(digits);
          reject(
            giveUp("invalid", `dtmf-out: ${type} ${value} holds no digits to send (0-9 A-D * # and , for a pause)`),
          );
        });
      });

    const open = async (msg: Message): Promise<{ ok: boolean; reason: string }> => {
      const found = doorOf(RED, msg, config.door);
      const visit = visitIdOf(msg);
      const id = textOr(msg["id"]);
      return await found.switchboard.open({
        ...{ door: found.door, by: textOr(msg["by"]) ?? textOr(config.name) ?? "flow" },
        ...(id === undefined ? {} : { id }),
        ...(visit === undefined ? {} : { visit }),
      });
    };
    const digits = async (msg: Message): Promise<{ ok: boolean; reason: string }> => {
      const { visit, switchboard } = visitOf(RED, msg);
      const text = await digitsFor(msg);
      await switchboard.sendDtmf(visit.view().id, text, config.to ?? "door");
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
