// Calls from address to address, and what becomes of targets to which there is no way: the flow is told why.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DoorSettings } from "../../../src/door/door.ts";
import type { LineSettings } from "../../../src/visit/numbers/account-settings.ts";
import type { DirectSettings } from "../../../src/visit/numbers/outside.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { Secret } from "../../../src/secret.ts";
import { Names } from "../../sip/names.ts";
import { Party } from "../../sip/party.ts";
import { Desk, sound } from "../desk.ts";

async function at(
  door: Partial<DoorSettings>,
  direct: DirectSettings,
  test: (desk: Desk) => Promise<void> | void,
  dns?: Names,
) {
  const desk = await Desk.open({}, {}, door, direct, dns);
  try {
    await test(desk);
  } finally {
    await desk.close();
  }
}

const line = (more: Partial<LineSettings>): LineSettings => ({
  ...{ name: "provider", server: "10.0.0.99", port: 5060, user: "6100", password: new Secret("a password") },
  ...more,
});

describe("A1 a door that registers nowhere", () => {
  it("presses from its own address by its own number, which elsewhere needs its password", async () => {
    for (const [address, heard] of [
      ["10.0.0.40", 180],
      ["10.0.0.41", 401],
    ] as const)
      await at({ address: "10.0.0.40" }, { from: ["10.0.0.0/24"] }, async ({ network, events }) => {
        const device = new Party(network, { host: address });
        const from = `<sip:8000@${address}>`;
        device.send(
          device.request("INVITE", { uri: "sip:10.0.0.1", from, body: ["application/sdp", sound()] as const }),
        );
        await device.takeResponse(heard);
        assert.deepEqual(
          events.map(({ event, visit }) => [event, visit.caller.number]).slice(0, 1),
          heard === 180 ? [["ring", "8000"]] : [],
        );
      });
  });

  it("presses by its own number from where its name leads, and is a stranger from elsewhere or where DNS says nothing", async () => {
    const zone = { "gate.lan": { a: ["10.0.0.40", "10.0.0.42"] } };
    for (const [name, host, heard] of [
      ["gate.lan", "10.0.0.42", 180],
      ["gate.lan", "10.0.0.41", 401],
      ["gone.lan", "10.0.0.42", 401],
      // Its name leads there, but nobody calls from there without a password.
      ["gate.lan", "10.0.0.40", 401],
    ] as const) {
      const dns = new Names(zone);
      const from = ["10.0.0.41", "10.0.0.42"];
      const test = async ({ network, events }: Desk) => {
        const device = new Party(network, { host });
        const body = ["application/sdp", sound()] as const;
        device.send(device.request("INVITE", { uri: "sip:10.0.0.1", body }));
        await device.takeResponse(heard);
        assert.deepEqual(
          events.filter(({ event }) => event === "ring").map(({ visit }) => visit.caller.number),
          heard === 180 ? ["8000"] : [],
        );
        if (heard === 180) assert.equal(dns.asked.filter((asked) => asked === "A gate.lan").length, 1);
      };
      await at({ address: name }, { from }, test, dns);
    }
  });

  it("is over where it is cancelled before DNS has said who it is", async () => {
    const dns = new Names({});
    let answer = (_: { records: string[]; ttl: number }): void => {};
    dns.a = () => new Promise((resolve) => (answer = resolve));
    const test = async ({ network, events }: Desk) => {
      const device = new Party(network, { host: "10.0.0.42" });
      const wish = { uri: "sip:10.0.0.1", branch: "z9hG4bKearly" };
      device.send(device.request("INVITE", { ...wish, body: ["application/sdp", sound()] as const }));
      await device.settle();
      device.send(device.request("CANCEL", wish));
      await device.takeResponse(487);
      answer({ records: ["10.0.0.42"], ttl: 60 });
      await device.settle();
      assert.deepEqual([events, device.count(401), device.count(180)], [[], 0, 0]);
    };
    await at({ address: "gate.lan" }, { from: ["10.0.0.42"] }, test, dns);
  });

  it("is called at its port", () =>
    at({ address: "10.0.0.40", sipPort: 5062 }, {}, async (desk) => {
      const door = new Party(desk.network, { host: "10.0.0.40", port: 5062 });
      const phone = await desk.phone("6001");
      await phone.dial("8000");
      const invite = await door.takeRequest("INVITE");
      assert.equal(invite.uri, "sip:10.0.0.40:5062");
    }));
});

