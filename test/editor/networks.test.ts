// What a dialog says of a list of networks is what the runtime says.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { wrongNetwork } from "../../nodes/editor/networks.ts";
import { parseNetworks } from "../../src/sip/guard/networks.ts";

describe("a list of networks in a dialog", () => {
  const entries = [
    ...["192.168.1.20", "192.168.1.0/24", "0.0.0.0/0", "10.0.0.5/32", "2001:db8::/32", "::1", "::ffff:10.0.0.5"],
    ...["fe80::1/128", "::/0", "192.168.1", "192.168.1.256", "192.168.01.1", "1.2.3.4.", "10.0.0.0/33", "10.0.0.0/-1"],
    ...["10.0.0.0/", "10.0.0.0/8/8", "10.0.0.5:5060", "kitchen", "2001:db8::/129", "2001:::1", "1:2:3", ":", "[::1]"],
  ];
  for (const entry of entries)
    it(`${entry} is ${wrongNetwork(entry) === undefined ? "one" : "none"}, as for the endpoint`, () => {
      const says = wrongNetwork(entry);
      if (says === undefined) assert.doesNotThrow(() => parseNetworks([entry], "callers"));
      else assert.throws(() => parseNetworks([entry], "callers"), /./);
    });

  it("names the first wrong entry of many, between lines, blanks and commas", () => {
    assert.equal(wrongNetwork("10.0.0.0/8\n 192.168.1.1, hall; cellar"), "hall");
    assert.equal(wrongNetwork(" \n"), undefined);
  });
});
