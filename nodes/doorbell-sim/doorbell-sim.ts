// A simulated bell or phone in a flow (X9): speaks real SIP to the endpoint, as a device on the network would, so that
// every example runs without hardware.
import { systemClock } from "../../src/clock.ts";
import { giveUp, sentence } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import { SimBell, SimPhone, type SimEvent } from "../../src/sim/sim.ts";
import type { Config, Message, Red, RedNode } from "../red.d.ts";
import { inBackground, logOf, onClose, onInput, Sign } from "../running.ts";
import { doorNode, endpointNode, nodeOf } from "../found.ts";
import { numberOr, textOr } from "../fields.ts";
import type { EndpointNode } from "../sip-endpoint/node.ts";

interface SimConfig extends Config {
  role?: "bell" | "phone";
  door?: string;
  endpoint?: string;
  extension?: string;
  login?: string;
  transport?: "udp" | "tcp" | "tls";
  autoAnswer?: boolean;
  answerAfter?: string;
}

interface Identity {
  role: "bell" | "phone";
  extension: string;
  login: string;
  password: Secret;
  code?: Secret;
}

export interface SimNode extends RedNode<{ password: string }> {
  /** Whom it plays; undefined while a setting is missing. For what `npm start` prints: simulated devices only. */
  credentialsForStarter():
    { role: "bell" | "phone"; extension: string; login: string; password: string; camera?: string } | undefined;
  press(): Promise<void>;
}

export type SimCommand =
  | { action: "press" | "answer" | "decline" | "hangUp" }
  | { action: "digits"; digits: string }
  | { action: "transfer" | "dial"; to: string };

/** Reads `press`, `answer`, `decline`, `hang up`, digits, whom to call or to transfer to from `msg.payload` (or `msg.payload.action`). */
export function simCommand(msg: Message): SimCommand {
  const payload =
    typeof msg.payload === "object" && msg.payload !== null ? (msg.payload as Record<string, unknown>) : {};
  const said = textOr(payload["action"]) ?? textOr(msg.payload) ?? textOr(msg.topic) ?? "";
  const digits = textOr(payload["digits"]) ?? (msg.topic === "digits" ? textOr(msg.payload) : undefined);
  if (digits !== undefined) return { action: "digits", digits };
  const to = textOr(payload["transfer"]);
  if (to !== undefined) return { action: "transfer", to };
  const number = textOr(payload["dial"]);
  if (number !== undefined) return { action: "dial", to: number };
  switch (said.toLowerCase().replace(/[\s-]/g, "")) {
    case "press":
      return { action: "press" };
    case "answer":
      return { action: "answer" };
    case "decline":
      return { action: "decline" };
    case "hangup":
      return { action: "hangUp" };
    default:
      throw giveUp(
        "invalid",
        `doorbell-sim knows press, answer, decline, hang up, {"digits":"1"}, {"dial":"555"} and {"transfer":"6002"}, not "${said.slice(0, 40)}"`,
      );
  }
}

// Listening on every address includes loopback; that is the one that is always there.
const loopback = (address: string) => (address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address);

