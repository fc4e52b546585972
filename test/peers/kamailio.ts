// Kamailio as the server that our accounts are at, and as an outbound proxy before it. Its configuration is written here:
// locations and passwords in memory, ports of its own, in the foreground, ended by its pid.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "../../src/certificate.ts";
import { start, type Child } from "../support/processes.ts";
import { thePeer } from "../support/peers.ts";

export const realm = "pbx.test";
export const kamailioPassword = "secret of the pbx";

/** What each of them shows by TLS, signed by itself. */
export const kamailioCertificate = makeCertificate(["127.0.0.1"], Date.now());

/** `server` registers and calls, each with a challenge; `proxy` sends on what names it in a Route. */
export type Role = "server" | "proxy";

const modules = ["tls", "sl", "tm", "rr", "pv", "maxfwd", "siputils", "textops"];
const serverModules = ["auth", "usrloc", "registrar"];

const configuration = (role: Role, port: number, tlsPort: number, certificate: string): string => `#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=2
tcp_children=2
# Seconds for its processes to end; one that hangs would hold the ports for a minute.
exit_timeout=2
auto_aliases=no
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
enable_tls=yes
listen=tls:127.0.0.1:${tlsPort}
${[...modules, ...(role === "server" ? serverModules : [])].map((name) => `loadmodule "${name}.so"`).join("\n")}
modparam("rr", "append_fromtag", 0)
modparam("tls", "certificate", "${certificate}")
modparam("tls", "private_key", "${certificate}")
modparam("tls", "tls_method", "TLSv1.2+")
${role === "server" ? 'modparam("usrloc", "db_mode", 0)\nmodparam("registrar", "min_expires", 30)' : ""}

request_route {
  if (!mf_process_maxfwd_header("20")) {
    sl_send_reply("483", "Too Many Hops");
    exit;
  }
  if (is_method("CANCEL")) {
    if (t_check_trans()) t_relay();
    exit;
  }
  if (has_totag()) {
    if (loose_route()) {
      t_relay();
    } else if (is_method("ACK")) {
      if (t_check_trans()) t_relay();
    } else {
      sl_send_reply("404", "Not Here");
    }
    exit;
  }
  t_check_trans();
${role === "server" ? serverRoute : proxyRoute}
}
`;

const proxyRoute = `
  if (!is_present_hf("Route")) {
    sl_send_reply("403", "Name Me In Route");
    exit;
  }
  # Takes our own Route away; false where it was the only one.
  loose_route();
  if (is_method("INVITE")) record_route();
  t_relay();
  exit;
`;

const serverRoute = `
  if (is_method("OPTIONS")) {
    sl_send_reply("200", "OK");
    exit;
  }
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("${realm}", "${kamailioPassword}", "0")) {
      www_challenge("${realm}", "1");
      exit;
    }
    save("location");
    exit;
  }
  loose_route();
  if (!pv_proxy_authenticate("${realm}", "${kamailioPassword}", "0")) {
    proxy_challenge("${realm}", "1");
    exit;
  }
  consume_credentials();
  record_route();
  if (!lookup("location")) {
    sl_send_reply("480", "Nobody There");
    exit;
  }
  t_relay();
  exit;
`;

/** Starts Kamailio; who wants to know that it answers asks it by OPTIONS. */
export class Kamailio {
  /** Of UDP and TCP. */
  readonly port: number;
  readonly tlsPort: number;
  readonly #role: Role;
  readonly #folder = mkdtempSync(join(tmpdir(), "portero-kamailio-"));
  #child: Child | undefined;

  constructor(role: Role, port: number, tlsPort: number) {
    this.#role = role;
    this.port = port;
    this.tlsPort = tlsPort;
    const { certificate, key } = kamailioCertificate;
    writeFileSync(join(this.#folder, "tls.pem"), certificate + key.reveal(), { mode: 0o600 });
  }

  /** Where it listens with that transport. */
  at(transport: "udp" | "tcp" | "tls"): number {
    return transport === "tls" ? this.tlsPort : this.port;
  }

  /** False when it has ended, asked or not. */
  get isRunning(): boolean {
    return this.#child?.process.exitCode === null && this.#child.process.signalCode === null;
  }

  get output(): string {
    return this.#child?.output ?? "";
  }

  start(): void {
    const config = join(this.#folder, "kamailio.cfg");
    writeFileSync(config, configuration(this.#role, this.port, this.tlsPort, join(this.#folder, "tls.pem")));
    // -DD: in the foreground; -Y: its sockets lie in a folder of its own; little memory, since several run at once.
    const args = ["-DD", "-E", "-m", "16", "-M", "4", "-f", config, "-Y", this.#folder];
    this.#child = start(thePeer("kamailio"), args, { group: true });
  }

  async end(): Promise<void> {
    await this.#child?.end("SIGTERM", 5_000);
    this.#child = undefined;
  }

  async close(): Promise<void> {
    await this.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
