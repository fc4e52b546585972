// SDP (RFC 8866) to and from a model of our own. sdp-transform reads the lines; what it returns is treated as untyped,
// since a device may have written anything there, and only the lines we use are handed to it at all.
import { isIP } from "node:net";
import { parse } from "sdp-transform";
import { giveUp } from "../errors.ts";
import { knownName, label, staticFormats, type Format } from "./codec.ts";
import { parseCrypto, writeCrypto, type CryptoLine } from "./sdes.ts";
import {
  attributesIn,
  isBundleOnly,
  isWebrtc,
  midOf,
  webrtcLines,
  webrtcOf,
  type AttributeLines,
  type RemoteWebrtc,
  type WrittenWebrtc,
} from "./webrtc.ts";

export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** One m-line as the other side wrote it. */
export interface RemoteLine {
  readonly type: string;
  readonly port: number;
  readonly protocol: string;
  /** The format list verbatim, to be echoed when the line is refused (RFC 3264 §6). */
  readonly list: string;
  /** Formats with a codec we know, in the other side's order. */
  readonly formats: readonly Format[];
  /** Where it wants media; undefined when that is a name, multicast or nowhere. */
  readonly address?: string;
  readonly rtcp?: { readonly port: number; readonly address?: string };
  /** It can have RTCP on the RTP port (RFC 5761). */
  readonly mux: boolean;
  /** Hold by `c=0.0.0.0` (RFC 3264 §8.4, old form) is folded in. */
  readonly direction: Direction;
  readonly ptime?: number;
  readonly feedback: readonly string[];
  /** Keys of SRTP that we can use, as its writer prefers them, and whether it has any at all. */
  readonly crypto: readonly CryptoLine[];
  readonly keyed: boolean;
  /** Its name in the description (RFC 5888). */
  readonly mid?: string;
  /** How a browser is reached; absent where it is none, or does not say all of it. */
  readonly webrtc?: RemoteWebrtc;
}

/** One m-line as we write it; port 0 refuses it. */
export interface LocalLine {
  readonly type: string;
  readonly port: number;
  readonly protocol: string;
  readonly list?: string;
  readonly formats: readonly Format[];
  readonly direction: Direction;
  readonly ptime?: number;
  readonly mux?: boolean;
  readonly feedback: readonly string[];
  readonly crypto?: readonly CryptoLine[];
  readonly mid?: string | undefined;
  readonly webrtc?: WrittenWebrtc;
}

const longest = 32_768;
const wanted =
  /^(?:[cvost]=|m=|a=(?:rtpmap:|fmtp:|rtcp:|rtcp-fb:|rtcp-mux\s*$|ptime:|sendrecv\s*$|sendonly\s*$|recvonly\s*$|inactive\s*$))/;

/** Reads an SDP body. Throws giveUp "bad-sdp" and nothing else. */
export function parseSdp(text: string): RemoteLine[] {
  if (text.length > longest) throw bad(`it is longer than ${longest} characters`);
  const all = text.split(/\r\n|\r|\n/).map((line) => line.trim());
  const lines = all.filter((line) => wanted.test(line));
  if (lines[0] !== "v=0") throw bad('it does not start with "v=0"');
  const mLines = lines.filter((line) => line.startsWith("m="));
  if (mLines.length === 0) throw bad("it has no media line (m=)");
  if (mLines.length > 32) throw bad("it has more than 32 media lines");
  // Origin, name and time say nothing to us.
  const read = parse(lines.filter((line) => !/^[ost]=/.test(line)).join("\r\n"));
  const session = read as unknown as Loose;
  const [keys, attributes] = [keysIn(all), attributesIn(all)];
  return read.media.map((media, index) => {
    const line = remoteLine(mLines[index] ?? "", media as unknown as Loose, session, keys[index] ?? []);
    return { ...line, ...browserLine(line, attributes, index) };
  });
}

/** What is different about a browser's line: where it is, is found by ICE, and neither `c=` nor the port says anything. */
function browserLine(line: RemoteLine, attributes: AttributeLines, index: number): Partial<RemoteLine> {
  const mid = midOf(attributes.media[index] ?? []);
  const named = mid === undefined ? {} : { mid };
  if (!isWebrtc(line.protocol)) return named;
  const webrtc = webrtcOf(attributes, index);
  const port = line.port === 0 && isBundleOnly(attributes, index) ? discard : line.port;
  return { ...named, port, ...(webrtc && { webrtc }) };
}

