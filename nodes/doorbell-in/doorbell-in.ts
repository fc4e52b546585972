// A visit's events as messages: ring · answered · ended · everything else (dtmf, opened, refused, snapshot, …), and where
// it is wished the states of the doors.
import type { Picture } from "../../src/camera/camera.ts";
import { sentence } from "../../src/errors.ts";
import type { DoorReport } from "../../src/visit/presses/door-state.ts";
import { visitFilter, type FilterSettings, type VisitFilter } from "../../src/visit/presses/filter.ts";
import { soFar } from "../../src/visit/presses/late.ts";
import type { PressClip, VisitEvent, VisitView } from "../../src/visit/messages.ts";
import type { Config, Message, Red, RedNode } from "../red.d.ts";
import { linksOf, serveLinks, type LinkConfig } from "./link.ts";
import { onClose, onInput, Sign } from "../running.ts";
import { aboutPicture, stateMessage } from "../messages.ts";
import { doorNode, endpointNode } from "../found.ts";
import { namesIn, textOr } from "../fields.ts";

interface DoorbellConfig extends Config, LinkConfig {
  /** Empty: the doors of the endpoint. */
  door?: string;
  endpoint?: string;
  /** Ids of door nodes; none: every door of the endpoint. */
  doors?: string[];
  /** Each with commas between; empty: any. */
  buttons?: string;
  callers?: string;
  from?: string;
  to?: string;
  days?: string;
  events?: string;
  /** Whether the states of the doors are told, too. */
  states?: boolean;
}

const outputs: Partial<Record<VisitEvent["event"], number>> = { ring: 0, answered: 1, ended: 2 };
const others = 3;

const onOutput = (wanted: number, msg: Message) => [0, 1, 2, others].map((index) => (index === wanted ? msg : null));

function messageOf({ event, visit, payload, topic }: VisitEvent): Message {
  if (event === "clip") {
    const { mp4, ...about } = payload as PressClip;
    return { topic, event, visit, payload: mp4, clip: { contentType: "video/mp4", ...about } };
  }
  if (event !== "snapshot") return { topic, event, visit, payload };
  const picture = payload as Picture;
  return { topic, event, visit, payload: picture.jpeg, picture: aboutPicture(picture) };
}

/** What the dialog asks for. @throws PorteroError `invalid`, naming the field */
function filterOf(config: DoorbellConfig, doors: readonly string[]): VisitFilter {
  const { buttons, callers, days, events } = config;
  const [from, to] = [textOr(config.from), textOr(config.to)];
  const chosen = { days: namesIn(days), events: namesIn(events) } as Pick<FilterSettings, "days" | "events">;
  return visitFilter({
    ...{ doors, buttons: namesIn(buttons), callers: namesIn(callers), ...chosen },
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  });
}

export default function (RED: Red): void {
  serveLinks(RED);
  function DoorbellIn(this: RedNode, config: DoorbellConfig) {
    RED.nodes.createNode(this, config);
    const door = doorNode(RED, config.door);
    const some = config.door ? [] : (config.doors ?? []).map((id) => doorNode(RED, id));
    const endpoint = door ? door.endpoint : endpointNode(RED, config.endpoint);
    const sign = new Sign(this, [endpoint?.health, door?.health, ...some.map((one) => one?.health)]);
    onClose(this, () => sign.close());
    const chosen = door ? [door] : some;
    const slugs = chosen.flatMap((one) => one?.slug ?? []);
    const numbers = chosen.flatMap((one) => one?.settings?.extension ?? []);
    const wrong = (text: string) => sign.show("red", "ring", text);
    let filter: VisitFilter;
    let linkOf: ReturnType<typeof linksOf>;
    try {
      filter = filterOf(config, slugs);
      linkOf = endpoint && linksOf(RED, config, endpoint);
    } catch (error) {
      wrong(sentence(error));
      this.error(sentence(error));
      return;
    }
    const isMissing = (config.door && !door) || some.includes(undefined);
    if (isMissing) wrong("doorbell-in.status.no-door");
    else if (!endpoint && !door) wrong("doorbell-in.status.no-endpoint");
    // Without any of its doors it would tell of all others.
    if (!endpoint || (isMissing && slugs.length === 0)) return;
    const { switchboard } = endpoint;

    const ours = () => switchboard.doors().filter(({ id }) => slugs.length === 0 || slugs.includes(id));
    const idle = () => {
      const doors = ours();
      const direct = doors.flatMap((d) => d.direct ?? []);
      const here = doors.filter((d) => d.registered).length;
      const all = doors.length - direct.length;
      if (all === 0 && direct.length > 0) {
        sign.show("grey", "dot", RED._("doorbell-in.status.direct", { address: direct.join(", ") }));
        return;
      }
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
    const draw = ({ caller, waiting, state, answeredBy = "" }: VisitView) => {
      const name = { caller: caller.name || caller.number };
      if (state === "talking") sign.show("blue", "ring", RED._("doorbell-in.status.talking", { by: answeredBy }));
      else sign.show("blue", "dot", RED._(`doorbell-in.status.${waiting ? "waiting" : "ringing"}`, name));
    };
    const open = () => switchboard.visits().filter((visit) => filter.wants(visit.view()));
    // Of several visits the last that begins to ring is shown; whoever waits says the least.
    const show = () => {
      const views = open().map((visit) => visit.view());
      const found = views.findLast(({ waiting }) => !waiting) ?? views.at(-1);
      if (found) draw(found);
      else if (isMissing) wrong("doorbell-in.status.no-door");
      else idle();
    };
    // Whose visit is over needs no link any more.
    const linkedTo = (visit: VisitView) =>
      linkOf === undefined || visit.state === "ended" ? {} : { links: { open: linkOf(visit) } };
    // The ring leaves in the same turn of the event loop as it comes: nothing may be awaited before it (X3).
    const onVisit = (event: VisitEvent) => {
      if (!filter.wants(event.visit)) return;
      if (filter.hears(event.event))
        this.send(onOutput(outputs[event.event] ?? others, { ...messageOf(event), ...linkedTo(event.visit) }));
      show();
    };
    const onState = (report: DoorReport) => {
      if (ours().some(({ id }) => id === report.door)) this.send(onOutput(others, stateMessage(report)));
    };
    // Not by the output of rings: what stands there would ring everybody anew.
    onInput(this, async (msg, send) => {
      for (const { id: door } of config.states ? ours() : []) {
        const state = switchboard.doorState(door);
        if (Object.keys(state).length > 0)
          send(onOutput(others, { ...msg, ...stateMessage({ door, event: "state", ...state }), late: true }));
      }
      for (const visit of open())
        for (const event of await soFar(visit))
          if (filter.hears(event.event))
            send(onOutput(others, { ...msg, ...messageOf(event), ...linkedTo(event.visit), late: true }));
    });
    // In a house of many doors each registration is of one of them.
    const onRegistration = ({ extension }: { extension: string }) => {
      if (slugs.length === 0 || numbers.includes(extension)) show();
    };
    switchboard.on("visit", onVisit);
    if (config.states) switchboard.on("door-state", onState);
    switchboard.on("registered", onRegistration);
    switchboard.on("unregistered", onRegistration);
    show();
    onClose(this, () => {
      switchboard.off("visit", onVisit);
      switchboard.off("door-state", onState);
      switchboard.off("registered", onRegistration);
      switchboard.off("unregistered", onRegistration);
    });
  }
  RED.nodes.registerType("doorbell-in", DoorbellIn);
}
