// Calls that leave the house or come from outside of it. The provider is a second house on loopback.
import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { IncomingCall } from "../../../src/sip/dialog/incoming.ts";
import { PorteroError } from "../../../src/errors.ts";
import { textOf } from "../../../src/sip/trace/text.ts";
import { Secret } from "../../../src/secret.ts";
import type { AccountStatus } from "../../../src/sip/account/account.ts";
import { Endpoint } from "../../../src/sip/endpoint.ts";
import type { LineSettings } from "../../../src/visit/numbers/account-settings.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { House } from "../house.ts";

const password = new Secret("a password");

/** Adds the account "provider" to `house`, registered as 6100 at `provider`. */
async function account(house: House, provider: House, settings: Partial<LineSettings> = {}): Promise<AccountStatus> {
  if (provider.switchboard.contactsOf("6100") === undefined)
    provider.switchboard.addExtension({ extension: "6100", name: "Us", password }, "the line");
  const { host, port } = provider.server;
  const registered = once(house.switchboard, "account") as Promise<[string, AccountStatus]>;
  const line = { name: "provider", server: host, port, user: "6100", password, ...settings };
  house.switchboard.addAccount(line, `account "${line.name}"`);
  const [event, status] = await registered;
  assert.equal(event, "registered");
  return status;
}

const ring = (...targets: string[]) => strategyOf({ strategy: "ring-all", targets, seconds: 10 });

describe("N8, N9 numbers at another server", () => {
  let house: House;
  let provider: House;
  beforeEach(async () => {
    house = await House.open();
    provider = await House.open();
  });
  afterEach(async () => {
    await house.close();
    await provider.close();
  });

  it("are rung as number@account, and the visitor is put through", async () => {
    await account(house, provider);
    const { seen } = await provider.phone("0301", { answerAfterMs: 10 });
    const { bell } = await house.bell();
    const visit = await house.pressed(bell);
    const outcome = await visit.answerBy(ring("0301@provider"));
    assert.deepEqual([outcome.result, outcome.by], ["answered", "0301@provider"]);
    const ringing = await seen.next("ringing");
    assert.deepEqual(
      [ringing.event === "ringing" && ringing.number, ringing.event === "ringing" && ringing.name],
      ["6100", "Front door"],
    );
    await seen.next("audio");
    await bell.hangUp();
    await house.event("ended");
  });

  for (const [dtmf, told] of [
    ["info", true],
    [undefined, false],
  ] as const)
    it(`hear keys as the account says: ${dtmf ?? "as each call has agreed"}`, async () => {
      await account(house, provider, dtmf && { dtmf });
      await provider.phone("0301", { answerAfterMs: 10 });
      const { bell } = await house.bell();
      const visit = await house.pressed(bell);
      await visit.answerBy(ring("0301@provider"));
      await visit.sendDigits("5", { to: "answerer" });
      const messages = house.switchboard.tracing.entries().map(textOf).join("");
      assert.equal(/^INFO [\s\S]*application\/dtmf-relay/m.test(messages), told);
    });

  it("A2 are rung by the account that the target names, also where the number is one of ours", async () => {
    await account(house, provider);
    await house.phone("6001");
    const { seen } = await provider.phone("6001", { answerAfterMs: 10 });
    const { bell } = await house.bell();
    const visit = await house.pressed(bell);
    const { parties } = await visit.answerBy(ring("6001@nobody"));
    assert.deepEqual(
      parties.map(({ result, status, text }) => [result, status, text]),
      [["unreachable", 403, 'there is no account called "nobody": look at the name in its sip-account node']],
    );
    const targets = [{ target: "6001", account: "provider", name: "Visitor" }];
    const outcome = await visit.answerBy(strategyOf({ strategy: "ring-all", targets, seconds: 10 }));
    assert.deepEqual([outcome.result, outcome.by], ["answered", "6001"]);
    const ringing = await seen.next("ringing");
    assert.equal(ringing.event === "ringing" && ringing.name, "Visitor");
  });

  it("are dialled by phones under the account's prefix, the longest first", async () => {
    await account(house, provider, {
      prefixes: [
        { prefix: "0", strip: 1 },
        { prefix: "00", strip: 2, prepend: "9" },
      ],
    });
    const long = await provider.phone("9301", { answerAfterMs: 10 });
    const short = await provider.phone("301", { answerAfterMs: 10 });
    const { phone, seen } = await house.phone("6001");
    await phone.dial("00301");
    await seen.next("answered");
    await long.seen.next("answered");
    await phone.hangUp();
    await seen.next("ended");
    await phone.dial("0301");
    await short.seen.next("answered");
  });

  it("are not for a phone where no prefix fits, and an extension goes before a prefix", async () => {
    await account(house, provider, { prefixes: [{ prefix: "60" }] });
    await provider.phone("6002", { answerAfterMs: 10 });
    const own = await house.phone("6002", { answerAfterMs: 10 });
    const { phone, seen } = await house.phone("6001");
    await phone.dial("555");
    const refused = await seen.next("ended");
    assert.equal(refused.event === "ended" && refused.status, 404);
    await phone.dial("6002");
    await own.seen.next("answered");
  });

  it("are not for a bell, which hangs outside, but where the account allows it", async () => {
    await provider.phone("301", { answerAfterMs: 10 });
    for (const doorsMayDial of [false, true]) {
      const own = await House.open();
      try {
        await account(own, provider, { prefixes: [{ prefix: "0", strip: 1 }], doorsMayDial });
        const { bell } = await own.bell({ dial: "0301" });
        const outcome = await (await own.pressed(bell)).answerBy(ring());
        assert.equal(outcome.result, doorsMayDial ? "answered" : "unanswered");
        if (!doorsMayDial) {
          assert.equal(outcome.parties[0]?.status, 403);
          assert.match(
            own.logged.join("\n"),
            /a door station may not dial out by the account "provider": allow it there/,
          );
        }
      } finally {
        await own.close();
      }
    }
  });

  it("end as unreachable, with a sentence in the log, where there is no such account", async () => {
    const { bell } = await house.bell();
    const outcome = await (await house.pressed(bell)).answerBy(ring("0301@nobody"));
    assert.deepEqual([outcome.parties[0]?.result, outcome.parties[0]?.status], ["unreachable", 403]);
    assert.match(house.logged.join("\n"), /there is no account called "nobody": look at the name in its sip-account/);
  });

  it("are the last step, when nobody at home answers", async () => {
    await account(house, provider);
    await provider.phone("0301", { answerAfterMs: 10 });
    await house.phone("6001", { behaviour: "decline" });
    const { bell } = await house.bell();
    const visit = await house.pressed(bell);
    assert.equal((await visit.answerBy(ring("6001"))).result, "rejected");
    assert.equal((await visit.answerBy(ring("0301@provider"))).by, "0301@provider");
  });

  it("are de-registered when the account goes, or the house", async () => {
    await account(house, provider);
    assert.equal(provider.switchboard.contactsOf("6100")?.length, 1);
    await house.switchboard.close();
    assert.equal(provider.switchboard.contactsOf("6100")?.length, 0);
    assert.deepEqual(house.switchboard.accounts(), []);
  });
});

