// Names as they may stand in topics, files and addresses; for the editor, too.

/** What a slug looks like. */
export const slugForm = "^[a-z0-9]+(-[a-z0-9]+)*$";

export const isSlug = (text: string): boolean => new RegExp(slugForm).test(text);

/** As many letters as a door's id may have. */
export const slugLength = 64;

/** "Hintertür 2" becomes "hintertur-2". Never empty, never a wildcard: `otherwise` where nothing of the name is left. */
export const slugOf = (name: string, otherwise = "door"): string =>
  name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, slugLength)
    .replace(/-$/, "") || otherwise;
