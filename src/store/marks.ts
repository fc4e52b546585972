// A few numbers that outlive a restart, in one small JSON file. Written at once and without waiting for the disk: it may be
// the last thing that a process does.
import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { checker } from "../schema.ts";
import { putWhole } from "../whole-file.ts";

const check = checker("marks", { type: "object", additionalProperties: { type: "number" } } as const);

export class Marks {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Empty where there is no file yet. @throws for one that cannot be read, or holds something else */
  load(): Readonly<Record<string, number>> {
    let text: string;
    try {
      text = readFileSync(this.#file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
      throw error;
    }
    return check(JSON.parse(text));
  }

  /** @throws where it cannot be written */
  save(marks: Readonly<Record<string, number>>): void {
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    putWhole(this.#file, JSON.stringify(marks));
  }
}
