// Places where a visitor can wait: config nodes whose numbers are claimed in the switchboard of their endpoint.
import { giveUp, sentence } from "../src/errors.ts";
import type { Switchboard } from "../src/visit/switchboard.ts";
import type { Config, Red, RedNode } from "./red.d.ts";
import { Health, onClose } from "./running.ts";
import { endpointNode } from "./found.ts";

export interface PlaceNode extends RedNode {
  health: Health;
  /** What a strategy calls it. */
  place: string;
}

/** Sets up a node of `kind` ("parking place"); `add` claims its numbers for the owner it is given, and gives back what lets go of them. */
export function setUpPlace(
  RED: Red,
  node: PlaceNode,
  config: Config & { readonly endpoint?: string },
  { kind, name }: { readonly kind: string; readonly name: string },
  add: (switchboard: Switchboard, owner: string) => () => void,
): void {
  node.health = new Health();
  node.place = name;
  const endpoint = endpointNode(RED, config.endpoint);
  const owner = `${kind} "${name}"`;
  let takeAway = () => {};
  try {
    if (!endpoint) throw giveUp("no-endpoint", `the ${owner} has no SIP endpoint: choose one in its dialog and deploy`);
    takeAway = add(endpoint.switchboard, owner);
  } catch (error) {
    node.health.set(sentence(error));
    node.error(sentence(error));
  }
  onClose(node, async () => {
    await endpoint?.lastWords();
    takeAway();
  });
}
