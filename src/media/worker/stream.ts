// One m-line of one session inside the worker: a port pair, its peer, and the way of its packets to another stream. Where
// SRTP is agreed, it stands before the checks and before `wire`; everything between sees plain RTP.
import { writeHost } from "../../ip.ts";
import { isEvents, isUnderstood, type Format } from "../codec.ts";
import type { Kind, Remote, Route } from "./messages.ts";
import { Inbound } from "./inbound.ts";
import { Latch } from "./latch.ts";
import { Outbound } from "./outbound.ts";
import { Payloads } from "./payloads.ts";
import { relayControl } from "./control.ts";
import { Reports } from "./reports.ts";
import { asksForPicture, compound, isControl, packets } from "./rtcp.ts";
import { ahead, payloadOf, payloadType, rtpPacket, sequenceOf, ssrcOf, timestampOf } from "./rtp.ts";
import { Srtp } from "./srtp/leg.ts";
import { Hearing } from "./audio/hearing.ts";
import { Saying } from "./audio/saying.ts";
import { Audience } from "./video/audience.ts";
import { PictureRequests } from "./video/picture-requests.ts";
import type { Metronome } from "./metronome.ts";

/** The two sockets of a port pair, as a stream sees them. */
export interface Wire {
  rtp(packet: Buffer, port: number, address: string): void;
  rtcp(packet: Buffer, port: number, address: string): void;
}

export interface StreamDeps {
  /** Milliseconds; only differences count. */
  readonly now: () => number;
  readonly random: () => number;
  /** Whether an address is one of our own media ports: media to it would go round in a circle. */
  readonly isOwn: (address: string, port: number) => boolean;
  /** The peer's camera is to send a whole picture, and understands no request by RTCP. */
  readonly wantPicture?: () => void;
  /** Video has several receivers, and late ones. Without it, it is passed on like sound. */
  readonly metronome?: Pick<Metronome, "add">;
}

/** Somebody who hears what a peer sends: digits, a mixer, a recorder. */
export interface Ear {
  /** Whether it waits for the peer to send something. */
  readonly expects?: boolean;
  /**
   * A packet that passed all checks, before it is passed on; `sound` where it is in a codec that we understand. True: kept; it
   * is not passed on.
   */
  heard(packet: Buffer, format: Format, now: number, sound: Hearing | undefined): boolean;
}

/** What comes from a browser was opened on its way here, with what comes from its other streams (webrtc/bundle.ts). */
const opened: Pick<Srtp, "unprotect" | "unprotectControl" | "protect" | "protectControl"> = {
  unprotect: (packet) => packet,
  unprotectControl: (packet) => packet,
  protect: (packet) => packet,
  protectControl: (packet) => packet,
};

/** Far less than who ends silent calls waits. */
const quietMs = 2000;
/** Who has sent nothing for so long may have gone. */
const thereMs = 15_000;
/** A packet of it. */
const silence = new Int16Array(160);

export class Stream {
  readonly kind: Kind;
  readonly in = new Inbound();
  readonly out: Outbound;
  readonly reports: Reports;
  readonly #latch = new Latch();
  readonly #wire: Wire;
  readonly #deps: StreamDeps;
  #to: Stream | undefined;
  /** Streams whose packets come here. */
  readonly #sources = new Set<Stream>();
  #remote: Remote | undefined;
  #srtp: Srtp | typeof opened | undefined;
  #rtcpAddress: string | undefined;
  #rtcpPort = 0;
  readonly #requests = new PictureRequests();
  /** Who sees what its peer sends. */
  readonly #audience: Audience | undefined;
  /** When something last came from the peer; −1 = nothing since the stream was set up. */
  lastHeard = -1;
  readonly #payloads = new Payloads();
  #ears: readonly Ear[] = [];
  readonly #hearing = new Hearing();
  #saying = new Saying();
  /** Who has the floor: the last one. */
  #floor: readonly object[] = [];
  #packetsBefore = -1;
  #quietSince = 0;