describe("H20 numbers and prefixes", () => {
  it("that two want are refused with both named; nothing of the second account stays", async () => {
    const house = await House.open();
    try {
      const line = (name: string, prefix: string): LineSettings => ({
        ...{
          name,
          server: "127.0.0.1",
          port: 9,
          user: "1",
          password,
          prefixes: [{ prefix: `7${prefix}` }, { prefix }],
        },
      });
      house.switchboard.addAccount(line("one", "0"), 'account "one"');
      assert.throws(
        () => house.switchboard.addAccount(line("two", "8000"), 'account "two"'),
        /8000 is claimed by door Front door and by account "two"/,
      );
      house.switchboard.addAccount({ ...line("three", "9") }, 'account "three"');
      assert.throws(
        () => house.switchboard.addAccount(line("four", "0"), 'account "four"'),
        /70 is claimed by account "one" and by account "four"/,
      );
      assert.throws(
        () => house.switchboard.addExtension({ extension: "0", name: "x", password }, "extension 0"),
        /number 0 is claimed by account "one" and by extension 0/,
      );
      assert.throws(
        () => house.switchboard.addAccount(line("one", "5"), 'account "one"'),
        /two accounts are called "one"/,
      );
      house.switchboard.addAccount(line("two", "8001"), 'account "two"');
    } finally {
      await house.close();
    }
  });

  it("and every other field that cannot be, is refused with a sentence", async () => {
    const house = await House.open();
    const refusal = (settings: Partial<LineSettings>): string => {
      try {
        house.switchboard.addAccount({ name: "p", server: "x.org", user: "1", password, ...settings }, "a");
      } catch (error) {
        assert.ok(error instanceof PorteroError);
        return error.message;
      }
      return assert.fail("it was not refused");
    };
    try {
      assert.match(refusal({ name: "my provider" }), /^account: name has the wrong form \(it is "my provider"\)$/);
      assert.match(refusal({ server: "sip:x" }), /^account: server has the wrong form/);
      assert.match(refusal({ password: new Secret("") }), /^account: password is missing: enter/);
      assert.match(
        refusal({ second: { server: "y", user: "2", password: new Secret("") } }),
        /second\.password is missing/,
      );
      assert.match(refusal({ backupProxy: "b.x.org" }), /backupProxy stands alone/);
      assert.match(
        refusal({ prefixes: [{ prefix: "0", strip: 2 }] }),
        /prefix 0 has 1 digits, so 2 cannot be taken off/,
      );
      assert.match(refusal({ incoming: { refuse: 200 } }), /incoming\.refuse must be >= 400/);
    } finally {
      await house.close();
    }
  });
});

