// Ways to whom is not registered here: by an account at another server (A2, N8), or directly at an address (A1). Who may go
// which way, and what comes in by them.
import { isIPv4 } from "node:net";
import { giveUp, sentence } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { Account, type AccountStatus } from "../../sip/account/account.ts";
import type { CallHost } from "../../sip/dialog/call.ts";
import type { Trusted } from "../../sip/admission.ts";
import type { Caller } from "../../sip/dialog/caller.ts";
import type { IncomingCall } from "../../sip/dialog/incoming.ts";
import { parseNetworks, type Networks } from "../../sip/guard/networks.ts";
import type { SipRequest } from "../../sip/message/message.ts";
import { parseUri, unescaped } from "../../sip/message/uri.ts";
import type { ClientCredentials } from "../../sip/request/send.ts";
import type { Flow } from "../../sip/transport/flow.ts";
import { checkAccount, type Incoming, type LineSettings } from "./account-settings.ts";
import type { DeviceOptions } from "./devices.ts";
import type { NumberPlan } from "./number-plan.ts";
import type { Switches } from "./switches.ts";

/** Direct calls from address to address (A1). */
export interface DirectSettings {
  /** Whether addresses may be called at all. */
  readonly calls?: boolean;
  /** Addresses and networks whose calls are taken without a password. */
  readonly from?: readonly string[];
}

/** Who has chosen a target: the flow, a registered phone, a door's bell, or somebody who has shown no password. */
export type Chooser = "flow" | "phone" | "door" | "stranger";

export interface AccountWay {
  readonly kind: "account";
  readonly account: Account;
  readonly number: string;
  /** What is special about its media. */
  readonly media: DeviceOptions;
}

export type Way =
  | { readonly kind: "address"; readonly uri: string; readonly media?: DeviceOptions }
  | AccountWay
  | { readonly kind: "refused"; readonly why: string };

interface Entry {
  readonly account: Account;
  readonly settings: LineSettings;
}

/** A server that is gone must not hold up the end. */
const farewellMs = 1_500;

export interface OutsideOptions {
  readonly host: CallHost;
  readonly plan: NumberPlan;
  readonly log: Log;
  readonly switches: Switches;
  readonly direct?: DirectSettings | undefined;
  /** Whether a device that calls from there is registered here, and so has a password to show. */
  isRegistered(host: string): boolean;
  /** Whether the number is that of a door whose settings name this address; later where only DNS can tell. Never rejects. */
  isDoorAt(number: string, host: string): boolean | Promise<boolean>;
  changed(event: "registered" | "unregistered" | "failed", status: AccountStatus): void;
}

export class Outside {
  readonly #options: OutsideOptions;
  readonly #trusted: Networks;
  readonly #entries = new Map<string, Entry>();
  #open = false;

  /** @throws PorteroError `invalid` about an address in the list that is none */
  constructor(options: OutsideOptions) {
    this.#options = options;
    options.switches.on("restored", (name) => {
      const [, account] = /^account\/(.*)$/.exec(name) ?? [];
      if (account !== undefined) options.log.info(`the account ${account} takes no calls, as before the restart`);
    });
    this.#trusted = parseNetworks(options.direct?.from ?? [], "direct calls from");
  }

