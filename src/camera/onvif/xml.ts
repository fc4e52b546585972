// Reads the XML of SOAP answers, as forgiving as cameras make it necessary: prefixes are dropped, since each maker has its own,
// and what is not closed ends where its parent does. No entity but those of XML 1.0 §4.6 is replaced, so that a small answer
// stays small; every step is linear in its input.

export interface Element {
  /** Without prefix. */
  readonly name: string;
  /** By their names without prefix. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  /** What stands directly in it, trimmed. */
  readonly text: string;
}

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Element[];
  readonly pieces: string[];
}

const deepest = 50;
const mostElements = 20_000;
const longestTag = 16_384;

/** The outermost element, or nothing where there is none, or more of it than a camera has reason to send. */
export function readXml(source: string): Element | undefined {
  const top: Open = { name: "", attributes: new Map(), children: [], pieces: [] };
  const open: Open[] = [];
  let elements = 0;
  const inner = () => open.at(-1) ?? top;
  const close = () => {
    const done = open.pop();
    if (done) inner().children.push(elementOf(done));
  };
  for (let at = 0; at < source.length;) {
    const start = source.indexOf("<", at);
    inner().pieces.push(decoded(source.slice(at, start < 0 ? undefined : start)));
    if (start < 0) break;
    const skipped = skip(source, start);
    if (skipped) {
      inner().pieces.push(skipped.text);
      at = skipped.end;
      continue;
    }
    const end = endOfTag(source, start);
    if (end === undefined) break;
    const tag = source.slice(start + 1, end);
    at = end + 1;
    if (tag.startsWith("/")) {
      const name = localName(tag.slice(1).trim());
      const from = open.findLastIndex((one) => one.name === name);
      if (from >= 0) while (open.length > from) close();
      continue;
    }
    const name = /^[^\s/]+/.exec(tag)?.[0];
    if (name === undefined) continue;
    if (++elements > mostElements || open.length >= deepest) return undefined;
    open.push({ name: localName(name), attributes: attributesOf(tag.slice(name.length)), children: [], pieces: [] });
    if (tag.endsWith("/")) close();
  }
  while (open.length > 0) close();
  return top.children[0];
}

const elementOf = ({ name, attributes, children, pieces }: Open): Element => ({
  ...{ name, attributes, children },
  text: pieces.join("").trim(),
});

/** Comments, instructions and declarations, which say nothing; CDATA, which is text. */
function skip(source: string, start: number): { text: string; end: number } | undefined {
  for (const [opening, closing] of [
    ["<!--", "-->"],
    ["<![CDATA[", "]]>"],
    ["<?", "?>"],
    ["<!", ">"],
  ] as const) {
    if (!source.startsWith(opening, start)) continue;
    const found = source.indexOf(closing, start + opening.length);
    const end = found < 0 ? source.length : found;
    const text = opening === "<![CDATA[" ? source.slice(start + opening.length, end) : "";
    return { text, end: end + closing.length };
  }
  return undefined;
}

/** Where the `>` of a tag stands, which quoted values may hold too. */
function endOfTag(source: string, start: number): number | undefined {
  let quote = "";
  const last = Math.min(source.length, start + longestTag);
  for (let at = start + 1; at < last; at++) {
    const character = source.charAt(at);
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === ">") return at;
  }
  return undefined;
}

const localName = (name: string): string => name.slice(name.lastIndexOf(":") + 1);

function attributesOf(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  // The look behind keeps it linear: no name is tried from its middle.
  for (const [, name = "", double, single, bare] of text.matchAll(
    /(?<=[\s"']|^)([^\s="']+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'/]+))/g,
  ))
    if (!name.startsWith("xmlns")) found.set(localName(name), decoded(double ?? single ?? bare ?? ""));
  return found;
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const decoded = (text: string): string =>
  text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi,
    (_all, hex?: string, ten?: string, name?: string) => {
      if (name !== undefined) return entities[name.toLowerCase()] ?? "";
      const code = hex === undefined ? Number(ten) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
    },
  );

/** Text as it may stand in an element or an attribute. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** All elements of this name, at whatever depth, in their order. */
export function all(element: Element, name: string): Element[] {
  return element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...all(child, name)]);
}

/** The first element of this name, at whatever depth; of several names one inside the other. */
export function first(element: Element | undefined, ...path: readonly string[]): Element | undefined {
  return path.reduce<Element | undefined>((found, name) => found && all(found, name)[0], element);
}

/** The text of what `first` finds; nothing where that is empty. */
export const textAt = (element: Element | undefined, ...path: readonly string[]): string | undefined =>
  first(element, ...path)?.text || undefined;
