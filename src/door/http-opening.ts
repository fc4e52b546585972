// Opens a door by HTTP as its preset says (X5): the questions in their order, signed where the make wants it, and then the
// one that proves it. Sent once each; what a device answers becomes a sentence that holds neither code nor password (P7).
import { hash } from "node:crypto";
import type { Clock } from "../clock.ts";
import { PorteroError, sentence } from "../errors.ts";
import type { HttpResponse } from "../http.ts";
import { fill } from "./placeholders.ts";
import type { Means, Step } from "./means.ts";
import type { Preset } from "./preset-schema.ts";
import type { DoorSettings } from "./settings.ts";
import { fillUrl, webCredentials, withoutQuery } from "./urls.ts";

type Opening = NonNullable<Preset["opening"]>;
type Question = Opening["steps"][number] | NonNullable<Opening["confirm"]>;

// Far more than a relay's answer takes: one that never answers must not lock the door for ever.
const answerMs = 33_000;
const questionMs = 5_000;
const mostBytes = 65_536;
// A relay may take a moment to move, and its owner looks at the door meanwhile.
const usualConfirm = { everyMs: 300, withinMs: 2_000 };

/** Why the door cannot be opened by HTTP now, and what to do; undefined = it can be tried. */
export function whyNotByHttp(door: DoorSettings, preset: Preset, means: Means): string | undefined {
  const missing = missingForHttp(door, preset);
  if (missing !== undefined) return missing;
  if (!means.http) return "no HTTP client is at hand";
  const unknown = fillUrl("{address}", whereabouts(door, means)) === undefined;
  return unknown && JSON.stringify(preset.opening).includes("{address}") ? addressAdvice : undefined;
}

/** What the door's form lacks for it, apart from an address. */
function missingForHttp(door: DoorSettings, { opening }: Preset): string | undefined {
  if (!opening) return "its preset knows no HTTP relay";
  if (!opening.withoutLogin && webCredentials(door, opening.credentials).username === undefined)
    return "its HTTP relay wants a user and password: enter those of the camera in the door's form";
  if (/\{(?:code|pin)\}/.test(JSON.stringify(opening)) && pinOf(door) === "")
    return "its HTTP relay wants the door code: enter it in the door's form";
  return undefined;
}

const addressAdvice =
  "the relay's address is not known: enter the device's address in the door's form or let it register";

/** Opens once; `relay` is its number at the device. Never rejects. */
export async function openByHttp(
  clock: Clock,
  door: DoorSettings,
  preset: Preset,
  means: Means,
  relay?: string,
): Promise<Step> {
  const why = whyNotByHttp(door, preset, means);
  const { opening } = preset;
  const { http } = means;
  if (why !== undefined || !opening || !http) return { ok: false, reason: why ?? addressAdvice };
  const done = new AbortController();
  const way = new HttpOpening(opening, door, { ...means, http }, relay, done.signal);
  const tooLong = clock
    .sleep(answerMs, done.signal)
    .then(() => failed("the door's relay gave no answer: look whether it opened"));
  try {
    return await Promise.race([carryOut(clock, way), tooLong]);
  } catch (error) {
    return failed(withoutQuery(sentence(error)), way.hasOnlyAsked && unreached(error));
  } finally {
    done.abort();
  }
}

async function carryOut(clock: Clock, way: HttpOpening): Promise<Step> {
  for (const step of way.opening.steps) {
    const fault = await way.take(step);
    if (fault) return failed(fault.reason, way.hasOnlyAsked && fault.refused);
    way.hasOnlyAsked &&= step.take !== undefined;
  }
  const { confirm } = way.opening;
  const opened = "opened by the relay's HTTP call";
  if (!confirm) return { ok: true, method: "http", reason: opened };
  const { everyMs, withinMs } = { ...usualConfirm, ...confirm };
  let lastFault: string | undefined;
  for (let waited = 0; ; waited += everyMs) {
    const { isProven, fault } = await way.proof(confirm);
    if (isProven) return { ok: true, method: "http", confirmed: true, reason: `${opened}, and confirmed` };
    lastFault = fault;
    if (waited + everyMs > withinMs) break;
    await clock.sleep(everyMs, way.signal);
  }
  // A question that is not answered proves nothing, neither that it opened nor that it did not.
  if (lastFault !== undefined) return { ok: true, method: "http", reason: `${opened}; asked for proof, ${lastFault}` };
  return {
    ...failed("not confirmed: the door's relay took the command, but does not show that it opened: look at the door"),
    confirmed: false,
  };
}

/** `untouched`: it did not open, by its own word or because it was never reached. */
const failed = (reason: string, untouched = false): Step => ({
  ...{ ok: false, method: "http", ...(untouched && { untouched }), reason },
});

/** The question never came to a device that could have opened, or the device let nobody in. */
const unreached = (error: unknown): boolean =>
  error instanceof PorteroError &&
  ["unresolved", "refused", "unreachable", "no-password", "wrong-password"].includes(error.code) &&
  error.data["errno"] !== "ETIMEDOUT";

/** What a device answered; `refused`: by its own word it did nothing. */
interface Fault {
  readonly reason: string;
  readonly refused: boolean;
}

const refusals: readonly number[] = [404, 405];

const pinOf = (door: DoorSettings): string => door.code.reveal().replace(/[^0-9A-D]/g, "");

