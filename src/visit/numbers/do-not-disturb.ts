// Do not disturb, number by number (A5): which extensions want no calls just now, and what their callers are told.
import { EventEmitter } from "node:events";
import { checker } from "../../schema.ts";
import { checkDndStatus, usualDndStatus } from "./devices.ts";

/** It was switched on or off: plain JSON, as the flow is told. */
export interface DndChange {
  readonly extension: string;
  readonly on: boolean;
  /** Who did it: `message` for a flow, else the number that dialled the code. */
  readonly by: string;
  /** What callers get while it is on. */
  readonly status?: number;
}

export interface Dnd {
  readonly by: string;
  /** The status of this time; that of the extension's settings where it is absent. */
  readonly status?: number;
}

export class DoNotDisturb extends EventEmitter<{ changed: [change: DndChange] }> {
  readonly #on = new Map<string, Dnd>();
  readonly #settingOf: (extension: string) => number | undefined;

  constructor(settingOf: (extension: string) => number | undefined) {
    super();
    this.#settingOf = settingOf;
  }

  /** What callers of the extension get; undefined while it may be called. */
  statusFor(extension: string): number | undefined {
    const dnd = this.#on.get(extension);
    return dnd && (dnd.status ?? this.#settingOf(extension) ?? usualDndStatus);
  }

  /** @throws PorteroError `invalid` for a status that ends no call */
  switchOn(extension: string, dnd: Dnd): void {
    if (dnd.status !== undefined) checkDndStatus(dnd.status, "dnd: status");
    const before = this.#on.get(extension);
    this.#on.set(extension, dnd);
    if (before && before.status === dnd.status) return;
    const status = this.statusFor(extension) ?? usualDndStatus;
    this.emit("changed", { extension, on: true, by: dnd.by, status });
  }

  switchOff(extension: string, by: string): void {
    if (this.#on.delete(extension)) this.emit("changed", { extension, on: false, by });
  }

  /** As it was kept over a restart. */
  get kept(): readonly (readonly [extension: string, dnd: Dnd])[] {
    return [...this.#on];
  }

  /** Takes back what was kept; what is no such thing is passed over. */
  restore(extension: string, kept: unknown): void {
    try {
      const { by, status } = checkKept(kept);
      if (status !== undefined) checkDndStatus(status, "dnd");
      if (!this.#on.has(extension)) this.#on.set(extension, { by, ...(status === undefined ? {} : { status }) });
    } catch {
      // Written by another version, or by nobody: then the extension can be called.
    }
  }

  /** What is to be kept of an extension; undefined where it may be called. */
  of(extension: string): Dnd | undefined {
    return this.#on.get(extension);
  }
}

const checkKept = checker("dnd", {
  type: "object",
  required: ["by"],
  properties: { by: { type: "string" }, status: { type: "integer" } },
});