  /**
   * Adds an account and registers it; the result de-registers it. `owner` is what a collision names.
   * @throws PorteroError `invalid`, `account-taken`, `number-taken` (H20)
   */
  add(settings: LineSettings, owner: string): () => Promise<void> {
    const checked = checkAccount(settings);
    const { name, prefixes = [], otherNumbers = false } = checked;
    if (this.#entries.has(name))
      throw giveUp("account-taken", `two accounts are called "${name}": give one of them another name`, {
        data: { owner },
      });
    const given: (() => void)[] = [];
    try {
      for (const { prefix } of prefixes) given.push(this.#options.plan.claimPrefix(prefix, owner));
      if (otherNumbers) given.push(this.#options.plan.claimOthers(owner));
    } catch (error) {
      for (const give of given) give();
      throw error;
    }
    const account = new Account(this.#options.host, checked);
    for (const event of ["registered", "unregistered", "failed"] as const)
      account.on(event, (status) => this.#options.changed(event, status));
    const entry = { account, settings: checked };
    this.#entries.set(name, entry);
    if (this.#open) account.start();
    return async () => {
      for (const give of given) give();
      if (this.#entries.get(name) === entry) this.#entries.delete(name);
      await this.#farewell(account);
    };
  }

  /** The endpoint listens: from now on accounts register. */
  start(): void {
    this.#open = true;
    for (const { account } of this.#entries.values()) account.start();
  }

  statuses(): AccountStatus[] {
    return [...this.#entries.values()].map(({ account }) => account.status);
  }

  /** De-registers every account. */
  async close(): Promise<void> {
    const all = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(all.map(({ account }) => this.#farewell(account)));
  }

  /** Whether calls from this address are taken without a password. */
  takesFrom(host: string): boolean {
    return this.#trusted.has(host);
  }

  /** The way to a target that is no extension; undefined where there is none. */
  way(target: string, by: Chooser): Way | undefined {
    if (/^sips?:/i.test(target)) return this.#direct(target, by);
    const [, typed = "", port = ""] = /^([\d.*]+)(:\d{1,5})?$/.exec(target) ?? [];
    const dotted = typed.replaceAll("*", ".");
    if (isIPv4(dotted)) return this.#direct(`sip:${dotted}${port}`, by);
    const at = target.lastIndexOf("@");
    if (at > 0) return this.#named(target.slice(0, at), target.slice(at + 1), by);
    return this.#byPrefix(target, by);
  }

  /** Who calls, where a call needs no password of ours. */
  callerOf(invite: SipRequest, flow: Flow): Trusted | Promise<Trusted> {
    for (const { account } of this.#entries.values()) {
      const caller = account.callerOf(invite, flow);
      if (caller) return caller;
    }
    const { host } = flow.remote;
    if (!this.#trusted.has(host)) return undefined;
    const from = parseUri(invite.from?.uri ?? "");
    const number = unescaped(from?.user ?? "") || (from?.host ?? host);
    const caller: Caller = { kind: "address", number };
    if (this.#options.isRegistered(host)) return undefined;
    if (this.#options.plan.owner(number) === undefined) return caller;
    // Whoever has a number here shows its password, wherever it calls from; a door that is known by its address has none to show.
    const isDoor = this.#options.isDoorAt(number, host);
    return isDoor instanceof Promise ? isDoor.then((is) => (is ? caller : undefined)) : isDoor ? caller : undefined;
  }

  /** As Account.credentialsIn, of the account that the call came by. */
  credentialsIn(invite: SipRequest, flow: Flow): ClientCredentials | undefined {
    for (const { account } of this.#entries.values()) {
      const credentials = account.credentialsIn(invite, flow);
      if (credentials) return credentials;
    }
    return undefined;
  }

  /** The options of a caller's leg: those of its number, and over them those of the account by which it came in. */
  optionsFor({ caller }: IncomingCall, options: DeviceOptions): DeviceOptions {
    if (caller.kind !== "account") return options;
    return { ...options, ...mediaOf(this.#entries.get(caller.account)?.settings) };
  }

  /** What is to become of a call that came in by an account. */
  incoming(call: IncomingCall): Incoming {
    const entry = call.caller.kind === "account" ? this.#entries.get(call.caller.account) : undefined;
    const { dndStatus = 486, incoming = { refuse: 480 } } = entry?.settings ?? {};
    const isOff = entry !== undefined && this.#options.switches.isOn(dndOf(entry.account.name));
    return isOff ? { refuse: dndStatus } : incoming;
  }

  /** While it is on, calls that come in by the account are refused (A5). Gives the way to the code that its server wants to hear, if any. */
  setDnd(name: string, on: boolean): AccountWay | undefined {
    const entry = this.#entry(name);
    this.#options.switches.set(dndOf(name), on);
    const code = on ? entry.settings.dndOn : entry.settings.dndOff;
    return code === undefined ? undefined : wayBy(entry, code);
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (!entry) throw giveUp("no-account", noAccount(name));
    return entry;
  }

  #direct(uri: string, by: Chooser): Way {
    const { calls = true } = this.#options.direct ?? {};
    if (!calls) return refused(`direct calls are switched off in the endpoint: ${uri} is not called`);
    return by === "stranger"
      ? refused("a call without a password does not lead out of the house")
      : { kind: "address", uri };
  }

  #named(number: string, name: string, by: Chooser): Way {
    const entry = this.#entries.get(name);
    if (!entry) return refused(noAccount(name));
    return this.#out(entry, number, by);
  }

  #byPrefix(number: string, by: Chooser): Way | undefined {
    const prefix = this.#options.plan.prefixOf(number);
    if (prefix === undefined) return undefined;
    for (const entry of this.#entries.values()) {
      if (prefix === "" && entry.settings.otherNumbers) return this.#out(entry, number, by);
      const rule = entry.settings.prefixes?.find((one) => one.prefix === prefix);
      if (rule) return this.#out(entry, (rule.prepend ?? "") + number.slice(rule.strip ?? 0), by);
    }
    return undefined;
  }

  // A bell hangs outside on the wall: what it dials must not cost money, but where somebody has said so.
  #out(entry: Entry, number: string, by: Chooser): Way {
    if (by === "stranger") return refused("a call without a password does not lead out of the house");
    const { account, settings } = entry;
    if (by === "door" && !settings.doorsMayDial)
      return refused(
        `a door station may not dial out by the account "${account.name}": allow it there, or name the number in the strategy`,
      );
    return wayBy(entry, number);
  }

  async #farewell(account: Account): Promise<void> {
    const late = new AbortController();
    const stopped = account.stop().catch((error: unknown) => this.#options.log.debug(sentence(error)));
    await Promise.race([stopped, this.#options.host.clock.sleep(farewellMs, late.signal)]);
    late.abort();
    // The account may be brought back by the same deploy: a farewell that comes late would take it out again.
    account.abandon();
  }
}

const dndOf = (account: string): string => `account/${account}`;

const wayBy = ({ account, settings }: Entry, number: string): AccountWay => ({
  ...{ kind: "account", account, number, media: mediaOf(settings) },
});
const mediaOf = ({ encryption = "off", dtmf }: Partial<LineSettings> = {}): DeviceOptions => ({
  ...{ encryption, ...(dtmf && { dtmf }) },
});
const refused = (why: string): Way => ({ kind: "refused", why });
const noAccount = (name: string) => `there is no account called "${name}": look at the name in its sip-account node`;
