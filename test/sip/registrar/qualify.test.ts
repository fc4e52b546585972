import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret } from "../../../src/secret.ts";
import { SipRequest } from "../../../src/sip/message/message.ts";
import type { Contact } from "../../../src/sip/registrar/contact.ts";
import type { Qualify } from "../../../src/sip/registrar/qualify.ts";
import { house as open, last, type House } from "../house.ts";
import { Connection } from "../network.ts";
import type { Party } from "../party.ts";
import { Random } from "../random.ts";

async function house(qualify: Qualify): Promise<House & { news: string[] }> {
  const random = new Random(7);
  const made = await open({ qualify: () => qualify, random: () => random.next() });
  const news: string[] = [];
  made.endpoint.qualifier.on("changed", ({ extension }, { reachable, rttMs }) =>
    news.push(`${extension} ${reachable ? `reachable ${String(rttMs)}` : "unreachable"}`),
  );
  made.endpoint.location.on("unregistered", ({ extension }, why) => news.push(`${extension} ${why}`));
  return { ...made, news };
}

const many = { extension: "7000", login: "7000", password: new Secret("pw7000") };
const contact = ({ endpoint }: House): Contact => last(endpoint.location.contacts("6001"));

/** Answers each OPTIONS that comes, with these statuses in turn; the last one for all that follow, 0 = not at all. */
function answers(party: Party, ...statuses: number[]): void {
  const { inbound } = party.place;
  const message = inbound.message.bind(inbound);
  inbound.message = (received, flow) => {
    message(received, flow);
    if (!(received instanceof SipRequest) || received.method !== "OPTIONS") return;
    const status = statuses.length > 1 ? (statuses.shift() ?? 0) : (statuses[0] ?? 0);
    if (status > 0) party.respond(received, status);
  };
}

describe("H3 whether a registered device is there", () => {
  it("is asked by OPTIONS (RFC 3261 §11); any final answer counts, and its time is known", async () => {
    for (const status of [200, 401, 486, 501, 603]) {
      const made = await house({ seconds: 60 });
      const phone = made.party({ user: "6001" });
      await phone.register("pw6001");
      assert.equal(made.endpoint.qualifier.of(contact(made)), undefined);
      answers(phone, status);
      await made.clock.advance(61_000);
      assert.deepEqual(made.endpoint.qualifier.of(contact(made)), { reachable: true, rttMs: 2 });
      assert.deepEqual(made.news, []);
    }
  });

  it("is told once when it falls silent and once when it is back; its registration stays", async () => {
    const made = await house({ seconds: 60 });
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001", { expires: 3600 });
    // Each question to a silent device goes eleven times over UDP before it counts as unanswered.
    answers(phone, ...Array.from({ length: 22 }, () => 0), 200);
    await made.clock.advance(400_000);
    assert.deepEqual(made.news, ["6001 unreachable", "6001 reachable 2"]);
    assert.equal(made.endpoint.location.contacts("6001").length, 1);
  });

  it("is dropped after so many unanswered questions, where that is wanted", async () => {
    const made = await house({ seconds: 30, dropAfter: 3 });
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001", { expires: 3600 });
    await made.clock.advance(300_000);
    assert.deepEqual(made.news, ["6001 unreachable", "6001 unreachable"]);
    assert.equal(phone.count("OPTIONS"), 33);
    assert.equal(made.endpoint.transactions.size, 0);
  });

  it("is dropped for silence in a row only: an answer in between begins the count anew", async () => {
    const made = await house({ seconds: 60, dropAfter: 2 });
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001", { expires: 3600 });
    const silence = Array.from({ length: 11 }, () => 0);
    answers(phone, ...silence, 200, ...silence, 200);
    await made.clock.advance(700_000);
    const once = ["6001 unreachable", "6001 reachable 2"];
    assert.deepEqual(made.news, [...once, ...once]);
    assert.equal(made.endpoint.location.contacts("6001").length, 1);
  });

  it("is asked again at once when a silent device registers", async () => {
    const made = await house({ seconds: 600 });
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001", { expires: 3600 });
    await made.clock.advance(700_000);
    assert.deepEqual(made.news, ["6001 unreachable"]);
    answers(phone, 200);
    await phone.register("pw6001", { expires: 3600, seq: 11 });
    await made.clock.advance(100);
    assert.deepEqual(made.news, ["6001 unreachable", "6001 reachable 2"]);
  });

  it("is not asked any more once it has gone; nothing is left", async () => {
    const made = await house({ seconds: 30 });
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001", { expires: 3600 });
    await made.clock.advance(31_000);
    assert.ok(phone.count("OPTIONS") > 0);
    made.endpoint.location.remove("6001");
    const before = phone.count("OPTIONS");
    await made.clock.advance(120_000);
    assert.equal(phone.count("OPTIONS"), before);
    assert.deepEqual([made.endpoint.transactions.size, made.clock.pending], [0, 0]);
  });

  it("is asked by a new connection where the old one broke, and is unreachable where it takes none", async () => {
    const made = await house({ seconds: 30 });
    const phone = made.party({ user: "6001", transport: "TCP" });
    await phone.register("pw6001", { expires: 3600 });
    answers(phone, 200);
    assert.ok(phone.flow instanceof Connection);
    phone.flow.cut();
    await made.clock.advance(31_000);
    assert.ok(phone.count("OPTIONS") > 0);
    await phone.place.close();
    await made.clock.advance(60_000);
    assert.deepEqual(made.news, ["6001 unreachable"]);
  });
});

