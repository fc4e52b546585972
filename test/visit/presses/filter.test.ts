import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { visitFilter, type FilterSettings } from "../../../src/visit/presses/filter.ts";
import type { VisitView } from "../../../src/visit/messages.ts";
import { thrown } from "../../door/thrown.ts";

const at = (day: number, time: string): string => {
  const [hours, minutes] = time.split(":").map(Number);
  // 1 February 2026 is a Sunday; by the clock of the machine, whatever its zone is.
  return new Date(2026, 1, 1 + day, hours, minutes).toISOString();
};
const usual: VisitView = {
  ...{ id: "1", door: "front", caller: { number: "503", name: "Front door" }, dialled: "201", button: "201" },
  ...{ buttonName: "Meier", state: "ringing", startedAt: at(3, "12:00"), attempt: 0 },
};
const wants = (settings: FilterSettings, visit: Partial<VisitView> = {}) =>
  visitFilter(settings).wants({ ...usual, ...visit });

describe("a filter of visits", () => {
  it("lets everything through where nothing is asked for", () => {
    assert.ok(wants({}));
    assert.ok(wants({ doors: [], buttons: [], callers: [], days: [], events: [] }));
    assert.ok(visitFilter({}).hears("stats"));
  });

  it("asks for one of several doors", () => {
    assert.ok(wants({ doors: ["back", "front"] }));
    assert.ok(!wants({ doors: ["back"] }));
  });

  it("asks for buttons and callers by number or name, in any case, with * for anything", () => {
    for (const button of ["201", "meier", "2*", "*ei*"]) assert.ok(wants({ buttons: ["999", button] }), button);
    for (const button of ["20", "Sato", "2.1", "01"]) assert.ok(!wants({ buttons: [button] }), button);
    assert.ok(wants({ callers: ["front door"] }));
    assert.ok(!wants({ callers: ["504"] }));
    const { buttonName: _, ...unnamed } = usual;
    assert.ok(!visitFilter({ buttons: ["Meier"] }).wants(unnamed));
    assert.ok(wants({ buttons: ["a+b"] }, { button: "A+b" }));
  });

  const times: [FilterSettings, [day: number, time: string, wanted: boolean][]][] = [
    [
      { from: "8:00", to: "18:30" },
      [
        [1, "07:59", false],
        [1, "08:00", true],
        [1, "18:29", true],
        [1, "18:30", false],
      ],
    ],
    [
      { from: "22:00", to: "06:00" },
      [
        [1, "21:59", false],
        [1, "22:00", true],
        [1, "00:00", true],
        [1, "05:59", true],
        [1, "06:00", false],
      ],
    ],
    [
      // The night from Saturday to Sunday, and no other.
      { from: "22:00", to: "06:00", days: ["sat"] },
      [
        [6, "05:00", false],
        [6, "23:00", true],
        [7, "05:00", true],
        [7, "23:00", false],
      ],
    ],
    [
      { days: ["mon", "tue"] },
      [
        [0, "12:00", false],
        [1, "00:00", true],
        [2, "23:59", true],
        [3, "00:00", false],
      ],
    ],
    [
      { from: "20:00" },
      [
        [1, "19:59", false],
        [1, "23:59", true],
        [2, "00:00", false],
      ],
    ],
    [
      { to: "7:30" },
      [
        [1, "07:29", true],
        [1, "07:30", false],
      ],
    ],
    [{ from: "18:00", to: "24:00" }, [[1, "23:59", true]]],
  ];
  for (const [settings, cases] of times)
    it(`asks for the time of the press: ${JSON.stringify(settings)}`, () => {
      for (const [day, time, wanted] of cases)
        assert.equal(wants(settings, { startedAt: at(day, time) }), wanted, `${time} on day ${day}`);
    });

  it("asks for events", () => {
    const { hears } = visitFilter({ events: ["ring", "ended"] });
    assert.deepEqual([hears("ring"), hears("snapshot")], [true, false]);
  });

  it("says what is wrong with it", () => {
    const refusal = (settings: object) => thrown(() => visitFilter(settings)).message;
    assert.match(refusal({ from: "25:00" }), /^filter: from has the wrong form \(it is "25:00"\)/);
    assert.match(refusal({ from: "8:00", to: "8:00" }), /from and to are both 8:00: give two times, or none/);
    assert.match(refusal({ days: ["Monday"] }), /days\.0 must be one of sun, mon/);
    assert.match(refusal({ events: ["rings"] }), /events\.0 must be one of ring, /);
  });
});
