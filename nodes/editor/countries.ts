// The countries whose tones there are, to be chosen from.
import { countries, countryName, usualCountry } from "../../src/media/tones.ts";
import { text } from "./dialog.ts";
import type { JQuery, Query } from "./red.d.ts";

declare const $: JQuery;

/** Fills a select with them by their names, and chooses one. */
export function countryChoice(select: Query, chosen: string): void {
  const named = countries.map((country) => [country, countryName(country)] as const);
  for (const [country, name] of named.sort(([, one], [, other]) => one.localeCompare(other)))
    $("<option>").attr("value", country).text(name).appendTo(select);
  select.val(text(chosen) || usualCountry);
}
