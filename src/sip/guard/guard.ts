// The guard of an endpoint: who is heard at all, who may call (A8), and how long an answer to a stranger may be. It is
// asked before a byte is parsed, and again once it is known what somebody wants.
import { EventEmitter } from "node:events";
import type { Clock } from "../../clock.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import { showAddress } from "../../ip.ts";
import type { Address, Flow } from "../transport/flow.ts";
import { Bans, type Ban, type Wrong } from "./bans.ts";
import { Limits } from "./limits.ts";
import { parseNetworks, sourceOf, type Networks } from "./networks.ts";
import { Recent } from "./recent.ts";
import { isScanner } from "./scanners.ts";
import { checkGuard, type GuardSettings } from "./settings.ts";

export type { Ban } from "./bans.ts";

export interface GuardEvents {
  banned: [ban: Ban];
  lifted: [ban: Ban, why: "expired" | "lifted"];
  /** Something that whoever runs this should know, in a sentence; seldom. */
  notice: [text: string, from: string];
}

export interface GuardOptions {
  readonly clock: Clock;
  /** As `checkGuard` takes them; defaults where absent. */
  readonly settings?: unknown;
  /** Whether a device at this address is registered now. */
  registeredAt(host: string): boolean;
}

const abilities = new Set(["allow", "supported", "accept"]);
const mostProven = 10_000;
/** As long as the longest registration. */
const knownMs = 2 * 3_600_000;

export class Guard extends EventEmitter<GuardEvents> {
  readonly #options: GuardOptions;
  readonly #settings: GuardSettings;
  readonly #exempt: Networks;
  readonly #callers: Networks;
  readonly #limits: Limits;
  readonly #bans: Bans;
  /** Addresses with their port, and sources, that gave a right answer: when. No stranger can fill these. */
  readonly #proven = new Recent<number>(mostProven);
  readonly #known = new Recent<number>(mostProven);
  readonly #hinted = new Recent<true>(1000);

