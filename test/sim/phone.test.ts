// The simulated phone, and the sound between it and the bell.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { PorteroError } from "../../src/errors.ts";
import { SimBell, SimPhone, type PhoneOptions } from "../../src/sim/sim.ts";
import { FakeClock } from "../support/clock.ts";
import { House } from "./house.ts";

let house: House;
afterEach(() => house.close());

/** A bell and phones that are registered for 6001. */
async function household(phones: Partial<PhoneOptions>[], clock?: FakeClock, transport?: "udp" | "tcp") {
  house = (await new House(clock, transport).open("8000", "6001")).connect();
  const common = { ...(clock ? { clock } : {}), ...(transport ? { transport } : {}) };
  const bell = house.watch(new SimBell({ ...house.who("8000"), dial: "6001", name: "Frontdoor", ...common }));
  const ringers = phones.map((options) => house.watch(new SimPhone({ ...house.who("6001"), ...common, ...options })));
  for (const device of [bell, ...ringers]) await device.start();
  for (const device of [bell, ...ringers]) await house.next(device, "registered");
  return { bell, phones: ringers };
}

describe("P9 sound goes both ways", () => {
  for (const transport of ["udp", "tcp"] as const)
    it(`each hears the other's tone, signalling over ${transport.toUpperCase()}`, async () => {
      const { bell, phones } = await household([{ answerAfterMs: 10 }], undefined, transport);
      const [phone] = phones;
      assert.ok(phone);
      await bell.press();
      assert.equal((await house.next(phone, "answered")).codec, "PCMA");
      const [atBell, atPhone] = await Promise.all([house.next(bell, "audio"), house.next(phone, "audio")]);
      assert.equal(atBell.frequency, 880);
      assert.equal(atPhone.frequency, 440);
      for (const heard of [atBell, atPhone]) {
        assert.ok(Math.abs(heard.level + 15.3) < 0.5, `level ${heard.level}`);
        assert.ok(heard.packets > 30 && heard.packets < 60, `${heard.packets} packets`);
      }
      await phone.hangUp();
      const end = await house.next(bell, "ended");
      assert.deepEqual([end.by, end.answered, end.elsewhere], ["remote", true, false]);
    });

  it("RFC 4733: a digit in the sound opens the door once", async () => {
    const { bell, phones } = await household([{ answerAfterMs: 0, digitsBy: "rtp" }]);
    const [phone] = phones;
    assert.ok(phone);
    await bell.press();
    await house.next(bell, "answered");
    await house.next(phone, "answered");
    await phone.digits("1234");
    assert.equal((await house.next(bell, "relay")).state, "on");
    const digits = house.seen(bell).flatMap((event) => (event.event === "dtmf" ? [event.digit + event.by] : []));
    assert.deepEqual(digits, ["1rtp", "2rtp", "3rtp", "4rtp"]);
  });
});

describe("X9 a simulated phone", () => {
  it("rings with the caller's number and name and answers after the time it was given", async () => {
    const clock = new FakeClock();
    const { bell, phones } = await household([{ answerAfterMs: 3000 }], clock);
    const [phone] = phones;
    assert.ok(phone);
    await bell.press();
    assert.deepEqual(await house.next(phone, "ringing"), {
      ...{ event: "ringing", direction: "in", number: "8000", name: "Frontdoor" },
    });
    await clock.advance(2999);
    assert.equal(phone.state, "ringing");
    await clock.advance(1);
    await house.next(bell, "answered");
    assert.equal(phone.state, "talking");
  });

  it("H5 X4 is told when another one was faster, and shows no missed call", async () => {
    const { bell, phones } = await household([{}, {}]);
    const [fast, slow] = phones;
    assert.ok(fast && slow);
    await bell.press();
    await Promise.all([house.next(fast, "ringing"), house.next(slow, "ringing")]);
    await fast.answer();
    const end = await house.next(slow, "ended");
    assert.deepEqual([end.elsewhere, end.answered], [true, false]);
    await house.next(bell, "answered");
    await bell.hangUp();
    assert.equal((await house.next(fast, "ended")).elsewhere, false);
  });

  it("stops ringing when the visitor goes, which is a missed call", async () => {
    const { bell, phones } = await household([{}]);
    const [phone] = phones;
    assert.ok(phone);
    await bell.press();
    await house.next(phone, "ringing");
    await bell.hangUp();
    const end = await house.next(phone, "ended");
    assert.deepEqual([end.elsewhere, end.answered, end.status], [false, false, 487]);
  });

  for (const [behaviour, status] of [
    ["busy", 486],
    ["decline", 603],
  ] as const)
    it(`answers ${status} when it is told to ${behaviour}`, async () => {
      const { bell } = await household([{ behaviour }]);
      await bell.press();
      assert.equal((await house.next(bell, "ended")).status, status);
    });

  it("is busy while it talks", async () => {
    const { bell, phones } = await household([{ answerAfterMs: 0 }]);
    const [phone] = phones;
    assert.ok(phone);
    await phone.dial("8000");
    await house.next(phone, "answered");
    await house.next(bell, "answered");
    const other = house.watch(new SimPhone(house.who("6001")));
    await other.start();
    await house.next(other, "registered");
    const theirs = house.endpoint.location.contacts("6001").at(-1);
    if (theirs) house.endpoint.location.drop(theirs, "removed");
    await other.dial("6001");
    assert.equal((await house.next(other, "ended")).status, 486);
  });

  it("declines by hand, and says so where nobody calls", async () => {
    const { bell, phones } = await household([{}]);
    const [phone] = phones;
    assert.ok(phone);
    const idle = (error: unknown) => error instanceof PorteroError && /phone 6001 is not/.test(error.message);
    await assert.rejects(phone.answer(), idle);
    await assert.rejects(phone.decline(), idle);
    await assert.rejects(phone.digits("1"), idle);
    await bell.press();
    await house.next(phone, "ringing");
    await phone.decline();
    assert.equal((await house.next(bell, "ended")).status, 603);
  });

  it("takes no call from a stranger without a password", async () => {
    const { phones } = await household([{}]);
    const [phone] = phones;
    assert.ok(phone);
    const stranger = await new House().open();
    const call = await stranger.endpoint.callUri(`sip:6001@${phone.address}`, {
      ...{ from: { number: "1", name: "" }, sdp: "" },
    });
    const end = await new Promise<{ status?: number }>((resolve) => call.on("ended", resolve));
    await stranger.close();
    assert.equal(end.status, 401);
    assert.equal(phone.state, "idle");
  });
});
