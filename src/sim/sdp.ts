// Session descriptions of a simulated device: one audio stream with G.711 and telephone events. RFC 8866 (SDP), RFC 3264
// (offer and answer).
import type { Law } from "./g711.ts";

export interface Codec {
  readonly law: Law;
  readonly payloadType: number;
}

/** The other side's audio. */
export interface RemoteAudio {
  readonly address: string;
  readonly port: number;
  /** In the order of its preference. */
  readonly codecs: readonly Codec[];
  /** The payload type of its telephone events. */
  readonly events?: number;
  /** Whether it wants to receive: not while it holds the call. */
  readonly receives: boolean;
  /** Its media lines, all of them: an answer needs one for each (RFC 3264 §6). */
  readonly lines: readonly string[];
}

export interface LocalAudio {
  readonly address: string;
  readonly port: number;
  readonly codecs: readonly Codec[];
  readonly events?: number;
  /** Marks the session; raised by one with each new description (RFC 8866 §5.2). */
  readonly session: { readonly id: number; readonly version: number };
  /** Whether the other side wants to receive. */
  readonly sends?: boolean;
}

export const ownCodecs: readonly Codec[] = [
  { law: "PCMA", payloadType: 8 },
  { law: "PCMU", payloadType: 0 },
];
export const ownEvents = 101;

/** An offer, or an answer to a description with `lines`: what is not our audio is refused with port 0. */
export function writeSdp(local: LocalAudio, lines: readonly string[] = ["audio"]): string {
  const { address, codecs, events, session } = local;
  const family = address.includes(":") ? "IP6" : "IP4";
  const types = [...codecs.map((codec) => codec.payloadType), ...(events === undefined ? [] : [events])];
  const audio = [
    `m=audio ${local.port} RTP/AVP ${types.join(" ")}`,
    ...codecs.map(({ law, payloadType }) => `a=rtpmap:${payloadType} ${law}/8000`),
    ...(events === undefined ? [] : [`a=rtpmap:${events} telephone-event/8000`, `a=fmtp:${events} 0-15`]),
    "a=ptime:20",
    local.sends === false ? "a=recvonly" : "a=sendrecv",
  ];
  const ours = lines.findIndex(isAudio);
  const media = lines.flatMap((line, index) => (index === ours ? audio : [refused(line)]));
  return (
    [
      "v=0",
      `o=- ${session.id} ${session.version} IN ${family} ${address}`,
      "s=simulated",
      `c=IN ${family} ${address}`,
      "t=0 0",
      ...media,
    ].join("\r\n") + "\r\n"
  );
}

const isAudio = (line: string) => line.startsWith("audio");
const refused = (line: string) => "m=" + line.replace(/^(\S+) \S+/, "$1 0");

/** The first audio of a description; undefined where there is none that we could talk to. */
export function readSdp(text: string): RemoteAudio | undefined {
  const rows = text.split(/\r?\n/);
  const firstMedia = rows.findIndex((row) => row.startsWith("m="));
  const start = rows.findIndex((row) => row.startsWith("m=audio "));
  if (start < 0) return undefined;
  const length = rows.slice(start + 1).findIndex((row) => row.startsWith("m="));
  const audio = rows.slice(start, length < 0 ? undefined : start + 1 + length);
  const session = rows.slice(0, firstMedia);
  const [, port, protocol, ...types] = (audio[0] ?? "").trim().split(/\s+/);
  if (protocol !== "RTP/AVP") return undefined;
  const address = (find(audio, /^c=IN IP[46] (\S+)/) ?? find(session, /^c=IN IP[46] (\S+)/))?.split("/")[0];
  if (address === undefined || !Number(port)) return undefined;
  const named = new Map<number, string>([
    [0, "PCMU/8000"],
    [8, "PCMA/8000"],
  ]);
  for (const row of audio) {
    const map = /^a=rtpmap:(\d+) (\S+)/.exec(row);
    if (map?.[1] && map[2]) named.set(Number(map[1]), map[2].toUpperCase());
  }
  const offered = types.map(Number);
  const codecs = offered.flatMap((payloadType): Codec[] => {
    const name = named.get(payloadType);
    if (name !== "PCMA/8000" && name !== "PCMU/8000") return [];
    return [{ law: name === "PCMA/8000" ? "PCMA" : "PCMU", payloadType }];
  });
  if (codecs.length === 0) return undefined;
  const direction = /^a=(sendrecv|sendonly|recvonly|inactive)$/;
  const stated = find(audio, direction) ?? find(session, direction) ?? "sendrecv";
  const events = offered.find((type) => named.get(type) === "TELEPHONE-EVENT/8000");
  return {
    ...{ address, port: Number(port), codecs },
    ...(events === undefined ? {} : { events }),
    // An address of zeros is the old way to hold a call (RFC 3264 §8.4).
    receives: (stated === "sendrecv" || stated === "recvonly") && address !== "0.0.0.0",
    lines: rows.filter((row) => row.startsWith("m=")).map((row) => row.slice(2).trim()),
  };
}

const find = (rows: readonly string[], pattern: RegExp): string | undefined => {
  for (const row of rows) {
    const found = pattern.exec(row.trim());
    if (found) return found[1];
  }
  return undefined;
};
