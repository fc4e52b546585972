// Doors on MQTT: events, call state, pictures and results go out; "open" comes in under the rules of src/mqtt. The node
// wires the switchboard to the bridge and gives it a broker.
import { join } from "node:path";
import type { Picture } from "../../src/camera/camera.ts";
import { systemClock } from "../../src/clock.ts";
import { giveUp, sentence } from "../../src/errors.ts";
import type { DoorState } from "../../src/door-states.ts";
import { MqttBridge, type DoorsForMqtt } from "../../src/mqtt/bridge.ts";
import { Marks } from "../../src/store/marks.ts";
import { showUrl } from "../../src/secret.ts";
import type { Opening } from "../../src/door/door.ts";
import { checkControl, control, type ControlAction } from "../../src/visit/talk/control.ts";
import type { VisitEvent } from "../../src/visit/messages.ts";
import type { DoorReport } from "../../src/visit/presses/door-state.ts";
import { callOf } from "../../src/visit/views.ts";
import { folderOf, generatedKey, instanceSecret } from "../passwords.ts";
import type { Red, RedNode } from "../red.d.ts";
import { logOf, onClose, onInput, Sign } from "../running.ts";
import { doorOf, endpointNode, nodeOf } from "../found.ts";
import { textOr } from "../fields.ts";
import {
  brokerOf,
  formOf,
  type BridgeConfig,
  type BridgeCredentials,
  type BrokerNode,
  type TlsNode,
} from "./settings.ts";

/** A visit's event as it goes to `<base>/<door>/event`. */
export const eventOf = ({ event, visit }: VisitEvent): Record<string, unknown> => ({
  event_type: event,
  visit: visit.id,
  from: visit.caller.number,
  button: visit.button,
});

