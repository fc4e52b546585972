// What the way between shows: answers that do not come, losses, routers that rewrite, datagrams that are too large.
import { Recent } from "../guard/recent.ts";
import { showAddress, writeHost } from "../../ip.ts";
import { partyOf, type Rule } from "./exchange.ts";

const most = 500;
/** Sent this often: seven and a half seconds have passed without an answer. */
const inVain = 5;
/** RFC 3261 §18.1.1: beyond this a datagram may be cut into pieces on its way. */
const largest = 1300;
const lossWindow = 40;
const lossLeast = 5;
const lossShare = 0.1;

/** Requests of ours that nobody answers. */
export function unanswered(): Rule {
  const waiting = new Recent<number>(most);
  return (seen, tell) => {
    const { method, status, incoming, transaction, remote, peer, transport, at } = seen;
    if (incoming) {
      if (status === 0 || waiting.get(transaction) === undefined) return;
      waiting.delete(transaction);
      return tell.settled("no-answer", partyOf(seen));
    }
    if (status > 0 || method === "ACK") return;
    const count = (waiting.get(transaction) ?? 0) + 1;
    waiting.set(transaction, count);
    if (count !== inVain) return;
    const who = partyOf(seen);
    tell.found(
      {
        ...{ code: "no-answer", severity: "error", subject: who },
        text: `${who} does not answer ${method} at ${peer} by ${transport}, sent ${inVain} times`,
        advice: `Is it on, and still at ${remote.host}? A router or firewall between may have closed the way: a shorter registration period or TCP keeps it open.`,
      },
      at,
    );
  };
}

/** How many of the last exchanges with one machine had to be repeated. Those that were never answered do not count. */
export function losses(): Rule {
  /** How often a request was sent; 0 once it is counted. */
  const sent = new Recent<number>(most);
  const past = new Recent<boolean[]>(100);
  return ({ reliable, transaction, method, status, incoming, remote, at }, tell) => {
    if (reliable || method === "ACK") return;
    const theirs = incoming === (status === 0);
    const key = `${theirs ? "in" : "out"} ${transaction}`;
    const before = sent.get(key);
    if (status === 0) sent.set(key, before === 0 ? 0 : (before ?? 0) + 1);
    // Their request is answered by us at once; whether ours is answered, its response says.
    const counts = theirs ? status === 0 : status > 0;
    if (!counts || before === 0) return;
    const times = sent.get(key) ?? 0;
    const window = past.get(remote.host) ?? [];
    past.set(remote.host, window);
    if (!theirs) {
      if (before === undefined) return;
      sent.set(key, 0);
      window.push(times > 1);
    } else if (times === 1) window.push(false);
    else {
      sent.set(key, 0);
      window.splice(window.lastIndexOf(false), 1, true);
    }
    if (window.length > lossWindow) window.shift();
    const lost = window.filter(Boolean).length;
    if (lost === 0 && window.length === lossWindow) tell.settled("packet-loss", remote.host);
    if (window.at(-1) !== true || lost < lossLeast || lost < window.length * lossShare) return;
    tell.found(
      {
        ...{ code: "packet-loss", severity: "warning", subject: remote.host },
        text: `of the last ${window.length} requests to and from ${remote.host}, ${lost} had to be sent again: packets are lost, or answered slowly`,
        advice: "Look at the network between: a weak WLAN, a full line, a switch port with errors.",
      },
      at,
    );
  };
}

/** A router's "SIP ALG", which changes messages on their way and mostly breaks them. */
export function rewriting(): Rule {
  return (seen, tell) => {
    const { incoming, message, status, local, remote, fault, transport, at } = seen;
    if (!incoming) return;
    const via = status > 0 ? message.via : undefined;
    const ours = showAddress(local).toLowerCase();
    const theirs = via && `${writeHost(via.host)}:${via.port ?? local.port}`.toLowerCase();
    const what =
      theirs !== undefined && theirs !== ours
        ? `our own address in its answers came back as ${theirs} instead of ${ours}`
        : transport === "UDP" && fault?.startsWith("Content-Length says")
          ? `a message from it is not as long as it says (${fault})`
          : undefined;
    if (what === undefined) return;
    tell.found(
      {
        ...{ code: "rewritten", severity: "warning", subject: remote.host },
        text: `something between us and ${remote.host} rewrites SIP: ${what}`,
        advice:
          "Switch off “SIP ALG” (or “SIP helper”, “SIP fixup”) in the router between, or use TLS, which it cannot read.",
      },
      at,
    );
  };
}

/** Large datagrams travel in pieces, which many routers lose. */
export function largeDatagrams(): Rule {
  return (seen, tell) => {
    const { transport, bytes, incoming, remote, method, at } = seen;
    if (transport !== "UDP" || bytes <= largest) return;
    const who = partyOf(seen);
    const sends = incoming ? `${who} at ${remote.host} sends` : `${who} at ${remote.host} is sent`;
    tell.found(
      {
        ...{ code: "large-datagram", severity: "info", subject: who },
        text: `${sends} ${method} with ${bytes} bytes by UDP: on some ways such datagrams are lost`,
        advice: "If calls fail now and then, let the device use TCP or TLS, or switch off codecs that nobody needs.",
      },
      at,
    );
  };
}
