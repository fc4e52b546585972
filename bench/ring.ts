// A hundred phones from one press: from the moment the bell's INVITE with credentials is sent to the arrival of the last of
// their INVITEs, and from the answer of one of them to the arrival of the last CANCEL at the others.
import { setTimeout as sleep } from "node:timers/promises";
import type { SipRequest } from "../src/sip/message/message.ts";
import { Agent } from "./agent.ts";
import { p50p99, type Row } from "./figures.ts";
import { password, Portero, scratch } from "./server.ts";

const phones = 100;
/** Sockets they share: all on one, what comes in one burst would be more than the system holds for it. */
const sockets = 20;
const presses = 40;
const warm = 5;
const group = "600";

/** What comes to the phones, of one kind: when each came. */
class Arrivals {
  readonly #calls = new Set<string>();
  #last = 0;
  #all: ((at: number) => void) | undefined;
  #wanted = 0;

  /** When the last of so many came. */
  wait(wanted: number): Promise<number> {
    this.#calls.clear();
    this.#wanted = wanted;
    const all = new Promise<number>((resolve) => (this.#all = resolve));
    return Promise.race([all, sleep(10_000).then(() => Promise.reject(new Error(this.#missing())))]);
  }

  /** Says whether it came for the first time. */
  note({ callId }: SipRequest, at: number): boolean {
    if (this.#calls.has(callId)) return false;
    this.#calls.add(callId);
    this.#last = at;
    if (this.#calls.size === this.#wanted) this.#all?.(this.#last);
    return true;
  }

  #missing(): string {
    return `${this.#calls.size} of ${this.#wanted} came within 10 s`;
  }
}

export async function ring(progress: (text: string) => void): Promise<Row[]> {
  using folder = scratch();
  const numbers = Array.from({ length: phones }, (_, i) => String(6001 + i));
  const door = { id: "front", name: "Front", extension: "501", password };
  const strategy = { strategy: "ring-all", targets: [group], seconds: 30 };
  await using server = await Portero.start(folder.path, {
    extensions: numbers.map((extension) => ({ extension, password })),
    groups: [{ number: group, members: numbers }],
    doors: [{ ...door, strategy }],
  });
  await using closing = new AsyncDisposableStack();
  const houses: Agent[] = [];
  for (let i = 0; i < sockets; i++) houses.push(closing.use(await Agent.open(server.address)));
  for (const [i, number] of numbers.entries()) await houses[i % sockets]?.register(number);
  await using bell = await Agent.open(server.address);
  await bell.register(door.extension);

  const [invites, cancels] = [new Arrivals(), new Arrivals()];
  const ringing = new Map<string, { readonly house: Agent; readonly invite: SipRequest }>();
  const receive = (house: Agent) => (request: SipRequest, at: number) => {
    if (request.method === "INVITE" && invites.note(request, at)) {
      ringing.set(request.callId, { house, invite: request });
      house.answer(request, 180, "phone");
    } else if (request.method === "CANCEL") {
      cancels.note(request, at);
      house.answer(request, 200, "phone");
      const rung = ringing.get(request.callId);
      if (rung) house.answer(rung.invite, 487, "phone");
    } else if (request.method === "BYE") house.answer(request, 200, "phone");
  };
  for (const house of houses) house.request = receive(house);

  const [rang, stopped]: [number[], number[]] = [[], []];
  for (let press = 0; press < warm + presses; press++) {
    ringing.clear();
    const invite = bell.invite(door.extension, group);
    const talking = new Promise<void>((resolve) => {
      bell.response = (response) => {
        if (response.callId !== invite.callId || response.cseq?.method !== "INVITE" || response.status < 200) return;
        bell.send(bell.follow("ACK", invite, response));
        bell.send(bell.follow("BYE", invite, response));
        resolve();
      };
    });
    const all = invites.wait(phones);
    const sent = bell.send(invite);
    const lastInvite = await all;
    const winner = ringing.values().next().value;
    if (!winner) throw new Error("no phone rings");
    const gone = cancels.wait(phones - 1);
    const answered = performance.now();
    winner.house.answer(winner.invite, 200, "phone");
    const lastCancel = await gone;
    await talking;
    if (press >= warm) {
      rang.push(lastInvite - sent);
      stopped.push(lastCancel - answered);
    }
    await sleep(100);
  }
  progress(`${presses} presses that ring ${phones} phones each, by a ring group`);
  return [
    { what: `press → INVITE at the last of ${phones} phones`, result: p50p99(rang), target: "≤ 150 ms" },
    { what: `answer → CANCEL at the last of ${phones - 1} others`, result: p50p99(stopped), target: "≤ 100 ms" },
  ];
}
