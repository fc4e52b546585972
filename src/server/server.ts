// The endpoint without Node-RED: a switchboard that follows a config file and reports what happens.
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { sentence } from "../errors.ts";
import { checkDoor, PresetFolder, presets, type DoorSettings } from "../door/door.ts";
import { silent, type Log } from "../log.ts";
import { Secret } from "../secret.ts";
import { traceOf } from "../sip/trace/trace.ts";
import { checkDevice, deviceFields, type DeviceOptions } from "../visit/numbers/devices.ts";
import type { PressClip, Recorded, VisitEvent } from "../visit/messages.ts";
import { checkExpiry } from "../visit/settings.ts";
import { strategyOf } from "../visit/strategy.ts";
import type { Strategy } from "../visit/strategies/verbs.ts";
import { Switchboard, type SwitchboardOptions } from "../visit/switchboard.ts";
import type { ServerConfig } from "./config.ts";
import { listenerOf } from "./listeners.ts";

/** One line of what happened: plain JSON. */
export type Report = (line: Record<string, unknown>) => void;

export interface Server {
  readonly switchboard: Switchboard;
  close(): Promise<void>;
}

/**
 * Starts it. A door with a strategy is answered by it, and its caller refused when that fails; a door without one rings
 * the number it dials.
 * @throws PorteroError `invalid`, `number-taken`, `port-busy` …
 */
export async function startServer(
  config: ServerConfig,
  report: Report,
  deps: { clock?: Clock; log?: Log } = {},
): Promise<Server> {
  const log = deps.log ?? silent;
  const { traceMessages, expiry, ...sip } = config.sip;
  const { folder, devices, dndCodes } = config;
  if (devices) checkDevice(devices, "config: devices");
  const more = {
    ...(traceMessages !== undefined && { trace: traceOf(traceMessages) }),
    ...(expiry && { expiry: checkExpiry(expiry) }),
  };
  const switchboard = new Switchboard({
    ...{ log, sip: { ...sip, listeners: sip.listeners.map(listenerOf), ...more }, dndCodes },
    ...(folder === undefined
      ? {}
      : { folder, recordings: join(folder, "recordings"), codes: { folder: join(folder, "codes") } }),
    ...(devices && { devices }),
    ...(deps.clock && { clock: deps.clock }),
    ...(config.media && { media: mediaOf(config.media) }),
  });
  for (const { password, ...extension } of config.extensions)
    switchboard.addExtension({ ...extension, password: new Secret(password) }, `extension ${extension.extension}`);
  for (const group of config.groups) switchboard.addGroup(group, `ring group ${group.name || group.number}`);
  for (const room of config.rooms) switchboard.addRoom(room, `conference room ${room.name}`);
  for (const place of config.parking) switchboard.parking.add(place, `parking place ${place.name}`);
  const own = folder === undefined ? { presets, faults: [] } : new PresetFolder(join(folder, "presets")).read();
  for (const fault of own.faults) log.warn(fault);
  const strategies = new Map<string, Strategy>();
  for (const { strategy, ...door } of config.doors) {
    strategies.set(door.id, strategyOf(strategy ?? { strategy: "ring-all" }));
    const { settings, device } = partsOf(door);
    switchboard.addDoor(checkDoor(withSecrets(settings), own.presets), `door ${door.name}`, device);
  }

  switchboard.on("visit", (event) => {
    report(plain(event));
    if (event.event !== "ring") return;
    const visit = switchboard.visit(event.visit.id);
    const strategy = strategies.get(event.visit.door);
    if (!visit || !strategy) return;
    visit
      .answerBy(strategy)
      .then((outcome) => visit.refuse(outcome.result === "busy" || outcome.result === "rejected" ? 486 : 480))
      .catch((error: unknown) => log.error(sentence(error)));
  });
  for (const name of [
    "registered",
    "unregistered",
    "refused",
    "banned",
    "lifted",
    "reachable",
    "unreachable",
    "dnd",
  ] as const)
    switchboard.on(name, (facts: object) => report({ event: name, ...facts }));
  switchboard.on("opening", (opening) => report({ event: "opening", ...opening }));
  switchboard.on("finding", (finding) => report({ event: "finding", ...finding }));
  switchboard.on("trouble", (error) => report({ event: "trouble", text: error.message }));
  await switchboard.start();
  return { switchboard, close: () => switchboard.close() };
}

function mediaOf({ ports, ...rest }: NonNullable<ServerConfig["media"]>): NonNullable<SwitchboardOptions["media"]> {
  const [from, to] = ports ?? [];
  return from === undefined || to === undefined ? rest : { ...rest, ports: [from, to] };
}

/** A door's own fields, and those of its device. */
function partsOf(door: Readonly<Record<string, unknown>>): {
  settings: Record<string, unknown>;
  device: DeviceOptions;
} {
  const fields = Object.entries(door);
  const ofDevice = (name: string) => Object.hasOwn(deviceFields, name);
  return {
    settings: Object.fromEntries(fields.filter(([name]) => !ofDevice(name))),
    device: Object.fromEntries(fields.filter(([name]) => ofDevice(name))),
  };
}

const secretFields = ["password", "imageUrl", "videoUrl", "cameraPassword", "code"];

/** A door as JSON holds it, its secrets wrapped. */
export function withSecrets(door: Readonly<Record<string, unknown>>): DoorSettings {
  const fields = Object.entries(door).map(([name, value]) =>
    secretFields.includes(name) && typeof value === "string" ? [name, new Secret(value)] : [name, value],
  );
  return Object.fromEntries(fields) as DoorSettings;
}

/** The event without the bytes of a picture, a clip or a recording. */
function plain(event: VisitEvent): Record<string, unknown> {
  if (event.event === "recorded") return { ...event, payload: { ...(event.payload as Recorded), wav: undefined } };
  if (event.event === "clip") {
    const { mp4, ...facts } = event.payload as PressClip;
    return { ...event, payload: { ...facts, bytes: mp4.length } };
  }
  if (event.event !== "snapshot") return { ...event };
  const { jpeg, ...facts } = event.payload as { jpeg: Buffer };
  return { ...event, payload: { ...facts, bytes: jpeg.length } };
}
