// Text within other text: quoted in headers, which RFC 3261 §25.1 and RFC 9110 §5.6.4 write the same way; and percent-encoded.

/** What stands between the quotes, escapes undone. */
export const unquoted = (text: string): string => (text.includes("\\") ? text.replace(/\\(.)/gs, "$1") : text);

/** In quotes. A line's end in it stays: whoever sends it decides whether to refuse that or to write a blank. */
export const quote = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** Percent-encoding undone, where it is one. */
export const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
