// A connection to a camera that speaks RTSP: requests with their answers, signed where the camera asks for it (Basic,
// RFC 7617; Digest, RFC 7616), and the packets that come between. TLS is checked before the first byte is sent.
import net, { isIP, type LookupFunction, type Socket } from "node:net";
import tls from "node:tls";
import type { Clock } from "../../clock.ts";
import { parseChallenges, strongest, type Challenge } from "../../digest.ts";
import { giveUp, PorteroError, tryAgain } from "../../errors.ts";
import { codeOf, faultOf, timedOut } from "../../http/faults.ts";
import type { Login, Signer } from "../../http/signer.ts";
import { distrust, type Trust } from "../../trust.ts";
import { RtspReader, writeMessage, type RtspMessage } from "./message.ts";

export interface ConnectionOptions {
  /** Without user and password. */
  readonly url: URL;
  /** Begins the sentences: "The camera at rtsp://192.0.2.1/live". */
  readonly place: string;
  readonly trust: Trust;
  readonly login: Login | undefined;
  readonly signer: Signer;
  readonly clock: Clock;
  /** For connecting, and for each answer. */
  readonly timeoutMs: number;
  readonly lookup?: LookupFunction;
  packet(channel: number, bytes: Buffer): void;
  /** The connection is gone or worth nothing any more; once. */
  failed(error: PorteroError): void;
}

export interface Answer extends RtspMessage {
  readonly status: number;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: PorteroError): void;
}

