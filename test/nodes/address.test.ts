// Where others find this machine, whatever networks it has.
import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { describe, it } from "node:test";
import { ownAddress } from "../../nodes/sip-endpoint/address.ts";

const having =
  (...addresses: string[]) =>
  () => ({
    any: addresses.map((address) => ({
      ...{ address, family: address.includes(":") ? "IPv6" : "IPv4", internal: /^(127|::1)/.test(address) },
    })) as NetworkInterfaceInfo[],
  });

describe("Where devices reach an endpoint", () => {
  it("is its own address, else IPv4, else IPv6 where it listens there, else loopback", () => {
    const both = having("127.0.0.1", "fe80::1", "2001:db8::1", "192.168.1.2");
    const six = having("127.0.0.1", "::1", "fe80::1", "2001:db8::1");
    assert.equal(ownAddress("10.0.0.1", both), "10.0.0.1");
    assert.deepEqual([ownAddress("0.0.0.0", both), ownAddress("::", both)], ["192.168.1.2", "192.168.1.2"]);
    assert.deepEqual([ownAddress("::", six), ownAddress("0.0.0.0", six)], ["2001:db8::1", "127.0.0.1"]);
    assert.equal(ownAddress("::", having("::1", "fe80::1")), "127.0.0.1");
  });
});
