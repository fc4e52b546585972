// A device on a UDP socket of its own, seen from the wire: it notes when a message came before it reads it. It knows
// what the bench needs of RFC 3261 and no retransmissions: on loopback, a lost message is a failure to be seen.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { authorize, parseChallenges, strongest, type Challenge } from "../src/digest.ts";
import { SipRequest, SipResponse } from "../src/sip/message/message.ts";
import { parseMessage } from "../src/sip/message/parse.ts";
import { newBranch, newCallId, newTag, replyTo } from "../src/sip/message/reply.ts";
import { password, type Address } from "./server.ts";

export const sdp =
  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 0\r\n";

/** `at`: when it came, in milliseconds of `performance.now`. */
type Heard<M> = (message: M, at: number) => void;

export class Agent {
  readonly host: string;
  readonly port: number;
  request: Heard<SipRequest> = () => {};
  response: Heard<SipResponse> = () => {};
  readonly #socket: Socket;
  readonly #server: Address;
  #challenge: Challenge | undefined;

  static async open(server: Address, port = 0, host = "127.0.0.1"): Promise<Agent> {
    const socket = createSocket({
      type: "udp4",
      // The address is one already: the default look-up would add a turn of the event loop to what is measured.
      lookup: (host, _options, callback) => callback(null, host, 4),
    });
    // With a look-up that answers at once, so does bind.
    const listening = once(socket, "listening");
    socket.bind(port, host);
    await listening;
    return new Agent(socket, server);
  }

  private constructor(socket: Socket, server: Address) {
    this.#socket = socket;
    this.#server = server;
    const { address, port } = socket.address();
    this.host = address;
    this.port = port;
    socket.on("message", (data) => {
      const at = performance.now();
      const { message } = parseMessage(data);
      if (message instanceof SipRequest) this.request(message, at);
      else if (message) this.response(message, at);
    });
  }

  /** Registers for an extension. @throws Error when that was not answered with 200 */
  async register(number: string): Promise<void> {
    await this.challenged("REGISTER", number);
    const answer = await this.#ask(this.#registration("REGISTER", number));
    if (answer?.status !== 200) throw new Error(`${number} could not register: ${answer?.status ?? "no answer"}`);
  }

  /** Fetches a challenge, which then serves every request of this agent. @throws Error when nobody gives one */
  async challenged(method: string, number: string): Promise<void> {
    for (let patience = 50; patience > 0; patience--) {
      const answer = await this.#ask(this.#registration(method, number));
      this.#challenge = strongest(parseChallenges(answer?.all("www-authenticate") ?? []));
      if (this.#challenge) return;
      await sleep(100);
    }
    throw new Error(`127.0.0.1:${this.#server.port} asks for no password`);
  }

  /** A call with credentials, ready to be sent. */
  invite(number: string, to: string): SipRequest {
    const request = this.build("INVITE", `sip:${to}@127.0.0.1:${this.#server.port}`, {
      from: `<sip:${number}@127.0.0.1>;tag=${newTag()}`,
      to: `<sip:${to}@127.0.0.1>`,
    });
    request.add("Contact", `<sip:${number}@${this.host}:${this.port}>`);
    return this.#signed(request, number).setBody("application/sdp", sdp);
  }

  /** The ACK of a final response (RFC 3261 §17.1.1.3 for a refusal, §13.2.2.4 for a 2xx), or a BYE or CANCEL. */
  follow(method: "ACK" | "BYE" | "CANCEL", invite: SipRequest, response?: SipResponse): SipRequest {
    const talking = response !== undefined && response.status < 300;
    const seq = (invite.cseq?.number ?? 1) + (method === "BYE" ? 1 : 0);
    return this.build(method, (talking && response.contact?.uri) || invite.uri, {
      from: invite.get("from") ?? "",
      to: response?.get("to") ?? invite.get("to") ?? "",
      callId: invite.callId,
      seq,
      ...(talking ? {} : { branch: invite.via?.params.get("branch") ?? "" }),
    });
  }

  build(
    method: string,
    uri: string,
    {
      from,
      to,
      callId = newCallId(),
      seq = 1,
      branch = newBranch(),
    }: {
      from: string;
      to: string;
      callId?: string;
      seq?: number;
      branch?: string;
    },
  ): SipRequest {
    return new SipRequest(method, uri)
      .add("Via", `SIP/2.0/UDP ${this.host}:${this.port};branch=${branch}`)
      .add("From", from)
      .add("To", to)
      .add("Call-ID", callId)
      .add("CSeq", `${seq} ${method}`)
      .add("Max-Forwards", "70");
  }

  /** Sends it; says when, in milliseconds of `performance.now`. */
  send(message: SipRequest | SipResponse): number {
    const data = message.toBuffer();
    const at = performance.now();
    this.#socket.send(data, this.#server.port, this.#server.host);
    return at;
  }

  answer(request: SipRequest, status: number, tag: string): void {
    const response = replyTo(request, status, tag).add("Contact", `<sip:${this.host}:${this.port}>`);
    if (request.method === "INVITE" && status === 200) response.setBody("application/sdp", sdp);
    this.send(response);
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #registration(method: string, number: string): SipRequest {
    const uri = `sip:127.0.0.1:${this.#server.port}`;
    const us = `<sip:${number}@127.0.0.1>`;
    const request = this.build(method, uri, { from: `${us};tag=${newTag()}`, to: us });
    request.add("Contact", `<sip:${number}@${this.host}:${this.port}>`).add("Expires", "3600");
    return this.#challenge ? this.#signed(request, number) : request;
  }

  #signed(request: SipRequest, username: string): SipRequest {
    if (!this.#challenge) throw new Error("no challenge was fetched");
    // A client's mark of its own for each request: the count of the nonce may then begin anew.
    const how = { username, password, method: request.method, uri: request.uri, count: 1, cnonce: newTag() };
    return request.add("Authorization", authorize(this.#challenge, how));
  }

  async #ask(request: SipRequest): Promise<SipResponse | undefined> {
    const gone = new AbortController();
    try {
      return await new Promise<SipResponse | undefined>((resolve, reject) => {
        this.response = (response) => {
          if (response.callId === request.callId && response.status >= 200) resolve(response);
        };
        sleep(500, undefined, { signal: gone.signal }).then(resolve, reject);
        this.send(request);
      });
    } finally {
      gone.abort();
      this.response = () => {};
    }
  }
}
