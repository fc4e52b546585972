// Lists of addresses and networks in dialogs: the same entries that the runtime takes (src/sip/guard/networks.ts), which a
// browser cannot load.
import { text } from "./dialog.ts";

/** Between commas, blanks or line ends. */
export const entriesOf = (value: unknown): string[] =>
  text(value)
    .split(/[\s,;]+/)
    .filter(Boolean);

function isIPv4(address: string): boolean {
  const parts = address.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
}

export function isIPv6(address: string): boolean {
  return /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(address) && URL.canParse(`http://[${address}]/`);
}

function isNetwork(entry: string): boolean {
  const [address = "", prefix, ...more] = entry.split("/");
  const most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  if (prefix === undefined) return most > 0;
  return more.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= most;
}

/** The first entry that is no address and no network. */
export const wrongNetwork = (list: unknown): string | undefined => entriesOf(list).find((entry) => !isNetwork(entry));
