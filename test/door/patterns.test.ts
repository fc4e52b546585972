// A device's answer is judged by the patterns of its make: none may take longer than in proportion to that answer, whatever it
// holds. The rule is stricter than need be, so that it can be read.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { elementOf } from "../../src/door/http-opening.ts";
import { presets } from "../../src/door/presets.ts";

interface Atom {
  /** One sign, class or escape; undefined for a group. */
  readonly one: string | undefined;
  readonly repeat: "once" | "bounded" | "unbounded";
  readonly mayLack: boolean;
}

const pieces =
  /(\(\?<?[=!]|\(\?:|\(\?<\w+>|\(|\)|\||\^|\$|\\b)|(\[(?:\\.|[^\]])*\]|\\.|[^\\])([*+?]|\{\d+,?\d*\})?\??/gy;

/** What may stand behind one another in a pattern; groups are taken apart, since none here is repeated. */
function atomsOf(pattern: string): Atom[] {
  return [...pattern.matchAll(pieces)].map(([text, group, one, times = ""]) => {
    assert.ok(group !== ")" || !/[*+{]/.test(text), pattern);
    const isUnbounded = /^[*+]|,\}/.test(times);
    const repeat = isUnbounded ? "unbounded" : times.startsWith("{") ? "bounded" : "once";
    return { one: group === undefined ? one : undefined, repeat, mayLack: /^[*?]|^\{0/.test(times) };
  });
}

const isOneOf = (one: string, sign: string) => new RegExp(`^${one}$`).test(sign);
const signs = ["\n", ...Array.from({ length: 95 }, (_, code) => String.fromCharCode(32 + code))];
const areApart = (one: string, other: string) => !signs.some((sign) => isOneOf(one, sign) && isOneOf(other, sign));

/** Why a hostile answer could make it slow; undefined: none can. */
function slowness(pattern: string): string | undefined {
  if (/\)(?:[*+]|\{)/.test(pattern)) return "a group is repeated";
  const atoms = atomsOf(pattern);
  for (const [at, { one, repeat }] of atoms.entries()) {
    if (one === undefined || repeat !== "unbounded") continue;
    // What must stand before it, which its own repetition could not run over: so no two runs cover the same signs.
    const before = atoms.slice(0, at);
    const divides = ({ one: other, mayLack }: Atom) => other !== undefined && !mayLack && areApart(one, other);
    if (!pattern.startsWith("^") && !before.some(divides)) return `${one} can run over its own beginning`;
    const shares = (earlier: Atom, index: number) =>
      earlier.repeat === "unbounded" &&
      earlier.one !== undefined &&
      !areApart(one, earlier.one) &&
      !atoms.slice(index + 1, at).some(divides);
    if (before.some(shares)) return `${one} can share signs with one before it`;
  }
  return undefined;
}

describe("X11 the patterns of presets", () => {
  it("are told apart from slow ones", () => {
    assert.match(slowness("<x>\\s*([^<]*?)\\s*</x>") ?? "", /share/);
    assert.match(slowness('"KeyPressed"[^}]*"key"') ?? "", /own beginning/);
    assert.match(slowness("(?:a|b)+c") ?? "", /group/);
    assert.equal(slowness('"key"\\s*:\\s*1'), undefined);
    assert.equal(slowness("^\\s*OK"), undefined);
  });

  for (const { id, opening, poll } of presets.values()) {
    const steps = opening?.steps ?? [];
    const taken = steps.flatMap(({ take = {} }) => Object.values(take));
    const patterns = [
      ...steps.map(({ accepted }) => accepted),
      ...taken.map(({ xml, pattern }) => (xml === undefined ? pattern : elementOf(xml))),
      ...[opening?.confirm?.accepted, ...(opening?.failures ?? []).map(({ body }) => body)],
      ...[poll?.accepted, poll?.subscribe?.take, ...(poll?.rules ?? []).flatMap(({ when, until }) => [when, until])],
    ].filter((pattern) => pattern !== undefined);
    if (patterns.length > 0)
      it(`of ${id} are done in proportion to the answer`, () => {
        for (const pattern of patterns) assert.equal(slowness(pattern), undefined, pattern);
      });
  }
});
