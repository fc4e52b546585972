// Who rings whom: bells and phones apart, what each number that a bell dials does, and the places that numbers lead to.
import type { Branch, Settings } from "./branch.ts";
import type { Account, Device, Network } from "./devices.ts";
import { dialledIn, type Read, type Surroundings } from "./read.ts";
import { narrowerFirst, takesAll } from "./pattern.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Extension } from "./plan.ts";
import type { Lot } from "./places.ts";
import type { Report } from "./report.ts";

export interface Phone {
  readonly number: string;
  readonly name: string;
  readonly login: string;
  readonly password: string | undefined;
  readonly fields: Readonly<Record<string, string>>;
}

export interface Parking {
  readonly parkNumber: string;
  readonly fetchNumber: string;
  readonly firstSlot: string;
  readonly lastSlot: string;
  readonly seconds: string;
}

export interface Room {
  readonly name: string;
  readonly visitorNumber: string;
  readonly memberNumber: string;
  readonly most: string;
}

/** Bells that reach the same numbers. */
export interface Group {
  /** Empty: every door of the endpoint. */
  readonly bells: readonly Phone[];
  readonly branches: readonly Branch[];
  /** Said again by another extension of the same number: drawn, and wired to nothing (H20). */
  readonly twins: ReadonlySet<Branch>;
}

export interface House {
  readonly bells: readonly Phone[];
  readonly phones: readonly Phone[];
  readonly accounts: readonly Account[];
  readonly outgoing: Outgoing;
  readonly network: Network;
  readonly parking: Parking | undefined;
  readonly rooms: readonly Room[];
  readonly groups: readonly Group[];
}

/** Where nothing that was pasted says which device the bell is (H1). */
const usualBell = "8000";

export function settle(read: Read, here: Surroundings, report: Report): House {
  const { devices, contexts, branches, accounts, outgoing, network } = read;
  const isBell = (device: Device) => (here.bell !== undefined ? device.number === here.bell : device.isDoor);
  const bells: Phone[] = devices.filter(isBell);
  const hasPlan = branches.size > 0;
  const contextOf = new Map(devices.map(({ number, context }) => [number, context]));
  const perContext = grouped(bells, ({ number }) => contextOf.get(number) ?? "");
  const groups: Group[] = [...(perContext.size > 0 ? perContext : new Map([["", [] as Phone[]]]))].map(
    ([context, ringers]) => {
      const dialled = dialledIn(contexts, context === "" ? undefined : context).filter((extension) =>
        branches.has(extension),
      );
      return groupOf(ringers, dialled, read, report);
    },
  );
  if (hasPlan && bells.length === 0 && !here.hasDoors) {
    bells.push({ number: usualBell, name: "Doorbell", login: "", password: undefined, fields: {} });
    report.note(
      `Which device the bell is does not stand in what was pasted: a door with the number ${usualBell} was made. Set its number and password in its dialog.`,
    );
  }
  const reached = new Set(groups.flatMap((group) => group.branches.map(({ extension }) => extension)));
  const parking = parkingOf(read, report);
  const rooms = roomsOf(read, report);
  for (const branch of branches.values())
    if (!reached.has(branch.extension) && !isPlace(branch) && !isPlain(branch) && !isNothing(branch))
      report.leave(
        branch.extension,
        `${branch.extension.name} is not dialled by a bell: phones call each other by their numbers, and nothing else is done for them`,
      );
  const phones: Phone[] = devices.filter((device) => !isBell(device));
  phones.push(...missing([...bells, ...phones], groups, here, report));
  nameCollisions(bells, phones, parking, rooms, here, report);
  return { bells, phones, accounts, outgoing, network, parking, rooms, groups: hasPlan ? groups : [] };
}

function grouped<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}

/** A number of a phone, or of a parked bell, of no interest to a bell. */
const isPlace = ({ fetches, room, steps }: Branch): boolean =>
  fetches !== undefined || room !== undefined || steps.some(({ strategy }) => strategy === "park");

/** Rings just the number that was dialled: that is what happens anyway. */
function isPlain({ extension, steps, before, after, sound, answerFirst, record, message }: Branch): boolean {
  const [step, ...more] = steps;
  if (!step || more.length > 0 || step.strategy !== "ring-all" || before.length > 0) return false;
  if (sound || answerFirst || record || message || after.some(({ do: what }) => what !== "hangup")) return false;
  const { targets = [] } = step;
  return targets.length === 0 || (targets.length === 1 && targets[0] === extension.name);
}

