// One try at a camera's stream: OPTIONS, DESCRIBE, SETUP, PLAY (RFC 2326 §10), then packets until something ends it.
import type { Clock } from "../../clock.ts";
import { giveUp, tryAgain, type PorteroError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { Connection, type Answer, type ConnectionOptions } from "./connection.ts";
import type { Output } from "./depayload.ts";
import { Line, type Transport } from "./line.ts";
import { controlUrl, soundTrackOf, trackOf } from "./sdp.ts";
import type { VideoOutput } from "../video.ts";

export interface SessionOptions extends Omit<ConnectionOptions, "packet" | "failed"> {
  readonly clock: Clock;
  readonly log: Log;
  readonly transport: Transport;
  /** Without a packet for so long it has ended. */
  readonly silenceMs: number;
  /** 32 random bits. */
  readonly ssrc: number;
  /** Its sound is wanted, too. */
  readonly sound: boolean;
  readonly out: VideoOutput;
}

/** What to do next, where it is not over. */
export type Next = { readonly redirect: string } | { readonly transport: Transport } | undefined;

const udpSilenceMs = 2_000;
// Cameras that save bandwidth send a key frame every ten or twenty seconds.
const noPictureMs = 30_000;
const reportMs = 5_000;
const beatMs = 500;

export class Session {
  readonly #options: SessionOptions;
  /** The video's, then the sound's. */
  readonly #lines: Line[] = [];
  readonly #ended: Promise<Next>;
  #resolve: (next: Next) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #closed = false;
  #connection: Connection | undefined;
  #transport: Transport;
  #session: { readonly id: string; readonly timeoutMs: number } | undefined;
  #uri: string;
  #parameters = false;
  #asking = false;
  readonly #times = { packet: 0, frame: 0, report: 0, alive: 0 };

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#transport = options.transport;
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
    const { place, ssrc, sound } = this.#options;
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
    const base = baseOf(described, this.#uri);
    this.#uri = controlUrl(track.sessionControl, base);
    const { payloadType } = track;
    const video = new Line({ place: 0, perMs: 90, ssrc, payloadType, depayloader: track.depayloader(this.#output()) });
    this.#lines.push(video);
    const answer = await this.#setup(connection, video, controlUrl(track.control, this.#uri));
    if (answer && answer.status !== 200) throw statusFault(place, "to set up its stream", answer);
    if (sound) await this.#setupSound(connection, described.body);
    const played = await connection.request("PLAY", this.#uri, { ...this.#inSession(), Range: "npt=0.000-" });
    if (played.status !== 200) throw statusFault(place, "to play", played);
    const now = this.#options.clock.now();
    this.#options.log.debug(`${place} plays ${track.codec} by ${this.#transport.toUpperCase()}`);
    Object.assign(this.#times, { packet: now, frame: now, report: now, alive: now });
    return undefined;
  }

  // A camera that has no sound is as good as any.
  async #setupSound(connection: Connection, sdp: string): Promise<void> {
    const { place, ssrc, out, log } = this.#options;
    const track = soundTrackOf(sdp, place);
    if (!track) {
      log.debug(`${place} has no sound that browsers play: PCMA, PCMU or AAC`);
      return;
    }
    const { payloadType, format } = track;
    const depayloader = track.depayloader((sound) => out.sound(sound));
    const line = new Line({ place: 1, perMs: format.rate / 1000, ssrc, payloadType, depayloader });
    this.#lines.push(line);
    const answer = await this.#setup(connection, line, controlUrl(track.control, this.#uri));
    if (answer?.status === 200) return;
    this.#lines.pop();
    line.close();
    if (answer) log.debug(statusFault(place, "its sound", answer).message);
  }

  async #setup(connection: Connection, line: Line, uri: string): Promise<Answer | undefined> {
    let answer = await this.#wish(connection, line, uri);
    // Unsupported Transport: there are cameras for either.
    if (answer?.status === 461 && this.#lines.length === 1) {
      this.#transport = this.#transport === "tcp" ? "udp" : "tcp";
      answer = await this.#wish(connection, line, uri);
    }
    if (answer?.status !== 200) return answer;
    const [id = "", ...parameters] = (answer.headers.get("session")?.[0] ?? "").split(";").map((part) => part.trim());
    const seconds = Number(/(?:^|;)timeout *= *(\d{1,6})/i.exec(parameters.join(";"))?.[1] ?? 60);
    if (id !== "") this.#session = { id, timeoutMs: 1000 * Math.max(1, seconds) };
    line.agree(answer);
    return answer;
  }

  async #wish(connection: Connection, line: Line, uri: string): Promise<Answer | undefined> {
    const wish = await line.wish(this.#transport, connection, (kind, bytes) => this.#packet(line, kind, bytes));
    if (this.#closed) {
      line.close();
      return undefined;
    }
    return await connection.request("SETUP", uri, { ...this.#inSession(), Transport: wish });
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
    for (const line of this.#lines) {
      const kind = line.kindOf(channel);
      if (kind !== undefined) this.#packet(line, kind, bytes);
    }
  }

  #packet(line: Line, kind: 0 | 1, bytes: Buffer): void {
    const now = this.#options.clock.now();
    const isVideo = line === this.#lines[0];
    if (kind === 0) {
      if (line.take(bytes, now) && isVideo) this.#times.packet = now;
    } else if (line.read(bytes, now) && isVideo) this.#resolve(undefined);
  }

  // Every half second: is it still there, does it know that we are?
  #beat(): void {
    const { clock, place, silenceMs } = this.#options;
    const now = clock.now();
    const { packet, frame, report, alive } = this.#times;
    if (this.#transport === "udp" && this.#lines[0]?.packets === 0 && now - packet >= udpSilenceMs) {
      this.#leaveUdp();
    } else if (now - packet >= silenceMs) {
      this.#reject(tryAgain("silent", `${place} has sent no video for ${Math.round(silenceMs / 1000)} s`));
    } else if (now - frame >= noPictureMs) {
      const what = `${place} sends video, but no whole picture has come for ${noPictureMs / 1000} s`;
      this.#reject(tryAgain("no-picture", `${what}: let it send key frames more often, or receive it by TCP`));
    }
    if (now - report >= reportMs) {
      this.#times.report = now;
      for (const line of this.#lines) if (this.#connection) line.report(this.#connection, now);
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
    for (const line of this.#lines) line.close();
    const goodbye = this.#session && { method: "TEARDOWN", uri: this.#uri, headers: this.#inSession() };
    this.#connection?.close(goodbye);
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
