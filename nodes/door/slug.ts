// A door's short name where it has none of its own; for the editor, too.
/** `Front door` becomes `front-door`: the door's id in messages and MQTT topics. */
export const slugOf = (name: string): string =>
  name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "") || "door";
