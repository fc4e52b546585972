// What is known of a door itself: its contact, its relay and its lock, in the words of hooks, topics and messages.

export const doorStates = {
  contact: ["open", "closed"],
  relay: ["on", "off"],
  lock: ["locked", "unlocked"],
} as const;
export type DoorPart = keyof typeof doorStates;
export const doorParts = Object.keys(doorStates) as DoorPart[];

/** What nobody has told yet is absent. */
export type DoorState = { readonly [P in DoorPart]?: (typeof doorStates)[P][number] };
