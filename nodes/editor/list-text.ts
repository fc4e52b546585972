// The rows of a dialog's list as a text, one row a line: what a spreadsheet copies, or a CSV file (RFC 4180) holds.

/** A column: what it is called in a row, and by what names the first line of a text may call it. */
export interface Column<Name extends string = string> {
  readonly name: Name;
  readonly called: readonly string[];
}

/** A line that is a row; a column that the text does not have is not in its cells. */
export interface Line<Name extends string = string> {
  readonly line: number;
  readonly cells: { readonly [column in Name]?: string };
}

export interface ReadList<Name extends string = string> {
  readonly lines: readonly Line<Name>[];
  /** Names of columns that are of no use here. */
  readonly unread: readonly string[];
  /** Lines with more fields than there are columns, and one in which a quote is left open. */
  readonly wide: readonly number[];
  readonly open?: number;
}

/** In the first line: a tab, as spreadsheets copy; else a semicolon; else a comma. */
function separatorOf(text: string): string {
  const [first = ""] = text.trimStart().split(/[\r\n]/, 1);
  return ["\t", ";"].find((one) => first.includes(one)) ?? ",";
}

/** The fields of a line; nothing where a quote is left open. */
function fieldsOf(line: string, separator: string): string[] | undefined {
  const fields: string[] = [];
  let [field, quoted] = ["", false];
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at] ?? "";
    if (quoted && letter === '"' && line[at + 1] === '"') {
      field += '"';
      at += 1;
    } else if (quoted ? letter === '"' : letter === '"' && field.trim() === "") {
      quoted = !quoted;
      if (quoted) field = "";
    } else if (letter === separator && !quoted) {
      fields.push(field.trim());
      field = "";
    } else field += letter;
  }
  return quoted ? undefined : [...fields, field.trim()];
}

/** Reads it. The first line may name the columns, in any order; without one they stand in the order of `columns`. */
export function readList<Name extends string>(text: string, columns: readonly Column<Name>[]): ReadList<Name> {
  const separator = separatorOf(text);
  const named = (word: string) =>
    columns.find(({ name, called }) => [name, ...called].some((one) => one.toLowerCase() === word.toLowerCase()));
  const lines: Line<Name>[] = [];
  const wide: number[] = [];
  let order: readonly (Name | undefined)[] | undefined;
  let unread: string[] = [];
  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .entries()) {
    if (raw.replaceAll(separator, "").trim() === "") continue;
    const fields = fieldsOf(raw, separator);
    if (!fields) return { lines, unread, wide, open: index + 1 };
    if (!order && fields.some((field) => named(field)?.name === columns[0]?.name)) {
      order = fields.map((field) => named(field)?.name);
      unread = fields.filter((field) => field !== "" && !named(field));
      continue;
    }
    order ??= columns.map(({ name }) => name);
    if (fields.slice(order.length).some((field) => field !== "")) wide.push(index + 1);
    const cells: { [column in Name]?: string } = {};
    for (const [at, name] of order.entries()) if (name !== undefined) cells[name] = fields[at] ?? "";
    lines.push({ line: index + 1, cells });
  }
  return { lines, unread, wide };
}

/** The other way round, with the names of the columns in the first line. */
export function writeList(names: readonly string[], rows: readonly (readonly string[])[], separator: string): string {
  const written = (field: string) =>
    field.includes(separator) || /^\s*"|[\r\n]/.test(field)
      ? `"${field.replace(/[\r\n]+/g, " ").replaceAll('"', '""')}"`
      : field;
  return [names, ...rows].map((row) => row.map(written).join(separator)).join("\n");
}

/**
 * What is wrong with the rows, each with its line: `fault` says what is wrong with a list of rows, and a line is at fault where the
 * rows up to it are and those before it are not. It is left out then, so that the next one is found; no more than `most`.
 */
export function faultsIn<Row>(
  rows: readonly { readonly line: number; readonly row: Row }[],
  fault: (rows: readonly Row[]) => string | undefined,
  most: number,
): { line: number; fault: string }[] {
  const found: { line: number; fault: string }[] = [];
  let left = [...rows];
  while (found.length < most) {
    const upTo = (length: number) => fault(left.slice(0, length).map(({ row }) => row));
    if (upTo(left.length) === undefined) break;
    let [good, bad] = [0, left.length];
    while (bad - good > 1) {
      const middle = (good + bad) >> 1;
      if (upTo(middle) === undefined) good = middle;
      else bad = middle;
    }
    found.push({ line: left[bad - 1]?.line ?? 0, fault: upTo(bad) ?? "" });
    left = left.filter((_row, index) => index !== bad - 1);
  }
  return found;
}
