// One stream of a session, picture or sound: how its packets come (RFC 2326 §12.39), those in order, and what we report on them.
import type { Answer, Connection } from "./connection.ts";
import type { Depayloader } from "./depayload.ts";
import { Reception } from "./reports.ts";
import { Order, parseRtp } from "./rtp.ts";
import { openPair, type UdpPair } from "./udp.ts";

export type Transport = "tcp" | "udp";

export interface LineOptions {
  /** Its place in the session. */
  readonly place: number;
  readonly payloadType: number;
  /** How far its timestamps go in a millisecond. */
  readonly perMs: number;
  /** 32 random bits. */
  readonly ssrc: number;
  readonly depayloader: Depayloader;
}

const reorder = { most: 64, mostMs: 100 };

export class Line {
  readonly #options: LineOptions;
  readonly #reception: Reception;
  #order: Order | undefined;
  #pair: UdpPair | undefined;
  #serverPort: number | undefined;
  // Of RTP and RTCP where they come in the connection.
  #channels: readonly [number, number];
  packets = 0;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#reception = new Reception(options.ssrc, options.perMs);
    this.#channels = [2 * options.place, 2 * options.place + 1];
  }

  /** What SETUP asks for. `packet` hears of what comes by ports of its own: channel 0, RTP, and 1, RTCP. */
  async wish(
    by: Transport,
    { localAddress, remoteAddress }: Connection,
    packet: (kind: 0 | 1, bytes: Buffer) => void,
  ): Promise<string> {
    const { most, mostMs } = by === "udp" ? reorder : { most: 0, mostMs: 0 };
    const { depayloader, perMs } = this.#options;
    this.#order = new Order(most, mostMs, (one) => depayloader.push(one), perMs);
    this.#pair?.close();
    this.#pair = undefined;
    if (by === "tcp") return `RTP/AVP/TCP;unicast;interleaved=${this.#channels.join("-")}`;
    const pair = (this.#pair = await openPair(localAddress, remoteAddress, packet));
    return `RTP/AVP;unicast;client_port=${pair.port}-${pair.port + 1}`;
  }

  /** What the camera has answered. */
  agree({ headers }: Answer): void {
    const agreed = headers.get("transport")?.[0] ?? "";
    const channels = /interleaved=(\d{1,3})(?:-(\d{1,3}))?/i.exec(agreed);
    if (channels) this.#channels = [Number(channels[1]), Number(channels[2] ?? Number(channels[1]) + 1)];
    const ports = /server_port=(\d{1,5})(?:-(\d{1,5}))?/i.exec(agreed);
    const rtcp = ports ? Number(ports[2] ?? Number(ports[1]) + 1) : 0;
    if (rtcp > 0 && rtcp <= 65_535) this.#serverPort = rtcp;
  }

  /** What a channel of the connection carries for it: 0, RTP, or 1, RTCP. */
  kindOf(channel: number): 0 | 1 | undefined {
    const kind = this.#channels.indexOf(channel);
    return !this.#pair && (kind === 0 || kind === 1) ? kind : undefined;
  }

  /** A packet of RTP. @returns whether it belongs to it. */
  take(bytes: Buffer, now: number): boolean {
    const packet = parseRtp(bytes, now);
    if (!packet || packet.payloadType !== this.#options.payloadType) return false;
    this.packets += 1;
    this.#reception.packet(packet);
    this.#order?.push(packet);
    return true;
  }

  /** A packet of RTCP. @returns true where the camera says goodbye. */
  read(bytes: Buffer, now: number): boolean {
    return this.#reception.read(bytes, now);
  }

  report(connection: Connection, now: number): void {
    const bytes = this.#reception.report(now);
    if (!this.#pair) connection.send(this.#channels[1], bytes);
    else if (this.#serverPort !== undefined) this.#pair.report(bytes, this.#serverPort);
  }

  close(): void {
    this.#pair?.close();
    this.#order = undefined;
  }
}