// As with HTTP: the question, a stale nonce or two, the answer.
const mostSignings = 4;
// A camera that asks us questions and does not read the answers.
const mostUnread = 64 * 1024;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #reader: RtspReader;
  readonly #waiting = new Map<string, Waiting>();
  #sequence = 0;
  #over: PorteroError | undefined;

  private constructor(options: ConnectionOptions, { socket, hear }: Connected) {
    this.#options = options;
    this.#socket = socket;
    this.#reader = new RtspReader({
      message: (message) => this.#message(message),
      packet: (channel, bytes) => options.packet(channel, bytes),
    });
    hear((bytes) => {
      const fault = this.#reader.push(bytes);
      if (fault !== undefined) this.#fail(tryAgain("not-rtsp", `${options.place} ${fault}: is this its RTSP port?`));
    });
    socket.on("error", (error) => this.#fail(rtspFault(error, options)));
    socket.on("close", () => this.#fail(tryAgain("cut-short", `${options.place} closed the connection`)));
  }

  /** Rejects with a PorteroError, or with the reason of `signal`. */
  static async open(options: ConnectionOptions, signal: AbortSignal): Promise<Connection> {
    return new Connection(options, await connect(options, signal));
  }

  /** Of our end, for sockets of other kinds. */
  get localAddress(): string {
    return this.#socket.localAddress ?? "0.0.0.0";
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? "";
  }

  /** Sends a request, again with a signature where one is asked for. Any other status than 401 is the caller's to judge. */
  async request(method: string, uri: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const { login, signer, place } = this.#options;
    let answersTheQuestion = false;
    for (let signings = 0; signings < mostSignings; signings++) {
      const signature = login && signer.sign(login, method, uri);
      const answer = await this.#ask(method, uri, {
        ...headers,
        ...(signature === undefined ? {} : { Authorization: signature }),
      });
      if (answer.status !== 401) return answer;
      const offered = strongest(parseChallenges(answer.headers.get("www-authenticate") ?? []));
      if (!offered) throw giveUp("auth-unknown", `${place} wants a kind of login that is neither Basic nor Digest`);
      if (!login) throw giveUp("no-password", `${place} wants a user name and password: enter them for this camera`);
      if (signer.asked(login)?.scheme === "digest" && offered.scheme === "basic")
        throw giveUp(
          "auth-weakened",
          `${place} asked for a Digest login before and wants the password in the clear now: it was not sent`,
        );
      if (signature !== undefined && isWrong(offered, answersTheQuestion)) {
        signer.refused(login);
        throw giveUp("wrong-password", `${place} does not accept the user name or password: correct them`);
      }
      signer.learn(login, offered);
      answersTheQuestion = true;
    }
    throw tryAgain("auth-loop", `${place} finds every signature of ours too old: restart it if this lasts`);
  }

  /** A binary packet (RFC 2326 §10.12). */
  send(channel: number, bytes: Buffer): void {
    const head = Buffer.from([0x24, channel, bytes.length >> 8, bytes.length & 0xff]);
    this.#write(Buffer.concat([head, bytes]));
  }

  /** Sends a last request, of which nobody waits for the answer, and closes. */
  close(last?: {
    readonly method: string;
    readonly uri: string;
    readonly headers: Readonly<Record<string, string>>;
  }): void {
    if (this.#over) return;
    const { login, signer, place } = this.#options;
    const stuck = this.#socket.writableLength > 0;
    const signature = last && login && signer.sign(login, last.method, last.uri);
    if (last && !stuck) {
      const headers = { ...last.headers, ...(signature === undefined ? {} : { Authorization: signature }) };
      this.#write(this.#head(last.method, last.uri, `${++this.#sequence}`, headers));
    }
    this.#end(tryAgain("closed", `${place} was left`));
    // After the last bytes are with the system, whether or not anybody reads them.
    if (stuck) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  #ask(method: string, uri: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const { clock, timeoutMs, place } = this.#options;
    if (this.#over) return Promise.reject(this.#over);
    if (Object.values(headers).some((value) => /[\r\n\0]/.test(value)) || !/^[\x21-\x7e]+$/.test(uri))
      throw giveUp("bad-request", `${place} cannot be asked: the address, user or password holds a line break`);
    return new Promise((resolve, reject) => {
      const cseq = `${++this.#sequence}`;
      const settle = (finish: () => void) => {
        cancel();
        this.#waiting.delete(cseq);
        finish();
      };
      const cancel = clock.after(timeoutMs, () =>
        settle(() => reject(timedOut(place, timeoutMs, { answered: false, received: 0 }))),
      );
      this.#waiting.set(cseq, {
        resolve: (answer) => settle(() => resolve(answer)),
        reject: (error) => settle(() => reject(error)),
      });
      this.#write(this.#head(method, uri, cseq, headers));
    });
  }

  #head(method: string, uri: string, cseq: string, headers: Readonly<Record<string, string>>): Buffer {
    return writeMessage(`${method} ${uri} RTSP/1.0`, { CSeq: cseq, "User-Agent": "Portero", ...headers });
  }

  #message(message: RtspMessage): void {
    const { status, headers } = message;
    const cseq = headers.get("cseq")?.[0];
    if (status === undefined) {
      // What cameras ask (ANNOUNCE, REDIRECT, …) is nothing that we do.
      if (this.#socket.writableLength < mostUnread && /^\d{1,10}$/.test(cseq ?? ""))
        this.#write(writeMessage("RTSP/1.0 501 Not Implemented", { CSeq: cseq ?? "" }));
      return;
    }
    if (status < 200) return;
    const only = this.#waiting.size === 1 ? [...this.#waiting.values()][0] : undefined;
    const waiting = cseq === undefined ? only : this.#waiting.get(String(Number(cseq)));
    waiting?.resolve({ ...message, status });
  }

  #write(bytes: Buffer): void {
    if (!this.#over && this.#socket.writable) this.#socket.write(bytes);
  }

  #fail(error: PorteroError): void {
    if (this.#over) return;
    this.#end(error);
    this.#socket.destroy();
    this.#options.failed(error);
  }

  #end(error: PorteroError): void {
    this.#over = error;
    this.#reader.stop();
    for (const waiting of [...this.#waiting.values()]) waiting.reject(error);
  }
}

