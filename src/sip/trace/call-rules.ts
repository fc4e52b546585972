// What calls show: answers that are not acknowledged, sound that is awaited at the wrong place, codecs, numbers.
import { Recent } from "../guard/recent.ts";
import { sdpOf } from "../dialog/body.ts";
import type { SipMessage } from "../message/message.ts";
import { parseUri, unescaped } from "../message/uri.ts";
import { showAddress } from "../../ip.ts";
import { partyOf, userIn, type Rule } from "./exchange.ts";
import { isPrivate } from "./private.ts";

const most = 500;
/** Sent this often in vain an answer did not just meet a bad moment: seven and a half seconds have passed. */
const inVain = 5;

/** Our 200 is repeated and its ACK never comes: what we send does not arrive, or what we call ourselves leads nowhere. */
export function missingAcks(): Rule {
  const given = new Recent<number>(most);
  return (seen, tell) => {
    const { message, method, status, incoming, remote, local, at } = seen;
    const key = `${message.callId} ${String(message.cseq?.number)}`;
    if (incoming && status === 0 && method === "ACK" && given.get(key) !== undefined) {
      given.delete(key);
      return tell.settled("no-ack", partyOf(seen));
    }
    if (incoming || method !== "INVITE" || status < 200 || status >= 300) return;
    const count = (given.get(key) ?? 0) + 1;
    given.set(key, count);
    if (count !== inVain) return;
    const who = partyOf(seen);
    tell.found(
      {
        ...{ code: "no-ack", severity: "error", subject: who },
        text: `${who} at ${remote.host} does not acknowledge that its call was answered: what we send does not reach it, or it cannot reach us at ${showAddress(local)}`,
        advice:
          "Check that the device can reach the address above; if not, enter the right one as “Known as”. Else look for a firewall between.",
      },
      at,
    );
  };
}

/** An address in the SDP that only means something in the peer's own network. */
export function privateMedia(): Rule {
  return (seen, tell) => {
    if (!seen.incoming) return;
    const host = /^c=IN IP[46] ([^\s/]+)/im.exec(sdpOf(seen.message) ?? "")?.[1];
    if (host === undefined || host === "0.0.0.0" || host === "::" || host === seen.remote.host) return;
    // A system may have its sound at a machine of its own; then its Contact is at home where it comes from.
    const contact = parseUri(seen.message.contact?.uri ?? "")?.host;
    const elsewhere = isPrivate(host) && (!isPrivate(seen.remote.host) || contact === host);
    if (!elsewhere) return;
    const who = partyOf(seen);
    tell.found(
      {
        ...{ code: "private-media", severity: "info", subject: who },
        text: `${who} wants its sound at ${host}, but comes from ${seen.remote.host}: it is heard as soon as it sends sound itself`,
        advice:
          "If a call stays silent, forward the media ports to this machine, or let the device find its outer address (STUN).",
      },
      seen.at,
    );
  };
}

/** Keys of encrypted sound (RFC 4568) that whoever sees the SIP messages has too. */
export function openKeys(): Rule {
  return (seen, tell) => {
    if (!/^a=crypto:/im.test(sdpOf(seen.message) ?? "")) return;
    const who = partyOf(seen);
    const { transport } = seen;
    if (transport === "TLS" || transport === "WSS") return tell.settled("open-keys", who);
    tell.found(
      {
        ...{ code: "open-keys", severity: "warning", subject: who },
        text: `the keys of the encrypted sound of ${who} go over ${transport}, in the clear: who can read the SIP messages on their way can listen in`,
        advice:
          "Let the device use TLS: switch it on in sip-endpoint and in the device. Then nobody between sees the keys.",
      },
      seen.at,
    );
  };
}

const codecsIn = (message: SipMessage): string =>
  [...(sdpOf(message) ?? "").matchAll(/^a=rtpmap:\d+ ([A-Za-z0-9.-]+)/gm)].map(([, name = ""]) => name).join(", ");

/** 488: what one side offers, the other cannot use. */
export function codecs(): Rule {
  const offers = new Recent<string>(most);
  return (seen, tell) => {
    const { message, method, status, transaction, remote, at } = seen;
    if (method !== "INVITE") return;
    if (status === 0) return offers.set(transaction, codecsIn(message));
    const who = partyOf(seen);
    if (status >= 200 && status < 300) return tell.settled("no-codec", who);
    const offered = offers.get(transaction);
    if ((status !== 488 && status !== 606) || offered === undefined) return;
    offers.delete(transaction);
    const what = offered ? ` (offered were ${offered})` : "";
    tell.found(
      {
        ...{ code: "no-codec", severity: "error", subject: who },
        text: seen.incoming
          ? `${who} at ${remote.host} cannot use the sound it was offered${what}`
          : `${who} at ${remote.host} offers no sound that can be used${what}`,
        advice:
          "Switch on PCMA or PCMU (G.711) in the device. Where only one side insists on encrypted sound (SRTP), switch it on for the other too.",
      },
      at,
    );
  };
}

/** 404: a number that nobody has here. Which there are is not told to the caller. */
export function unknownNumbers(): Rule {
  const dialled = new Recent<string>(most);
  return ({ message, method, status, incoming, transaction, remote, at }, tell) => {
    if (method !== "INVITE") return;
    if (incoming && status === 0 && "uri" in message)
      return dialled.set(transaction, unescaped(parseUri(message.uri)?.user ?? ""));
    const number = incoming || status !== 404 ? undefined : dialled.get(transaction);
    if (number === undefined) return;
    dialled.delete(transaction);
    const who = userIn(message, "from") || remote.host;
    tell.found(
      {
        ...{ code: "unknown-number", severity: "error", subject: who },
        text: `${who} at ${remote.host} dials ${number}, which is no number here`,
        advice: "Let the device dial the number of an extension, or give an extension or a door this number.",
      },
      at,
    );
  };
}