export default function (RED: Red): void {
  function DoorbellSim(this: SimNode, config: SimConfig) {
    RED.nodes.createNode(this, config);
    const role = config.role ?? "bell";
    const door = role === "bell" ? doorNode(RED, config.door) : undefined;
    const endpoint: EndpointNode | undefined = door ? door.endpoint : endpointNode(RED, config.endpoint);
    const sign = new Sign(this, [endpoint?.health, door?.health]);
    let sim: SimBell | SimPhone | undefined;
    let isClosing = false;
    let closeNow = () => {};
    const closed = new Promise<void>((resolve) => (closeNow = resolve));

    const identity = (): Identity | undefined => {
      if (role === "bell") {
        if (!door?.settings) return undefined;
        const { extension, login, password, code } = door.settings;
        return { role, extension, login: login ?? extension, password, code };
      }
      const extension = textOr(config.extension);
      if (extension === undefined || !endpoint) return undefined;
      const own = textOr(this.credentials.password);
      const password = own === undefined ? endpoint.passwordFor(extension) : new Secret(own);
      return { role, extension, login: textOr(config.login) ?? extension, password };
    };
    const who = identity();

    const onEvent = (event: SimEvent) => {
      const name = event.event;
      this.send({ topic: `${who?.extension ?? ""}/${name}`, event: name, role, payload: event });
      const registered = () => {
        sign.show("green", "dot", RED._("doorbell-sim.status.registered", { extension: who?.extension ?? "" }));
      };
      const looks: Record<string, () => void> = {
        registered,
        unregistered: () => sign.show("grey", "ring", event.reason ?? "doorbell-sim.status.unregistered"),
        refused: () => sign.show("red", "ring", event.reason ?? "doorbell-sim.status.refused"),
        failed: () => sign.show("red", "ring", event.reason ?? "doorbell-sim.status.refused"),
        ringing: () => sign.show("blue", "dot", "doorbell-sim.status.ringing"),
        answered: () => sign.show("blue", "ring", "doorbell-sim.status.talking"),
        relay: () => {
          if (event.event !== "relay") return;
          if (event.state === "on") sign.show("yellow", "dot", "doorbell-sim.status.relay");
          else if (sim?.state === "idle") registered();
          else sign.show("blue", "ring", "doorbell-sim.status.talking");
        },
        ended: registered,
      };
      looks[name]?.();
    };

    const begin = async () => {
      if (!who || !endpoint) return;
      // An endpoint that waits for a busy port may wait for long; who closes does not.
      await Promise.race([endpoint.listening(), closed]);
      if (isClosing) return;
      const transport = config.transport ?? "udp";
      const address = endpoint.switchboard.addresses.find((a) => a.transport === transport);
      if (!address)
        throw giveUp(
          "no-transport",
          `the SIP endpoint does not listen on ${transport}: switch it on, or choose another`,
        );
      const common = {
        server: { host: loopback(address.address), port: address.port },
        ...{ extension: who.extension, login: who.login, password: who.password, transport },
        // It trusts the certificate of its own endpoint, whoever signed it.
        ...(address.fingerprint === undefined ? {} : { pin: address.fingerprint }),
        ...{ clock: systemClock, log: logOf(this) },
      };
      const answerAfterMs = numberOr(config.answerAfter, 3) * 1000;
      sim =
        role === "bell"
          ? new SimBell({ ...common, ...(who.code === undefined ? {} : { code: who.code }) })
          : new SimPhone({ ...common, ...(config.autoAnswer === true ? { answerAfterMs } : {}) });
      sim.on("event", onEvent);
      await sim.start();
    };

    const isOff = process.env["PORTERO_SIM"] === "off";
    let begun: Promise<void> = Promise.resolve();
    if (isOff) sign.show("grey", "ring", "doorbell-sim.status.off");
    else if (!endpoint || !who)
      sign.show("red", "ring", `doorbell-sim.status.no-${role === "bell" ? "door" : "extension"}`);
    else {
      sign.show("grey", "ring", "doorbell-sim.status.starting");
      begun = begin();
      inBackground(this, async () => {
        await begun.catch((error: unknown) => {
          if (isClosing) return;
          sign.show("red", "ring", sentence(error));
          this.error(sentence(error));
        });
      });
    }

    const running = () => {
      if (sim) return sim;
      throw giveUp(
        "not-running",
        isOff ? "simulated devices are switched off (PORTERO_SIM=off)" : "the simulated device is not running yet",
      );
    };
    this.press = async () => {
      const bell = running();
      if (!(bell instanceof SimBell)) throw giveUp("invalid", "a simulated phone has no bell button");
      await bell.press();
    };
    this.credentialsForStarter = () => {
      if (!who || isOff) return undefined;
      const { extension, login, password } = who;
      const camera = sim instanceof SimBell ? { camera: sim.cameraUrl } : {};
      return { role, extension, login, password: password.reveal(), ...camera };
    };

    onInput(this, async (msg) => {
      const command = simCommand(msg);
      // Switched off as a whole, the flow around it shall not fail.
      if (isOff) return;
      const device = running();
      switch (command.action) {
        case "press":
          return await this.press();
        case "answer":
          if (!(device instanceof SimPhone)) throw giveUp("invalid", "a simulated bell presses; a phone answers");
          return await device.answer();
        case "decline":
          if (!(device instanceof SimPhone)) throw giveUp("invalid", "a simulated bell presses; a phone declines");
          return await device.decline();
        case "transfer":
          if (!(device instanceof SimPhone)) throw giveUp("invalid", "a simulated bell transfers nobody; a phone does");
          return await device.transfer(command.to);
        case "dial":
          return await (device instanceof SimPhone ? device.dial(command.to) : device.press(command.to));
        case "hangUp":
          return await device.hangUp();
        case "digits":
          return await device.digits(command.digits);
      }
    });
    onClose(this, async () => {
      isClosing = true;
      closeNow();
      sign.close();
      const farewell = begun.catch(() => {}).then(() => sim?.close());
      endpoint?.farewells.add(farewell);
      await farewell.finally(() => endpoint?.farewells.delete(farewell));
    });
  }
  RED.nodes.registerType("doorbell-sim", DoorbellSim, { credentials: { password: { type: "password" } } });

  // The button on the node in the editor.
  RED.httpAdmin.post("/portero/sim/:id/press", RED.auth.needsPermission("doorbell-sim.write"), (request, response) => {
    const node = nodeOf(RED, request.params["id"], "doorbell-sim") as SimNode | undefined;
    if (!node) return response.status(404).json({ reason: "deploy the simulated bell first" });
    node.press().then(
      () => response.json({ ok: true }),
      (error: unknown) => response.status(409).json({ reason: sentence(error) }),
    );
  });
}
