// The hooks of doors below Node-RED's root for nodes: what a device calls to report a press, an opening, a state. The path
// holds a secret of the door, which its dialog shows.
import { systemClock } from "../../src/clock.ts";
import { Hooks } from "../../src/door/hooks.ts";
import type { DeviceReport } from "../../src/door/door.ts";
import type { Secret } from "../../src/secret.ts";
import type { Request } from "../http.d.ts";
import { hookSecret, instanceSecret } from "../passwords.ts";
import type { Red, RedNode } from "../red.d.ts";
import { logOf } from "../running.ts";
import { textOr } from "../fields.ts";

export interface HookConfig {
  /** Absent: off. */
  hooks?: boolean;
  /** Another one makes another secret. */
  hookRound?: string;
}

/** Nobody reads what a device sends along; more than this is no device. */
const mostBytes = 64 * 1024;

const secretOf = (RED: Red, door: string, round: unknown): Secret =>
  hookSecret(instanceSecret(RED.settings.userDir), door, textOr(round) ?? "");

/**
 * Serves the hooks; the result switches on those of a door, and gives what switches them off again.
 * `GET /portero/hook/<id of the door's node>?round=…` is for the dialog.
 */
export function serveHooks(
  RED: Red,
): (node: RedNode, config: HookConfig, take: (report: DeviceReport) => void) => () => void {
  let log: RedNode | undefined;
  const said = (level: "debug" | "info" | "warn" | "error") => (text: string) => log && logOf(log)[level](text);
  const hooks = new Hooks({
    clock: systemClock,
    log: { debug: said("debug"), info: said("info"), warn: said("warn"), error: said("error") },
  });
  RED.httpNode.use("/portero/hook", (request, response) => {
    readNothing(request);
    const status = hooks.call(request.method, request.url, request.socket.remoteAddress ?? "");
    response.set("Cache-Control", "no-store").set("Content-Type", "text/plain");
    response.status(status).send(answers[status]);
  });
  RED.httpAdmin.get("/portero/hook/:door", RED.auth.needsPermission("door.write"), (request, response) => {
    const secret = secretOf(RED, request.params["door"] ?? "", request.query["round"]);
    response.set("Cache-Control", "no-store").json({ path: `portero/hook/${secret.reveal()}` });
  });
  return (node, config, take) => {
    if (!config.hooks) return () => {};
    log = node;
    return hooks.add(secretOf(RED, node.id, config.hookRound), take);
  };
}

const answers = { 200: "ok\n", 404: "not found\n", 429: "too often\n" } as const;

function readNothing(request: Request): void {
  let bytes = 0;
  request.on("data", (piece) => {
    bytes += piece.length;
    if (bytes > mostBytes) request.destroy();
  });
  request.on("error", () => {});
}
