// What the peer of one stream is told, in the codec that it takes. A decoder of G.722 expects what comes to follow from what
// came: whoever begins to speak in the middle cracks, at full scale for 50 ms at worst. So the state of the peer's decoder is
// followed; what another source says is encoded for that state until its own state is the same, and passes as it is from
// then on (docs/decisions/064).
import { isG711, type Format } from "../../codec.ts";
import { aToU, lawOf, uToA } from "../../g711.ts";
import { G722, silence722 } from "../../g722.ts";
import { payloadOf } from "../rtp.ts";
import type { Hearing } from "./hearing.ts";

type Named = Pick<Format, "name">;

export class Saying {
  #peer: G722 | undefined;
  /** Whose packets pass as they are: the peer's decoder is where the source's is. */
  #passes: Hearing | undefined;

  /** Puts samples into a payload. */
  encode(samples: Int16Array, { name }: Named, payload: Uint8Array): void {
    if (name === "G722") this.#encode(this.#own(true), samples, payload, 0);
    else {
      const { encode } = lawOf(name);
      for (let i = 0; i < payload.length; i++) payload[i] = encode(samples[i] ?? 0);
    }
  }

  /** Has a packet say what was heard, in the codec `to`; `from` is what it is in. */
  pass(heard: Hearing, from: Named, to: Named, packet: Buffer): void {
    const asIs = from.name === to.name && heard.changed === "no";
    if (asIs && (isG711(to) || this.#passes === heard)) return;
    const payload = payloadOf(packet);
    if (isG711(to)) {
      if (!isG711(from) || heard.changed !== "no") return this.encode(heard.samples, to, payload);
      const law = to.name === "PCMU" ? aToU : uToA;
      for (let i = 0; i < payload.length; i++) payload[i] = law[payload[i] ?? 0] ?? 0;
      return;
    }
    const peer = this.#own(this.#passes !== heard);
    if (asIs && peer.near(heard.memory(false))) this.#passes = heard;
    else if (heard.changed === "silenced")
      for (let i = 0; i < payload.length; i++) peer.decode((payload[i] = silence722));
    else this.#encode(peer, heard.samples, payload, from.name === to.name ? 0xc0 : 0);
  }

  /** What comes now does not follow: somebody else speaks, or the last packet of `heard` has not gone on. */
  leave(heard?: Hearing): void {
    if (!heard || this.#passes === heard) this.#own(!heard);
  }

  /** The state of the peer's decoder, which is not a source's any more. */
  #own(withLast: boolean): G722 {
    const peer = (this.#peer ??= new G722());
    if (this.#passes) peer.follow(this.#passes.memory(withLast));
    this.#passes = undefined;
    return peer;
  }

  /** `keeps`: the bits that stay as they are. */
  #encode(peer: G722, samples: Int16Array, payload: Uint8Array, keeps: number): void {
    for (let i = 0; i < payload.length; i++)
      payload[i] = ((payload[i] ?? 0) & keeps) | (peer.encode(samples[i] ?? 0) & ~keeps);
  }
}
