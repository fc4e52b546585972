// The house of a random walk: two doors with three bells, phones, a group, a parking place, a room and an account, all of which
// can be taken out and put in again as a deploy does, on the network in memory and a media worker without sockets.
import assert from "node:assert/strict";
import type { EventEmitter } from "node:events";
import { mock } from "node:test";
import { Secret } from "../../src/secret.ts";
import type { Room } from "../../src/visit/places/room.ts";
import { Switchboard } from "../../src/visit/switchboard.ts";
import { Network } from "../sip/network.ts";
import { Random } from "../sip/random.ts";
import { FakeClock } from "../support/clock.ts";
import { quickHash } from "../door/quick-hash.ts";
import { DoorBook, doorCode, openKey } from "./walk-doors.ts";
import { Ledger } from "./walk-ledger.ts";
import { WalkDevice } from "./walk-device.ts";
import { WalkWorker } from "./walk-worker.ts";

export const phones = ["6001", "6002", "6003", "6004"] as const;
export const [front, yard] = ["8000", "8010"] as const;
/** Where the account registers. */
const provider = "10.0.0.40";

export class WalkHouse {
  readonly random: Random;
  readonly clock = new FakeClock();
  readonly network: Network;
  readonly ledger = new Ledger();
  readonly switchboard: Switchboard;
  readonly doors: DoorBook;
  readonly devices: readonly WalkDevice[];
  readonly workers: WalkWorker[] = [];
  /** Somebody has begun something whose end nobody will tell us. */
  forgetful = false;
  /** Milliseconds that the media worker takes for an answer. */
  slow: number;
  readonly #real: boolean;
  /** How much there is of what must not grow: timers, listeners. */
  #before: Readonly<Record<string, number>> = {};
  readonly #parts = new Map<string, { add: () => () => unknown; remove: (() => unknown) | undefined }>();

  /** `real`: with the media worker of the program, whose answers take as long as they take. */
  constructor(seed: number, real = false) {
    [this.random, this.#real] = [new Random(seed), real];
    this.slow = this.random.pick([0, 0, 0, 5, 40]);
    this.network = new Network(this.clock, { seed });
    this.doors = new DoorBook(this.random, [front, yard], phones);
    const { clock, network, ledger, random } = this;
    const fail = (text: string) => ledger.check(() => assert.fail(`an error was logged: ${text}`));
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: (text: string) => fail(text) };
    this.switchboard = new Switchboard({
      sip: {
        listeners: (["udp", "tcp"] as const).map((transport) => ({ transport, address: "10.0.0.1", port: 5060 })),
        ...(random.chance(0.3) && { calls: { sessionExpires: 90 + random.below(300) } }),
        // Devices of a walk are as clumsy as burglars.
        ...{ guard: { exempt: ["10.0.0.0/8"] }, listen: network.listen, random: () => 0.5 },
      } as object as ConstructorParameters<typeof Switchboard>[0]["sip"],
      media: {
        ...{ bind: "127.0.0.1", ports: [0, 0] },
        ...(!real && {
          spawn: () => {
            const delay = () => (this.slow === 0 ? 0 : random.below(this.slow));
            const worker = new WalkWorker(clock, delay, (digit) => this.doors.acted(digit));
            this.workers.push(worker);
            return worker.worker;
          },
        }),
      },
      ...{ direct: { calls: false }, codes: { hash: quickHash }, clock },
      log: { ...log, error: (text) => (text.includes("worker of the walk") ? undefined : fail(text)) },
    });
    this.switchboard.on("visit", ledger.told);
    this.switchboard.on("opening", (opening) => ledger.check(() => this.doors.told(opening)));
    const device = (user: string, index: number) =>
      new WalkDevice(network, random, user, `10.0.0.${20 + index}`, user === "6004" ? "TCP" : "UDP", (digit) =>
        this.doors.acted(digit),
      );
    this.devices = [
      ...[front, front, yard, ...phones].map(device),
      new WalkDevice(network, random, "6100", provider, "UDP"),
    ];
  }

  get bells(): readonly WalkDevice[] {
    return this.devices.slice(0, 3);
  }

  /** The last one is the server of the account. */
  get phones(): readonly WalkDevice[] {
    return this.devices.slice(3);
  }

  get server(): WalkDevice {
    return this.devices.at(-1) ?? assert.fail();
  }

  get worker(): WalkWorker | undefined {
    return this.workers.at(-1);
  }