describe("when devices are asked", () => {
  const natted = { via: "SIP/2.0/UDP 192.168.178.20;rport;branch=z9hG4bKn" };
  const inside = { Contact: "<sip:6001@192.168.178.20:5060>" };

  it("is never, without a setting, where a device is where it says", async () => {
    const made = await house({});
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001", { expires: 3600 });
    await made.clock.advance(600_000);
    assert.equal(phone.count("OPTIONS"), 0);
  });

  it("is before its NAT forgets it, without a setting, where it is behind one (RFC 5626 §4.4)", async () => {
    const made = await house({});
    const phone = made.party({ user: "6001" });
    answers(phone, 200);
    await phone.register("pw6001", { expires: 3600, ...natted, headers: inside });
    await made.clock.advance(290_000);
    const times = made.network.sent
      .filter(({ message }) => message instanceof SipRequest && message.method === "OPTIONS")
      .map(({ at }) => at);
    assert.ok(times.length >= 10);
    for (const [index, at] of times.slice(1).entries()) {
      const since = at - (times[index] ?? 0);
      assert.ok(since >= 23_200 && since <= 29_010, `${since} ms`);
    }
  });

  it("is never where that was switched off, behind NAT too", async () => {
    const made = await house({ seconds: 0 });
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001", { expires: 3600, ...natted, headers: inside });
    await made.clock.advance(600_000);
    assert.equal(phone.count("OPTIONS"), 0);
  });

  it("is spread: fifty devices that register together are never asked together", async () => {
    const made = await house({ seconds: 60 });
    made.endpoint.addExtension({ ...many, maxContacts: 50 });
    for (let n = 0; n < 50; n++) {
      const phone = made.party({ user: "7000", host: `10.1.0.${n + 1}` });
      answers(phone, 200);
      await phone.register("pw7000", { expires: 3600 });
    }
    const begin = made.clock.now();
    await made.clock.advance(180_000);
    const seconds = new Map<number, number>();
    for (const { at, message } of made.network.sent)
      if (message instanceof SipRequest && message.method === "OPTIONS") {
        const second = Math.floor((at - begin) / 1000);
        seconds.set(second, (seconds.get(second) ?? 0) + 1);
      }
    assert.ok(Math.max(...seconds.values()) <= 6, `${Math.max(...seconds.values())} in one second`);
  });
});
