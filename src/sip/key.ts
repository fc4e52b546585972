/**
 * A key for a map, with letters of its own: one put together by "+" or in a template keeps its pieces, and a piece of a header
 * keeps the whole message that it was cut out of.
 */
export const keyOf = (...parts: readonly (string | number | undefined)[]): string => parts.join("|");