/** Nothing in it has a counterpart; its lines are named. */
const isNothing = ({ before, steps, after, message }: Branch): boolean =>
  steps.length + before.length === 0 && !message && after.every(({ do: what }) => what === "hangup");

function groupOf(bells: readonly Phone[], dialled: readonly Extension[], read: Read, report: Report): Group {
  const { branches, profiles } = read;
  const first = new Map<string, Branch>();
  const twins = new Set<Branch>();
  const found: Branch[] = [];
  let plain: Branch | undefined;
  for (const extension of dialled) {
    const branch = branches.get(extension);
    if (!branch || isNothing(branch) || branch.fetches || (branch.room && profiles.isMember(branch.room.user) === true))
      continue;
    const key = takesAll(extension.name) ? "*" : extension.name;
    const other = first.get(key);
    const [here, there] = [`line ${extension.number}`, `line ${other?.extension.number ?? 0}`];
    if (other && key === "*" && isPlain(branch)) continue;
    if (other && key === "*" && isPlain(other)) {
      report.note(
        `A bell that dials any other number gets what stands at ${extension.name} (${here}), not the phone of that number (${there}); phones reach each other as before.`,
      );
      found.splice(found.indexOf(other), 1);
      first.set(key, branch);
    } else if (other) {
      report.note(
        `${other.extension.name === extension.name ? `${extension.name} stands twice` : `${other.extension.name} and ${extension.name} take the same calls`}, in ${there} and in ${here}: two cannot have one number. The first is wired; the second is drawn beside it: give it another number.`,
      );
      twins.add(branch);
    } else first.set(key, branch);
    if (isPlain(branch) && key !== "*") {
      plain ??= branch;
      continue;
    }
    found.push(branch);
  }
  // The numbers of phones ring those phones, however many there are.
  if (plain && !first.has("*"))
    found.push({
      ...plain,
      extension: { ...plain.extension, name: "_X." },
      steps: plain.steps.map((step) => ({ ...step, targets: [] })),
    });
  const rank = ({ extension: { name } }: Branch): number => (takesAll(name) ? 2 : name.startsWith("_") ? 1 : 0);
  found.sort((a, b) => rank(a) - rank(b) || (rank(a) === 1 ? narrowerFirst(a.extension, b.extension) : 0));
  return { bells, branches: found, twins };
}

