// One call at one rtpengine: the legs whose media it may join. A visit's bell and the phones that it rings are one call, so
// that each leg keeps its ports whoever answers. Two calls are joined by a trunk, where a transfer brings them together.
import { giveUp } from "../../errors.ts";
import { isG711, same, type Format, type Kind } from "../codec.ts";
import { speech } from "../negotiate.ts";
import { freshKey } from "../sdes.ts";
import type { MediaSession } from "../session.ts";
import { suites, type MasterKey, type SrtpKeys } from "../suites.ts";
import type { Remote } from "../worker/messages.ts";
import { textAt, type Dictionary, type Fields } from "./bencode.ts";
import { describe, describeKeys, isSecured, placeOf, protocolOf, type Place } from "./sdp.ts";
import type { Server } from "./server.ts";
import { Valves } from "./valves.ts";

/** A leg as rtpengine knows it. */
export interface Leg {
  readonly session: MediaSession;
  readonly call: RelayCall;
  readonly place: Place;
  readonly tag: string;
  /** Where its peer is, by kind, as settled. */
  readonly remotes: Map<Kind, Remote>;
  /** Digits have been sent to it: the sound that goes there is taken apart, so that they can be again. */
  injects: boolean;
}

/** One side of a pair within a call: a leg, or a trunk to the other side's call. */
type End = Pick<Leg, "tag" | "place"> & {
  readonly remotes: ReadonlyMap<Kind, Remote>;
  /** Where it is to be found, if not where its peer is. */
  readonly at?: Place;
};

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
  readonly id: string;
  /** By the tag of their leg. */
  readonly #trunks = new Map<string, Trunk>();
  /** With which rtpengine encrypts what goes to a tag. */
  readonly #keys = new Map<string, string>();
  readonly #valves = new Valves((command, tag) => this.#request(command, { "from-tag": tag }));
  readonly #keeps = new Set<string>();
  #opened = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(server: Server, id: string) {
    this.server = server;
    this.id = id;
  }

  get takesMore(): boolean {
    return this.server.answers && this.#opened < mostLegs;
  }

  /** Opens ports for a leg. Rejects as `Server.request`. */
  open(tag: string): Promise<Place> {
    this.#opened++;
    return this.#offer(nobody, tag, describe(new Map(), false));
  }

  /** Does one thing after the other; each rejects for itself. */
  inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act, act);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Joins two legs, of this call or of another; to be done again whenever one of them has settled something new. */
  async join(one: Leg, other: Leg): Promise<void> {
    const sounds: Sounds = { injects: one.injects || other.injects, more: laws(one, other) };
    if (other.call === this) return this.#pair(one, other, sounds);
    const [here, there] = await Promise.all([this.#trunk(one), other.call.#trunk(other)]);
    // Within a machine nobody hears what goes through it.
    const apart = this.server !== other.call.server;
    const leads = (from: Trunk, to: Trunk): End => {
      const remotes = mapped(other.remotes, apart ? { send: from.key, receive: to.key } : undefined);
      return { ...from, at: to.place, remotes };
    };
    await Promise.all([
      this.#pair(one, leads(here, there), sounds),
      other.call.#pair(other, leads(there, here), { ...sounds, more: {} }),
    ]);
  }

  /** Lets a leg be heard by nobody. */
  async part(leg: Leg): Promise<void> {
    this.#valves.part(leg.tag);
    await this.#offer(leg.tag, nobody, describe(leg.remotes, false), { "transport-protocol": "RTP/AVP" });
  }

  query({ tag }: Leg): Promise<Dictionary> {
    return this.#request("query", { "from-tag": tag });
  }

  /** Gives a leg's ports back; with its last leg the call is over. */
  async delete(tag: string): Promise<void> {
    this.#trunks.delete(tag);
    this.#valves.forget(tag);
    await this.#request("delete", { "from-tag": tag, "delete delay": 0 });
  }

  /** The way from a leg to one in another call. */
  async #trunk({ tag: leg }: Leg): Promise<Trunk> {
    const open = this.#trunks.get(leg);
    if (open) return open;
    const tag = `${leg}-trunk`;
    const place = await this.#offer(nobody, tag, describe(new Map(), false));
    const made: Trunk = { tag, place, key: freshKey(trunkSuite) };
    this.#trunks.set(leg, made);
    return made;
  }

  /**
   * The offer would have rtpengine encrypt to the one with the keys of the other, so there are none in it: ours are told
   * before, theirs in an answer of each.
   */
  async #pair(one: End, other: End, { injects, more }: Sounds): Promise<void> {
    for (const end of [one, other]) await this.#tellKeys(end);
    const flags = injects ? { flags: [...usual.flags, "inject-DTMF"] } : {};
    const offered = { "transport-protocol": protocolOf(other.remotes), ...flags, ...more };
    stays(this, other, await this.#offer(one.tag, other.tag, describe(one.remotes, false, one.at), offered));
    await this.#answer(one, other, flags);
    if (isSecured(one.remotes)) await this.#answer(other, one, flags);
    await this.#valves.pair(one, other);
  }

  /** Sends a digit to a leg, in the place of what its peer says; false where nothing of that goes there. */
  async playDigit(to: Leg, peer: Leg, code: string, duration: number, pause: number): Promise<boolean> {
    const from = peer.call === this ? peer.tag : this.#trunks.get(to.tag)?.tag;
    if (from === undefined || this.#valves.isShut(from) || peer.call.#valves.isShut(peer.tag)) return false;
    await this.#request("play DTMF", { "from-tag": from, code, duration, pause });
    return true;
  }

  /** Whether the digits that the peer of a leg sends in RTP go no further. */
  async keepDigits({ tag }: Leg, on: boolean): Promise<void> {
    if (this.#keeps.has(tag) === on) return;
    await this.#request(on ? "block DTMF" : "unblock DTMF", { "from-tag": tag });
    if (on) this.#keeps.add(tag);
    else this.#keeps.delete(tag);
  }

  /** What comes from a leg reaches nobody, but for digits. */
  mute({ tag }: Leg, on: boolean): Promise<void> {
    return this.#valves.mute(tag, on);
  }

  /** Plays a WAV file to a leg, so many times, in the place of what is heard there. */
  async play(leg: Leg, blob: Uint8Array, times: number): Promise<void> {
    await this.show(leg);
    await this.#valves.play(leg.tag, true);
    await this.#request("play media", { "from-tag": leg.tag, blob, "repeat-times": times });
  }

  /** Its peer is heard there again; `cut`: what is played ends now. */
  async played({ tag }: Leg, cut: boolean): Promise<void> {
    if (cut) await this.#request("stop media", { "from-tag": tag });
    await this.#valves.play(tag, false);
  }

  /** Tells where the peer of a leg is that is joined with nobody yet, so that it can be heard and played to. */
  async show(leg: Leg): Promise<void> {
    const { tag, remotes } = leg;
    if (this.#valves.isPaired(tag) || !remotes.has("audio")) return;
    await this.#offerKeys(leg);
    const fields = { "from-tag": nobody, "to-tag": tag, sdp: describe(remotes, true), ...usual, DTLS: "off" };
    await this.#request("answer", fields);
  }

  async #tellKeys(end: End): Promise<void> {
    if (isSecured(end.remotes) && keysOf(end) !== this.#keys.get(end.tag)) await this.#offerKeys(end);
  }

  /** What rtpengine is offered for a leg by somebody else, it takes for itself. */
  async #offerKeys(end: End): Promise<void> {
    const own = new Set<string>(sendsOf(end).map(({ suite }) => suite));
    const offered = { "transport-protocol": protocolOf(end.remotes), SDES: without(own) };
    stays(this, end, await this.#offer(nobody, end.tag, describeKeys(end.remotes), offered));
    this.#keys.set(end.tag, keysOf(end));
  }

  async #offer(from: string, to: string, sdp: string, more: Dictionary = {}): Promise<Place> {
    const fields = { "from-tag": from, "to-tag": to, sdp, ...usual, DTLS: "off", SDES: without(new Set()) };
    return this.#place(await this.#request("offer", { ...fields, ...more }));
  }

  /** `from` has offered to `to`, whose answer this is. */
  async #answer(from: End, to: End, flags: Dictionary): Promise<void> {
    const sdp = describe(to.remotes, true, to.at);
    const fields = { "from-tag": from.tag, "to-tag": to.tag, sdp, ...usual, DTLS: "off", ...flags };
    stays(this, from, this.#place(await this.#request("answer", fields)));
  }

  #place(answer: Dictionary): Place {
    const place = placeOf(textAt(answer, "sdp"));
    if (!place) throw giveUp("media-refused", `The rtpengine at ${this.server.name} has opened no port.`);
    return place;
  }

  #request(command: string, fields: Fields): Promise<Dictionary> {
    return this.server.request(command, { "call-id": this.id, ...fields });
  }
}

