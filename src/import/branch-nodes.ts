// What bells dial as nodes, from left to right: doorbell-in, a switch where there are several numbers, the strategy of each,
// and what is done before it and when nobody has answered.
import type { Branch, Control, Settings } from "./branch.ts";
import { join, type Drawing, type FlowNode } from "./drawing.ts";
import { patternSource, takesAll } from "./pattern.ts";
import type { Report } from "./report.ts";
import type { Group, Phone } from "./settle.ts";

/** The ids of the config nodes that branches lead to. */
export interface Places {
  readonly endpoint: string;
  readonly doors: ReadonlyMap<Phone, string>;
  readonly parking: string | undefined;
  readonly parkingName: string;
  /** By the name of the room in the dial plan's own words. */
  readonly rooms: ReadonlyMap<string, { readonly id: string; readonly name: string }>;
}

/** @returns the row below */
export function drawGroup(drawing: Drawing, group: Group, places: Places, from: number, report: Report): number {
  const wired = group.branches.filter((branch) => !group.twins.has(branch));
  const middle = from + (Math.max(wired.length, 1) - 1) / 2;
  const ringers = group.bells.length === 1 ? group.bells : group.bells.length === places.doors.size ? [] : group.bells;
  const bells =
    ringers.length > 0
      ? ringers.map((bell) => places.doors.get(bell) ?? "")
      : [places.doors.size === 1 ? ([...places.doors.values()][0] ?? "") : ""];
  const doorbells = bells.map((door, index) =>
    drawing.node("doorbell-in", 0, middle + index, { name: "", door, endpoint: door === "" ? places.endpoint : "" }, 4),
  );
  let row = from;
  if (wired.length === 1 && wired[0]) {
    const start = drawBranch(drawing, wired[0], places, 1, row++, report);
    for (const doorbell of doorbells) if (start) join(doorbell, 0, start);
  } else if (wired.length > 1) {
    const rules = wired.map(({ extension }) => ruleOf(extension.name));
    const which = drawing.node(
      "switch",
      1,
      middle,
      {
        name: "which number",
        property: "visit.dialled",
        propertyType: "msg",
        rules,
        checkall: "false",
        repair: false,
        outputs: rules.length,
      },
      rules.length,
    );
    for (const doorbell of doorbells) join(doorbell, 0, which);
    for (const [index, branch] of wired.entries()) {
      const start = drawBranch(drawing, branch, places, 2, row++, report);
      if (start) join(which, index, start);
    }
  }
  for (const twin of group.twins) drawBranch(drawing, twin, places, 2, row++, report);
  return Math.max(row, Math.ceil(middle + doorbells.length));
}

function ruleOf(name: string): object {
  if (takesAll(name)) return { t: "else" };
  const source = patternSource(name);
  return source === undefined ? { t: "eq", v: name, vt: "str" } : { t: "regex", v: source, vt: "str", case: false };
}

/** A branch from left to right; gives its first node. */
function drawBranch(
  drawing: Drawing,
  branch: Branch,
  places: Places,
  column: number,
  row: number,
  report: Report,
): FlowNode | undefined {
  let at = column;
  let last: FlowNode | undefined;
  let first: FlowNode | undefined;
  const add = (node: FlowNode) => {
    if (last) for (const output of last.type === "dial-strategy" ? [1] : [0, 1]) join(last, output, node);
    first ??= node;
    last = node;
  };
  for (const control of branch.before) add(drawControl(drawing, control, places, at++, row, branch, report));
  if (branch.steps.length > 0) add(drawing.node("dial-strategy", at++, row, strategyNode(branch, places), 3));
  for (const control of branch.after) add(drawControl(drawing, control, places, at++, row, branch, report));
  return first;
}

