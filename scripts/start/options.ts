// The command line of `npm start`.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { freePort, isFree } from "../ports.ts";

export interface Options {
  /** Ports as asked for: 0 = any free one, undefined = the usual one or the next free. */
  port: number | undefined;
  sipPort: number | undefined;
  mqttPort: number | undefined;
  host: string;
  userDir: string;
  sim: boolean;
  help: boolean;
}

export const help = `npm start -- [options]

Starts Node-RED with Portero, an example flow with simulated devices, and an MQTT broker.

  --port N        port of the editor and the dashboard (1880, or the next free one)
  --sip-port N    port of the SIP endpoint, UDP and TCP (5060, or the next free one)
  --mqtt-port N   port of the embedded MQTT broker, on loopback (1883, or the next free one)
                  0 = any free port
  --host A        address of the editor: 127.0.0.1; 0.0.0.0 lets everybody in the network edit the flows
  --user-dir D    where flows and settings are kept (.node-red in the project)
  --no-sim        leave the simulated bell and phone off: for real devices
  --help          this text`;

function portOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65535)) throw new Error(`--${name} must be a number from 0 to 65535, not "${text}".`);
  return port;
}

/** @throws Error with a sentence about what cannot be understood. */
export function parseOptions(args: readonly string[], root: string): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: "string" },
      "sip-port": { type: "string" },
      "mqtt-port": { type: "string" },
      host: { type: "string", default: "127.0.0.1" },
      "user-dir": { type: "string", default: resolve(root, ".node-red") },
      "no-sim": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  return {
    port: portOf("port", values.port),
    sipPort: portOf("sip-port", values["sip-port"]),
    mqttPort: portOf("mqtt-port", values["mqtt-port"]),
    host: values.host,
    userDir: resolve(values["user-dir"]),
    sim: !values["no-sim"],
    help: values.help,
  };
}

export interface Ports {
  editor: number;
  sip: number;
  mqtt: number;
}

/**
 * The ports to listen on: three different ones that are free now.
 * @throws Error when a port that was asked for is taken.
 */
export async function choosePorts(options: Options): Promise<Ports> {
  const chosen: number[] = [];
  const choose = async (option: string, wanted: number | undefined, usual: number, host: string) => {
    if (wanted !== undefined && wanted !== 0 && (chosen.includes(wanted) || !(await isFree(wanted, host))))
      throw new Error(
        `Port ${wanted} (${option}) is taken by another program: end that one, choose another port, or leave ${option} out.`,
      );
    const port = wanted === undefined || wanted === 0 ? await freePort(wanted ?? usual, chosen, host) : wanted;
    chosen.push(port);
    return port;
  };
  return {
    editor: await choose("--port", options.port, 1880, options.host),
    sip: await choose("--sip-port", options.sipPort, 5060, "0.0.0.0"),
    mqtt: await choose("--mqtt-port", options.mqttPort, 1883, "127.0.0.1"),
  };
}
