// What a description (SDP) says of the way of WebRTC: ICE (RFC 8839), DTLS-SRTP (RFC 5763, 8122, 8842), and that several
// m-lines go one way (BUNDLE, RFC 9143). We are the lite side of ICE and the server of DTLS, whoever calls.
import { randomBytes } from "node:crypto";
import { packetization, same, type Format } from "./codec.ts";

/** Whether a leg is a browser's: not at all, as it likes when it calls, or always. */
export const webrtcModes = ["off", "auto", "required"] as const;
export type WebrtcMode = (typeof webrtcModes)[number];

export interface Fingerprint {
  readonly hash: "sha256" | "sha384" | "sha512";
  /** Pairs of hex digits with colons between. */
  readonly value: string;
}

/** What one side of ICE is known by (RFC 8839 §5.4). */
export interface IceCredentials {
  readonly ufrag: string;
  readonly password: string;
}

/** What an m-line of the other side says. */
export interface RemoteWebrtc extends IceCredentials {
  readonly fingerprints: readonly Fingerprint[];
  readonly setup: "active" | "passive" | "actpass";
  /** Whether it goes one way with the other lines of its bundle. */
  readonly bundled: boolean;
}

/** What we say of a leg's way. */
export interface LocalWebrtc extends IceCredentials {
  /** SHA-256 of our certificate. */
  readonly fingerprint: string;
  /** Where we may be reached; the likeliest first. */
  readonly addresses: readonly string[];
}

/** As it stands at an m-line. */
export interface WrittenWebrtc extends LocalWebrtc {
  readonly setup: "actpass" | "passive";
  readonly bundled: boolean;
}

/** The profiles of RFC 5764 §8; browsers write the second one. */
const profiles = new Set(["UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"]);
export const webrtcProfile = "UDP/TLS/RTP/SAVPF";
export const isWebrtc = (protocol: string): boolean => profiles.has(protocol);

/** RFC 8839 §5.4: letters and figures; 48 and 144 bits of chance. */
export const freshIce = (random: (count: number) => Buffer = randomBytes): IceCredentials => ({
  ufrag: random(6).toString("base64"),
  password: random(18).toString("base64"),
});

/** RFC 8122 §5. SHA-1 proves nothing any more. */
const hashes = new Map<string, { hash: Fingerprint["hash"]; bytes: number }>([
  ["sha-256", { hash: "sha256", bytes: 32 }],
  ["sha-384", { hash: "sha384", bytes: 48 }],
  ["sha-512", { hash: "sha512", bytes: 64 }],
]);

function parseFingerprint(text: string): Fingerprint[] {
  const [name = "", value = ""] = text.split(/ +/);
  const known = hashes.get(name.toLowerCase());
  const right = /^[\da-f]{2}(?::[\da-f]{2})*$/i.test(value) && value.length === 3 * (known?.bytes ?? 0) - 1;
  return known && right ? [{ hash: known.hash, value }] : [];
}

/** How browsers reach an engine. */
export interface Reach {
  /** SHA-256 of its certificate. */
  readonly fingerprint: string;
  /** Its addresses, that of the leg first. */
  addresses(advertise: string): readonly string[];
}

/** The attributes of a description, without `a=`: those of its own part, and of each m-line. */
export interface AttributeLines {
  readonly session: readonly string[];
  readonly media: readonly (readonly string[])[];
}

export function attributesIn(lines: readonly string[]): AttributeLines {
  const [session, media]: [string[], string[][]] = [[], []];
  for (const line of lines) {
    if (line.startsWith("m=")) media.push([]);
    else if (line.startsWith("a=")) (media.at(-1) ?? session).push(line.slice(2));
  }
  return { session, media };
}

const valuesOf = (lines: readonly string[], name: string): string[] =>
  lines.flatMap((line) => (line.toLowerCase().startsWith(`${name}:`) ? [line.slice(name.length + 1).trim()] : []));

