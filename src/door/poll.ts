// Asks a device what happens, where it does not tell by itself: again and again, in one long answer, or by waiting with it. A
// device that does not answer is asked less and less often, up to once a minute; the first answer brings that back.
import type { Clock } from "../clock.ts";
import { giveUp, PorteroError, sentence, tryAgain } from "../errors.ts";
import { HttpClient, type HttpRequest } from "../http.ts";
import type { Secret } from "../secret.ts";
import type { Poll } from "./hook-schema.ts";
import { PollRules } from "./poll-rules.ts";
import type { DeviceReport } from "./reports.ts";
import { withoutQuery } from "./urls.ts";

export interface PollDeps {
  readonly clock: Clock;
  /** Fills an address template; undefined while the device's place is not known. */
  fill(template: string, words: Readonly<Record<string, string>>): Secret | undefined;
  /** The login, and how its certificate is judged. */
  readonly access: Pick<HttpRequest, "username" | "password" | "verifyTls" | "pin">;
  report(report: DeviceReport): void;
  /** It does not answer, with why; nothing: it does again. */
  trouble(reason: string | undefined): void;
}

const usualSeconds = 1;
const usualPatience = 10;
/** However fast a device answers. */
const leastPauseMs = 250;
const longestPauseMs = 60_000;
/** A device that restarts is no trouble yet. */
const troubleAfter = 3;
const mostBytes = 256 * 1024;
/** A stream is asked for anew after so much, so that none grows for ever. */
const mostOfStream = 64 * 1024;
/** As long as Node's timers are. */
const longestStreamMs = 3_600_000;

export class Poller {
  readonly #poll: Poll;
  readonly #deps: PollDeps;
  readonly #rules: PollRules;
  readonly #over = new AbortController();
  #http: HttpClient;
  #id: string | undefined;
  #failures = 0;
  /** The trouble that was told last. */
  #told: string | undefined;

  constructor(poll: Poll, deps: PollDeps) {
    this.#poll = poll;
    this.#deps = deps;
    this.#rules = new PollRules(poll);
    this.#http = new HttpClient({ clock: deps.clock });
  }

  /** Asks until it is closed. Never rejects. */
  async run(): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#over;
    const isOver = () => signal.aborted;
    const everyMs = Math.max(leastPauseMs, (this.#poll.everySeconds ?? usualSeconds) * 1000);
    while (!isOver()) {
      let pauseMs = everyMs;
      try {
        await this.#ask();
        this.#answered();
      } catch (error) {
        if (isOver()) return;
        pauseMs = this.#failed(error, Math.max(everyMs, 1000));
      }
      await clock.sleep(pauseMs, signal);
    }
  }

  close(): void {
    this.#over.abort();
    this.#http.close();
  }

  #answered(): void {
    this.#failures = 0;
    this.#tell(undefined);
  }

  #failed(error: unknown, baseMs: number): number {
    this.#failures++;
    this.#id = undefined;
    this.#rules.reset();
    // What somebody must change first is said at once.
    const isFinal = error instanceof PorteroError && error.advice === "giveUp";
    if (isFinal) this.#failures = Math.max(this.#failures, troubleAfter);
    if (this.#failures >= troubleAfter) this.#tell(withoutQuery(sentence(error)));
    return Math.min(longestPauseMs, baseMs * 2 ** Math.min(this.#failures, 10));
  }

  #tell(trouble: string | undefined): void {
    if (trouble === this.#told) return;
    this.#told = trouble;
    this.#deps.trouble(trouble);
  }

  async #ask(): Promise<void> {
    const { kind, subscribe, url, freshLogin, accepted } = this.#poll;
    if (freshLogin) {
      this.#http.close();
      this.#http = new HttpClient({ clock: this.#deps.clock });
    }
    if (subscribe && this.#id === undefined) this.#id = await this.#subscribed(subscribe);
    const words = this.#id === undefined ? {} : { id: this.#id };
    if (kind === "stream") return this.#listen(url, words);
    const answer = await this.#get(url, words);
    if (accepted !== undefined && !new RegExp(accepted).test(answer))
      throw tryAgain("not-accepted", "the device was asked what happens, and its answer says that it will not tell");
    this.#read(answer);
  }

  async #subscribed({ url, take }: NonNullable<Poll["subscribe"]>): Promise<string> {
    const id = new RegExp(take).exec(await this.#get(url, {}))?.[1];
    if (id === undefined)
      throw giveUp("not-subscribed", "the device lets nobody follow its events: check its account's rights");
    return id;
  }

  async #get(template: string, words: Readonly<Record<string, string>>): Promise<string> {
    const timeoutMs = (this.#poll.patienceSeconds ?? usualPatience) * 1000;
    const { status, body } = await this.#http.request({
      ...this.#request(template, words),
      ...{ timeoutMs, maxBytes: mostBytes },
    });
    checkStatus(status);
    return body.toString("utf8");
  }

  // Whoever says nothing for too long may be gone without a word: it is asked anew.
  async #listen(template: string, words: Readonly<Record<string, string>>): Promise<void> {
    const { clock } = this.#deps;
    const patienceMs = (this.#poll.patienceSeconds ?? usualPatience) * 1000;
    const silent = new AbortController();
    let heard = 0;
    let watch = clock.after(patienceMs, () => silent.abort());
    const lines = new Lines((line) => this.#read(line));
    try {
      const { status } = await this.#http.request({
        ...this.#request(template, words),
        ...{ timeoutMs: longestStreamMs, maxBytes: 2 * mostOfStream, signal: silent.signal },
        enough: (body) => {
          watch();
          watch = clock.after(patienceMs, () => silent.abort());
          lines.add(body.subarray(heard));
          heard = body.length;
          this.#answered();
          return heard > mostOfStream;
        },
      });
      checkStatus(status);
      if (heard === 0) throw tryAgain("no-stream", "the device ended its stream of events before it said anything");
    } catch (error) {
      if (silent.signal.aborted)
        throw tryAgain("silent", `the device has told of no event, nor that there is none, for ${patienceMs / 1000} s`);
      throw error;
    } finally {
      watch();
    }
  }

  #request(template: string, words: Readonly<Record<string, string>>): Pick<HttpRequest, "url" | "what"> {
    const url = this.#deps.fill(template, words);
    if (!url)
      throw tryAgain(
        "no-address",
        "the device cannot be asked while its address is not known: enter it in the door's form, or let it register",
      );
    return { url: url.reveal(), what: "The door station", ...this.#deps.access };
  }

  #read(text: string): void {
    for (const report of this.#rules.read(text)) this.#deps.report(report);
  }
}

function checkStatus(status: number): void {
  if (status >= 200 && status < 300) return;
  if (status === 401 || status === 403)
    throw giveUp("forbidden", `the device refuses to tell what happens (HTTP ${status}): check its account's rights`);
  throw tryAgain("status", `the device was asked what happens, and answered HTTP ${status}`);
}

/** Text that comes in pieces, line by line. */
class Lines {
  readonly #line: (line: string) => void;
  #rest = "";

  constructor(line: (line: string) => void) {
    this.#line = line;
  }

  add(piece: Buffer): void {
    const lines = (this.#rest + piece.toString("utf8")).split(/\r\n|\r|\n/);
    this.#rest = (lines.pop() ?? "").slice(-1000);
    for (const line of lines) if (line.trim() !== "") this.#line(line.slice(0, 1000));
  }
}
