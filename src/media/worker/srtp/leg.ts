// The SRTP of one m-line, both ways, through every new offer and answer. While a key stays, so do its contexts: their
// rollover counters are nowhere else (RFC 4568 §7.1.4).
import { sameKey, type SrtpKeys } from "../../suites.ts";
import { Receiver, Sender } from "./context.ts";

export class Srtp {
  readonly #keys: SrtpKeys;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  /** What is on its way still when the peer's key changes; gone with the first packet under the new one. */
  #former: Receiver | undefined;

  constructor(keys: SrtpKeys, before?: Srtp) {
    this.#keys = keys;
    this.#sender = before && sameKey(keys.send, before.#keys.send) ? before.#sender : new Sender(keys.send);
    const kept = before && sameKey(keys.receive, before.#keys.receive);
    this.#receiver = kept ? before.#receiver : new Receiver(keys.receive);
    this.#former = kept ? before.#former : before && before.#receiver;
  }

  /** The RTP packet in a packet of the peer, in place; undefined unless it is authentic and new. */
  unprotect(packet: Buffer): Buffer | undefined {
    const clear = this.#receiver.unprotect(packet);
    if (!this.#former) return clear;
    if (clear) this.#former = undefined;
    return clear ?? this.#former?.unprotect(packet);
  }

  unprotectControl(packet: Buffer): Buffer | undefined {
    return this.#receiver.unprotectControl(packet) ?? this.#former?.unprotectControl(packet);
  }

  /** A new buffer for the network; undefined for what may not be sent. */
  protect(packet: Buffer): Buffer | undefined {
    return this.#sender.protect(packet);
  }

  protectControl(packet: Buffer): Buffer | undefined {
    return this.#sender.protectControl(packet);
  }
}
