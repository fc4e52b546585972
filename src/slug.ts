// Names as they may stand in topics, files and addresses; for the editor, too.

/** What a slug looks like. */
export const slugForm = "^[a-z0-9]+(-[a-z0-9]+)*$";

export const isSlug = (text: string): boolean => new RegExp(slugForm).test(text);

/** "Hintertür 2" becomes "hintertur-2". Never empty, never a wildcard. */
export const slugOf = (name: string): string =>
  name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "") || "door";