export default function (RED: Red): void {
  /** A key's secret is computed from its id, as passwords are: it stands in no file and no flow. */
  const keySecret = (node: string, id: string) => generatedKey(instanceSecret(RED.settings.userDir), node, id);

  function Bridge(this: RedNode<BridgeCredentials>, config: BridgeConfig) {
    RED.nodes.createNode(this, config);
    const endpoint = endpointNode(RED, config.endpoint);
    const sign = new Sign(this, [endpoint?.health]);
    if (!endpoint) {
      sign.show("red", "ring", "mqtt-bridge.status.no-endpoint");
      onInput(this, () => {
        throw giveUp("no-endpoint", "mqtt-bridge has no SIP endpoint: choose one in the dialog and deploy");
      });
      onClose(this, () => sign.close());
      return;
    }
    const { switchboard } = endpoint;
    const broker = nodeOf(RED, config.broker, "mqtt-broker") as BrokerNode | undefined;
    if (config.broker && !broker) {
      sign.show("red", "ring", "mqtt-bridge.status.no-broker");
      onClose(this, () => sign.close());
      return;
    }
    const snapshots = config.snapshots === true;
    const act = async (door: string, action: ControlAction) => {
      const visit = switchboard.lastVisit(door);
      if (!visit) throw giveUp("no-visit", "nobody is at the door");
      // Who answers by MQTT is nobody to talk with: phones stop ringing, and the visitor hears what the flow plays.
      await control(visit, checkControl({ action, status: 603, ...(action === "answer" && { by: "mqtt" }) }));
    };
    const doors: DoorsForMqtt = {
      list: () => switchboard.doors().map((door) => ({ ...door, quiet: switchboard.isQuiet(door.id) })),
      lastVisit: (door: string) => {
        const visit = switchboard.lastVisit(door);
        if (!visit) return undefined;
        const { id, state, endedAt } = visit;
        return { id, active: state !== "ended", ...(endedAt === undefined ? {} : { endedAt }) };
      },
      open: (request) => switchboard.open(request),
      answer: (door) => act(door, "answer"),
      reject: (door) => act(door, "reject"),
      hangup: (door) => act(door, "hangup"),
      park: (door) => act(door, "park"),
      stop: (door) => switchboard.lastVisit(door)?.stop("stopped by MQTT"),
      setDnd: (door, on) => switchboard.setQuiet(door, on),
      ...(config.reports && {
        report: (door: string, state: DoorState) => switchboard.setDoorState(door, state, "mqtt"),
      }),
    };
    let bridge: MqttBridge;
    let place: string;
    try {
      const tls = nodeOf(RED, config.tls, "tls-config") as TlsNode | undefined;
      const settings = {
        ...formOf(config, (id) => keySecret(this.id, id)),
        ...brokerOf(config, this.credentials, broker, process.env, tls),
      };
      place = `${settings.base} on ${showUrl(settings.url)}`;
      const other = endpoint.topics.get(place);
      if (other !== undefined)
        throw giveUp("topic-taken", `${other} serves the base topic ${place} already: give one of the two another`);
      const keyMemory = new Marks(join(folderOf(RED.settings.userDir), "mqtt", `${this.id}.json`));
      bridge = new MqttBridge(settings, doors, { clock: systemClock, log: logOf(this), keyMemory });
      endpoint.topics.set(place, config.name ? `mqtt-bridge "${config.name}"` : "another mqtt-bridge");
    } catch (error) {
      sign.show("red", "ring", sentence(error));
      this.error(sentence(error));
      onClose(this, () => sign.close());
      return;
    }

    const onVisit = (event: VisitEvent) => {
      const { door } = event.visit;
      if (event.event === "snapshot" && snapshots) bridge.publishSnapshot(door, (event.payload as Picture).jpeg);
      bridge.publishEvent(door, eventOf(event));
      // A late picture of an earlier visit says nothing about the one that rings now.
      if (switchboard.lastVisit(door)?.id !== event.visit.id) return;
      bridge.publishCallState(door, callOf(event.visit));
    };
    const onOpening = (opening: Opening) => bridge.publishResult(opening.door, opening);
    const onState = (report: DoorReport) => {
      const { door, event, ...state } = report;
      if (event === "state") bridge.publishDoorState(door, state);
      else bridge.publishEvent(door, { event_type: event, ...state });
      if (event === "state" && state.opening !== undefined)
        bridge.publishEvent(door, { event_type: "confirmed", opening: state.opening, by: state.by, ts: state.ts });
    };
    const onRegistration = (registration: { extension: string }) => {
      for (const door of switchboard.doors()) {
        if (door.extension === registration.extension) bridge.setDoorAvailability(door.id, door.registered);
      }
    };
    const onDoors = () => bridge.doorsChanged();
    switchboard.on("visit", onVisit);
    switchboard.on("doors", onDoors);
    switchboard.on("opening", onOpening);
    switchboard.on("door-state", onState);
    switchboard.on("registered", onRegistration);
    switchboard.on("unregistered", onRegistration);
    bridge.on("status", ({ state, text }) => {
      const fill = ({ online: "green", connecting: "yellow", offline: "red", error: "red" } as const)[state];
      sign.show(fill, state === "online" ? "dot" : "ring", text);
    });
    bridge.on("command", (command) => {
      this.send({ topic: `${command.door}/command`, event: "command", payload: command });
    });
    let pictured = "";
    bridge.on("refused", (refusal) => {
      this.send({ topic: `${refusal.door}/refused`, event: "refused", payload: refusal });
      const { door, key } = refusal;
      const visit = switchboard.lastVisit(door);
      const during = visit && visit.state !== "ended" ? { visit: visit.id } : {};
      const entry = {
        kind: "refused",
        by: key === undefined ? "mqtt" : `mqtt:${key}`,
        ok: false,
        ...refusal,
        ...during,
      };
      // Its picture once: whoever tries a hundred times is not to fill the disk with it.
      const seen = during.visit === undefined || during.visit === pictured ? undefined : visit?.picture;
      if (seen) pictured = during.visit ?? "";
      void (seen ?? Promise.resolve(undefined))
        .catch(() => undefined)
        .then((shot) => endpoint.record(entry, shot?.jpeg));
    });
    bridge.start();

    onInput(this, (msg) => {
      const door = doorOf(RED, msg).door;
      if (Buffer.isBuffer(msg.payload)) return bridge.publishSnapshot(door, msg.payload);
      const event = textOr(msg["event"]);
      if (event === undefined)
        throw giveUp(
          "invalid",
          "mqtt-bridge publishes a picture (a Buffer in msg.payload) or an event (its name in msg.event)",
        );
      bridge.publishEvent(door, { event_type: event, payload: msg.payload });
    });
    onClose(this, async (removed) => {
      switchboard.off("visit", onVisit);
      switchboard.off("doors", onDoors);
      switchboard.off("opening", onOpening);
      switchboard.off("door-state", onState);
      switchboard.off("registered", onRegistration);
      switchboard.off("unregistered", onRegistration);
      sign.close();
      endpoint.topics.delete(place);
      await bridge.close({ forget: removed });
    });
  }
  RED.nodes.registerType("mqtt-bridge", Bridge, {
    credentials: { username: { type: "text" }, password: { type: "password" } },
  });

  // A key is shown to who may change the node: its dialog asks when one is copied.
  RED.httpAdmin.get(
    "/portero/mqtt-key/:node/:id",
    RED.auth.needsPermission("mqtt-bridge.write"),
    (request, response) => {
      const { node = "", id = "" } = request.params;
      response.set("Cache-Control", "no-store").json({ secret: keySecret(node, id).reveal() });
    },
  );
}
