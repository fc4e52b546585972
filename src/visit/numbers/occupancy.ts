// How many calls each device is in, for phones that can have no more than so many: for another one they are busy.
import type { Call } from "../../sip/dialog/call.ts";
import type { IncomingCall } from "../../sip/dialog/incoming.ts";
import type { Contact } from "../../sip/registrar/location.ts";

/** A call of a device, from before it is made to its end. */
export interface Seat {
  /** It is over when this call is. */
  heldBy(call: Call): void;
  /** There will be no call. */
  leave(): void;
}

export class Occupancy {
  /** Calls at once of each device of a number; undefined where nothing is set. */
  readonly #mostOf: (number: string) => number | undefined;
  readonly #seats = new Map<string, Set<Seat>>();

  constructor(mostOf: (number: string) => number | undefined) {
    this.#mostOf = mostOf;
  }

  isFull(contact: Contact): boolean {
    const most = this.#mostOf(contact.extension);
    return most !== undefined && (this.#seats.get(deviceOf(contact))?.size ?? 0) >= most;
  }

  /** A call to the device is about to be made. */
  take(contact: Contact): Seat {
    const device = deviceOf(contact);
    const seats = this.#seats.get(device) ?? new Set();
    this.#seats.set(device, seats);
    const seat: Seat = {
      heldBy: (call) => {
        if (call.end) seat.leave();
        else call.on("ended", () => seat.leave());
      },
      leave: () => {
        seats.delete(seat);
        if (seats.size === 0 && this.#seats.get(device) === seats) this.#seats.delete(device);
      },
    };
    seats.add(seat);
    return seat;
  }

  /** A call of one of these devices has come in: of the one that has registered from there. */
  called(call: IncomingCall, contacts: readonly Contact[]): void {
    const { host, port } = call.flow.remote;
    const from = contacts.filter(({ flow }) => flow.remote.host === host);
    // A device may call from another port than it registered from.
    const device = from.find(({ flow }) => flow.remote.port === port) ?? from[0];
    if (device) this.take(device).heldBy(call);
  }
}

/** A device as it is known from one registration to the next. */
export const deviceOf = ({ extension, instance, id }: Contact): string => `${extension} ${instance ?? id}`;
