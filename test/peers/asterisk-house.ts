// A house of ours and a real Asterisk that is a phone of it: one number here for each of its lines, and devices behind it.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "../../src/secret.ts";
import { SimBell, SimPhone, type PhoneOptions, type SimEvent } from "../../src/sim/sim.ts";
import type { DeviceOptions } from "../../src/visit/numbers/devices.ts";
import type { SwitchboardOptions } from "../../src/visit/settings.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import type { Visit } from "../../src/visit/visit.ts";
import { sine, wav } from "../media/wav.ts";
import { until } from "../support/patience.ts";
import { freePorts } from "../support/ports.ts";
import { House, Record } from "../visit/house.ts";
import { Asterisk } from "./asterisk.ts";

const password = "correct-horse";
/** As the house has it: Asterisk may be the door, too. */
const door = { extension: "8000", password: "a password" };
/** Hertz: what Asterisk plays to who is held. */
export const music = 1500;

export type Device<K extends "bell" | "phone"> = Awaited<ReturnType<House[K]>>;

export interface Line {
  /** Lines of its endpoint, beside those that every one has. */
  readonly endpoint?: readonly string[];
  /** What it does when it is rung: applications of the dial plan. */
  readonly plan: readonly string[];
  /** What the house has set for its number. */
  readonly device?: DeviceOptions;
}

export interface HouseOptions {
  /** By their numbers, which are the endpoints' names, too. */
  readonly lines: Readonly<{ [number: string]: Line }>;
  /** Devices behind it: lines of their endpoints. */
  readonly phones?: Readonly<{ [number: string]: readonly string[] }>;
  /** More of its dial plan. */
  readonly extensions?: string;
  readonly door?: Parameters<typeof House.open>[0];
  readonly options?: Partial<SwitchboardOptions>;
  /** Its lines come by TLS: the file of the authority, and those of the house's own certificate. */
  readonly tls?: Secured;
}

interface Secured {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export class AsteriskHouse implements AsyncDisposable {
  readonly house: House;
  readonly asterisk: Asterisk;
  readonly password = password;
  readonly #folder: string;
  readonly #devices: (SimBell | SimPhone)[] = [];

