// The addresses of rtpengines in a dialog: the same entries that the runtime takes (src/media/rtpengine/wire.ts), which a
// browser cannot load.
import { entriesOf, isIPv6 } from "./networks.ts";

function isServer(entry: string): boolean {
  if (isIPv6(entry)) return true;
  const found: (string | undefined)[] | null = /^(?:\[([0-9a-f:.]+)\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(entry);
  if (!found) return false;
  const [, six, port = "1"] = found;
  return (six === undefined || isIPv6(six)) && Number(port) > 0 && Number(port) < 65_536;
}

/** The first entry that is no address of a server. */
export const wrongServer = (list: unknown): string | undefined => entriesOf(list).find((entry) => !isServer(entry));

/** Whether it is an address with a port. */
export const isPlace = (entry: string): boolean => isServer(entry) && !isIPv6(entry) && /[^[:]:\d+$/.test(entry);