  constructor(kind: Kind, wire: Wire, deps: StreamDeps) {
    this.kind = kind;
    this.#wire = wire;
    this.#deps = deps;
    this.out = new Outbound(deps.random);
    this.reports = new Reports(this.in, this.out, deps.random);
    const { metronome, now } = deps;
    this.#audience = kind === "video" && metronome ? new Audience(this, { metronome, now }) : undefined;
  }

  /** How many packets more than its peer sent were passed on. */
  get inserted(): number {
    return this.#audience?.sets.inserted ?? 0;
  }

  /** Whether the peer should be sending something that somebody gets. */
  get expectsMedia(): boolean {
    const awaited = this.#to !== undefined || this.#ears.some(({ expects }) => expects);
    return awaited && this.receives;
  }

  /** Whether the peer may be sending. */
  get receives(): boolean {
    return this.#remote?.receive === true;
  }

  /** The last whole picture of its peer's camera. */
  get keyFrame(): ReturnType<Audience["keyFrame"]> {
    return this.#audience?.keyFrame();
  }

  /** Where its media comes from, or is expected from. */
  get peer(): string | undefined {
    const { address, port } = this.#latch;
    return address === undefined ? undefined : `${writeHost(address)}:${port}`;
  }

  /** Whether the peer may be sent something and is to be found. */
  get maySend(): boolean {
    return this.#remote?.send === true && this.#latch.address !== undefined;
  }

  /** What the peer is sent: the first codec that it takes, by its number. */
  get codec(): Format | undefined {
    return this.#remote?.sends.find((format) => !isEvents(format));
  }

  /** RFC 4733 events as the peer takes them, of the codec's clock rate where it has them. */
  get events(): Format | undefined {
    const all = this.#remote?.sends.filter(isEvents) ?? [];
    return all.find(({ rate }) => rate === this.codec?.rate) ?? all[0];
  }

  setRemote(remote: Remote): void {
    const spoken = this.codec?.name;
    this.#remote = remote;
    if (this.codec?.name !== spoken) this.#saying = new Saying();
    this.#payloads.receive(remote.receives);
    const before = this.#srtp instanceof Srtp ? this.#srtp : undefined;
    this.#srtp = remote.way ? opened : remote.srtp && new Srtp(remote.srtp, before);
    this.#latch.expect(remote.address, remote.port, remote.near);
    this.#rtcpAddress = remote.rtcpAddress ?? remote.address;
    this.#rtcpPort = remote.rtcpPort;
    if (remote.parameterSets !== undefined) this.#audience?.sets.describe(remote.parameterSets);
  }

