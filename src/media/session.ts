// One leg's media: its offer/answer machine and the handle on its ports in the worker. Knows SDP, no SIP; signalling
// carries the bodies it makes and brings those of the other side.
import { EventEmitter } from "node:events";
import type { PorteroError } from "../errors.ts";
import { usualDtmf, type DtmfOptions } from "../dtmf.ts";
import { isEvents, isG711, isUnderstood, type CodecName, type Kind } from "./codec.ts";
import type { DigitHearing, MediaDigit, MediaWay, Pressed } from "./digits.ts";
import type { KeyFrame } from "./key-frames.ts";
import { mayReceive, maySend, passesEvents, speech, type Agreed } from "./negotiate.ts";
import type { Gateway } from "./gateway.ts";
import { kinds, OfferAnswer } from "./offer-answer.ts";
import { Playbacks, type Playback } from "./playback.ts";
import type { WebrtcMode } from "./webrtc.ts";
import { SessionPorts } from "./session-ports.ts";
import type { Encryption } from "./sdes.ts";
import type { Direction } from "./sdp.ts";
import type { Sound } from "./sound.ts";
import { codecOf, statsOf, type MediaStats } from "./stats.ts";
import type { SuiteName } from "./suites.ts";
import { noCounts, type Counts, type ToWorker } from "./worker/messages.ts";

/** What a session needs of the engine it belongs to. */
export interface SessionHost {
  /** Our address in SDP. */
  advertise(): string;
  random(): number;
  post(message: ToWorker): void;
  /** How browsers reach the engine; absent where they cannot. */
  gateway?(): Gateway;
  /** A pair of ports for a further m-line, where one is left. */
  port(session: MediaSession, kind: Kind): number | undefined;
  /** Routes to and from the session's peer are to be worked out again. */
  renegotiated(session: MediaSession): void;
  stats(session: MediaSession): Promise<Counts>;
  /** Absent where pictures do not come by here. */
  keyFrame?(session: MediaSession): Promise<KeyFrame | undefined>;
  sendDigit(session: MediaSession, digit: MediaDigit): Promise<boolean>;
  close(session: MediaSession, unused: readonly number[]): Promise<Counts>;
}

interface MediaEvents {
  silent: [];
  heard: [];
  /** The peer's camera is to be asked for a whole picture, by signalling. */
  pictureWanted: [];
  closed: [MediaStats];
  digit: [Pressed];
  /** Something was settled, at first or anew. */
  settled: [];
}

export class MediaSession extends EventEmitter<MediaEvents> {
  readonly id: string;
  /** The session's number in the worker. */
  readonly number: number;
  readonly #host: SessionHost;
  readonly #ports: SessionPorts;
  readonly #sdp: OfferAnswer;
  /** Its ports are another program's, which passes on what comes and makes nothing of its own. */
  readonly #elsewhere: boolean;
  /** What is played to its peer; for Media, which hears of its end. */
  readonly playbacks: Playbacks;
  /** How digits are sent to its peer, for who sends them. */
  dtmf: DtmfOptions = usualDtmf;
  /** Whether its peer may send to another one's, past us: a setting, for who connects the two. */
  direct = false;
  /** Brings the media back to us, where it may go past us; set by who connects the two. */
  comeBack: (() => Promise<void>) | undefined;
  #suite: SuiteName | undefined;
  #failed: PorteroError | undefined;
  #hearing: DigitHearing | undefined;
  #silenceMs: number | undefined;
  #awaited: boolean | undefined;
  #final: MediaStats | undefined;
  #closing: Promise<void> | undefined;

