// Words in braces that stand for values, and which of them a preset may use where: an opening with a word that nothing fills would be found only at the door.
import type { Preset } from "./preset-schema.ts";

const placeholder = /\{([a-z][A-Za-z0-9]*)\}/g;

/** In one pass, so that a brace in a password is no placeholder. What is no word of ours stays as it is. */
export const fill = (template: string, words: Readonly<Record<string, string>>): string =>
  template.replace(placeholder, (whole, word: string) => (Object.hasOwn(words, word) ? (words[word] ?? "") : whole));

const places = ["address", "contact"];
const login = ["user", "password"];
/** Of the door and of the wish: its number at the device; the code as it is; the same without `*`, `#` and pauses. */
const wish = ["relay", "code", "pin"];

// A preset may come from anybody: where a login and codes go, the door's owner says.
const isAtDevice = (url: string): boolean => /^[a-z]+:\/\/(?:\{address\}(?::\d{1,5})?|\{contact\})(?:[/?]|$)/.test(url);

// What is behind the question mark is never told; what stands before it is (P7).
const tellsSecret = (url: string): boolean => /^[^?]*\{(password|code|pin)\}/.test(url);

const wordsOf = (...texts: (string | undefined)[]): string[] =>
  texts.flatMap((text) => [...(text ?? "").matchAll(placeholder)].map(([, word = ""]) => word));

/** A sentence for each placeholder that is wrong. */
export function placeholderFaults({ camera = {}, opening, poll }: Preset): string[] {
  const faults: string[] = [];
  const allow = (field: string, known: readonly string[], ...texts: (string | undefined)[]) => {
    for (const word of wordsOf(...texts))
      if (!known.includes(word))
        faults.push(`${field} has {${word}}, which nothing fills: use one of {${known.join("}, {")}}`);
  };
  const address = (field: string, known: readonly string[], url: string | undefined) => {
    const before = faults.length;
    allow(field, known, url);
    // A word that nothing fills may have been meant for the host: one sentence is enough.
    if (url !== undefined && faults.length === before && !isAtDevice(url))
      faults.push(`${field} leads elsewhere than to the device: its host must be {address} or {contact}`);
  };
  const asked = (field: string, known: readonly string[], url: string | undefined) => {
    address(field, known, url);
    if (url !== undefined && tellsSecret(url))
      faults.push(`${field} has a secret in its path: only behind the ? is it kept out of messages`);
  };
  for (const field of ["image", "mjpeg", "rtsp"] as const)
    address(`camera.${field}`, [...places, ...login], camera[field]);
  if (poll) {
    asked("poll.url", [...places, ...login, ...(poll.subscribe ? ["id"] : [])], poll.url);
    asked("poll.subscribe.url", [...places, ...login], poll.subscribe?.url);
  }
  if (!opening) return faults;

  const known = ["address", ...login, ...wish];
  const request = (field: string, { url, body, headers = {} }: Request) => {
    asked(`${field}.url`, known, url);
    allow(`${field}.body`, known, body);
    allow(`${field}.headers`, known, ...Object.values(headers));
  };
  for (const [index, step] of opening.steps.entries()) {
    const field = `opening.steps.${index}`;
    for (const [word, by] of Object.entries(step.sign ?? {})) {
      allow(`${field}.sign.${word}`, known, by.md5, by.sha256);
      known.push(word);
    }
    request(field, step);
    known.push(...Object.keys(step.take ?? {}));
  }
  if (opening.confirm) request("opening.confirm", opening.confirm);
  return faults;
}

type Request = Pick<NonNullable<Preset["opening"]>["steps"][number], "url" | "body" | "headers">;
