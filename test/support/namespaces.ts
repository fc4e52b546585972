// A home behind a router, made of network namespaces: `home` is a private network, `net` is outside, the router between
// translates addresses (nftables), counts, and forgets, loses packets and meddles with SIP as it is told. Linux and root only.
import { randomBytes } from "node:crypto";
import { spawnSync } from "node:child_process";
import { thePeer, without } from "./peers.ts";
import { start, type Child, type ChildOptions } from "./processes.ts";

export interface RouterOptions {
  /** Share of packets that are lost each way, per cent. */
  readonly lossPercent?: number;
  /** Whether the kernel's SIP helper (a "SIP ALG") reads and rewrites what passes. */
  readonly sipHelper?: boolean;
}

export const addresses = { home: "192.168.77.2", router: "203.0.113.1", net: "203.0.113.2" };

function must(program: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`${[program, ...args].join(" ")}: ${error?.message ?? stderr.trim()}`);
  return stdout;
}

/** Why a test that needs namespaces is to be skipped, or false. @throws Error with CI=true instead of a reason. */
export function withoutNamespaces(): string | false {
  const missing = without("ip", "nft");
  if (missing !== false) return missing;
  try {
    new Home({}).close();
    return false;
  } catch (error) {
    const reason = `no network namespaces with NAT here (they need root): ${(error as Error).message}`;
    if (process.env["CI"] === "true") throw new Error(reason, { cause: error });
    return reason;
  }
}

export class Home {
  readonly #mark = randomBytes(3).toString("hex");
  readonly #made: string[] = [];

  /** Everything is there when it returns; `close` takes it away. */
  constructor(options: RouterOptions) {
    try {
      this.#build(options);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Starts a program in one of the networks. */
  start(where: "home" | "net", program: string, args: readonly string[], options?: ChildOptions): Child {
    return start(thePeer("ip"), ["netns", "exec", this.#name(where), program, ...args], options);
  }

  /** The router loses all ways back at once, as if it had been switched off and on. */
  forget(): void {
    for (const state of ["down", "up"])
      must(thePeer("ip"), ["-n", this.#name("router"), "link", "set", "outer0", state]);
  }

  /** How many datagrams from outside have come to the router so far: questions (OPTIONS) that passed, and what found no way. */
  counted(what: "asked" | "lost"): number {
    const said = this.#inRouter(thePeer("nft"), ["list", "counter", "ip", "portero", what]);
    return Number(/packets (\d+)/.exec(said)?.[1]);
  }

  close(): void {
    for (const name of this.#made.splice(0)) spawnSync(thePeer("ip"), ["netns", "del", name]);
  }

  #name(where: "home" | "router" | "net"): string {
    return `portero-${where}-${this.#mark}`;
  }

  #inRouter(program: string, args: readonly string[], input?: string): string {
    return must(thePeer("ip"), ["netns", "exec", this.#name("router"), program, ...args], input);
  }

  #build({ lossPercent = 0, sipHelper = false }: RouterOptions): void {
    const ip = thePeer("ip");
    for (const where of ["home", "router", "net"] as const) {
      must(ip, ["netns", "add", this.#name(where)]);
      this.#made.push(this.#name(where));
      must(ip, ["-n", this.#name(where), "link", "set", "lo", "up"]);
    }
    const [home, router, net] = [this.#name("home"), this.#name("router"), this.#name("net")];
    this.#wire(home, "home0", `${addresses.home}/24`, router, "inner0", "192.168.77.1/24");
    this.#wire(net, "net0", `${addresses.net}/24`, router, "outer0", `${addresses.router}/24`);
    must(ip, ["-n", home, "route", "add", "default", "via", "192.168.77.1"]);
    const helper = sipHelper
      ? `ct helper sip { type "sip" protocol udp; l3proto ip; }
         chain helping { type filter hook prerouting priority -150; udp dport 5060 ct helper set "sip"; }`
      : "";
    // Fully random: many routers give another outer port each time, and Linux does not by itself.
    const rules = `table ip portero {
      counter asked {}
      counter lost {}
      ${helper}
      chain outward { type nat hook postrouting priority 100; oifname "outer0" masquerade fully-random; }
      chain inward { type filter hook input priority 0; iifname "outer0" counter name "lost" drop; }
      chain through {
        type filter hook forward priority 0; policy drop;
        numgen random mod 100 < ${lossPercent} drop
        iifname "inner0" accept
        udp sport 5060 @th,64,32 0x4f505449 counter name "asked"
        ct state established,related accept
      }
    }`;
    this.#inRouter(thePeer("nft"), ["-f", "-"], rules);
    this.#inRouter("/bin/sh", ["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
  }

  #wire(one: string, device: string, address: string, other: string, otherDevice: string, otherAddress: string): void {
    const ip = thePeer("ip");
    must(ip, ["link", "add", device, "netns", one, "type", "veth", "peer", "name", otherDevice, "netns", other]);
    for (const [where, name, own] of [
      [one, device, address],
      [other, otherDevice, otherAddress],
    ] as const) {
      must(ip, ["-n", where, "addr", "add", own, "dev", name]);
      must(ip, ["-n", where, "link", "set", name, "up"]);
    }
  }
}
