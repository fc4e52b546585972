// Phones for a PBX that asks how calls end.
import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";

/** Phones behind one address: each answers with the status that is its number. */
export class Phones implements AsyncDisposable {
  readonly #socket = createSocket("udp4");

  static async open(): Promise<Phones> {
    const phones = new Phones();
    phones.#socket.on("message", (message, from) => phones.#take(message.toString(), from));
    phones.#socket.bind(0, "127.0.0.1");
    await once(phones.#socket, "listening");
    return phones;
  }

  get pjsip(): string {
    const { port } = this.#socket.address();
    return `[out]\ntype=endpoint\nallow=alaw\naors=out\n[out]\ntype=aor\ncontact=sip:127.0.0.1:${port}\n`;
  }

  #take(text: string, from: RemoteInfo): void {
    const [, status] = /^INVITE sip:([^@;> ]*)/.exec(text) ?? [];
    if (status === undefined) return;
    const fields = (text.match(/^(Via|From|To|Call-ID|CSeq):.*(?=\r$)/gim) ?? []).map((field) =>
      field.startsWith("To:") ? `${field};tag=phone` : field,
    );
    const lines = [`SIP/2.0 ${status} Said`, ...fields, "Content-Length: 0", "", ""];
    this.#socket.send(lines.join("\r\n"), from.port, from.address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, "close");
  }
}
