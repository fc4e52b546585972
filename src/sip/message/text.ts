// The text that a MESSAGE brings: RFC 3428.
import type { SipMessage } from "./message.ts";

export interface Text {
  /** In lower case, without parameters: `text/plain`. */
  readonly contentType: string;
  readonly text: string;
}

/** Undefined where it is none: pictures, other character sets. */
export function readText(message: SipMessage): Text | undefined {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(message.get("content-type") ?? "")?.[1] ?? "utf-8";
  if (!/^(utf-?8|us-ascii)$/i.test(charset)) return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(message.body);
    return { contentType: message.contentType || "text/plain", text };
  } catch {
    return undefined;
  }
}
