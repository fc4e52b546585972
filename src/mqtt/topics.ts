// The bridge's topics: <base>/bridge/availability and <base>/<door>/….
import type { DoorPart } from "../door-states.ts";
import { slugOf } from "../slug.ts";

/** What arrives, by the end of its topic. */
export type CommandTopic = "door/open" | "call/set" | "dnd/set";
/** What leaves. */
export type DoorTopic =
  "availability" | "event" | "call" | "snapshot" | "snapshot/base64" | "door/result" | "dnd" | "strike" | DoorPart;

/** Slugs. */
export interface CommandAddress {
  readonly door: string;
  readonly command: CommandTopic;
  readonly relay?: string;
}

const commandTopics: readonly CommandTopic[] = ["door/open", "call/set", "dnd/set"];

/** MQTT 5 §4.7: wildcards name no topic, $ begins the broker's own ones, and an empty level is one more level. */
export const isTopic = (text: string): boolean => !/[#+\0]|^\$|^\/|\/$|\/\//.test(text);

export class Topics {
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  /** The bridge's own, and its last will's. */
  get availability(): string {
    return `${this.#base}/bridge/availability`;
  }

  /** What of our doors others were told of (announcements.ts). */
  get announced(): string {
    return `${this.#base}/bridge/announced`;
  }

  of(door: string, topic: DoorTopic | CommandTopic): string {
    return `${this.#base}/${slugOf(door)}/${topic}`;
  }

  /** Where one of several relays of a door is opened; `door/open` opens the first. */
  ofRelay(door: string, relay: string): string {
    return `${this.#base}/${slugOf(door)}/relay/${slugOf(relay)}/open`;
  }

  /** Filters for the commands to all doors, those that are added later as well. */
  get commands(): string[] {
    return [...commandTopics, "relay/+/open"].map((topic) => `${this.#base}/+/${topic}`);
  }

  /** Which command to which door's slug a topic is, and to which relay's; undefined for any other. */
  read(topic: string): CommandAddress | undefined {
    if (!topic.startsWith(`${this.#base}/`)) return undefined;
    const rest = topic.slice(this.#base.length + 1);
    const slash = rest.indexOf("/");
    const [door, end] = [rest.slice(0, slash), rest.slice(slash + 1)];
    if (slash < 1) return undefined;
    const relay = /^relay\/([^/]+)\/open$/.exec(end)?.[1];
    if (relay !== undefined) return { door, command: "door/open", relay };
    const command = commandTopics.find((known) => known === end);
    return command === undefined ? undefined : { door, command };
  }
}
