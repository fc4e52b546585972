// Offer and answer (RFC 3264) as pure functions: which formats to offer, which to take, and what two legs can pass to each
// other. Transcoding is between the two G.711 laws, which costs nothing, and G.722; everything here tries to make both legs
// agree on one codec.
import {
  g722,
  isEvents,
  isG711,
  isUnderstood,
  packetization,
  pcma,
  pcmu,
  same,
  usable,
  type Format,
  type Kind,
} from "./codec.ts";
import type { Secured } from "./sdes.ts";
import type { Direction, RemoteLine } from "./sdp.ts";
import { isWebrtc, type LocalWebrtc, type RemoteWebrtc } from "./webrtc.ts";
import type { Route } from "./worker/messages.ts";

/** What one leg and its remote have settled for one m-line. */
export interface Agreed {
  readonly kind: Kind;
  /** The remote's line of the last answer or offer. */
  readonly remote: RemoteLine;
  /** Formats the remote takes, by its numbers; the first that is no event is the codec. */
  readonly send: readonly Format[];
  /** Formats we get, by our numbers. */
  readonly receive: readonly Format[];
  /** Ours: what we may do towards the remote. */
  readonly direction: Direction;
  /** We sent it past us. */
  readonly away?: boolean;
  /** Undefined: plain RTP, or a browser. */
  readonly secured?: Secured;
  /** The way to a browser. */
  readonly webrtc?: { readonly local: LocalWebrtc; readonly remote: RemoteWebrtc };
}

/** One for each clock rate that codecs have (RFC 4733 §2.1). */
const events: readonly [Format, Format] = [
  { payload: 101, name: "telephone-event", rate: 8000, channels: 1, fmtp: "0-15" },
  { payload: 102, name: "telephone-event", rate: 48_000, channels: 1, fmtp: "0-15" },
];
/** Offered when nothing is known of the other leg. */
export const plainAudio: readonly Format[] = [pcma, pcmu, events[0]];
/** Whether a codec is turned into any other for which it is true. */
export type Turns = (format: Pick<Format, "name">) => boolean;

const plain = new Set(["RTP/AVP", "RTP/AVPF"]);
const secure = new Set(["RTP/SAVP", "RTP/SAVPF"]);
/** Whether a line may be used encrypted only. */
export const insists = (protocol: string): boolean => secure.has(protocol) || isWebrtc(protocol);

/** The formats of a remote's line that we can carry; none when it is refused, of another kind, or encrypted in a way we lack. */
export function carried(kind: Kind, line: RemoteLine): Format[] {
  const { protocol, webrtc, mux } = line;
  // We are the server of DTLS, and have one port for all.
  const way = isWebrtc(protocol) ? mux && webrtc && webrtc.setup !== "passive" : line.crypto.length > 0;
  const usableProtocol = plain.has(protocol) || (insists(protocol) && way);
  if (line.type !== kind || line.port === 0 || !usableProtocol) return [];
  return line.formats.filter((f) => usable(kind, f));
}

/** What a leg may use. */
export interface Allowed {
  /** The codecs, in this order; all that we know where it is undefined. */
  readonly codecs?: readonly string[] | undefined;
  /** Nothing whose sound we do not understand. */
  readonly understood?: boolean;
  /** Which of them are turned into each other; those that we understand. */
  readonly turns?: Turns;
}

/** Of the formats those whose codec is allowed, in the order of the names; telephone events go along. */
export function limited(formats: readonly Format[], { codecs, understood = false }: Allowed): readonly Format[] {
  const known = understood ? formats.filter((f) => isEvents(f) || f.name === "H264" || isUnderstood(f)) : formats;
  if (!codecs) return known;
  return [...codecs.flatMap((name) => known.filter((f) => f.name === name)), ...known.filter(isEvents)];
}

export const speech = (formats: readonly Format[]): Format | undefined => formats.find((f) => !isEvents(f));

/**
 * Formats to offer so that they fit what the other leg can do: its own, the G.711 that it lacks, and G.722 where nothing else
 * of it is allowed; none where nothing is.
 */
export function fitting(kind: Kind, other: readonly Format[], allowed: Allowed = {}): readonly Format[] {
  // Two profiles of one codec are one to us: payload types are told apart by what can be passed on.
  const own = other.filter((f, i) => other.findIndex((o) => same(o, f)) === i);
  if (kind === "video") return limited(own, allowed);
  const turned = own.some(allowed.turns ?? isUnderstood);
  const laws = turned ? [pcma, pcmu].filter((law) => !own.some((f) => same(f, law))) : [];
  const fits = limited([...own.filter((f) => !isEvents(f)), ...laws], allowed);
  const codecs = fits.length > 0 || !turned ? fits : limited([g722].filter(allowed.turns ?? isUnderstood), allowed);
  if (codecs.length === 0) return [];
  // Digits are turned into what the other leg takes, so that events are of use whether it has them or not.
  const lacking = events.filter((e) => codecs.some((f) => f.rate === e.rate) && !own.some((f) => same(f, e)));
  return [...codecs, ...own.filter(isEvents), ...lacking];
}

