// What goes wrong with a broker, in words: from Node's error codes and the reason codes of CONNACK and DISCONNECT
// (MQTT 3.1.1 §3.2.2.3, MQTT 5 §3.2.2.2 and §3.14.2.1).
import { sentence } from "../errors.ts";

export interface Fault {
  /** "error" = somebody has to change something; "away" = it may come back by itself. */
  readonly kind: "error" | "away";
  readonly text: string;
}

const away = (why: string): Fault => ({ kind: "away", text: `broker away: ${why}` });

/** True for a broker that does not speak the version we asked for. */
export const refusesVersion = (error: unknown): boolean => [1, 132].includes(codeOf(error) as number);

/**
 * `broker` is its URL without credentials; `wasOnline` whether it had let us in before. No error at all = it closed the
 * connection.
 */
export function faultOf(error: unknown, broker: string, wasOnline: boolean): Fault {
  const tls = /^(mqtts|wss):/.test(broker) ? "with TLS" : "without TLS";
  const cut = (how: string) => away(wasOnline ? how : `${how} at once (does it speak MQTT ${tls} on this port?)`);
  const refused = (what: string): Fault => ({ kind: "error", text: `broker ${broker} ${what}` });
  const code = codeOf(error);
  switch (code) {
    case undefined:
      if (error instanceof Error && /keepalive timeout/i.test(error.message))
        return away("it does not answer any more (half-open connection)");
      return error === undefined ? cut("it closed the connection") : away(sentence(error));
    case 1:
    case 132:
      return refused("refused this version of MQTT: let the node choose it, or update the broker");
    case 2:
    case 133:
      return refused("refused the client id: choose another or leave it empty");
    case 4:
    case 134:
      return refused("refused the user name or password: correct them");
    case 5:
    case 135:
      return refused("refused the login (not authorised): check user name, password and the broker's rules");
    case 138:
      return refused("has banned this client: lift the ban there");
    case 142:
      return refused("has another client with the same client id: give each its own");
    case 3:
    case 136:
    case 137:
    case 139:
      return away("it is shutting down or busy");
    case "ECONNREFUSED":
      return away("connection refused");
    case "ECONNRESET":
    case "EPIPE":
      return cut("it cut the connection");
    case "ETIMEDOUT":
      return away("no answer");
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
      return away("no way to its address from this machine");
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return away(`the name ${new URL(broker).hostname} has no address here`);
    case "CERT_HAS_EXPIRED":
      return refused("has a certificate that has expired: renew it");
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return refused("has a certificate for another name: write that name into the address");
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return refused("has a certificate that nobody here knows: give its CA in the TLS settings");
    default:
      if (typeof code === "string" && /SSL|TLS|EPROTO/.test(code))
        return refused("does not speak TLS as asked: is it mqtt:// rather than mqtts://, and the port right?");
      return away(sentence(error));
  }
}

function codeOf(error: unknown): number | string | undefined {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "number" || typeof code === "string" ? code : undefined;
}
