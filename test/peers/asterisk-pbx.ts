// A real Asterisk that our house is a phone of, with the very lines that docs/beside-a-pbx.md gives for that, and phones of its own.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Secret } from "../../src/secret.ts";
import { SimPhone, type PhoneOptions, type SimEvent } from "../../src/sim/sim.ts";
import type { LineSettings } from "../../src/visit/numbers/account-settings.ts";
import { blocks } from "../docs/pages.ts";
import { freePorts } from "../support/ports.ts";
import { Record } from "../visit/house.ts";
import { Asterisk } from "./asterisk.ts";

/** The lines for pjsip.conf below that heading of the page. */
export function pageBlock(first: string): string {
  const found = blocks("text").find(({ page, text }) => page === "docs/beside-a-pbx.md" && text.startsWith(first));
  if (!found) throw new Error(`docs/beside-a-pbx.md has no lines for pjsip.conf that begin with ${first}`);
  return found.text;
}

const password = "a password of a phone";

export interface PbxOptions {
  /** Its phones: numbers, with what their endpoints have beside what all have. */
  readonly phones?: Readonly<{ [number: string]: readonly string[] }>;
  /** More of pjsip.conf. */
  readonly pjsip?: string;
  /** What becomes of the lines of the page. */
  readonly ours?: (lines: string) => string;
  /** More of the context in which its phones, and we, dial. */
  readonly plan?: readonly string[];
}

export class Pbx implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #options: PbxOptions;
  #asterisk: Asterisk | undefined;

  static async open(options: PbxOptions = {}): Promise<Pbx> {
    const [port = 0] = await freePorts(1);
    const pbx = new Pbx(port, await mkdtemp(join(tmpdir(), "portero-pbx-")), options);
    await pbx.begin();
    return pbx;
  }

  private constructor(port: number, folder: string, options: PbxOptions) {
    [this.port, this.#folder, this.#options] = [port, folder, options];
  }

  /** Starts it, again too: it has forgotten who was registered. */
  async begin(): Promise<void> {
    const { phones = {}, pjsip = "", ours = (lines) => lines, plan = [] } = this.#options;
    this.#asterisk = await Asterisk.start({
      ...{ folder: this.#folder, port: this.port },
      pjsip: [ours(pageBlock("[6100]\ntype=endpoint")), ...Object.entries(phones).map(phone), pjsip].join("\n"),
      extensions: [
        "[from-internal]",
        "exten => _2XX,1,Dial(PJSIP/${EXTEN},20)",
        "exten => 6100,1,Dial(PJSIP/6100,20)",
        // Ends with that cause (Q.850).
        "exten => _3XX,1,Hangup(${EXTEN:1})",
        ...plan,
      ].join("\n"),
    });
  }

  async end(): Promise<void> {
    await this.#asterisk?.[Symbol.asyncDispose]();
    this.#asterisk = undefined;
  }

  says(command: string): Promise<string> {
    return this.#asterisk?.says(command) ?? Promise.resolve("");
  }

  get output(): string {
    return this.#asterisk?.child.output ?? "";
  }

  /** What makes us the phone of the page. */
  account(more: Partial<LineSettings> = {}): LineSettings {
    return {
      ...{ name: "pbx", server: "127.0.0.1", port: this.port, user: "6100" },
      ...{ password: new Secret("choose-a-long-one"), retrySeconds: 0.1, returnSeconds: 0.1, ...more },
    };
  }

  /** One of its phones, registered until the test is over. */
  async phone(t: TestContext, extension: string, options: Partial<PhoneOptions> = {}) {
    const server = { host: "127.0.0.1", port: this.port };
    const made = new SimPhone({ server, extension, password: new Secret(password), ...options });
    t.after(() => made.close());
    const seen = new Record<SimEvent>();
    made.on("event", seen.add);
    await made.start();
    await seen.next("registered");
    return { phone: made, seen };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await rm(this.#folder, { recursive: true });
  }
}

const phone = ([number, more]: [string, readonly string[]]): string =>
  [
    ...[`[${number}]`, "type=endpoint", "context=from-internal", "disallow=all", "allow=alaw,ulaw", `auth=${number}`],
    ...[`aors=${number}`, `callerid=Phone ${number} <${number}>`, ...more],
    ...[`[${number}]`, "type=auth", "auth_type=userpass", `username=${number}`, `password=${password}`],
    ...[`[${number}]`, "type=aor", "max_contacts=1"],
  ].join("\n");
