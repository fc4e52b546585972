// Random rings: phones do anything at any time, and nothing is left of it. The seed of a walk that fails stands in its message.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { SipRequest } from "../../../src/sip/message/message.ts";
import type { RingResult } from "../../../src/visit/strategies/verbs.ts";
import type { RingWish } from "../../../src/visit/ringing/target.ts";
import { seeded } from "../../media/seeded.ts";
import { Desk, sound, type Device } from "../desk.ts";

/** A phone with manners: it lets itself be cancelled and hung up on, and has one call. */
class Phone {
  readonly device: Device;
  #seq = 100;
  /** The call that rings it or that it talks in; a phone may be rung by several, and deals with the last. */
  #invite: SipRequest | undefined;
  #state: "idle" | "asked" | "ringing" | "talking" = "idle";

  constructor(device: Device) {
    this.device = device;
  }

  get state() {
    return this.#state;
  }

  /** Deals with all that has come. */
  listen(): void {
    const { party } = this.device;
    for (const message of party.inbox.splice(0)) {
      if (!(message instanceof SipRequest)) continue;
      if (message.method === "INVITE" && message.callId !== this.#invite?.callId) {
        // Who was asked and has said nothing yet cannot be told that it is over (RFC 3261 §9.1).
        if (this.#state === "ringing" || this.#state === "talking") party.respond(message, 486, { tag: "busy" });
        else [this.#invite, this.#state] = [message, "asked"];
      } else if (message.method === "CANCEL" || message.method === "BYE") {
        party.respond(message, 200);
        if (message.callId !== this.#invite?.callId) continue;
        if (message.method === "CANCEL" && this.#state === "ringing") party.respond(this.#invite, 487);
        this.#state = "idle";
      }
    }
  }

  respond(status: number, contact?: string): void {
    if (!this.#invite || this.#state === "idle" || this.#state === "talking") return;
    const headers: [string, string][] = contact === undefined ? [] : [["Contact", `<sip:${contact}@10.0.0.1>`]];
    this.device.party.respond(this.#invite, status, status === 200 ? { sdp: sound() } : { headers });
    this.#state = status < 200 ? "ringing" : status < 300 ? "talking" : "idle";
  }

  say(method: "INFO" | "BYE", digit = ""): void {
    if (!this.#invite || this.#state !== "talking") return;
    const { party } = this.device;
    const body = ["application/dtmf-relay", `Signal=${digit}\r\nDuration=100\r\n`] as const;
    const { callId, fromTag: toTag } = this.#invite;
    const seq = ++this.#seq;
    party.send(party.request(method, { to: "8000", callId, fromTag: "tt", toTag, seq, ...(digit && { body }) }));
    if (method === "BYE") this.#state = "idle";
  }

  /** Long after nobody has heard of it, the call that asked it and got no word is forgotten. */
  forget(): void {
    if (this.#state === "asked") this.#state = "idle";
  }

  async registerAnew(): Promise<void> {
    const { party, password } = this.device;
    await party.register(password, { expires: 7200, seq: (this.#seq += 2) });
  }
}

describe("random rings", () => {
  let desk: Desk;
  const phones: Phone[] = [];
  const numbers = ["6001", "6002", "6003", "6004"];
  before(async () => {
    desk = await Desk.open();
    for (const number of numbers) phones.push(new Phone(await desk.phone(number)));
    desk.switchboard.addGroup({ number: "600", members: ["6003", "6004"] }, "ring group 600");
  });
  after(() => desk.close());

  const settle = async () => {
    for (let i = 0; i < 3; i++) {
      await desk.clock.advance(5);
      for (const phone of phones) phone.listen();
    }
  };

  async function walk(seed: number): Promise<void> {
    const below = seeded(seed);
    const one = <T>(list: readonly [T, ...T[]]): T => list[below(list.length)] ?? list[0];
    const wish = (target: string): RingWish => ({
      target,
      ...(below(3) === 0 && { delay: below(20) }),
      ...(below(3) === 0 && { seconds: 1 + below(20) }),
      ...(below(3) === 0 && { silentSeconds: 1 + below(5) }),
      ...(below(2) === 0 && { confirm: true, confirmSeconds: 3 + below(10) }),
    });
    const targets = [...numbers, "600", "dashboard", "6009"].filter(() => below(2) === 0).map(wish);
    const bell = desk.device("8000");
    const invite = await bell.dial("8002");
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
    const results: RingResult[] = [];
    const strategy = visit.answerBy(async (ringing) => {
      const result = await ringing.ring(targets, 30);
      results.push(result);
      return { result: "unanswered", tries: 1, parties: result.parties };
    });
    for (let step = 0; step < 25; step++) {
      await settle();
      const busy = phones.filter(({ state }) => state !== "idle");
      const some = busy.length > 0 && below(4) > 0 ? busy : phones;
      const phone = some[below(some.length)] ?? assert.fail();
      await one<() => unknown>([
        () => phone.respond(100),
        () => phone.respond(180),
        () => phone.respond(one([480, 486, 603, 500])),
        () => phone.respond(302, one(["6001", "6002", "600"])),
        () => phone.respond(200),
        () => phone.say("INFO", one(["1", "1", "5"])),
        () => phone.say("BYE"),
        () => phone.registerAnew(),
        () => desk.clock.advance(below(4000)),
        () => desk.clock.advance(below(200)),
      ])();
    }
    if (below(2) === 0) {
      const via = invite.get("via") ?? "";
      const seq = invite.cseq?.number ?? 0;
      bell.party.send(bell.party.request("CANCEL", { to: "8002", callId: bell.callId, seq, via }));
    }
    await settle();
    await desk.clock.advance(60_000);
    await strategy;
    visit.stop();
    await settle();
    for (const phone of phones) phone.say("BYE");
    await settle();
    await desk.clock.advance(300_000);
    await settle();
    assert.equal(results.length, 1);
    const [{ answeredBy, parties } = assert.fail()] = results;
    const winners = parties.filter(({ result }) => result === "answered");
    assert.ok(winners.length <= 1 && (answeredBy === undefined || winners.length === 1), JSON.stringify(parties));
    for (const { rangAt, seconds } of parties) assert.equal(rangAt === undefined, seconds === undefined);
    assert.equal(desk.switchboard.endpoint.calls, 0, "calls are left");
    assert.equal(desk.switchboard.media.sessions, 0, "media are left");
    for (const phone of phones) {
      phone.forget();
      assert.equal(phone.state, "idle");
    }
  }

  it("end once each, with one winner at most, and leave no call, no media and no phone that rings", async () => {
    await settle();
    const timers = desk.clock.pending;
    for (let seed = 1; seed <= 60; seed++) {
      try {
        await walk(seed);
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }
    }
    await desk.clock.advance(700_000);
    assert.ok(desk.clock.pending <= timers, `${desk.clock.pending} timers are left of ${timers}`);
  });
});
