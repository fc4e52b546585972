// The TLS side of a listener: its certificate, read again when its files change, and whom it trusts. TLS 1.2 at least.
// RFC 3261 §26.2.1, RFC 5922 (names in certificates).
import { isIP } from "node:net";
import tls, {
  type PeerCertificate,
  type SecureContext,
  type SecureContextOptions,
  type TlsOptions as ServerOptions,
  type TLSSocket,
} from "node:tls";
import type { Cancel, Clock } from "../../clock.ts";
import { giveUp, PorteroError, sentence, tryAgain } from "../../errors.ts";
import { certificateFault, distrust, fingerprintOf } from "../../trust.ts";
import { ageFault, filesState, pinsOf, readCredentials, type TlsCredentials } from "./credentials.ts";
import { showAddress } from "../../ip.ts";
import type { Address, Destination, TlsOptions } from "./flow.ts";
import type { Making } from "./stream.ts";

/** A changed file is noticed after this and read when it rests, since certificate and key are written one after the other. */
const lookMs = 5_000;
const minVersion = "TLSv1.2";

export class Tls {
  /** Called with what a server shall show from now on. */
  renewed: (options: SecureContextOptions) => void = () => {};
  readonly #options: TlsOptions;
  readonly #trouble: (error: PorteroError) => void;
  readonly #clock: Clock;
  readonly #pins: ReadonlySet<string>;
  #credentials: TlsCredentials;
  #outgoing: SecureContext;
  #stop: Cancel;
  #read: string;
  #seen: string;

  /** @throws PorteroError see `readCredentials` */
  static async open(options: TlsOptions, clock: Clock, trouble: (error: PorteroError) => void): Promise<Tls> {
    const state = await filesState(options);
    return new Tls(options, clock, trouble, state, await readCredentials(options));
  }

  private constructor(
    options: TlsOptions,
    clock: Clock,
    trouble: (error: PorteroError) => void,
    state: string,
    credentials: TlsCredentials,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#trouble = trouble;
    this.#pins = pinsOf(options);
    this.#read = this.#seen = state;
    this.#credentials = credentials;
    this.#outgoing = outgoingContext(credentials);
    this.#sayAge();
    const look =
      state === ""
        ? () => {}
        : clock.every(lookMs, () => {
            this.#look().catch((error: unknown) => trouble(tryAgain("tls-file", sentence(error))));
          });
    const daily = clock.every(24 * 60 * 60_000, () => this.#sayAge());
    this.#stop = () => {
      look();
      daily();
    };
  }

  /** SHA-256 of our certificate, as it is entered as a pin elsewhere. */
  get fingerprint(): string | undefined {
    return this.#credentials.own?.leaf.fingerprint256;
  }

  /** For a server; undefined without a certificate of our own. */
  get server(): ServerOptions | undefined {
    const { clients = "off" } = this.#options;
    // What is shown is judged by `clientFault`, which has a sentence for it.
    const asked = { requestCert: clients !== "off", rejectUnauthorized: false };
    return this.#credentials.own && { ...serverContext(this.#credentials), ...asked };
  }

  /** Why who connected is turned away, by the certificate shown or not shown. */
  clientFault(socket: TLSSocket, remote: Address): PorteroError | undefined {
    const { clients = "off" } = this.#options;
    const isShown = socket.getPeerX509Certificate() !== undefined;
    if (clients === "off" || socket.authorized || (clients === "optional" && !isShown)) return undefined;
    const from = showAddress(remote);
    const what = isShown ? "a certificate that our authority did not sign" : "no certificate, which is required here";
    return giveUp("tls-client", `${from} shows ${what}`, { data: { from, errno: String(socket.authorizationError) } });
  }

