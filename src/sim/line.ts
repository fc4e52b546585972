// One call of a simulated device: its voice, its digits, and what it tells of them.
import type { Clock } from "../clock.ts";
import { sentence, tryAgain, PorteroError } from "../errors.ts";
import type { Call, CallEnd } from "../sip/dialog/call.ts";
import { IncomingCall } from "../sip/dialog/incoming.ts";
import type { Flow } from "../sip/transport/flow.ts";
import { readInfo, writeInfo, type DigitsBy, type InfoKind } from "./dtmf.ts";
import type { SimEvent } from "./events.ts";
import { Voice } from "./voice.ts";

/** What a line needs of its device. */
export interface LineHost {
  readonly clock: Clock;
  readonly bind: string;
  readonly tone: number;
  readonly infoKinds: readonly InfoKind[];
  readonly digitsBy: DigitsBy;
  tell(event: SimEvent): void;
  digitReceived(digit: string): void;
  lineEnded(line: Line): void;
}

export interface Party {
  readonly direction: "in" | "out";
  readonly number: string;
  readonly name?: string;
}

const digitMs = 160;

/** The voice for a call by `flow`. */
export function openVoice({ bind, clock, tone }: LineHost, flow: Flow | undefined): Promise<Voice> {
  return Voice.open({ bind, address: flow?.sentBy.host ?? bind, clock, tone });
}

export class Line {
  readonly call: Call;
  readonly #host: LineHost;
  readonly #party: Party;
  #voice: Voice | undefined;
  #rung = false;
  #answered = false;
  #accepting = false;

  /** Outgoing calls bring their voice with them; an incoming one gets it when it is accepted. */
  constructor(host: LineHost, call: Call, party: Party, voice?: Voice) {
    this.call = call;
    this.#host = host;
    this.#party = party;
    call.on("early", ({ sdp }) => this.#early(sdp));
    call.on("info", (info) => info.reply(this.#info(info.contentType, info.body)));
    call.on("reoffer", (offer) => {
      try {
        offer.answer(this.#renegotiate(offer.sdp));
      } catch {
        offer.reject(488);
      }
    });
    call.on("ended", (end) => this.#ended(end));
    if (voice) this.#hear(voice);
    if (party.direction === "out") call.on("answered", ({ sdp }) => this.#take(sdp));
    else this.#ring();
  }

  get answered(): boolean {
    return this.#answered;
  }

  /** Answers a call that came in; harmless while it does so already. Rejects where there is no common codec. */
  async accept(): Promise<void> {
    const { call } = this;
    if (this.#accepting || !(call instanceof IncomingCall)) return;
    this.#accepting = true;
    const voice = await openVoice(this.#host, call.flow);
    if (call.end) {
      voice.close();
      return;
    }
    this.#hear(voice);
    try {
      if (call.sdp === undefined) call.once("acknowledged", (sdp) => this.#take(sdp));
      call.answer(call.sdp === undefined ? voice.offer() : voice.answer(call.sdp));
    } catch (error) {
      call.reject(488);
      throw error;
    }
    if (call.sdp !== undefined) this.#talk();
  }

  async sendDigit(digit: string): Promise<void> {
    const { digitsBy } = this.#host;
    if (digitsBy === "rtp") return this.#voice?.sendDigit(digit, digitMs);
    const status = await this.call.info(...writeInfo(digitsBy, digit, digitMs));
    if (status >= 300) throw tryAgain("digit-refused", `the other side answered ${status} to the digit ${digit}`);
  }

  #early(sdp: string | undefined): void {
    this.#ring();
    if (sdp === undefined) return;
    // Music or an announcement before the answer. A description that cannot be read matters in the answer only.
    try {
      this.#voice?.take(sdp);
      this.#voice?.listen();
    } catch (error) {
      if (!(error instanceof PorteroError)) throw error;
    }
  }

  #ring(): void {
    if (!this.#rung) this.#host.tell({ event: "ringing", ...this.#party });
    this.#rung = true;
  }

  #take(sdp: string | undefined): void {
    try {
      this.#voice?.take(sdp);
    } catch (error) {
      this.#host.tell({ event: "failed", code: "bad-sdp", reason: sentence(error) });
      return this.call.hangUp();
    }
    this.#talk();
  }

  #renegotiate(sdp: string | undefined): string {
    const voice = this.#voice;
    if (!voice) throw tryAgain("no-voice", "there is no voice yet");
    if (sdp !== undefined) return voice.answer(sdp);
    this.call.once("acknowledged", (chosen) => this.#take(chosen));
    return voice.offer();
  }

  #talk(): void {
    const voice = this.#voice;
    if (!voice || this.call.end) return;
    voice.talk();
    if (this.#answered) return;
    this.#answered = true;
    const { direction, number } = this.#party;
    this.#host.tell({ event: "answered", direction, number, codec: voice.law });
  }

  #hear(voice: Voice): void {
    this.#voice = voice;
    voice.on("digit", (digit) => this.#digit(digit, "rtp"));
    voice.on("heard", (heard) => this.#host.tell({ event: "audio", ...heard }));
  }

  /** The status of the answer to an INFO. */
  #info(contentType: string, body: string): number {
    const read = readInfo(contentType, body);
    if (!read || !this.#host.infoKinds.includes(read.kind)) return 415;
    if (!read.digit) return 400;
    this.#digit(read.digit, read.kind);
    return 200;
  }

  #digit(digit: string, by: DigitsBy): void {
    this.#host.tell({ event: "dtmf", digit, by });
    this.#host.digitReceived(digit);
  }

  #ended({ by, status, cause, text, elsewhere }: CallEnd): void {
    this.#voice?.close();
    this.#host.lineEnded(this);
    this.#host.tell({
      ...{ event: "ended", by, reason: text, cause, answered: this.#answered },
      elsewhere: elsewhere === true,
      ...(status === undefined ? {} : { status }),
    });
  }
}
