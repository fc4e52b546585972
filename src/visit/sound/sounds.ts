// Sounds as a user names them (a country's tone, a WAV file, a URL), and what is made of them. All is fetched, read and
// checked before anything is played.
import { readFile, stat } from "node:fs/promises";
import type { FromSchema } from "json-schema-to-ts";
import type { Clock } from "../../clock.ts";
import { giveUp, PorteroError, sentence, tryAgain } from "../../errors.ts";
import { HttpClient } from "../../http.ts";
import { toneSound, type Sound } from "../../media/sound.ts";
import { countries, toneNames, usualCountry } from "../../media/tones.ts";
import { mostBytes, readWav } from "../../media/wav.ts";
import { checker } from "../../schema.ts";
import { showUrl } from "../../secret.ts";

// Without a limit of length: a complaint would quote it, with the password of a URL.
const path = { type: "string", minLength: 1 } as const;

/** Exactly one of `tone` (with its country), `file` and `url`. */
export const soundFields = {
  tone: { enum: toneNames },
  country: { enum: countries },
  file: path,
  url: path,
} as const;

export const soundSchema = { type: "object", additionalProperties: false, properties: soundFields } as const;
export type SoundSettings = FromSchema<typeof soundSchema>;

const check = checker("sound", soundSchema);

/** @throws PorteroError `invalid`, naming the field */
export function checkSound(settings: unknown): SoundSettings {
  const checked = check(settings);
  const named = (["tone", "file", "url"] as const).filter((name) => checked[name] !== undefined);
  if (named.length === 1) return checked;
  const what = named.length === 0 ? "none is" : `${named.join(" and ")} are`;
  throw giveUp("invalid", `sound: ${what} given: give one of tone, file and url`, { data: { field: "sound" } });
}

/** What a text names: a URL, or else a file. */
export const soundNamed = (text: string): SoundSettings => (isUrl(text) ? { url: text } : { file: text });

// Where a dialog names an environment variable it cannot know what that will hold.
const isUrl = (text = ""): boolean => /^https?:\/\//i.test(text);

/** A sound and its server have this long. */
const fetchMs = 10_000;

/**
 * The sound itself. A URL is followed to another place of the same host only, and never from https to http.
 * @throws PorteroError `invalid`, `bad-sound`, `no-file`, or what an HttpClient gives
 */
export async function loadSound(settings: SoundSettings, clock?: Clock): Promise<Sound> {
  const { tone, country = usualCountry, file, url = isUrl(file) ? file : undefined } = checkSound(settings);
  if (tone !== undefined) return toneSound(tone, country);
  if (url !== undefined) return readWav(await fetched(url, clock), `the sound at ${showUrl(url)}`);
  return readWav(await fromDisk(file ?? ""), `the file ${file ?? ""}`);
}

async function fetched(url: string, clock: Clock | undefined): Promise<Buffer> {
  const client = new HttpClient(clock && { clock });
  try {
    const what = "The sound's server";
    const { status, body } = await client.request({ ...{ url, what, timeoutMs: fetchMs, maxBytes: mostBytes } });
    if (status >= 200 && status < 300) return body;
    const advise = status < 500 ? giveUp : tryAgain;
    throw advise("no-sound", `${what} at ${showUrl(url)} answered ${status}: is the address right?`);
  } finally {
    client.close();
  }
}

async function fromDisk(file: string): Promise<Buffer> {
  try {
    const about = await stat(file);
    // What is no file (a pipe, a device) may never come to an end.
    if (!about.isFile()) throw giveUp("no-file", `${file} is no file: name a WAV file`);
    if (about.size <= mostBytes) return await readFile(file);
    throw giveUp("bad-sound", `the file ${file} has ${about.size} bytes, more than the ${mostBytes} that are played`);
  } catch (error) {
    if (error instanceof PorteroError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const why = missing ? "there is none: give the whole path as this program sees it" : sentence(error);
    throw giveUp("no-file", `the sound file ${file} cannot be read: ${why}`, { cause: error });
  }
}