describe("N8 calls in by an account", () => {
  let house: House;
  let provider: House;
  beforeEach(async () => {
    house = await House.open();
    provider = await House.open();
  });
  afterEach(async () => {
    await house.close();
    await provider.close();
  });

  it("begin a visit at a door", async () => {
    await account(house, provider, { incoming: { door: "front" } });
    const caller = await provider.phone("7001");
    await caller.phone.dial("6100");
    const { visit } = await house.event("ring");
    assert.deepEqual([visit.door, visit.caller.number], ["front", "7001"]);
    await house.phone("6001", { answerAfterMs: 10 });
    await house.switchboard.visit(visit.id)?.answerBy(ring("6001"));
    await caller.seen.next("answered");
  });

  it("ring targets", async () => {
    await account(house, provider, { incoming: { targets: ["6001", "6002"] } });
    await house.phone("6001");
    await house.phone("6002", { answerAfterMs: 10 });
    const caller = await provider.phone("7001");
    await caller.phone.dial("6100");
    await caller.seen.next("answered");
  });

  it("are refused with the status of choice, by default with 480", async () => {
    await account(house, provider, { incoming: { refuse: 603 } });
    const caller = await provider.phone("7001");
    await caller.phone.dial("6100");
    const end = await caller.seen.next("ended");
    assert.equal(end.event === "ended" && end.status, 603);
  });

  it("A5 are refused while they are not to disturb, and the server's own code is dialled", async () => {
    await account(house, provider, { incoming: { door: "front" }, dndOn: "78", dndOff: "79", dndStatus: 600 });
    const code = await provider.phone("78", { answerAfterMs: 10 });
    const asked = house.switchboard.setAccountDnd("provider", true);
    await code.seen.next("answered");
    await code.phone.hangUp();
    assert.deepEqual(await asked, { ok: true, status: 200, text: "provider took 78" });
    const caller = await provider.phone("7001");
    await caller.phone.dial("6100");
    const end = await caller.seen.next("ended");
    assert.equal(end.event === "ended" && end.status, 600);
    assert.deepEqual(await house.switchboard.setAccountDnd("provider", false), {
      ...{ ok: false, status: 404, text: "provider did not take 79: 404 79 is no number here" },
    });
    await caller.phone.dial("6100");
    await house.event("ring");
    await assert.rejects(house.switchboard.setAccountDnd("nobody", true), /there is no account called "nobody"/);
  });
});

