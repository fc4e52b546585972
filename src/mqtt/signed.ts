// Signed requests (X6): whoever has the secret of a key may open at any time. Each request is good once and for ten seconds:
//
//   {"v":1,"door","action","id","ts","nonce","key","sig"}   sig = hex(HMAC-SHA256(secret, "1|door|action|id|ts|nonce"))
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { FromSchema } from "json-schema-to-ts";
import type { Clock } from "../clock.ts";
import { giveUp, PorteroError } from "../errors.ts";
import { checker } from "../schema.ts";
import type { Secret } from "../secret.ts";
import { no, type Verdict } from "./verdict.ts";

/** A request's time may be so far from ours, before or after. */
export const windowMs = 10_000;
// Far more than the openings that are allowed in that time; beyond it nothing signed by that key is taken.
const mostNonces = 1_000;

export interface Key {
  /** Stands in the request and in the audit. */
  readonly name: string;
  readonly secret: Secret;
}

/** No `|`, so that no two requests have the same text to sign. */
const word = (least: number) => ({ type: "string", pattern: `^[A-Za-z0-9._:~-]{${least},64}$` }) as const;

const schema = {
  type: "object",
  required: ["v", "door", "action", "id", "ts", "nonce", "key", "sig"],
  additionalProperties: false,
  properties: {
    v: { const: 1 },
    /** As it stands in the topic. */
    door: word(1),
    /** `open`, `open:<relay>`, or what is sent plain to `call/set` and `dnd/set`. */
    action: word(1),
    id: word(1),
    /** Milliseconds since 1970. */
    ts: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    nonce: word(16),
    key: { type: "string", minLength: 1, maxLength: 64 },
    sig: { type: "string", pattern: "^[0-9a-f]{64}$" },
  },
} as const;

export type SignedRequest = FromSchema<typeof schema>;
type ToSign = Pick<SignedRequest, "door" | "action" | "id" | "ts" | "nonce">;

const check = checker("a signed request", schema);

/** @throws PorteroError `invalid`: which field is wrong. No value is quoted: it may be a secret that got into the wrong field. */
export function readSigned(text: string): SignedRequest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw giveUp("invalid", "a signed request is one JSON object, and this is none");
  }
  try {
    return check(value);
  } catch (error) {
    const faults = (error instanceof PorteroError ? error.data["faults"] : undefined) as string[] | undefined;
    const shown = faults?.map((fault) => fault.replace(/ \(it is .*$/s, "").slice(0, 80)).slice(0, 5);
    throw giveUp("invalid", `a signed request: ${shown?.join("; ") ?? "it cannot be read"}`);
  }
}

export const signatureOf = ({ door, action, id, ts, nonce }: ToSign, secret: Secret): string =>
  createHmac("sha256", secret.reveal()).update([1, door, action, id, ts, nonce].join("|")).digest("hex");

/** Where it outlives a restart up to which time requests of a key may have been carried out. Both may throw. */
export interface KeyMemory {
  load(): Readonly<Record<string, number>>;
  save(latest: Readonly<Record<string, number>>): void;
}

interface Ring extends Key {
  readonly print: string;
  /** Nothing signed for this time or an earlier one is taken: its nonce may be forgotten, or from before a restart. */
  floor: number;
  /** The latest time that was taken. */
  latest: number;
  readonly used: Map<string, number>;
}

/** The keys, and what they have signed. */
export class Keys {
  readonly #clock: Clock;
  readonly #memory: KeyMemory | undefined;
  readonly #trouble: (error: unknown) => void;
  readonly #rings = new Map<string, Ring>();

  /** Without a memory, or where it fails, nothing is taken that could have been carried out before this start. */
  constructor(keys: readonly Key[], deps: { clock: Clock; memory?: KeyMemory; trouble?: (error: unknown) => void }) {
    this.#clock = deps.clock;
    this.#memory = deps.memory;
    this.#trouble = deps.trouble ?? (() => {});
    const known = keys.length > 0 ? this.#remembered() : {};
    for (const key of keys) {
      const print = createHash("sha256").update(key.secret.reveal()).digest("hex").slice(0, 16);
      const floor = known ? (known[print] ?? 0) : this.#clock.now() + windowMs;
      this.#rings.set(key.name, { ...key, print, floor, latest: floor, used: new Map() });
    }
    if (known && keys.length > 0 && !this.#save())
      for (const ring of this.#rings.values()) ring.floor = this.#clock.now() + windowMs;
  }

  /** Whether the key is ours and has signed it. */
  signed(request: SignedRequest): Verdict {
    const ring = this.#rings.get(request.key);
    if (!ring)
      return no("unknown-key", "signed by a key that the bridge does not know: its name is in the bridge's dialog");
    const [given, wanted] = [request.sig, signatureOf(request, ring.secret)].map((sig) => Buffer.from(sig, "hex"));
    return given && wanted && given.length === wanted.length && timingSafeEqual(given, wanted)
      ? { ok: true }
      : no("forged", "its signature is wrong: another secret, or something was changed on the way");
  }

  /** Whether it comes in time and for the first time; it is used up then. Only for what `signed` has let through. */
  use({ key, ts, nonce }: SignedRequest): Verdict {
    const ring = this.#rings.get(key);
    if (!ring) return no("unknown-key", "its key is not known any more");
    const now = this.#clock.now();
    const seconds = Math.ceil(Math.abs(now - ts) / 1000);
    const rule = `a request is good for ${windowMs / 1000} s`;
    if (ts < now - windowMs)
      return no("late", `signed ${seconds} s ago by its clock: ${rule}, so send it at once and set both clocks`);
    if (ts > now + windowMs) return no("late", `signed ${seconds} s ahead of our clock: ${rule}, so set both clocks`);
    for (const [old, at] of ring.used) {
      if (at >= now - windowMs) continue;
      ring.used.delete(old);
      ring.floor = Math.max(ring.floor, at);
    }
    if (ring.used.has(nonce)) return no("replayed", "carried out already: each nonce is good once");
    if (ts <= ring.floor)
      return no(
        "replayed",
        "may have been carried out before: sign a new one, and if that does not help make a new key",
      );
    if (ring.used.size >= mostNonces) return no("too-many", "too many requests of this key: try again in 20 s");
    ring.used.set(nonce, ts);
    if (ts > ring.latest) {
      ring.latest = ts;
      this.#save();
    }
    return { ok: true };
  }

  #remembered(): Readonly<Record<string, number>> | undefined {
    try {
      return this.#memory?.load();
    } catch (error) {
      this.#trouble(error);
      return undefined;
    }
  }

  #save(): boolean {
    try {
      this.#memory?.save(Object.fromEntries([...this.#rings.values()].map(({ print, latest }) => [print, latest])));
      return true;
    } catch (error) {
      this.#trouble(error);
      return false;
    }
  }
}