function drawControl(
  drawing: Drawing,
  control: Control,
  places: Places,
  column: number,
  row: number,
  branch: Branch,
  report: Report,
): FlowNode {
  const { number } = branch.extension;
  if (control.do === "digits") {
    const [door, ...more] = places.doors.values();
    if (door !== undefined && more.length === 0) drawing.secret(door, { code: control.digits });
    report.note(
      door !== undefined && more.length === 0
        ? `${control.digits.replace(/./g, "*")}: the digits that line ${number} and those after it send are the door code now; a dtmf-out opens the door with it.`
        : `Line ${number}: the digits that are sent belong into the door's dialog, as its door code.`,
    );
    return drawing.node(
      "dtmf-out",
      column,
      row,
      {
        name: "",
        mode: "open",
        door: "",
        digits: "payload",
        digitsType: "msg",
        to: "door",
        method: "",
        duration: "",
        gap: "",
      },
      2,
    );
  }
  const usual = {
    name: "",
    action: control.do === "tone" ? "play" : control.do,
    sound: "ring-back",
    country: "de",
    source: "payload",
    sourceType: "msg",
    loop: false,
    to: "door",
    status: "486",
  };
  const heard =
    control.do === "play"
      ? { sound: "file", source: control.file, sourceType: "str" }
      : control.do === "tone"
        ? { sound: control.tone }
        : {};
  if (control.do === "play")
    report.note(
      `${control.file} (line ${number} and those after it): put a WAV file of that name where Node-RED can read it, and its path into the node.`,
    );
  return drawing.node("call-control", column, row, { ...usual, ...heard }, 2);
}

const text = (value: number | undefined, otherwise: string): string =>
  value === undefined ? otherwise : String(value);

/** The fields of dial-strategy's dialog. */
function strategyNode(branch: Branch, places: Places): object {
  const steps = branch.steps.map((step) => placed(step, branch, places));
  const [only = { strategy: "ring-all" }] = branch.steps;
  const isSteps = steps.length > 1;
  const room = places.rooms.get(roomName(branch, places));
  return {
    name: labelOf(branch),
    strategy: isSteps ? "steps" : only.strategy,
    targets: isSteps ? [] : (only.targets ?? []),
    ...{ seconds: text(isSteps ? undefined : only.seconds, "60"), secondsType: "num" },
    ...{ tries: text(isSteps ? undefined : only.tries, "60"), triesType: "num" },
    ...{ waitSeconds: text(isSteps ? undefined : only.waitSeconds, "1"), waitSecondsType: "num" },
    ...{ maxMinutes: text(isSteps ? undefined : only.maxMinutes, "120"), maxMinutesType: "num" },
    stopCauses: isSteps || only.stopCauses === undefined ? "21, 0" : only.stopCauses.join(", "),
    ...{ sound: branch.sound ? "ring-back" : "", country: "de", soundFile: "", answerFirst: branch.answerFirst },
    ...{ record: branch.record ? "file" : "off", recordTone: "15", recordMinutes: "60" },
    ...{ message: branch.message ? "file" : "off", messageSeconds: "60", greeting: "" },
    ...(!isSteps && only.announcement !== undefined && { announcement: only.announcement }),
    ...(!isSteps && only.status !== undefined && { status: String(only.status) }),
    ...(!isSteps && only.strategy === "park" && { parking: places.parking ?? "" }),
    ...(!isSteps && only.strategy === "conference" && { conference: room?.id ?? "" }),
    ...(isSteps && { steps }),
  };
}

const roomName = (branch: Branch, places: Places): string => {
  const name = branch.room?.name ?? "";
  return places.rooms.has(name) ? name : "Conference" + (name === "" || name === "1" ? "" : ` ${name}`);
};

/** A step as the strategy takes it: with the name of its place, and sounds that say what they are. */
function placed(step: Settings, branch: Branch, places: Places): object {
  if (step.announcement !== undefined) return { ...step, announcement: { file: step.announcement } };
  if (step.strategy === "park") return { ...step, place: places.parkingName };
  return step.strategy === "conference" ? { ...step, place: roomName(branch, places) } : step;
}

/** Where the number does not stand at the wire, it stands in the name. */
function labelOf({ extension: { name }, steps }: Branch): string {
  const what = steps.map(({ strategy }) => strategy).join(", ");
  return takesAll(name) ? "" : `${name.replace(/^_/, "")}: ${what}`;
}
