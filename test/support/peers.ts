// Real programs for the tests, found or missing. `describe("…", { skip: without("sipp") }, …)` skips where there is none,
// and says why; with CI=true a missing one fails the file instead, so that nothing is skipped unseen.
import { findPeer, peers, type PeerName } from "../../scripts/peers.ts";

/** The path of a peer's program, or undefined. */
export function peer(name: PeerName): string | undefined {
  const found = peers.find(({ program }) => program === name);
  return found && findPeer(found);
}

/** The path of a peer's program, for inside of a test that is skipped without it. @throws Error when there is none. */
export function thePeer(name: PeerName): string {
  const path = peer(name);
  if (path === undefined) throw new Error(lacking([name]));
  return path;
}

/** Why a test that needs these peers is to be skipped, or false. @throws Error with CI=true instead of a reason. */
export function without(...names: PeerName[]): string | false {
  const missing = names.filter((name) => peer(name) === undefined);
  if (missing.length === 0) return false;
  if (process.env["CI"] === "true") throw new Error(lacking(missing));
  return lacking(missing);
}

function lacking(names: readonly PeerName[]): string {
  const packages = new Set(peers.filter((p) => names.includes(p.program)).map((p) => p.debian));
  return `${names.join(" and ")} not found: on Debian, apt-get install ${[...packages].join(" ")}`;
}
