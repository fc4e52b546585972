// H9, P11 Keys that open, pressed by several at once and by mixed ways, in a room: on the network in memory.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { DoorSettings, Opening } from "../../../src/door/door.ts";
import { Secret } from "../../../src/secret.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { Desk, type Device } from "../desk.ts";

describe("H9, P11 keys that open, of several in a room", () => {
  let desk: Desk;
  let openings: Opening[];
  const door = { openKey: "5", codesFrom: "both" } as const satisfies Partial<DoorSettings>;
  beforeEach(async () => {
    desk = await Desk.open({}, {}, door);
    openings = [];
    desk.switchboard.on("opening", (opening) => openings.push(opening));
    await desk.switchboard.codes.create("front", { name: "Anna", code: "4711" });
    desk.switchboard.addRoom({ name: "Hall", visitorNumber: "777", memberNumber: "888" }, "room");
  });
  afterEach(() => desk.close());

  async function bell(extension = "8000", id = "front"): Promise<Device> {
    const device = desk.device(extension);
    const invite = await device.dial("100");
    const visit = desk.switchboard.lastVisit(id) ?? assert.fail("no visit");
    void visit.answerBy(strategyOf({ strategy: "conference", seconds: 60 }));
    await desk.clock.advance(1000);
    await device.answered(invite);
    return device;
  }

  async function member(user: string): Promise<Device> {
    const phone = await desk.phone(user);
    await phone.answered(await phone.dial("888"));
    return phone;
  }

  async function press(device: Device, keys: string): Promise<void> {
    await device.press(keys);
    await desk.clock.advance(100);
  }

  const refusals = () => openings.map(({ refused, by }) => [refused, by]);
  const toldTo = () =>
    desk.events.flatMap(({ event, payload, visit }) =>
      event === "dtmf" ? [`${(payload as { digit: string }).digit} ${visit.door}`] : [],
    );

  it("half a code of one is completed by nobody else, and the bell's own keys open nothing", async () => {
    const front = await bell();
    const [one, two] = [await member("6001"), await member("6002")];
    await press(one, "*47");
    await press(two, "11#");
    await press(front, "11#");
    await press(front, "5");
    assert.deepEqual([openings, front.party.count("INFO")], [[], 0]);
    // Each goes on with its own: what others typed between does not make it wrong.
    await press(two, "*4");
    await press(one, "11#");
    const info = await front.party.takeRequest("INFO");
    front.party.respond(info, 200);
    await desk.clock.advance(500);
    assert.deepEqual(
      openings.map(({ ok, by, as }) => [ok, by, as?.name]),
      [[true, "6001", "Anna"]],
    );
  });

  it("wrong codes count for who typed them: another one is not locked out by them", async () => {
    const front = await bell();
    const [one, two] = [await member("6001"), await member("6002")];
    for (const wrong of ["*1111#", "*1112#", "*1113#", "*4711#"]) await press(one, wrong);
    assert.deepEqual(refusals(), [
      ["wrong-code", "6001"],
      ["wrong-code", "6001"],
      ["wrong-code", "6001"],
      ["locked-out", "6001"],
    ]);
    await press(two, "*4711#");
    front.party.respond(await front.party.takeRequest("INFO"), 200);
    await desk.clock.advance(500);
    assert.deepEqual(refusals().at(-1), [undefined, "6002"]);
  });

  it("open neither of two doors, by key or code, and are told to the flow of both but for the code", async () => {
    const yard = { id: "yard", name: "Yard", extension: "8001", preset: "generic", ...door };
    desk.switchboard.addDoor({ ...yard, password: new Secret("pw8001"), code: new Secret("2") }, "door Yard");
    const front = await bell();
    const one = await member("6001");
    const other = await bell("8001", "yard");
    await press(one, "5*4711#");
    assert.deepEqual([openings, front.party.count("INFO"), other.party.count("INFO")], [[], 0, 0]);
    assert.deepEqual(toldTo(), ["5 front", "5 yard"]);
    await other.send("BYE");
    await desk.clock.advance(100);
    await press(one, "5");
    front.party.respond(await front.party.takeRequest("INFO"), 200);
    await desk.clock.advance(500);
    assert.deepEqual(
      openings.map(({ ok, door: at }) => [ok, at]),
      [[true, "front"]],
    );
  });
});