  /** Begins a connection; `making` says whether who answers is who was asked for. */
  dial(remote: Destination): { socket: TLSSocket; making: Making } {
    const name = remote.name ?? remote.host;
    const socket = tls.connect({
      ...{ host: remote.host, port: remote.port, secureContext: this.#outgoing, rejectUnauthorized: false },
      // RFC 6066 §3: a server is not told an address as its name.
      servername: isIP(name) ? "" : name,
      checkServerIdentity: (_host, certificate) => identityFault(name, certificate),
    });
    socket.setNoDelay(true).setKeepAlive(true);
    const place = `${name === remote.host ? "" : `${name} at `}${showAddress(remote)}`;
    return {
      socket,
      making: {
        event: "secureConnect",
        fault: () => {
          const found = distrust(socket, "chain");
          const isPinned = found && this.#pins.has(fingerprintOf(found.fingerprint) ?? "");
          return found && !isPinned ? certificateFault(found, place) : undefined;
        },
        explain: (error) => dialFault(error, place),
      },
    };
  }

  close(): void {
    this.#stop();
  }

  // Twice the same and not what was read: the files have changed, and nobody writes them any more.
  async #look(): Promise<void> {
    const state = await filesState(this.#options);
    const rests = state === this.#seen;
    this.#seen = state;
    if (!rests || state === this.#read) return;
    this.#read = state;
    try {
      this.#credentials = await readCredentials(this.#options);
      this.#outgoing = outgoingContext(this.#credentials);
      if (this.#credentials.own) this.renewed(serverContext(this.#credentials));
      this.#sayAge();
    } catch (error) {
      this.#trouble(
        tryAgain("tls-kept", `${sentence(error)}; the certificate read before stays in use`, { cause: error }),
      );
    }
  }

  #sayAge(): void {
    const { own } = this.#credentials;
    const age = own && ageFault(own.leaf, this.#clock.now());
    if (age) this.#trouble(age);
  }
}

const serverContext = ({ own, ca }: TlsCredentials): SecureContextOptions => ({
  minVersion,
  ...(own && { cert: own.cert, key: own.key }),
  ...(ca && { ca: [...ca] }),
});

const outgoingContext = ({ own, ca }: TlsCredentials): SecureContext =>
  tls.createSecureContext({
    minVersion,
    ...(own && { cert: own.cert, key: own.key }),
    ...(ca && { ca: [...authorities(), ...ca] }),
  });

// Those that Node was told of besides its own; releases before 22.15 do not tell.
const authorities = (): readonly string[] =>
  (tls as Partial<typeof tls>).getCACertificates?.("default") ?? tls.rootCertificates;

// RFC 5922 §7.1: the domain stands in the certificate as a SIP URI, or as a DNS name (an address as such). Its §7.2 allows no
// wildcards; providers' certificates have them all the same (docs/decisions/012).
function identityFault(name: string, certificate: PeerCertificate): Error | undefined {
  const uris = (certificate.subjectaltname ?? "").split(", ");
  const isNamed = uris.some((uri) => uri.toLowerCase() === `uri:sip:${name.toLowerCase()}`);
  return isNamed ? undefined : tls.checkServerIdentity(name, certificate);
}

const codeOf = (error: Error): string => (error as NodeJS.ErrnoException).code ?? "";

function dialFault(error: Error, place: string): PorteroError | undefined {
  const code = codeOf(error);
  const data = { errno: code };
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|ALERT_UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN/.test(code))
    return giveUp("tls-refused", `${place} refuses our certificate, or wants one and there is none`, { data });
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/.test(code))
    return giveUp("tls-version", `${place} offers no TLS of version 1.2 or later`, { data });
  if (code.startsWith("ERR_SSL_") || code === "EPROTO")
    return giveUp(
      "tls-failed",
      `${place} and this machine agree on no encryption: does it want TCP, or another port?`,
      {
        data,
      },
    );
  return undefined;
}

/** What went wrong with who wanted to connect to us; nothing where it just went away. */
export function greetingFault(error: Error, remote: Address): PorteroError | undefined {
  const code = codeOf(error);
  const who = showAddress(remote);
  const say = (text: string) => giveUp("tls-client", `${who} ${text}`, { data: { errno: code, from: who } });
  if (/ALERT_UNKNOWN_CA|ALERT_BAD_CERTIFICATE|ALERT_CERTIFICATE_(UNKNOWN|EXPIRED)/.test(code))
    return say("does not trust our certificate: load it, or the authority that signed it, into that device");
  if (/HTTP_REQUEST|WRONG_VERSION_NUMBER|UNEXPECTED_MESSAGE/.test(code))
    return say("sends plain text to a port for TLS");
  if (/UNSUPPORTED_PROTOCOL|NO_SHARED_CIPHER|VERSION_TOO_LOW/.test(code))
    return say("offers no TLS of version 1.2 or later");
  return undefined;
}
