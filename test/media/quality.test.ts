import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mosOf } from "../../src/media/quality.ts";

const counts = { received: 1000, sent: 1000, lost: 0, jitterMs: 0 };

describe("ITU-T G.107 the mean opinion score", () => {
  it("is 4.4 where nothing is wrong, as everybody has it for G.711", () => assert.equal(mosOf(counts), 4.4));

  it("is nothing where nothing came", () => assert.equal(mosOf({ ...counts, received: 0 }), undefined));

  it("is nothing where losses are not counted", () => assert.equal(mosOf({ received: 1000, sent: 1000 }), undefined));

  // R = 93.2 − 95·p/(p + 25.1) for a loss of p %, less 0.024 per millisecond of delay; to MOS by G.107 annex B.
  for (const [lost, mos] of [
    [10, 4.3],
    [53, 3.9],
    [111, 3.4],
    [250, 2.6],
    [9000, 1.2],
  ] as const)
    it(`is ${mos} with ${lost} packets lost beside 1000`, () => assert.equal(mosOf({ ...counts, lost }), mos));

  it("falls with delay, steeply from 177 ms one way on", () => {
    const at = (roundTripMs: number) => mosOf({ ...counts, roundTripMs }) ?? NaN;
    assert.deepEqual([at(100), at(300), at(600), at(1200)], [4.4, 4.3, 3.6, 1.6]);
  });

  it("falls with jitter, which a listener has to wait for", () =>
    assert.ok((mosOf({ ...counts, jitterMs: 150 }) ?? 5) < 4));
});
