// A door's page as a telephone (X8): registers by SIP over WebSocket through Node-RED's own server, is rung like any phone of
// its extension, answers with the browser's own WebRTC. Loaded only where pages of a door answer. The server's side is
// nodes/door/answering.ts.
import { Invitation, Registerer, RegistererState, SessionState, UserAgent, UserAgentState } from "sip.js";
import type { Answering } from "../nodes/door/answering.ts";
import { Description } from "./phone/description.ts";
import { deaf, microphone } from "./phone/microphone.ts";
import { SipSocket, type SocketOptions } from "./phone/socket.ts";
import { words } from "./words.ts";

export type PhoneState =
  /** Nobody can ring it just now. */
  | { readonly is: "away"; readonly reason: string }
  | { readonly is: "ready" }
  /** `unheard`: why the visitor will not hear who answers. */
  | { readonly is: "rung"; readonly by: string; readonly unheard?: string | undefined }
  | { readonly is: "answering" }
  | { readonly is: "talking"; readonly with: string; readonly muted: boolean; readonly unheard?: string | undefined };

export interface PhoneView {
  phone(state: PhoneState): void;
  /** What comes of the other side's sound and video; nothing any more where it is absent. */
  heard(stream: MediaStream | undefined): void;
  /** The visitor is seen while it rings. */
  seen(stream: MediaStream): void;
  /** A call is over that was not ended here: somebody else has it, or why it is, where there is more to say than that. */
  over(how: "elsewhere" | { readonly why: string | undefined }): void;
}

const [firstPauseMs, longestPauseMs] = [1_000, 15_000];
const expires = 300;
const busy = 486;
const notHere = 480;
const cannot = 488;
/** The way to the other side is there in less. */
const reachMs = 5_000;

/** A sentence for the user. */
class Trouble extends Error {}

interface Talk {
  readonly invitation: Invitation;
  readonly by: string;
  readonly rungAt: number;
  /** It is shown while it rings, and what came of that. */
  description?: Description;
  stream?: MediaStream;
  answered?: boolean;
  microphone?: MediaStreamTrack;
  unheard?: string | undefined;
  muted: boolean;
  elsewhere?: boolean;
  /** Why it ends, as a sentence. */
  why?: string;
  /** When it was established, and whether anything came through then. */
  since?: number;
  reached?: boolean;
  /** The connection was away meanwhile: what was said then was not heard. */
  cut?: boolean;
  ended?: boolean;
}

export class Phone {
  readonly #base: URL;
  readonly #view: PhoneView;
  readonly #over = new AbortController();
  #answering: Answering | undefined;
  #agent: UserAgent | undefined;
  #registerer: Registerer | undefined;
  #talk: Talk | undefined;
  /** Nothing comes through before an answer, as far as is known: it rings without a picture. */
  #blind = false;
  #lost = () => {};
  #hurry = () => {};
  #pauseMs = firstPauseMs;

  /** `base`: the door's address, with a slash at its end. */
  constructor(base: URL, view: PhoneView) {
    this.#base = base;
    this.#view = view;
    void this.#run();
  }

  /** Ends everything, the call too. */
  close(): void {
    this.hangUp();
    this.#over.abort();
    this.#hurry();
    this.#lost();
    this.#agent?.transport.dispose().catch(() => {});
  }

  /** Tries at once to be there again: the network has come back, or somebody looks. */
  wake(): void {
    this.#hurry();
  }

  async answer(): Promise<void> {
    const talk = this.#talk;
    if (!talk || talk.answered) return;
    talk.answered = true;
    this.#view.phone({ is: "answering" });
    const found = await microphone();
    if (typeof found === "string") talk.unheard = found;
    else talk.microphone = found;
    if (talk.ended) {
      talk.microphone?.stop();
      return;
    }
    try {
      await talk.description?.speak();
      await talk.invitation.accept();
    } catch {
      talk.why = words.callFailed;
      await talk.invitation.reject({ statusCode: cannot }).catch(() => {});
      this.#ended(talk);
    }
  }

