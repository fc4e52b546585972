// Addresses that mean something in one network only: RFC 1918, 3927, 4193, 6598.
import { BlockList, isIPv4, isIPv6 } from "node:net";

const here = new BlockList();
for (const [network, prefix] of [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
] as const)
  here.addSubnet(network, prefix, "ipv4");
here.addSubnet("fc00::", 7, "ipv6");
here.addSubnet("fe80::", 10, "ipv6");
here.addAddress("::1", "ipv6");

export function isPrivate(host: string): boolean {
  if (isIPv4(host)) return here.check(host, "ipv4");
  return isIPv6(host) && here.check(host, "ipv6");
}
