// What comes from one leg of a call and does not go on: its peer holds, or is played something, or the leg is muted. rtpengine
// is told by tag, and keeps to it through new offers.
import { isEvents, isG711, type Kind } from "../codec.ts";
import type { Remote } from "../worker/messages.ts";
import { isSecured } from "./sdp.ts";

/** A leg, or a trunk to one in another call. */
export interface Mouth {
  readonly tag: string;
  readonly remotes: ReadonlyMap<Kind, Remote>;
}

export type Valve = "block" | "silence";

export class Valves {
  readonly #ask: (command: string, tag: string) => Promise<unknown>;
  readonly #peers = new Map<string, Mouth>();
  readonly #played = new Set<string>();
  readonly #muted = new Set<string>();
  /** "block 1" */
  readonly #shut = new Set<string>();

  /** `ask` has rtpengine do something with what comes from a tag. */
  constructor(ask: (command: string, tag: string) => Promise<unknown>) {
    this.#ask = ask;
  }

  /** Whether a leg is joined with another one. */
  isPaired(tag: string): boolean {
    return this.#peers.has(tag);
  }

  isShut(tag: string): boolean {
    return this.#shut.has(`block ${tag}`) || this.#shut.has(`silence ${tag}`);
  }

  async pair(one: Mouth, other: Mouth): Promise<void> {
    this.#peers.set(one.tag, other).set(other.tag, one);
    await this.#settle(one.tag);
    await this.#settle(other.tag);
  }

  /** Nobody is joined with it any more. */
  part(tag: string): void {
    this.#peers.delete(tag);
  }

  /** The tag is gone. */
  forget(tag: string): void {
    for (const set of [this.#played, this.#muted]) set.delete(tag);
    for (const valve of ["block", "silence"]) this.#shut.delete(`${valve} ${tag}`);
    for (const [mouth, peer] of this.#peers) if (peer.tag === tag) this.part(mouth);
    this.part(tag);
  }

  /** What is played to a leg stands in the place of what its peer says. */
  async play(tag: string, on: boolean): Promise<void> {
    put(this.#played, tag, on);
    const peer = this.#peers.get(tag);
    if (peer) await this.#settle(peer.tag);
  }

  /** Its sound reaches nobody; the keys that it presses do. */
  async mute(tag: string, on: boolean): Promise<void> {
    put(this.#muted, tag, on);
    await this.#settle(tag);
  }

  async #settle(tag: string): Promise<void> {
    const to = this.#peers.get(tag);
    const held = to !== undefined && isSecured(to.remotes) && to.remotes.get("audio")?.send === false;
    const muted = this.#muted.has(tag);
    // It knows silence in G.711; what else there is would be let through.
    const silent = muted && isG711Only(to && this.#peers.get(to.tag));
    await this.#turn("block", tag, held || (muted && !silent) || (to !== undefined && this.#played.has(to.tag)));
    await this.#turn("silence", tag, silent);
  }

  async #turn(valve: Valve, tag: string, on: boolean): Promise<void> {
    const name = `${valve} ${tag}`;
    if (this.#shut.has(name) === on) return;
    await this.#ask(`${on ? "" : "un"}${valve} media`, tag);
    put(this.#shut, name, on);
  }
}

function isG711Only(mouth: Mouth | undefined): boolean {
  const codecs = mouth?.remotes.get("audio")?.receives.filter((format) => !isEvents(format)) ?? [];
  return codecs.length > 0 && codecs.every(isG711);
}

function put(set: Set<string>, item: string, on: boolean): void {
  if (on) set.add(item);
  else set.delete(item);
}
