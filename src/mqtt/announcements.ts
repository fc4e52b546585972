// Retained messages by which other systems know our doors, kept true: said at every connect and whenever they change, and
// taken back when a door goes, also one that went while we were not running. What was said stands on the broker itself, in
// one retained message of ours, so that it is forgotten together with what it remembers.
import type { Cancel, Clock } from "../clock.ts";
import { checker } from "../schema.ts";
import type { Letter } from "./outbox.ts";

export interface Announcement {
  readonly topic: string;
  readonly payload: string;
  /** Home Assistant's components with their platforms: those that go are removed one by one. */
  readonly parts?: Readonly<Record<string, string>>;
  /** Around the payload, in this order; they are said again whenever it is. */
  readonly before?: readonly Said[];
  readonly after?: readonly Said[];
}

type Said = readonly [topic: string, payload: string];

export interface AnnouncementsHost {
  list(): readonly Announcement[];
  put(letter: Letter): void;
  /** Whether we may have said something there: nobody else's topics are cleared, whatever the memory says. */
  isOurs(topic: string): boolean;
}

/** A door that is redeployed goes and comes within moments, and at the start doors come one after the other. */
export const settleMs = 2_000;
export const patienceMs = 10_000;

/** By its topic: what else to clear with it, first that which says that it is gone; and its parts. */
type Memory = Record<string, Remembered>;

interface Remembered {
  readonly topics?: string[];
  readonly parts?: Readonly<Record<string, string>>;
}

function merged(one: Remembered = {}, other: Remembered): Remembered {
  const topics = [...new Set([...(one.topics ?? []), ...(other.topics ?? [])])];
  const parts = one.parts || other.parts ? { ...other.parts, ...one.parts } : undefined;
  return { ...(topics.length > 0 && { topics }), ...(parts && { parts }) };
}

const checkMemory = checker("what was announced", {
  type: "object",
  additionalProperties: {
    type: "object",
    properties: {
      topics: { type: "array", maxItems: 100, items: { type: "string", maxLength: 400 } },
      parts: { type: "object", additionalProperties: { type: "string", maxLength: 40 } },
    },
  },
});

export class Announcements {
  readonly #topic: string;
  readonly #host: AnnouncementsHost;
  readonly #clock: Clock;
  /** What stands on the broker now, as far as we know. */
  #said = new Map<string, Announcement>();
  #memory: Memory = {};
  #written = "";
  #patient = 0;
  #cancel: Cancel = () => {};

  /** `topic`: where the memory is. */
  constructor(topic: string, host: AnnouncementsHost, clock: Clock) {
    this.#topic = topic;
    this.#host = host;
    this.#clock = clock;
  }

  /** A connection stands: everything is said anew. */
  online(): void {
    this.#said = new Map();
    this.again();
    this.#patient = this.#clock.now() + patienceMs;
    this.#later(patienceMs);
  }

  /** What the broker remembers of us. Rubbish is as good as nothing. */
  remembered(text: string): void {
    try {
      const memory: Memory = checkMemory(JSON.parse(text));
      for (const [topic, one] of Object.entries(memory))
        if (this.#host.isOurs(topic) && (one.topics ?? []).every((other) => this.#host.isOurs(other)))
          this.#memory[topic] = merged(this.#memory[topic], one);
      this.#written = text;
    } catch {
      this.#written = "?";
    }
    this.changed();
  }

  /** Doors came, went or changed. */
  changed(): void {
    this.#later(Math.max(settleMs, this.#patient - this.#clock.now()));
  }

  /** Says everything once more: somebody may have missed it. */
  again(): void {
    for (const announcement of this.#host.list()) this.#say(announcement);
  }

  /** Takes everything back. */
  withdraw(): void {
    this.close();
    for (const topic of Object.keys(this.#memory)) this.#takeBack(topic);
    this.#write();
  }

  close(): void {
    this.#cancel();
  }

  #later(ms: number): void {
    this.#cancel();
    this.#cancel = this.#clock.after(ms, () => this.#settle());
  }

  #settle(): void {
    const now = this.#host.list();
    for (const announcement of now)
      if (this.#said.get(announcement.topic)?.payload !== announcement.payload || this.#lost(announcement))
        this.#say(announcement);
    const wanted = new Set(now.map(({ topic }) => topic));
    for (const topic of Object.keys(this.#memory)) if (!wanted.has(topic)) this.#takeBack(topic);
    for (const { topic, parts } of now) this.#memory[topic] = { ...this.#memory[topic], ...(parts && { parts }) };
    this.#write();
  }

  /** The parts that it had and has no more. */
  #lost({ topic, parts = {} }: Announcement): Record<string, string> | undefined {
    const gone = Object.entries(this.#memory[topic]?.parts ?? {}).filter(([key]) => parts[key] === undefined);
    return gone.length > 0 ? Object.fromEntries(gone) : undefined;
  }

  #say(announcement: Announcement): void {
    const { topic, payload, parts, before = [], after = [] } = announcement;
    const gone = this.#lost(announcement);
    for (const [at, text] of before) this.#put(at, text);
    this.#put(topic, gone ? withoutParts(payload, gone) : payload);
    for (const [at, text] of after) this.#put(at, text);
    this.#said.set(topic, announcement);
    const around = [...before, ...after].map(([at]) => at);
    this.#memory[topic] = merged({ topics: around, ...(parts && { parts }) }, this.#memory[topic] ?? {});
  }

  #takeBack(topic: string): void {
    for (const other of this.#memory[topic]?.topics ?? []) this.#put(other, "");
    this.#put(topic, "");
    Reflect.deleteProperty(this.#memory, topic);
    this.#said.delete(topic);
  }

  #write(): void {
    const text = Object.keys(this.#memory).length > 0 ? JSON.stringify(this.#memory) : "";
    if (text === this.#written) return;
    this.#written = text;
    this.#put(this.#topic, text);
  }

  #put(topic: string, payload: string): void {
    this.#host.put({ topic, payload, qos: 1, retain: true });
  }
}

/** A device's message in which the components that went are reduced to their platform, which removes them. */
function withoutParts(payload: string, gone: Readonly<Record<string, string>>): string {
  const message = JSON.parse(payload) as { components: Record<string, object> };
  for (const [key, platform] of Object.entries(gone)) message.components[key] ??= { platform };
  return JSON.stringify(message);
}
