// What the house makes of its endpoint's trace: the ladder of a visit or a call, with names people know, and what is wrong.
import type { Endpoint } from "../sip/endpoint.ts";
import { Diagnosis } from "../sip/trace/diagnosis.ts";
import { ladderOf, type Ladder } from "../sip/trace/ladder.ts";
import { readTraced } from "../sip/trace/text.ts";
import type { Traced } from "../sip/trace/trace.ts";
import { showAddress } from "../ip.ts";
import { hostOf } from "../sip/transport/flow.ts";
import { CallGroups } from "./call-groups.ts";

export class Tracing {
  readonly groups = new CallGroups();
  readonly diagnosis: Diagnosis;
  readonly #endpoint: Endpoint;
  readonly #nameOf: (extension: string) => string;

  /** `nameOf` gives what people call an extension. */
  constructor(endpoint: Endpoint, nameOf: (extension: string) => string) {
    this.#endpoint = endpoint;
    this.#nameOf = nameOf;
    this.diagnosis = new Diagnosis(endpoint);
  }

  /** What is kept of the messages: all, or those of a visit (by its id) or a call (by its Call-ID). */
  entries(of?: string): Traced[] {
    const all = this.#endpoint.trace.entries();
    if (of === undefined) return all;
    const callIds = this.groups.callIds(of);
    return all.filter((entry) => callIds.has(readTraced(entry)?.callId ?? ""));
  }

  /** The messages of a visit, or of a call by its Call-ID and those that belong to it, as far as they are kept still. */
  ladder(of: string): Ladder {
    const callIds = this.groups.callIds(of);
    return ladderOf(this.#endpoint.trace.entries(), callIds, (address) => this.#whoIsAt(address));
  }

  // A device may call from another port than it registered with: then it is known where it is alone on its machine.
  #whoIsAt(address: string): string | undefined {
    const contacts = this.#endpoint.location
      .contacts()
      .map(({ extension, flow }) => ({ extension, at: showAddress(flow.remote) }));
    const near = contacts.filter(({ at }) => hostOf(at) === hostOf(address));
    const here = near.filter(({ at }) => at === address);
    const [number, ...others] = new Set((here.length > 0 ? here : near).map(({ extension }) => extension));
    return number === undefined || others.length > 0 ? undefined : this.#nameOf(number);
  }
}
