// The sound of the packets that come from one peer, as 16-bit samples at 8 kHz. In all codecs that we understand an octet is a
// sample; G.722 has a memory besides, so that each of its packets is decoded, whether or not anybody asks.
import { isG711, type Format } from "../../codec.ts";
import { lawOf } from "../../g711.ts";
import { G722 } from "../../g722.ts";
import { payloadOf } from "../rtp.ts";
import { frameSamples } from "./frame.ts";

const nothing = new Int16Array(0);

export class Hearing {
  /** Where its decoder of G.722 is, and where it was before the packet. */
  #memory: readonly [now: G722, before: G722] | undefined;
  #packet: Buffer | undefined;
  #name = "";
  #room = nothing;
  #samples: Int16Array | undefined;
  /** What became of the samples here: then they are what is passed on. */
  changed: "no" | "mixed" | "silenced" = "no";

  /** The next packet that is heard. */
  next(packet: Buffer, format: Format): void {
    this.#packet = packet;
    this.#name = format.name;
    this.#samples = undefined;
    this.changed = "no";
    if (!isG711(format)) this.#decode();
  }

  /** What it says; who changes them says so. */
  get samples(): Int16Array {
    return this.#samples ?? this.#decode();
  }

  /** A peer that gets all these packets as they are has a decoder in this state; without the last one, in that before it. */
  memory(withLast: boolean): G722 {
    this.#memory ??= [new G722(), new G722()];
    return this.#memory[withLast ? 0 : 1];
  }

  /** What is passed on is what the samples are now. */
  change(how: "mixed" | "silenced"): void {
    if (how === "silenced") this.samples.fill(0);
    if (this.changed !== "silenced") this.changed = how;
  }

  #decode(): Int16Array {
    const payload = this.#packet ? payloadOf(this.#packet) : nothing;
    const { length } = payload;
    if (this.#room.length < length) this.#room = new Int16Array(Math.max(frameSamples, length));
    const samples = (this.#samples = this.#room.subarray(0, length));
    if (this.#name === "G722") {
      const decoder = this.memory(true);
      this.memory(false).follow(decoder);
      for (let i = 0; i < length; i++) samples[i] = decoder.decode(payload[i] ?? 0);
    } else {
      const { linear } = lawOf(this.#name);
      for (let i = 0; i < length; i++) samples[i] = linear[payload[i] ?? 0] ?? 0;
    }
    return samples;
  }
}