/**
 * The formats of our answer, out of the offered ones: one codec, and telephone events at its clock rate.
 * `towards`: what the other leg has settled; `current`: our codec so far, kept when there is no other leg to suit.
 */
export function answerAudio(
  offered: readonly Format[],
  towards: readonly Format[] | undefined,
  current: Format | undefined,
  turns: Turns = isUnderstood,
): Format[] {
  const audio = offered.filter((f) => !isEvents(f));
  const wanted = towards?.filter((f) => !isEvents(f));
  const codec = wanted
    ? (wanted.flatMap((w) => audio.find((f) => same(f, w)) ?? [])[0] ??
      (wanted.some(turns) ? (audio.find(isG711) ?? audio.find(turns)) : undefined))
    : // With the other leg unknown, what we understand is the safe choice: we can turn it into another, and play in it.
      (audio.find((f) => current && same(f, current)) ?? audio.find(turns) ?? audio[0]);
  if (!codec) return [];
  const fmtp = wanted?.find((w) => same(w, codec))?.fmtp;
  const touch = offered.filter(isEvents);
  const event = touch.find((f) => f.rate === codec.rate) ?? touch.find((f) => f.rate === 8000);
  return [fmtp === undefined ? codec : { ...codec, fmtp }, ...(event ? [event] : [])];
}

/** The one H.264 format of our answer, with the other leg's parameters, or none when the legs do not fit. */
export function answerVideo(offered: readonly Format[], towards: readonly Format[] | undefined): Format[] {
  if (!towards) {
    const first = offered[0];
    return first ? [{ ...first, fmtp: profileOnly(first) }] : [];
  }
  for (const wanted of towards) {
    const fit = offered.find((f) => same(f, wanted));
    if (fit) return [wanted.fmtp === undefined ? bare(fit) : { ...fit, fmtp: wanted.fmtp }];
  }
  return [];
}

/** As answerVideo, but in the offer's own parameters: a browser's would say less of the camera than it does itself. */
export function answerCamera(offered: readonly Format[], towards: readonly Format[]): Format[] {
  const [fit] = answerVideo(offered, towards);
  const own = offered.find((f) => f.payload === fit?.payload);
  return own ? [{ ...own, fmtp: profileOnly(own) }] : [];
}

const bare = ({ payload, name, rate, channels }: Format): Format => ({ payload, name, rate, channels });

function profileOnly(f: Format): string {
  const profile = /profile-level-id\s*=\s*([0-9a-f]{6})/i.exec(f.fmtp ?? "")?.[1];
  return `${profile === undefined ? "" : `profile-level-id=${profile};`}packetization-mode=${packetization(f)}`;
}

/** What an answer to our offer settles, or undefined when it refuses the line or takes nothing we offered. */
export function settle(
  kind: Kind,
  ours: readonly Format[],
  direction: Direction,
  remote: RemoteLine,
): Agreed | undefined {
  const send = carried(kind, remote).filter((f) => ours.some((o) => same(o, f)));
  if (!speech(send)) return undefined;
  const receive = ours.filter((o) => send.some((f) => same(o, f)));
  // RFC 3264 §5.1: the remote sends with our numbers. Some send with their own; take those too where they mean nothing else.
  const stray = send.filter((f) => !ours.some((o) => o.payload === f.payload));
  return { kind, remote, send, receive: [...receive, ...stray], direction: both(direction, mirror(remote.direction)) };
}

const sends = (d: Direction): boolean => d === "sendrecv" || d === "sendonly";
const receives = (d: Direction): boolean => d === "sendrecv" || d === "recvonly";
const direct = (send: boolean, receive: boolean): Direction =>
  send ? (receive ? "sendrecv" : "sendonly") : receive ? "recvonly" : "inactive";

/** RFC 3264 §6.1: what the other side sends, we receive. */
export const mirror = (d: Direction): Direction => direct(receives(d), sends(d));
/** What both allow. */
export const both = (a: Direction, b: Direction): Direction => direct(sends(a) && sends(b), receives(a) && receives(b));
export const maySend = (agreed: Agreed): boolean => sends(agreed.direction);
export const mayReceive = (agreed: Agreed): boolean => receives(agreed.direction);

/** How each payload type from one leg reaches the other; those without a way are left out and dropped. */
export function routes(from: Agreed, to: Agreed): Route[] {
  const law = to.send.find(isG711) ?? to.send.find(isUnderstood);
  return from.receive.flatMap((f): Route[] => {
    const pass = to.send.find((t) => same(f, t));
    if (pass) return [{ from: f.payload, to: pass.payload, rate: f.rate }];
    if (!isUnderstood(f) || !law) return [];
    return [{ from: f.payload, to: law.payload, rate: f.rate, codec: law.name }];
  });
}

/** Whether each RFC 4733 packet of one leg reaches the other as it is. */
export function passesEvents(from: Agreed, to: Agreed): boolean {
  const own = from.receive.filter(isEvents);
  return own.length > 0 && own.every((f) => to.send.some((t) => same(f, t)));
}