  setRoutes(to: Stream | undefined, routes: readonly Route[]): void {
    if (this.#to && this.#to !== to) this.show(this.#to, []);
    if (to) to.#sources.add(this);
    this.#to = to;
    if (to) this.show(to, routes);
    this.#payloads.route(routes);
  }

  /** Shows what its peer sends to one more stream, beside all others; without routes not any more. */
  show(to: Stream, routes: readonly Route[]): void {
    if (routes.length === 0) {
      this.#audience?.leave(to);
      to.#sources.delete(this);
      return;
    }
    to.#sources.add(this);
    if (this.#audience?.join(to, routes)) this.requestPicture();
  }

  /** Its peer is there, beyond doubt, whatever its description says; what it may have missed of a picture begins anew. */
  follow(address: string, port: number): void {
    const found = this.#latch.address === undefined;
    this.#latch.follow(address, port);
    if (found) for (const source of this.#sources) source.#again(this);
  }

  #again(to: Stream): void {
    if (this.#audience?.again(to)) this.requestPicture();
  }

  /** Until the returned function is called, `ear` hears what the peer sends. */
  hear(ear: Ear): () => void {
    this.#ears = [...this.#ears, ear];
    return () => (this.#ears = this.#ears.filter((other) => other !== ear));
  }

  /** Gives the floor to a speaker until the returned function is called: only what it sends leaves. The last taker has it. */
  take(speaker: object): () => void {
    this.#saying.leave();
    this.#floor = [...this.#floor, speaker];
    return () => (this.#floor = this.#floor.filter((other) => other !== speaker));
  }

  /** Sends samples that `speaker` made, in the codec that the peer takes; nothing where it has not the floor, or that codec is not ours. */
  say(speaker: object, sequence: number, timestamp: number, samples: Int16Array, marked = false): void {
    const { codec } = this;
    if (!codec || !isUnderstood(codec) || !this.#admits(speaker)) return;
    const packet = rtpPacket(sequence, timestamp, samples.length);
    if (marked) packet.writeUInt8(0x80, 1);
    this.#saying.encode(samples, codec, payloadOf(packet));
    this.speak(speaker, packet, codec);
  }

  /** Sends a packet that `speaker` made (see rtpPacket), with numbers and times of its own; nothing where it has not the floor. */
  speak(speaker: object, packet: Buffer, { payload, rate }: Pick<Format, "payload" | "rate">): void {
    this.pass(packet, speaker, payload, rate, this.#deps.now());
  }

  /** Nothing goes to it or from it any more. */
  close(): void {
    [this.#ears, this.#floor, this.#remote] = [[], [], undefined];
    for (const source of this.#sources) source.#leave(this);
    this.setRoutes(undefined, []);
    this.#audience?.end();
  }

  #leave(to: Stream): void {
    this.show(to, []);
    if (this.#to === to) this.setRoutes(undefined, []);
  }

  /** A datagram on the RTP port. */
  receive(datagram: Buffer, address: string, port: number): void {
    if (this.#remote?.mux && isControl(datagram)) return this.receiveControl(datagram, address, port);
    const remote = this.#remote;
    if (!remote?.receive || this.#deps.isOwn(address, port)) return;
    const packet = this.#srtp ? this.#srtp.unprotect(datagram) : datagram;
    const payload = packet && this.#payloads.find(payloadType(packet));
    if (!packet || !payload) return;
    const ssrc = ssrcOf(packet);
    const sequence = sequenceOf(packet);
    if (this.#srtp) this.#follow(address, port, ssrc, sequence);
    else if (!this.#latch.admits(address, port, ssrc, sequence)) return;
    const now = this.#deps.now();
    this.in.count(ssrc, sequence, timestampOf(packet), payload.rate, now);
    this.lastHeard = now;
    const to = this.#to;
    // Most packets: what follows would change nothing.
    const straight = payload.straight && this.#ears.length === 0 && !this.#audience;
    if (straight && payload.to && to && to.#admits(this))
      return to.#send(packet, this, payload.to.payload, payload.to.rate, now);
    const { format } = payload;
    const sound = payload.understood ? this.#hearing : undefined;
    const order = sound?.next(packet, format, now);
    if (order === "old") return;
    // What begins another count is to the other side as another source is.
    if (order === "anew") to?.out.leave(this);
    let kept = false;
    for (const ear of this.#ears) kept = ear.heard(packet, format, now, sound) || kept;
    if (this.#audience && !kept) return this.#audience.pass(packet);
    const way = kept ? undefined : payload.to;
    if (!to) return;
    if (way && to.#admits(this)) {
      if (sound) to.#saying.pass(sound, format, way.codec, packet);
      return to.#send(packet, this, way.payload, way.rate, now);
    }
    if (sound) to.#saying.leave(sound);
    if (!way) to.out.skip(this);
  }

  /** An authentic packet shows where the peer is, also where it has moved; one that was overtaken does not. */
  #follow(address: string, port: number, ssrc: number, sequence: number): void {
    const newest = ssrc !== this.in.ssrc || ahead(sequence, this.in.highest & 0xffff) > 0;
    if (newest) this.#latch.follow(address, port);
  }

  /** Sends a packet of `source` to the peer as `payload` of clock rate `rate`, rewritten in place. */
  pass(packet: Buffer, source: object, payload: number, rate: number, now: number): void {
    if (this.#admits(source)) this.#send(packet, source, payload, rate, now);
  }

  #send(packet: Buffer, source: object, payload: number, rate: number, now: number): void {
    this.out.rewrite(packet, source, payload, rate, now);
    const { address, port } = this.#latch;
    const sent = this.#srtp ? this.#srtp.protect(packet) : packet;
    if (sent && address !== undefined) this.#wire.rtp(sent, port, address);
  }

  /** Whether what a source says goes out: nobody else has the floor, the peer may be sent something and is to be found. */
  #admits(source: object): boolean {
    const { address, port } = this.#latch;
    if (this.#floor.length > 0 && this.#floor.at(-1) !== source) return false;
    return this.#remote?.send === true && address !== undefined && !this.#deps.isOwn(address, port);
  }

  /** A datagram on the RTCP port, or RTCP on the other one where both are one. */
  receiveControl(datagram: Buffer, address: string, port: number): void {
    if (!this.#remote || !isControl(datagram) || address !== (this.#rtcpAddressNow() ?? "")) return;
    const packet = this.#srtp ? this.#srtp.unprotectControl(datagram) : datagram;
    if (!packet || this.#deps.isOwn(address, port)) return;
    const now = this.#deps.now();
    this.lastHeard = now;
    // Behind a NAT the RTCP port is not the one in the SDP.
    this.#rtcpAddress = address;
    this.#rtcpPort = port;
    this.reports.heard(packet, now);
    const { source } = this.out;
    if (source instanceof Stream && packets(packet).some((one) => asksForPicture(one, this.out.ssrc)))
      source.requestPicture();
    const to = this.#to;
    const rewritten = to && relayControl(packet, this, to);
    if (!rewritten) return;
    to.reports.passed(rewritten, now);
    to.#sendControl(rewritten);
  }

  /**
   * Sends silence where nothing was sent for a while though the peer talks with somebody who is there, or with us (`alone`):
   * many take the call for dead else (RFC 6263). To be called every second or so.
   */
  keepAlive(alone: boolean): void {
    const now = this.#deps.now();
    const talks = !this.#remote?.away && (alone || [...this.#sources].some((source) => source.#isThere(now)));
    const isQuiet = this.out.packets === this.#packetsBefore;
    if (talks && isQuiet && now - this.#quietSince >= quietMs) this.say({}, 0, 0, silence);
    if (this.out.packets !== this.#packetsBefore) [this.#packetsBefore, this.#quietSince] = [this.out.packets, now];
  }

  #isThere(now: number): boolean {
    return !this.receives || (this.lastHeard >= 0 && now - this.lastHeard < thereMs);
  }

  /** Sends our own report to the peer where it is time for one; to be called every second or so. */
  report(): void {
    const report = this.#remote && this.reports.due(this.#deps.now());
    if (report) this.#sendControl(report);
  }

  /** Asks the peer's camera for a whole picture, in the way it understands. */
  requestPicture(): void {
    if (this.kind !== "video" || !this.#remote?.receive) return;
    const we = this.out.ssrc;
    const request = this.#requests.next(this.#remote.feedback ?? [], we, this.in.ssrc, this.#deps.now());
    if (request === "signal") this.#deps.wantPicture?.();
    else if (request) this.#sendControl(compound(we, undefined, [], [request]));
  }

  #sendControl(packet: Buffer): void {
    const { mux } = this.#remote ?? {};
    const address = mux ? this.#latch.address : this.#rtcpAddressNow();
    const port = mux ? this.#latch.port : this.#rtcpPort;
    if (!this.#remote || address === undefined || port === 0 || this.#deps.isOwn(address, port)) return;
    const sent = this.#srtp ? this.#srtp.protectControl(packet) : packet;
    if (sent) this.#wire[mux ? "rtp" : "rtcp"](sent, port, address);
  }

  /** RTCP follows RTP: once that is locked to an address, only this address counts. */
  #rtcpAddressNow(): string | undefined {
    return this.#latch.locked ? this.#latch.address : this.#rtcpAddress;
  }
}
