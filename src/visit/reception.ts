// Where a call that comes in goes: a door's press is a visit, a code is obeyed, a call that fetches another one takes it over,
// an account's call goes where the account says, and everything else is connected with the number that it dialled.
import { sentence } from "../errors.ts";
import type { IncomingCall } from "../sip/dialog/incoming.ts";
import type { Door } from "./presses/doors.ts";
import type { Entrances } from "./presses/entrances.ts";
import { connectCall } from "./talk/intercom.ts";
import type { NumberPlan } from "./numbers/number-plan.ts";
import type { Outside } from "./numbers/outside.ts";
import type { Target } from "./ringing/target.ts";
import { takeOver, type TransferHost } from "./talk/transfer.ts";

export interface ReceptionHost extends TransferHost {
  readonly plan: NumberPlan;
  readonly entrances: Entrances;
}

export class Reception {
  readonly #host: ReceptionHost;
  readonly #outside: Outside;
  /** Calls from extension to extension, by their callers. */
  readonly #intercoms = new Set<IncomingCall>();

  constructor(host: ReceptionHost, outside: Outside) {
    this.#host = host;
    this.#outside = outside;
  }

  called(call: IncomingCall): void {
    const { kind, number } = call.caller;
    if (kind === "account") return this.#calledByAccount(call);
    if (kind === "extension") this.#host.occupancy.called(call, this.#host.contactsOf(number) ?? []);
    this.#host.entrances.ofCaller(call, (door) => this.#calledBy(door, call));
  }

  /** The door of that number, where it is one that calls and cannot be called. */
  deafDoor(number: string): Door | undefined {
    const door = this.#host.entrances.at(number);
    return door && door.settings.make.sip?.callable === false ? door : undefined;
  }

  close(): void {
    for (const call of this.#intercoms) call.hangUp();
  }

  #calledBy(door: Door | undefined, call: IncomingCall): void {
    const { plan, entrances, log } = this.#host;
    const { caller, dialled } = call;
    if (door) return entrances.pressed(door, call);
    if (call.replaces) {
      takeOver(this.#host, call, call.replaces).catch((error: unknown) => log.error(sentence(error)));
      return;
    }
    const take = plan.taker(dialled);
    if (take) return take(call);
    const chooser = caller.kind === "extension" ? "phone" : "stranger";
    if (plan.owner(dialled) === undefined && !this.#outside.way(dialled, chooser))
      return call.reject(404, `${dialled} is no number here`);
    const deaf = this.deafDoor(dialled);
    if (deaf) return call.reject(403, `${deaf.settings.name} calls and cannot be called`);
    this.#connect(call);
  }

  #calledByAccount(call: IncomingCall): void {
    const { entrances, log } = this.#host;
    const incoming = this.#outside.incoming(call);
    if ("refuse" in incoming) return call.reject(incoming.refuse);
    if ("targets" in incoming) return this.#connect(call, incoming.targets);
    const door = entrances.get(incoming.door);
    if (door) return entrances.pressed(door, call);
    log.warn(`a call came in for the door "${incoming.door}", which there is not: choose another in the account`);
    call.reject(404);
  }

  #connect(call: IncomingCall, targets?: readonly Target[]): void {
    const { entrances, log } = this.#host;
    this.#intercoms.add(call);
    call.on("ended", () => this.#intercoms.delete(call));
    connectCall(this.#host, call, targets, entrances).catch((error: unknown) => log.error(sentence(error)));
  }
}
