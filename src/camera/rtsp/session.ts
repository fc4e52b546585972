// One try at a camera's stream: OPTIONS, DESCRIBE, SETUP, PLAY (RFC 2326 §10), then packets until something ends it.
import type { Clock } from "../../clock.ts";
import { giveUp, tryAgain, type PorteroError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { Connection, type Answer, type ConnectionOptions } from "./connection.ts";
import type { Depayloader, Output } from "./depayload.ts";
import { Reception } from "./reports.ts";
import { Order, parseRtp } from "./rtp.ts";
import { controlUrl, trackOf, type Track } from "./sdp.ts";
import { openPair, type UdpPair } from "./udp.ts";

export type Transport = "tcp" | "udp";

export interface SessionOptions extends Omit<ConnectionOptions, "packet" | "failed"> {
  readonly clock: Clock;
  readonly log: Log;
  readonly transport: Transport;
  /** Without a packet for so long it has ended. */
  readonly silenceMs: number;
  /** 32 random bits. */
  readonly ssrc: number;
  readonly out: Output;
}

/** What to do next, where it is not over. */
export type Next = { readonly redirect: string } | { readonly transport: Transport } | undefined;

const udpSilenceMs = 2_000;
// Cameras that save bandwidth send a key frame every ten or twenty seconds.
const noPictureMs = 30_000;
const reportMs = 5_000;
const beatMs = 500;
const reorder = { most: 64, mostMs: 100 };

export class Session {
  readonly #options: SessionOptions;
  readonly #reception: Reception;
  readonly #ended: Promise<Next>;
  #resolve: (next: Next) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #closed = false;
  #connection: Connection | undefined;
  #pair: UdpPair | undefined;
  #track: Track | undefined;
  #order: Order | undefined;
  #transport: Transport;
  #session: { readonly id: string; readonly timeoutMs: number } | undefined;
  #uri: string;
  // Of RTP and RTCP where they come in the connection.
  #channels: readonly [number, number] = [0, 1];
  #serverPort: number | undefined;
  #parameters = false;
  #asking = false;
  readonly #times = { packet: 0, frame: 0, report: 0, alive: 0 };
  #packets = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#transport = options.transport;
    this.#reception = new Reception(options.ssrc);
    this.#uri = options.url.href;
    this.#ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // It may be rejected while nobody waits for it yet.
    this.#ended.catch(() => {});
  }

  /** Resolves when the camera says goodbye or another try is better. Rejects with a PorteroError or the signal's reason. */
  async run(signal: AbortSignal): Promise<Next> {
    const onAbort = () => this.#reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    let stop: (() => void) | undefined;
    try {
      const next = await Promise.race([this.#start(signal), this.#ended]);
      if (next) return next;
      signal.throwIfAborted();
      stop = this.#options.clock.every(beatMs, () => this.#beat());
      return await this.#ended;
    } finally {
      stop?.();
      signal.removeEventListener("abort", onAbort);
      this.#close();
    }
  }

  async #start(signal: AbortSignal): Promise<Next> {
    const { place } = this.#options;
    const connection = await Connection.open(
      {
        ...this.#options,
        packet: (channel, bytes) => this.#interleaved(channel, bytes),
        failed: (error) => this.#reject(error),
      },
      signal,
    );
    this.#connection = connection;
    if (this.#closed) {
      connection.close();
      return undefined;
    }
    const options = await connection.request("OPTIONS", this.#uri);
    this.#parameters = (options.headers.get("public") ?? []).join(",").includes("GET_PARAMETER");
    const described = await connection.request("DESCRIBE", this.#uri, { Accept: "application/sdp" });
    const location = described.headers.get("location")?.[0];
    if (described.status >= 300 && described.status < 400 && location !== undefined) return { redirect: location };
    if (described.status !== 200) throw statusFault(place, "its stream", described);
    const track = trackOf(described.body, place);
    this.#track = track;
    const base = baseOf(described, this.#uri);
    this.#uri = controlUrl(track.sessionControl, base);
    await this.#setup(connection, controlUrl(track.control, this.#uri));
    this.#arrange(track.depayloader(this.#output()));
    const played = await connection.request("PLAY", this.#uri, { ...this.#inSession(), Range: "npt=0.000-" });
    if (played.status !== 200) throw statusFault(place, "to play", played);
    const now = this.#options.clock.now();
    this.#options.log.debug(`${place} plays ${track.codec} by ${this.#transport.toUpperCase()}`);
    Object.assign(this.#times, { packet: now, frame: now, report: now, alive: now });
    return undefined;
  }

  async #setup(connection: Connection, uri: string): Promise<void> {
    let answer = await this.#wish(connection, uri);
    // Unsupported Transport: there are cameras for either.
    if (answer?.status === 461) {
      this.#pair?.close();
      this.#pair = undefined;
      this.#transport = this.#transport === "tcp" ? "udp" : "tcp";
      answer = await this.#wish(connection, uri);
    }
    if (answer?.status === 200) this.#agree(answer);
    else if (answer) throw statusFault(this.#options.place, "to set up its stream", answer);
  }

  async #wish(connection: Connection, uri: string): Promise<Answer | undefined> {
    let wish = "RTP/AVP/TCP;unicast;interleaved=0-1";
    if (this.#transport === "udp") {
      const { localAddress, remoteAddress } = connection;
      const pair = await openPair(localAddress, remoteAddress, (kind, bytes) => this.#packet(kind, bytes));
      if (this.#closed) {
        pair.close();
        return undefined;
      }
      this.#pair = pair;
      const { port } = pair;
      wish = `RTP/AVP;unicast;client_port=${port}-${port + 1}`;
    }
    return await connection.request("SETUP", uri, { Transport: wish });
  }

  #agree({ headers }: Answer): void {
    const [id = "", ...parameters] = (headers.get("session")?.[0] ?? "").split(";").map((part) => part.trim());
    const seconds = Number(/(?:^|;)timeout *= *(\d{1,6})/i.exec(parameters.join(";"))?.[1] ?? 60);
    if (id !== "") this.#session = { id, timeoutMs: 1000 * Math.max(1, seconds) };
    const agreed = headers.get("transport")?.[0] ?? "";
    const channels = /interleaved=(\d{1,3})(?:-(\d{1,3}))?/i.exec(agreed);
    if (channels) this.#channels = [Number(channels[1]), Number(channels[2] ?? Number(channels[1]) + 1)];
    const ports = /server_port=(\d{1,5})(?:-(\d{1,5}))?/i.exec(agreed);
    const rtcp = ports ? Number(ports[2] ?? Number(ports[1]) + 1) : 0;
    if (rtcp > 0 && rtcp <= 65_535) this.#serverPort = rtcp;
  }

  #arrange(depayloader: Depayloader): void {
    const { most, mostMs } = this.#transport === "udp" ? reorder : { most: 0, mostMs: 0 };
    this.#order = new Order(most, mostMs, (packet) => depayloader.push(packet));
  }

  #output(): Output {
    const { out } = this.#options;
    return {
      format: (format) => out.format(format),
      frame: (frame) => {
        this.#times.frame = frame.at;
        out.frame(frame);
      },
    };
  }

  #inSession(): Record<string, string> {
    return this.#session ? { Session: this.#session.id } : {};
  }

  #interleaved(channel: number, bytes: Buffer): void {
    const kind = this.#channels.indexOf(channel);
    if (!this.#pair && (kind === 0 || kind === 1)) this.#packet(kind, bytes);
  }

  #packet(kind: 0 | 1, bytes: Buffer): void {
    const now = this.#options.clock.now();
    if (kind === 1) {
      if (this.#reception.read(bytes, now)) this.#resolve(undefined);
      return;
    }
    const packet = parseRtp(bytes, now);
    if (!packet || packet.payloadType !== this.#track?.payloadType) return;
    this.#packets += 1;
    this.#times.packet = now;
    this.#reception.packet(packet);
    this.#order?.push(packet);
  }

  // Every half second: is it still there, does it know that we are?
  #beat(): void {
    const { clock, place, silenceMs } = this.#options;
    const now = clock.now();
    const { packet, frame, report, alive } = this.#times;
    if (this.#transport === "udp" && this.#packets === 0 && now - packet >= udpSilenceMs) {
      this.#leaveUdp();
    } else if (now - packet >= silenceMs) {
      this.#reject(tryAgain("silent", `${place} has sent no video for ${Math.round(silenceMs / 1000)} s`));
    } else if (now - frame >= noPictureMs) {
      const what = `${place} sends video, but no whole picture has come for ${noPictureMs / 1000} s`;
      this.#reject(tryAgain("no-picture", `${what}: let it send key frames more often, or receive it by TCP`));
    }
    if (now - report >= reportMs) {
      this.#times.report = now;
      const bytes = this.#reception.report(now);
      if (!this.#pair) this.#connection?.send(this.#channels[1], bytes);
      else if (this.#serverPort !== undefined) this.#pair.report(bytes, this.#serverPort);
    }
    if (now - alive >= Math.min(30_000, (this.#session?.timeoutMs ?? 60_000) / 2)) {
      this.#times.alive = now;
      this.#stayAlive().catch((error: unknown) => this.#reject(error));
    }
  }

  // The next try begins when this one is over: some cameras serve one viewer only.
  #leaveUdp(): void {
    if (this.#asking || !this.#connection) return;
    this.#asking = true;
    this.#connection
      .request("TEARDOWN", this.#uri, this.#inSession())
      .catch(() => {})
      .finally(() => {
        this.#session = undefined;
        this.#resolve({ transport: "tcp" });
      });
  }

  async #stayAlive(): Promise<void> {
    if (this.#asking || !this.#connection) return;
    this.#asking = true;
    try {
      const method = this.#parameters ? "GET_PARAMETER" : "OPTIONS";
      const { status } = await this.#connection.request(method, this.#uri, this.#inSession());
      if (status === 454)
        throw tryAgain(
          "session-lost",
          `${this.#options.place} has forgotten that we are watching: it may have restarted`,
        );
      if (status >= 400) this.#parameters = false;
    } catch (error) {
      // Some answer nothing while they play: whether packets come is what counts.
      if ((error as PorteroError).code !== "timeout") throw error;
    } finally {
      this.#asking = false;
    }
  }

  #close(): void {
    this.#closed = true;
    this.#pair?.close();
    const goodbye = this.#session && { method: "TEARDOWN", uri: this.#uri, headers: this.#inSession() };
    this.#connection?.close(goodbye);
    this.#order = undefined;
  }
}

/** What controls are relative to (RFC 2326 §C.1.1). It may be an address inside the camera's network: it is only named. */
function baseOf({ headers }: Answer, uri: string): string {
  const told = headers.get("content-base")?.[0] ?? headers.get("content-location")?.[0];
  return told !== undefined && /^rtsps?:\/\/[\x21-\x7e]+$/i.test(told) ? told : uri;
}

function statusFault(place: string, what: string, { status }: Answer): PorteroError {
  const data = { status };
  const says = `${place} was asked for ${what} and answered ${status}`;
  switch (status) {
    case 403:
      return giveUp("camera-status", `${says}: this user may not watch it`, { data });
    case 404:
    case 451:
    case 455:
      return giveUp("camera-status", `${says}: there is no such stream; is the path as its maker gives it?`, { data });
    case 461:
      return giveUp("camera-status", `${says}: it sends neither by TCP nor by UDP to one viewer`, { data });
    case 453:
    case 503:
      return tryAgain("camera-status", `${says}: it may have more viewers than it serves`, { data });
    default:
      return tryAgain("camera-status", says, { data });
  }
}