// A nonce of an earlier request may have ended without `stale`: it gets a second chance, with the new one.
const isWrong = (offered: Challenge, answersTheQuestion: boolean): boolean =>
  offered.scheme === "basic" || (answersTheQuestion && !offered.stale);

/** RTSP's port is 554, that of RTSP in TLS 322 (RFC 7826 §20). */
const portOf = (url: URL): number => Number(url.port || (url.protocol === "rtsps:" ? 322 : 554));

interface Connected {
  readonly socket: Socket;
  readonly encrypted?: tls.TLSSocket;
  /** To be called once: with what came before, too. */
  readonly hear: (take: (bytes: Buffer) => void) => void;
}

// Each packet of a film comes alone. A stream of Node's makes 64 KiB of room for each, and throws most of it away.
const roomBytes = 64 * 1024;

function plain(to: net.TcpNetConnectOpts): Connected {
  let early: Buffer[] = [];
  let take = (bytes: Buffer): void => {
    early.push(bytes);
  };
  const callback = (length: number, room: Uint8Array) => {
    take(Buffer.from(room.subarray(0, length)));
    return true;
  };
  const socket = net.connect({ ...to, noDelay: true, onread: { buffer: Buffer.allocUnsafeSlow(roomBytes), callback } });
  const hear: Connected["hear"] = (taker) => {
    take = taker;
    for (const bytes of early) taker(bytes);
    early = [];
  };
  return { socket, hear };
}

function secured(to: tls.ConnectionOptions): Connected {
  const socket = tls.connect({ ...to, rejectUnauthorized: false });
  return { socket, encrypted: socket, hear: (take) => void socket.on("data", take) };
}

function connect(options: ConnectionOptions, signal: AbortSignal): Promise<Connected> {
  const { url, place, trust, clock, timeoutMs, lookup } = options;
  const secure = url.protocol === "rtsps:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const to = { host, port: portOf(url), ...(lookup ? { lookup } : {}) };
  return new Promise((resolve, reject) => {
    const connected = secure ? secured({ ...to, servername: isIP(host) ? "" : host }) : plain(to);
    const { socket, encrypted } = connected;
    const settle = (error?: unknown) => {
      cancel();
      signal.removeEventListener("abort", onAbort);
      socket.off("error", settle).off("close", onClose).off("connect", onConnect).off("secureConnect", onSecure);
      if (error === undefined) {
        resolve(connected);
        return;
      }
      socket.on("error", () => {}).destroy();
      reject(error === signal.reason ? (signal.reason as Error) : rtspFault(error, options));
    };
    const onAbort = () => settle(signal.reason);
    const onClose = () => settle(tryAgain("cut-short", `${place} closed the connection`));
    const onConnect = () => settle();
    const onSecure = () => settle((encrypted && distrust(encrypted, trust)) ?? undefined);
    const cancel = clock.after(timeoutMs, () => settle(timedOut(place, timeoutMs, { answered: false, received: 0 })));
    signal.addEventListener("abort", onAbort);
    socket
      .on("error", settle)
      .on("close", onClose)
      .on(secure ? "secureConnect" : "connect", secure ? onSecure : onConnect);
    if (signal.aborted) onAbort();
  });
}

/** The sentence for what a socket or TLS threw. */
function rtspFault(error: unknown, { place, url }: ConnectionOptions): PorteroError {
  if (error instanceof PorteroError) return error;
  const code = codeOf(error);
  const data = { errno: code };
  if (code === "ECONNREFUSED") {
    const why = `is RTSP switched on in it, and on port ${portOf(url)}?`;
    return tryAgain("refused", `${place} refused the connection: ${why}`, { data });
  }
  if (code === "ECONNRESET" || code === "EPIPE")
    return tryAgain("cut-short", `${place} closed the connection`, { data });
  if (code.startsWith("ERR_SSL_") || code === "EPROTO") {
    const why = "does it want rtsp:// instead?";
    return giveUp("tls-failed", `${place} and this machine agree on no encryption: ${why}`, { data });
  }
  return faultOf(error, place, url);
}
