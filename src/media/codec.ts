// What we know of codecs: their names in SDP, the static payload types of RFC 3551, and which of them the relay can
// carry. Everything but G.711 and G.722 passes through untouched.

export type Kind = "audio" | "video";

/** One payload type of an m-line, as `rtpmap` and `fmtp` describe it. */
export interface Format {
  readonly payload: number;
  readonly name: string;
  readonly rate: number;
  readonly channels: number;
  readonly fmtp?: string;
}

export const pcmu: Format = { payload: 0, name: "PCMU", rate: 8000, channels: 1 };
export const pcma: Format = { payload: 8, name: "PCMA", rate: 8000, channels: 1 };
export const g722: Format = { payload: 9, name: "G722", rate: 8000, channels: 1 };

/** RFC 3551 §6: payload types that need no rtpmap. Those we cannot carry are left out. */
export const staticFormats: ReadonlyMap<number, Format> = new Map([pcmu, pcma, g722].map((f) => [f.payload, f]));

/** The codecs that a device may be limited to. */
export const codecNames = ["PCMA", "PCMU", "G722", "opus", "H264"] as const;
export type CodecName = (typeof codecNames)[number];

const known = new Map([...codecNames, "telephone-event"].map((n) => [n.toLowerCase(), n]));

/** The name as we write it ("pcmu" → "PCMU"), or undefined when we do not know the codec. */
export const knownName = (name: string): string | undefined => known.get(name.toLowerCase());

export const isEvents = (f: Format): boolean => f.name === "telephone-event";
export const isG711 = (f: Pick<Format, "name">): boolean => f.name === "PCMU" || f.name === "PCMA";
/** Whether we make and understand its sound: what is played, mixed, recorded, listened to, and turned into another codec. */
export const isUnderstood = (f: Pick<Format, "name">): boolean => isG711(f) || f.name === g722.name;
/** Those, in a sentence. */
export const understoodNames = "PCMA, PCMU or G722";

/** Whether an m-line of this kind may use the format. */
export function usable(kind: Kind, f: Format): boolean {
  if (kind === "video") return f.name === "H264" && f.rate === 90_000 && packetization(f) <= 1;
  if (f.name === "opus") return f.rate === 48_000 && f.channels === 2;
  if (isEvents(f)) return f.rate === 8000 || f.rate === 48_000;
  return f.name !== "H264" && f.rate === 8000 && f.channels === 1;
}

/** RFC 6184 §8.1: packetization-mode, 0 when not given. */
export function packetization(f: Format): number {
  const mode = /(?:^|;)\s*packetization-mode\s*=\s*(\d)/i.exec(f.fmtp ?? "");
  return mode ? Number(mode[1]) : 0;
}

/** "PCMA/8000", "opus/48000/2": the codec as people and rtpmap write it. */
export const label = (f: Format): string => `${f.name}/${f.rate}${f.channels > 1 ? `/${f.channels}` : ""}`;

/** Equal keys mean: packets of one may be passed on as the other with no more than the payload type changed. */
export const key = (f: Format): string =>
  f.name === "H264" ? `${label(f)};packetization-mode=${packetization(f)}` : label(f);

export const same = (a: Format, b: Format): boolean => key(a) === key(b);