  /** Made by an engine with the port of its sound; `address` is where that is, if not at ours. */
  constructor(host: SessionHost, number: number, port: number, address?: string) {
    super();
    this.#host = host;
    this.number = number;
    this.id = `media-${number}`;
    const more = (kind: Kind) => (this.#closing ? undefined : host.port(this, kind));
    this.#ports = new SessionPorts(number, more, (message) => host.post(message));
    this.#ports.keep("audio", port);
    const id = Math.floor(host.random() * 2 ** 32);
    this.#elsewhere = address !== undefined;
    const reach = host.gateway?.();
    const advertise = address ?? host.advertise();
    const elsewhere = this.#elsewhere && { turns: isG711 };
    this.#sdp = new OfferAnswer({ advertise, ports: this.#ports, id, ...(reach && { reach }), ...elsewhere });
    this.playbacks = new Playbacks(number, (message) => host.post(message));
  }

  /** Keeps a port for an m-line that may come. */
  reserve(kind: Kind, port: number): void {
    this.#ports.keep(kind, port);
  }

  /** Our address in this leg's SDP, as its peer can reach it; to be set before the first offer or answer. */
  set advertise(address: string) {
    if (!this.#elsewhere) this.#sdp.advertise = address;
  }

  /** Where the call's signalling comes from: plain RTP from elsewhere is nobody's where the SDP names that host; before receiveAnswer or answer. */
  host: string | undefined;

  /** The codecs that its peer may use, in this order; all that we know where it is undefined. As `advertise`. */
  set codecs(names: readonly CodecName[] | undefined) {
    this.#sdp.codecs = names;
  }

  /** Whether SRTP is offered to its peer, and insisted on; what the peer offers is always taken. As `advertise`. */
  set encryption(encryption: Encryption | undefined) {
    this.#sdp.encryption = encryption ?? "off";
  }

  /** Whether its peer is a browser, or may be one. As `advertise`. */
  set webrtc(mode: WebrtcMode | undefined) {
    this.#sdp.webrtc = mode ?? "auto";
  }

  /** After so long without anything from its peer it counts as silent; 0 = never; as the engine has it where it is undefined. */
  get silenceMs(): number | undefined {
    return this.#silenceMs;
  }

  set silenceMs(ms: number | undefined) {
    this.#silenceMs = ms;
    this.#tellSilence();
  }

  /** Whether something is to come from its peer though nobody gets it: the peer is to be heard, or it has gone. */
  set awaited(on: boolean) {
    this.#awaited = on;
    this.#tellSilence();
  }

  #tellSilence(): void {
    const [ms, awaited] = [this.#silenceMs, this.#awaited];
    if (!kinds.some((kind) => this.#ports.isOpen(kind)) || (ms === undefined && awaited === undefined)) return;
    this.#host.post({ type: "silence", session: this.number, ms, awaited: awaited ?? false });
  }

  /** The suite that its sound is encrypted with; undefined = plain RTP. */
  get encrypted(): SuiteName | undefined {
    const agreed = this.#sdp.agreed("audio");
    return agreed?.webrtc ? this.#suite : agreed?.secured?.own.key.suite;
  }

  /** Why there is no sound any more, for who hears of `closed` without having closed it. */
  get lost(): string {
    return this.#failed?.message ?? "the sound of the call was lost";
  }

  /** Nobody can be heard there: it ends; for Media. */
  fail(why: PorteroError): void {
    this.#failed ??= why;
    void this.close();
  }

  /** What the handshake with a browser has come to; for Media. */
  secured(suite: SuiteName): void {
    this.#suite = suite;
  }

  /** The negotiated audio codec, "PCMA/8000". */
  get codec(): string | undefined {
    return codecOf(this.#sdp.agreed("audio"));
  }

  /** Lets it talk nothing but what we understand from the next offer or answer on; false where nothing would be left: it stays as it was. */
  limitToUnderstood(): boolean {
    return this.#sdp.limitToUnderstood();
  }

  /** Takes that back. */
  unlimit(): void {
    this.#sdp.understood = false;
  }

  /** Whether its codec is turned into others: then it can be put into a conference and recorded, too. */
  get mixable(): boolean {
    const codec = speech(this.#sdp.agreed("audio")?.send ?? []);
    return codec !== undefined && this.#sdp.turns(codec);
  }

  /** What is settled for an m-line; for Media's routing. */
  agreed(kind: Kind): Agreed | undefined {
    return this.#sdp.agreed(kind);
  }

  /**
   * An offer (SDP) to send on this leg. `like` is the leg it is to be bridged with: its codecs in its order, the G.711
   * law it lacks, its video, and its direction, so that a hold is passed on. Without `like`, G.711 at first, later the
   * same again; "conference": what we understand and no video, for a leg that is to be mixed. The o= version goes up when something changed. `direction` is that of its sound, where it is not to
   * follow from `like`.
   */
  offer(like?: MediaSession | "conference", direction?: Direction): string {
    return this.#sdp.offer(like instanceof MediaSession ? like.#sdp : like, direction);
  }

  /** An offer that sends its peer to the other's, past us; undefined where the two cannot do without us. */
  offerOf(other: MediaSession): string | undefined {
    return this.#elsewhere ? undefined : this.#sdp.offerOf(other.#sdp);
  }

  /** Whether its peer was told last to send past us; it may have refused. */
  get away(): boolean {
    return this.#sdp.away;
  }

  /** Whether the offer that waits for an answer has something of this kind that can be carried. */
  offers(kind: Kind): boolean {
    return this.#sdp.offers(kind);
  }

  /** The remote's answer to our offer. Throws giveUp "bad-sdp" or "no-codec"; the session then stays as it was. */
  receiveAnswer(sdp: string): void {
    if (this.#sdp.receiveAnswer(sdp)) this.#apply();
  }

  /** The remote's offer, first or repeated; takes effect with answer(). Throws giveUp "bad-sdp" or "no-codec". */
  receiveOffer(sdp: string): void {
    this.#sdp.receiveOffer(sdp);
  }

  /**
   * The answer (SDP) to the offer received. `towards` is the leg it is bridged with: its codec is taken where offered, and
   * video only if it has it. Its sound goes no more ways than `most`: it may be held. Throws giveUp "no-codec" when the two have
   * nothing in common, "no-offer" without an offer.
   */
  answer(towards?: MediaSession, most?: Direction): string {
    const body = this.#sdp.answer(towards ? towards.#sdp : undefined, most);
    this.#apply();
    return body;
  }

  /**
   * Plays a sound to its peer, in the place of what is heard there, from now until its end or `stop`; `loop`: again and
   * again. Throws giveUp "no-media" before anything is settled or after the end, "no-codec" where its codec is none of ours.
   */
  play(sound: Sound, loop = false): Playback {
    void this.comeBack?.();
    return this.playbacks.play(this.#final ? undefined : this.codec, sound, loop);
  }

  /** While it is on, what its peer says reaches nobody; the digits that it presses do. */
  mute(on: boolean): void {
    void this.comeBack?.();
    this.#host.post({ type: "mute", session: this.number, on });
  }

  /** Asks the peer's camera for a whole picture by RTCP; false where it knows no such request and signalling has to. */
  requestPicture(): boolean {
    const knows = !this.#elsewhere && (this.agreed("video")?.remote.feedback.length ?? 0) > 0;
    if (knows) this.#host.post({ type: "picture", session: this.number });
    return knows;
  }

  /** Whether its peer's camera may be sending to us. */
  get hasVideo(): boolean {
    const agreed = this.#elsewhere || this.#final || this.away ? undefined : this.#sdp.agreed("video");
    return agreed !== undefined && mayReceive(agreed);
  }

  /** The last whole picture of its peer's camera. */
  async keyFrame(): Promise<KeyFrame | undefined> {
    return this.hasVideo ? await this.#host.keyFrame?.(this) : undefined;
  }

  /** The ways by which the peer takes digits just now: none while it is on hold. */
  get digitWays(): readonly MediaWay[] {
    const agreed = this.#sdp.agreed("audio");
    if (!agreed || !maySend(agreed)) return [];
    const codec = speech(agreed.send);
    return [
      ...(agreed.send.some(isEvents) ? (["rfc4733"] as const) : []),
      ...(codec && isUnderstood(codec) && !this.#elsewhere ? (["inband"] as const) : []),
    ];
  }

  /** Tells of the peer's digits (event `digit`) from now on, and says what becomes of them. */
  hearDigits(hearing: DigitHearing): void {
    this.#hearing = hearing;
    if (this.#ports.isOpen("audio")) this.#host.post({ type: "hear-digits", session: this.number, ...hearing });
  }

  /** Whether the RFC 4733 packets of this leg's peer are such to the other leg's as they are. */
  passesEventsTo(other: MediaSession): boolean {
    const [from, to] = [this.agreed("audio"), other.agreed("audio")];
    return from !== undefined && to !== undefined && passesEvents(from, to);
  }

  /** Sends one digit, after those that are being sent; resolves when its gap is over: false where it could not be sent. */
  async sendDigit(digit: MediaDigit): Promise<boolean> {
    if (this.comeBack) await this.comeBack();
    return this.digitWays.includes(digit.way) && (await this.#host.sendDigit(this, digit));
  }

  /** Counts so far; of a closed session, the last ones. */
  async stats(): Promise<MediaStats> {
    return this.#final ?? this.#told(await this.#host.stats(this));
  }

  /** Frees the ports; resolves when they are closed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.ended(await this.#host.close(this, this.#ports.unused));
  }

  /** Nothing comes or goes any more: it was closed, or the worker has died. */
  get over(): boolean {
    return this.#final !== undefined;
  }

  /** The worker has closed the session, or has died; for Media. */
  ended(counts: Counts = noCounts): void {
    if (this.#final) return;
    this.#final = this.#told(counts);
    this.playbacks.close();
    this.emit("closed", this.#final);
    this.removeAllListeners();
  }

  #told(counts: Counts): MediaStats {
    return statsOf(counts, (kind) => this.#sdp.agreed(kind), this.encrypted);
  }

  #apply(): void {
    this.#ports.apply((kind) => this.#sdp.agreed(kind), this.#host.gateway?.(), this.host);
    if (this.#hearing) this.hearDigits(this.#hearing);
    this.#tellSilence();
    this.#host.renegotiated(this);
    this.emit("settled");
  }
}
