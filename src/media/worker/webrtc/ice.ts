// The lite side of ICE (RFC 8445): it answers a browser's checks, remembers where authentic ones came from, and sends where
// the browser nominates. It makes no checks of its own, so that no candidate of a browser is looked at, be it a name in .local.
import {
  attributeType,
  errorCode,
  isFrom,
  mappedAddress,
  method,
  parseStun,
  unknownAmong,
  writeStun,
  type StunMessage,
} from "../../../stun.ts";
import type { IceCredentials } from "../../webrtc.ts";

export interface Place {
  readonly address: string;
  readonly port: number;
}

/** More places than a browser has interfaces. */
const mostPlaces = 32;
/** RFC 7675 §5.1: without a check for so long, nothing is sent any more. Browsers check every few seconds. */
export const consentMs = 30_000;

const understood = [
  attributeType.username,
  attributeType.messageIntegrity,
  attributeType.priority,
  attributeType.useCandidate,
];

export class IceLite {
  readonly #local: IceCredentials;
  readonly #remote: IceCredentials;
  readonly #now: () => number;
  /** When an authentic check last came from there. */
  readonly #places = new Map<string, number>();
  #selected: Place | undefined;
  /** Where the last authentic check came from. */
  latest: Place | undefined;
  /** When it came, or this began. */
  latestAt: number;

  constructor(local: IceCredentials, remote: IceCredentials, now: () => number) {
    this.#local = local;
    this.#remote = remote;
    this.#now = now;
    this.latestAt = now();
  }

  /** The place that the browser has nominated, as long as it wants to get something there. */
  get selected(): Place | undefined {
    const place = this.#selected;
    return place && this.knows(place.address, place.port) ? place : undefined;
  }

  /** Whether an authentic check came from there lately. */
  knows(address: string, port: number): boolean {
    const at = this.#places.get(nameOf(address, port));
    return at !== undefined && this.#now() - at < consentMs;
  }

  /** The answer to a datagram with STUN; undefined for what gets none. */
  receive(data: Buffer, address: string, port: number): Buffer | undefined {
    const request = parseStun(data);
    if (request?.type !== method.request || !request.attributes.has(attributeType.fingerprint)) return undefined;
    const { id, attributes } = request;
    const refusal = this.#refusal(data, request);
    // RFC 8489 §9.1.3: who has not shown the password gets an answer that anybody could have written.
    if (refusal !== undefined) return writeStun(method.error, id, [errorCode(refusal)]);
    const { password } = this.#local;
    const unknown = unknownAmong(request, understood);
    if (unknown) return writeStun(method.error, id, [errorCode(420), unknown], password);
    // RFC 8445 §7.3.1.1: the full side controls.
    if (attributes.has(attributeType.iceControlled)) return writeStun(method.error, id, [errorCode(487)], password);
    const mapped = mappedAddress({ host: address, port }, id);
    if (!mapped || !this.#note(nameOf(address, port))) return undefined;
    this.latest = { address, port };
    this.latestAt = this.#now();
    // A browser may change its mind: the last one counts.
    if (attributes.has(attributeType.useCandidate)) this.#selected = { address, port };
    return writeStun(method.success, id, [mapped], password);
  }

  #refusal(data: Buffer, request: StunMessage): 400 | 401 | undefined {
    const { attributes } = request;
    const user = attributes.get(attributeType.username)?.toString("utf8");
    if (user === undefined || request.integrityAt === undefined) return 400;
    const right = user === `${this.#local.ufrag}:${this.#remote.ufrag}` && isFrom(data, request, this.#local.password);
    return right ? undefined : 401;
  }

  #note(place: string): boolean {
    const now = this.#now();
    if (this.#places.size >= mostPlaces)
      for (const [known, at] of this.#places) if (now - at >= consentMs) this.#places.delete(known);
    if (!this.#places.has(place) && this.#places.size >= mostPlaces) return false;
    this.#places.set(place, now);
    return true;
  }
}

const nameOf = (address: string, port: number): string => `${address} ${port}`;