const whereabouts = (door: DoorSettings, { address }: Means) => ({ address: door.address ?? address });

/** The questions of one opening, and the values that they gather. */
class HttpOpening {
  readonly opening: Opening;
  readonly signal: AbortSignal;
  /** No step is through yet but such as take something for the next: after another, nobody can say that the door did nothing. */
  hasOnlyAsked = true;
  readonly #door: DoorSettings;
  readonly #means: Means & { http: NonNullable<Means["http"]> };
  readonly #values: Record<string, string>;

  constructor(
    opening: Opening,
    door: DoorSettings,
    means: Means & { http: NonNullable<Means["http"]> },
    relay: string | undefined,
    signal: AbortSignal,
  ) {
    this.opening = opening;
    this.signal = signal;
    this.#door = door;
    this.#means = means;
    const { username = "", password } = webCredentials(door, opening.credentials);
    this.#values = {
      ...{ user: username, password: password?.reveal() ?? "" },
      ...{ relay: relay ?? opening.relay ?? "1", code: door.code.reveal(), pin: pinOf(door) },
    };
  }

  /** One step. Returns why it did not work, or undefined. */
  async take(step: Opening["steps"][number]): Promise<Fault | undefined> {
    this.signal.throwIfAborted();
    for (const [name, { md5, sha256 }] of Object.entries(step.sign ?? {}))
      this.#values[name] = hash(md5 === undefined ? "sha256" : "md5", fill(md5 ?? sha256 ?? "", this.#values), "hex");
    const answer = await this.#ask(step);
    const body = answer.body.toString("utf8");
    const fault = this.#faultOf(answer.status, body);
    if (fault) return fault;
    if (step.accepted !== undefined && !new RegExp(step.accepted).test(body))
      return {
        reason:
          "the door's relay answered, but did not open: check the account's right to switch and the switch's number",
        refused: true,
      };
    for (const [name, { xml, pattern = "" }] of Object.entries(step.take ?? {})) {
      const found =
        xml === undefined ? new RegExp(pattern).exec(body)?.[1] : new RegExp(elementOf(xml)).exec(body)?.[1]?.trim();
      if (found === undefined)
        return { reason: `the door's relay answered without ${name}: check preset and address`, refused: false };
      this.#values[name] = found;
    }
    return undefined;
  }

  /** Whether the device shows that it opened; `fault` = it does not say. */
  async proof(confirm: NonNullable<Opening["confirm"]>): Promise<{ isProven: boolean; fault?: string }> {
    try {
      const { status, body } = await this.#ask(confirm);
      const fault = this.#faultOf(status, body.toString("utf8"));
      if (fault) return { isProven: false, fault: fault.reason };
      return { isProven: new RegExp(confirm.accepted).test(body.toString("utf8")) };
    } catch (error) {
      this.signal.throwIfAborted();
      return { isProven: false, fault: withoutQuery(sentence(error)) };
    }
  }

  #faultOf(status: number, body: string): Fault | undefined {
    const known = this.opening.failures?.find(
      (failure) =>
        (failure.status === undefined || failure.status === status) &&
        (failure.body === undefined || new RegExp(failure.body).test(body)),
    );
    if (known) return { reason: known.reason, refused: true };
    if (status === 401 || status === 403)
      return {
        reason: `the door's relay refused the user, password or right (HTTP ${status}): check the device's account`,
        refused: true,
      };
    if (status >= 200 && status < 300) return undefined;
    const reason = `the door's relay answered HTTP ${status}: check preset and address`;
    return { reason, refused: refusals.includes(status) };
  }

  async #ask({ method, url, type, body, headers }: Question): Promise<HttpResponse> {
    const { verifyTls, pin } = this.#door;
    const login = webCredentials(this.#door, this.opening.credentials);
    const words = this.#values;
    const sent = Object.entries(headers ?? {}).map(([name, value]) => [name, fill(value, words)] as const);
    return this.#means.http.request({
      url: fillUrl(url, whereabouts(this.#door, this.#means), login, words) ?? "",
      method: method ?? "GET",
      what: "The door's relay",
      once: true,
      timeoutMs: questionMs,
      maxBytes: mostBytes,
      ...login,
      headers: { ...(type === undefined ? {} : { "Content-Type": type }), ...Object.fromEntries(sent) },
      ...(body === undefined ? {} : { body: fill(body, escaped(words, type)) }),
      ...(verifyTls === undefined ? {} : { verifyTls }),
      ...(pin === undefined ? {} : { pin }),
      signal: this.signal,
    });
  }
}

/** A pattern for the text of an XML element, the blanks around it as well: they would be looked through again and again. */
export const elementOf = (xml: string): string => `<${xml}>([^<]*)</${xml}>`;

/** The values as they may stand in a body of this type. */
function escaped(words: Readonly<Record<string, string>>, type: Question["type"]): Record<string, string> {
  const escape = (value: string): string => {
    switch (type) {
      case "application/xml":
        return value.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
      case "application/json":
        return JSON.stringify(value).slice(1, -1);
      case "application/x-www-form-urlencoded":
        return encodeURIComponent(value);
      default:
        return value;
    }
  };
  return Object.fromEntries(Object.entries(words).map(([name, value]) => [name, escape(value)]));
}
