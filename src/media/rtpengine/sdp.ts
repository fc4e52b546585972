// What rtpengine is told of a leg, as SDP: where its peer wants its sound and video, and in which codecs. Written from what
// the leg has settled; nothing that a peer wrote is passed on.
import { isEvents, label, type Kind } from "../codec.ts";
import { kinds } from "../offer-answer.ts";
import { writeCrypto } from "../sdes.ts";
import { parseSdp } from "../sdp.ts";
import type { MasterKey } from "../suites.ts";
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

type Remotes = ReadonlyMap<Kind, Remote>;

/** Whether the leg is encrypted: a line without keys takes the protocol of its sound, since an offer has one for all. */
export const isSecured = (remotes: Remotes): boolean => remotes.get("audio")?.srtp !== undefined;

export const protocolOf = (remotes: Remotes): "RTP/SAVP" | "RTP/AVP" => (isSecured(remotes) ? "RTP/SAVP" : "RTP/AVP");

/**
 * Both kinds have their line always: a line that is given up would lose its ports. `keyed`: with the keys that its peer
 * encrypts with. `at`: where it is to be found, if not where its peer is.
 */
export function describe(remotes: Remotes, keyed: boolean, at?: Place): string {
  return written((kind) => {
    const remote = moved(remotes.get(kind), kind, at);
    return remote ? linesOf(kind, remote, keyed ? remote.srtp?.receive : undefined) : dark(kind, protocolOf(remotes));
  });
}

/** Leads nowhere, and names the keys with which we encrypt what goes to a leg. */
export function describeKeys(remotes: Remotes): string {
  const events = remotes.get("audio")?.sends.find(isEvents)?.payload;
  return written((kind) => dark(kind, protocolOf(remotes), remotes.get(kind)?.srtp?.send, events));
}

const written = (lineOf: (kind: Kind) => string): string =>
  `v=0\r\no=- 1 1 IN IP4 ${nowhere}\r\ns=-\r\nt=0 0\r\n${kinds.map(lineOf).join("")}`;

function moved(remote: Remote | undefined, kind: Kind, at: Place | undefined): Remote | undefined {
  const port = at?.ports.get(kind);
  if (!at || !remote) return remote;
  return port === undefined
    ? undefined
    : { ...remote, address: at.address, port, rtcpAddress: undefined, rtcpPort: port + 1 };
}

/** `events` is the number of telephone events on the other side: only of those that both have it tells what is pressed. */
function dark(kind: Kind, protocol: string, key?: MasterKey, events = 101): string {
  const [list, codecs] =
    kind === "audio"
      ? [`8 ${events}`, ["rtpmap:8 PCMA/8000", `rtpmap:${events} telephone-event/8000`]]
      : ["96", ["rtpmap:96 H264/90000"]];
  return lines(kind, discard, protocol, nowhere, list, [...codecs, ...crypto(key), "inactive"]);
}

function linesOf(kind: Kind, remote: Remote, key: MasterKey | undefined): string {
  const { sends, port, rtcpPort, rtcpAddress, srtp } = remote;
  // rtpengine goes on sending to a peer that holds, but for one without an address. With a new address it would count the
  // packets of SRTP anew, which its peer does not: there it is told to block.
  const reached = remote.send || srtp !== undefined;
  const address = reached ? (remote.address ?? anywhere) : nowhere;
  const list = sends.map(({ payload }) => payload).join(" ");
  return lines(kind, port, srtp ? "RTP/SAVP" : "RTP/AVP", address, list, [
    ...sends.map((format) => `rtpmap:${format.payload} ${label(format)}`),
    ...sends.flatMap(({ payload, fmtp }) => (fmtp === undefined ? [] : [`fmtp:${payload} ${fmtp}`])),
    ...crypto(key),
    `rtcp:${rtcpPort}${reached && rtcpAddress !== undefined ? ` IN ${inWords(rtcpAddress)}` : ""}`,
    ...(remote.mux ? ["rtcp-mux"] : []),
    // As the peer sees it: it sends what we receive.
    remote.receive ? (remote.send ? "sendrecv" : "sendonly") : remote.send ? "recvonly" : "inactive",
  ]);
}

/** The tag is ours on both sides of rtpengine: it tells its lines apart by it. */
const crypto = (key: MasterKey | undefined): string[] => (key ? [writeCrypto({ tag: "1", name: key.suite, key })] : []);

const inWords = (address: string): string => `IP${address.includes(":") ? 6 : 4} ${address}`;

const lines = (
  kind: Kind,
  port: number,
  protocol: string,
  address: string,
  list: string,
  attributes: readonly string[],
): string => `m=${kind} ${port} ${protocol} ${list}\r\nc=IN ${inWords(address)}\r\na=${attributes.join("\r\na=")}\r\n`;

/** The ports in an answer of rtpengine. Throws giveUp "bad-sdp" where it cannot be read; undefined where it has no sound. */
export function placeOf(sdp: string): Place | undefined {
  const found = parseSdp(sdp).filter(({ port }) => port > 0);
  const ports = new Map<Kind, number>();
  for (const { type, port } of found) for (const kind of kinds) if (kind === type) ports.set(kind, port);
  const address = found.find(({ type }) => type === "audio")?.address;
  return address === undefined ? undefined : { address, ports };
}
