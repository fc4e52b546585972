// Rows for the steps of a strategy: what each does stands in a line, its settings unfold.
import {
  afterParking,
  asksForMessage,
  fieldsOf,
  isPlace,
  limits,
  strategyNames,
  usualOf,
  type StrategyName,
} from "../../src/visit/strategies/usual.ts";
import { isWithin, text, type Words } from "./dialog.ts";
import { holdsLogin } from "./logins.ts";
import type { Editor, JQuery, Query } from "./red.d.ts";
import { fieldsIn, fill, input, labelled, lineOf, rowsOf, select, unfold, wrapped } from "./rows.ts";
import { figureOf, rowOf, targetFault, TargetList, fileIn, soundOf } from "./targets.ts";

declare const RED: Editor;
declare const $: JQuery;

type StepRow = Record<string, unknown>;

const stepNames = strategyNames.filter((name) => name !== "steps");
const nameOf = (value: unknown): StrategyName => stepNames.find((name) => name === value) ?? "ring-all";

/** The settings that a step shows, and which of the dialog's they belong to. */
const shownWith = {
  ...{ place: ["parking", "conference"], seconds: ["seconds"], tries: ["tries"], waitSeconds: ["waitSeconds"] },
  ...{ stopCauses: ["stopCauses"], announcement: ["announcement"], then: ["then"], status: ["status"] },
} as const;
type Option = keyof typeof shownWith | "messageTo" | "messageSeconds" | "greeting";
const figures = ["seconds", "tries", "waitSeconds", "status", "messageSeconds"] as const;

const has = (option: Option, strategy: StrategyName, then: string): boolean => {
  if (!(option in shownWith)) return asksForMessage(strategy, then);
  const names: readonly string[] = fieldsOf[strategy];
  return shownWith[option as keyof typeof shownWith].some((name) => names.includes(name));
};

const ringsTargets = (strategy: StrategyName, then: string): boolean =>
  (fieldsOf[strategy] as readonly string[]).includes("targets") && (strategy !== "park" || then === "ring-again");

