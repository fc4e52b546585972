// Looks through the trace of an endpoint for what is wrong (X10), a moment after the messages and not in their way:
// however many come, a look costs no more than reading the last few hundred of them, a few at a time. All at once would keep a
// call waiting for 20 ms.
import { EventEmitter } from "node:events";
import type { Cancel } from "../../clock.ts";
import type { PorteroError } from "../../errors.ts";
import type { Endpoint, Refusal } from "../endpoint.ts";
import type { Ban } from "../guard/bans.ts";
import { Recent } from "../guard/recent.ts";
import { codecs, missingAcks, openKeys, privateMedia, unknownNumbers } from "./call-rules.ts";
import { seenOf, type Rule } from "./exchange.ts";
import { Findings, type Finding } from "./findings.ts";
import { largeDatagrams, losses, rewriting, unanswered } from "./network-rules.ts";
import { challengeLoops, registrations } from "./registration-rules.ts";
import { hostOf } from "../transport/flow.ts";
import type { Traced } from "./trace.ts";

/** This long after a message. */
export const lookAfterMs = 2_000;
/** Of what came in between, the newest. */
const mostInALook = 500;
const mostAtOnce = 20;
/** Between two times. */
const pauseMs = 20;
/** One machine that tries more logins than this is no device with a wrong one. */
const mostLogins = 5;

export class Diagnosis extends EventEmitter<{ finding: [finding: Finding] }> {
  readonly #endpoint: Endpoint;
  readonly #findings = new Findings((finding) => this.emit("finding", finding));
  readonly #rules: readonly Rule[] = [
    ...[registrations(), challengeLoops(), missingAcks(), privateMedia(), codecs(), unknownNumbers(), openKeys()],
    ...[unanswered(), losses(), rewriting(), largeDatagrams()],
  ];
  readonly #logins = new Recent<Set<string>>(100);
  #look: Cancel | undefined;
  /** What the look that is under way has still to read. */
  #unread: Traced[] = [];
  #seen = 0;

  constructor(endpoint: Endpoint) {
    super();
    this.#endpoint = endpoint;
    endpoint.trace.noted = () => {
      this.#look ??= endpoint.clock.after(lookAfterMs, () => this.#begin());
    };
    endpoint.on("refused", (refusal) => this.#refused(refusal));
    endpoint.guard.on("banned", (ban) => this.#banned(ban));
    endpoint.guard.on("lifted", ({ source }) => this.#findings.settled("banned", source));
    endpoint.on("trouble", (error) => this.#troubled(error));
    for (const event of ["registered", "refreshed"] as const)
      endpoint.location.on(event, ({ extension }) => this.#findings.settled("refused", extension));
  }

  /** What is wrong now, the worst first. */
  findings(): Finding[] {
    this.#read(Infinity);
    this.#take();
    this.#read(Infinity);
    return this.#findings.list(this.#endpoint.clock.now());
  }

  close(): void {
    this.#endpoint.trace.noted = undefined;
    this.#look?.();
    this.#look = undefined;
  }

  #begin(): void {
    this.#take();
    this.#readOn();
  }

  #readOn(): void {
    const { clock, trace } = this.#endpoint;
    this.#read(mostAtOnce);
    this.#look = undefined;
    if (this.#unread.length > 0) this.#look = clock.after(pauseMs, () => this.#readOn());
    else if (trace.latest > this.#seen) this.#look = clock.after(lookAfterMs, () => this.#begin());
  }

  #take(): void {
    const { trace } = this.#endpoint;
    this.#unread = trace.entries(this.#seen, mostInALook);
    this.#seen = trace.latest;
  }

  #read(most: number): void {
    for (const entry of this.#unread.splice(0, most)) {
      try {
        const seen = seenOf(entry);
        if (seen) for (const rule of this.#rules) rule(seen, this.#findings);
      } catch (error) {
        // Thrown here it would come out of a timer and end the whole process.
        this.#endpoint.emit("fault", error);
      }
    }
  }

  #banned({ source, text, since }: Ban): void {
    const advice = "If it is a device of yours, correct its login and password, and lift the ban.";
    this.#findings.found({ code: "banned", severity: "error", subject: source, text, advice }, since);
  }

  #troubled({ code, message, data }: PorteroError): void {
    if (!code.startsWith("tls")) return;
    const from = data["from"];
    const severity = code === "tls-client" ? "error" : "warning";
    const advice =
      "Look at the certificates in the tab Encryption of sip-endpoint, and at the device's settings for TLS.";
    const subject = typeof from === "string" ? hostOf(from) : "certificate";
    this.#findings.found({ code: "tls", severity, subject, text: message, advice }, this.#endpoint.clock.now());
  }

  #refused({ extension, from, text }: Refusal): void {
    const host = hostOf(from);
    const tried = this.#logins.get(host) ?? new Set();
    this.#logins.set(host, tried);
    if (tried.size < mostLogins) tried.add(extension);
    const at = this.#endpoint.clock.now();
    if (!tried.has(extension))
      return this.#findings.found(
        {
          ...{ code: "many-logins", severity: "warning", subject: host },
          text: `${host} is turned away for one number after another: somebody may be looking for a way in`,
          advice: "If it is no device of yours, keep the SIP port away from its network.",
        },
        at,
      );
    this.#findings.found(
      {
        ...{ code: "refused", severity: "error", subject: extension || host, text },
        advice: "Compare number, login and password in the device with those in its door or sip-registrar node.",
      },
      at,
    );
  }
}
