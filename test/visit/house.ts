// A whole house on loopback for tests of visits: the switchboard, simulated bells and phones as real SIP peers, and a
// record of all that happened. Everything is waited for by its event, never by time.
import { once } from "node:events";
import { Secret } from "../../src/secret.ts";
import { SimBell, SimPhone, type BellOptions, type PhoneOptions, type SimEvent } from "../../src/sim/sim.ts";
import type { Preset } from "../../src/door/door.ts";
import type { DoorSettings, Opening } from "../../src/door/door.ts";
import type { DeviceOptions } from "../../src/visit/numbers/devices.ts";
import type { VisitEvent, VisitEventName } from "../../src/visit/messages.ts";
import type { DirectSettings } from "../../src/visit/numbers/outside.ts";
import { Switchboard, type SwitchboardOptions } from "../../src/visit/switchboard.ts";
import { shareMediaThread } from "../support/media-thread.ts";
import { patienceMs } from "../support/patience.ts";

const password = new Secret("a password");

/** Options of a house whose media worker is nobody else's: it may die. */
export const ownThread = {
  media: { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] },
} as const satisfies Partial<SwitchboardOptions>;

/** Remembers every event and lets a test wait for one, past or future. */
export class Record<T extends { event: string }> {
  readonly all: T[] = [];
  readonly #waiting = new Set<() => void>();

  readonly add = (event: T): void => {
    this.all.push(event);
    for (const look of [...this.#waiting]) look();
  };

  names(): string[] {
    return this.all.map(({ event }) => event);
  }

  /** The nth event of that name that `fits`. */
  next(name: T["event"], fits: (event: T) => boolean = () => true, nth = 1): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.all.filter((event) => event.event === name && fits(event))[nth - 1];
        if (!found) return;
        this.#waiting.delete(look);
        clearTimeout(timer);
        resolve(found);
      };
      const timer = setTimeout(
        () => reject(new Error(`no event "${name}" among: ${this.names().join(", ")}`)),
        patienceMs,
      ).unref();
      this.#waiting.add(look);
      look();
    });
  }
}

type DoorDigits = Pick<DoorSettings, "answererDigits" | "openKey"> & Pick<DeviceOptions, "dtmf">;

export class House {
  readonly switchboard: Switchboard;
  readonly events = new Record<VisitEvent>();
  readonly openings: Opening[] = [];
  readonly logged: string[] = [];
  readonly #close: (() => Promise<void>)[] = [];

  private constructor(
    direct: DirectSettings | undefined,
    sip: { readonly maxCalls?: number },
    options: Partial<SwitchboardOptions>,
  ) {
    const log = (text: string) => void this.logged.push(text);
    this.switchboard = new Switchboard({
      sip: {
        ...sip,
        listeners: [
          { transport: "udp", address: "127.0.0.1", port: 0 },
          { transport: "tcp", address: "127.0.0.1", port: 0 },
        ],
      },
      media: { ...ownThread.media, spawn: shareMediaThread },
      ...(direct && { direct }),
      log: { debug: log, info: log, warn: log, error: log },
      ...options,
    });
    this.switchboard.on("visit", this.events.add);
    this.switchboard.on("opening", (opening) => this.openings.push(opening));
  }

  /** A house with one door, "front", extension 8000. */
  static async open(
    door: { code?: string; imageUrl?: string; preset?: string; address?: string; make?: Preset } & DoorDigits = {},
    direct?: DirectSettings,
    sip: { readonly maxCalls?: number } = {},
    options: Partial<SwitchboardOptions> = {},
  ): Promise<House> {
    const house = new House(direct, sip, options);
    const {
      code = "1234",
      imageUrl,
      make,
      preset = make?.id ?? "generic",
      address,
      answererDigits,
      openKey,
      dtmf,
    } = door;
    house.switchboard.addDoor(
      {
        ...{ id: "front", name: "Front door", extension: "8000", preset, password, code: new Secret(code) },
        ...(imageUrl === undefined ? {} : { imageUrl: new Secret(imageUrl) }),
        ...(address === undefined ? {} : { address }),
        ...(make && { make, cameraUsername: "app", cameraPassword: password }),
        ...(answererDigits && { answererDigits }),
        ...(openKey !== undefined && { openKey }),
      },
      "door Front door",
      dtmf ? { dtmf } : {},
    );
    await house.switchboard.start();
    return house;
  }

  get server(): { host: string; port: number } {
    return { host: "127.0.0.1", port: this.switchboard.addresses[0]?.port ?? 0 };
  }

  async bell(options: Partial<BellOptions> = {}) {
    const bell = new SimBell({ server: this.server, extension: "8000", password, dial: "100", ...options });
    return { bell, seen: await this.#join(bell, options.extension ?? "8000") };
  }

  async phone(extension: string, options: Partial<PhoneOptions> = {}) {
    if (this.switchboard.contactsOf(extension) === undefined)
      this.switchboard.addExtension({ extension, name: `Phone ${extension}`, password }, `extension ${extension}`);
    const phone = new SimPhone({ server: this.server, extension, password, ...options });
    return { phone, seen: await this.#join(phone, extension) };
  }

  /** The visit that rings. */
  async pressed(bell: SimBell, nth = 1) {
    await bell.press();
    const ring = await this.events.next("ring", () => true, nth);
    const visit = this.switchboard.visit(ring.visit.id);
    if (!visit) throw new Error("the visit is not known");
    return visit;
  }

  event(name: VisitEventName, nth = 1): Promise<VisitEvent> {
    return this.events.next(name, () => true, nth);
  }

  async close(): Promise<void> {
    for (const close of this.#close) await close();
    await this.switchboard.close();
  }

  async #join(device: SimBell | SimPhone, extension: string): Promise<Record<SimEvent>> {
    const seen = new Record<SimEvent>();
    device.on("event", seen.add);
    this.#close.push(() => device.close());
    const before = this.switchboard.contactsOf(extension)?.length ?? 0;
    await device.start();
    if (before === 0) await seen.next("registered");
    else await once(this.switchboard, "registered");
    return seen;
  }
}