describe("A1 an address as a target", () => {
  it("may be typed as it is, with its port, or with stars", () =>
    at({}, {}, ({ switchboard }) => {
      for (const [target, uri] of [
        ["192.168.35.123", "sip:192.168.35.123"],
        ["192.168.35.123:5062", "sip:192.168.35.123:5062"],
        ["192*168*35*123", "sip:192.168.35.123"],
      ] as const)
        assert.deepEqual(switchboard.wayOutside(target, "flow"), { kind: "address", uri });
      for (const none of ["192.168.35", "192.168.35.1234", "192.168.35.123:", "*78"])
        assert.equal(switchboard.wayOutside(none, "flow"), undefined, none);
    }));

  it("P7 holds no password, which messages would tell", () =>
    at({}, {}, ({ switchboard }) => {
      const secret = "sip:100:secret@10.0.0.50";
      const refused = (error: Error) =>
        /an address holds no password/.test(error.message) && !/secret/.test(error.message);
      assert.throws(() => strategyOf({ strategy: "ring-all", targets: [secret] }), refused);
      assert.throws(() => switchboard.addGroup({ number: "600", members: [secret] }, "phones"), refused);
      assert.throws(() => switchboard.addAccount(line({ incoming: { targets: [secret] } }), "provider"), refused);
      strategyOf({ strategy: "ring-all", targets: ["sip:100@10.0.0.50:5062", "sip:10.0.0.50:5062"] });
    }));
});

describe("H6 a target to which there is no way", () => {
  it("is told by a sentence, and H10 is no refusal that would end a loop for the others", () =>
    at({}, { calls: false }, async (desk) => {
      const bell = desk.device("8000");
      await bell.dial("8000");
      await bell.party.takeResponse(180);
      const targets = ["6099", "6001@nobody", "10.0.0.50"];
      const visit = desk.switchboard.lastVisit("front");
      const outcome = await visit?.answerBy(strategyOf({ strategy: "ring-all", targets, seconds: 10 }));
      assert.deepEqual(
        outcome?.parties.map(({ result, cause, text }) => [result, cause, text]),
        [
          ["unreachable", 1, "6099 is no number here, and no account has a prefix that it begins with"],
          ["unreachable", 3, 'there is no account called "nobody": look at the name in its sip-account node'],
          ["unreachable", 3, "direct calls are switched off in the endpoint: sip:10.0.0.50 is not called"],
        ],
      );
      assert.ok(desk.logged.some((text) => text.startsWith("6099 is not rung: ")));
    }));
});

describe("A2 the account for all other numbers", () => {
  it("is gone by where a number is none here and begins with no prefix, and is one only", () =>
    at({}, {}, async ({ switchboard }) => {
      const leave = switchboard.addAccount(line({ otherNumbers: true }), 'account "Provider"');
      void switchboard.addAccount(line({ name: "mobile", prefixes: [{ prefix: "01" }] }), 'account "Mobile"');
      const by = (number: string, who: "phone" | "door" | "stranger" = "phone") => {
        const way = switchboard.wayOutside(number, who);
        return way?.kind === "account" ? `${way.number}@${way.account.name}` : way?.kind;
      };
      assert.deepEqual(
        ["0301234", "+49301234", "0171555", "8000", "dashboard", "10*0*0*9"].map((number) => by(number)),
        ["0301234@provider", "+49301234@provider", "0171555@mobile", undefined, undefined, "address"],
      );
      assert.deepEqual([by("0301234", "door"), by("0301234", "stranger")], ["refused", "refused"]);
      assert.throws(
        () => switchboard.addAccount(line({ name: "third", otherNumbers: true }), 'account "Third"'),
        /all other numbers are to go out by account "Provider" and by account "Third": take that from one of them/,
      );
      await leave();
      assert.equal(by("0301234"), undefined);
    }));
});
