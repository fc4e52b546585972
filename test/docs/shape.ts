// The shape of plain JSON, to compare what a page shows with what is really sent: fields and their types, not values.

/** Like `{"a":"number","b":["string"]}`. Elements of a list are of one shape; an empty list has none. */
export function shape(value: unknown): unknown {
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (typeof value !== "object") return typeof value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => [name, shape(field)]));
}
