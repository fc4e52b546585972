// DNS on paper: a name has the records that a test writes down, and each question is remembered.
import type { Answer, Dns, Naptr, Srv } from "../../src/sip/resolve/dns.ts";

export interface Records {
  naptr?: readonly Naptr[];
  srv?: readonly Srv[];
  a?: readonly string[];
  aaaa?: readonly string[];
}

/** `"10 1 5060 host"`: priority, weight, port, machine. */
export function srv(text: string): Srv {
  const [priority = "", weight = "", port = "", name = ""] = text.split(" ");
  return { priority: Number(priority), weight: Number(weight), port: Number(port), name };
}

/** `"50 10 SIP+D2U _sip._udp.example.com"`: order, preference, service, where its SRV records are. */
export function naptr(text: string, flags = "s"): Naptr {
  const [order = "", preference = "", service = "", replacement = ""] = text.split(" ");
  return { order: Number(order), preference: Number(preference), flags, service, replacement };
}

export class Names implements Dns {
  zone: Readonly<Record<string, Records>>;
  ttl = 60;
  /** Kinds that the server gives no answer to. */
  broken: readonly (keyof Records)[] = [];
  /** `"SRV _sip._udp.example.com"` … */
  readonly asked: string[] = [];

  constructor(zone: Readonly<Record<string, Records>>) {
    this.zone = zone;
  }

  naptr(name: string): Promise<Answer<Naptr>> {
    return this.#answer("naptr", name);
  }

  srv(name: string): Promise<Answer<Srv>> {
    return this.#answer("srv", name);
  }

  a(name: string): Promise<Answer<string>> {
    return this.#answer("a", name);
  }

  aaaa(name: string): Promise<Answer<string>> {
    return this.#answer("aaaa", name);
  }

  #answer<T>(kind: keyof Records, name: string): Promise<Answer<T>> {
    this.asked.push(`${kind.toUpperCase()} ${name}`);
    if (this.broken.includes(kind)) return Promise.reject(new Error("the DNS server is silent"));
    const records = (this.zone[name]?.[kind] ?? []) as readonly T[];
    return Promise.resolve({ records, ttl: this.ttl });
  }
}
