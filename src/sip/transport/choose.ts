// Which of our listeners a request leaves by: transport and address family must fit the target (RFC 3263 §4.1, RFC 3261 §18.1.1),
// and where there are several, the one that the target sees by itself.
import { isIPv6 } from "node:net";
import type { Address, Transport, TransportName } from "./flow.ts";
import { isWildcard } from "./local.ts";

/** The address families that a transport reaches. */
export const familiesOf = ({ address }: Transport): readonly (4 | 6)[] =>
  !address || address.host === "::" ? [4, 6] : isIPv6(address.host) ? [6] : [4];

/** The best of `transports`; undefined where none can reach the target. `local` gives our address in the target's network. */
export function chooseTransport(
  transports: readonly Transport[],
  target: Address & { readonly transport: TransportName },
  local: (remote: string) => string,
): Transport | undefined {
  const wantsIPv6 = isIPv6(target.host);
  let best: Transport | undefined;
  let bestRank = 0;
  for (const transport of transports) {
    if (transport.name !== target.transport) continue;
    const rank = rankOf(transport.address?.host, wantsIPv6, () => local(target.host));
    if (rank > bestRank) [best, bestRank] = [transport, rank];
  }
  return best;
}

// What only connects to others leaves the choice of its address to the system, and so do connections of all transports but
// UDP; their listener still says what we call ourselves.
function rankOf(bound: string | undefined, wantsIPv6: boolean, local: () => string): number {
  if (bound === undefined) return 2;
  if (isIPv6(bound) !== wantsIPv6) return bound === "::" ? 1 : 0;
  if (isWildcard(bound)) return 3;
  return bound === local() ? 4 : 2;
}
