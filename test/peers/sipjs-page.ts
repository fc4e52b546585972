// SIP.js as a phone in a page: bundled for the browser by sipjs.ts. Its SDP is fixed where it is about signalling only.
import type { IncomingResponse } from "sip.js/lib/core/index.js";
import {
  Invitation,
  Messager,
  Registerer,
  SessionState,
  UserAgent,
  Web,
  type BodyAndContentType,
  type SessionDescriptionHandler,
} from "sip.js";

class FixedDescription implements SessionDescriptionHandler {
  close(): void {}
  getDescription(): Promise<BodyAndContentType> {
    const body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n";
    return Promise.resolve({ body, contentType: "application/sdp" });
  }
  hasDescription(contentType: string): boolean {
    return contentType === "application/sdp";
  }
  rollbackDescription(): Promise<void> {
    return Promise.resolve();
  }
  setDescription(): Promise<void> {
    return Promise.resolve();
  }
  sendDtmf(): boolean {
    return false;
  }
}

function target() {
  const uri = UserAgent.makeURI("sip:8000@portero.test");
  if (!uri) throw new Error("no URI");
  return uri;
}

export interface PhoneOptions {
  readonly server: string;
  readonly extension: string;
  readonly password: string;
  /** It talks by WebRTC, as SIP.js does. */
  readonly talks?: boolean;
}

export class Phone {
  readonly events: string[] = [];
  readonly #agent: UserAgent;
  readonly #registerer: Registerer;
  #call: Invitation | undefined;

  constructor({ server, extension, password, talks = false }: PhoneOptions) {
    const uri = UserAgent.makeURI(`sip:${extension}@portero.test`);
    if (!uri) throw new Error("no URI");
    this.#agent = new UserAgent({
      ...{ uri, authorizationUsername: extension, authorizationPassword: password, logLevel: "error" },
      transportOptions: { server, keepAliveInterval: 1 },
      contactParams: { transport: "ws" },
      ...(talks ? {} : { sessionDescriptionHandlerFactory: () => new FixedDescription() }),
      delegate: {
        onInvite: (invitation) => this.#invited(invitation),
        onDisconnect: (error) => void this.events.push(`disconnected ${error ? "by a fault" : ""}`.trim()),
      },
    });
    this.#registerer = new Registerer(this.#agent, { expires: 120 });
    this.#registerer.stateChange.addListener((state) => void this.events.push(state));
  }

  async start(): Promise<void> {
    await this.#agent.start();
    await this.#registerer.register();
  }

  #invited(invitation: Invitation): void {
    this.#call = invitation;
    this.events.push(`rung by ${invitation.remoteIdentity.uri.user ?? ""}`);
    invitation.stateChange.addListener((state: SessionState) => void this.events.push(state));
  }

  async answer(): Promise<void> {
    await this.#call?.accept();
  }

  /** Presses keys, by RFC 4733. */
  press(digits: string): boolean {
    return this.#call?.sessionDescriptionHandler?.sendDtmf(digits) ?? false;
  }

  /** Packets of sound that came. */
  async heard(): Promise<number> {
    const { peerConnection } = this.#call?.sessionDescriptionHandler as Web.SessionDescriptionHandler;
    let count = 0;
    (await peerConnection?.getStats())?.forEach((one: { type: string; packetsReceived?: number }) => {
      if (one.type === "inbound-rtp") count += one.packetsReceived ?? 0;
    });
    return count;
  }

  async hangUp(): Promise<void> {
    await this.#call?.bye();
  }

  /** The status of the answer to an OPTIONS outside of a call, and the methods that it names. */
  options(): Promise<{ status: number; allow: string }> {
    const core = this.#agent.userAgentCore;
    const { uri } = this.#agent.configuration;
    const request = core.makeOutgoingRequestMessage("OPTIONS", target(), uri, target(), {});
    return new Promise((resolve) => {
      const done = ({ message }: IncomingResponse) =>
        resolve({ status: message.statusCode ?? 0, allow: message.getHeader("allow") ?? "" });
      core.request(request, { onAccept: done, onReject: done });
    });
  }

  /** The status of the answer to a MESSAGE. */
  message(text: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const done = ({ message }: IncomingResponse) => resolve(message.statusCode ?? 0);
      const requestDelegate = { onAccept: done, onReject: done };
      new Messager(this.#agent, target(), text).message({ requestDelegate }).catch(reject);
    });
  }

  async stop(): Promise<void> {
    await this.#registerer.unregister();
    await this.#agent.stop();
  }
}