/** RFC 8840 §4.1.1: the port of who does not know it yet. */
const discard = 9;

/** What stands behind `a=crypto:` at each m-line: sdp-transform would give the first of several parameters only. */
function keysIn(lines: readonly string[]): string[][] {
  const keys: string[][] = [];
  for (const line of lines) {
    if (line.startsWith("m=")) keys.push([]);
    else if (/^a=crypto:/i.test(line)) keys.at(-1)?.push(line.slice("a=crypto:".length));
  }
  return keys;
}

type Loose = Readonly<Record<string, unknown>>;

function remoteLine(line: string, media: Loose, session: Loose, keys: readonly string[]): RemoteLine {
  // sdp-transform does not understand a port count ("49170/2"), so the m-line is read here.
  const m = /^m=(\S+) +(\d{1,5})(?:\/\d+)? +(\S+)(?: +(.+))?$/.exec(line);
  const [, type, portText, protocol, list = ""] = m ?? [];
  if (type === undefined || protocol === undefined) throw bad(`the media line "${line.slice(0, 60)}" cannot be read`);
  const port = Number(portText);
  if (port > 65_535) throw bad(`port ${port} does not exist`);
  const connection = record(media.connection) ?? record(session.connection);
  const ip = connection?.ip;
  const browser = isWebrtc(protocol);
  const onHold = !browser && (ip === "0.0.0.0" || ip === "::");
  const address = browser ? undefined : unicast(ip);
  const rtcp = rtcpOf(record(media.rtcp));
  const ptime = Number(media.ptime);
  return {
    type,
    port,
    protocol,
    list,
    formats: formatsOf(list, media),
    ...(address !== undefined && { address }),
    ...(rtcp && { rtcp }),
    mux: media.rtcpMux !== undefined,
    direction: holding(directionOf(media.direction) ?? directionOf(session.direction) ?? "sendrecv", onHold),
    ...(ptime >= 5 && ptime <= 200 && { ptime: Math.round(ptime) }),
    feedback: feedbackOf(media),
    crypto: keys.flatMap((value) => parseCrypto(value) ?? []),
    keyed: keys.length > 0,
  };
}

function formatsOf(list: string, media: Loose): Format[] {
  const maps = records(media.rtp);
  const parameters = records(media.fmtp);
  const formats: Format[] = [];
  for (const word of list.split(/ +/).slice(0, 64)) {
    if (!/^\d{1,3}$/.test(word) || Number(word) > 127) continue;
    const payload = Number(word);
    if (formats.some((f) => f.payload === payload)) continue;
    const map = maps.find((r) => r.payload === payload);
    const fixed = map ? undefined : staticFormats.get(payload);
    const name = fixed?.name ?? (typeof map?.codec === "string" ? knownName(map.codec) : undefined);
    const rate = fixed?.rate ?? Number(map?.rate);
    if (name === undefined || !(rate > 0)) continue;
    const fmtp = cleanFmtp(parameters.find((p) => p.payload === payload)?.config);
    const channels = fixed?.channels ?? (Number(map?.encoding ?? 1) || 1);
    formats.push({ payload, name, rate, channels, ...(fmtp !== undefined && { fmtp }) });
  }
  return formats;
}

/** fmtp goes on to the other leg, so only what looks like parameters is kept. */
function cleanFmtp(config: unknown): string | undefined {
  const text = typeof config === "number" ? String(config) : typeof config === "string" ? config.trim() : "";
  return text.length > 0 && text.length <= 1000 && /^[\w\-.,;:=+/ ]+$/.test(text) ? text : undefined;
}

/** Key frame requests, the feedback that the relay passes on (RFC 4585 §6.3.1, RFC 5104 §4.3.1). */
export const relayedFeedback = ["nack pli", "ccm fir"];

function feedbackOf(media: Loose): string[] {
  const offered = new Set(records(media.rtcpFb).map((f) => `${String(f.type)} ${String(f.subtype)}`));
  return relayedFeedback.filter((f) => offered.has(f));
}

