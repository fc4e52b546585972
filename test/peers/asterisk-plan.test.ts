// The import of dial plans beside Asterisk 22 itself: what it works out, where it goes on, and which extension it takes.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readConf } from "../../src/import/conf.ts";
import { expand } from "../../src/import/expression.ts";
import { Memory } from "../../src/import/memory.ts";
import { extensionsFor } from "../../src/import/pattern.ts";
import { isContext, reachable, readPlan } from "../../src/import/plan.ts";
import { Report } from "../../src/import/report.ts";
import { runExtension } from "../../src/import/run.ts";
import { Random } from "../sip/random.ts";
import { without } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { Asterisk } from "./asterisk.ts";
import { Phones } from "./status-phones.ts";

interface Done {
  readonly number: string;
  readonly context: string;
  readonly app: string;
  readonly args: string;
}

/** All that Asterisk does where these numbers are dialled one after the other: `number@context`. */
async function done(extensions: string, dialled: readonly string[], pjsip = ""): Promise<Done[]> {
  const folder = mkdtempSync(join(tmpdir(), "portero-asterisk-plan-"));
  const [port = 0] = await freePorts(1);
  const dials = dialled.map((number) => ` same => n,Dial(Local/${number}/n,20,g)`);
  const all = ["[driver]", "exten => all,1,Answer()", ...dials, " same => n,Verbose(0,all of them done)", extensions];
  try {
    await using asterisk = await Asterisk.start({
      ...{ folder, port, pjsip, extensions: all.join("\n") },
      command: (program, args) => [program, [...args, "-vvv"]],
    });
    await asterisk.says("channel originate Local/all@driver/n application Wait 120");
    await asterisk.child.line(/^all of them done/);
    return [
      ...asterisk.child.output.matchAll(/-- Executing \[(.*?)@(.*?):\d+\] (\w+)\("[^"]*", "(.*)"\) in new stack/g),
    ]
      .map(([, number = "", context = "", app = "", args = ""]) => ({ number, context, app, args }))
      .filter(({ context }) => context !== "driver");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("The import of a dial plan and Asterisk", { skip: without("asterisk") }, () => {
  it("041: work out the same values of variables, slices, functions and expressions", async () => {
    const known = {
      ...{ A: "5", B: "1", EMPTY: "", LONG: "123456", NAME: "LONG", PARTS: "a-b-c", WORD: "BUSY" },
    };
    const dice = new Random(20_261_127);
    const texts = [...given, ...Array.from({ length: 600 }, () => value(dice))];
    const sets = Object.entries(known).map(([name, is]) => ` same => n,Set(${name}=${is})`);
    const shows = texts.map((text) => ` same => n,NoOp(<${text}>)`);
    const theirs = (
      await done(["[values]", "exten => 123,1,NoOp()", ...sets, ...shows].join("\n"), ["123@values"])
    ).filter(({ app, args }) => app === "NoOp" && args !== "");
    const memory = new Memory(new Map(), 19);
    memory.place = { EXTEN: "123", CONTEXT: "values", PRIORITY: "9" };
    for (const [name, is] of Object.entries(known)) memory.set(name, is);
    const ours = texts.map((text) => expand(`<${text}>`, memory));
    // What is not followed is said to be so.
    const differ = ours.flatMap(({ text, unknown }, index) =>
      unknown.length > 0 || theirs[index]?.args === text
        ? []
        : [{ of: texts[index], text, theirs: theirs[index]?.args }],
    );
    assert.deepEqual(differ, []);
    assert.ok(ours.filter(({ unknown }) => unknown.length > 0).length < texts.length / 10, "most is followed");
  });

  it("041: take the same steps of programs with loops, branches, subroutines and includes", async () => {
    const dice = new Random(20_261_128);
    const programs = [...plans, ...Array.from({ length: 60 }, (_, index) => program(dice, `p${index}`))];
    const text = programs.map(({ text }) => text).join("\n");
    const theirs = await done(
      text,
      programs.map(({ number, name }) => `${number}@${name}`),
    );
    const differ = programs.flatMap(({ text, number, name }) => {
      const played = theirs
        .filter(({ app, context }) => app === "Playback" && context.split("-")[0] === name)
        .map(({ args }) => args.replace(",noanswer", ""));
      const ours = playedIn(text, number, name);
      const at = ours.findIndex((one, index) => one !== played[index]);
      if (at < 0 && ours.length === played.length) return [];
      return [{ text, from: Math.max(0, at), ours: ours.slice(at).slice(0, 3), theirs: played.slice(at).slice(0, 3) }];
    });
    assert.deepEqual(differ, []);
  });
});

describe("How a Dial ends", { skip: without("asterisk") }, () => {
  it("H11: DIALSTATUS for the causes of phones that do not answer", async () => {
    await using phones = await Phones.open();
    const causes = { "486": 17, "603": 21, "480": 19, "404": 1, "408": 18, "503": 34, "500": 38 };
    const statuses = Object.keys(causes);
    const all = await done(
      [
        "[ends]",
        ...statuses.flatMap((status) => [
          `exten => ${status},1,Dial(PJSIP/${status}@out,5)`,
          " same => n,NoOp(${EXTEN} ${DIALSTATUS})",
        ]),
      ].join("\n"),
      statuses.map((status) => `${status}@ends`),
      phones.pjsip,
    );
    const told = all.filter(({ app, context }) => app === "NoOp" && context === "ends").map(({ args }) => args);
    const ours = Object.entries(causes).map(([status, cause]) => {
      const memory = new Memory(new Map(), cause);
      memory.dials = 1;
      return `${status} ${memory.get("DIALSTATUS")}`;
    });
    assert.deepEqual(told.sort(), ours.sort());
  });
});

/** What the import sees played where a number is dialled. */
function playedIn(text: string, number: string, name: string): string[] {
  const report = new Report();
  const contexts = readPlan(readConf(text, report).filter(isContext), report);
  const [first] = extensionsFor(reachable(contexts, name), number);
  if (!first) return [];
  const plan = { contexts, globals: new Map(), accounts: new Map(), report, found: new Map(), steps: 100_000 };
  const { acts } = runExtension(plan, { ...first, name: number, context: name }, { cause: 19 });
  return acts.flatMap((act) => (act.do === "sound" ? [act.files.join("&")] : []));
}

const given = [
  ...["$[ 1 < 60 ]", '$["21" == "21"]', '$["" = ""]', "$[7 / 2]", "$[1 +]", "$[= 3]", '$["5" = 5]', "$[BUSY = BUSY]"],
  ...[
    '$["09" = "9"]',
    "$[09 = 9]",
    '$["" | 3]',
    "$[a b = a b]",
    "$[1 ? a :: b]",
    "$[((]",
    '$["a]',
    "$[(1 2)]",
    "$[1 + 2)",
  ],
  ...[
    "${LONG:2}",
    "${LONG:-2}",
    "${LONG:1:-1}",
    "${LONG:-3:2}",
    "${LONG:9}",
    "${LONG:a}",
    "${LONG: 1}",
    "${${NAME}:1:2}",
  ],
  ...[
    "${LEN(${LONG})}",
    "${LEN( a,b)}",
    "${IF($[1=2]?yes:no)}",
    "${IF(1?a:b:c)}",
    "${IF(0?a:b:c)}",
    '${IF(1?"a":"b")}',
  ],
  ...[
    "${IF(?a:b)}",
    "${IF(0.5?a:b)}",
    "${CUT(PARTS,-,2)}",
    "${CUT(PARTS,,2-)}",
    "${CUT(PARTS,-,1&3)}",
    "${CUT(PARTS,-,-2)}",
  ],
  ...[
    "${CUT(PARTS,-,9)}",
    "${ISNULL(${EMPTY})}",
    "${ISNULL(a)}",
    "${EXISTS(0)}",
    "${EXISTS(${EMPTY})}",
    "${CALLERID(name)}",
  ],
  ...["${EXTEN}", "${EXTEN:-1}", "${CONTEXT}", "${HANGUPCAUSE}", "${DIALSTATUS}", "${ARG1}", "${ A }", "${a}", "$${A}"],
  ...["${len(abc)}", "${INC(B)}${B}${DEC(B)}", "a$b", "${A", "${LOCAL(A)}", "${INC(NOBODY)}"],
];

const pieces = [
  "1",
  "60",
  "0",
  "2.5",
  "09",
  "a",
  "BUSY",
  '"a"',
  '"BUSY"',
  '"5"',
  '""',
  '" "',
  "${A}",
  '"${A}"',
  "${EMPTY}",
];
const more = [
  "${LONG:1:2}",
  "${LEN(${LONG})}",
  "${WORD}",
  '"${WORD}"',
  "${IF($[${A} > 3]?7:x)}",
  "$[${B} + 1]",
  "-",
  "!",
];
const between = ["+", "-", "*", "=", "==", "!=", "<", ">", "<=", ">=", "&", "|", "&&", "||", "~~", "%", "?", "::"];

/** An expression; most of them can be read, some cannot. */
function value(dice: Random): string {
  const part = (depth: number): string => {
    if (depth > 0 && dice.chance(0.3)) return `(${part(depth - 1)} ${dice.pick(between)} ${part(depth - 1)})`;
    return dice.pick(dice.chance(0.6) ? pieces : more);
  };
  const blank = dice.chance(0.8) ? " " : "";
  const words = Array.from({ length: 1 + dice.below(3) }, () => dice.pick(between) + blank + part(2) + blank);
  return `$[${part(2)}${blank}${words.join("")}]`;
}

interface Program {
  readonly text: string;
  readonly number: string;
  /** Its context; those that it needs beside it begin with it. */
  readonly name: string;
}

const plan = (name: string, number: string, ...lines: string[]): Program => ({
  ...{ name, number },
  text: lines.join("\n").replaceAll("HERE", name).replaceAll("PLAY(", "Playback(").replaceAll("END)", ",noanswer)"),
});

/** What people write, and where Asterisk does not do what one would think. */
const plans = [
  plan(
    "tries",
    "1",
    "[HERE]\nexten => 1,1,Set(COUNT=1)\n same => n,While($[ ${COUNT} < 60 ])\n same => n,PLAY(try${COUNT}END)",
    " same => n,SET(COUNT=$[${COUNT} + 1]\n same => n,EndWhile()\n same => n,PLAY(afterEND)",
  ),
  plan(
    "priorities",
    "123",
    "[HERE]\nexten => 123,1,PLAY(aEND)\nexten => 123,3,PLAY(cEND)\nexten => _1XX,2,PLAY(bEND)\nexten => _X.,4,PLAY(dEND)",
    "include => HERE-more\n[HERE-more]\nexten => _XXX,5,PLAY(e${EXTEN}${CONTEXT}END)\n same => n(far),PLAY(fEND)",
  ),
  plan("blanks", "1", "[HERE]\nexten => 1,1,Set(A= 5)\n same => n,Set(B =6)\n same => n,PLAY(a${A}b${B}c${B }END)"),
  plan("nowhere", "1", "[HERE]\nexten => 1,1,Goto(gone)\n same => n,PLAY(stillEND)"),
  plan("invalid", "1", "[HERE]\nexten => 1,1,Goto(7,1)\n same => n,PLAY(stillEND)\nexten => i,1,PLAY(i${EXTEN}END)"),
  plan(
    "counted",
    "1",
    "[HERE]\nexten => 1,1,Goto(+2)\n same => n,PLAY(noEND)\n same => n,PLAY(yesEND)\n same => n+5,PLAY(farEND)",
    " same => n,PLAY(behindEND)",
  ),
  plan(
    "subroutine",
    "1",
    "[HERE]\nexten => 1,1,Gosub(HERE-s,s,1(one,two))\n same => n,PLAY(back${EXTEN}${ARG1}${GOSUB_RETVAL}END)",
    " same => n,GosubIf($[1=1]?HERE-s,s,1(x):HERE-s,s,1(y))\n same => n,Gosub(HERE-s,s,open)\n same => n,PLAY(neverEND)",
    "[HERE-s]\nexten => s,1,PLAY(in${EXTEN}${ARG1}${ARG2}END)\n same => n,Set(LOCAL(L)=l)\n same => n,Return(v)",
    " same => n(open),PLAY(open${L}${ARG1}END)",
  ),
  plan(
    "values",
    "1",
    '[HERE]\nexten => 1,1,MSet(A=1,B="two",C=)\n same => n,Set(D="quoted")\n same => n,PLAY(${A}${B}${C}END)',
    " same => n,Set(LIST=x,noanswer)\n same => n,Playback(${LIST})\n same => n,PLAY(${LEN(${D})}END)\n same => n,ExecIf($[${A}=1]?Set(A=9):Set(A=8))",
    " same => n,PLAY(${A}END)",
  ),
  plan(
    "numbered",
    "1",
    "[HERE]\nexten => 1,1,PLAY(1END)\nexten => 2,1,PLAY(2END)\nexten => 1,n,PLAY(nEND)\nexten => 1,3(x),PLAY(3END)",
    "exten => 1,n,PLAY(4END)\nexten => 1,hint,SIP/1\nexten => 1,n,PLAY(5END)\n same => n,PLAY(6END)",
  ),
  plan(
    "again",
    "1",
    "[HERE](!)\nexten => 1,1,PLAY(templateEND)\n[HERE-b](HERE)\nexten => 1,n,PLAY(ownEND)\n[HERE]\ninclude => HERE-b",
    "exten => 2,1,PLAY(twoEND)\n[HERE-b](+)\nexten => 1,n,PLAY(addedEND)\n;-- exten => 1,n,PLAY(commentedEND) --;",
  ),
];

const conditions = [
  "$[${X} > 3]",
  "$[${X} = ${Y}]",
  '$["${Z}" = "a"]',
  "$[${LEN(${Z})} % 2]",
  "${ISNULL(${Z})}",
  "${X}",
  "0",
];
const values = [
  "$[${X} + 1]",
  "$[${Y} - ${X}]",
  "${X}${Y}",
  "${Z:1}",
  "${IF($[${X} > ${Y}]?a:bc)}",
  "7",
  "a",
  "",
  "${CUT(Z,b,1)}",
];

/** A program that ends: every way back uses up what it was given to burn. */
function program(dice: Random, name: string): Program {
  const lines: string[] = [];
  let count = 0;
  const say = (step: string, label = "") => lines.push(` same => n${label && `(${label})`},${step}`);
  const block = (depth: number): void => {
    for (let left = 1 + dice.below(4); left > 0; left--) {
      const id = `${name}x${++count}`;
      const condition = dice.pick(conditions);
      const kind = dice.below(depth > 0 ? 10 : 5);
      if (kind < 2) say(`Set(${dice.pick(["X", "Y", "Z"])}=${dice.pick(values)})`);
      else if (kind < 3) say(`ExecIf(${condition}?Set(X=${dice.pick(values)}):Set(Z=${dice.pick(values)}))`);
      else if (kind < 4)
        say(`Gosub(${dice.chance(0.5) ? "" : `${name}-s,`}s,${dice.pick(["1", "two"])}(${dice.pick(values)},\${Y}))`);
      else if (kind < 5) say(`MSet(X=${dice.below(9)},Y=${dice.pick(values)})`);
      else if (kind < 7) {
        say(`GotoIf(${condition}?${id})`);
        block(depth - 1);
        say("NoOp()", id);
      } else if (kind < 8) {
        say("NoOp()", id);
        block(depth - 1);
        say("Set(BURNT=$[${BURNT} + 1])");
        say(`GotoIf($[\${BURNT} < 6]?${id})`);
      } else {
        if (dice.chance(0.9)) say(`Set(${id}=0)`);
        say(`While($[\${${id}} < ${1 + dice.below(4)}])`);
        say(`Set(${id}=$[\${${id}} + 1])`);
        block(depth - 1);
        if (dice.chance(0.3)) say(`ExecIf(${condition}?${dice.pick(["ExitWhile", "ContinueWhile"])}())`);
        if (dice.chance(0.2)) say(`GotoIf(${condition}?out)`);
        block(depth - 1);
        say("EndWhile()");
      }
      say(`Playback(${id}-\${X}-\${Y}-\${Z}-\${ARG1},noanswer)`);
    }
  };
  block(2);
  const number = dice.pick(["1", "12", "123"]);
  const start = `exten => ${dice.pick([number, "_X!", "_1!", "_[1-3]."])},1,MSet(X=${dice.below(9)},Y=2,Z=abc)`;
  const sub = [
    `exten => s,1,Playback(${name}s-\${ARG1}-\${ARG2}-\${EXTEN}-\${PRIORITY},noanswer)\n same => n,Set(X=\${ARG1})`,
    ` same => n(two),Playback(${name}t-\${ARG1}-\${LEN(\${ARG2})},noanswer)\n same => n,Return()`,
  ];
  const text = [
    ...[`[${name}]`, start, " same => n,Set(BURNT=0)", ...lines],
    ...[` same => n(out),Playback(${name}out-\${BURNT},noanswer)`, `include => ${name}-s`],
    ...[
      `exten => _${number}!,1,Playback(wide,noanswer)`,
      `[${name}-s]`,
      ...sub,
      `exten => ${number},1,Playback(narrow,noanswer)`,
    ],
  ];
  return { text: text.join("\n"), number, name };
}
