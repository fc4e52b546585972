// The presets of the door's dialog: ours and the user's own, and the making of one from what stands in the dialog.
import { join } from "node:path";
import {
  checkDoor,
  PresetFolder,
  presetFrom,
  type DoorSettings,
  type Preset,
  type PresetCatalogue,
} from "../../src/door/door.ts";
import { giveUp, PorteroError, sentence } from "../../src/errors.ts";
import { folderOf } from "../passwords.ts";
import type { Red } from "../red.d.ts";
import { numberIn, textOr } from "../fields.ts";
import { slugOf } from "../../src/slug.ts";

/** `GET /portero/presets`; `POST /portero/presets` with what the dialog holds. Gives what reads the catalogue. */
export function servePresets(RED: Red): () => PresetCatalogue {
  const folder = () => new PresetFolder(join(folderOf(RED.settings.userDir), "presets"));
  RED.httpAdmin.get("/portero/presets", RED.auth.needsPermission("door.read"), (_request, response) => {
    const { presets, own, faults } = folder().read();
    response.json({ presets: [...presets.values()].map((preset) => shown(preset, own.has(preset.id))), faults });
  });
  RED.httpAdmin.post("/portero/presets", RED.auth.needsPermission("door.write"), (request, response) => {
    try {
      const wish = (request.body ?? {}) as Record<string, unknown>;
      const preset = made(folder().read(), wish);
      if (wish["save"] === true) folder().save(preset, wish["replace"] === true);
      response.json({ preset });
    } catch (error) {
      // Not a fault, but a question: whether it is to be replaced.
      if (error instanceof PorteroError && error.code === "preset-taken") response.json({ taken: error.message });
      else response.status(400).json({ reason: sentence(error) });
    }
  });
  return () => folder().read();
}

/** The door's form, checked; where its preset is not known, what is wrong with the files of presets may be why. */
export function checkedDoor(form: object, { presets, faults }: PresetCatalogue): DoorSettings {
  try {
    return checkDoor(form, presets);
  } catch (error) {
    const isPreset = error instanceof PorteroError && error.data["field"] === "preset" && faults.length > 0;
    throw isPreset ? giveUp("invalid", `${error.message}; ${faults.join("; ")}`, { cause: error }) : error;
  }
}

const shown = (preset: Preset, own: boolean) => {
  const { id, label, evidence, sources, hint, camera, hooks, poll, sip, ring, opening } = preset;
  return {
    ...{ id, label, evidence, sources, hint, own, image: camera?.image, hooks, polls: poll !== undefined },
    ...{
      transports: sip?.transports,
      longest: ring?.longestSeconds,
      opens: opening && (opening.confirm ? "proven" : "told"),
    },
  };
};

function made({ presets }: PresetCatalogue, wish: Record<string, unknown>): Preset {
  const word = (name: string) => textOr(wish[name]);
  const number = (name: string) => numberIn(word(name));
  const [label, maker, base] = [word("label"), word("maker"), presets.get(word("base") ?? "generic")];
  if (label === undefined) throw giveUp("invalid", "the preset has no name: enter one, such as Acme Gate 3");
  if (maker === undefined) throw giveUp("invalid", "the preset has no maker: enter who makes the device");
  if (!base) throw giveUp("invalid", "the door's present device is not known: choose one first");
  const source = word("source");
  const works = wish["works"] === true;
  if (works && source === undefined)
    throw giveUp("invalid", "say which device and firmware it works with, such as Gate 3, firmware 1.2");
  const one = word("oneCall");
  const fields = {
    ...{ source, imageUrl: word("imageUrl"), videoUrl: word("videoUrl"), method: word("dtmf") },
    ...{ durationMs: number("dtmfMs"), gapMs: number("dtmfGapMs"), bounceSeconds: number("bounceSeconds") },
    oneCall: one === undefined ? undefined : one === "on",
  };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return presetFrom(base, { id: slugOf(label), label, maker, works, ...given });
}
