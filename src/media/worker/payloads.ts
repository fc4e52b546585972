// What is done with the packets that come in, by their payload type: found out with the first of each, not anew for every one.
import { isEvents, isG711, isUnderstood, type Format } from "../codec.ts";
import type { Route } from "./messages.ts";

export interface Payload {
  readonly format: Format;
  /** Clock rate; 0 where the timestamp does not say when it was sent: all packets of an event have the time of its begin (RFC 4733 §2.2). */
  readonly rate: number;
  readonly understood: boolean;
  /** Its number, clock rate and codec on the way to the other leg. */
  readonly to: { readonly payload: number; readonly rate: number; readonly codec: Pick<Format, "name"> } | undefined;
  /** G.711 that goes on as it is: nobody has to know what it says. */
  readonly straight: boolean;
}

export class Payloads {
  #formats: readonly Format[] = [];
  #routes: readonly Route[] = [];
  #known: Payload[] = [];
  #last: Payload | undefined;

  receive(formats: readonly Format[]): void {
    this.#formats = formats;
    this.#forget();
  }

  route(routes: readonly Route[]): void {
    this.#routes = routes;
    this.#forget();
  }

  /** Undefined for one that was not agreed on. */
  find(payload: number): Payload | undefined {
    return this.#last?.format.payload === payload ? this.#last : (this.#last = this.#other(payload));
  }

  #other(payload: number): Payload | undefined {
    return this.#known.find(({ format }) => format.payload === payload) ?? this.#new(payload);
  }

  #forget(): void {
    [this.#known, this.#last] = [[], undefined];
  }

  #new(number: number): Payload | undefined {
    const format = this.#formats.findLast(({ payload }) => payload === number);
    if (!format) return undefined;
    const route = this.#routes.findLast(({ from }) => from === number);
    const codec = route?.codec === undefined ? format : { name: route.codec };
    const made: Payload = {
      ...{ format, rate: isEvents(format) ? 0 : format.rate, understood: isUnderstood(format) },
      to: route && { payload: route.to, rate: route.rate, codec },
      straight: route !== undefined && isG711(format) && codec.name === format.name,
    };
    this.#known.push(made);
    return made;
  }
}
