// A dial plan of Asterisk, with the devices it rings, as a flow: `extensions.conf`, `pjsip.conf`, `res_parking.conf`,
// `confbridge.conf`, `sip.conf`, pasted in any order. Pure: text in, nodes out, and a word on every line that has none.
import { branchOf, type Branch } from "./branch.ts";
import { isYes, readConf, valueOf, type Section } from "./conf.ts";
import { readAccounts, readDevices, readNetwork } from "./devices.ts";
import type { FlowNode } from "./drawing.ts";
import { drawFlow } from "./flow.ts";
import { readOutgoing } from "./outgoing.ts";
import { isConference, isLot, readLot, readProfiles } from "./places.ts";
import { isContext, readPlan, type Extension } from "./plan.ts";
import { Report, type LeftLine } from "./report.ts";
import type { Plan } from "./run.ts";
import { settle, type House } from "./settle.ts";
import { type Read, type Surroundings, isDialled } from "./read.ts";

export interface Count {
  readonly what:
    | "bell"
    | "phone"
    | "account"
    | "parking"
    | "room"
    | "redial"
    | "retry-dial"
    | "until-answered"
    | "ring-all"
    | "refuse"
    | "number"
    | "left";
  readonly count: number;
  /** Of a redial loop. */
  readonly tries?: number;
}

export interface Imported {
  /** As Node-RED imports it; without passwords. Empty where nothing was understood. */
  readonly nodes: readonly FlowNode[];
  /** By the id of the node they belong to. */
  readonly credentials: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly notes: readonly string[];
  readonly left: readonly LeftLine[];
  readonly counts: readonly Count[];
  /** Who registers, and who of them was taken for the bell. */
  readonly devices: readonly { readonly number: string; readonly name: string; readonly isBell: boolean }[];
}

/** Of all extensions together: some thousand times what anybody has. */
const mostSteps = 100_000;

/** Never throws. */
export function importDialPlan(text: string, here: Surroundings = {}): Imported {
  const report = new Report();
  const sections = readConf(text, report);
  const read = readAll(sections, report);
  const house: House = settle(read, here, report);
  const drawn = drawFlow(house, here, text, report);
  const left = report.left();
  return {
    ...drawn,
    notes: report.notes,
    left,
    counts: [...countsOf(house), ...(left.length > 0 ? [{ what: "left", count: left.length } as const] : [])],
    devices: read.devices.map(({ number, name }) => ({
      number,
      name,
      isBell: house.bells.some((bell) => bell.number === number),
    })),
  };
}

function readAll(sections: readonly Section[], report: Report): Read {
  const [plan, others] = [sections.filter(isContext), sections.filter((section) => !isContext(section))];
  const globals = new Map<string, string>();
  for (const section of others.filter(({ name }) => name === "globals"))
    for (const entry of section.entries) {
      globals.set(entry.text.split("=")[0]?.trim() ?? "", entry.value);
      report.take(entry);
    }
  const conf = others.filter((section) => section.name !== "globals" && !isLot(section) && !isConference(section));
  const accounts = readAccounts(conf, report);
  const devices = readDevices(conf, accounts, report);
  const network = readNetwork(conf, report);
  const lot = readLot(others, report);
  const profiles = readProfiles(others, report);
  nameUnknown(conf, report);
  const contexts = readPlan(plan, report);
  const outgoing = readOutgoing(contexts, accounts, report);
  const accountNames = new Map(accounts.map(({ trunk, name }) => [trunk, name]));
  const walked: Plan = { contexts, globals, report, accounts: accountNames, found: new Map(), steps: mostSteps };
  const branches = new Map<Extension, Branch>();
  for (const { name, extensions } of contexts)
    for (const extension of extensions)
      if (isDialled(extension) && !outgoing.extensions.has(extension) && !name.startsWith("macro-") && !isTimeOut(name))
        branches.set(extension, branchOf(walked, extension));
  for (const { extensions, name } of contexts)
    for (const extension of extensions) if (!branches.has(extension)) nameSilent(extension, name, report);
  return { contexts, devices, accounts, outgoing, network, lot, branches, profiles };
}

/** Where Asterisk sends parked calls that nobody fetched. */
const isTimeOut = (context: string): boolean => /^parkedcallstimeout$/.test(context);

const idle = new Set(["noop", "verbose", "log", "hangup", "return", "macroexit"]);

/** Steps that no call is at first; those that others have gone to are taken already. */
function nameSilent(extension: Extension, context: string, report: Report): void {
  const why =
    extension.name === "h"
      ? "what is done after hanging up hangs on the third output of doorbell-in"
      : isTimeOut(context)
        ? "what becomes of a parked bell that nobody fetched stands in the parking place"
        : undefined;
  for (const step of extension.steps)
    if (idle.has(step.app)) report.take(step);
    else if (why !== undefined) report.leave(step, why);
}

/** What stands in sections that are none of ours. */
function nameUnknown(sections: readonly Section[], report: Report): void {
  const known = ["endpoint", "aor", "auth", "registration", "transport", "friend", "peer", "user"];
  for (const section of sections) {
    const type = valueOf(section, "type")?.toLowerCase() ?? "";
    if (known.includes(type) || section.isTemplate) continue;
    for (const entry of section.entries) {
      if (entry.key.startsWith("rtp") || /^(static|writeprotect|bindport)$/.test(entry.key)) report.take(entry);
      else if (type === "identify")
        report.leave(entry, "who calls without a password is listed in the SIP endpoint, tab Calls: taken from");
      else if (/^(general|global|system)$/.test(section.name)) report.leave(entry, "a setting of Asterisk itself");
      else
        report.leave(
          entry,
          section.name === ""
            ? "there is no [section] before it"
            : `[${section.name}] is no section that is known here`,
        );
    }
    if (isYes(valueOf(section, "allowguest")))
      report.note("Calls without a password are refused by a SIP endpoint: see its tab Security.");
  }
}

function countsOf({ bells, phones, accounts, parking, rooms, groups }: House): Count[] {
  const branches = [...new Set(groups.flatMap((group) => group.branches))];
  const steps = branches.flatMap(({ steps }) => steps);
  const one = (what: Count["what"], count: number): Count[] => (count > 0 ? [{ what, count }] : []);
  const strategies = ["redial", "retry-dial", "until-answered", "refuse"] as const;
  return [
    ...one("bell", bells.length),
    ...one("phone", phones.length),
    ...one("number", branches.length),
    ...one("ring-all", steps.filter(({ strategy }) => strategy === "ring-all").length),
    ...strategies.flatMap((what) =>
      steps
        .filter(({ strategy }) => strategy === what)
        .map(({ tries }): Count => ({ what, count: 1, ...(tries !== undefined && { tries }) })),
    ),
    ...one("parking", parking ? 1 : 0),
    ...one("room", rooms.length),
    ...one("account", accounts.length),
  ];
}
