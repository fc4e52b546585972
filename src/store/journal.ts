// Facts that outlive the process: a map from keys to JSON values, in a file that each change is appended to.
//
//   <folder>/7.jsonl    {"k":"contact/2c1f","v":{…}} a line; without "v" the key is gone; {"complete":7} ends its beginning
//
// The file begins with all that was known, so that it can be made short again: the next number is written whole and
// synced before the one before it goes. What is appended is not synced. A killed process loses nothing by that, since the
// kernel has it; a power cut loses the last seconds, and the devices that it concerns were without power too.
//
// Whoever opened the folder last writes: its file is a new one and it takes the others away, which the former writer sees.
import { mkdir, open, readdir, readFile, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { giveUp, sentence } from "../errors.ts";
import { silent, type Log } from "../log.ts";

export interface JournalLimits {
  /** Keys at once; a further one is not kept. */
  readonly entries: number;
  /** Characters of one value. */
  readonly value: number;
  /** Bytes appended before the file is written anew; at least twice its beginning. */
  readonly appended: number;
}

const usual: JournalLimits = { entries: 10_000, value: 8_000, appended: 256 * 1024 };
const named = /^(\d{1,15})\.jsonl$/;

type OpenFile = (path: string, flags: string, mode: number) => Promise<FileHandle>;

export class Journal {
  readonly #folder: string;
  readonly #openFile: OpenFile;
  readonly #log: Log;
  readonly #limits: JournalLimits;
  /** What is to be kept, as JSON. */
  readonly #values: Map<string, string>;
  /** Lines that are not in the file yet, the newest of each key. */
  readonly #pending = new Map<string, string>();
  #number: number;
  #file: FileHandle | undefined;
  #begin = 0;
  #appended = 0;
  #torn = false;
  #complained = false;
  #writing: Promise<void> | undefined;
  #over = false;

  private constructor(
    folder: string,
    log: Log,
    limits: JournalLimits,
    values: Map<string, string>,
    number: number,
    openFile: OpenFile,
  ) {
    this.#folder = folder;
    this.#openFile = openFile;
    this.#log = log;
    this.#limits = limits;
    this.#values = values;
    this.#number = number;
  }

  /**
   * Opens or makes the folder. What a disk holds that is full, or may only be read, is there all the same; writing is tried again
   * with the next change. `openFile`: for tests.
   * @throws PorteroError `no-folder` where there is nothing, and nothing can be written
   */
  static async open(
    folder: string,
    deps: { log?: Log; limits?: Partial<JournalLimits>; openFile?: OpenFile } = {},
  ): Promise<Journal> {
    try {
      // Addresses of people's devices are nobody else's on this machine.
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const numbers = await numbersIn(folder);
      let values: Map<string, string> | undefined;
      for (const number of numbers.toReversed()) values ??= await read(join(folder, `${number}.jsonl`));
      const limits = { ...usual, ...deps.limits };
      const journal = new Journal(
        folder,
        deps.log ?? silent,
        limits,
        values ?? new Map<string, string>(),
        numbers.at(-1) ?? 0,
        deps.openFile ?? open,
      );
      try {
        await journal.#renew();
      } catch (error) {
        if (!values) throw error;
        journal.#complain(sentence(error));
      }
      return journal;
    } catch (error) {
      throw giveUp("no-folder", `the folder ${folder} cannot be written: ${sentence(error)}`, { cause: error });
    }
  }

  /** The values whose key begins with this, as they were last set. */
  find(prefix: string): [key: string, value: unknown][] {
    return [...this.#values]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, json]) => [key, JSON.parse(json) as unknown]);
  }

  /** Keeps a value, which must be plain JSON; undefined takes it away. Written in the background. */
  set(key: string, value: unknown): void {
    if (this.#over) return;
    const json = value === undefined ? undefined : JSON.stringify(value);
    if (json !== undefined && json.length > this.#limits.value) return this.#complain(`${key} is too long`);
    if (json !== undefined && !this.#values.has(key) && this.#values.size >= this.#limits.entries)
      return this.#complain(`${this.#limits.entries} entries are kept already`);
    if (json !== undefined) this.#values.set(key, json);
    else if (!this.#values.delete(key)) return;
    this.#pending.set(key, line(key, json));
    this.#writing ??= this.#drain();
  }

  /** Resolves when all that was set is in the file, or cannot be written. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** Writes what is left and frees the file. */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#over) return;
    if (this.#pending.size > 0) await this.#drain();
    this.#over = true;
    await this.#file?.sync().catch(() => {});
    await this.#file?.close();
    this.#file = undefined;
  }

  // What is set while a batch is being written goes into the next one: a thousand registrations a second are few writes.
  async #drain(): Promise<void> {
    // A turn later, so that changes of one event are one write.
    await Promise.resolve();
    while (this.#pending.size > 0 && !this.#over) {
      const batch = new Map(this.#pending);
      this.#pending.clear();
      try {
        await this.#append([...batch.values()]);
        this.#complained = false;
      } catch (error) {
        // Tried again with the next change; what was set meanwhile is newer.
        for (const [key, text] of batch) if (!this.#pending.has(key)) this.#pending.set(key, text);
        this.#complain(sentence(error));
        break;
      }
    }
    this.#writing = undefined;
  }

  async #append(lines: string[]): Promise<void> {
    const file = this.#file;
    if (!file) return this.#renew();
    // After a full disk the file may end in half a line: the next begins on its own.
    const bytes = Buffer.from((this.#torn ? "\n" : "") + lines.join(""));
    this.#torn = true;
    await file.appendFile(bytes);
    this.#torn = false;
    this.#appended += bytes.length;
    if ((await file.stat()).nlink === 0) {
      this.#over = true;
      await file.close();
      this.#file = undefined;
      this.#log.warn(`another process keeps what outlives a restart in ${this.#folder} now: ours are kept no longer`);
    } else if (this.#appended > Math.max(this.#limits.appended, 2 * this.#begin)) await this.#renew();
  }

  async #renew(): Promise<void> {
    const { file, number } = await create(this.#folder, this.#number + 1, this.#openFile);
    try {
      const whole = [...this.#values].map(([key, json]) => line(key, json)).join("");
      await file.writeFile(`${whole}{"complete":${number}}\n`);
      await file.sync();
      this.#begin = whole.length;
      this.#appended = 0;
    } catch (error) {
      await file.close();
      await rm(join(this.#folder, `${number}.jsonl`), { force: true });
      throw error;
    }
    await this.#file?.close();
    this.#file = file;
    this.#number = number;
    for (const old of await numbersIn(this.#folder))
      if (old < number) await rm(join(this.#folder, `${old}.jsonl`), { force: true }).catch(() => {});
  }

  #complain(why: string): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#log.warn(`registrations, codes and the like cannot be kept in ${this.#folder} for a restart: ${why}`);
  }
}

const line = (key: string, json: string | undefined): string =>
  `{"k":${JSON.stringify(key)}${json === undefined ? "" : `,"v":${json}`}}\n`;

async function numbersIn(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names.flatMap((name) => (named.exec(name) ? [Number.parseInt(name, 10)] : [])).sort((a, b) => a - b);
}

/** A new file that nobody else has: two processes that open the folder at once get two numbers. */
async function create(folder: string, from: number, openFile: OpenFile): Promise<{ file: FileHandle; number: number }> {
  for (let number = from; ; number++)
    try {
      return { file: await openFile(join(folder, `${number}.jsonl`), "ax", 0o600), number };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
}

/** What a file holds; undefined where its beginning was never finished. Lines that cannot be read are passed over. */
async function read(file: string): Promise<Map<string, string> | undefined> {
  const values = new Map<string, string>();
  let complete = false;
  for (const text of (await readFile(file, "utf8")).split("\n")) {
    const entry = parse(text);
    if (typeof entry?.["complete"] === "number") complete = true;
    const key = entry?.["k"];
    if (typeof key !== "string") continue;
    if (entry?.["v"] === undefined) values.delete(key);
    else values.set(key, JSON.stringify(entry["v"]));
  }
  return complete ? values : undefined;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
