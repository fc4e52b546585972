// What the house tells of its guard: bans as plain JSON, their sentences in the log, and how to lift one.
import { giveUp, tryAgain, type PorteroError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Ban, Guard } from "../sip/guard/guard.ts";
import { parseNetworks } from "../sip/guard/networks.ts";

/** Somebody who is not heard for a while, as it is told to the outside. */
export interface BanView {
  /** An IPv4 address, or the /64 of an IPv6 address. */
  readonly address: string;
  /** Only answers as this login are not heard, since other devices at the address are registered; "" = all wrong answers. */
  readonly login?: string;
  /** ISO 8601. */
  readonly since: string;
  readonly until: string;
  /** A whole sentence. */
  readonly text: string;
}

export interface GuardingEvents {
  banned: [ban: BanView];
  lifted: [ban: BanView & { reason: "expired" | "lifted" }];
}

export interface GuardingHooks {
  banned(ban: BanView): void;
  lifted(ban: GuardingEvents["lifted"][0]): void;
  /** Something that whoever runs this should know. */
  trouble(error: PorteroError): void;
}

export class Guarding {
  readonly #guard: Guard;

  constructor(guard: Guard, log: Log, hooks: GuardingHooks) {
    this.#guard = guard;
    guard.on("banned", (ban) => {
      log.warn(ban.text);
      hooks.banned(viewOf(ban));
    });
    guard.on("lifted", (ban, reason) => {
      const text = `${ban.source} is heard again${reason === "lifted" ? ": its ban was lifted" : ""}`;
      log.info(text);
      hooks.lifted({ ...viewOf(ban), text, reason });
    });
    guard.on("notice", (text, from) => hooks.trouble(tryAgain("guard", text, { data: { from } })));
  }

  bans(): BanView[] {
    return this.#guard.bans().map(viewOf);
  }

  /**
   * Hears an address again, any of its /64 with IPv6, or everybody ("all"); says how many bans that ended.
   * @throws PorteroError `invalid`, `not-banned`
   */
  lift(address: string): number {
    if (address === "") throw giveUp("invalid", 'lift: which address, or "all"?');
    if (address !== "all") parseNetworks([address], "lift");
    const lifted = this.#guard.lift(address === "all" ? undefined : address);
    if (lifted === 0 && address !== "all") throw giveUp("not-banned", `${address} is not banned`);
    return lifted;
  }
}

const viewOf = ({ source, login, since, until, text }: Ban): BanView => ({
  address: source,
  ...(login === undefined ? {} : { login }),
  since: new Date(since).toISOString(),
  until: new Date(until).toISOString(),
  text,
});