const plainNumber = ({ name }: Extension): string => (/^[A-Za-z0-9*#+]+$/.test(name) && /\d/.test(name) ? name : "");

const dialled = (number: string): boolean => /^[0-9*#+]{1,32}$/.test(number);
const other = (taken: string, usual: string, otherwise: string): string => (taken === usual ? otherwise : usual);
const between = (given: string | undefined, least: number, most: number, usual: number): string =>
  given === undefined || given === "" ? String(usual) : String(Math.min(most, Math.max(least, Number(given))));

/** One to a hundred slots whose numbers have the same length. */
function slotsOf(lot: Lot | undefined, report: Report): { firstSlot: string; lastSlot: string } {
  const { firstSlot = "", lastSlot = "" } = lot ?? {};
  const count = Number(lastSlot) - Number(firstSlot) + 1;
  const fits = firstSlot.length === lastSlot.length && firstSlot.length <= 15 && count >= 1 && count <= 100;
  if (fits && firstSlot !== "") return { firstSlot, lastSlot };
  if (firstSlot !== "")
    report.note(`The slots ${firstSlot} to ${lastSlot} are no 1 to 100 numbers of one length: 701 to 703 were taken.`);
  return { firstSlot: "701", lastSlot: "703" };
}

function parkingOf({ branches, lot }: Read, report: Report): Parking | undefined {
  const parks = [...branches.values()].filter(({ steps }) => steps.some(({ strategy }) => strategy === "park"));
  const fetches = [...branches.values()].filter((branch) => branch.fetches !== undefined);
  if (parks.length === 0 && fetches.length === 0 && !lot) return undefined;
  const numbers = [...new Set(parks.map(({ extension }) => plainNumber(extension)).filter(Boolean))];
  const [parkNumber = lot?.parkNumber ?? "", ...more] = numbers;
  const [fetch, ...moreFetches] = [...new Set(fetches.map(({ extension }) => plainNumber(extension)).filter(Boolean))];
  for (const number of more)
    report.note(`${number} parks too: bells that dial it are parked, but phones park with ${parkNumber}.`);
  for (const number of moreFetches)
    report.note(`${number} fetched a parked bell too: dial ${fetch ?? "555"}, or the slot's own number.`);
  const slot = fetches.find(({ fetches: found }) => /^\d+$/.test(found?.slot ?? ""));
  if (slot && fetch !== undefined)
    report.note(
      `${fetch} always fetched slot ${slot.fetches?.slot ?? ""}, so that a second parked bell could not be reached (line ${slot.extension.number}). Here it fetches the one that waits longest; ${fetch} and a slot, or the slot's number, fetches that one.`,
    );
  const parkedAt = dialled(parkNumber) ? parkNumber : "444";
  return {
    parkNumber: parkedAt,
    fetchNumber: fetch !== undefined && dialled(fetch) ? fetch : other(parkedAt, "555", "556"),
    ...slotsOf(lot, report),
    seconds: between(lot?.seconds, 5, 3600, 60),
  };
}

function roomsOf({ branches, profiles }: Read, report: Report): Room[] {
  const named = grouped(
    [...branches.values()].filter((branch) => branch.room !== undefined),
    ({ room }) => room?.name ?? "",
  );
  return [...named].map(([name, all]) => {
    const numbers = all.map((branch) => ({
      branch,
      number: plainNumber(branch.extension),
      isMember: profiles.isMember(branch.room?.user ?? ""),
    }));
    const members = numbers.filter((one) => one.isMember === true);
    const visitors = numbers.filter((one) => one.isMember !== true);
    const [visitor, second] = visitors;
    const member = members[0] ?? second;
    const label = /^\d*$/.test(name) ? "Conference" + (name === "" || name === "1" ? "" : ` ${name}`) : name;
    if (!member)
      report.note(
        `Nobody can come to the conference that ${visitor?.number ?? "the bell"} leads to: no number was pasted for those who answer. Dial the one in the dialog of the room.`,
      );
    for (const { number } of [...members.slice(1), ...visitors.slice(members.length > 0 ? 1 : 2)])
      if (number !== "")
        report.note(
          `${number} leads to the conference "${label}" too: a room has one number for bells and one for those who answer.`,
        );
    const bridge = all.map(({ room }) => profiles.most(room?.bridge ?? "")).find(Boolean);
    const visitorNumber = visitor?.number || other(member?.number ?? "", "777", "778");
    const memberNumber = member?.number || other(visitorNumber, "888", "889");
    return { name: label.slice(0, 60), visitorNumber, memberNumber, most: between(bridge, 2, 50, 10) };
  });
}

const targetsOf = ({ targets = [] }: Settings) =>
  targets.map((one) => (typeof one === "string" ? { target: one } : one));

/** Phones that are rung and stand nowhere else. */
function missing(known: readonly Phone[], groups: readonly Group[], here: Surroundings, report: Report): Phone[] {
  const numbers = new Set([...known.map(({ number }) => number), ...Object.keys(here.taken ?? {})]);
  const rung = groups.flatMap(({ branches }) => branches.flatMap(({ steps }) => steps.flatMap(targetsOf)));
  const found = new Set(
    rung.filter((one) => !("account" in one) && !one.target.includes(":")).map(({ target }) => target),
  );
  const made = [...found].filter((number) => !numbers.has(number));
  if (made.length > 0)
    report.note(
      `${made.join(", ")}: rung, but no device of that number was pasted. ${made.length === 1 ? "It stands" : "They stand"} in the registrar with a generated password, to be copied from its dialog.`,
    );
  return made.map((number) => ({ number, name: number, login: "", password: undefined, fields: {} }));
}

function nameCollisions(
  bells: readonly Phone[],
  phones: readonly Phone[],
  parking: Parking | undefined,
  rooms: readonly Room[],
  here: Surroundings,
  report: Report,
): void {
  const owners = new Map<string, string>(Object.entries(here.taken ?? {}));
  const claim = (number: string, owner: string) => {
    const other = owners.get(number);
    if (other !== undefined)
      report.note(
        `The number ${number} is claimed by ${other} and by ${owner}: give one of them another number before you deploy.`,
      );
    else owners.set(number, owner);
  };
  for (const { number, name } of bells) claim(number, `the door "${name}"`);
  for (const { number } of phones) claim(number, `the extension ${number}`);
  if (parking) for (const number of [parking.parkNumber, parking.fetchNumber]) claim(number, "the parking place");
  for (const room of rooms)
    for (const number of [room.visitorNumber, room.memberNumber]) claim(number, `the conference "${room.name}"`);
}
