// A phone as the media part sees one: two UDP sockets that send and receive real RTP and RTCP on loopback.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { encodeA, encodeU, lawOf } from "../../src/media/g711.ts";
import { G722 } from "../../src/media/g722.ts";
import type { MasterKey, SrtpKeys } from "../../src/media/suites.ts";
import { Receiver, Sender } from "../../src/media/worker/srtp/context.ts";
import { read, rtp } from "./packets.ts";
import { tone } from "./tone.ts";

export const frame = 160;

export class Phone {
  readonly rtp: Socket;
  readonly rtcp: Socket;
  readonly received: Buffer[] = [];
  readonly reports: Buffer[] = [];
  sequence = 100;
  ssrc: number;
  #sender: Sender | undefined;
  #receiver: Receiver | undefined;

  static async open(ssrc = 1): Promise<Phone> {
    const sockets = [createSocket("udp4"), createSocket("udp4")] as const;
    for (const socket of sockets) {
      socket.bind(0, "127.0.0.1");
      await once(socket, "listening");
    }
    return new Phone(sockets[0], sockets[1], ssrc);
  }

  private constructor(media: Socket, control: Socket, ssrc: number) {
    this.rtp = media;
    this.rtcp = control;
    this.ssrc = ssrc;
    media.on("message", (packet) => {
      const plain = this.#receiver ? this.#receiver.unprotect(packet) : packet;
      if (plain) this.received.push(plain);
    });
    control.on("message", (packet) => this.reports.push(packet));
  }

  /** From now on it speaks SRTP: what does not open is not heard. */
  encrypt({ send, receive }: SrtpKeys): void {
    [this.#sender, this.#receiver] = [new Sender(send), new Receiver(receive)];
  }

  get port(): number {
    return this.rtp.address().port;
  }

  /** Its SDP, with what is given after the m-line's formats. */
  sdp(formats: string, ...attributes: string[]): string {
    const lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"];
    const rtcp = `a=rtcp:${this.rtcp.address().port}`;
    return [...lines, `m=audio ${this.port} RTP/AVP ${formats}`, rtcp, ...attributes, ""].join("\r\n");
  }

  /** As `sdp`, encrypted: with its key, under RTP/SAVP, or RTP/AVP where it is not insisted on. */
  secured(formats: string, { suite, key }: MasterKey, optional = false, ...attributes: string[]): string {
    const plain = this.sdp(formats, ...attributes, `a=crypto:1 ${suite} inline:${key}`);
    return optional ? plain : plain.replaceAll("RTP/AVP", "RTP/SAVP");
  }

  /** Sends one packet and resolves when the system has it. */
  send(port: number, payload: number, body?: Uint8Array, timestamp = this.sequence * frame): Promise<void> {
    const packet = rtp({
      payload,
      sequence: this.sequence,
      timestamp,
      ssrc: this.ssrc,
      ...(body && { body }),
    });
    this.sequence++;
    const sealed = this.#sender ? (this.#sender.protect(packet) ?? packet) : packet;
    return new Promise((sent) => this.rtp.send(sealed, port, "127.0.0.1", () => sent()));
  }

  /** Sends `frames` packets of a tone in one law, each once the one before is out. */
  async sing(port: number, frequency: number, law: "PCMA" | "PCMU", frames: number): Promise<void> {
    const samples = tone(frequency, 8000, frames * frame);
    const encode = law === "PCMA" ? encodeA : encodeU;
    for (let i = 0; i < frames; i++) {
      await this.send(port, law === "PCMA" ? 8 : 0, Uint8Array.from(samples.slice(i * frame, (i + 1) * frame), encode));
    }
  }

  /** Resolves when so many packets have come in all; the test's time-out is the only limit. */
  async heard(count: number): Promise<void> {
    while (this.received.length < count) await once(this.rtp, "message");
  }

  async reported(count: number): Promise<void> {
    while (this.reports.length < count) await once(this.rtcp, "message");
  }

  /** What it heard, as samples. */
  samples(): number[] {
    const ear = new G722();
    return this.received.map(read).flatMap(({ payload, body }) => {
      const { linear } = lawOf(payload === 8 ? "PCMA" : "PCMU");
      return Array.from(body, (b) => (payload === 9 ? ear.decode(b) : (linear[b] ?? 0)));
    });
  }

  close(): void {
    this.rtp.close();
    this.rtcp.close();
  }
}
