// The sound of the packets that come from one peer, as 16-bit samples at 8 kHz. In all codecs that we understand an octet is a
// sample; G.722 has a memory besides, so that each of its packets is decoded, whether or not anybody asks.
import { isG711, type Format } from "../../codec.ts";
import { lawOf } from "../../g711.ts";
import { G722 } from "../../g722.ts";
import { ahead, payloadOf, sequenceOf, ssrcOf, timestampOf } from "../rtp.ts";
import { frameSamples } from "./frame.ts";

const nothing = new Int16Array(0);
/** Numbers, and 10 s of time, that are further off are of another count. */
const otherCount = 3000;
const longAhead = 80_000;
/** Another count begins no earlier after the last packet of this one. */
const pauseMs = 100;

export class Hearing {
  /** Where its decoder of G.722 is, and where it was before the packet. */
  #memory: readonly [now: G722, before: G722] | undefined;
  #packet: Buffer | undefined;
  #ssrc = -1;
  #sequence = 0;
  /** Where the last packet ended. */
  #timestamp = 0;
  #heardAt = -Infinity;
  #name = "";
  #room = nothing;
  #samples: Int16Array | undefined;
  /** What became of the samples here: then they are what is passed on. */
  changed: "no" | "mixed" | "silenced" = "no";

  /**
   * The next packet that is heard. A decoder of G.722 takes packets in one order only, and what another decoder leaves out ours must
   * not hear, lest a tone of a key be hidden behind it: a packet is `old` and goes nowhere where it is late, a double, of a time
   * that was heard, or of another count while this one goes on. One that is `anew` is to be sent on in the count before.
   */
  next(packet: Buffer, format: Format, now: number): "next" | "old" | "anew" {
    const order = isG711(format) ? "next" : this.#order(packet, now);
    if (order === "old") return order;
    this.#packet = packet;
    this.#name = format.name;
    this.#samples = undefined;
    this.changed = "no";
    if (!isG711(format)) this.#decode();
    return order;
  }

  #order(packet: Buffer, now: number): "next" | "old" | "anew" {
    const [ssrc, sequence, timestamp] = [ssrcOf(packet), sequenceOf(packet), timestampOf(packet)];
    const [step, time] = [ahead(sequence, this.#sequence), (timestamp - this.#timestamp) | 0];
    const counts = ssrc === this.#ssrc && Math.abs(step) < otherCount && Math.abs(time) < longAhead;
    if (counts ? step <= 0 || time < 0 : now - this.#heardAt < pauseMs) return "old";
    [this.#ssrc, this.#sequence, this.#heardAt] = [ssrc, sequence, now];
    this.#timestamp = timestamp + payloadOf(packet).length;
    return counts ? "next" : "anew";
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