  async open(): Promise<void> {
    const { switchboard } = this;
    await switchboard.start();
    const password = (extension: string) => ({ password: new Secret(`pw${extension}`) });
    for (const extension of [front, yard])
      this.#part(`door ${extension}`, () =>
        switchboard.addDoor(this.#door(extension, password(extension).password), `door ${extension}`, {
          ...(this.random.chance(0.5) && { directMedia: true }),
        }),
      );
    for (const extension of phones)
      this.#part(`phone ${extension}`, () =>
        switchboard.addExtension(
          {
            ...{ extension, name: extension, ...password(extension) },
            ...(this.random.chance(0.2) && { maxCalls: 1 }),
            ...(this.random.chance(0.5) && { directMedia: true }),
          },
          `phone ${extension}`,
        ),
      );
    this.#part("group", () => switchboard.addGroup({ number: "600", members: ["6003", "6004"] }, "group"));
    this.#part("place", () =>
      switchboard.parking.add(
        {
          ...{ name: "hall", seconds: this.random.pick([5, 20, 40, 3000]), answerFirst: this.random.chance(0.5) },
          ...{ lastSlot: "702", then: this.random.pick(["hang-up", "ring-again", "message"] as const) },
        },
        "place",
      ),
    );
    this.#part("room", () =>
      switchboard.addRoom(
        {
          ...{ name: "room", visitorNumber: "777", memberNumber: "888", most: 2 + this.random.below(4) },
          ...{ tones: this.random.chance(0.5), stay: this.random.chance(0.3) },
        },
        "room",
      ),
    );
    for (const phone of this.phones) if (phone !== this.server) phone.register(7200);
    await this.settle();
    this.#before = this.#grown();
    this.#part("account", () => {
      const remove = switchboard.addAccount(
        {
          ...{ name: "line", server: provider, port: 5060, transport: "udp", user: "6100", ...password("6100") },
          ...{ expires: this.random.pick([60, 600, 3600]), retrySeconds: 1 + this.random.below(60) },
          otherNumbers: this.random.chance(0.5),
          doorsMayDial: this.random.chance(0.5),
          incoming: this.random.pick([{ door: front }, { targets: ["6001", "600"] }, { refuse: 486 }] as const),
        },
        "account",
      );
      return () => this.ledger.owes("farewell", remove());
    });
    await this.settle();
  }

  #grown(): Record<string, number> {
    const { endpoint } = this.switchboard;
    const count = (emitter: EventEmitter) =>
      emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
    return {
      timers: this.clock.pending,
      "listeners of the switchboard": count(this.switchboard),
      "listeners of the endpoint": count(endpoint),
      "listeners of the location": count(endpoint.location),
    };
  }

  #door(extension: string, password: Secret) {
    const { random } = this;
    return {
      ...{
        id: extension,
        name: `Door ${extension}`,
        extension,
        preset: "generic",
        password,
        code: new Secret(doorCode),
      },
      ...this.doors.form(extension),
      ...(random.chance(0.5) && { openKey }),
      pressInTalk: random.pick(["busy", "wait", "replace"] as const),
      ...(random.chance(0.3) && { oneCall: true }),
      ...(random.chance(0.4) && {
        buttons: ["100", "200"].map((number) => ({ number, name: `button ${number}` })),
      }),
      ...(random.chance(0.3) && { answererDigits: random.pick(["door", "flow", "both"] as const) }),
      ...(random.chance(0.3) && { hangUpAfterOpening: random.below(5) }),
      ...(random.chance(0.3) && { longestTalk: 0.1 + random.below(20) / 10 }),
    };
  }

  #part(name: string, add: () => () => unknown): void {
    this.#parts.set(name, { add, remove: add() });
  }

  /** A deploy takes a part of the flow away, or brings it back; says which. */
  redeploy(): string {
    const name = this.random.pick([...this.#parts.keys()]);
    const part = this.#parts.get(name);
    if (!part) return name;
    if (part.remove) {
      part.remove();
      part.remove = undefined;
      if (this.random.chance(0.3)) return `without ${name}`;
    }
    part.remove = part.add();
    return `with ${name}`;
  }

  /** Everything is there. */
  restore(): void {
    for (const part of this.#parts.values()) part.remove ??= part.add();
  }

  /** Lets time pass, and the devices deal with what comes. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    mock.timers.tick(Math.max(10, ms));
    for (const device of this.devices) device.listen();
  }

  async settle(turns = 4): Promise<void> {
    for (let i = 0; i < turns; i++) await this.pass(3);
  }

  /** Everybody puts down what they have, and no visit, call, session, stay or bridge is left. */
  async clear(): Promise<void> {
    const { switchboard, devices } = this;
    [this.network.weather, this.slow] = [{}, 0];
    for (const device of devices) device.deaf = false;
    this.#parts.get("account")?.remove?.();
    this.#parts.delete("account");
    await this.settle();
    for (let round = 0; round < 4; round++) {
      this.#everybodyLeaves();
      await this.settle(6);
    }
    // A bell without power does not say that nobody stands there any more, and one that told of its press never does.
    for (let i = 0; i < 600 && this.forgetful && this.#goesOn(); i++) {
      for (const session of this.worker?.sessions ?? []) {
        this.worker?.finish(session);
        this.worker?.say({ type: "silent", session });
      }
      await this.pass(60_000);
    }
    // An answer that was lost comes again after seconds (RFC 3261 §13.3.1.4).
    await this.pass(4500);
    this.#everybodyLeaves();
    await this.settle(6);
    const left = switchboard.visits().map((visit) => `${visit.id} (${visit.state})`);
    assert.deepEqual(left, [], "visits go on without their bells");
    for (let i = 0; i < 8; i++) {
      await this.pass(20_000);
      // An INVITE that was lost comes again for half a minute, wanted or not (RFC 3261 §9.1).
      this.#everybodyLeaves();
    }
    await this.#answered();
    this.nothingLeft();
  }

  #goesOn(): boolean {
    const { switchboard } = this;
    return switchboard.visits().length > 0 || switchboard.endpoint.calls > 0;
  }

  /** The worker of the program has its own time. */
  async #answered(): Promise<void> {
    while (this.#real && !this.ledger.isQuiet) await this.pass(0);
  }

  #everybodyLeaves(): void {
    for (const device of this.devices) {
      for (const call of device.calls("talking")) if (call.offered) device.answer(call, 488);
      for (const call of device.calls("asked", "ringing", "talking", "leaving")) device.leave(call);
    }
  }

  nothingLeft(): void {
    const { switchboard, ledger, worker } = this;
    if (ledger.fault) throw ledger.fault;
    ledger.close();
    this.doors.close();
    for (const { id, call } of switchboard.doors()) assert.equal(call, "idle", `the status of door ${id}`);
    assert.equal(switchboard.endpoint.calls, 0, "calls are left");
    assert.equal(switchboard.bridges.size, 0, "bridges are left");
    assert.deepEqual(switchboard.parking.stays(), [], "slots are taken");
    const held = this.devices.flatMap(({ user, calls }) =>
      calls("asked", "ringing", "talking").map(({ incoming, state }) => `${user} ${incoming ? "in" : "out"} ${state}`),
    );
    assert.deepEqual(held, [], "devices have calls");
    assert.equal(switchboard.media.sessions, 0, "sessions are left");
    assert.deepEqual(worker?.sessions ?? [], [], "ports are open");
    assert.ok((worker?.ports.size ?? 0) <= 40, `${worker?.ports.size ?? 0} ports are kept`);
    assert.equal(worker?.recordings.size ?? 0, 0, "recordings go on");
    for (const room of this.#rooms()) assert.deepEqual([...room.marked, ...room.visitors], [], "a room is not empty");
    for (const contact of switchboard.endpoint.location.contacts())
      assert.ok(!switchboard.occupancy.isFull(contact), `${contact.extension} counts as busy`);
    for (const [what, count] of Object.entries(this.#grown()))
      assert.ok(count <= (this.#before[what] ?? 0), `${count} ${what}, ${this.#before[what] ?? 0} before`);
    for (const parties of worker?.conferences.values() ?? []) assert.equal(parties.size, 0, "a conference goes on");
  }

  #rooms(): Room[] {
    return this.#parts.get("room")?.remove ? [this.switchboard.rooms.find("room")] : [];
  }

  async close(): Promise<void> {
    const closing = { done: false };
    const closed = this.switchboard.close().then(() => (closing.done = true));
    for (let i = 0; !closing.done && (this.#real || i < 200); i++) await this.pass(500);
    assert.ok(closing.done, "the switchboard does not close");
    await closed;
    if (this.ledger.fault) throw this.ledger.fault;
    // What closes a session or ends a wait may do so behind the last message.
    for (let i = 0; i < 4; i++) await this.pass(20_000);
    this.ledger.close();
    assert.equal(this.clock.pending, 0, "timers are left");
    assert.equal(this.switchboard.bridges.size, 0, "bridges are left");
  }
}
