// What is special about the devices of a number (H1), as it stands in the dialogs of sip-registrar and door.
import { giveUp } from "../src/errors.ts";
import { dtmfMethods } from "../src/dtmf.ts";
import { codecNames, type CodecName } from "../src/media/codec.ts";
import { encryptions } from "../src/media/sdes.ts";
import { webrtcModes } from "../src/media/webrtc.ts";
import type { DeviceOptions } from "../src/visit/numbers/devices.ts";
import { entriesIn, numbersIn, textOr } from "./fields.ts";

export interface DeviceRow {
  /** Names, separated by commas or spaces. */
  codecs?: string;
  encryption?: string;
  webrtc?: string;
  /** The method. */
  dtmf?: string;
  dtmfMs?: string;
  dtmfGapMs?: string;
  dtmfTones?: boolean;
  /** A tick in the door's dialog, a choice in the registrar's. */
  directMedia?: boolean | "on" | "";
  rport?: "on" | "off" | "";
  qualify?: string;
  dropAfter?: string;
  maxCalls?: string;
  dndStatus?: string;
}

/**
 * As numbers and lists; what is wrong with numbers the switchboard says. `who` begins a complaint.
 * @throws PorteroError `invalid`, for a codec that is none, an encryption, or a method of digits
 */
export function deviceOptions(row: DeviceRow, who: string): DeviceOptions {
  const codecs = entriesIn(row.codecs);
  const unknown = codecs.find((name) => !(codecNames as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw giveUp("invalid", `${who}: "${unknown.slice(0, 40)}" is no codec; there are ${codecNames.join(", ")}`);
  const encryption = oneOf(encryptions, row.encryption, `${who}: encryption`);
  const webrtc = oneOf(webrtcModes, row.webrtc, `${who}: webrtc`);
  const dtmf = oneOf(dtmfMethods, row.dtmf, `${who}: dtmf`);
  const { qualify, dropAfter, maxCalls, dndStatus, dtmfMs, dtmfGapMs } = row;
  return {
    ...(codecs.length > 0 ? { codecs: codecs as CodecName[] } : {}),
    ...(encryption === undefined ? {} : { encryption }),
    ...(webrtc === undefined ? {} : { webrtc }),
    ...(dtmf === undefined ? {} : { dtmf }),
    ...(row.dtmfTones ? { dtmfTones: true } : {}),
    ...(row.directMedia ? { directMedia: true } : {}),
    ...(row.rport ? { rport: row.rport === "on" } : {}),
    ...numbersIn({ qualifySeconds: qualify, qualifyDropAfter: dropAfter, maxCalls, dndStatus, dtmfMs, dtmfGapMs }),
  };
}

function oneOf<const T extends string>(all: readonly T[], value: string | undefined, what: string): T | undefined {
  const given = textOr(value);
  const known = all.find((one) => one === given);
  if (given === undefined || known !== undefined) return known;
  throw giveUp("invalid", `${what} is one of ${all.join(", ")}, not "${given.slice(0, 40)}"`);
}
