// One call at one rtpengine: the legs whose media it may join. A visit's bell and the phones that it rings are one call, so
// that each leg keeps its ports whoever answers. Two calls are joined by a trunk, where a transfer brings them together.
import { giveUp } from "../../errors.ts";
import { isG711, same, type Format, type Kind } from "../codec.ts";
import { speech } from "../negotiate.ts";
import type { MediaSession } from "../session.ts";
import type { Remote } from "../worker/messages.ts";
import { textAt, type Dictionary } from "./bencode.ts";
import { describe, placeOf, type Place } from "./sdp.ts";
import type { Server } from "./server.ts";

/** A leg as rtpengine knows it. */
export interface Leg {
  readonly session: MediaSession;
  readonly call: RelayCall;
  readonly place: Place;
  readonly tag: string;
  /** Where its peer is, by kind, as settled. */
  readonly remotes: Map<Kind, Remote>;
}

/** Who offers to a leg that has no other yet, and hears one that has none any more. */
const nobody = "nobody";
/** A call is not made larger, so that a visit that rings for hours does not fill rtpengine's memory with those who left. */
const mostLegs = 24;
/** With `port-latching` our ports stay though a peer's change; `strict-source`: no stranger may speak for a peer. */
const usual = {
  flags: ["port-latching", "trust-address", "strict-source"],
  replace: ["zero-address", "origin", "session-connection"],
  ICE: "remove",
  "rtcp-mux": ["demux"],
} as const;

export class RelayCall {
  readonly server: Server;
  readonly #id: string;
  #opened = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(server: Server, id: string) {
    this.server = server;
    this.#id = id;
  }

  get takesMore(): boolean {
    return this.server.answers && this.#opened < mostLegs;
  }

  /** Opens ports for a leg. Rejects as `Server.request`. */
  open(tag: string): Promise<Place> {
    this.#opened++;
    return this.#offer(nobody, tag, describe(0, new Map()));
  }

  /** Does one thing after the other; each rejects for itself. */
  inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act, act);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Joins two legs, of this call or of another; to be done again whenever one of them has settled something new. */
  async join(one: Leg, other: Leg): Promise<void> {
    if (other.call === this) {
      this.#stays(other, await this.#offer(one.tag, other.tag, sdpOf(one), laws(one, other)));
      await this.#answer(one, other.tag, sdpOf(other));
      return;
    }
    const [here, there] = await Promise.all([this.#trunk(one, laws(one, other)), other.call.#trunk(other, {})]);
    await Promise.all([
      this.#answer(one, trunkOf(one), sdpOf(other, there)),
      other.call.#answer(other, trunkOf(other), sdpOf(other, here)),
    ]);
  }

  /** Lets a leg be heard by nobody. */
  async part(leg: Leg): Promise<void> {
    await this.#offer(leg.tag, nobody, sdpOf(leg));
  }

  query({ tag }: Leg): Promise<Dictionary> {
    return this.#request("query", { "from-tag": tag });
  }

  /** Gives a leg's ports back; with its last leg the call is over. */
  async delete(tag: string): Promise<void> {
    await this.#request("delete", { "from-tag": tag, "delete delay": 0 });
  }

  #trunk(leg: Leg, more: Dictionary): Promise<Place> {
    return this.#offer(leg.tag, trunkOf(leg), sdpOf(leg), more);
  }

  async #offer(from: string, to: string, sdp: string, more: Dictionary = {}): Promise<Place> {
    return this.#place(await this.#request("offer", { "from-tag": from, "to-tag": to, sdp, ...usual, ...more }));
  }

  async #answer(from: Leg, to: string, sdp: string): Promise<void> {
    const answer = await this.#request("answer", { "from-tag": from.tag, "to-tag": to, sdp, ...usual });
    this.#stays(from, this.#place(answer));
  }

  #place(answer: Dictionary): Place {
    const place = placeOf(textAt(answer, "sdp"));
    if (!place) throw giveUp("media-refused", `The rtpengine at ${this.server.name} has opened no port.`);
    return place;
  }

  /**
   * One that was started anew between two of our requests makes the call once more, elsewhere; and without its flags, or in a
   * version that means something else by them, it would send from where nobody expects it.
   */
  #stays(leg: Leg, place: Place): void {
    if (place.ports.get("audio") !== leg.place.ports.get("audio"))
      throw giveUp("media-refused", `The rtpengine at ${this.server.name} has moved a port in the middle of a call.`);
  }

  #request(command: string, fields: Dictionary): Promise<Dictionary> {
    return this.server.request(command, { "call-id": this.#id, ...fields });
  }
}

const trunkOf = ({ tag }: Leg): string => `${tag}-trunk`;

const sdpOf = ({ session, remotes }: Leg, at?: Place): string => describe(session.number, remotes, at);

const sends = ({ remotes }: Leg): readonly Format[] => remotes.get("audio")?.sends ?? [];

/** The two laws of G.711 are turned into each other; by itself rtpengine would pass on what the other does not take. */
function laws(one: Leg, other: Leg): Dictionary {
  const [from, to] = [speech(sends(one)), speech(sends(other))];
  const differ = from && to && isG711(from) && isG711(to) && !sends(other).some((format) => same(format, from));
  return differ ? { codec: { transcode: [to.name] } } : {};
}
