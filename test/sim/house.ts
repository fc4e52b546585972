// A house for the simulated devices: a bare SIP server that puts a bell's call through to every phone of the dialled
// number, each with the other's own session description, so that their sound goes straight from one to the other.
import { giveUp } from "../../src/errors.ts";
import type { Clock } from "../../src/clock.ts";
import { Secret } from "../../src/secret.ts";
import { completedElsewhere } from "../../src/sip/causes.ts";
import type { IncomingCall } from "../../src/sip/dialog/incoming.ts";
import type { OutgoingCall } from "../../src/sip/dialog/outgoing.ts";
import { Endpoint } from "../../src/sip/endpoint.ts";
import type { SimBell, SimEvent, SimPhone } from "../../src/sim/sim.ts";

type Device = SimBell | SimPhone;
type EventOf<Name extends SimEvent["event"]> = Extract<SimEvent, { event: Name }>;

export class House {
  readonly endpoint: Endpoint;
  readonly calls: IncomingCall[] = [];
  readonly #seen = new Map<Device, Watched>();

  constructor(clock?: Clock, transport: "udp" | "tcp" = "udp") {
    const listeners = [{ transport, address: "127.0.0.1", port: 0 }];
    this.endpoint = new Endpoint({ listeners, ...(clock ? { clock } : {}) });
    this.endpoint.on("call", (call) => {
      this.calls.push(call);
      call.ring();
    });
  }

  async open(...extensions: string[]): Promise<this> {
    await this.endpoint.start();
    for (const extension of extensions)
      this.endpoint.addExtension({
        ...{ extension, login: extension, password: new Secret(`pw-${extension}`), maxContacts: 3 },
      });
    return this;
  }

  get server(): { host: string; port: number } {
    return { host: "127.0.0.1", port: this.endpoint.addresses[0]?.port ?? 0 };
  }

  /** Who a device is, for its options. */
  who(extension: string) {
    return { server: this.server, extension, password: new Secret(`pw-${extension}`) };
  }

  /** Puts each call through from now on. */
  connect(): this {
    this.endpoint.on("call", (call) => void this.#through(call));
    return this;
  }

  async #through(bell: IncomingCall): Promise<void> {
    const contacts = this.endpoint.location.contacts(bell.dialled);
    if (contacts.length === 0) {
      bell.reject(480);
      return;
    }
    const legs: OutgoingCall[] = [];
    for (const contact of contacts) {
      const options = { from: { number: bell.caller.number, name: "Frontdoor" }, sdp: bell.sdp ?? "" };
      legs.push(await this.endpoint.callContact(contact, options));
    }
    for (const leg of legs) {
      leg.on("answered", ({ sdp }) => {
        for (const other of legs) if (other !== leg) other.hangUp(completedElsewhere);
        bell.answer(sdp ?? "");
      });
      leg.on("info", (info) => void bell.info(info.contentType, info.body).then((status) => info.reply(status)));
      leg.on("ended", (end) => {
        if (!legs.every((one) => one.end)) return;
        if (bell.state === "talking") bell.hangUp();
        else bell.reject(end.status ?? 480);
      });
    }
    bell.on("ended", () => {
      for (const leg of legs) leg.hangUp();
    });
  }

  watch<D extends Device>(device: D): D {
    this.#seen.set(device, new Watched(device));
    return device;
  }

  /** The next event of that name, which may have come already. */
  next<Name extends SimEvent["event"]>(device: Device, name: Name): Promise<EventOf<Name>> {
    const watched = this.#seen.get(device);
    if (!watched) throw giveUp("test", "watch the device first");
    return watched.next(name);
  }

  /** All events so far. */
  seen(device: Device): readonly SimEvent[] {
    return this.#seen.get(device)?.events ?? [];
  }

  /** Closes the devices in the order they were watched, then the server. */
  async close(): Promise<void> {
    for (const device of this.#seen.keys()) await device.close();
    await this.endpoint.close();
  }
}

class Watched {
  readonly events: SimEvent[] = [];
  readonly #unseen: SimEvent[] = [];
  readonly #waiting: { name: string; resolve: (event: SimEvent) => void }[] = [];

  constructor(device: Device) {
    device.on("event", (event) => {
      this.events.push(event);
      const at = this.#waiting.findIndex(({ name }) => name === event.event);
      if (at >= 0) this.#waiting.splice(at, 1)[0]?.resolve(event);
      else this.#unseen.push(event);
    });
  }

  next<Name extends SimEvent["event"]>(name: Name): Promise<EventOf<Name>> {
    const at = this.#unseen.findIndex(({ event }) => event === name);
    if (at >= 0) return Promise.resolve(this.#unseen.splice(at, 1)[0] as EventOf<Name>);
    return new Promise((resolve) => this.#waiting.push({ name, resolve: resolve as (event: SimEvent) => void }));
  }
}
