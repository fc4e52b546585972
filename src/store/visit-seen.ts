// What the visit log keeps of what was seen at a press: kinds of files, and how their names end.

export const seenKinds = { picture: "jpg", clip: "mp4" } as const;
export type SeenKind = keyof typeof seenKinds;
