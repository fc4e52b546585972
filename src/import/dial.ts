// What stands in Dial(…) and RetryDial(…): whom, how long, and the options that change something here.
import { isNumber } from "../number.ts";
import { anyNumber, partOfIt } from "./expression.ts";
import { argumentsOf } from "./plan.ts";

/** A number, an address (`sip:…`), or a number at another server. */
export interface Called {
  readonly target: string;
  readonly account?: string;
}

export interface Dialled {
  readonly called: readonly Called[];
  /** Whether it is the number that was dialled that is called. */
  readonly isAny: boolean;
  readonly seconds: number | undefined;
  readonly sound: "ring-back" | "music" | undefined;
  /** What is said of this Dial that has no place in the flow. */
  readonly faults: readonly string[];
}

/** Whom `PJSIP/100&SIP/200@trunk` means; a sentence about each that is nobody. */
function calledIn(text: string, accounts: ReadonlyMap<string, string>): (Called | string)[] {
  return argumentsOf(text, "&")
    .map((one) => one.trim())
    .filter(Boolean)
    .map((one) => {
      const [technology = "", ...more] = one.split("/");
      const who = more.join("/").replace(/^\/+/, "");
      if (who === "") return `"${one}" calls nobody`;
      switch (technology.toLowerCase()) {
        case "pjsip":
        case "sip":
          return party(who, accounts);
        case "local":
          return party(who.replace(/[@/].*$/, ""), accounts);
        default:
          return `"${technology}/" is no SIP: ${who} cannot be called`;
      }
    });
}

function party(who: string, accounts: ReadonlyMap<string, string>): Called | string {
  if (who.includes(partOfIt)) return "only the whole number that was dialled can be called, not a part of it";
  const address = /(?:^|\/)(sips?:[^\s<>"/]+)/i.exec(who)?.[1];
  if (address !== undefined)
    return who.includes(anyNumber)
      ? "a dialled number cannot be put into an address"
      : { target: address.slice(0, mostLetters) };
  const [name = "", place] = who.includes("@") ? who.split("@") : who.split("/").reverse();
  const number = name.replace(/:.*$/, "");
  if (number === anyNumber) return place === undefined ? { target: anyNumber } : outside(place, accounts);
  if (number.includes(anyNumber)) return "nothing can be put before or behind the number that was dialled";
  if (/^\d+\.\d+\.\d+\.\d+$/.test(number)) return { target: `sip:${number}` };
  if (!isNumber(number)) return `"${number.slice(0, 40)}" cannot be dialled`;
  const account = accounts.get(place ?? "");
  if (account !== undefined) return { target: number, account };
  if (place !== undefined && /^[A-Za-z0-9.:-]*[.:][A-Za-z0-9.:-]*$/.test(place))
    return { target: `sip:${number}@${place}`.slice(0, mostLetters) };
  if (place !== undefined)
    return `"${place}" is no registration (type=registration) among what was pasted: ${number} there cannot be called`;
  return { target: number };
}

const outside = (place: string, accounts: ReadonlyMap<string, string>): string =>
  accounts.has(place)
    ? `a number that somebody dials goes out by its first digits: set them in the account "${place}"`
    : `"${place}" is no registration (type=registration) among what was pasted`;

const mostLetters = 256;

/** Options that change nothing here, because it is so anyway. */
const needless = new Set(["c", "i", "I", "E", "N", "j", "Q"]);
const meanings: Readonly<Record<string, string>> = {
  ...{ t: "transfer by keys", T: "transfer by keys", k: "parking by keys", K: "parking by keys" },
  ...{ h: "hanging up with *", H: "hanging up with *", w: "recording by keys", W: "recording by keys" },
  ...{
    x: "recording by keys",
    X: "recording by keys",
    g: "going on when the callee has hung up",
    F: "going on elsewhere",
  },
  ...{ L: "a longest talk", S: "a longest talk", D: "digits after the answer", A: "a sound for who answers" },
  ...{ U: "a subroutine at the answer", M: "a macro at the answer", G: "going elsewhere at the answer" },
  ...{
    b: "a subroutine before",
    B: "a subroutine before",
    d: "a digit while it rings",
    f: "another caller id",
    o: "another caller id",
  },
  ...{
    P: "the caller's name asked for",
    p: "the caller's name asked for",
    n: "the caller's name asked for",
    a: "an answer first",
  },
};

/** Reads `targets,seconds,options`, whose variables are in place. */
export function readDial(args: readonly string[], accounts: ReadonlyMap<string, string>): Dialled {
  const [targets = "", seconds = "", options = ""] = args;
  const found = calledIn(targets, accounts);
  const faults = found.filter((one) => typeof one === "string");
  const called = found.filter((one) => typeof one !== "string");
  const named = called.filter(({ target }) => target !== anyNumber);
  if (named.length < called.length && named.length > 0)
    faults.push("the dialled number is rung alone or not at all: it is left out beside the others");
  let sound: Dialled["sound"];
  const odd = new Map<string, string>();
  for (const [, letter = ""] of options.matchAll(/([A-Za-z])(?:\((?:[^()]|\([^()]*\))*\))?/g)) {
    if (letter === "r" || letter === "R") sound = "ring-back";
    else if (letter === "m") sound = "music";
    else if (!needless.has(letter))
      odd.set(meanings[letter] ?? "unknown", `${odd.get(meanings[letter] ?? "unknown") ?? ""}${letter}`);
  }
  for (const [meaning, letters] of odd)
    faults.push(`Dial's option ${[...new Set(letters)].join(", ")} (${meaning}) is not taken over`);
  const time = Number(argumentsOf(seconds, "^")[0]);
  return {
    called: named,
    isAny: named.length < called.length,
    seconds: seconds !== "" && Number.isFinite(time) && time > 0 ? Math.min(3600, Math.max(1, time)) : undefined,
    sound,
    faults,
  };
}
