// The part of a door's dialog that says where its picture comes from, and what of it nobody may see.
import { boxesIn } from "../boxes.ts";
import { isWithin, text, type Words } from "../editor/dialog.ts";
import type { EditedNode, JQuery, Property, Query } from "../editor/red.d.ts";
import { keep } from "../editor/rows.ts";
import { chosenSources, sourceList } from "../editor/sources.ts";

declare const $: JQuery;

export const cameraDefaults = (words: Words) =>
  ({
    pictureSources: { value: [] },
    pictureTimeout: {
      value: "",
      validate: (value, _options) => isWithin(value, 1, 60) || words("error.picture-timeout"),
    },
    keepPicture: {
      value: "",
      validate: (value, _options) => isWithin(value, 0, 3600) || words("error.keep-picture"),
    },
    masks: { value: "", validate: (value, _options) => boxesIn(text(value)) !== undefined || words("error.masks") },
  }) satisfies Record<string, Property>;

const list = (): Query => $("#portero-door-sources");

export function prepareCamera(node: EditedNode, words: Words): void {
  sourceList(list(), words, node["pictureSources"]);
}

export function saveCamera(node: EditedNode): void {
  keep(node, "pictureSources", chosenSources(list()));
}
