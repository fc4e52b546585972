// A SIP party that does only what a test tells it: no transactions, no retransmissions, no manners. It keeps what it
// gets until the test asks for it.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { authorize, parseChallenges, strongest } from "../../src/digest.ts";
import { SipRequest, SipResponse } from "../../src/sip/message/message.ts";
import { newBranch, phraseOf, replyTo } from "../../src/sip/message/reply.ts";
import type { Flow, TransportName } from "../../src/sip/transport/flow.ts";
import { patienceMs } from "../support/patience.ts";
import type { Network, Place } from "./network.ts";

export interface Wish {
  to?: string;
  uri?: string;
  from?: string;
  fromTag?: string;
  toTag?: string;
  callId?: string;
  seq?: number;
  branch?: string;
  via?: string;
  headers?: Readonly<Record<string, string>>;
  body?: readonly [type: string, text: string];
}

export const sdp = (port: number, who = "x"): string =>
  `v=0\r\no=${who} 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8\r\n`;

export class Party {
  /** What came and was not taken yet, oldest first. */
  inbox: (SipRequest | SipResponse)[] = [];
  /** Everything that ever came. */
  readonly heard: (SipRequest | SipResponse)[] = [];
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly transport: TransportName;
  readonly place: Place;
  readonly #network: Network;
  readonly #peer: { host: string; port: number };
  /** The way by which the last message came, or the first went out. */
  flow: Flow;

