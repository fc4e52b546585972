// What RFC 3263 asks of DNS, and the real thing: Node's resolver, with the system's own look-up (hosts file, mDNS) for
// names that no DNS server knows.
import { Resolver, lookup } from "node:dns/promises";

export interface Answer<T> {
  /** Empty where the name has none of this kind. */
  readonly records: readonly T[];
  /** Seconds for which it holds. */
  readonly ttl: number;
}

/** RFC 3403. */
export interface Naptr {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly replacement: string;
}

/** RFC 2782. */
export interface Srv {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** "" or "." = this service is not offered. */
  readonly name: string;
}

/** Each rejects where nobody could be asked; that there is no such record is an answer. */
export interface Dns {
  naptr(name: string): Promise<Answer<Naptr>>;
  srv(name: string): Promise<Answer<Srv>>;
  a(name: string): Promise<Answer<string>>;
  aaaa(name: string): Promise<Answer<string>>;
}

// Node tells the TTL of addresses only; see docs/decisions/014-names.md.
const untoldTtl = 300;
const lookupTtl = 60;

const none = { records: [], ttl: 0 };
const isAbsent = (error: unknown): boolean =>
  ["ENOTFOUND", "ENODATA"].includes((error as NodeJS.ErrnoException).code ?? "");

// DNS servers do not know names of one label, nor those of mDNS (RFC 6762 §3), and some never answer for them.
const isLocal = (name: string): boolean => !name.includes(".") || /\.local\.?$/i.test(name);

async function found<T>(asked: Promise<readonly T[]>): Promise<Answer<T>> {
  try {
    return { records: await asked, ttl: untoldTtl };
  } catch (error) {
    if (isAbsent(error)) return none;
    throw error;
  }
}

/** `servers`: those to ask, as `address:port`; the system's own where they are not given. */
export function systemDns(servers?: readonly string[]): Dns {
  const resolver = new Resolver({ timeout: 1500, tries: 2 });
  if (servers) resolver.setServers(servers);
  const system = async (name: string, family: 4 | 6): Promise<Answer<string>> => {
    const records = (await found(lookup(name, { family, all: true }))).records.map(({ address }) => address);
    return { records, ttl: lookupTtl };
  };
  const addresses = async (name: string, family: 4 | 6): Promise<Answer<string>> => {
    if (isLocal(name)) return system(name, family);
    const asked = family === 4 ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true });
    const { records } = await found(asked).catch(() => none as Answer<{ address: string; ttl: number }>);
    if (records.length === 0) return system(name, family);
    return { records: records.map(({ address }) => address), ttl: Math.min(...records.map(({ ttl }) => ttl)) };
  };
  return {
    naptr: (name) => (isLocal(name) ? Promise.resolve(none) : found(resolver.resolveNaptr(name))),
    srv: (name) => (isLocal(name) ? Promise.resolve(none) : found(resolver.resolveSrv(name))),
    a: (name) => addresses(name, 4),
    aaaa: (name) => addresses(name, 6),
  };
}
