// Text in a document of XML or HTML.

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
/** For an element of XML or HTML, or an attribute in double quotes. */
export const xmlText = (text: string): string =>
  // What XML 1.0 §2.2 does not allow cannot be escaped either.
  text
    .replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "")
    .replace(/[&<>"]/g, (c) => escapes[c] ?? c);
