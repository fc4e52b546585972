// Whatever is pasted: nothing throws, nothing hangs, and no line is lost without a word.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { importDialPlan } from "../../src/import/import.ts";
import { readConf } from "../../src/import/conf.ts";
import { evaluate } from "../../src/import/evaluate.ts";
import { expand } from "../../src/import/expression.ts";
import { readPlan, isContext } from "../../src/import/plan.ts";
import type { FlowNode } from "../../src/import/drawing.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import { Report } from "../../src/import/report.ts";
import { Random } from "../sip/random.ts";

const folder = new URL("plans/", import.meta.url);
const plans = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), "utf8"));

const odd = [
  "(",
  ")",
  "[",
  "]",
  "${",
  "}",
  "$[",
  ",",
  "=",
  "=>",
  "&",
  "@",
  "/",
  ":",
  "?",
  '"',
  ";",
  ";--",
  "\0",
  "\uE000",
  "n",
  "_X.",
  "same",
  "exten",
  "Goto(",
  "While(1)",
  "EndWhile()",
  "Gosub(1,1,1)",
  "Dial(PJSIP/1)",
  "99999999999",
  "[a](b)",
  "[a](!,a)",
  "include => default",
];

function mutated(text: string, dice: Random): string {
  const lines = text.split("\n");
  for (let count = 1 + dice.below(4); count > 0; count--) {
    const at = dice.below(lines.length);
    const line = lines[at] ?? "";
    const place = dice.below(line.length + 1);
    const kind = dice.below(6);
    if (kind === 0) lines.splice(at, 1);
    else if (kind === 1) lines.splice(dice.below(lines.length), 0, line);
    else if (kind === 2) lines[at] = line.slice(0, place) + dice.pick(odd) + line.slice(place);
    else if (kind === 3) lines[at] = line.slice(0, place) + line.slice(place + 1 + dice.below(5));
    else if (kind === 4) lines[at] = line.slice(0, place) + String.fromCharCode(dice.below(0x3000)) + line.slice(place);
    else lines[at] = dice.pick(dice.pick(plans).split("\n"));
  }
  return lines.join("\n");
}

/** What a dial-strategy would be given is a strategy. */
function checkStrategy(
  { strategy, targets, tries, waitSeconds, seconds, steps, stopCauses, status }: FlowNode,
  text: string,
): void {
  const numbers = { tries: Number(tries), waitSeconds: Number(waitSeconds), seconds: Number(seconds) };
  const causes = String(stopCauses).split(", ").filter(Boolean).map(Number);
  const more = { ...(steps !== undefined && { steps }), ...(status !== undefined && { status: Number(status) }) };
  try {
    strategyOf({ strategy, targets, ...numbers, stopCauses: causes, ...more });
  } catch (error) {
    assert.fail(`${String(error)}\n${text}`);
  }
}

describe("Any text", () => {
  it("10,000 mutated dial plans become flows whose wires lead somewhere", () => {
    const dice = new Random(20_260_131);
    for (let round = 0; round < 10_000; round++) {
      const text = mutated(dice.pick(plans), dice);
      const { nodes, left } = importDialPlan(text);
      const ids = new Set(nodes.map(({ id }) => id));
      assert.ok(
        nodes.every(({ wires = [] }) => wires.flat().every((to) => ids.has(to))),
        text,
      );
      assert.ok(
        left.every(({ why }) => why !== ""),
        text,
      );
      for (const node of nodes) if (node.type === "dial-strategy") checkStrategy(node, text);
    }
  });

  it("what is no dial plan gives nothing, and names its lines", () => {
    assert.deepEqual(importDialPlan("").nodes, []);
    const { nodes, left } = importDialPlan("Dear Anna,\nplease ring = twice\n[x\n{]\r\n\t");
    assert.deepEqual(nodes, []);
    assert.deepEqual(
      left.map(({ number }) => number),
      [1, 2, 3, 4],
    );
  });

  it("a loop in includes, in subroutines, in templates and in variables ends", () => {
    const text = [
      ...["[a]", "include => b", "exten => 1,1,Goto(b,2,1)", "[b]", "include => a", "exten => 2,1,Goto(a,1,1)"],
      ...[
        "exten => 3,1,Gosub(b,3,1)",
        "exten => 4,1,Set(x=${x}${x}1)",
        "same => n,Goto(1)",
        "[t](!,t)",
        "type=endpoint",
      ],
    ].join("\n");
    assert.ok(importDialPlan(text).nodes.length >= 0);
  });

  it("a plan that counts for ever is given up, and says so", () => {
    const counts = (number: number) =>
      `exten => ${number},1,Set(i=0)\nsame => n(go),Set(i=$[\${i}+1])\nsame => n,Dial(PJSIP/1)\nsame => n,GotoIf($["\${HANGUPCAUSE}"="99"]?1)\nsame => n,Goto(go)`;
    const { notes } = importDialPlan(
      `[default]\n${Array.from({ length: 300 }, (_, index) => counts(index + 1)).join("\n")}`,
    );
    assert.ok(notes.some((note) => note.includes("longer than can be walked through")));
  });

  it("every line is taken or left: none is lost", () => {
    for (const plan of plans) {
      const said = plan.split("\n").filter((line) => !/^\s*(;.*)?$/.test(line)).length;
      const report = new Report();
      let known = 0;
      const sections = readConf(plan, { ...wrapped(report), expect: () => known++ } as unknown as Report);
      assert.equal(known, said);
      assert.ok(sections.length > 0);
    }
  });
});

