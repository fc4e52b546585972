// What somebody has switched on until somebody switches it off, restarts included: doors whose presses ring nobody
// (`quiet/<door>`), accounts that take no calls (`account/<name>`).
import { EventEmitter } from "node:events";

export class Switches extends EventEmitter<{ changed: [name: string, on: boolean]; restored: [name: string] }> {
  readonly #on = new Set<string>();
  /** What was switched since the start is not changed by what was kept before. */
  readonly #touched = new Set<string>();

  isOn(name: string): boolean {
    return this.#on.has(name);
  }

  set(name: string, on: boolean): void {
    this.#touched.add(name);
    if (on === this.#on.has(name)) return;
    if (on) this.#on.add(name);
    else this.#on.delete(name);
    this.emit("changed", name, on);
  }

  /** As it was kept over a restart. */
  restore(name: string): void {
    if (this.#touched.has(name) || this.#on.has(name)) return;
    this.#on.add(name);
    this.emit("restored", name);
  }

  /** Those that are on. */
  get kept(): readonly string[] {
    return [...this.#on];
  }
}
