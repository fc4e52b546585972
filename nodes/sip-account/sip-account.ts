// An account at another server (A2–A6, N8): its form, given to the endpoint's switchboard. A config node; sip-registrar tells
// the flow whether it is registered.
import { giveUp, sentence } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import type { AccountStatus } from "../../src/sip/account/account.ts";
import type { ServerSettings } from "../../src/sip/account/settings.ts";
import type { Incoming, LineSettings, PrefixRule } from "../../src/visit/numbers/account-settings.ts";
import { slugIn, type DoorConfig } from "../door/form.ts";
import { slugOf } from "../../src/slug.ts";
import { generatedPassword, instanceSecret } from "../passwords.ts";
import type { Config, Red, RedNode } from "../red.d.ts";
import { Health, onClose } from "../running.ts";
import { endpointNode, nodeOf } from "../found.ts";
import { entriesIn, numberIn, numberOr, textOr } from "../fields.ts";
import type { EndpointConfig } from "../sip-endpoint/settings.ts";

interface PrefixRow {
  prefix?: string;
  strip?: string | number;
  prepend?: string;
}

export interface AccountConfig extends Config {
  endpoint?: string;
  slug?: string;
  server?: string;
  port?: string;
  transport?: string;
  user?: string;
  login?: string;
  displayName?: string;
  expires?: string;
  proxy?: string;
  backupProxy?: string;
  identity?: string;
  useSecond?: boolean;
  server2?: string;
  port2?: string;
  transport2?: string;
  user2?: string;
  login2?: string;
  displayName2?: string;
  expires2?: string;
  proxy2?: string;
  backupProxy2?: string;
  prefixes?: PrefixRow[];
  otherNumbers?: boolean;
  doorsMayDial?: boolean;
  encryption?: string;
  /** Empty: found out by each call. */
  dtmf?: string;
  incoming?: string;
  incomingDoor?: string;
  incomingTargets?: string;
  incomingStatus?: string;
  dndOn?: string;
  dndOff?: string;
  dndStatus?: string;
}

interface AccountCredentials {
  password: string;
  password2: string;
}

export interface AccountNode extends RedNode<AccountCredentials> {
  health: Health;
  /** Undefined while a setting is wrong. */
  accountStatus(): AccountStatus | undefined;
}

/** What the form needs of its surroundings. */
export interface Surroundings {
  /** The slug of a door node, deployed or not. */
  doorSlug(id: string): string | undefined;
  /** The password that an endpoint of this Node-RED has made for `user`, where it is the server. */
  ownPassword(server: string, port: string | undefined, user: string): Secret | undefined;
  key: Secret;
}

/**
 * The settings for what stands in the dialog; blank means the default.
 * @throws PorteroError `invalid`, about a field that cannot be
 */
export function accountForm(
  config: AccountConfig,
  credentials: Partial<AccountCredentials>,
  around: Surroundings,
): LineSettings {
  const whole = (value: unknown, what: string): number | undefined => {
    const text = textOr(value);
    if (text === undefined || /^\d{1,9}$/.test(text)) return numberIn(text);
    throw giveUp("invalid", `sip-account: ${what} must be a whole number (it is ${text})`);
  };
  const server = (nth: "" | "2"): ServerSettings => {
    const field = (
      name: "server" | "user" | "login" | "displayName" | "proxy" | "backupProxy" | "transport" | "port",
    ) => textOr(config[`${name}${nth}`]);
    const which = nth === "" ? "" : "second ";
    const [address, user] = [field("server"), field("user")];
    if (address === undefined)
      throw giveUp("invalid", `sip-account: the ${which}server is missing: enter its name or IP address`);
    if (user === undefined)
      throw giveUp(
        "invalid",
        `sip-account: the ${which}register name is missing: enter the number that the server gave you`,
      );
    const own = textOr(credentials[`password${nth}`]);
    const password = own === undefined ? around.ownPassword(address, field("port"), user) : new Secret(own);
    return compact({
      ...{ server: address, user, password: password ?? new Secret("") },
      ...{ port: whole(field("port"), `the ${which}port`), expires: whole(config[`expires${nth}`], "the period") },
      ...{ transport: field("transport") as ServerSettings["transport"], login: field("login") },
      ...{ displayName: field("displayName"), proxy: field("proxy"), backupProxy: field("backupProxy") },
    });
  };
  const prefixes = (config.prefixes ?? []).map((row): PrefixRule =>
    compact({
      ...{ prefix: textOr(row.prefix) ?? "", strip: whole(row.strip, "the digits to take off") },
      prepend: textOr(row.prepend),
    }),
  );
  return compact({
    ...{ ...server(""), key: around.key, prefixes, incoming: incomingOf(config, around) },
    ...{ name: textOr(config.slug) ?? slugOf(config.name ?? "", "account"), label: textOr(config.name) },
    ...{ identity: textOr(config.identity) as LineSettings["identity"], doorsMayDial: config.doorsMayDial === true },
    otherNumbers: config.otherNumbers === true,
    encryption: textOr(config.encryption) as LineSettings["encryption"],
    dtmf: textOr(config.dtmf) as LineSettings["dtmf"],
    second: config.useSecond === true ? server("2") : undefined,
    ...{ dndOn: textOr(config.dndOn), dndOff: textOr(config.dndOff), dndStatus: whole(config.dndStatus, "the status") },
  });
}

