// The second line of a row in the registrar's dialog: what few devices need.
import { codecFault } from "../editor/devices.ts";
import { text, type Words } from "../editor/dialog.ts";
import type { Query } from "../editor/red.d.ts";
import { input, labelled, select } from "../editor/rows.ts";

const options = [
  "codecs",
  "encryption",
  "webrtc",
  "dtmf",
  "directMedia",
  "rport",
  "qualify",
  "dropAfter",
  "maxCalls",
  "dndStatus",
] as const;
export type Option = (typeof options)[number];
/** Those that are chosen and not typed; the empty one is named by what it means. */
const choices: Partial<Record<Option, Record<string, string>>> = {
  encryption: { "": "endpoint", off: "off", optional: "optional", required: "required" },
  webrtc: { "": "auto", off: "off", required: "required" },
  dtmf: { "": "auto", rfc4733: "rfc4733", info: "info", "info-dtmf": "info-dtmf", inband: "inband" },
  directMedia: { "": "off", on: "on" },
  rport: { "": "asked", on: "on", off: "off" },
};

/** A row's second line, drawn when it is first looked at: two hundred rows would be two thousand fields. */
export class Options {
  readonly #item: Partial<Record<Option, unknown>>;
  readonly #drawn = new Map<Option, Query>();

  constructor(item: Partial<Record<Option, unknown>>) {
    this.#item = item;
  }

  get isSet(): boolean {
    return options.some((name) => text(this.#item[name]) !== "");
  }

  draw(line: Query, words: Words): void {
    for (const name of options) {
      const choice = Object.entries(choices[name] ?? {}).map(([one, key]) => [one, words(`${name}.${key}`)] as const);
      const field =
        choice.length > 0
          ? select(choice, this.#item[name])
          : input(this.#item[name]).attr("placeholder", words(`placeholder.${name}`));
      this.#drawn.set(name, labelled(line, words(`column.${name}`), words(`label.${name}`), field, "100%"));
    }
  }

  /** Those that are set. */
  get given(): Partial<Record<Option, string>> {
    const all = options.map((name) => [name, text(this.#drawn.get(name)?.val() ?? this.#item[name])] as const);
    return Object.fromEntries(all.filter(([, value]) => value !== ""));
  }
}

const statuses = /^(?!401|407)[46]\d\d$/;
const upTo100 = /^$|^([1-9]\d?|100)$/;

/** What is wrong with the second line of the extension `number`. */
export function optionFaults(words: Words, number: string, row: Partial<Record<Option, unknown>>): string[] {
  const isTime = (value: unknown, most: number) => /^\d*$/.test(text(value)) && Number(text(value)) <= most;
  const status = text(row.dndStatus);
  return [
    codecFault(words, row.codecs, { number }) ?? [],
    isTime(row.qualify, 3600) ? [] : [words("error.qualify", { number })],
    isTime(row.dropAfter, 100) ? [] : [words("error.drop-after", { number })],
    upTo100.test(text(row.maxCalls)) ? [] : [words("error.max-calls", { number })],
    status === "" || statuses.test(status) ? [] : [words("error.dnd-status", { number })],
  ].flat();
}

/** Whether it is a number of devices, or nothing. */
export const isDevices = (value: unknown): boolean => upTo100.test(text(value));
