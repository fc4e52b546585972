// What a camera's session description (SDP, RFC 8866) says of its video and its sound: the first line of each, its codec and
// the URLs to ask for (RFC 2326 appendix C).
import { parse } from "sdp-transform";
import { giveUp, type PorteroError } from "../../errors.ts";
import type { Size } from "./bits.ts";
import type { Depayloader, Output } from "./depayload.ts";
import { JpegDepayloader } from "./jpeg.ts";
import { h264, h265, type NalCodec } from "./nal.ts";
import { soundFormatOf, type SoundTrack } from "./sound.ts";
import { UnitDepayloader } from "./units.ts";

export interface Track {
  /** Of the whole session and of the video alone: to be resolved against the base. */
  readonly sessionControl: string | undefined;
  readonly control: string | undefined;
  readonly payloadType: number;
  readonly codec: "h264" | "h265" | "jpeg";
  depayloader(out: Output): Depayloader;
}

const mostLines = 2000;

/** The first video line. `place` begins the sentences. @throws PorteroError `bad-sdp no-video unsupported-video` */
export function trackOf(text: string, place: string): Track {
  const [session, ...medias] = sectionsOf(text, place);
  const media = medias.find(([first = ""]) => /^m=video\b/i.test(first));
  if (!media) throw giveUp("no-video", `${place} has no video at this address: choose another of its streams`);
  const [format, parameters] = readMedia(media, place);
  const sessionControl = attribute(session ?? [], "control");
  const control = attribute(media, "control");
  const size = sizeOf(media);
  const { codec, payloadType } = format;
  const make = (nal: NalCodec, names: readonly string[]) => {
    const sets = names.flatMap((name) => (parameters.get(name) ?? "").split(","));
    const known = sets.filter((set) => set !== "").map((set) => Buffer.from(set, "base64"));
    return (out: Output) => new UnitDepayloader(nal, known, out);
  };
  if (codec === "h264" && Number(parameters.get("packetization-mode") ?? 0) > 1)
    throw unsupported(place, "H.264 in interleaved packets");
  if (codec === "h265" && Number(parameters.get("sprop-max-don-diff") ?? 0) > 0)
    throw unsupported(place, "H.265 in interleaved packets");
  const depayloader =
    codec === "h264"
      ? make(h264, ["sprop-parameter-sets"])
      : codec === "h265"
        ? make(h265, ["sprop-vps", "sprop-sps", "sprop-pps"])
        : (out: Output) => new JpegDepayloader(size, out);
  return { sessionControl, control, payloadType, codec, depayloader };
}

/** The first sound that browsers play, if any; of a description that trackOf could read. */
export function soundTrackOf(text: string, place: string): SoundTrack | undefined {
  const [, ...medias] = sectionsOf(text, place);
  const media = medias.find(([first = ""]) => /^m=audio\b/i.test(first));
  if (!media) return undefined;
  for (const { payloadType, name, rate, channels, fmtp } of soundFormats(media, place)) {
    const read = soundFormatOf(name, { rate, channels, parameters: parametersOf(fmtp, payloadType) });
    if (read) return { control: attribute(media, "control"), payloadType, ...read };
  }
  return undefined;
}

// What cannot be read is no reason to show no picture.
function soundFormats(media: readonly string[], place: string): ReturnType<typeof formatsOf> {
  try {
    return formatsOf(media, place);
  } catch {
    return [];
  }
}

/** What is said of the session, then of each of its media. */
function sectionsOf(text: string, place: string): string[][] {
  const lines = text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => /^[a-z]=./.test(line));
  if (lines.length === 0 || lines.length > mostLines) throw badSdp(place);
  const starts = lines.flatMap((line, index) => (line.startsWith("m=") ? [index] : []));
  return [0, ...starts].map((start, index) => lines.slice(start, starts[index]));
}

