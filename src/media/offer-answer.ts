// One dialog's offer/answer machine (RFC 3264): what was offered, what is settled, and the lines in between. Makes all of
// them from the model; nothing of the other leg's body is passed on but codecs and their parameters.
import { giveUp } from "../errors.ts";
import { answerCover, BrowserSide, wayOf } from "./browser-side.ts";
import { codecNames, isUnderstood, type Format, type Kind } from "./codec.ts";
import { directLine, placeOf } from "./direct.ts";
import { LocalDescription } from "./local-description.ts";
import * as negotiate from "./negotiate.ts";
import { insists, type Agreed } from "./negotiate.ts";
import { noCodec, notEncrypted, noBrowsers, notWebrtc } from "./refusals.ts";
import { answerCrypto, offerCrypto, settleCrypto, type Encryption, type RandomBytes } from "./sdes.ts";
import { browserFormat, browserVideo, isWebrtc, type Reach, type WebrtcMode } from "./webrtc.ts";
import {
  bad,
  parseSdp,
  refused,
  relayedFeedback,
  unused,
  type Direction,
  type LocalLine,
  type RemoteLine,
} from "./sdp.ts";

export const kinds = ["audio", "video"] as const;

export interface OfferAnswerOptions {
  /** Our address in SDP, until `advertise` is set. */
  readonly advertise: string;
  /** Our RTP port for a kind, got when it is first asked for; a kind without one is refused. */
  readonly ports: Pick<ReadonlyMap<Kind, number>, "get">;
  /** The session id of the o= line, below 2^53. */
  readonly id: number;
  /** For keys; the system's where it is absent. */
  readonly randomBytes?: RandomBytes;
  /** How browsers reach us; absent where they cannot. */
  readonly reach?: Reach;
  /** Which codecs are turned into each other; all that we understand where it is absent. */
  readonly turns?: negotiate.Turns;
}

const nothing: ReadonlyMap<Kind, Agreed> = new Map();

export class OfferAnswer {
  readonly #options: OfferAnswerOptions;
  readonly #local: LocalDescription;
  /** The codecs that may be used on this leg, in this order (H1); all that we know where it is undefined. */
  codecs: readonly string[] | undefined;
  /** Nothing whose sound we do not understand may be used. */
  understood = false;
  readonly turns: negotiate.Turns;
  /** Whether SRTP is offered, and insisted on. */
  encryption: Encryption = "off";
  readonly #browser: BrowserSide;
  #remoteOffer: RemoteLine[] | undefined;
  #offering: readonly LocalLine[] | undefined;
  #answered = "";
  #agreed = nothing;

  constructor(options: OfferAnswerOptions) {
    this.#options = options;
    this.#local = new LocalDescription(options.id, options.advertise);
    this.turns = options.turns ?? isUnderstood;
    this.#browser = new BrowserSide(options.reach, options.randomBytes);
  }

  /** Our address in SDP. */
  set advertise(address: string) {
    this.#local.advertise = address;
  }

  /** Whether the other side is a browser, or may be one. */
  set webrtc(mode: WebrtcMode) {
    this.#browser.mode = mode;
  }

  /** What is settled for an m-line. */
  agreed(kind: Kind): Agreed | undefined {
    return this.#agreed.get(kind);
  }

  /** Limits it to what can be mixed and recorded; false where nothing would be left, and all stays as it was. */
  limitToUnderstood(): boolean {
    this.understood = (this.codecs ?? codecNames).some((name) => isUnderstood({ name }));
    this.understood &&= !this.#remoteOffer || this.#wishes("audio") !== undefined;
    return this.understood;
  }

  /** Whether the remote was told last to send to another leg's remote, not to us; it may have refused. */
  get away(): boolean {
    return this.#local.away;
  }

  /** Whether the offer that waits for an answer has something of this kind that can be carried. */
  offers(kind: Kind): boolean {
    return this.#remoteOffer !== undefined && this.#wishes(kind) !== undefined;
  }

