// The bell is told no, and why.
import { causeOf } from "../../sip/causes.ts";
import type { Strategy } from "./verbs.ts";

export function refuse(status: number, cause = causeOf(status)): Strategy {
  return (ringing) => {
    ringing.refuse(status, cause, `refused with ${status}`);
    return Promise.resolve({ result: "refused", tries: 0, parties: [] });
  };
}