  static async open(options: HouseOptions): Promise<AsteriskHouse> {
    const { lines, tls } = options;
    const house = await House.open(options.door, undefined, {}, { ...options.options, ...(tls && sipOf(tls)) });
    const folder = await mkdtemp(join(tmpdir(), "portero-asterisk-"));
    const asterisk = await start(folder, house, options).catch(async (error: unknown) => {
      await house.close();
      await rm(folder, { recursive: true });
      throw error;
    });
    const made = new AsteriskHouse(house, asterisk, folder);
    try {
      for (const number of Object.keys(lines))
        await until(
          `Asterisk to register ${number}`,
          () => house.switchboard.contactsOf(number)?.length === 1,
          () => asterisk.child.output,
        );
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(house: House, asterisk: Asterisk, folder: string) {
    [this.house, this.asterisk, this.#folder] = [house, asterisk, folder];
  }

  /** A press that a line answers. */
  async rung(line: string, bell: SimBell): Promise<Visit> {
    const nth = this.house.events.all.filter(({ event }) => event === "ring").length + 1;
    const visit = await this.house.pressed(bell, nth);
    const outcome = await visit.answerBy(strategyOf({ strategy: "ring-all", targets: [line], seconds: 30 }));
    assert.equal(outcome.result, "answered", JSON.stringify(outcome));
    return visit;
  }

  /** A phone behind Asterisk. */
  async phone(extension: string, options: Partial<PhoneOptions> = {}) {
    const phone = new SimPhone({ ...this.#device(extension), ...options });
    return { phone, seen: await this.#join(phone) };
  }

  /** A door station behind Asterisk. */
  async bell(extension: string, dial: string) {
    const bell = new SimBell({ ...this.#device(extension), dial });
    return { bell, seen: await this.#join(bell) };
  }

  /** What came to each channel of Asterisk, as it counts. */
  async received(): Promise<{ packets: number; lost: number }[]> {
    const stats = await this.asterisk.says("pjsip show channelstats");
    return [...stats.matchAll(/:\d\d \w+ +(\d+) +(\d+)/g)].map(([, packets, lost]) => ({
      packets: Number(packets),
      lost: Number(lost),
    }));
  }

  /** How many calls Asterisk has. */
  async calls(): Promise<number> {
    const [, calls = ""] = /(\d+) active call/.exec(await this.asterisk.says("core show channels count")) ?? [];
    return Number(calls);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#devices.map((device) => device.close()));
    await this.house.close();
    await this.asterisk[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true });
  }

  #device(extension: string) {
    const server = { host: "127.0.0.1", port: this.asterisk.port };
    return { server, extension, password: new Secret(password) };
  }

  async #join(device: SimBell | SimPhone): Promise<Record<SimEvent>> {
    const seen = new Record<SimEvent>();
    device.on("event", seen.add);
    this.#devices.push(device);
    await device.start();
    await seen.next("registered");
    return seen;
  }
}

async function start(folder: string, house: House, options: HouseOptions): Promise<Asterisk> {
  const { lines, phones = {}, extensions = "", tls } = options;
  for (const [extension, { device }] of Object.entries(lines))
    if (extension !== door.extension)
      house.switchboard.addExtension(
        { extension, name: `Asterisk ${extension}`, password: new Secret(password), ...device },
        `extension ${extension}`,
      );
  mkdirSync(join(folder, "music"));
  writeFileSync(join(folder, "music", "music.wav"), wav(sine(music, 2)));
  writeFileSync(join(folder, "musiconhold.conf"), `[default]\nmode=files\ndirectory=${join(folder, "music")}\n`);
  const [port = 0, securePort = 0] = await freePorts(2);
  const secure = house.switchboard.addresses.find(({ transport }) => transport === "tls");
  const at = secure ? `127.0.0.1:${secure.port}\\;transport=tls` : `127.0.0.1:${house.server.port}`;
  const by = tls ? ["transport=secure"] : [];
  return Asterisk.start({
    ...{ folder, port },
    pjsip: [
      ...(tls ? [transportOf(tls, securePort)] : []),
      ...Object.entries(lines).map(([number, { endpoint = [] }]) => lineOf(number, [...by, ...endpoint], by, at)),
      ...Object.entries(phones).map(([number, endpoint]) => phoneOf(number, endpoint)),
    ].join(""),
    extensions: [
      "[lines]",
      ...Object.entries(lines).flatMap(([number, { plan }]) => [
        `exten => ${number},1,${plan[0]}`,
        ...plan.slice(1).map((step) => ` same => n,${step}`),
      ]),
      extensions,
    ].join("\n"),
  });
}

function sipOf({ certificate, key }: Secured): Pick<SwitchboardOptions, "sip"> {
  const place = { address: "127.0.0.1", port: 0 };
  const own = { certificate: { file: certificate }, key: { file: key } };
  const listeners = [
    { ...place, transport: "udp" },
    { ...place, transport: "tls", tls: { own } },
  ] as const;
  return { sip: { listeners } };
}

const section = (name: string, ...lines: readonly string[]): string => `[${name}]\n${lines.join("\n")}\n`;
const auth = (name: string): string => {
  const shared = name === door.extension ? door.password : password;
  return section(name, "type=auth", "auth_type=userpass", `username=${name}`, `password=${shared}`);
};
const usual = ["type=endpoint", "disallow=all", "direct_media=no", "context=lines"];

const transportOf = ({ ca }: Secured, port: number): string =>
  section(
    "secure",
    ...["type=transport", "protocol=tls", `bind=127.0.0.1:${port}`, `ca_list_file=${ca}`, "verify_server=yes"],
    // Its own choice is TLS 1.0.
    "method=tlsv1_2",
  );

const lineOf = (name: string, endpoint: readonly string[], by: readonly string[], at: string): string =>
  section(name, ...usual, `outbound_auth=${name}`, `aors=${name}`, `from_user=${name}`, ...endpoint) +
  section(name, "type=aor", `contact=sip:${at}`) +
  auth(name) +
  section(
    name,
    ...["type=registration", `server_uri=sip:${at}`, `client_uri=sip:${name}@${at}`, `contact_user=${name}`, ...by],
    ...[`outbound_auth=${name}`, `endpoint=${name}`, "line=yes", "max_random_initial_delay=0"],
  );

const phoneOf = (name: string, endpoint: readonly string[]): string =>
  section(name, ...usual, `auth=${name}`, `aors=${name}`, ...endpoint) +
  section(name, "type=aor", "max_contacts=1") +
  auth(name);

/** Resolves when a device hears a tone from now on. */
export async function hears(seen: Record<SimEvent>, hertz: number): Promise<void> {
  const before = seen.all.length;
  await seen.next(
    "audio",
    (e) => seen.all.indexOf(e) >= before && "frequency" in e && Math.abs(e.frequency - hertz) < 15 && e.level > -35,
  );
}
