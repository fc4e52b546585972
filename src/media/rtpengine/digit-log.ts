// Digits that rtpengine hears in RTP (RFC 4733): it sends each that has ended, as JSON in a datagram, to where its option
// --dtmf-log-dest says. There is no other way to be told, and none to ask for it in a request.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { giveUp, sentence } from "../../errors.ts";
import { showAddress } from "../../ip.ts";
import type { ServerAddress } from "./wire.ts";

export interface LoggedDigit {
  readonly callId: string;
  /** Of whom has pressed it. */
  readonly tag: string;
  readonly digit: string;
  readonly durationMs: number;
}

/** By their event (RFC 4733 §3.2). */
const digits = "0123456789*#ABCD";

/** What a datagram says; undefined where it says something else. */
export function readDigit(data: Buffer): LoggedDigit | undefined {
  if (data.length > 4096) return undefined;
  try {
    const { type, callid, source_tag, event, duration } = JSON.parse(data.toString()) as Record<string, unknown>;
    const digit = typeof event === "number" ? digits[event] : undefined;
    if (type !== "DTMF" || typeof callid !== "string" || typeof source_tag !== "string" || digit === undefined)
      return undefined;
    return { callId: callid, tag: source_tag, digit, durationMs: typeof duration === "number" ? duration : 0 };
  } catch {
    return undefined;
  }
}

export class DigitLog {
  /**
   * Whoever reaches the port can say anything: what it says counts for a call whose name nobody else knows, which the hearer
   * looks at.
   */
  heard: (digit: LoggedDigit) => void = () => {};
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (data) => {
      const digit = readDigit(data);
      if (digit) this.heard(digit);
    });
    // Troubles of one datagram.
    socket.on("error", () => {});
  }

  /** Listens at an address of this machine. Rejects giveUp "bad-address". */
  static async open(address: ServerAddress): Promise<DigitLog> {
    const { host, port } = address;
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    try {
      socket.bind(port, host);
      await once(socket, "listening");
    } catch (error) {
      socket.close();
      throw giveUp(
        "bad-address",
        `The digits of rtpengine cannot be received at ${showAddress(address)}: ${sentence(error)}. Choose another port, there and here.`,
      );
    }
    return new DigitLog(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  async close(): Promise<void> {
    await new Promise<void>((closed) => this.#socket.close(closed));
  }
}
