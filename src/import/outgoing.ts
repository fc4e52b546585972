// Numbers that lead out of the house: a pattern such as `_9X.` that dials what was dialled, or the rest of it, at a server. In
// Portero the account has such beginnings, for phones as for strategies.
import type { Account } from "./devices.ts";
import type { Context, Extension } from "./plan.ts";
import type { Report } from "./report.ts";

export interface Prefix {
  readonly prefix: string;
  /** How many digits are taken off. */
  readonly strip: string;
  readonly prepend: string;
}

export interface Outgoing {
  /** By the account's name. */
  readonly prefixes: ReadonlyMap<string, readonly Prefix[]>;
  /** Extensions that do nothing else. */
  readonly extensions: ReadonlySet<Extension>;
}

const dialsOut = /^(?:PJSIP|SIP)\/(\d*)\$\{EXTEN(?::(\d+))?\}@([^/&,()\s]+)$/i;

export function readOutgoing(contexts: readonly Context[], accounts: readonly Account[], report: Report): Outgoing {
  const prefixes = new Map<string, Prefix[]>();
  const extensions = new Set<Extension>();
  for (const extension of contexts.flatMap((context) => context.extensions)) {
    const [, prefix] = /^_([0-9+*#]{1,32})[XZN[]/i.exec(extension.name) ?? [];
    const dial = extension.steps.find(({ app }) => app === "dial");
    const [, prepend = "", strip = "0", place]: (string | undefined)[] =
      dialsOut.exec(dial?.args.split(",")[0] ?? "") ?? [];
    const account = accounts.find(({ trunk }) => trunk === place);
    if (prefix === undefined || !dial || !account || Number(strip) > prefix.length) continue;
    const known = prefixes.get(account.name) ?? [];
    prefixes.set(account.name, known);
    extensions.add(extension);
    report.take(dial);
    if (known.some((one) => one.prefix === prefix))
      report.note(`Line ${dial.number}: numbers that begin with ${prefix} go out twice; the first way counts.`);
    else known.push({ prefix, strip, prepend });
  }
  return { prefixes, extensions };
}
