// A door's contact, relay and lock: takes what any message says of them, and tells what is new.
import { doorParts, type DoorPart, type DoorState as State } from "../../src/door-states.ts";
import { giveUp } from "../../src/errors.ts";
import type { DoorReport } from "../../src/visit/presses/door-state.ts";
import type { Config, Red, RedNode } from "../red.d.ts";
import { onClose, onInput, Sign } from "../running.ts";
import { stateMessage } from "../messages.ts";
import { doorNode, doorOf } from "../found.ts";
import { textOr } from "../fields.ts";
import { reportIn, type Sensor } from "./report.ts";

interface DoorStateConfig extends Config {
  door?: string;
  part?: DoorPart;
  inverted?: boolean;
}

export default function (RED: Red): void {
  function DoorState(this: RedNode, config: DoorStateConfig) {
    RED.nodes.createNode(this, config);
    const door = doorNode(RED, config.door);
    const sign = new Sign(this, [door?.endpoint?.health, door?.health]);
    const sensor: Sensor = { part: config.part ?? "contact", inverted: config.inverted === true };
    onInput(this, (msg) => {
      const { switchboard, door: id } = doorOf(RED, msg, config.door);
      const what = switchboard.reported(id, reportIn(msg.payload, sensor), textOr(config.name) ?? "flow");
      if (what === "busy") throw giveUp("busy", "somebody talks with this door: the press is told to nobody");
    });
    onClose(this, () => sign.close());
    if (!door?.endpoint) {
      sign.show("red", "ring", "door-state.status.no-door");
      return;
    }
    const { switchboard } = door.endpoint;
    const show = () => {
      const state: State = switchboard.doorState(door.slug);
      const known = doorParts.flatMap((part) => state[part] ?? []);
      const isOpen = state.contact === "open" || state.lock === "unlocked" || state.relay === "on";
      sign.show(
        known.length === 0 ? "grey" : isOpen ? "yellow" : "green",
        isOpen || known.length === 0 ? "ring" : "dot",
        known.length === 0 ? "door-state.status.unknown" : known.join(", "),
      );
    };
    const told = (report: DoorReport) => {
      if (report.door !== door.slug) return;
      this.send(stateMessage(report));
      show();
      if (report.event === "held-open")
        sign.show("red", "dot", RED._("door-state.status.held-open", { seconds: report.seconds ?? 0 }));
    };
    switchboard.on("door-state", told);
    onClose(this, () => void switchboard.off("door-state", told));
    show();
  }
  RED.nodes.registerType("door-state", DoorState);
}