function incomingOf(config: AccountConfig, around: Surroundings): Incoming {
  switch (config.incoming) {
    case "door": {
      const door = around.doorSlug(config.incomingDoor ?? "");
      if (door === undefined) throw giveUp("invalid", "sip-account: calls in begin a visit, but no door is chosen");
      return { door };
    }
    case "targets": {
      const targets = entriesIn(config.incomingTargets);
      if (targets.length === 0)
        throw giveUp("invalid", "sip-account: calls in ring targets, but none is named: enter 6001, 6002");
      return { targets };
    }
    default:
      return { refuse: numberOr(config.incomingStatus, 480) };
  }
}

type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Without the fields that are undefined. */
const compact = <T extends object>(fields: T): Given<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;

const isHere = (host: string): boolean => /^(localhost|127(\.\d+){3}|::1)$/i.test(host);

export default function (RED: Red): void {
  const configOf = (id: string, type: string): Config | undefined => {
    let found: Config | undefined;
    RED.nodes.eachNode((config) => {
      if (config.id === id && config.type === type) found = config;
    });
    return found;
  };
  const doorSlug = (id: string): string | undefined => {
    const door = configOf(id, "door") as DoorConfig | undefined;
    return door && slugIn(door);
  };

  function SipAccount(this: AccountNode, config: AccountConfig) {
    RED.nodes.createNode(this, config);
    this.health = new Health();
    this.accountStatus = () => undefined;
    const endpoint = endpointNode(RED, config.endpoint);
    const label = textOr(config.name) ?? "account";
    let takeAway: () => Promise<void> = () => Promise.resolve();
    try {
      if (!endpoint)
        throw giveUp("no-endpoint", `the account "${label}" has no SIP endpoint: choose one in its dialog and deploy`);
      const secret = instanceSecret(RED.settings.userDir);
      // Two endpoints of one Node-RED, one of which is the provider of the other: in an example, or between two networks.
      const ownPassword: Surroundings["ownPassword"] = (server, port, user) => {
        let password: Secret | undefined;
        RED.nodes.eachNode((one) => {
          const at = textOr((one as EndpointConfig).port) ?? textOr(process.env["PORTERO_SIP_PORT"]) ?? "5060";
          if (one.type === "sip-endpoint" && one.id !== config.endpoint && isHere(server) && at === (port ?? "5060"))
            password = generatedPassword(secret, one.id, user);
        });
        return password;
      };
      const key = generatedPassword(secret, this.id, "account");
      const settings = accountForm(config, this.credentials, { doorSlug, ownPassword, key });
      const { switchboard } = endpoint;
      takeAway = switchboard.addAccount(settings, `account "${label}"`);
      this.accountStatus = () => switchboard.accounts().find(({ account }) => account === settings.name);
    } catch (error) {
      this.health.set(sentence(error));
      this.error(sentence(error));
    }
    onClose(this, async () => {
      const farewell = takeAway();
      endpoint?.farewells.add(farewell);
      await farewell.finally(() => endpoint?.farewells.delete(farewell));
    });
  }
  RED.nodes.registerType("sip-account", SipAccount, {
    credentials: { password: { type: "password" }, password2: { type: "password" } },
  });

  // For the dialog: whether it is registered, and why not (A3).
  RED.httpAdmin.get("/portero/account/:id", RED.auth.needsPermission("sip-account.read"), (request, response) => {
    const node = nodeOf(RED, request.params["id"], "sip-account") as AccountNode | undefined;
    // A new one has yet to be deployed: no fault, which the browser would make a noise about.
    if (!node) return response.json({ state: "not-deployed" });
    response.json(node.accountStatus() ?? { state: "failed", text: node.health.trouble });
  });
}
