// Rows for whom to ring: the number, and in a second line what few targets need.
import { dtmfMethods } from "../../src/dtmf.ts";
import { codecFault } from "./devices.ts";
import { isWithin, text, type Words } from "./dialog.ts";
import { holdsLogin } from "./logins.ts";
import { holdsPassword } from "../../src/number.ts";
import type { JQuery, Query } from "./red.d.ts";
import { fieldsIn, fill, input, labelled, lineOf, rowsOf, select, unfold, wrapped } from "./rows.ts";

declare const $: JQuery;

/** A target as src/visit/ringing/target.ts has it; what was typed wrong is kept as it is. */
export type TargetRow = Record<string, unknown>;

const figures = { delay: [0, 3600], seconds: [1, 3600], silentSeconds: [0.5, 60] } as const;
const options = ["delay", "seconds", "silentSeconds", "account", "name", "codecs", "dtmf", "confirm"] as const;
type Option = (typeof options)[number];

export const rowOf = (value: unknown): TargetRow =>
  typeof value === "object" && value !== null ? (value as TargetRow) : { target: text(value) };

/** What is typed: a figure where it is one. */
export const figureOf = (typed: string): number | string =>
  typed === "" || Number.isNaN(Number(typed)) ? typed : Number(typed);

/** What is wrong with a list of targets. */
export function targetFault(value: unknown, words: Words): string | undefined {
  for (const row of rowsOf(value).map(rowOf)) {
    const target = text(row["target"]);
    if (holdsPassword(target)) return words("error.address-login");
    if (holdsLogin(fileIn(row["prompt"]))) return words("error.sound-login");
    for (const [name, [least, most]] of Object.entries(figures))
      if (!isWithin(row[name], least, most))
        return words("error.target", { target, what: words(`target.${name}`), least, most });
    const codecs = codecFault(words, Array.isArray(row["codecs"]) ? row["codecs"].join(", ") : row["codecs"], {
      target,
    });
    if (codecs !== undefined) return codecs;
  }
  return undefined;
}

/** A sound as a field has it: a file or a URL. */
export const fileIn = (sound: unknown): string => {
  const { file, url } = (sound ?? {}) as { file?: string; url?: string };
  return text(url ?? file);
};

export const soundOf = (typed: string): object => (/^https?:\/\//i.test(typed) ? { url: typed } : { file: typed });

interface Fields {
  readonly item: TargetRow;
  readonly target: Query;
  readonly options: Readonly<Record<Option, Query>>;
  readonly prompt: Query;
  readonly when: Query;
}

export class TargetList {
  readonly #list: Query;
  readonly #words: Words;
  #pause: (() => number) | undefined;

  constructor(list: Query, value: unknown, words: Words) {
    this.#list = list;
    this.#words = words;
    const changed = () => this.#showTimes();
    fill(list, rowsOf(value).map(rowOf), {
      add: words("label.add"),
      row: (row, item) => this.#add(row, item),
      changed,
    });
    list.on("input", changed);
  }

  /** Beside each target stands when it begins to ring: so many seconds after the one before; undefined: nothing stands there. */
  waves(pause: (() => number) | undefined): void {
    this.#pause = pause;
    this.#showTimes();
  }

  /** As it is kept: a target with nothing special is its number alone. */
  read(): (string | TargetRow)[] {
    return this.#fields().flatMap((fields): (string | TargetRow)[] => {
      const target = text(fields.target.val());
      if (target === "") return [];
      const row: TargetRow = { ...fields.item, target };
      for (const name of [...options, "prompt"]) delete row[name];
      for (const [name, value] of this.#set(fields)) row[name] = value;
      return Object.keys(row).length === 1 ? [target] : [row];
    });
  }

  #set({ options: fields, prompt }: Fields): [string, unknown][] {
    const typed = (name: Option) => text(fields[name].val());
    const confirm = fields.confirm.prop("checked") === true;
    const codecs = typed("codecs")
      .split(/[\s,]+/)
      .filter(Boolean);
    const heard = text(prompt.val());
    return [
      ...(["delay", "seconds", "silentSeconds"] as const).map((name): [string, unknown] => [
        name,
        figureOf(typed(name)),
      ]),
      ...(["account", "name", "dtmf"] as const).map((name): [string, unknown] => [name, typed(name)]),
      ...(codecs.length > 0 ? [["codecs", codecs] as [string, unknown]] : []),
      ...(confirm ? [["confirm", true] as [string, unknown]] : []),
      ...(confirm && heard !== "" ? [["prompt", soundOf(heard)] as [string, unknown]] : []),
    ].filter(([, value]) => value !== "");
  }

  #fields(): Fields[] {
    return fieldsIn(this.#list) as Fields[];
  }

  #showTimes(): void {
    const words = this.#words;
    const pause = this.#pause?.();
    let at: number | undefined;
    for (const { options: fields, when } of this.#fields()) {
      const own = figureOf(text(fields.delay.val()));
      const next = at === undefined ? 0 : at + (pause ?? 0);
      at = typeof own === "number" ? own : next;
      fields.delay.attr("placeholder", String(pause === undefined ? 0 : next));
      when.toggle(pause !== undefined).text(at === 0 ? words("label.atOnce") : words("label.at", { seconds: at }));
    }
  }

  #add(row: Query, item: TargetRow): Fields {
    const words = this.#words;
    const line = lineOf(row);
    const target = input(item["target"])
      .attr("list", "portero-extensions")
      .attr("placeholder", "6001")
      .css({ width: "100%", margin: "0" })
      .addClass("portero-target")
      .appendTo(line);
    const when = $("<span>").css({
      ...{ color: "var(--red-ui-secondary-text-color)", "white-space": "nowrap", "margin-left": "8px" },
    });
    when.appendTo(line);
    const isSet = Object.keys(item).some((name) => name !== "target" && item[name] !== undefined);
    const more = wrapped(row);
    unfold(line, more, words("label.more"), isSet);
    const option = (name: Option, field: Query) =>
      labelled(more, words(`target.${name}`), words(`about.${name}`), field, "calc(25% - 6px)");
    const typed = (name: Option) =>
      option(name, input(Array.isArray(item[name]) ? item[name].join(", ") : item[name])).attr(
        "placeholder",
        words(`blank.${name}`),
      );
    const methods = [
      ["", words("blank.dtmf")] as const,
      ...dtmfMethods.map((method) => [method, words(`dtmf.${method}`)] as const),
    ];
    const fields = {
      ...{ delay: typed("delay"), seconds: typed("seconds"), silentSeconds: typed("silentSeconds") },
      ...{ account: typed("account"), name: typed("name"), codecs: typed("codecs") },
      dtmf: option("dtmf", select(methods, item["dtmf"])),
      confirm: option(
        "confirm",
        $("<input>")
          .attr("type", "checkbox")
          .prop("checked", item["confirm"] === true),
      ),
    };
    fields.confirm.css({ width: "auto" });
    const prompt = labelled(more, words("target.prompt"), words("about.prompt"), input(fileIn(item["prompt"])), "100%");
    prompt.attr("placeholder", words("blank.prompt"));
    const asked = () => prompt.parent().toggle(fields.confirm.prop("checked") === true);
    fields.confirm.on("change", asked);
    asked();
    return { item, target, options: fields, prompt, when };
  }
}
