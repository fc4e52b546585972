// What an account is given: the fields of A3, A4 and A6, once for each of its servers (A2).
import { createHmac, randomBytes } from "node:crypto";
import type { Secret } from "../../secret.ts";
import { writeHost } from "../../ip.ts";
import type { RegistrationOptions } from "./registration.ts";

export interface ServerSettings {
  /** Host name or IP address. */
  readonly server: string;
  /** Where it is absent, the name's SRV records tell, else it is the transport's usual one. */
  readonly port?: number;
  /** Where it is absent, the name's NAPTR and SRV records tell, else it is UDP. */
  readonly transport?: "udp" | "tcp" | "tls" | "ws" | "wss";
  /** The name that is registered: our number there. */
  readonly user: string;
  /** The user name for authentication; `user` where it is absent. */
  readonly login?: string;
  readonly password: Secret;
  /** Shown at the other side; the visitor's own name where it is absent. */
  readonly displayName?: string;
  /** Seconds that a registration lasts, as far as the server grants them. */
  readonly expires?: number;
  /** `host` or `host:port`. */
  readonly proxy?: string;
  readonly backupProxy?: string;
}

export interface AccountSettings extends ServerSettings {
  /** What targets name it by: `0301234@provider`. */
  readonly name: string;
  readonly label?: string;
  /** The server that takes over while the first one does not have us. */
  readonly second?: ServerSettings;
  /** How the visitor's own number is told to the server (RFC 3325): not, as a claim, or as a wish. */
  readonly identity?: "none" | "asserted" | "preferred";
  /** What our Contact and instance follow from, so that they are the same after a restart. */
  readonly key?: Secret;
  readonly retrySeconds?: number;
  readonly returnSeconds?: number;
}

type Place = Pick<ServerSettings, "server" | "port" | "transport">;

/** The server, or a number at it, as a URI. */
export function serverUri({ server, port, transport }: Place, user?: string): string {
  const at = user === undefined ? "" : `${user}@`;
  const param = transport === undefined ? "" : `;transport=${transport}`;
  return `sip:${at}${writeHost(server)}${port === undefined ? "" : `:${port}`}${param}`;
}

/** What a registration at one of the servers is given; `nth` tells them apart. */
export function registrationOf(
  account: AccountSettings,
  settings: ServerSettings,
  nth: number,
): RegistrationOptions & { readonly contactUser: string } {
  const { user, login = user, password, proxy, backupProxy, expires, transport } = settings;
  const { retrySeconds, returnSeconds, key } = account;
  const mark = (what: string): string =>
    key === undefined
      ? randomBytes(16).toString("hex")
      : createHmac("sha256", key.reveal()).update(`${what} ${nth}`).digest("hex").slice(0, 32);
  const param = transport === undefined ? "" : `;transport=${transport}`;
  const proxies = [proxy, backupProxy].flatMap((host) => (host === undefined ? [] : [`sip:${host}${param}`]));
  return {
    ...{ server: serverUri(settings), user, credentials: { username: login, password }, proxies },
    // Unguessable, so that a call to it comes from whom we registered at (who may still be asked where it comes from).
    contactUser: mark("contact"),
    instance: `urn:uuid:${mark("instance").replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5")}`,
    ...(expires === undefined ? {} : { expires }),
    ...(retrySeconds === undefined ? {} : { retrySeconds }),
    ...(returnSeconds === undefined ? {} : { returnSeconds }),
  };
}