/** RFC 5888 §4: the name of an m-line. */
export function midOf(lines: readonly string[]): string | undefined {
  const mid = valuesOf(lines, "mid")[0];
  return mid !== undefined && /^[\w!#$%&'*+.^`{|}~-]{1,64}$/.test(mid) ? mid : undefined;
}

/** RFC 9143 §6: port 0 does not refuse such a line. */
export const isBundleOnly = ({ media }: AttributeLines, index: number): boolean =>
  (media[index] ?? []).includes("bundle-only");

/** What the m-line at `index` says of WebRTC; undefined where something is missing. */
export function webrtcOf({ session, media }: AttributeLines, index: number): RemoteWebrtc | undefined {
  const own = media[index] ?? [];
  const mid = midOf(own);
  const groups = valuesOf(session, "group").map((value) => value.split(/ +/));
  const group = groups.find(([kind, ...mids]) => kind === "BUNDLE" && mid !== undefined && mids.includes(mid));
  // RFC 9143 §7.1.3: the first line of a bundle speaks for all of it; the session for whoever says nothing itself.
  const lead = group && media.find((lines) => midOf(lines) === group[1]);
  const parts = [lead ?? own, own, session];
  const one = (name: string) => parts.flatMap((lines) => valuesOf(lines, name))[0];
  const fingerprints =
    parts.map((lines) => valuesOf(lines, "fingerprint").flatMap(parseFingerprint)).find((list) => list.length > 0) ??
    [];
  const [ufrag = "", password = "", setup] = [one("ice-ufrag"), one("ice-pwd"), one("setup")?.toLowerCase()];
  if (!/^[A-Za-z\d+/]{4,256}$/.test(ufrag) || !/^[A-Za-z\d+/]{22,256}$/.test(password)) return undefined;
  if (setup !== "active" && setup !== "passive" && setup !== "actpass") return undefined;
  return fingerprints.length > 0 ? { ufrag, password, fingerprints, setup, bundled: group !== undefined } : undefined;
}

/** The lines of an m-line that goes to `port` (RFC 8839 §5.1: host candidates of the one component there is). */
export function webrtcLines({ ufrag, password, fingerprint, addresses, setup }: WrittenWebrtc, port: number): string[] {
  const candidate = (address: string, at: number) =>
    // §5.1.2.1 of RFC 8445: of host candidates, the earlier one is preferred.
    `candidate:${at + 1} 1 udp ${(126 * 2 ** 24 + (65_535 - at) * 2 ** 8 + 255) >>> 0} ${address} ${port} typ host`;
  return [
    `ice-ufrag:${ufrag}`,
    `ice-pwd:${password}`,
    `fingerprint:sha-256 ${fingerprint}`,
    `setup:${setup}`,
    ...addresses.map(candidate),
    "end-of-candidates",
  ];
}

/** RFC 6184 §8.1, the first two bytes of profile-level-id: what a decoder must know. */
const profileOf = ({ fmtp = "" }: Format): string | undefined =>
  /profile-level-id\s*=\s*([\da-f]{4})/i.exec(fmtp)?.[1]?.toLowerCase();

/**
 * Video as it is offered to a browser: whatever the bell's profile, as the one that all browsers know. Their decoders take
 * others too, but refuse them where they are named.
 */
export const browserFormat = (format: Format): Format =>
  format.name === "H264"
    ? {
        ...format,
        fmtp: `level-asymmetry-allowed=1;packetization-mode=${packetization(format)};profile-level-id=42e01f`,
      }
    : format;

/** Of what a browser offers, the format to answer with: in the bell's profile where it names that, and by its own words. */
export function browserVideo(offered: readonly Format[], settled: readonly Format[] | undefined): Format[] {
  if (!settled) return offered.slice(0, 1);
  for (const wanted of settled) {
    const fit = offered.filter((format) => same(format, wanted));
    const best = fit.find((format) => profileOf(format) === profileOf(wanted)) ?? fit[0];
    if (best) return [best];
  }
  return [];
}
