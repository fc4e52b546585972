// What is special about a device (H1), checked in the dialogs of sip-registrar and door.
import { text, type Words } from "./dialog.ts";

export const codecs = ["PCMA", "PCMU", "G722", "opus", "H264"];

/** What is wrong with a list of codecs; the words `error.codec` and `error.no-sound` are given `more`. */
export function codecFault(words: Words, value: unknown, more: Record<string, string> = {}): string | undefined {
  const named = text(value)
    .split(/[\s,]+/)
    .filter(Boolean);
  const unknown = named.find((name) => !codecs.includes(name));
  if (unknown !== undefined) return words("error.codec", { codec: unknown, codecs: codecs.join(", "), ...more });
  return named.length > 0 && named.every((name) => name === "H264") ? words("error.no-sound", more) : undefined;
}
