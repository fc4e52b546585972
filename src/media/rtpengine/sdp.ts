// What rtpengine is told of a leg, as SDP: where its peer wants its sound and video, and in which codecs. Written from what
// the leg has settled; nothing that a peer wrote is passed on.
import { label, type Kind } from "../codec.ts";
import { kinds } from "../offer-answer.ts";
import { parseSdp } from "../sdp.ts";
import type { Remote } from "../worker/messages.ts";

/** Where rtpengine has opened ports for a leg. */
export interface Place {
  readonly address: string;
  readonly ports: ReadonlyMap<Kind, number>;
}

/** A line without an address: rtpengine keeps its ports for it and sends nothing. */
const nowhere = "0.0.0.0";
/** RFC 5737: leads nowhere, but has rtpengine look where packets come from. */
const anywhere = "192.0.2.1";
const discard = 9;

/**
 * Both kinds have their line always: a line that is given up would lose its ports. `at`: where it is to be found, if not
 * where its peer is.
 */
export function describe(id: number, remotes: ReadonlyMap<Kind, Remote>, at?: Place): string {
  const head = `v=0\r\no=- ${id} 1 IN IP4 ${nowhere}\r\ns=-\r\nt=0 0\r\n`;
  return head + kinds.map((kind) => mediaLines(kind, moved(remotes.get(kind), kind, at))).join("");
}

function moved(remote: Remote | undefined, kind: Kind, at: Place | undefined): Remote | undefined {
  const port = at?.ports.get(kind);
  if (!at || !remote) return remote;
  return port === undefined
    ? undefined
    : { ...remote, address: at.address, port, rtcpAddress: undefined, rtcpPort: port + 1 };
}

function mediaLines(kind: Kind, remote: Remote | undefined): string {
  if (!remote)
    return kind === "audio"
      ? lines(kind, discard, nowhere, "8", ["rtpmap:8 PCMA/8000", "inactive"])
      : lines(kind, discard, nowhere, "96", ["rtpmap:96 H264/90000", "inactive"]);
  const { sends, port, rtcpPort, rtcpAddress } = remote;
  // rtpengine goes on sending to a peer that holds, but for one without an address.
  const address = remote.send ? (remote.address ?? anywhere) : nowhere;
  return lines(kind, port, address, sends.map(({ payload }) => payload).join(" "), [
    ...sends.map((format) => `rtpmap:${format.payload} ${label(format)}`),
    ...sends.flatMap(({ payload, fmtp }) => (fmtp === undefined ? [] : [`fmtp:${payload} ${fmtp}`])),
    `rtcp:${rtcpPort}${remote.send && rtcpAddress !== undefined ? ` IN ${inWords(rtcpAddress)}` : ""}`,
    ...(remote.mux ? ["rtcp-mux"] : []),
    // As the peer sees it: it sends what we receive.
    remote.receive ? (remote.send ? "sendrecv" : "sendonly") : remote.send ? "recvonly" : "inactive",
  ]);
}

const inWords = (address: string): string => `IP${address.includes(":") ? 6 : 4} ${address}`;

const lines = (kind: Kind, port: number, address: string, list: string, attributes: readonly string[]): string =>
  `m=${kind} ${port} RTP/AVP ${list}\r\nc=IN ${inWords(address)}\r\na=${attributes.join("\r\na=")}\r\n`;

/** The ports in an answer of rtpengine. Throws giveUp "bad-sdp" where it cannot be read; undefined where it has no sound. */
export function placeOf(sdp: string): Place | undefined {
  const found = parseSdp(sdp).filter(({ port }) => port > 0);
  const ports = new Map<Kind, number>();
  for (const { type, port } of found) for (const kind of kinds) if (kind === type) ports.set(kind, port);
  const address = found.find(({ type }) => type === "audio")?.address;
  return address === undefined ? undefined : { address, ports };
}