  /** @throws PorteroError `invalid`, naming the field */
  constructor(options: GuardOptions) {
    super();
    this.#options = options;
    this.#settings = checkGuard(options.settings ?? {});
    const { exempt, callers, limits, bans } = this.#settings;
    this.#exempt = parseNetworks(exempt, "guard: exempt");
    this.#callers = parseNetworks(callers.networks, "guard: callers.networks");
    this.#limits = new Limits(options.clock, limits, (source, rate) =>
      this.emit(
        "notice",
        source === undefined
          ? `strangers send more than ${rate} messages a second together: what is beyond is not read`
          : `${source} sends more than ${rate} messages a second: what is beyond is not read`,
        source ?? "",
      ),
    );
    this.#bans = new Bans(options.clock, bans, (ban, why) => this.emit("lifted", ban, why));
  }

  /** Sources that are remembered for their limits: a fixed number at most. */
  get sources(): number {
    return this.#limits.size;
  }

  /** Whether anything from there is read at all. */
  admits(remote: Address): boolean {
    if (this.#exempt.has(remote.host)) return true;
    const source = sourceOf(remote.host);
    // A device that proved itself by this very flow is heard also where its neighbour behind the same NAT is banned.
    if (this.#bans.has(source) && !this.isProven(remote)) return false;
    return this.#limits.take(source, this.#isRecent(this.#known, source));
  }

  /** Whether a request is left without any answer: a scanner's. */
  drops(request: SipRequest): boolean {
    return this.#settings.scanners === "drop" && isScanner(request.get("user-agent") ?? "");
  }

  /** Whether somebody at this address may call; "silent" = no, and without a word. */
  mayCallFrom(host: string): true | "silent" | "forbidden" {
    return this.#callers.size === 0 || this.#callers.has(host) || this.#settings.callers.others;
  }

  /** Whether this number may call. */
  mayCallAs(number: string): true | "silent" | "forbidden" {
    const { numbers, others } = this.#settings.callers;
    return numbers.length === 0 || numbers.includes(number) || others;
  }

  /** Whether a login was wrong there too often, while other devices there are registered. */
  isBannedAs(remote: Address, login: string): boolean {
    return this.#bans.has(sourceOf(remote.host), login) && !this.isProven(remote);
  }

  /** Whether wrong answers get no word there, while other devices there are registered. */
  silences(remote: Address): boolean {
    return this.#bans.silences(sourceOf(remote.host)) && !this.isProven(remote);
  }

  /** An answer to a challenge of ours was wrong. A first request and an old nonce are no wrong answers. */
  wrong(remote: Address, login: string, why: Wrong, response: string): void {
    if (this.#exempt.has(remote.host)) return;
    const source = sourceOf(remote.host);
    const bans = this.#bans.wrong({ source, login, why, response }, this.#options.registeredAt(remote.host));
    for (const ban of bans) this.emit("banned", ban);
  }

  /** An answer was right: who sits there has received our challenge and knows a password. */
  right(remote: Address): void {
    const now = this.#options.clock.now();
    this.#proven.set(showAddress(remote), now);
    this.#known.set(sourceOf(remote.host), now);
  }

  /** A request of ours was answered from there: a server that we are registered at, a device that we call. */
  answered(remote: Address): void {
    this.#proven.set(showAddress(remote), this.#options.clock.now());
  }

  /**
   * The bytes of an answer to somebody who may not be who the packet says. Over UDP a sender can write any address into it,
   * and would make us send to his victim: never more than came. Undefined where even the shortest form is longer.
   */
  fit(response: SipResponse, request: SipRequest, flow: Flow): Buffer | undefined {
    const whole = response.toBuffer();
    if (flow.reliable || whole.length <= request.size) return whole;
    if (this.isProven(flow.remote) || this.#exempt.has(flow.remote.host)) return whole;
    // Who only looks whether we are there is told that, if not what we can do.
    if (request.method === "OPTIONS")
      for (let at = response.headers.length - 1; at >= 0; at--)
        if (abilities.has(response.headers[at]?.key ?? "")) response.headers.splice(at, 1);
    const short = response.toBuffer("compact");
    if (short.length <= request.size) return short;
    // The last challenge is the one that every device knows, and MD5 is what a challenge without a name means.
    const challenge = response.all("www-authenticate").at(-1);
    if (challenge) response.set("WWW-Authenticate", challenge.replace(", algorithm=MD5", ""));
    const shortest = response.toBuffer("shortest");
    if (shortest.length <= request.size) return shortest;
    this.#hint(request, flow.remote, shortest.length);
    return undefined;
  }

  bans(): Ban[] {
    return this.#bans.list();
  }

  /** Ends the bans of a source as `bans` names it, or of the source that an address belongs to; all where none is named. */
  lift(source?: string): number {
    return this.#bans.lift(source === undefined || source.includes("/") ? source : sourceOf(source));
  }

  close(): void {
    this.#bans.close();
  }

  /** Whether somebody at this address and port gave a right answer within the last hours. */
  isProven(remote: Address): boolean {
    return this.#isRecent(this.#proven, showAddress(remote));
  }

  #isRecent(of: Recent<number>, key: string): boolean {
    const at = of.get(key);
    return at !== undefined && this.#options.clock.now() - at < knownMs;
  }

  // A device in the house whose requests are that short would wait in vain: whoever runs this must learn why.
  #hint(request: SipRequest, { host }: Address, size: number): void {
    const source = sourceOf(host);
    if (this.#hinted.get(source)) return;
    this.#hinted.set(source, true);
    const text =
      `${host} gets no answer to its ${request.method}: it would be longer (${size} bytes) than what came ` +
      `(${request.size}), and could be aimed at others; if this is a device of yours, add its address to the exempt ones`;
    this.emit("notice", text, host);
  }
}
