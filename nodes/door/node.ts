// The door's node, as others see it.
import type { DoorSettings } from "../../src/door/settings.ts";
import { giveUp } from "../../src/errors.ts";
import type { Switchboard } from "../../src/visit/switchboard.ts";
import type { EndpointNode } from "../sip-endpoint/node.ts";
import { Health } from "../running.ts";
import type { RedNode } from "../red.d.ts";

/** What browsers may: nothing, see the camera and who is there, or open the door, too. */
const accesses = ["off", "see", "open"] as const;
export type Access = (typeof accesses)[number];

/** A flow from before there was a choice shows nothing. */
export const accessOf = (value: unknown): Access => accesses.find((known) => known === value) ?? "off";

export interface DoorCredentials {
  password: string;
  code: string;
  relayCodes: string;
  cameraUsername: string;
  cameraPassword: string;
}

export interface DoorNode extends RedNode<DoorCredentials> {
  /** The door's short name, its id in messages and topics. */
  slug: string;
  label: string;
  health: Health;
  endpoint: EndpointNode | undefined;
  access: Access;
  answerAs: string | undefined;
  /** What the door really runs with; undefined while a setting is wrong. */
  settings: DoorSettings | undefined;
}

/** The house that the door is in. @throws PorteroError `not-running`, which says why there is none */
export function switchboardOf({ endpoint, health, settings }: DoorNode): Switchboard {
  if (endpoint && settings) return endpoint.switchboard;
  throw giveUp("not-running", health.trouble ?? "the door has no endpoint");
}
