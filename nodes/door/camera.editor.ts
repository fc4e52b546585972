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
  pictureTaker($("#portero-take-picture"), $("#portero-picture"), node.id, words);
}

interface Taken {
  src: string;
  width: number;
  height: number;
  ms: number;
  kind: string;
}

/** "Take a picture": what the deployed door shows, or in a sentence why it shows nothing. */
function pictureTaker(button: Query, place: Query, id: string, words: Words): void {
  const say = (sentence: string, colour: string) =>
    place.empty().append($("<div>").text(sentence).css("color", `var(--red-ui-${colour})`));
  button.on("click", () => {
    say(words("take.asking"), "secondary-text-color");
    button.prop("disabled", true);
    $.ajax({
      ...{ url: `portero/picture/${encodeURIComponent(id)}`, type: "GET" },
      success: (answer) => {
        const { src, width, height, ms, kind } = answer as Taken;
        button.prop("disabled", false);
        say(words("take.taken", { width, height, ms, source: words(`source.${kind}`) }), "secondary-text-color");
        place.append($("<img>").attr("src", src).attr("alt", words("take.alt")).css("max-width", "100%"));
      },
      error: ({ responseJSON }) => {
        button.prop("disabled", false);
        say(responseJSON?.reason ?? words("find.failed"), "text-color-error");
      },
    });
  });
}

export function saveCamera(node: EditedNode): void {
  keep(node, "pictureSources", chosenSources(list()));
}