/** What is wrong with the steps of a node. */
export function stepsFault(value: unknown, words: Words): string | undefined {
  for (const [index, step] of rowsOf(value).map(rowOf).entries()) {
    for (const name of figures) {
      const [least, most] = limits[name];
      if (!isWithin(step[name], least, most))
        return words("error.step", { step: index + 1, what: words(`step.${name}`), least, most });
    }
    if (["announcement", "greeting"].some((name) => holdsLogin(fileIn(step[name])))) return words("error.sound-login");
    const fault = targetFault(step["targets"], words);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** The names of the places of a strategy, to choose from. */
function placesOf(strategy: StrategyName, chosen: string, words: Words): [string, string][] {
  const names = new Set(chosen === "" ? [] : [chosen]);
  RED.nodes.eachConfig((node) => {
    if (node.type === (strategy === "park" ? "parking-place" : "conference-room")) names.add(text(node.name));
  });
  return [["", words("blank.place")], ...[...names].filter(Boolean).map((name): [string, string] => [name, name])];
}

interface Step {
  readonly item: StepRow;
  readonly strategy: Query;
  readonly targets: TargetList;
  readonly options: Readonly<Record<Option, Query>>;
}

export class StepList {
  readonly #list: Query;
  readonly #words: Words;

  constructor(list: Query, value: unknown, words: Words) {
    this.#list = list;
    this.#words = words;
    const row = (place: Query, item: StepRow) => this.#add(place, item);
    fill(list, rowsOf(value).map(rowOf), { add: words("label.addStep"), row });
  }

  /** As it is kept: settings of strategies. */
  read(): StepRow[] {
    return (fieldsIn(this.#list) as Step[]).map((step) => this.#read(step));
  }

  #read({ item, strategy: choice, targets, options }: Step): StepRow {
    const strategy = nameOf(choice.val());
    const then = text(options.then.val());
    const row: StepRow = { ...item, strategy };
    delete row["targets"];
    const named = ringsTargets(strategy, then) ? targets.read() : [];
    if (named.length > 0) row["targets"] = named;
    for (const [name, field] of Object.entries(options) as [Option, Query][]) {
      delete row[name];
      const given = text(field.val());
      if (given !== "" && has(name, strategy, then)) row[name] = valueOf(name, given);
    }
    return row;
  }

  #add(row: Query, item: StepRow): Step {
    const words = this.#words;
    const line = lineOf(row);
    const strategy = select(
      stepNames.map((name) => [name, words(`option.${name}`)] as const),
      nameOf(item["strategy"]),
    );
    strategy.css({ width: "45%", margin: "0" }).addClass("portero-step").appendTo(line);
    const summary = $("<span>").css({
      ...{ flex: "1", overflow: "hidden", "text-overflow": "ellipsis", "white-space": "nowrap" },
      ...{ "margin-left": "10px", color: "var(--red-ui-secondary-text-color)" },
    });
    summary.appendTo(line);
    const more = $("<div>").appendTo(row);
    // A new one is there to be filled in.
    unfold(line, more, words("label.more"), Object.keys(item).length === 0);
    const list = $("<ol>").appendTo($("<div>").css({ "margin-top": "6px" }).appendTo(more));
    const targets = new TargetList(list, item["targets"], words);
    const fields = wrapped(more);
    const option = (name: Option, field: Query, width = "calc(25% - 6px)") =>
      labelled(fields, words(`step.${name}`), words(`about.${name}`), field, width);
    const typed = (name: Option, value: unknown = item[name], width?: string) => option(name, input(value), width);
    const choice = (name: Option, choices: Iterable<readonly [string, string]>, value: unknown = item[name]) =>
      option(name, select(choices, value), "calc(50% - 4px)");
    const worded = (name: string, all: readonly string[]) => all.map((one) => [one, words(`${name}.${one}`)] as const);
    const causes = item["stopCauses"];
    const options: Record<Option, Query> = {
      place: choice("place", placesOf(nameOf(item["strategy"]), text(item["place"]), words), text(item["place"])),
      ...{ seconds: typed("seconds"), tries: typed("tries"), waitSeconds: typed("waitSeconds") },
      stopCauses: typed("stopCauses", Array.isArray(causes) ? causes.join(", ") : causes),
      announcement: typed("announcement", fileIn(item["announcement"]), "100%"),
      then: choice("then", worded("then", afterParking), text(item["then"]) || "go-on"),
      status: typed("status"),
      messageTo: choice("messageTo", worded("messageTo", ["file", "flow"]), text(item["messageTo"]) || "file"),
      messageSeconds: typed("messageSeconds"),
      greeting: typed("greeting", fileIn(item["greeting"]), "100%"),
    };
    const step: Step = { item, strategy, targets, options };
    const show = () => {
      const [name, then] = [nameOf(strategy.val()), text(options.then.val())];
      for (const [one, field] of Object.entries(options) as [Option, Query][])
        field.parent().toggle(has(one, name, then));
      list.closest(".red-ui-editableList").parent().toggle(ringsTargets(name, then));
      const usual = usualOf(name);
      options.seconds.attr("placeholder", isPlace(name) ? words("blank.stay") : String(usual.seconds));
      options.tries.attr("placeholder", String(usual.tries));
      options.waitSeconds.attr("placeholder", String(usual.waitSeconds));
      options.stopCauses.attr("placeholder", usual.stopCauses.join(", "));
      options.status.attr("placeholder", "603");
      options.messageSeconds.attr("placeholder", "60");
      targets.waves(name === "waves" ? () => Number(text(options.waitSeconds.val()) || usual.waitSeconds) : undefined);
      summary.text(summed(this.#read(step)));
    };
    strategy.on("change", () => {
      const places = placesOf(nameOf(strategy.val()), "", words);
      options.place.empty();
      for (const [value, word] of places) $("<option>").attr("value", value).text(word).appendTo(options.place);
      show();
    });
    row.on("input", show);
    row.on("change", show);
    show();
    return step;
  }
}

function valueOf(name: Option, given: string): unknown {
  if (name === "announcement" || name === "greeting") return soundOf(given);
  if (name === "stopCauses") return given.split(/[\s,;]+/).map(figureOf);
  return (figures as readonly string[]).includes(name) ? figureOf(given) : given;
}

/** A step in a few words: whom, where, how long, how often. */
function summed(row: StepRow): string {
  const targets = rowsOf(row["targets"]).map((one) => text(rowOf(one)["target"]));
  const [place, status, tries, seconds] = ["place", "status", "tries", "seconds"].map((name) => text(row[name]));
  return [
    targets.join(", "),
    ...[place, status].map((one) => one ?? ""),
    tries ? `${tries} ×` : "",
    seconds ? `${seconds} s` : "",
  ]
    .filter(Boolean)
    .join(" · ");
}