function rtcpOf(rtcp: Loose | undefined): { port: number; address?: string } | undefined {
  const port = Number(rtcp?.port);
  if (!(port > 0 && port <= 65_535)) return undefined;
  const address = unicast(rtcp?.address);
  return address === undefined ? { port } : { port, address };
}

function unicast(ip: unknown): string | undefined {
  if (typeof ip !== "string") return undefined;
  const family = isIP(ip);
  if (family === 0 || ip === "0.0.0.0" || ip === "::") return undefined;
  if (family === 4 && Number(ip.split(".")[0]) >= 224) return undefined;
  if (family === 6 && (ip.includes("%") || /^ff/i.test(ip))) return undefined;
  return ip;
}

function directionOf(value: unknown): Direction | undefined {
  return value === "sendrecv" || value === "sendonly" || value === "recvonly" || value === "inactive"
    ? value
    : undefined;
}

function holding(direction: Direction, onHold: boolean): Direction {
  if (!onHold) return direction;
  return direction === "sendrecv" || direction === "sendonly" ? "sendonly" : "inactive";
}

const record = (value: unknown): Loose | undefined =>
  typeof value === "object" && value !== null ? (value as Loose) : undefined;
const records = (value: unknown): Loose[] =>
  Array.isArray(value) ? value.map((v: unknown) => record(v)).filter((v) => v !== undefined) : [];

/** A sentence for whoever reads a log: the SDP of a device cannot be used, and why. */
export const bad = (why: string) =>
  giveUp("bad-sdp", `The other side's session description (SDP) cannot be used: ${why}.`);

/** Writes our SDP: lines in the order of RFC 8866 §5. The media goes to `place`, which is ours where it is absent. */
export function writeSdp(
  id: number,
  version: number,
  address: string,
  lines: readonly LocalLine[],
  place = address,
): string {
  const at = (one: string) => `IN IP${one.includes(":") ? 6 : 4} ${one}`;
  const session = `v=0\r\no=- ${id} ${version} ${at(address)}\r\ns=Portero\r\nc=${at(place)}\r\nt=0 0\r\n`;
  return session + browserSession(lines) + lines.map(mediaLines).join("");
}

/** RFC 8839 §5.3, RFC 9143 §7.2.1. */
function browserSession(lines: readonly LocalLine[]): string {
  const browsers = lines.filter(({ port, webrtc }) => port !== 0 && webrtc);
  if (browsers.length === 0) return "";
  const bundle = browsers.flatMap(({ mid, webrtc }) => (webrtc?.bundled && mid !== undefined ? [mid] : []));
  return `a=ice-lite\r\n${bundle.length > 0 ? `a=group:BUNDLE ${bundle.join(" ")}\r\n` : ""}`;
}

function mediaLines(line: LocalLine): string {
  const { type, port, protocol, formats, feedback, ptime, mux, crypto = [], mid, webrtc } = line;
  let text = `m=${type} ${port} ${protocol} ${line.list ?? formats.map((f) => f.payload).join(" ")}\r\n`;
  const add = (attribute: string) => (text += `a=${attribute}\r\n`);
  if (mid !== undefined) add(`mid:${mid}`);
  if (port === 0) return text;
  if (webrtc) for (const one of webrtcLines(webrtc, port)) add(one);
  for (const f of formats) add(`rtpmap:${f.payload} ${label(f)}`);
  for (const f of formats) if (f.fmtp !== undefined) add(`fmtp:${f.payload} ${f.fmtp}`);
  for (const f of feedback) add(`rtcp-fb:* ${f}`);
  if (mux) add("rtcp-mux");
  for (const key of crypto) add(writeCrypto(key));
  if (ptime !== undefined) add(`ptime:${ptime}`);
  return add(line.direction);
}

/** The parts of a line of ours that say what it was for. */
export const unused = ({ type, protocol, list, formats, mid }: LocalLine) => ({
  ...{ type, protocol, list: list ?? formats.map((f) => f.payload).join(" "), ...(mid !== undefined && { mid }) },
});

/** RFC 3264 §6: a refused line keeps its kind, protocol and formats, with port 0. */
export const refused = ({
  type,
  protocol,
  list,
  mid,
}: Pick<RemoteLine, "type" | "protocol" | "list" | "mid">): LocalLine => ({
  mid,
  type,
  port: 0,
  protocol,
  list,
  formats: [],
  direction: "inactive",
  feedback: [],
});
