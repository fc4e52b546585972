// The presets of a user's own: a JSON file each, in a folder beside the flows. What is wrong with one is a sentence that names
// the file and the field, and the others are there all the same. None takes the place of one of ours: whoever chose that one
// would get another door without a word.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { giveUp, PorteroError, sentence } from "../errors.ts";
import { putWhole } from "../whole-file.ts";
import { checkPreset } from "./preset.ts";
import type { Preset } from "./preset-schema.ts";
import { presets } from "./presets.ts";

export interface PresetCatalogue {
  /** Ours first, then the user's by the names of their files. */
  readonly presets: ReadonlyMap<string, Preset>;
  /** Ids of the user's own. */
  readonly own: ReadonlySet<string>;
  /** What is wrong with files. */
  readonly faults: readonly string[];
}

// Ours have one or two kilobytes.
const mostBytes = 65_536;

export class PresetFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** All presets as they are now; a folder that is not there has none. Never throws. */
  read(): PresetCatalogue {
    const all = new Map(presets);
    const own = new Set<string>();
    const faults: string[] = [];
    for (const file of this.#files(faults)) {
      try {
        const preset = this.#readFile(file);
        if (presets.has(preset.id)) throw giveUp("invalid", `id ${takenByUs(preset.id)}`);
        if (own.has(preset.id))
          throw giveUp("invalid", `id is that of another file, too (${preset.id}): give it another`);
        all.set(preset.id, preset);
        own.add(preset.id);
      } catch (error) {
        faults.push(`preset file ${file}: ${sentence(error).replace(/^door preset: /, "")}`);
      }
    }
    return { presets: all, own, faults };
  }

  /** Keeps a preset as a file of its own. @throws PorteroError `invalid`, `preset-taken`, `unwritable` */
  save(preset: Preset, replace = false): void {
    if (presets.has(preset.id)) throw giveUp("invalid", `the preset "${preset.label}": its id ${takenByUs(preset.id)}`);
    const file = join(this.#folder, `${preset.id}.json`);
    const [text, mode] = [`${JSON.stringify(preset, undefined, 2)}\n`, 0o666];
    try {
      mkdirSync(this.#folder, { recursive: true });
      if (replace) putWhole(file, text, { mode });
      // Of two who want a name at once one is refused.
      else writeFileSync(file, text, { mode, flag: "wx" });
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      if (code === "EEXIST" && syscall === "open")
        throw giveUp("preset-taken", `there is a preset "${preset.id}" already: choose another name, or replace it`);
      throw giveUp("unwritable", `the preset cannot be kept in ${this.#folder}: ${sentence(error)}`, { cause: error });
    }
  }

  #files(faults: string[]): string[] {
    try {
      return readdirSync(this.#folder)
        .filter((file) => file.endsWith(".json"))
        .sort();
    } catch (error) {
      const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
      if (!isAbsent) faults.push(`the folder of presets cannot be read: ${sentence(error)}`);
      return [];
    }
  }

  #readFile(file: string): Preset {
    const bytes = readFileSync(join(this.#folder, file));
    if (bytes.length > mostBytes) throw giveUp("invalid", `it is larger than ${mostBytes / 1024} KiB`);
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString("utf8").replace(/^\uFEFF/, ""));
    } catch (error) {
      throw giveUp("invalid", `it is not JSON (${sentence(error)})`);
    }
    try {
      return checkPreset(value);
    } catch (error) {
      // A regular expression or a schema that breaks in another way is the file's fault, too.
      throw error instanceof PorteroError ? error : giveUp("invalid", sentence(error));
    }
  }
}

const takenByUs = (id: string): string =>
  `is that of a preset that comes with Portero (${id}): give it another, such as ${id}-own`;
