// Hooks: addresses of ours that door stations call by HTTP to report something. Whoever knows a door's secret may report for
// it, and nothing else: a hook opens no door. The secret has 128 bits and more, so that it cannot be guessed and no lock is
// needed; it is compared in constant time all the same, and whatever is wrong gets the same answer.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../clock.ts";
import { sentence } from "../errors.ts";
import type { Log } from "../log.ts";
import { reportRate, type Rate } from "../rate.ts";
import type { Secret } from "../secret.ts";
import { reportOf, type DeviceReport } from "./reports.ts";

/** 200 = taken, 404 = nothing here (a secret, a word, a method that is wrong), 429 = too often. */
export type HookStatus = 200 | 404 | 429;

interface Hook {
  readonly hash: Buffer;
  readonly take: (report: DeviceReport) => void;
  readonly rate: Rate;
}

/** So often, at most, the log tells of calls with a wrong secret. */
const complainMs = 60_000;

const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest();

export class Hooks {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #hooks = new Set<Hook>();
  #wrong = 0;
  #complained = -complainMs;

  constructor(deps: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  /** Lets who knows `secret` report; the result ends that. */
  add(secret: Secret, take: (report: DeviceReport) => void): () => void {
    const hook: Hook = { hash: hashOf(secret.reveal()), take, rate: reportRate(this.#clock) };
    this.#hooks.add(hook);
    return () => void this.#hooks.delete(hook);
  }

  /** Somebody at `from` calls `path`, which is all behind the address of the hooks: `/<secret>/press?…`. Never throws. */
  call(method: string | undefined, path: string, from: string): HookStatus {
    const [, secret = "", word = ""] = /^\/([^/]*)\/(.*)$/s.exec(decoded(path)) ?? [];
    const hook = this.#find(secret);
    if (!hook) return this.#refuse(from);
    const report = reportOf(word.replace(/\/$/, ""));
    // A HEAD is what link previews send.
    if (!report || (method !== "GET" && method !== "POST")) return 404;
    if (!hook.rate.take()) return 429;
    try {
      hook.take(report);
      return 200;
    } catch (error) {
      this.#log.warn(`a hook was called and led nowhere: ${sentence(error)}`);
      return 404;
    }
  }

  #find(secret: string): Hook | undefined {
    const hash = hashOf(secret);
    let found: Hook | undefined;
    // All of them, so that the time says nothing.
    for (const hook of this.#hooks) if (timingSafeEqual(hook.hash, hash)) found = hook;
    return found;
  }

  #refuse(from: string): 404 {
    this.#wrong++;
    const now = this.#clock.now();
    if (now - this.#complained >= complainMs) {
      this.#log.warn(
        `a hook was called with a secret that is none, last by ${from} (${this.#wrong} ${this.#wrong === 1 ? "time" : "times"}): renew the address in the device, if it is one of yours`,
      );
      [this.#complained, this.#wrong] = [now, 0];
    }
    return 404;
  }
}

/** Without its query; "" where it cannot be read. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path.replace(/[?#].*$/s, ""));
  } catch {
    return "";
  }
}