describe("A1 direct calls", () => {
  const sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n";

  /** A device that registers nowhere. */
  async function stranger(address = "127.0.0.3"): Promise<Endpoint> {
    const endpoint = new Endpoint({ listeners: [{ transport: "udp", address, port: 0 }] });
    await endpoint.start();
    return endpoint;
  }

  const from = { number: "door", name: "Gate" };

  it("from a door's address, or where its name leads, are presses of that door, where the list has it", async () => {
    for (const [address, at] of [
      ["127.0.0.3", "127.0.0.3"],
      ["localhost", "127.0.0.1"],
    ] as const) {
      const house = await House.open({ address }, { from: ["127.0.0.0/29"] });
      const device = await stranger(at);
      try {
        await device.callUri(`sip:127.0.0.1:${house.server.port}`, { from, sdp });
        const { visit } = await house.event("ring");
        assert.deepEqual([visit.door, visit.caller.number], ["front", "door"]);
      } finally {
        await device.close();
        await house.close();
      }
    }
  });

  it("from a door are its presses, however its address is written", async () => {
    for (const [address, host] of [
      ["[2001:DB8:0:0::3]", "2001:db8::3"],
      ["fe80::3", "fe80::3%eth0"],
      ["::ffff:10.0.0.3", "10.0.0.3"],
    ] as const) {
      const house = await House.open({ address });
      const call = { caller: { kind: "address", number: "bell" }, flow: { remote: { host, port: 5060 } } };
      let found: string | undefined;
      house.switchboard.entrances.ofCaller(call as unknown as IncomingCall, (door) => (found = door?.settings.id));
      await house.close();
      assert.equal(found, "front", address);
    }
  });

  it("from elsewhere than a door's name leads to are calls like others", async () => {
    const house = await House.open({ address: "localhost" }, { from: ["127.0.0.0/29"] });
    const device = await stranger();
    try {
      const call = await device.callUri(`sip:nobody@127.0.0.1:${house.server.port}`, { from, sdp });
      const end = call.end ?? ((await once(call, "ended")) as [typeof call.end])[0];
      assert.deepEqual([end?.status, house.events.names()], [404, []]);
    } finally {
      await device.close();
      await house.close();
    }
  });

  it("reach extensions, but nobody outside", async () => {
    const house = await House.open({}, { from: ["127.0.0.3"] });
    const provider = await House.open();
    const device = await stranger();
    try {
      await account(house, provider, { prefixes: [{ prefix: "0" }] });
      await provider.phone("0301", { answerAfterMs: 10 });
      await house.phone("6001", { answerAfterMs: 10 });
      const call = await device.callUri(`sip:6001@127.0.0.1:${house.server.port}`, { from, sdp });
      await once(call, "answered");
      call.hangUp();
      for (const number of ["0301", "0301%40provider", "127*0*0*9"]) {
        const out = await device.callUri(`sip:${number}@127.0.0.1:${house.server.port}`, { from, sdp });
        const end = out.end ?? ((await once(out, "ended")) as [typeof out.end])[0];
        assert.equal(end?.status, 403, number);
      }
    } finally {
      await device.close();
      await house.close();
      await provider.close();
    }
  });

  it("need a password where the list has not their address, or they use a number of ours", async () => {
    for (const [direct, number] of [
      [{ from: ["10.0.0.0/8"] }, "door"],
      [{ from: ["127.0.0.3"] }, "6001"],
    ] as const) {
      const house = await House.open({ address: "127.0.0.3" }, direct);
      house.switchboard.addExtension({ extension: "6001", name: "Kitchen", password }, "phones");
      const device = await stranger();
      try {
        const call = await device.callUri(`sip:127.0.0.1:${house.server.port}`, { from: { number, name: "" }, sdp });
        const end = call.end ?? ((await once(call, "ended")) as [typeof call.end])[0];
        assert.equal(end?.status, 401);
      } finally {
        await device.close();
        await house.close();
      }
    }
  });

  it("to a door that is not registered go to its address", async () => {
    const house = await House.open({ address: "127.0.0.3" });
    const six = await House.open({ address: "[2001:DB8::3]" });
    try {
      assert.deepEqual(six.switchboard.wayOutside("8000", "phone"), { kind: "address", uri: "sip:[2001:db8::3]" });
      assert.deepEqual(house.switchboard.wayOutside("8000", "phone"), { kind: "address", uri: "sip:127.0.0.3" });
      assert.equal(house.switchboard.wayOutside("8000", "stranger")?.kind, "refused");
    } finally {
      await six.close();
      await house.close();
    }
  });

  it("are typed with stars for dots, and can be switched off", async () => {
    const on = await House.open();
    const off = await House.open({}, { calls: false });
    try {
      assert.deepEqual(on.switchboard.wayOutside("192*168*35*123", "phone"), {
        kind: "address",
        uri: "sip:192.168.35.123",
      });
      assert.equal(on.switchboard.wayOutside("192*168*35*1234", "phone"), undefined);
      assert.equal(on.switchboard.wayOutside("*78", "phone"), undefined);
      const refused = off.switchboard.wayOutside("192*168*35*123", "phone");
      assert.match(
        refused?.kind === "refused" ? refused.why : "",
        /^direct calls are switched off in the endpoint: sip:192\.168\.35\.123 is not called$/,
      );
      const { bell } = await off.bell();
      const outcome = await (await off.pressed(bell)).answerBy(ring("sip:127.0.0.1:9"));
      assert.deepEqual([outcome.parties[0]?.result, outcome.parties[0]?.status], ["unreachable", 403]);
    } finally {
      await on.close();
      await off.close();
    }
  });

  it("are refused at the start where the list holds something that is no address", async () => {
    await assert.rejects(
      House.open({}, { from: ["192.168.1.0/33"] }),
      /direct calls from: "192\.168\.1\.0\/33" must have/,
    );
  });
});
