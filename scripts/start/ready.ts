// What `npm start` tells when everything listens: the addresses, and of simulated devices the logins, asked from the
// running nodes.
import type { NodeRed } from "./node-red.ts";

/** What the line READY carries. Logins are those of simulated devices only. */
export interface Ready {
  editor: string;
  dashboard: string | null;
  sip: { host: string; port: number; transports: string[] } | null;
  mqtt: string;
  bell: { extension: string; login: string; password: string; camera: string | null } | null;
  phones: { extension: string; login: string; password: string }[];
}

/** What we ask a running sip-endpoint node. */
interface Endpoint {
  reachable(): { host: string; port: number; transports: string[] };
  health: { trouble: string | undefined };
  switchboard: { registrations(): { extension: string }[] };
}

/** What we ask a running doorbell-sim node; undefined while it lacks a setting or is switched off. */
interface Sim {
  credentialsForStarter():
    { role: "bell" | "phone"; extension: string; login: string; password: string; camera?: string } | undefined;
}

export interface State {
  ready: Ready;
  /** Sentences about what does not listen yet; nobody can call us before they do. */
  waiting: string[];
  /** Sentences about simulated devices that have not registered yet. */
  late: string[];
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

/** The state of the flows; instead of `nodes` a sentence why they do not run. `base` is Node-RED's URL without a slash at its end. */
export function lookAt(nodes: NodeRed["nodes"] | string, base: string, mqtt: string): State {
  const state: State = {
    ready: { editor: `${base}/`, dashboard: null, sip: null, mqtt, bell: null, phones: [] },
    waiting: [],
    late: [],
  };
  const { ready } = state;
  if (typeof nodes === "string") {
    state.waiting.push(nodes);
    return state;
  }
  const registered = new Set<string>();
  const sims: { name: string; who: NonNullable<ReturnType<Sim["credentialsForStarter"]>> }[] = [];
  nodes.eachNode((settings) => {
    const name = text(settings["name"]) || settings.id;
    switch (settings.type) {
      case "ui-base":
        ready.dashboard ??= `${base}${text(settings["path"]) || "/dashboard"}`;
        break;
      case "sip-endpoint": {
        const endpoint = nodes.getNode(settings.id) as Endpoint | null;
        if (!endpoint) break; // Disabled, or used by nothing.
        const { host, port, transports } = endpoint.reachable();
        if (port === 0) state.waiting.push(`The SIP endpoint "${name}" does not listen yet${because(endpoint)}.`);
        else ready.sip ??= { host, port, transports: [...transports] };
        for (const { extension } of endpoint.switchboard.registrations()) registered.add(extension);
        break;
      }
      case "doorbell-sim": {
        const who = (nodes.getNode(settings.id) as Sim | null)?.credentialsForStarter();
        if (who) sims.push({ name, who });
        break;
      }
    }
  });
  for (const { name, who } of sims) {
    const { role, extension, login, password, camera } = who;
    if (role === "phone") ready.phones.push({ extension, login, password });
    else ready.bell ??= { extension, login, password, camera: camera ?? null };
    if (!registered.has(extension))
      state.late.push(`The simulated ${role} "${name}" (${extension}) is not registered.`);
  }
  return state;
}

const because = ({ health }: Endpoint) => (health.trouble === undefined ? "" : `: ${health.trouble}`);

/** The same for people. */
export function banner({ editor, dashboard, sip, mqtt, bell, phones }: Ready): string {
  const rows: [string, string][] = [["Editor", editor]];
  if (dashboard !== null) rows.push(["Dashboard", dashboard]);
  if (sip) rows.push(["SIP", `${sip.host}:${sip.port} (${sip.transports.join(", ")})`]);
  rows.push(["MQTT", mqtt]);
  if (bell) rows.push(["Bell", `simulated, extension ${bell.extension}`]);
  for (const phone of phones) rows.push(["Phone", `simulated, extension ${phone.extension}`]);
  const lines = rows.map(([name, value]) => `  ${name.padEnd(10)} ${value}`);
  return ["", "Portero is at the door.", "", ...lines, "", "Ctrl-C ends it.", ""].join("\n");
}
