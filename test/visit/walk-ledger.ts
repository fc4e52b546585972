// What a random walk has been told and promised, and what is wrong with it: each visit ends once and in order, every
// strategy and every command comes to an end.
import assert from "node:assert/strict";
import { PorteroError } from "../../src/errors.ts";
import type { VisitEnd, VisitEvent, VisitState } from "../../src/visit/messages.ts";

const late = new Set([
  "snapshot",
  "snapshot-failed",
  "clip",
  "clip-failed",
  "recorded",
  "record-failed",
  "opened",
  "refused",
  "unanswered",
]);
const order: readonly VisitState[] = ["ringing", "talking", "ended"];

export class Ledger {
  readonly #visits = new Map<string, VisitEvent[]>();
  readonly #open = new Map<Promise<unknown>, string>();
  /** The first thing that was wrong. */
  fault: Error | undefined;

  /** The ids of the visits that were told of, the oldest first. */
  get visits(): readonly string[] {
    return [...this.#visits.keys()];
  }

  /** What has not come to its end yet. */
  get owed(): readonly string[] {
    return [...this.#open.values()];
  }

  /** Nothing is owed, and every visit has ended. */
  get isQuiet(): boolean {
    const all = [...this.#visits.values()];
    return this.#open.size === 0 && all.every((events) => events.some(({ event }) => event === "ended"));
  }

  readonly told = (event: VisitEvent): void => {
    const { visit } = event;
    const before = this.#visits.get(visit.id) ?? [];
    this.#visits.set(visit.id, [...before, event]);
    const names = before.map((one) => one.event);
    const story = () => `${visit.id}: ${[...names, event.event].join(", ")}`;
    this.check(() => {
      assert.equal(visit.door, before[0]?.visit.door ?? visit.door, story());
      assert.equal(event.topic, `${visit.door}/${event.event}`);
      if (before.length === 0) assert.ok(["ring", "waiting"].includes(event.event), story());
      if (event.event === "ring") assert.ok(!names.includes("ring"), `rang twice: ${story()}`);
      if (event.event === "answered") assert.ok(!names.includes("answered"), `answered twice: ${story()}`);
      if (names.includes("ended")) assert.ok(late.has(event.event), `told after its end: ${story()}`);
      const [was, is] = [order.indexOf(before.at(-1)?.visit.state ?? "ringing"), order.indexOf(visit.state)];
      assert.ok(was <= is, `went back from ${order[was] ?? ""} to ${visit.state}: ${story()}`);
      if (event.event !== "ended") return;
      const { outcome, answeredBy, tries, ringSeconds, talkSeconds } = event.payload as VisitEnd;
      assert.equal(visit.state, "ended", story());
      const wasAnswered = names.includes("answered");
      if (outcome === "answered" || outcome === "opened") assert.ok(wasAnswered, `${outcome}: ${story()}`);
      assert.equal(answeredBy !== undefined, wasAnswered, story());
      assert.ok(ringSeconds >= 0 && talkSeconds >= 0, story());
      assert.ok(tries <= names.filter((name) => name === "trying").length, `${tries} tries: ${story()}`);
    });
  };

  /** Something that must come to an end; one that fails does so with a sentence. */
  owes(what: string, promise: Promise<unknown>): void {
    const settled = promise.catch((error: unknown) => {
      this.check(() => assert.ok(error instanceof PorteroError, `${what} failed: ${String((error as Error).stack)}`));
    });
    this.#open.set(settled, what);
    void settled.then(() => this.#open.delete(settled));
  }

  check(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.fault ??= error as Error;
    }
  }

  /** All is to be over. */
  close(): void {
    assert.deepEqual(this.owed, [], "has not come to an end");
    for (const [id, events] of this.#visits) {
      const ends = events.filter(({ event }) => event === "ended");
      assert.equal(ends.length, 1, `${id} ended ${ends.length} times: ${events.map(({ event }) => event).join(", ")}`);
    }
  }
}
