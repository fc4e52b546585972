// The visits that an endpoint has kept: found, shown whole, or deleted.
import { giveUp, sentence } from "../../src/errors.ts";
import type { AuditEntry } from "../../src/store/audit.ts";
import type { VisitLog as Log } from "../../src/store/visit-log.ts";
import { visitQuery, type VisitQuery } from "../../src/store/visit-query.ts";
import type { LoggedVisit } from "../../src/store/visit-shapes.ts";
import type { Config, Message, Red, RedNode } from "../red.d.ts";
import { onClose, onInput, Sign } from "../running.ts";
import { dataUrl } from "../messages.ts";
import { doorNode, endpointNode, visitIdOf } from "../found.ts";
import { textOr } from "../fields.ts";

interface VisitLogConfig extends Config {
  endpoint?: string;
  /** Absent: find. */
  action?: "find" | "get" | "delete" | "openings";
  door?: string;
  outcome?: string;
  /** How far back; blank = everything that is kept. */
  days?: string;
  limit?: string;
  picture?: string;
  /** Whether clips come along. */
  clip?: boolean;
}

const dayMs = 86_400_000;

const isQuery = (payload: unknown): payload is Record<string, unknown> =>
  typeof payload === "object" && payload !== null && !Array.isArray(payload) && !Buffer.isBuffer(payload);

/**
 * What a message asks for, laid over the dialog. The payload of an event of a visit (`msg.event` beside `msg.visit`) is no
 * query unless it names an action: such a message asks for its visit.
 * @throws PorteroError `invalid`
 */
export function queryFor(msg: Message, config: VisitLogConfig, door: string | undefined, now: number): VisitQuery {
  const { payload } = msg;
  const visit = visitIdOf(msg);
  const isEvent = visit !== undefined && msg["event"] !== undefined;
  const asked = isQuery(payload) && (!isEvent || "action" in payload) ? payload : {};
  const days = textOr(config.days);
  const limit = textOr(config.limit);
  const outcome = textOr(config.outcome);
  const action = asked["action"] ?? config.action ?? "find";
  // One visit is one visit, whatever else the dialog says.
  const one = asked["visit"] ?? (action === "find" || "door" in asked ? undefined : visit);
  const settings =
    one !== undefined || action === "get"
      ? { ...(one === undefined ? {} : { visit: one }) }
      : {
          ...(door === undefined ? {} : { door }),
          ...(outcome === undefined ? {} : { outcome }),
          // What is to be deleted is older than that.
          ...(days === undefined ? {} : { [action === "delete" ? "to" : "from"]: now - Number(days) * dayMs }),
        };
  return visitQuery({
    ...{
      picture: config.picture ?? "none",
      clip: config.clip === true,
      ...(limit === undefined ? {} : { limit: Number(limit) }),
    },
    ...settings,
    ...asked,
    action,
  });
}

export default function (RED: Red): void {
  function VisitLog(this: RedNode, config: VisitLogConfig) {
    RED.nodes.createNode(this, config);
    const door = doorNode(RED, config.door);
    const endpoint = endpointNode(RED, config.endpoint) ?? door?.endpoint;
    const sign = new Sign(this, [endpoint?.health]);
    if (!endpoint) sign.show("red", "ring", "visit-log.status.no-endpoint");
    else if ("why" in endpoint.visits) sign.show("yellow", "ring", endpoint.visits.why);

    /** Openings and refusals: they are kept even where visits are not. */
    const openings = async (msg: Message, { filter, ok, limit, offset, picture }: VisitQuery): Promise<Message> => {
      const audit = await endpoint?.audit;
      if (!audit) throw giveUp("no-audit", "openings are not recorded: Node-RED's log says why");
      const { visit, door, from, to } = filter;
      const isWanted = (entry: AuditEntry) =>
        (visit === undefined || entry["visit"] === visit) &&
        (door === undefined || entry["door"] === door) &&
        (ok === undefined || (entry.kind === "opening") === ok) &&
        (from === undefined || entry.ts >= from) &&
        (to === undefined || entry.ts < to);
      const found = (await audit.recent(limit + offset, isWanted)).slice(offset);
      const payload = await Promise.all(
        found.map(async ({ picture: file, ...entry }) => {
          const jpeg =
            picture === "none" || file === undefined ? undefined : await audit.picture({ ...entry, picture: file });
          const shown = jpeg && (picture === "buffer" ? jpeg : dataUrl(jpeg));
          return { ...entry, hasPicture: file !== undefined, ...(shown && { picture: shown }) };
        }),
      );
      sign.show("green", "dot", RED._("visit-log.status.openings", { shown: payload.length }));
      return { ...msg, event: "openings", payload };
    };
    const shown = async (log: Log, visit: LoggedVisit, wish: Pick<VisitQuery, "picture" | "clip">) => {
      const jpeg = wish.picture === "none" || !visit.hasPicture ? undefined : await log.picture(visit.id);
      const clip = wish.clip && visit.hasClip ? await log.clip(visit.id) : undefined;
      return {
        ...visit,
        ...(jpeg && { picture: wish.picture === "buffer" ? jpeg : dataUrl(jpeg) }),
        ...(clip && { clip }),
      };
    };
    const answer = async (msg: Message): Promise<Message> => {
      if (!endpoint) throw giveUp("no-endpoint", "visit-log has no SIP endpoint: choose one in the dialog and deploy");
      const { visits, switchboard } = endpoint;
      const query = queryFor(msg, config, door?.slug, Date.now());
      const { action, filter, limit, offset, ...wish } = query;
      // A door's name is taken for the door, where there is one of that name.
      const named = switchboard.doors().find(({ name }) => name === filter.door);
      const which = named ? { ...filter, door: named.id } : filter;
      if (action === "openings") return openings(msg, { ...query, filter: which });
      if ("why" in visits) throw giveUp("no-log", visits.why);
      const { log } = visits;
      if (action === "get") {
        const visit = await shown(log, log.get(filter.visit ?? ""), wish);
        sign.show("green", "dot", RED._("visit-log.status.got", { door: visit.door, time: visit.startedAt }));
        return { ...msg, event: "visit", payload: visit };
      }
      if (action === "delete") {
        sign.show("blue", "dot", "visit-log.status.deleting");
        const deleted = await log.delete(which);
        sign.show("green", "dot", RED._("visit-log.status.deleted", { deleted }));
        return { ...msg, event: "deleted", payload: { deleted } };
      }
      const { total, visits: found } = log.find(which, limit, offset);
      const payload = await Promise.all(found.map((visit) => shown(log, visit, wish)));
      sign.show("green", "dot", RED._("visit-log.status.found", { shown: payload.length, total }));
      return { ...msg, event: "visits", payload, total };
    };
    onInput(this, async (msg, send) => {
      try {
        send([await answer(msg), null]);
        const why = endpoint && "log" in endpoint.visits ? endpoint.visits.log.trouble : undefined;
        if (why !== undefined) sign.show("yellow", "ring", RED._("visit-log.status.trouble", { why }));
      } catch (error) {
        const reason = sentence(error);
        send([null, { ...msg, event: "failed", payload: { reason } }]);
        sign.show("red", "ring", reason);
      }
    });
    onClose(this, () => sign.close());
  }
  RED.nodes.registerType("visit-log", VisitLog);
}
