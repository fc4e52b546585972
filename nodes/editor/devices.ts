// What is special about a device (H1), checked in the dialogs of sip-registrar and door.
import { codecNames } from "../../src/media/codec.ts";
import { text, type Words } from "./dialog.ts";

/** What is wrong with a list of codecs; the words `error.codec` and `error.no-sound` are given `more`. */
export function codecFault(words: Words, value: unknown, more: Record<string, string> = {}): string | undefined {
  const named = text(value)
    .split(/[\s,]+/)
    .filter(Boolean);
  const unknown = named.find((name) => !(codecNames as readonly string[]).includes(name));
  if (unknown !== undefined) return words("error.codec", { codec: unknown, codecs: codecNames.join(", "), ...more });
  return named.length > 0 && named.every((name) => name === "H264") ? words("error.no-sound", more) : undefined;
}
