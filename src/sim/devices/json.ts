// Makes that answer in JSON, and 200 to a refusal as well.
import type { Reply, Way } from "./way.ts";

const json = (body: object): Reply => ({ type: "application/json", body: JSON.stringify(body, undefined, 2) });

/** 2N HTTP API, switch: ctrl and status. */
export const twoN: Way = ({ path, query }, { mayOpen, relays, move, isOn }) => {
  const refuse = (code: number, description: string) => json({ success: false, error: { code, description } });
  if (!path.startsWith("/api/switch/")) return undefined;
  if (!mayOpen) return refuse(10, "insufficient privileges");
  const number = query.get("switch");
  if (number === null) return refuse(11, "missing mandatory parameter");
  if (!["1", "2", "3", "4"].includes(number)) return refuse(12, "invalid parameter value");
  if (path === "/api/switch/status") {
    const [active, locked, held] = [isOn(number), false, false];
    return json({ success: true, result: { switches: [{ switch: Number(number), active, locked, held }] } });
  }
  if (path !== "/api/switch/ctrl") return undefined;
  if (query.get("action") !== "trigger") return refuse(12, "invalid parameter value");
  if (!relays.includes(number)) return refuse(14, "action failed");
  move(number);
  return json({ success: true });
};

/** Akuvox' HTTP API; old firmware has no such address, and says so with a slip of the pen. */
export const akuvoxApi: Way = ({ method, path, body }, { mayOpen, relays, move }) => {
  const answer = (retcode: number, message: string) => json({ retcode, action: "trigRelay", message, data: {} });
  if (method !== "POST" || path !== "/api/relay/trig") return undefined;
  if (!mayOpen) return answer(-1, "No hanlders for this request");
  const wish = JSON.parse(body) as { target?: string; action?: string; data?: { num?: number; mode?: number } };
  const relay = String(wish.data?.num);
  if (wish.target !== "relay" || wish.action !== "trig" || !relays.includes(relay)) return answer(-100, "error");
  move(relay);
  return answer(1, "OK");
};
