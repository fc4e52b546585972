// The tab "Security" of the endpoint's dialog: realm, digest, who may call (A8), limits and bans, as a switchboard takes them.
import type { DigestAlgorithm } from "../../src/digest.ts";
import { giveUp } from "../../src/errors.ts";
import { parseNetworks } from "../../src/sip/guard/networks.ts";
import { checkGuard } from "../../src/sip/guard/settings.ts";
import type { SwitchboardOptions } from "../../src/visit/settings.ts";
import { entriesIn, textOr } from "../fields.ts";

/** Lists are texts: entries between commas, blanks or line ends. A blank field means the default. */
export interface SecurityConfig {
  realm?: string;
  /** `MD5`, `SHA-256`, or both with a comma, in the order in which they are offered. */
  algorithms?: string;
  callers?: string;
  callerNumbers?: string;
  others?: "silent" | "forbidden" | "";
  /** Wrong answers; 0 = no bans. */
  banAnswers?: string;
  banWithin?: string;
  banMinutes?: string;
  banLongest?: string;
  /** `none` = nobody, not even this machine. */
  exempt?: string;
  perSource?: string;
  perKnownSource?: string;
  strangers?: string;
  scanners?: "drop" | "answer" | "";
}

type Sip = SwitchboardOptions["sip"];

/** What is no number stays what it is: the check names it. */
const numberIn = (value: unknown): number | string | undefined => {
  const given = textOr(value);
  return given === undefined || Number.isNaN(Number(given)) ? given : Number(given);
};

/** @throws PorteroError `invalid`, about a field that cannot be */
export function security(config: SecurityConfig): Pick<Sip, "realm" | "algorithms" | "guard"> {
  const exempt = textOr(config.exempt) === "none" ? [] : entriesIn(config.exempt);
  const networks = entriesIn(config.callers);
  // The guard reads them again; here the sentence names the field of the dialog.
  parseNetworks(networks, "sip-endpoint, who may call");
  parseNetworks(exempt, "sip-endpoint, exempt");
  const guard = checkGuard({
    limits: filled({
      perSource: numberIn(config.perSource),
      perKnownSource: numberIn(config.perKnownSource),
      strangers: numberIn(config.strangers),
    }),
    bans: filled({
      answers: numberIn(config.banAnswers),
      within: numberIn(config.banWithin),
      minutes: numberIn(config.banMinutes),
      longest: numberIn(config.banLongest),
    }),
    callers: { networks, numbers: entriesIn(config.callerNumbers), ...filled({ others: textOr(config.others) }) },
    ...filled({ exempt: textOr(config.exempt) && exempt, scanners: textOr(config.scanners) }),
  });
  return { guard, ...filled({ realm: textOr(config.realm), algorithms: algorithmsOf(config.algorithms) }) };
}

function algorithmsOf(value: unknown): DigestAlgorithm[] | undefined {
  const names = entriesIn(value);
  const wrong = names.find((name) => name !== "MD5" && name !== "SHA-256");
  if (wrong !== undefined)
    throw giveUp("invalid", `sip-endpoint: the digest is MD5, SHA-256 or both, not "${wrong.slice(0, 40)}"`);
  return names.length === 0 ? undefined : ([...new Set(names)] as DigestAlgorithm[]);
}

/** Without the fields that hold nothing: they have their defaults. */
function filled<T extends object>(all: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const set = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
