// All that goes to a browser and comes from it on one port (RFC 7983, RFC 9143): checks of ICE, the DTLS handshake, and then
// SRTP of all its streams. Until the browser has shown that it is who it says, nothing of a call leaves or is let in.
import type { FromWorker, BrowserWay, Remote } from "../messages.ts";
import { isControl } from "../rtcp.ts";
import { Srtp } from "../srtp/leg.ts";
import type { Stream, Wire } from "../stream.ts";
import type { DtlsEvents } from "./dtls.ts";
import type { Handshake, StartHandshake } from "./handshakes.ts";
import { consentMs, IceLite } from "./ice.ts";

export interface BundleDeps {
  readonly now: () => number;
  /** The UDP port, for a complaint. */
  readonly port: number;
  readonly send: (datagram: Buffer, port: number, address: string) => void;
  readonly shake: StartHandshake;
  readonly secured: (
    news:
      | Omit<Extract<FromWorker, { type: "secured" }>, "session">
      | Omit<Extract<FromWorker, { type: "unsecured" }>, "session">,
  ) => void;
}

/** A browser that is there has shown who it is in less than a second. */
const patienceMs = 15_000;

export class Bundle {
  /** For each of its streams. */
  readonly wire: Wire;
  readonly #deps: BundleDeps;
  readonly #payloads = new Map<number, Stream>();
  readonly #streams = new Set<Stream>();
  #way: BrowserWay;
  #ice: IceLite;
  #dtls: Handshake;
  #srtp: Srtp | undefined;
  /** When the handshake is given up; undefined = it is done, or was. */
  #dueAt: number | undefined;
  #over = false;

  constructor(way: BrowserWay, deps: BundleDeps) {
    this.#deps = deps;
    this.#way = way;
    this.#ice = new IceLite(way.local, way.remote, deps.now);
    const out = (packet: Buffer) => this.#send(packet);
    this.wire = { rtp: out, rtcp: out };
    this.#dtls = this.#shake();
  }

  /** What was settled for one of its streams, at first or anew. */
  carry(stream: Stream, { way, receives }: Remote): void {
    this.drop(stream);
    this.#streams.add(stream);
    for (const { payload } of receives) this.#payloads.set(payload, stream);
    if (way) this.#renew(way);
    this.#found();
  }

  drop(stream: Stream): void {
    this.#streams.delete(stream);
    for (const [payload, other] of this.#payloads) if (other === stream) this.#payloads.delete(payload);
  }

  #renew(way: BrowserWay): void {
    const before = this.#way;
    this.#way = way;
    if (way.local.ufrag !== before.local.ufrag || way.remote.ufrag !== before.remote.ufrag)
      this.#ice = new IceLite(way.local, way.remote, this.#deps.now);
    // RFC 8842 §5.5: another certificate is another connection.
    if (way.fingerprints.some(({ value }, at) => value !== before.fingerprints[at]?.value)) {
      this.#dtls.close();
      this.#dtls = this.#shake();
    }
  }

  #shake(): Handshake {
    this.#srtp = undefined;
    this.#dueAt = this.#deps.now() + patienceMs;
    const { certificate, key, fingerprints } = this.#way;
    const events: DtlsEvents = {
      send: (datagram) => this.#reply(datagram),
      keys: (keys) => {
        this.#srtp = new Srtp(keys);
        this.#dueAt = undefined;
        this.#deps.secured({ type: "secured", suite: keys.send.suite });
        this.#found();
      },
      // Once there are keys, nothing more is wanted of it.
      failed: (why) => {
        if (this.#dueAt !== undefined) this.#fail(why);
      },
    };
    return this.#deps.shake({ certificate, key, fingerprints }, events);
  }

  #fail(why: string): void {
    this.#dueAt = undefined;
    this.#deps.secured({ type: "unsecured", why });
  }

  /** Gives up what comes to nothing, and who has gone; to be called every second or so. */
  watch(): void {
    if (this.#srtp && this.#deps.now() - this.#ice.latestAt >= consentMs) {
      this.#srtp = undefined;
      this.#fail(
        `nothing has come from it for ${consentMs / 1000} seconds: its page was closed, or its network is gone`,
      );
    }
    if (this.#dueAt === undefined || this.#deps.now() < this.#dueAt) return;
    this.#fail(
      this.#ice.latest
        ? "it does not finish the handshake of its keys (DTLS)"
        : `none of its packets has reached UDP port ${this.#deps.port}: a firewall keeps them away, or the address that the ` +
            'endpoint is known as ("Known as") is none that it can reach',
    );
  }

  /** A datagram on the port, told by its first byte what it is (RFC 7983 §7). */
  receive(datagram: Buffer, address: string, port: number): void {
    const first = datagram[0] ?? 255;
    if (first < 4) {
      const before = this.#ice.selected;
      const reply = this.#ice.receive(datagram, address, port);
      if (reply) this.#deps.send(reply, port, address);
      const { selected } = this.#ice;
      if (selected?.port !== before?.port || selected?.address !== before?.address) this.#found();
      return;
    }
    // Whatever else comes, comes from where a check came from.
    if (this.#over || !this.#ice.knows(address, port)) return;
    if (first >= 20 && first < 64) this.#dtls.receive(datagram);
    else if (first >= 128 && first < 192) this.#media(datagram);
  }

  #media(datagram: Buffer): void {
    const place = this.#ice.selected;
    if (!this.#srtp || !place) return;
    if (isControl(datagram)) {
      const control = this.#srtp.unprotectControl(datagram);
      // A report may speak of several streams; each finds what is about it.
      if (control) for (const stream of this.#streams) stream.receiveControl(control, place.address, place.port);
      return;
    }
    const packet = this.#srtp.unprotect(datagram);
    if (packet) this.#payloads.get(packet.readUInt8(1) & 0x7f)?.receive(packet, place.address, place.port);
  }

  /** Where the browser is, is known, and that it is the one: its streams may begin. */
  #found(): void {
    const place = this.#ice.selected;
    if (this.#srtp && place) for (const stream of this.#streams) stream.follow(place.address, place.port);
  }

  #send(packet: Buffer): void {
    const place = this.#ice.selected;
    const sealed = isControl(packet) ? this.#srtp?.protectControl(packet) : this.#srtp?.protect(packet);
    if (sealed && place) this.#deps.send(sealed, place.port, place.address);
  }

  /** Before a place is nominated, the handshake goes to where the last check came from. */
  #reply(datagram: Buffer): void {
    const place = this.#ice.selected ?? this.#ice.latest;
    if (place) this.#deps.send(datagram, place.port, place.address);
  }

  close(): void {
    this.#over = true;
    this.#dtls.close();
    this.#srtp = undefined;
  }
}
