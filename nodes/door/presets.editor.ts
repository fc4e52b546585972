// The choice of a device in the door's dialog, with what is known of it, and "Preset of your own": what stands in the dialog
// becomes a preset, kept here or shown to be sent to us.
import { copyButton, text, type Words } from "../editor/dialog.ts";
import type { Editor, JQuery, Query } from "../editor/red.d.ts";
import type { Telling } from "./reports.editor.ts";

declare const RED: Editor;
declare const $: JQuery;

export interface ShownPreset extends Telling {
  id: string;
  label: string;
  evidence: "device" | "source" | "unverified";
  sources: string[];
  /** One of the user's. */
  own: boolean;
  hint?: string;
  image?: string;
  transports?: string[];
  /** Seconds. */
  longest?: number;
  /** By HTTP: and whether the device proves it. */
  opens?: "proven" | "told";
}

const field = (name: string): Query => $(`#node-config-input-${name}`);
const part = (name: string): Query => $(`#portero-preset-${name}`);

/** Fills the select with the presets; `show` is told which one is chosen, now and later. */
export function prepareChooser(words: Words, wanted: string, show: (preset: ShownPreset | undefined) => void): void {
  const select = field("preset");
  let presets: readonly ShownPreset[] = [];
  const look = () => {
    const preset = presets.find(({ id }) => id === text(select.val()));
    $("#portero-door-evidence")
      .text(preset ? sentences(words, preset).join(" ") : "")
      .attr("title", preset?.sources.join("\n") ?? "");
    show(preset);
  };
  const load = (chosen: string) => {
    $.getJSON("portero/presets", (answer: { presets: ShownPreset[]; faults: string[] }) => {
      ({ presets } = answer);
      select.empty();
      const option = (place: Query) => (preset: ShownPreset) =>
        void $("<option>").attr("value", preset.id).text(preset.label).appendTo(place);
      presets.filter(({ own }) => !own).forEach(option(select));
      const own = presets.filter((preset) => preset.own);
      if (own.length > 0)
        own.forEach(option($("<optgroup>").attr("label", words("label.own-presets")).appendTo(select)));
      part("faults")
        .text(answer.faults.join("\n"))
        .toggle(answer.faults.length > 0);
      // One that is not there any more stays chosen, so that saving does not change the door.
      if (!presets.some(({ id }) => id === chosen)) $("<option>").attr("value", chosen).text(chosen).appendTo(select);
      select.val(chosen);
      look();
    }).fail(() => {});
  };
  select.on("change", look);
  load(wanted);
  // Until the catalogue is here, saving must not lose what is set.
  $("<option>").attr("value", wanted).text(wanted).appendTo(select);
  select.val(wanted);
  prepareMaking(words, load);
}

function sentences(words: Words, preset: ShownPreset): string[] {
  const { id, evidence, hint, transports, longest, opens } = preset;
  return [
    words(`evidence.${id === "simulated" ? id : evidence}`),
    ...(transports ? [words("known.transports", { list: transports.join(", ").toUpperCase() })] : []),
    ...(opens ? [words(`known.${opens}`)] : []),
    ...(longest === undefined ? [] : [words("known.longest", { seconds: longest })]),
    ...(hint === undefined ? [] : [hint]),
  ];
}

const taken = ["imageUrl", "videoUrl", "dtmf", "dtmfMs", "dtmfGapMs", "bounceSeconds", "oneCall"];

function prepareMaking(words: Words, made: (id: string) => void): void {
  part("form").toggle(false);
  let open = false;
  part("open").on("click", (event) => {
    event.preventDefault();
    part("form").toggle((open = !open));
  });
  part("replace").closest(".form-row").toggle(false);
  part("shown").toggle(false);
  const ask = (save: boolean, done: (preset: { id: string; label: string }) => void) => {
    const values = Object.fromEntries(taken.map((name) => [name, text(field(name).val())]));
    const own = Object.fromEntries(["label", "maker", "source"].map((name) => [name, text(part(name).val())]));
    const ticked = (name: string) => part(name).prop("checked") === true;
    $.ajax({
      ...{ url: "portero/presets", type: "POST", contentType: "application/json" },
      data: JSON.stringify({
        ...{ ...values, ...own, base: text(field("preset").val()) },
        ...{ works: ticked("works"), save, replace: save && ticked("replace") },
      }),
      success: (answer) => {
        const { preset, taken } = answer as { preset?: { id: string; label: string }; taken?: string };
        if (preset) done(preset);
        else {
          part("replace").closest(".form-row").toggle(true);
          RED.notify(taken ?? "", "warning");
        }
      },
      error: ({ responseJSON }) => {
        RED.notify(responseJSON?.reason ?? words("error.preset"), "error");
      },
    });
  };
  part("save").on("click", (event) => {
    event.preventDefault();
    ask(true, ({ id, label }) => {
      RED.notify(words("label.preset-saved", { label }), "success");
      made(id);
    });
  });
  let json = "";
  part("export").on("click", (event) => {
    event.preventDefault();
    ask(false, (preset) => {
      json = JSON.stringify(preset, undefined, 2);
      part("json").val(json);
      part("shown").toggle(true);
    });
  });
  copyButton(part("copy"), words("copied.preset"), () => json, "");
}
