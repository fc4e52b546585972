import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inOrder } from "../../../src/sip/resolve/srv.ts";
import { srv } from "../names.ts";
import { Random } from "../random.ts";

describe("A7, RFC 2782: the order of SRV records", () => {
  it("is that of priority", () => {
    const records = ["20 0 1 c", "10 0 1 b", "5 9 1 a"].map(srv);
    assert.deepEqual(
      inOrder(records, () => 0.999).map(({ name }) => name),
      ["a", "b", "c"],
    );
  });

  it("gives each of one priority its share by weight, and none twice", () => {
    const random = new Random(7);
    const first = new Map<string, number>();
    const records = ["1 60 1 a", "1 30 1 b", "1 10 1 c", "1 0 1 d"].map(srv);
    for (let n = 0; n < 10_000; n++) {
      const names = inOrder(records, () => random.next()).map(({ name }) => name);
      assert.equal(new Set(names).size, 4);
      first.set(names[0] ?? "", (first.get(names[0] ?? "") ?? 0) + 1);
    }
    for (const [name, share] of [
      ["a", 0.6],
      ["b", 0.3],
      ["c", 0.1],
      ["d", 0.01],
    ] as const)
      assert.ok(Math.abs((first.get(name) ?? 0) / 10_000 - share) < 0.02, `${name}: ${first.get(name)}`);
  });

  it("works where no record has a weight", () => {
    assert.equal(inOrder(["1 0 1 a", "1 0 1 b"].map(srv), () => 0.5).length, 2);
    assert.deepEqual(
      inOrder([], () => 0.5),
      [],
    );
  });
});
