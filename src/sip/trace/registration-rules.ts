// What registrations show: how often, from where, and whether our challenge is understood.
import { Recent } from "../guard/recent.ts";
import { parseUri } from "../message/uri.ts";
import { showAddress } from "../../ip.ts";
import { userIn, type Rule, type Seen } from "./exchange.ts";
import type { Tell } from "./findings.ts";

const most = 500;
/** Registering more often than this is more than any router needs. */
const oftenSeconds = 20;
const changesOfPort = 3;
const sameForLong = 6;
const turns = 4;

/** Looks at a registration that was let in: the request, when it was answered, and for which number. */
type Look = (request: Seen, number: string, at: number, tell: Tell) => void;

/** Pairs each REGISTER with its 200; those that take a contact away are left out. */
export function registrations(): Rule {
  const asked = new Recent<Seen>(most);
  const looks = [often(), behindNat(), portChanges()];
  return (seen, tell) => {
    if (seen.method !== "REGISTER") return;
    if (seen.incoming && seen.status === 0) return asked.set(seen.transaction, seen);
    const request = seen.incoming ? undefined : asked.get(seen.transaction);
    if (!request || seen.status < 200) return;
    asked.delete(seen.transaction);
    const { contact } = request.message;
    const expires = contact?.params.get("expires") ?? request.message.get("expires") ?? "";
    if (seen.status >= 300 || !contact || expires.trim() === "0") return;
    for (const look of looks) look(request, userIn(request.message, "to"), seen.at, tell);
  };
}

function often(): Look {
  const times = new Recent<number[]>(most);
  return ({ remote, message }, number, at, tell) => {
    const key = `${number} ${remote.host} ${message.callId}`;
    const last = [...(times.get(key) ?? []), at].slice(-turns);
    times.set(key, last);
    if (last.length < turns) return;
    const seconds = Math.round((at - (last[0] ?? at)) / 1000 / (turns - 1));
    if (seconds >= oftenSeconds) return tell.settled("registers-often", number);
    tell.found(
      {
        ...{ code: "registers-often", severity: "warning", subject: number },
        text: `${number} at ${remote.host} registers every ${Math.max(1, seconds)} s`,
        advice:
          "Set a longer registration period in the device: 300 seconds are enough behind a router, 3600 without one.",
      },
      at,
    );
  };
}

function behindNat(): Look {
  return ({ remote, message }, number, at, tell) => {
    const uri = parseUri(message.contact?.uri ?? "");
    // A browser cannot know its address and says so (RFC 7118 §5.2); a name is no address to compare.
    // Who registers through a proxy is elsewhere by nature.
    const proxied = message.list("via").length > 1;
    if (!uri || proxied || uri.host === remote.host || !/^[\d.]+$|:/.test(uri.host))
      return tell.settled("behind-nat", number);
    tell.found(
      {
        ...{ code: "behind-nat", severity: "info", subject: number },
        text: `${number} calls itself ${uri.host}, but comes from ${remote.host}: there is a router between`,
        advice: "Nothing has to be done while it can be reached: it is called by the way that it registered by.",
      },
      at,
    );
  };
}

// On a connection every new one has a new port, and its end is known; only with datagrams a change is a sign.
function portChanges(): Look {
  const ports = new Recent<{ port: number; changes: number; same: number }>(most);
  return ({ reliable, remote, message }, number, at, tell) => {
    if (reliable) return;
    const key = `${number} ${remote.host} ${message.callId}`;
    const before = ports.get(key) ?? { port: remote.port, changes: 0, same: 0 };
    const changed = before.port !== remote.port;
    const same = changed ? 0 : before.same + 1;
    const changes = same >= sameForLong ? 0 : before.changes + (changed ? 1 : 0);
    ports.set(key, { port: remote.port, changes, same });
    if (changes === 0) tell.settled("port-changes", number);
    if (!changed || changes < changesOfPort) return;
    tell.found(
      {
        ...{ code: "port-changes", severity: "warning", subject: number },
        text: `${number} registers each time from another port, now ${showAddress(remote)}: its router forgets the way to it in between, and calls to it are lost then`,
        advice:
          "Shorten its registration period (60 seconds), switch on keep-alives in the device, or let it register by TCP.",
      },
      at,
    );
  };
}

/** A device that answers each challenge with the nonce of the one before never gets in. */
export function challengeLoops(): Rule {
  const rounds = new Recent<number>(most);
  const answered = new Recent<true>(most);
  return (seen, tell) => {
    const { message, transaction, remote, status, at } = seen;
    if (seen.incoming) {
      if (status === 0 && message.get("authorization") !== undefined) answered.set(transaction, true);
      return;
    }
    if (status < 180 || !answered.get(transaction)) return;
    const number = userIn(message, "from");
    const key = `${number} ${remote.host}`;
    answered.delete(transaction);
    if (status < 300) {
      rounds.delete(key);
      return tell.settled("challenge-loop", number);
    }
    if (status !== 401 || !/stale\s*=\s*"?true/i.test(message.get("www-authenticate") ?? "")) return;
    const count = (rounds.get(key) ?? 0) + 1;
    rounds.set(key, count);
    if (count < turns) return;
    tell.found(
      {
        ...{ code: "challenge-loop", severity: "error", subject: number },
        text: `${number} at ${remote.host} knows its password, but answers each challenge with an old nonce`,
        advice: "Restart the device, or update its firmware; the preset of its door may know that its nonces are odd.",
      },
      at,
    );
  };
}
