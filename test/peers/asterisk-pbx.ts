// A real Asterisk that our house is a phone of, with the very lines that docs/beside-a-pbx.md gives for that, and phones of its own.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Secret } from "../../src/secret.ts";
import { SimPhone, type PhoneOptions, type SimEvent } from "../../src/sim/sim.ts";
import { Account, type AccountStatus } from "../../src/sip/account/account.ts";
import type { OutgoingCall } from "../../src/sip/dialog/outgoing.ts";
import type { Replaces } from "../../src/sip/dialog/replaces.ts";
import { Endpoint } from "../../src/sip/endpoint.ts";
import { SipResponse } from "../../src/sip/message/message.ts";
import { readTraced } from "../../src/sip/trace/text.ts";
import type { LineSettings } from "../../src/visit/numbers/account-settings.ts";
import type { SwitchboardOptions } from "../../src/visit/settings.ts";
import { blocks } from "../docs/pages.ts";
import { until } from "../support/patience.ts";
import { freePorts } from "../support/ports.ts";
import { House, Record } from "../visit/house.ts";
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
    const { phones = {}, pjsip = "", plan = [] } = this.#options;
    this.#asterisk = await Asterisk.start({
      ...{ folder: this.#folder, port: this.port },
      pjsip: [pageBlock("[6100]\ntype=endpoint"), ...Object.entries(phones).map(phone), pjsip].join("\n"),
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

  /** What makes us the phone of the page, or another one of its phones. */
  account(more: Partial<LineSettings> = {}): LineSettings {
    return {
      ...{ name: "pbx", server: "127.0.0.1", port: this.port, user: "6100", retrySeconds: 0.1, returnSeconds: 0.1 },
      ...{ password: new Secret(more.user === undefined ? "choose-a-long-one" : password), ...more },
    };
  }

  /** A house that is its phone, until the test is over. */
  async house(t: TestContext, more: Partial<LineSettings> = {}, options: Partial<SwitchboardOptions> = {}) {
    const made = await House.open({}, undefined, {}, options);
    t.after(() => made.close());
    made.switchboard.addAccount(this.account(more), "account pbx");
    await accountIs(made, "registered");
    return made;
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

  /** One that can do more than those that are simulated: it answers at once, holds, and brings two together. */
  async softphone(t: TestContext, user: string): Promise<Softphone> {
    const made = new Softphone(this.account({ user }));
    t.after(() => made.close());
    await made.start();
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await rm(this.#folder, { recursive: true });
  }
}

/** Without sound. */
export class Softphone {
  readonly account: Account;
  readonly #endpoint: Endpoint;
  #version = 0;

  constructor(settings: LineSettings) {
    this.#endpoint = new Endpoint({ listeners: [{ transport: "udp", address: "127.0.0.1", port: 0 }] });
    this.account = new Account(this.#endpoint, settings);
  }

  async start(): Promise<void> {
    await this.#endpoint.start();
    this.account.start();
    await once(this.account, "registered");
  }

  async calls(number: string): Promise<OutgoingCall> {
    const call = await this.account.call(number, { from: { number: "", name: "" }, sdp: this.#describes("sendrecv") });
    call.on("reoffer", (offer) => offer.answer(this.#describes("sendrecv")));
    await once(call, "answered");
    return call;
  }

  /** Holds whom it talks with, or takes them back. */
  async holds(call: OutgoingCall, on: boolean): Promise<void> {
    assert.equal((await call.reoffer(() => this.#describes(on ? "sendonly" : "sendrecv"))).status, 200);
  }

  #describes(direction: "sendrecv" | "sendonly"): string {
    const origin = `o=- 1 ${++this.#version} IN IP4 127.0.0.1`;
    const session = ["v=0", origin, "s=-", "c=IN IP4 127.0.0.1", "t=0 0", "m=audio 40000 RTP/AVP 8"];
    return [...session, `a=${direction}`, ""].join("\r\n");
  }

  /** How a call is named in a Replaces: by the dialog as the other side sees it. */
  named({ callId }: OutgoingCall): Replaces {
    const said = this.#endpoint.trace.entries().map(readTraced);
    const answer = said.find((one) => one instanceof SipResponse && one.status === 200 && one.callId === callId);
    return { callId, toTag: answer?.toTag ?? "", fromTag: answer?.fromTag ?? "", earlyOnly: false };
  }

  async close(): Promise<void> {
    await this.account.stop();
    await this.#endpoint.close();
  }
}

/** The account of a house, once it is that. */
export function accountIs(house: House, state: AccountStatus["state"]): Promise<AccountStatus> {
  const now = () => house.switchboard.accounts()[0];
  return until(
    `the account to be ${state}`,
    () => now()?.state === state && now(),
    () => JSON.stringify(now()),
  );
}

const phone = ([number, more]: [string, readonly string[]]): string =>
  [
    ...[`[${number}]`, "type=endpoint", "context=from-internal", "disallow=all", "allow=alaw,ulaw", `auth=${number}`],
    ...[`aors=${number}`, `callerid=Phone ${number} <${number}>`, ...more],
    ...[`[${number}]`, "type=auth", "auth_type=userpass", `username=${number}`, `password=${password}`],
    ...[`[${number}]`, "type=aor", "max_contacts=1"],
  ].join("\n");