  /**
   * An offer to send; `like` is the leg it is to be bridged with, or a conference, which takes what we understand and no video.
   * Without it, a repeated offer says the same again.
   * `direction` is that of its sound, where it is not to follow from `like`.
   */
  offer(like?: OfferAnswer | "conference", direction?: Direction): string {
    this.#mayBeBrowser();
    const before = this.#local.lines;
    if (this.away && !like && !direction) return this.#offer(before, this.#local.text);
    const added = kinds.filter((kind) => !before.some((l) => l.type === kind));
    const lines = [
      ...before.map((line) => this.#offerLine(line.type, line, like, direction)),
      ...added.map((kind) => this.#offerLine(kind, undefined, like, direction)).filter((line) => line.port !== 0),
    ];
    if (this.codecs && !lines.some((line) => line.type === "audio" && line.port !== 0)) throw this.#noCommon();
    return this.#offer(lines, this.#local.write(lines));
  }

  /** An offer that sends the remote to the other leg's; undefined where the two cannot do without us. */
  offerOf(other: OfferAnswer): string | undefined {
    const place = placeOf(other.#agreed);
    if (place === undefined || this.away || kinds.some((kind) => !this.agreed(kind) !== !other.agreed(kind)))
      return undefined;
    const lines: LocalLine[] = [];
    for (const line of this.#local.lines) {
      const kind = kinds.find((k) => k === line.type);
      const [own, theirs] = kind ? [this.agreed(kind), other.agreed(kind)] : [];
      const direct = own && theirs ? directLine(line, own, theirs) : refused(unused(line));
      // A number that has been another codec's cannot be that of the other leg's.
      if (!direct || !this.#local.takes(direct.formats)) return undefined;
      lines.push(direct);
    }
    return this.#offer(lines, this.#local.write(lines, place));
  }

  #offer(lines: readonly LocalLine[], body: string): string {
    this.#remoteOffer = undefined;
    this.#offering = lines;
    this.#answered = "";
    return body;
  }

  /**
   * The answer to our offer; true when it settles something. The same body again (a 183, then the 200) settles nothing new.
   * Throws giveUp "bad-sdp", "no-codec" or "not-encrypted"; everything then stays as it was.
   */
  receiveAnswer(sdp: string): boolean {
    if (this.#answered !== "" && sdp === this.#answered) return false;
    const offered = this.#offering;
    if (!offered) throw bad("it answers an offer that was never made");
    const remote = parseSdp(sdp);
    // Some makers' answers (Dahua) carry m-lines nobody offered; lines are found by kind, and those passed over.
    const agreed = kinds.flatMap((kind) => {
      const ours = offered.find((l) => l.type === kind && l.port !== 0);
      const theirs = remote.find((l) => l.type === kind);
      const settled = ours && theirs && negotiate.settle(kind, ours.formats, ours.direction, theirs);
      if (ours?.webrtc || (theirs && isWebrtc(theirs.protocol))) {
        const local = ours?.webrtc;
        const webrtc = local && wayOf(kind, remote, theirs?.webrtc, local);
        if (settled && webrtc) return { ...settled, webrtc };
        if (kind === "audio" && local && theirs && theirs.port !== 0 && !isWebrtc(theirs.protocol))
          throw notWebrtc(true);
        return [];
      }
      if (!settled) return [];
      const secured = settleCrypto(ours.crypto ?? [], theirs);
      // Who had offered keys under RTP/AVP gets such an offer again, in which they may be passed over.
      const mayBePlain = this.encryption !== "required" && !insists(ours.protocol);
      if (secured !== "mismatch" && (secured || mayBePlain)) return { ...settled, ...(secured && { secured }) };
      if (kind === "audio") throw notEncrypted();
      return [];
    });
    if (!agreed.some((a) => a.kind === "audio")) throw noCodec(remote);
    this.#answered = sdp;
    this.#agreed = new Map(agreed.map((a) => [a.kind, this.away ? { ...a, away: true } : a]));
    return true;
  }

  /** The other side's offer, first or repeated; nothing changes before answer(). Throws as receiveAnswer. */
  receiveOffer(sdp: string): void {
    this.#mayBeBrowser();
    const remote = parseSdp(sdp);
    const audio = remote.flatMap((line) => negotiate.carried("audio", line));
    if (!negotiate.speech(audio)) throw noCodec(remote, !this.#options.reach);
    if (!remote.some((line) => negotiate.speech(negotiate.carried("audio", line)) && this.#suits(line)))
      throw this.#options.reach ? notWebrtc(this.#browser.mode === "required") : noCodec(remote, true);
    if (!negotiate.speech(negotiate.limited(audio, this))) throw this.#noCommon();
    if (!remote.some((line) => negotiate.speech(this.#carried("audio", line)))) throw notEncrypted();
    this.#remoteOffer = remote;
  }

  /**
   * The answer to the offer received; `towards` is the leg it is bridged with, whose codec is taken if possible. The sound
   * goes no more ways than `most`.
   * Throws giveUp "no-codec" when the two legs cannot be joined, "no-offer" when nothing waits for an answer.
   */
  answer(towards?: OfferAnswer, most: Direction = "sendrecv"): string {
    const offer = this.#remoteOffer;
    if (!offer) throw giveUp("no-offer", "There is nothing to answer: the other side has sent no offer (SDP).");
    const agreed = new Map<Kind, Agreed>();
    const lines = offer.map((remote) => {
      const kind = kinds.find((k) => k === remote.type && !agreed.has(k));
      const formats = kind ? this.#answerFormats(kind, remote, towards) : [];
      const way =
        kind && negotiate.speech(formats)
          ? this.#browser.answers(kind, offer, remote, this.#local.advertise)
          : undefined;
      const browser = isWebrtc(remote.protocol);
      if (!kind || !negotiate.speech(formats) || (browser ? !way : this.#options.ports.get(kind) === undefined))
        return refused(remote);
      const asked = negotiate.mirror(remote.direction);
      const direction = kind === "audio" ? negotiate.both(asked, most) : asked;
      const secured = answerCrypto(remote.crypto, this.#agreed.get(kind)?.secured, this.#options.randomBytes);
      agreed.set(kind, {
        ...{ kind, remote, send: formats, receive: formats, direction },
        ...(way ? { webrtc: way } : secured && { secured }),
      });
      const other = towards?.agreed(kind)?.remote;
      const cover = way
        ? answerCover(remote, way)
        : { protocol: remote.protocol, crypto: secured ? [secured.own] : [] };
      return this.#line(kind, cover, formats, direction, other?.ptime, remote);
    });
    if (!agreed.has("audio")) {
      throw giveUp("no-codec", "The two sides of the call have no audio codec in common; allow PCMA or PCMU on both.");
    }
    this.#offering = undefined;
    this.#remoteOffer = undefined;
    this.#agreed = agreed;
    return this.#local.write(lines);
  }

  /**
   * What this leg's remote takes, in its order: offered to us, or settled; undefined while nothing is known. For a `fresh` leg
   * also what could be settled anew: the two may have talked opus, and who is called in the place of one has none.
   */
  #wishes(kind: Kind, fresh = false): { formats: readonly Format[]; line: RemoteLine } | undefined {
    for (const line of this.#remoteOffer ?? []) {
      const formats = this.#carried(kind, line);
      if (negotiate.speech(formats)) return { formats, line };
    }
    const agreed = this.#remoteOffer ? undefined : this.#agreed.get(kind);
    const further = fresh && kind === "audio" ? negotiate.limited(negotiate.plainAudio, this) : [];
    return agreed && { formats: [...agreed.send, ...further], line: agreed.remote };
  }

  #offerLine(
    type: string,
    before: LocalLine | undefined,
    like: OfferAnswer | "conference" | undefined,
    asked: Direction | undefined,
  ): LocalLine {
    const kind = kinds.find((k) => k === type);
    const wishes = kind && like instanceof OfferAnswer ? like.#wishes(kind, !before) : undefined;
    const offered = kind ? this.#offerFormats(kind, before, like, wishes?.formats) : [];
    const browser = this.#isBrowser;
    if (!kind || offered.length === 0 || (!browser && this.#options.ports.get(kind) === undefined)) {
      return refused(before ? unused(before) : { type, protocol: "RTP/AVP", list: "0" });
    }
    const formats = browser ? offered.map(browserFormat) : offered;
    const follows = wishes?.line.direction ?? (like ? "sendrecv" : (before?.direction ?? "sendrecv"));
    const direction = kind === "audio" ? (asked ?? follows) : follows;
    // RFC 5761 §5.1.1: what is in use is offered again. At first it is not: not every device takes it with a good grace.
    const control = {
      feedback: kind === "video" ? relayedFeedback : [],
      mux: before?.mux && this.#agreed.get(kind)?.remote.mux,
    };
    return this.#line(
      kind,
      this.#cover(kind, before),
      this.#local.numbered(formats),
      direction,
      wishes?.line.ptime ?? before?.ptime,
      control,
    );
  }

  /** The formats of a remote's line that this leg may use. */
  #carried(kind: Kind, line: RemoteLine): readonly Format[] {
    if (!this.#suits(line) || (this.encryption === "required" && line.crypto.length === 0 && !line.webrtc)) return [];
    return negotiate.limited(negotiate.carried(kind, line), this);
  }

  /** How a line of an offer is encrypted: as it was before, else as the sound is, else as this leg wants it. */
  #cover(kind: Kind, before: LocalLine | undefined): Cover {
    if (this.#isBrowser) return this.#browser.offers(kind, before, this.#local.advertise);
    const settled = this.#agreed.get(kind);
    if (before && settled) return { protocol: before.protocol, crypto: settled.secured ? [settled.secured.own] : [] };
    if (before && before.port !== 0) return before;
    const sound = this.#agreed.get("audio");
    const likeSound = sound?.secured ? (insists(sound.remote.protocol) ? "required" : "optional") : "off";
    const encryption = sound ? likeSound : this.encryption;
    const protocol = encryption === "required" ? "RTP/SAVP" : "RTP/AVP";
    return { protocol, crypto: offerCrypto(encryption, this.#options.randomBytes) };
  }

  #offerFormats(
    kind: Kind,
    before: LocalLine | undefined,
    like: OfferAnswer | "conference" | undefined,
    wishes: readonly Format[] | undefined,
  ): readonly Format[] {
    const fits = wishes ? negotiate.fitting(kind, wishes, this) : [];
    if (fits.length > 0) return fits;
    if (before && before.port !== 0 && !like) return before.formats;
    // Audio is always offered: a leg of which nothing is known yet may turn up with what we understand, and one that is to be
    // understood from now on goes first, before the other.
    return kind === "audio" && (!wishes || (before && this.understood))
      ? negotiate.fitting(kind, negotiate.plainAudio, this)
      : [];
  }

  /** @throws PorteroError `media-cannot` */
  #mayBeBrowser(): void {
    if (this.#browser.outOfReach) throw noBrowsers();
  }

  get #isBrowser(): boolean {
    return this.#browser.is(this.#agreed.get("audio"));
  }

  #suits(line: RemoteLine): boolean {
    return this.#browser.suits(line, this.#agreed.get("audio"));
  }

  #noCommon() {
    const own = this.codecs?.join(", ") ?? "";
    return giveUp(
      "no-codec",
      `The device may use ${own} only, and the other side has none of it; allow it PCMA or PCMU.`,
    );
  }

  #answerFormats(kind: Kind, remote: RemoteLine, towards: OfferAnswer | undefined): Format[] {
    const offered = this.#carried(kind, remote);
    if (offered.length === 0) return [];
    // A leg that has settled its audio but no video is a leg without video.
    const settled = towards?.agreed("audio") ? (towards.agreed(kind)?.send ?? []) : undefined;
    if (kind === "video") {
      if (isWebrtc(remote.protocol)) return browserVideo(offered, settled);
      const show = towards?.agreed("video")?.webrtc ? negotiate.answerCamera : negotiate.answerVideo;
      return settled ? show(offered, settled) : negotiate.answerVideo(offered, settled);
    }
    const current = negotiate.speech(this.#agreed.get("audio")?.send ?? []);
    return negotiate.answerAudio(offered, settled, current, this.turns);
  }

  #line(
    kind: Kind,
    { protocol, crypto = [], mid, webrtc }: Cover,
    formats: readonly Format[],
    direction: Direction,
    ptime: number | undefined,
    { feedback, mux }: { feedback: readonly string[]; mux?: boolean | undefined },
  ): LocalLine {
    const port = this.#options.ports.get(webrtc ? "audio" : kind) ?? 0;
    return {
      type: kind,
      port,
      protocol,
      formats,
      direction,
      ...(kind === "audio" && { ptime: ptime ?? 20 }),
      ...((mux || webrtc) && { mux: true }),
      feedback,
      crypto,
      ...(webrtc && { mid, webrtc }),
    };
  }
}

type Cover = Pick<LocalLine, "protocol" | "crypto" | "mid" | "webrtc">;
