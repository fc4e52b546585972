// What rtpengine counts of a leg, and whether its peer has fallen silent: it tells nothing by itself, so it is asked.
import { writeHost } from "../../ip.ts";
import { kinds } from "../offer-answer.ts";
import { isSilent, limitsOf, type SilenceLimits } from "../silence.ts";
import { dictionaryAt, listAt, numberAt, textAt, type Bencoded, type Dictionary } from "./bencode.ts";

/** What came from the peer of a leg. */
export interface Received {
  readonly audio: number;
  readonly video: number;
  /** Where its sound comes from. */
  readonly remote?: string;
}

export const nothingYet: Received = { audio: 0, video: 0 };

/** Packets of RTP that came from a leg's peer, of an answer to "query"; undefined where it says nothing of the leg. */
export function receivedBy(tag: string, answer: Dictionary): Received | undefined {
  const medias = listAt(dictionaryAt(dictionaryAt(answer, "tags"), tag), "medias");
  if (medias.length === 0) return undefined;
  const packets = { audio: 0, video: 0 };
  let remote: string | undefined;
  for (const media of medias) {
    const kind = kinds.find((one) => one === textAt(media, "type"));
    const stream = listAt(media, "streams").find((one) => listAt(one, "flags").includes("RTP"));
    if (!kind || !stream) continue;
    packets[kind] += numberAt(dictionaryAt(stream, "stats"), "packets");
    if (kind === "audio" && packets.audio > 0) remote = endpointOf(stream);
  }
  return { ...packets, ...(remote !== undefined && { remote }) };
}

function endpointOf(stream: Bencoded): string {
  const endpoint = dictionaryAt(stream, "endpoint");
  const address = textAt(endpoint, "address");
  return `${writeHost(address)}:${numberAt(endpoint, "port")}`;
}

/** Tells from counts whether a leg is silent. */
export class Watch {
  #limits: SilenceLimits;
  #since: number | undefined;
  #heard: number | undefined;
  #packets = 0;
  silent = false;

  constructor(limits: SilenceLimits) {
    this.#limits = limits;
  }

  /** A limit of its own; 0 = never. */
  ownLimit(ms: number | undefined): void {
    this.#limits = limitsOf(this.#limits, ms);
  }

  /** `expected`: whether anything is to come from it just now. Says what has become of it, if that is news. */
  look(packets: number, expected: boolean, now: number): "silent" | "heard" | undefined {
    if (packets > this.#packets) this.#heard = now;
    this.#packets = packets;
    if (!expected) this.#since = undefined;
    else this.#since ??= now;
    const silent = expected && isSilent(this.#limits, this.#since ?? now, this.#heard ?? -1, now);
    if (silent === this.silent) return undefined;
    this.silent = silent;
    return silent ? "silent" : "heard";
  }
}
