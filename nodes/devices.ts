// What is special about the devices of a number (H1), as it stands in the dialogs of sip-registrar and door.
import { giveUp } from "../src/errors.ts";
import { codecNames, type CodecName } from "../src/media/codec.ts";
import { encryptions } from "../src/media/sdes.ts";
import type { DeviceOptions } from "../src/visit/devices.ts";
import { textOr } from "./shared.ts";

export interface DeviceRow {
  /** Names, separated by commas or spaces. */
  codecs?: string;
  encryption?: string;
  rport?: "on" | "off" | "";
  qualify?: string;
  dropAfter?: string;
  dndStatus?: string;
}

/**
 * As numbers and lists; what is wrong with numbers the switchboard says. `who` begins a complaint.
 * @throws PorteroError `invalid`, for a codec that is none, or an encryption
 */
export function deviceOptions(row: DeviceRow, who: string): DeviceOptions {
  const codecs = (textOr(row.codecs) ?? "").split(/[\s,]+/).filter(Boolean);
  const unknown = codecs.find((name) => !(codecNames as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw giveUp("invalid", `${who}: "${unknown.slice(0, 40)}" is no codec; there are ${codecNames.join(", ")}`);
  const encryption = textOr(row.encryption);
  const known = encryptions.find((one) => one === encryption);
  if (encryption !== undefined && known === undefined)
    throw giveUp("invalid", `${who}: encryption is one of ${encryptions.join(", ")}, not "${encryption.slice(0, 40)}"`);
  const { qualify, dropAfter, dndStatus } = row;
  const numbers = Object.entries({ qualifySeconds: qualify, qualifyDropAfter: dropAfter, dndStatus });
  return {
    ...(codecs.length > 0 ? { codecs: codecs as CodecName[] } : {}),
    ...(known === undefined ? {} : { encryption: known }),
    ...(row.rport ? { rport: row.rport === "on" } : {}),
    ...Object.fromEntries(
      numbers.flatMap(([name, value]) => (textOr(value) === undefined ? [] : [[name, Number(value)]])),
    ),
  };
}
