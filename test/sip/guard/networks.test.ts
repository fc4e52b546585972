// Lists of networks, and what counts as one source.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseNetworks, sourceOf } from "../../../src/sip/guard/networks.ts";

describe("A8 a list of networks", () => {
  it("holds addresses and networks of both families", () => {
    const list = parseNetworks(["192.168.1.0/24", "10.0.0.5", "2001:db8::/32", "fe80::1"], "callers");
    const inside = ["192.168.1.77", "10.0.0.5", "2001:db8:9::1", "::ffff:10.0.0.5", "fe80::1%eth0"];
    const outside = ["192.168.2.1", "10.0.0.6", "2001:db9::1", "::1", "phone.local", ""];
    assert.deepEqual(
      inside.filter((host) => !list.has(host)),
      [],
    );
    assert.deepEqual(
      outside.filter((host) => list.has(host)),
      [],
    );
  });

  it("may be typed as one text, with commas, blanks and lines", () => {
    const list = parseNetworks(" 10.0.0.1, 10.0.0.2\n10.0.1.0/24 ;", "callers");
    assert.deepEqual([list.size, list.has("10.0.0.2"), list.has("10.0.1.9")], [3, true, true]);
  });

  it("holds nobody where it is empty", () => {
    assert.deepEqual([parseNetworks("", "callers").size, parseNetworks([], "callers").has("10.0.0.1")], [0, false]);
  });

  it("says of every bad entry what is wrong with it", () => {
    assert.throws(
      () => parseNetworks(["10.0.0.0/33", "10.0.0.1", "phone", "10.0.0.1:5060", "::/x", "1.2.3.4/8/9"], "who may call"),
      {
        code: "invalid",
        message:
          'who may call: "10.0.0.0/33" must have a number from 0 to 32 behind the stroke; ' +
          '"phone" is no IP address and no network: write 192.168.1.20, 192.168.1.0/24 or 2001:db8::/32; ' +
          '"10.0.0.1:5060" has a port: leave it away, the whole address is meant; ' +
          '"::/x" must have a number from 0 to 128 behind the stroke; ' +
          '"1.2.3.4/8/9" must have a number from 0 to 32 behind the stroke',
      },
    );
  });
});

describe("a source", () => {
  it("is an IPv4 address, also where a dual-stack socket reports it", () => {
    assert.deepEqual(["192.0.2.7", "::ffff:192.0.2.7"].map(sourceOf), ["192.0.2.7", "192.0.2.7"]);
  });

  it("is the /64 of an IPv6 address, however that is written", () => {
    const same = ["2001:db8:0:1::5", "2001:0DB8:0000:0001:ffff::", "2001:db8:0:1:2:3:4:5", "2001:db8:0:1::1.2.3.4"];
    assert.deepEqual(
      same.map(sourceOf),
      same.map(() => "2001:db8:0:1::/64"),
    );
    const others = ["2001:db8::1", "::1", "fe80::1%eth0", "2001:db8::1:2:3:4"];
    assert.deepEqual(others.map(sourceOf), ["2001:db8::/64", "0::/64", "fe80::/64", "2001:db8::/64"]);
  });
});