/** A way out of a call, and the key of what is sent on it to another machine. */
interface Trunk {
  readonly tag: string;
  readonly place: Place;
  readonly key: MasterKey;
}
/** What is made of the sound of a pair on its way. */
interface Sounds {
  readonly injects: boolean;
  readonly more: Dictionary;
}

const trunkSuite = "AES_CM_128_HMAC_SHA1_80";

const sendsOf = ({ remotes }: End): MasterKey[] => [...remotes.values()].flatMap(({ srtp }) => srtp?.send ?? []);
const keysOf = (end: End): string => JSON.stringify(sendsOf(end));

const mapped = (remotes: ReadonlyMap<Kind, Remote>, srtp: SrtpKeys | undefined) =>
  new Map([...remotes].map(([kind, { srtp: _, ...remote }]) => [kind, srtp ? { ...remote, srtp } : remote] as const));

/** All that rtpengine knows, but for these: they would be copied from one side to the other, or added. */
const without = (own: ReadonlySet<string>): string[] =>
  theirSuites.filter((suite) => !own.has(suite)).map((suite) => `no-${suite}`);
const theirSuites: readonly string[] = [
  ...Object.keys(suites),
  ...["AES_192_CM_HMAC_SHA1_80", "AES_192_CM_HMAC_SHA1_32", "F8_128_HMAC_SHA1_80", "F8_128_HMAC_SHA1_32"],
  ...["NULL_HMAC_SHA1_80", "NULL_HMAC_SHA1_32"],
];

/**
 * One that was started anew between two of our requests makes the call once more, elsewhere; and without its flags, or in a
 * version that means something else by them, it would send from where nobody expects it.
 */
function stays({ server }: RelayCall, end: End, place: Place): void {
  if (place.ports.get("audio") !== end.place.ports.get("audio"))
    throw giveUp("media-refused", `The rtpengine at ${server.name} has moved a port in the middle of a call.`);
}

const sends = ({ remotes }: Leg): readonly Format[] => remotes.get("audio")?.sends ?? [];

/** The two laws of G.711 are turned into each other; by itself rtpengine would pass on what the other does not take. */
function laws(one: Leg, other: Leg): Dictionary {
  const [from, to] = [speech(sends(one)), speech(sends(other))];
  const differ = from && to && isG711(from) && isG711(to) && !sends(other).some((format) => same(format, from));
  return differ ? { codec: { transcode: [to.name] } } : {};
}
