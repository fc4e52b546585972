// Numbers in the fields of the endpoint.
import { giveUp } from "../../src/errors.ts";

/** @throws PorteroError `invalid` */
export function whole(value: string, name: string, least: number, most: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw giveUp("invalid", `sip-endpoint: ${name} must be a whole number from ${least} to ${most} (it is ${value})`);
}
