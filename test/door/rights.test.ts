import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DoorOpener, type OpenRequest } from "../../src/door/opener.ts";
import { relayOf } from "../../src/door/relays.ts";
import { denied, type OpenedAs } from "../../src/door/rights.ts";
import { checkDoor } from "../../src/door/settings.ts";
import { FakeClock } from "../support/clock.ts";
import { thrown } from "./thrown.ts";

const form = {
  ...{ id: "front", name: "Frontdoor", preset: "generic", extension: "503", password: "pw", code: "9876" },
  relays: [
    { id: "door", name: "Door" },
    { id: "gate", name: "Gate", code: "77" },
  ],
};
const phone = (name: string): OpenedAs => ({ kind: "extension", name });
// By the clock of whatever machine this runs on: a Wednesday.
const at = (time: string, day = "2026-01-07") => new Date(`${day}T${time}`).getTime();

function asked(rights: object[], as: OpenedAs, now = at("12:00"), relay = "door"): string {
  const door = checkDoor({ ...form, rights });
  const found = relayOf(door, relay);
  assert.ok(found);
  return denied(door, found, as, now)?.refused ?? "may";
}

describe("Who may open a door, and when", () => {
  it("everybody may where nobody is listed", () => assert.equal(asked([], { kind: "page", name: "anna" }), "may"));

  it("else only those who are listed, by kind and by name", () => {
    const rights = [{ who: "extension", names: ["6001", "6002"] }, { who: "page", names: ["Anna"] }, { who: "mqtt" }];
    const asks: readonly (readonly [OpenedAs["kind"], string, string])[] = [
      ["extension", "6001", "may"],
      ["extension", "6003", "no-right"],
      ["extension", "60011", "no-right"],
      ["extension", "600", "no-right"],
      ["account", "6001", "no-right"],
      ["page", "anna", "may"],
      ["page", "bert", "no-right"],
      ["mqtt", "phone", "may"],
      ["flow", "6001", "no-right"],
      ["code", "courier", "may"],
    ];
    for (const [kind, name, expected] of asks) assert.equal(asked(rights, { kind, name }), expected, `${kind} ${name}`);
    assert.equal(asked([{ who: "anybody", names: ["6001"] }], phone("6001")), "may");
  });

  it("only those relays, and only then", () => {
    const rights = [
      { who: "extension", names: ["6001"], relays: ["gate"] },
      { who: "extension", names: ["6002"], days: ["mon", "tue", "wed"], from: "08:00", to: "18:00" },
      { who: "extension", names: ["6003"], from: "22:00", to: "06:00", days: ["tue"] },
      { who: "extension", names: ["6004"], validFrom: "2026-01-05", validUntil: "2026-01-07" },
      { who: "extension", names: ["6004"], validFrom: "2026-02-01T10:00", validUntil: "2026-02-01T11:00" },
    ];
    assert.equal(asked(rights, phone("6001")), "no-right");
    assert.equal(asked(rights, phone("6001"), at("12:00"), "gate"), "may");
    for (const [name, time, day, expected] of [
      ["6002", "07:59", "2026-01-07", "not-now"],
      ["6002", "08:00", "2026-01-07", "may"],
      ["6002", "18:00", "2026-01-07", "not-now"],
      ["6002", "12:00", "2026-01-08", "not-now"],
      ["6003", "23:00", "2026-01-06", "may"],
      ["6003", "05:59", "2026-01-07", "may"],
      ["6003", "05:59", "2026-01-06", "not-now"],
      ["6004", "23:59", "2026-01-07", "may"],
      ["6004", "00:00", "2026-01-08", "not-now"],
      ["6004", "10:30", "2026-02-01", "may"],
      ["6004", "11:00", "2026-02-01", "not-now"],
    ] as const)
      assert.equal(asked(rights, phone(name), at(time, day)), expected, `${name} ${day} ${time}`);
  });

  it("who was sent by somebody needs his right, too, and who is barred opens with none", async () => {
    const clock = new FakeClock();
    const door = checkDoor({ ...form, rights: [{ who: "extension", names: ["6001"] }, { who: "account" }] });
    const open = async (wish: Pick<OpenRequest, "as" | "sentBy" | "barred">) => {
      const sent: string[] = [];
      const sendDigits = (code: string) =>
        Promise.resolve({ way: "info", status: 200, taken: sent.push(code) } as const);
      const { ok, reason } = await new DoorOpener({ clock }).open(
        door,
        { door: "front", by: "x", ...wish },
        { sendDigits },
      );
      assert.equal(sent.length, ok ? 1 : 0);
      return ok ? "opens" : reason;
    };
    const mobile: OpenedAs = { kind: "account", name: "provider" };
    assert.equal(await open({ as: mobile, sentBy: phone("6001") }), "opens");
    assert.match(await open({ as: mobile, sentBy: phone("6002") }), /^the phone "6002" may not open/);
    assert.match(await open({ as: phone("6002"), sentBy: phone("6001") }), /^the phone "6002" may not open/);
    assert.equal(await open({ as: phone("6001"), barred: "not from there" }), "not from there");
  });

  it("a refusal says who and what, in a word and in a sentence, and sends nothing", async () => {
    const clock = new FakeClock();
    const door = checkDoor({ ...form, rights: [{ who: "extension", names: ["6001"] }] });
    const sendDigits = () => assert.fail("digits were sent");
    const wish = { door: "front", relay: "gate", by: "6002", as: phone("6002") };
    const { ok, refused, reason, as, relay } = await new DoorOpener({ clock }).open(door, wish, { sendDigits });
    assert.deepEqual([ok, refused, as, relay], [false, "no-right", phone("6002"), "gate"]);
    assert.equal(reason, 'the phone "6002" may not open Gate of Frontdoor: its rights are in the door\'s form');
    const nobody = await new DoorOpener({ clock }).open(door, { door: "front", by: "dashboard" }, { sendDigits });
    assert.equal(nobody.refused, "no-right", "who does not say on whose behalf is the flow");
  });

  it("a wrong line is a sentence that names it", () => {
    const fault = (right: object) => thrown(() => checkDoor({ ...form, rights: [{ who: "mqtt" }, right] })).message;
    assert.match(fault({ who: "anna" }), /rights.1.who must be one of anybody, extension/);
    assert.match(fault({ who: "page", from: "8" }), /rights.1.from has the wrong form/);
    assert.match(fault({ who: "page", from: "8:00", to: "8:00" }), /rights of line 2: from and to are both 8:00/);
    assert.match(fault({ who: "page", validFrom: "2026-13-01" }), /rights of line 2: validFrom is no date/);
    assert.match(fault({ who: "page", validFrom: "2026-02-01", validUntil: "2026-01-31" }), /validUntil is not after/);
    assert.match(fault({ who: "page", relays: ["attic"] }), /names a relay "attic" that there is not/);
  });
});
