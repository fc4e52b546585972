// Text within other text: quoted in headers, which RFC 3261 §25.1 and RFC 9110 §5.6.4 write the same way; and percent-encoded.

/** What stands between the quotes, escapes undone. */
export const unquoted = (text: string): string => (text.includes("\\") ? text.replace(/\\(.)/gs, "$1") : text);

/** In quotes, and in one line whatever it is. */
export const quote = (text: string): string => `"${text.replace(/[\r\n]+/g, " ").replace(/["\\]/g, "\\$&")}"`;

/** Percent-encoding undone, where it is one. */
export const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
