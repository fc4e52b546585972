// What a late joiner missed, sent to it in a short while; what comes meanwhile waits behind it. Its pictures lie a millisecond
// apart, the last one at its own time: a receiver that kept to their real times would stay as far behind as they reach back.
import type { Metronome } from "../metronome.ts";
import { timestampOf } from "../rtp.ts";

/** A beat of 20 ms: 20 Mbit/s at most, which a telephone's buffers can take. */
const packetsPerBeat = 40;
const ticksPerMs = 90;

export class Burst {
  readonly #send: (packet: Buffer) => void;
  readonly #leave: () => void;
  #queue: Buffer[];

  /** `done` is called when nothing waits any more, and not after `end`. */
  constructor(
    group: readonly Buffer[],
    metronome: Pick<Metronome, "add">,
    send: (packet: Buffer) => void,
    done: () => void,
  ) {
    this.#send = send;
    this.#queue = hastened(group);
    this.#leave = metronome.add(() => {
      this.#beat();
      if (this.#queue.length > 0) return;
      this.#leave();
      done();
    });
    this.#beat();
  }

  add(packet: Buffer): void {
    this.#queue.push(packet);
  }

  end(): void {
    this.#leave();
    this.#queue = [];
  }

  #beat(): void {
    for (const packet of this.#queue.splice(0, packetsPerBeat)) this.#send(packet);
  }
}

function hastened(group: readonly Buffer[]): Buffer[] {
  const times = [...new Set(group.map(timestampOf))];
  const last = times.at(-1) ?? 0;
  const rank = new Map(times.map((time, i) => [time, times.length - 1 - i]));
  return group.map((original) => {
    const packet = Buffer.from(original);
    packet.writeUInt32BE((last - (rank.get(timestampOf(packet)) ?? 0) * ticksPerMs) >>> 0, 4);
    return packet;
  });
}
