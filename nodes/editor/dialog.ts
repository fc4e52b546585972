// What several dialogs share: words, checks that say what is wrong, copy buttons, and a door's or phone's password.
import { isNumber } from "../../src/number.ts";
import type { Editor, JQuery, Property, Query, Several } from "./red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

/** One calm colour for all our nodes. */
export const colour = "#8FBCB0";

/** The words of a node type. */
export const wordsOf =
  (type: string) =>
  (key: string, parameters?: Record<string, string | number>): string =>
    RED._(`@portero/node-red/${type}:${type}.${key}`, parameters);

export type Words = ReturnType<typeof wordsOf>;

/** The same words, looked up once: for rows of which there are hundreds. */
export function remembered(words: Words): Words {
  const known = new Map<string, string>();
  return (key, parameters) => {
    if (parameters) return words(key, parameters);
    const found = known.get(key) ?? words(key);
    known.set(key, found);
    return found;
  };
}

export const text = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value).trim() : "";

/** A node that is older than a choice shows what it means without: the first. Chosen before other parts of a dialog look. */
export function chooseFirst(...choices: readonly Query[]): void {
  for (const choice of choices) if (choice.val() === null) choice.prop("selectedIndex", 0);
}

/** Whether it is a number between two bounds, or nothing. */
export const isWithin = (given: unknown, least: number, most: number): boolean =>
  text(given) === "" || (Number(text(given)) >= least && Number(text(given)) <= most);

/** Shows the fields `data-<name>` that name what is chosen, alone or among others, and hides the rest of them. */
export function showFor(choice: Query, name: string): void {
  const show = () => {
    $(`[data-${name}]`).each((_index, element) => {
      $(element).toggle((element.dataset[name] ?? "").split(" ").includes(text(choice.val())));
    });
  };
  choice.on("change", show);
  show();
}

/** A field that holds a whole number between two bounds, or nothing. */
export const wholeNumber = (words: Words, least: number, most: number, value: unknown = ""): Property => ({
  value,
  validate: (given, _options) => {
    const isRight = Number.isInteger(Number(text(given))) && isWithin(given, least, most);
    return isRight || words("error.number", { least, most });
  },
});

/** A number that SIP devices can register for. */
export const isExtension = (value: unknown): boolean => isNumber(text(value));

/** A button that copies what `find` gives; where that is nothing it says `otherwise`. */
export function copyButton(button: Query, copied: string, find: () => string | undefined, otherwise: string): void {
  button.on("click", (event) => {
    event.preventDefault();
    const found = find();
    if (found === undefined || found === "") RED.notify(otherwise, "warning");
    else RED.clipboard.copyText(found, button, copied);
  });
}

/** Node-RED shows a stored password as this; the editor never sees the password itself. */
export const stored = "__PWRD__";

/** Asks for the password that the system makes for `extension` at the node `owner` (P6). */
export function generatedPassword(owner: string, extension: string, found: (password: string) => void): void {
  if (owner === "" || extension === "") return;
  const path = `portero/password/${encodeURIComponent(owner)}?extension=${encodeURIComponent(extension)}`;
  $.getJSON(path, (answer: { password: string }) => found(answer.password)).fail(() => {});
}

// Node-RED gives all tabs one width, which cuts the longer ones of seven titles; it writes it there itself, again and again.
// Where the dialog is narrower than all of them, they stand in two rows; it would give the body the width of one and cut it.
// A label of two lines stands beside the middle of its field, and so does what a number counts; the text of a box stands
// beside the box, however long it is, and what follows a field in a sentence of two lines stands below it, not below its label.
const style = `
  .red-ui-tray-body:has(.portero-tabs) { min-width: 0 !important }
  .portero-tabs { display: flex !important; flex-wrap: wrap; height: auto !important }
  .portero-tabs li { width: auto !important; margin: 3px 1px 0 !important }
  .portero-tabs a { padding: 0 4px !important; font-size: 12px }
  .portero-unit { display: inline-block; width: calc(100% - 92px); vertical-align: middle }
  :is(section[data-tab] .form-row:has(> span[data-i18n]), .form-row:has(> .portero-unit)) { padding-left: 104px }
  :is(section[data-tab] .form-row:has(> span[data-i18n]), .form-row:has(> .portero-unit)) > label:first-child { margin-left: -104px }
  section[data-tab] .form-row > label { vertical-align: middle }
  section[data-tab] .form-row > label:empty + label { width: 70% !important }`;

/** Gives a dialog the style of all; one with tabs has it from them. */
export const styled = (beside: Query): void => void $(`<style>${style}</style>`).insertAfter(beside);

/**
 * Makes tabs of the sections `data-tab` that follow the list: `tab.<name>` is a tab's title. A section without fields gets
 * none.
 */
export function tabs(list: Query, words: Words): void {
  const sections = list.parent().children("section[data-tab]");
  sections.css("padding-top", "12px");
  const row = RED.tabs.create({
    element: list,
    onchange: ({ id }) => {
      sections.each((_index, section) => void $(section).toggle(section.dataset["tab"] === id));
    },
  });
  sections.each((_index, section) => {
    const id = section.dataset["tab"] ?? "";
    if (section.childElementCount > 0) row.addTab({ id, label: words(`tab.${id}`) });
  });
  list.addClass("portero-tabs");
  styled(list);
  list.closest(".red-ui-tabs").css("height", "auto");
  list.find(".red-ui-tabs-fade").css("display", "none");
}

/** Whether a config node is chosen in a select of the dialog. */
export const chosen = (select: Query): string => {
  const value = text(select.val());
  return value === "_ADD_" ? "" : value;
};

/** Where a new node needs a config node and there is but one of its kind, that one is chosen. */
export function chooseOnly(select: Query): void {
  if (chosen(select) !== "") return;
  const ids: string[] = [];
  select.children("option").each((_index, option) => void ids.push(text($(option).val())));
  const [only = "", another] = ids.filter((id) => id !== "" && id !== "_ADD_");
  if (only !== "" && another === undefined) select.val(only).trigger("change");
}

/** For a field of which several may be chosen (`typedInput`): it shows what is, and `none` where nothing is. */
export function several(options: readonly { value: string; label: string }[], none: string): Several {
  const labelOf = (value: string) => options.find((option) => option.value === value)?.label ?? value;
  return {
    ...{ value: "several", multiple: true, options },
    valueLabel: (place, chosen) => {
      const named = (chosen ?? []).map((one) => labelOf(typeof one === "string" ? one : one.value));
      place.text(named.length === 0 ? none : named.join(", "));
    },
  };
}
