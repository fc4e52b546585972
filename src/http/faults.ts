// What went wrong between us and a device's web server, in sentences. `place` reads like "The camera at http://1.2.3.4/a.jpg"
// and never holds credentials (P7).
import { giveUp, PorteroError, sentence, tryAgain } from "../errors.ts";
import { CertificateError, certificateFault } from "../trust.ts";

/** How far a request came, for the sentence of a time-out. */
export interface Progress {
  answered: boolean;
  received: number;
}

const size = (bytes: number): string =>
  bytes < 10_000
    ? `${bytes} bytes`
    : bytes < 2 ** 20
      ? `${Math.round(bytes / 1024)} KiB`
      : `${round(bytes / 2 ** 20)} MiB`;

const round = (value: number) => Math.round(value * 10) / 10;

/** How long something was waited for: `2.5 s`, `40 ms`. */
export const span = (ms: number): string => (ms < 95 ? `${Math.round(ms)} ms` : `${round(ms / 1000)} s`);

export function timedOut(place: string, timeoutMs: number, progress: Progress): PorteroError {
  const within = `within ${span(timeoutMs)}`;
  return tryAgain(
    "timeout",
    progress.answered
      ? `${place} began to answer but did not finish ${within} (${size(progress.received)} came)`
      : `${place} did not answer ${within}: is it reachable from this machine?`,
    { data: { timeoutMs, received: progress.received } },
  );
}

export const tooLarge = (place: string, limit: number): PorteroError =>
  giveUp("too-large", `${place} sends more than ${size(limit)}, which is the limit`, { data: { limit } });

/** The sentence for what a socket, TLS or the HTTP parser threw. */
export function faultOf(error: unknown, place: string, url: URL): PorteroError {
  if (error instanceof PorteroError) return error;
  if (error instanceof CertificateError) return certificateFault(error, place);
  const code = codeOf(error);
  const data = { errno: code };
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "ENODATA":
      return tryAgain("unresolved", `${place} was not found: the name ${url.hostname} has no address here`, { data });
    case "ECONNREFUSED": {
      const port = url.port || (url.protocol === "https:" ? "443" : "80");
      return tryAgain("refused", `${place} refused the connection: is its web server on, and on port ${port}?`, {
        data,
      });
    }
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
    case "EADDRNOTAVAIL":
    case "ETIMEDOUT":
      return tryAgain("unreachable", `${place} cannot be reached from this machine: check address and network`, {
        data,
      });
    case "ECONNRESET":
    case "EPIPE":
      return tryAgain("cut-short", `${place} closed the connection before its answer was complete`, { data });
    case "ERR_INVALID_CHAR":
      return giveUp("bad-request", `${place} cannot be asked: a header, user or password holds a line break`, { data });
    default:
      if (code.startsWith("HPE_")) {
        return tryAgain("not-http", `${place} answered, but not in correct HTTP: is ${url.host} a web server?`, {
          data,
        });
      }
      if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_") || code === "EPROTO") {
        return giveUp("tls-failed", `${place} and this machine agree on no encryption: does it want http:// instead?`, {
          data,
        });
      }
      return tryAgain("network", `${place} could not be asked: ${sentence(error)}`, { data });
  }
}

// `AggregateError` of several addresses carries the code of the first.
export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