const wrapped = (report: Report) => ({
  take: report.take.bind(report),
  leave: report.leave.bind(report),
  note: report.note.bind(report),
});

describe("Asterisk's configuration format", () => {
  const read = (text: string) => readConf(text, new Report()).slice(1);

  it("comments, blocks of them, and semicolons that are none", () => {
    const [section] = read("[a] ; one\nx = 1;2\ny=a\\;b\n;-- no\nz=3\n--;\nw => 4");
    assert.deepEqual(
      section?.entries.map(({ key, value }) => [key, value]),
      [
        ["x", "1"],
        ["y", "a;b"],
        ["w", "4"],
      ],
    );
  });

  it("templates of templates, sections that are added to, and several of one name", () => {
    const sections = read("[a](!)\nx=1\n[b](!,a)\ny=2\n[c](b)\nx=3\n[c](+)\nz=4\n[c]\nx=5");
    assert.deepEqual(
      sections.map((section) =>
        section
          .all()
          .map(({ key, value }) => key + value)
          .join(" "),
      ),
      ["x1", "x1 y2", "x1 y2 x3 z4", "x5"],
    );
  });

  it("steps with n, labels, numbers, and commas in patterns", () => {
    const [context] = readPlan(
      read(
        "[a]\nexten => _[1,2]X,1(go),App(a,b)\nsame => n(x),Other\nsame => n+100,Third(,)\nexten => 5,2,Late()\nexten => 5,1,Soon()",
      ).filter(isContext),
      new Report(),
    );
    assert.deepEqual(
      context?.extensions.map(({ name, steps }) => [
        name,
        ...steps.map(({ priority, label, app, args }) => [priority, label, app, args]),
      ]),
      [
        ["_[1,2]X", [1, "go", "app", "a,b"], [2, "x", "other", ""], [103, undefined, "third", ","]],
        ["5", [1, undefined, "soon", ""], [2, undefined, "late", ""]],
      ],
    );
  });
});

describe("Expressions", () => {
  const cases: Record<string, string | undefined> = {
    ...{ " 1 < 60 ": "1", "60 < 60": "0", '"21" == "21"': "1", '"" = ""': "1", "1 + 2 * 3": "7", "(1 + 2) * 3": "9" },
    ...{
      "5 - 7": "-2",
      "7 / 2": "3.5",
      "7 % 4": "3",
      "1 & 0": "0",
      "0 | 5": "5",
      '!("a" = "b")': "1",
      "BUSY = BUSY": "1",
    },
    ...{
      "= 3": "",
      "": "",
      "1 +": "0",
      "((": "0",
      '"a': "a",
      "10 > 9": "1",
      '"b" > "a"': "1",
      "1 ? 2 :: 3": "2",
      '"a" =~ "b"': undefined,
      "ABS(1)": undefined,
    },
  };
  for (const [text, value] of Object.entries(cases))
    it(`$[${text}] is ${value ?? "not known"}`, () => assert.equal(evaluate(text), value));

  it("variables in variables, slices, and what nobody knows", () => {
    const known: Record<string, string> = { A: "123456", B: "A" };
    const scope = { get: (name: string) => known[name], call: () => undefined };
    assert.deepEqual(expand("${A:2} ${A:-2} ${A:1:2} ${${B}} $[${A:0:1}+1] ${C} ${D(1)}", scope), {
      text: "3456 56 23 123456 2  ",
      unknown: ["${C}", "${D(1)}"],
    });
  });
});
