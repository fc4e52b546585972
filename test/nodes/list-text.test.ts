// Lists of dialogs as a text: what a caretaker with two hundred flats pastes.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { blocks } from "../docs/pages.ts";
import { faultsIn, readList, writeList, type Column } from "../../nodes/editor/list-text.ts";

const columns: readonly Column<"number" | "name" | "password">[] = [
  { name: "number", called: ["Number", "extension"] },
  { name: "name", called: ["Name"] },
  { name: "password", called: [] },
];

describe("Lists as text (N4)", () => {
  it("reads what a spreadsheet copies, with names of columns in any order and some that are of no use", () => {
    const { lines, unread, wide, open } = readList(
      "\uFEFFFloor\tNAME\tExtension\r\n1\tMeier\t101\r\n\r\n2\t\t102",
      columns,
    );
    assert.deepEqual(lines, [
      { line: 2, cells: { number: "101", name: "Meier" } },
      { line: 4, cells: { number: "102", name: "" } },
    ]);
    assert.deepEqual([unread, wide, open], [["Floor"], [], undefined]);
  });

  it("without names the columns stand in their order; a line may be shorter", () => {
    const { lines } = readList("101;Meier;s3cret\n102\n;;", columns);
    assert.deepEqual(
      lines.map(({ cells }) => cells),
      [
        { number: "101", name: "Meier", password: "s3cret" },
        { number: "102", name: "", password: "" },
      ],
    );
  });

  it("RFC 4180: quotes hold the separator and quotes; one that is left open is told with its line", () => {
    const names = (text: string) => readList(text, columns).lines.map(({ cells }) => cells.name);
    assert.deepEqual(names('101,"Meier, A. ""Toni"""\n102, "Sato" '), ['Meier, A. "Toni"', "Sato"]);
    assert.deepEqual(names('101;6" pipe'), ['6" pipe']);
    assert.equal(readList('101,a\n102,"b\n103,c', columns).open, 2);
    assert.deepEqual(readList("101,Meier, A.,x\n102,b,,,", columns).wide, [1]);
  });

  it("gives what it has written", () => {
    const rows = [
      ["101", 'Meier; A. "x"', ""],
      ["102", '"y"', "p\tq"],
    ];
    for (const separator of [";", "\t"]) {
      const text = writeList(["number", "name", "password"], rows, separator);
      const read = readList(text, columns).lines.map(({ cells }) => [cells.number, cells.name, cells.password]);
      assert.deepEqual(read, rows, separator);
    }
  });

  it("docs/flats.md: its lists are read, each field where it belongs", () => {
    const house: readonly Column[] = ["number", "name", "members", "devices"].map((name) => ({ name, called: [] }));
    const read = blocks("text").flatMap(({ page, text }) => (page.endsWith("flats.md") ? [readList(text, house)] : []));
    assert.deepEqual(
      read.map(({ lines, unread, wide }) => [lines.at(-1)?.cells, unread, wide]),
      [
        [{ number: "103", name: "Okafor" }, [], []],
        [{ number: "202", name: "Sato", devices: "" }, ["Floor"], []],
        [{ number: "302", name: "Sato", members: "3021, 3022, 0171555@provider" }, [], []],
      ],
    );
  });

  it("finds each line that is at fault, and no more than asked for, also in a thousand", () => {
    const rows = Array.from({ length: 1000 }, (_, at) => ({ line: at + 1, row: String(at) }));
    const bad = [
      { line: 20, row: "x" },
      { line: 700, row: "19" },
    ];
    for (const one of bad) rows[one.line - 1] = one;
    let asked = 0;
    const fault = (list: readonly string[]): string | undefined => {
      asked += 1;
      const odd = list.find((row, at) => !/^\d+$/.test(row) || list.indexOf(row) !== at);
      return odd === undefined ? undefined : `odd ${odd}`;
    };
    rows[500] = { line: 501, row: "18" };
    const found = faultsIn(rows, fault, 5);
    assert.deepEqual(found, [
      { line: 20, fault: "odd x" },
      { line: 501, fault: "odd 18" },
    ]);
    assert.equal(faultsIn(rows, fault, 1).length, 1);
    assert.ok(asked < 60, `asked ${asked} times`);
  });
});
