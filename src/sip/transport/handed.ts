// WebSockets that came to somebody else's HTTP server (Node-RED's) and are handed to us, each of them known to be one
// extension's: who has logged in there needs no password here. RFC 7118; nothing is dialled.
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { Clock } from "../../clock.ts";
import { giveUp, tryAgain } from "../../errors.ts";
import { Connections, connectionLimits } from "./connections.ts";
import type { Address, Inbound } from "./flow.ts";
import { plainHost } from "./local.ts";
import { webSocketGreeter, type WebSocketWire } from "./websocket.ts";

/** Of all extensions. */
const most = 200;

/** What is known of one that is handed over. */
export interface Handing {
  /** The extension that it may register as. */
  readonly as: string;
  /** The door whose page it is. */
  readonly page?: string;
  /** Whether it may open the door of this id by keys. */
  readonly opens?: (door: string) => boolean;
  /** Where the browser is, which a proxy may stand before: decides which of our addresses it is told. */
  readonly from?: string;
}

export class Handed {
  readonly #inbound: Inbound;
  readonly #clock: Clock;
  readonly #sentBy: (remote: string) => Address;
  readonly #connections = new Map<"WS" | "WSS", Connections>();
  readonly #open = new Map<WebSocketWire, string>();

  constructor(inbound: Inbound, clock: Clock, sentBy: (remote: string) => Address) {
    this.#inbound = inbound;
    this.#clock = clock;
    this.#sentBy = sentBy;
  }

  /**
   * Takes a request to upgrade, of `mostOfOne` at once as the same extension; the result ends its connection.
   * @throws PorteroError `too-many`
   */
  take(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    { from, ...known }: Handing,
    mostOfOne: number,
  ): () => void {
    if (this.#open.size >= most) throw tryAgain("too-many", `${most} pages answer already: close one`);
    const { as } = known;
    const ofThis = [...this.#open.values()].filter((other) => other === as).length;
    if (ofThis >= mostOfOne) throw tryAgain("too-many", `${ofThis} pages answer as ${as} already: close one`);
    let end = (): void => void socket.destroy();
    webSocketGreeter((wire, below) => {
      const { remoteAddress, remotePort } = below;
      if (remoteAddress === undefined || remotePort === undefined) {
        wire.destroy();
        return;
      }
      const remote = { host: plainHost(remoteAddress), port: remotePort };
      this.#open.set(wire, as);
      below.once("close", () => this.#open.delete(wire));
      end = () => {
        wire.end();
        // Who is told to go does not stay by saying nothing to that.
        below.once(
          "close",
          this.#clock.after(connectionLimits.closeMs, () => wire.destroy()),
        );
      };
      this.#of(below).accept(wire, remote, { ...known, sentBy: this.#sentBy(from ?? remote.host) });
    }).upgrade(request, socket, head);
    return () => end();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connections) => connections.close()));
  }

  #of(below: Socket): Connections {
    const name = below instanceof TLSSocket ? "WSS" : "WS";
    const known = this.#connections.get(name);
    if (known) return known;
    const connections = new Connections({
      ...{ name, inbound: this.#inbound, clock: this.#clock, sentBy: this.#sentBy },
      dial: () => {
        throw giveUp("no-way", "a page that has gone comes back by itself");
      },
    });
    this.#connections.set(name, connections);
    return connections;
  }
}
