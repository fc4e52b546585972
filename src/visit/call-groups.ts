// Which calls belong together: those of a visit, or the two sides of a call between extensions. Signalling knows single
// calls only; with their Call-IDs here its trace can be joined to one ladder.

/** Groups that are remembered; the oldest goes. */
const most = 500;

export class CallGroups {
  readonly #groups = new Map<string, Set<string>>();

  /** `group` is a visit's id, or the Call-ID of the caller. */
  add(group: string, callId: string): void {
    const calls = this.#groups.get(group) ?? new Set();
    calls.add(callId);
    this.#groups.set(group, calls);
    for (const oldest of this.#groups.keys()) {
      if (this.#groups.size <= most) break;
      this.#groups.delete(oldest);
    }
  }

  /** The Call-IDs of a group, or of the group that a call is in; a call that is in none stands alone. */
  callIds(of: string): ReadonlySet<string> {
    const found = this.#groups.get(of) ?? [...this.#groups.values()].find((calls) => calls.has(of));
    return found ?? new Set([of]);
  }
}
