// DNS answers, kept as long as they hold; who asks while an answer is on its way shares it.
import { isNear, type Clock } from "../../clock.ts";
import type { Answer, Dns, Naptr, Srv } from "./dns.ts";

export const cacheLimits = {
  /** Names kept; beyond them the one asked for longest ago goes. */
  entries: 500,
  /** Seconds; longer TTLs are cut, so that a wrong record does not stay for ever. */
  most: 3600,
  /** Seconds for which the answer that there is no such record holds. */
  absent: 30,
  /** Seconds for which nobody is asked again where there was no answer. */
  failed: 5,
};

interface Entry {
  readonly answer: Promise<Answer<unknown>>;
  at: number;
  /** For so long. */
  ms: number;
}

export class DnsCache implements Dns {
  readonly #dns: Dns;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(dns: Dns, clock: Clock) {
    this.#dns = dns;
    this.#clock = clock;
  }

  naptr(name: string): Promise<Answer<Naptr>> {
    return this.#ask(`NAPTR ${name}`, () => this.#dns.naptr(name));
  }

  srv(name: string): Promise<Answer<Srv>> {
    return this.#ask(`SRV ${name}`, () => this.#dns.srv(name));
  }

  a(name: string): Promise<Answer<string>> {
    return this.#ask(`A ${name}`, () => this.#dns.a(name));
  }

  aaaa(name: string): Promise<Answer<string>> {
    return this.#ask(`AAAA ${name}`, () => this.#dns.aaaa(name));
  }

  get size(): number {
    return this.#entries.size;
  }

  #ask<T>(question: string, ask: () => Promise<Answer<T>>): Promise<Answer<T>> {
    const key = question.toLowerCase();
    const known = this.#entries.get(key);
    if (known && isNear(known.at, this.#clock.now(), known.ms)) return known.answer as Promise<Answer<T>>;
    const answer = ask();
    const entry: Entry = { answer, at: this.#clock.now(), ms: Infinity };
    const holds = (seconds: number) => {
      [entry.at, entry.ms] = [this.#clock.now(), Math.min(seconds, cacheLimits.most) * 1000];
    };
    answer.then(
      ({ records, ttl }) => holds(records.length > 0 ? ttl : cacheLimits.absent),
      () => holds(cacheLimits.failed),
    );
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > cacheLimits.entries && oldest !== undefined) this.#entries.delete(oldest);
    return answer;
  }
}
