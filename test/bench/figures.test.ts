import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { percentile, table } from "../../bench/figures.ts";
import { cpuMsOf } from "../../bench/machine.ts";
import { highest } from "../../bench/search.ts";
import { readStats } from "../../bench/sipp.ts";

describe("The bench's figures", () => {
  it("take a percentile by nearest rank, whatever the order", () => {
    const samples = Array.from({ length: 100 }, (_, i) => 100 - i);
    assert.deepEqual([percentile(samples, 0.5), percentile(samples, 0.99), percentile(samples, 1)], [50, 99, 100]);
    assert.equal(percentile([7], 0.01), 7);
    assert.equal(percentile([], 0.5), NaN);
  });

  it("are a table that Markdown reads", () => {
    assert.deepEqual(table([{ what: "calls/s", result: "450" }]).split("\n"), [
      "| What    | Result | Target | Peer (Portero ÷ peer) |",
      "| ------- | ------ | ------ | --------------------- |",
      "| calls/s | 450    |        |                       |",
    ]);
  });

  it("read processor time from proc(5), also where the program's name has brackets and spaces", () => {
    const rest = "S 1 1 1 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 11 0 100";
    assert.equal(cpuMsOf(`4711 (a) b (c) ${rest}`), 3000);
  });

  it("read sipp's statistics: the counts of the last row, the rate of the last that still called", () => {
    const head = "StartTime;CurrentTime;OutgoingCall(C);SuccessfulCall(C);FailedCall(C);Retransmissions(C)";
    const at = (seconds: number) => `2026-01-01\t10:00:00.000000\t${1000 + seconds}.000000`;
    const rows = [
      [at(0), at(1), 100, 20, 0, 0],
      [at(0), at(2), 180, 90, 0, 1],
      [at(0), at(9), 200, 199, 1, 3],
    ];
    const text = [head, ...rows.map((row) => row.join(";"))].join("\n");
    assert.deepEqual(readStats(text, 200), { succeeded: 199, failed: 1, retransmissions: 3, rate: 90 });
    assert.throws(() => readStats(head, 200), /no row/);
  });
});

describe("The search for the highest rate", () => {
  const search = async (works: (rate: number, attempt: number) => boolean, to = 3200) => {
    const tried: number[] = [];
    const found = await highest({ from: 50, to, precision: 0.85 }, (rate) => {
      tried.push(rate);
      return Promise.resolve(works(rate, tried.length) ? `at ${rate}` : undefined);
    });
    return { found, tried };
  };

  it("doubles until it fails twice, then narrows down", async () => {
    const { found, tried } = await search((rate) => rate <= 460);
    assert.deepEqual(tried, [50, 100, 200, 400, 800, 800, 600, 600, 500, 500, 450]);
    assert.deepEqual(found, { rate: 450, measured: "at 450" });
  });

  it("forgives one failure of the machine", async () => {
    const { found } = await search((_rate, attempt) => attempt !== 2, 100);
    assert.equal(found?.rate, 100);
  });

  it("ends at its limit, and with nothing where nothing works", async () => {
    assert.equal((await search(() => true)).found?.rate, 3200);
    const { found, tried } = await search(() => false);
    assert.deepEqual([found, tried], [undefined, [50, 50]]);
  });
});