/** The formats of a media line with their names, which the numbers of RFC 3551 have without saying. */
function formatsOf(lines: readonly string[], place: string) {
  const wanted = lines.filter((line) => /^(?:m=|a=(?:rtpmap|fmtp):)/.test(line));
  let read: { rtp: unknown[]; fmtp: unknown[] };
  try {
    const [media] = parse(wanted.join("\r\n")).media;
    read = { rtp: media?.rtp ?? [], fmtp: media?.fmtp ?? [] };
  } catch {
    throw badSdp(place);
  }
  // What sdp-transform gives is not as typed where a camera has written something else.
  const maps = read.rtp as readonly { payload?: unknown; codec?: unknown; rate?: unknown; encoding?: unknown }[];
  const words = (lines[0] ?? "").split(/ +/).slice(3, 35);
  return words.flatMap((word) => {
    const payloadType = Number(word);
    const map = maps.find(({ payload }) => payload === payloadType);
    const [usual, usualRate] = numbered[payloadType] ?? [];
    if (!/^\d{1,3}$/.test(word) || payloadType > 127 || !(map ?? usual)) return [];
    const name = map ? String(map.codec).toUpperCase() : (usual ?? "");
    const rate = Number(map ? map.rate : usualRate);
    return [{ payloadType, name, rate, channels: Number(map?.encoding ?? 1), fmtp: read.fmtp }];
  });
}

const numbered: Readonly<Partial<Record<number, readonly [string, number]>>> = {
  0: ["PCMU", 8_000],
  8: ["PCMA", 8_000],
  26: ["JPEG", 90_000],
};

function readMedia(lines: readonly string[], place: string) {
  const formats = formatsOf(lines, place);
  for (const { name, payloadType, rate, fmtp } of formats) {
    const codec = codecs[name];
    if (codec && rate === 90_000) return [{ codec, payloadType }, parametersOf(fmtp, payloadType)] as const;
  }
  const names = formats.map(({ name }) => name);
  throw unsupported(place, names.slice(0, 3).join(", ").slice(0, 60) || "a codec without a name");
}

const codecs: Readonly<Partial<Record<string, Track["codec"]>>> = {
  H264: "h264",
  H265: "h265",
  HEVC: "h265",
  JPEG: "jpeg",
};

function parametersOf(fmtp: readonly unknown[], payloadType: number): Map<string, string> {
  const lines = fmtp as readonly { payload?: unknown; config?: unknown }[];
  const config = lines.find(({ payload }) => payload === payloadType)?.config;
  const text = typeof config === "string" ? config : "";
  const pairs = text.split(";").map((part): [string, string] => {
    const equals = part.indexOf("=");
    return equals < 0 ? [part.trim(), ""] : [part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim()];
  });
  return new Map(pairs);
}

function attribute(lines: readonly string[], name: string): string | undefined {
  const start = `a=${name}:`;
  return lines
    .find((line) => line.startsWith(start))
    ?.slice(start.length)
    .trim();
}

// `a=x-dimensions:2560,1440`, or `a=framesize:26 2560-1440` (3GPP TS 26.234).
function sizeOf(lines: readonly string[]): Size | undefined {
  const found = /^(?:\d+ +)?(\d{1,5})[,-](\d{1,5})$/.exec(
    attribute(lines, "x-dimensions") ?? attribute(lines, "framesize") ?? "",
  );
  const [width, height] = [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)];
  return width > 0 && height > 0 && width <= 16_384 && height <= 16_384 ? { width, height } : undefined;
}

/** Where a control attribute leads, as cameras mean it: behind the base, whatever RFC 3986 would make of it. */
export function controlUrl(control: string | undefined, base: string): string {
  if (control === undefined || control === "" || control === "*") return base;
  // It becomes part of a request's first line.
  const path = control.replace(/[^\x21-\x7e]/gu, (char) => encodeURIComponent(char));
  if (/^rtsps?:\/\//i.test(path)) return path;
  return base.endsWith("/") || path.startsWith("?") ? base + path : `${base}/${path}`;
}

const badSdp = (place: string): PorteroError =>
  giveUp("bad-sdp", `${place} describes its stream (SDP) in a way that cannot be read`);

const unsupported = (place: string, what: string): PorteroError =>
  giveUp("unsupported-video", `${place} sends ${what}: set it to H.264, H.265 or MJPEG`);
