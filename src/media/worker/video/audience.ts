// Who sees what one stream's peer sends: each receiver gets packets of its own, since they are rewritten for it, and who comes
// late gets first what it missed since the last key frame.
import type { Metronome } from "../metronome.ts";
import type { Route } from "../messages.ts";
import { contents } from "./h264.ts";
import { Burst } from "./burst.ts";
import { GroupOfPictures } from "./group-of-pictures.ts";
import { ParameterSets } from "./parameter-sets.ts";

/** A stream that shows to its peer what it is given. */
export interface Viewer {
  /** Whose packets it sent last. */
  readonly out: { readonly source: object | undefined };
  pass(packet: Buffer, source: object, payload: number, rate: number, now: number): void;
}

interface Seat {
  ways: ReadonlyMap<number, Route>;
  burst: Burst | undefined;
}

export interface AudienceDeps {
  readonly now: () => number;
  readonly metronome: Pick<Metronome, "add">;
}

export class Audience {
  readonly sets = new ParameterSets();
  readonly #source: object;
  readonly #deps: AudienceDeps;
  readonly #group = new GroupOfPictures();
  readonly #seats = new Map<Viewer, Seat>();

  /** `source` is the stream that the packets come from. */
  constructor(source: object, deps: AudienceDeps) {
    this.#source = source;
    this.#deps = deps;
  }

  /** Lets a viewer see it, or by other ways than before. Whether it is new, and wants a whole picture. */
  join(viewer: Viewer, routes: readonly Route[]): boolean {
    const ways = new Map(routes.map((route) => [route.from, route]));
    const seat = this.#seats.get(viewer);
    if (seat) {
      seat.ways = ways;
      return false;
    }
    const taken: Seat = { ways, burst: undefined };
    this.#seats.set(viewer, taken);
    if (viewer.out.source === this.#source) return false;
    const missed = this.#group.packets;
    if (missed.length > 0)
      taken.burst = new Burst(
        [...this.sets.ahead(missed), ...missed],
        this.#deps.metronome,
        (packet) => this.#show(viewer, taken, packet),
        () => (taken.burst = undefined),
      );
    return true;
  }

  /** A viewer that could not be sent anything so far begins anew; whether it wants a whole picture. */
  again(viewer: Viewer): boolean {
    const seat = this.#seats.get(viewer);
    if (!seat) return false;
    this.leave(viewer);
    return this.join(viewer, [...seat.ways.values()]);
  }

  /** The packets of the last whole picture, and how old it is. */
  keyFrame(): { readonly packets: readonly Buffer[]; readonly age: number } | undefined {
    const found = this.#group.keyFrame;
    if (!found) return undefined;
    const { packets, at } = found;
    return { packets: [...this.sets.ahead(packets), ...packets], age: this.#deps.now() - at };
  }

  leave(viewer: Viewer): void {
    this.#seats.get(viewer)?.burst?.end();
    this.#seats.delete(viewer);
  }

  /** A packet of the source, which is kept or changed from now on. */
  pass(packet: Buffer): void {
    const bits = contents(packet);
    for (const one of this.sets.repair(packet, bits)) {
      this.#group.add(one, one === packet ? bits : contents(one), this.#deps.now());
      for (const [viewer, seat] of this.#seats) {
        const own = Buffer.from(one);
        if (seat.burst) seat.burst.add(own);
        else this.#show(viewer, seat, own);
      }
    }
  }

  end(): void {
    for (const viewer of [...this.#seats.keys()]) this.leave(viewer);
  }

  #show(viewer: Viewer, { ways }: Seat, packet: Buffer): void {
    const way = ways.get(packet.readUInt8(1) & 0x7f);
    if (way) viewer.pass(packet, this.#source, way.to, way.rate, this.#deps.now());
  }
}