  constructor(
    network: Network,
    options: { host: string; port?: number; user?: string; transport?: TransportName; peer?: string },
  ) {
    const { host, port = 5060, user = "8000", transport = "UDP", peer = "10.0.0.1" } = options;
    this.host = host;
    this.port = port;
    this.user = user;
    this.transport = transport;
    this.#network = network;
    this.#peer = { host: peer, port: 5060 };
    const inbound = {
      message: (message: SipRequest | SipResponse, flow: Flow) => {
        this.flow = flow;
        this.inbox.push(message);
        this.heard.push(message);
      },
      malformed: (fault: string) => assert.fail(`${host} was sent something malformed: ${fault}`),
    };
    this.place = network.open(transport, { host, port }, inbound);
    this.flow = this.place.to(this.#peer);
  }

  get contact(): string {
    return `<sip:${this.user}@${this.host}:${this.port}${this.transport === "TCP" ? ";transport=tcp" : ""}>`;
  }

  /** A request as this party writes it; not sent yet. */
  request(method: string, wish: Wish = {}): SipRequest {
    const { to = this.user, uri = `sip:${to}@10.0.0.1`, fromTag = "ft", toTag, seq = 1 } = wish;
    const request = new SipRequest(method, uri);
    const branch = wish.branch ?? newBranch();
    request.add("Via", wish.via ?? `SIP/2.0/${this.transport} ${this.host}:${this.port};branch=${branch}`);
    request.add("Max-Forwards", "70");
    request.add("From", `${wish.from ?? `<sip:${this.user}@10.0.0.1>`};tag=${fromTag}`);
    request.add("To", `<sip:${to}@10.0.0.1>${toTag ? `;tag=${toTag}` : ""}`);
    request.add("Call-ID", wish.callId ?? "call-1").add("CSeq", `${seq} ${method}`);
    if (method !== "ACK" && method !== "CANCEL" && method !== "BYE") request.add("Contact", this.contact);
    // As long as what real devices send: to a shorter request an answer might be too long (see the guard).
    request.add("User-Agent", "Party of the tests, as devices name themselves");
    for (const [name, value] of Object.entries(wish.headers ?? {})) request.set(name, value);
    if (wish.body) request.setBody(...wish.body);
    return request;
  }

  send(message: SipRequest | SipResponse): void {
    this.flow.send(message.toBuffer());
  }

  sendText(text: string): void {
    this.flow.send(Buffer.from(text));
  }

  /** Lets the network carry what is under way. */
  async settle(ms = 5): Promise<void> {
    await this.#network.clock.advance(ms);
  }

  /** The oldest request of this method that came, taken out of the inbox. */
  takeRequest(method: string): Promise<SipRequest> {
    return this.#take(method, (m) => m instanceof SipRequest && m.method === method);
  }

  /** The oldest response of this status. */
  takeResponse(status: number): Promise<SipResponse> {
    return this.#take(status, (m) => m instanceof SipResponse && m.status === status);
  }

  /**
   * Where the media worker is asked first, which is on no clock of ours, it may take a while on a busy machine. Meanwhile the
   * clock stands still, or what is answered late by it were sent again.
   */
  async #take<M extends SipRequest | SipResponse>(
    what: string | number,
    fits: (message: SipRequest | SipResponse) => boolean,
  ): Promise<M> {
    await this.settle();
    for (const end = Date.now() + patienceMs; !this.inbox.some(fits) && Date.now() < end;) {
      if (this.#network.underway === 0) await pause(5);
      await this.settle(this.#network.underway > 0 ? 1 : 0);
    }
    const found = this.inbox.find(fits);
    if (!found) assert.fail(`no ${what} came, but ${this.#inbox()}`);
    this.inbox.splice(this.inbox.indexOf(found), 1);
    return found as M;
  }

  #inbox(): string {
    return this.inbox.map((m) => `${m.startLine} (${m.get("cseq") ?? ""})`).join(", ") || "nothing";
  }

  /** How many requests of this method, or responses of this status, came so far. */
  count(what: string | number): number {
    return this.heard.filter((m) => (m instanceof SipRequest ? m.method : m.status) === what).length;
  }

  /** Answers a request that came; `tag` is put into To where it has none. */
  respond(
    request: SipRequest,
    status: number,
    extra: { tag?: string; sdp?: string; headers?: [string, string][]; reason?: string } = {},
  ) {
    const response = replyTo(request, status, extra.tag ?? "tt", extra.reason ?? phraseOf(status));
    if (request.method === "INVITE" && status < 300) response.add("Contact", this.contact);
    for (const [name, value] of extra.headers ?? []) response.add(name, value);
    if (extra.sdp) response.setBody("application/sdp", extra.sdp);
    this.send(response);
    return response;
  }

  /** The ACK for a final response to `invite`. */
  ack(invite: SipRequest, response: SipResponse, body?: readonly [type: string, text: string]): void {
    const success = response.status < 300;
    const ack = this.request("ACK", {
      uri: success ? (response.contact?.uri ?? invite.uri) : invite.uri,
      seq: invite.cseq?.number ?? 1,
      ...(!success && { via: invite.get("via") ?? "" }),
      ...(body && { body }),
    });
    for (const name of ["From", "Call-ID"]) ack.set(name, invite.get(name.toLowerCase()) ?? "");
    this.send(ack.set("To", response.get("to") ?? ""));
  }

  /** The request once more, with the answer to a challenge: a new branch and the next CSeq. */
  answerTo(challenge: SipResponse, request: SipRequest, password: string, login = this.user, count = 1): SipRequest {
    const found = strongest(parseChallenges(challenge.all("www-authenticate")));
    assert.ok(found, "a challenge was expected");
    const again = new SipRequest(request.method, request.uri);
    for (const { name, value } of request.headers) again.add(name, value);
    again.set("Via", (request.get("via") ?? "").replace(/branch=[^;]*/, `branch=${newBranch()}`));
    again.set("CSeq", `${(request.cseq?.number ?? 0) + 1} ${request.method}`);
    again.body = request.body;
    const { method, uri } = request;
    return again.set(
      "Authorization",
      authorize(found, { username: login, password, method, uri, count, cnonce: "0a1b2c3d" }),
    );
  }

  /** Sends a request, answers its challenge, and gives the authenticated request: its answers are still in the inbox. */
  async authenticated(method: string, password: string, wish: Wish = {}): Promise<SipRequest> {
    const first = this.request(method, wish);
    this.send(first);
    const challenge = await this.takeResponse(401);
    if (method === "INVITE") this.ack(first, challenge);
    const second = this.answerTo(challenge, first, password);
    this.send(second);
    await this.settle();
    return second;
  }

  /** Registers its contact; gives the final response. */
  async register(password: string, wish: Wish & { expires?: number } = {}): Promise<SipResponse> {
    await this.authenticated("REGISTER", password, {
      callId: `register-${this.host}`,
      ...wish,
      headers: { Expires: String(wish.expires ?? 300), ...wish.headers },
    });
    return this.takeResponse(200);
  }
}