  /** Ends the talk, or declines what rings here: others ring on. */
  hangUp(): void {
    const talk = this.#talk;
    if (!talk) return;
    const { invitation } = talk;
    const talks = invitation.state === SessionState.Established;
    this.#ended(talk, true);
    (talks ? invitation.bye() : invitation.reject({ statusCode: busy })).catch(() => {});
  }

  mute(muted: boolean): void {
    const talk = this.#talk;
    if (!talk?.microphone) return;
    talk.muted = muted;
    talk.microphone.enabled = !muted;
    this.#tell();
  }

  /** The visit is over, as is known otherwise: while the connection was away nobody could say so. */
  visitOver(): void {
    if (this.#talk?.cut) this.#ended(this.#talk);
  }

  async #run(): Promise<void> {
    const { signal } = this.#over;
    const isOver = () => signal.aborted;
    while (!isOver()) {
      try {
        await this.#connect();
        if (isOver()) return;
        this.#pauseMs = firstPauseMs;
        this.#tell();
        await new Promise<void>((resolve) => (this.#lost = resolve));
        throw new Trouble(words.cut);
      } catch (error) {
        if (isOver()) return;
        await this.#agent?.transport.disconnect();
        if (!this.#talk)
          this.#view.phone({ is: "away", reason: error instanceof Trouble ? error.message : words.unreachable });
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#pauseMs);
        this.#hurry = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
    }
  }

  async #connect(): Promise<void> {
    const answer = await fetch(new URL("phone", this.#base), { signal: this.#over.signal, cache: "no-store" });
    const json = answer.headers.get("Content-Type")?.includes("json") === true;
    const said = (json ? await answer.json() : {}) as Answering & { reason?: string };
    if (!answer.ok) throw new Trouble(said.reason ?? words.status(answer.status));
    const former = this.#answering?.extension;
    this.#answering = said;
    // A door that names another extension since makes another phone of its page.
    if (former !== undefined && former !== said.extension) this.#agent = this.#registerer = undefined;
    const agent = (this.#agent ??= this.#agentOf(said.extension));
    await (agent.state === UserAgentState.Started ? agent.reconnect() : agent.start());
    await this.#register(agent);
  }

  #agentOf(extension: string): UserAgent {
    const uri = UserAgent.makeURI(`sip:${extension}@portero.invalid`);
    if (!uri) throw new Trouble(words.noExtension(extension));
    const address = () => {
      const { ticket = "" } = this.#answering ?? {};
      const url = new URL(`sip?${new URLSearchParams({ ticket }).toString()}`, this.#base);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      return url;
    };
    return new UserAgent({
      ...{ uri, userAgentString: "Portero page", logLevel: "error", logBuiltinEnabled: false },
      ...{ gracefulShutdown: false, sendInitialProvisionalResponse: false, noAnswerTimeout: 24 * 3600 },
      ...{ transportConstructor: SipSocket, transportOptions: { address } satisfies SocketOptions },
      contactParams: { transport: "ws" },
      sessionDescriptionHandlerFactory: () => this.#description(),
      delegate: { onInvite: (invitation) => this.#invited(invitation), onDisconnect: () => this.#cut() },
    });
  }

  #cut(): void {
    if (this.#talk) this.#talk.cut = true;
    // Who rings is told of it elsewhere, and rings anew a page that comes back.
    if (this.#talk && this.#talk.invitation.state !== SessionState.Established) this.#ended(this.#talk);
    this.#lost();
  }

  #register(agent: UserAgent): Promise<void> {
    return new Promise((resolve, reject) => {
      const requestDelegate = {
        onAccept: () => resolve(),
        onReject: () => reject(new Trouble(words.notRegistered)),
      };
      this.#lost = () => reject(new Trouble(words.cut));
      const ask = (registerer: Registerer) => registerer.register({ requestDelegate });
      // One whose answer the former connection took with it waits for ever.
      ask((this.#registerer ??= this.#registererOf(agent)))
        .catch(() => ask((this.#registerer = this.#registererOf(agent))))
        .catch(reject);
    });
  }

  /** One that is refused later on is no phone any more, and begins anew: then it is told why. */
  #registererOf(agent: UserAgent): Registerer {
    const registerer = new Registerer(agent, { expires });
    registerer.stateChange.addListener((state) => {
      if (state === RegistererState.Unregistered) agent.transport.disconnect().catch(() => {});
    });
    return registerer;
  }

  #description(): Description {
    const talk = this.#talk;
    const description = new Description({
      sends: () => (talk?.answered ? talk.microphone !== undefined : deaf() === undefined),
      microphone: () => talk?.microphone,
      came: (stream) => {
        if (!talk || talk.ended) return;
        talk.stream = stream;
        if (talk.answered) this.#view.heard(stream);
        else this.#view.seen(stream);
      },
      reached: () => {
        if (talk) talk.reached = true;
      },
      lost: () => {
        if (!talk || this.#talk !== talk) return;
        if (!talk.answered) return this.#ringBlind();
        this.hangUp();
        this.#view.over({ why: talk.reached ? words.cutOff : words.unreached });
      },
    });
    if (talk) talk.description = description;
    return description;
  }

  /** It rings anew by a connection of its own, and shows nothing. */
  #ringBlind(): void {
    this.#blind = true;
    this.#agent?.transport.disconnect().catch(() => {});
  }

  #invited(invitation: Invitation): void {
    const { uri, displayName } = invitation.remoteIdentity;
    const refuse = (statusCode: number) => {
      invitation.reject({ statusCode }).catch(() => {});
    };
    // The page of that door answers for it.
    if (this.#answering?.others.includes(uri.user ?? "")) return refuse(notHere);
    if (this.#talk) return refuse(busy);
    const talk: Talk = { invitation, by: displayName || (uri.user ?? ""), muted: false, rungAt: performance.now() };
    this.#talk = talk;
    const shows = !this.#blind && this.#answering?.seenByCall === true && canShow(invitation);
    invitation.delegate = {
      onCancel: ({ request }) => {
        talk.elsewhere = /cause\s*=\s*200\b/.test(request.getHeader("Reason") ?? "");
        if (shows && !talk.answered && isUnreached(talk, talk.rungAt)) this.#ringBlind();
      },
      onBye: (bye) => {
        const why = textOf(bye.request.getHeader("Reason"));
        if (isUnreached(talk, talk.since)) talk.why = words.unreached;
        else if (why !== undefined) talk.why = words.callEnded(why);
        bye.accept().catch(() => {});
      },
    };
    invitation.stateChange.addListener((state) => {
      if (state === SessionState.Established) {
        talk.since = performance.now();
        if (shows) this.#view.heard(talk.stream);
        this.#tell();
      }
      if (state === SessionState.Terminated) this.#ended(talk);
    });
    (shows ? invitation.progress({ statusCode: 183, rel100: true }) : invitation.progress())
      .catch(() => invitation.progress())
      .catch(() => {});
    this.#tell();
  }

  #ended(talk: Talk, byUs = false): void {
    if (talk.ended) return;
    talk.ended = true;
    talk.microphone?.stop();
    if (this.#talk === talk) this.#talk = undefined;
    this.#view.heard(undefined);
    this.#tell();
    if (!byUs) this.#view.over(talk.elsewhere ? "elsewhere" : { why: talk.why });
  }

  #tell(): void {
    const talk = this.#talk;
    if (!talk) {
      if (this.#agent?.isConnected()) this.#view.phone({ is: "ready" });
      else this.#view.phone({ is: "away", reason: words.cut });
    } else if (talk.invitation.state === SessionState.Established)
      this.#view.phone({ is: "talking", with: talk.by, muted: talk.muted, unheard: talk.unheard });
    else if (!talk.answered) this.#view.phone({ is: "rung", by: talk.by, unheard: deaf() });
  }
}

const isUnreached = ({ reached }: Talk, since = Infinity): boolean => !reached && performance.now() - since > reachMs;

/** X7: whether who calls can be seen before the answer: it sends video, and takes what we say of ours for certain (RFC 3262). */
const canShow = ({ body = "", request }: Invitation): boolean =>
  "RTCPeerConnection" in globalThis &&
  /^m=video [1-9]/m.test(body) &&
  /\b100rel\b/.test(request.getHeader("Supported") ?? "");

/** What stands in a Reason for people (RFC 3326). */
const textOf = (reason: string | undefined): string | undefined => /;\s*text\s*=\s*"([^"]+)"/.exec(reason ?? "")?.[1];
