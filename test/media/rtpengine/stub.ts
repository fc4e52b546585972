// A way to an rtpengine that is not there: what it is sent, and what it says.
import { decode, encode, type Dictionary } from "../../../src/media/rtpengine/bencode.ts";
import type { Dial, ServerAddress, WireEvents } from "../../../src/media/rtpengine/wire.ts";

export interface Sent {
  readonly to: string;
  readonly cookie: string;
  readonly request: Dictionary;
}

export class Stub {
  readonly sent: Sent[] = [];
  closed = 0;
  /** What is said to each request at once; undefined: nothing. */
  answer: (sent: Sent) => Dictionary | undefined = () => undefined;
  readonly #events = new Map<string, WireEvents>();

  readonly dial: Dial = ({ host }: ServerAddress, events) => {
    this.#events.set(host, events);
    return {
      send: (data) => {
        const space = data.indexOf(" ");
        const request = decode(data.subarray(space + 1)) as Dictionary;
        const sent = { to: host, cookie: data.toString("latin1", 0, space), request };
        this.sent.push(sent);
        const answer = this.answer(sent);
        if (answer) queueMicrotask(() => this.say(sent, answer));
      },
      close: () => {
        this.closed++;
      },
    };
  };

  say({ to, cookie }: Pick<Sent, "to" | "cookie">, answer: Dictionary): void {
    this.raw(to, `${cookie} ${encode(answer)}`);
  }

  raw(from: string, data: string): void {
    this.#events.get(from)?.received(Buffer.from(data));
  }

  refuse(host: string): void {
    this.#events.get(host)?.refused("nobody listens there");
  }

  /** The requests of one kind. */
  asked(command: string): Sent[] {
    return this.sent.filter(({ request }) => request["command"] === command);
  }
}
