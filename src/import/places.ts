// Where bells wait: parking lots of res_parking.conf, rooms and user profiles of confbridge.conf.
import { isYes, valueOf, type Section } from "./conf.ts";
import type { Report } from "./report.ts";

export interface Lot {
  readonly parkNumber: string;
  readonly firstSlot: string;
  readonly lastSlot: string;
  readonly seconds: string;
}

export interface Profiles {
  /** Who lets those in who wait: marked, or an admin. */
  isMember(user: string): boolean | undefined;
  most(bridge: string): string;
}

const lotKeys =
  /^(parkext|parkpos|parkingtime|context|findslot|parkedmusicclass|comebacktoorigin|comebackcontext|comebackdialtime|parkext_exclusive|courtesytone|parkedplay|parkinghints|parkedcalltransfers|parkedcallreparking|parkedcallhangup|parkedcallrecording|parkeddynamic)$/;

export const isLot = (section: Section): boolean =>
  section.all().some(({ key }) => key === "parkpos" || key === "parkext");

/** The first parking lot; others are named. */
export function readLot(sections: readonly Section[], report: Report): Lot | undefined {
  const lots = sections.filter(isLot);
  for (const lot of lots)
    for (const entry of lot.entries)
      if (lotKeys.test(entry.key)) report.take(entry);
      else report.leave(entry, `${entry.key} has no counterpart here`);
  const [lot, ...more] = lots.filter(({ isTemplate }) => !isTemplate);
  for (const other of more) report.leave(other, "a second parking lot: make another parking place in Node-RED");
  if (!lot) return undefined;
  const [, first = "", last = ""]: (string | undefined)[] =
    /^(\d+)\s*-\s*(\d+)$/.exec(valueOf(lot, "parkpos") ?? "") ?? [];
  return {
    ...{ parkNumber: valueOf(lot, "parkext") ?? "", firstSlot: first, lastSlot: last },
    seconds: /^\d+$/.test(valueOf(lot, "parkingtime") ?? "") ? (valueOf(lot, "parkingtime") ?? "") : "",
  };
}

const profileKeys =
  /^(type|marked|wait_marked|end_marked|admin|music_on_hold_when_empty|music_on_hold_class|quiet|max_members|announce_.*|startmuted|dtmf_passthrough|video_mode|record_conference|mixing_interval|internal_sample_rate|dsp_.*|talk_detection_events|denoise|jitterbuffer|template|sound_.*|timeout|announcement)$/;
const isProfile = (section: Section): boolean =>
  ["user", "bridge", "menu"].includes(valueOf(section, "type")?.toLowerCase() ?? "");
/** `type=user` is a peer of sip.conf too. */
export const isConference = (section: Section): boolean =>
  isProfile(section) && !section.all().some(({ key }) => key === "secret" || key === "host");

export function readProfiles(sections: readonly Section[], report: Report): Profiles {
  const profiles = sections.filter(isConference);
  for (const section of profiles)
    for (const entry of section.entries)
      if (valueOf(section, "type")?.toLowerCase() === "menu" && entry.key !== "type")
        report.leave(entry, "menus of a conference are not known here: a door's code goes through it from any member");
      else if (profileKeys.test(entry.key)) report.take(entry);
      else report.leave(entry, `${entry.key} has no counterpart here`);
  const find = (name: string) => profiles.find((section) => section.name === name);
  return {
    isMember: (user) => {
      const profile = find(user);
      if (!profile) return user === "" ? undefined : /admin|marked|member|leader/i.test(user);
      const is = (key: string) => isYes(valueOf(profile, key));
      return is("marked") || (is("admin") && !is("wait_marked"));
    },
    most: (bridge) => {
      const profile = find(bridge);
      const most = profile ? valueOf(profile, "max_members") : undefined;
      return /^\d+$/.test(most ?? "") ? (most ?? "") : "";
    },
  };
}
