// A visit's events as messages: ring · answered · ended · everything else (dtmf, opened, refused, snapshot, …).
import type { Picture } from "../../src/camera/camera.ts";
import type { VisitEvent } from "../../src/visit/messages.ts";
import type { Config, Message, Red, RedNode } from "../red.d.ts";
import { aboutPicture, doorNode, endpointNode, onClose, Sign } from "../shared.ts";

interface DoorbellConfig extends Config {
  /** Empty: every door of the endpoint. */
  door?: string;
  endpoint?: string;
}

const outputs: Partial<Record<VisitEvent["event"], number>> = { ring: 0, answered: 1, ended: 2 };

/** The message for `event` on its output, as Node-RED's send wants it. */
export function doorbellMessage(event: VisitEvent): (Message | null)[] {
  const msg: Message = { topic: event.topic, event: event.event, visit: event.visit, payload: event.payload };
  if (event.event === "snapshot") {
    const picture = event.payload as Picture;
    Object.assign(msg, { payload: picture.jpeg, picture: aboutPicture(picture) });
  }
  return [0, 1, 2, 3].map((index) => (index === (outputs[event.event] ?? 3) ? msg : null));
}

export default function (RED: Red): void {
  function DoorbellIn(this: RedNode, config: DoorbellConfig) {
    RED.nodes.createNode(this, config);
    const door = doorNode(RED, config.door);
    const endpoint = door ? door.endpoint : endpointNode(RED, config.endpoint);
    const sign = new Sign(this, [endpoint?.health, door?.health]);
    if (config.door && !door) {
      sign.show("red", "ring", "doorbell-in.status.no-door");
    } else if (!endpoint) {
      if (!door) sign.show("red", "ring", "doorbell-in.status.no-endpoint");
    }
    if (!endpoint || (config.door && !door)) {
      onClose(this, () => sign.close());
      return;
    }
    const { switchboard } = endpoint;

    const mine = (id: string) => door === undefined || door.slug === id;
    const idle = () => {
      const doors = switchboard.doors().filter((d) => mine(d.id));
      const here = doors.filter((d) => d.registered).length;
      const all = doors.length;
      const texts = {
        none: () => "doorbell-in.status.no-doors",
        one: () => `doorbell-in.status.${here ? "" : "un"}registered`,
        several: () => RED._("doorbell-in.status.some-registered", { registered: here, all }),
      };
      const fill = here === 0 ? "grey" : here < all ? "yellow" : "green";
      sign.show(
        fill,
        here > 0 && here === all ? "dot" : "ring",
        texts[all === 0 ? "none" : all === 1 ? "one" : "several"](),
      );
    };
    const draw = (call: "ringing" | "talking", { visit }: VisitEvent) => {
      const caller = visit.caller.name || visit.caller.number;
      if (call === "ringing") sign.show("blue", "dot", RED._("doorbell-in.status.ringing", { caller }));
      else sign.show("blue", "ring", RED._("doorbell-in.status.talking", { by: visit.answeredBy ?? "" }));
    };
    // The ring leaves in the same turn of the event loop as it comes: nothing may be awaited before it (X3).
    const onVisit = (event: VisitEvent) => {
      if (!mine(event.visit.door)) return;
      this.send(doorbellMessage(event));
      // A late picture of an earlier visit says nothing about the one that rings now.
      if (switchboard.lastVisit(event.visit.door)?.id !== event.visit.id) return;
      if (event.visit.state === "ended") calm();
      else draw(event.visit.state, event);
    };
    const calm = () => {
      if (switchboard.doors().every((d) => !mine(d.id) || d.call === "idle")) idle();
    };
    switchboard.on("visit", onVisit);
    switchboard.on("registered", calm);
    switchboard.on("unregistered", calm);
    calm();
    onClose(this, () => {
      switchboard.off("visit", onVisit);
      switchboard.off("registered", calm);
      switchboard.off("unregistered", calm);
      sign.close();
    });
  }
  RED.nodes.registerType("doorbell-in", DoorbellIn);
}
