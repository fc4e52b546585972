// The applications of a dial plan that do one thing and go on, and what is said of those that have no counterpart.

/** `lost`: a Dial that calls nobody whom we could call. */
export type Doing =
  | { readonly do: "wait"; readonly seconds: number; readonly ends?: false }
  | { readonly do: "answer" | "early" | "quiet" | "message" | "record" | "lost"; readonly ends?: false }
  | { readonly do: "tone"; readonly tone: string; readonly ends?: false }
  | { readonly do: "sound"; readonly files: readonly string[]; readonly ends?: false }
  | { readonly do: "digits"; readonly digits: string; readonly ends?: false }
  | { readonly do: "park"; readonly ends: true }
  | { readonly do: "fetch"; readonly slot: string; readonly ends: true }
  | {
      readonly do: "confer";
      readonly room: string;
      readonly bridge: string;
      readonly user: string;
      readonly ends: true;
    }
  | { readonly do: "hangup"; readonly cause: number | undefined; readonly ends: true };

type Noted = Doing & { readonly note?: string };

const byFlow = "a flow does this itself: wire a node to an output of doorbell-in";
const byFlowApps = [
  "system",
  "trysystem",
  "agi",
  "eagi",
  "deadagi",
  "fastagi",
  "curl",
  "stasis",
  "originate",
  "userevent",
  "jabbersend",
];
const menus = "a visitor has no keys to choose with: menus are not taken over";

const reasons: Readonly<Record<string, string>> = {
  ...Object.fromEntries(byFlowApps.map((app) => [app, byFlow])),
  ...Object.fromEntries(
    ["background", "waitexten", "read", "ivrdemo", "directory", "authenticate"].map((app) => [app, menus]),
  ),
  gotoiftime: "times are the flow's: put a node that knows the time before the strategy",
  voicemailmain: "messages are files or messages of the flow: nothing is dialled to hear them",
  queue: "there are no queues: ring the phones of it with a strategy",
  page: "there is no paging: ring the phones with a strategy",
  sipaddheader: "headers cannot be added to a call",
  meetme: "MeetMe is older than ConfBridge and not known here: write it as ConfBridge",
};

const known = new Set([
  ...["wait", "waitforsilence", "answer", "progress", "ringing", "playtones", "musiconhold", "startmusiconhold"],
  ...[
    "stopplaytones",
    "stopmusiconhold",
    "playback",
    "controlplayback",
    "voicemail",
    "record",
    "mixmonitor",
    "monitor",
  ],
  ...["senddtmf", "park", "parkandannounce", "parkedcall", "confbridge", "hangup", "busy", "congestion"],
]);
const needless = new Set([
  "noop",
  "verbose",
  "log",
  "proceeding",
  "resetcdr",
  "nocdr",
  "dumpchan",
  "setamaflags",
  "channelredirect",
]);

/**
 * What an application does, or why it does nothing here. `read` gives its arguments with their variables in place; it is not
 * asked where they do not matter.
 */
export function applicationOf(app: string, read: () => readonly string[]): Noted | { readonly why: string } {
  if (needless.has(app)) return { do: "wait", seconds: 0 };
  if (!known.has(app)) return { why: reasons[app] ?? `${app}() is not known here` };
  const [first = "", second = "", third = ""] = read();
  switch (app) {
    case "wait":
    case "waitforsilence":
      return { do: "wait", seconds: Math.min(3600, Math.max(0, Number(first) || 0)) };
    case "answer":
      return { do: "answer" };
    case "progress":
      return { do: "early" };
    case "ringing":
      return { do: "tone", tone: "ring-back" };
    case "playtones":
      return /^!?(ring|dial|busy|congestion|info|[\d+])/i.test(first)
        ? { do: "tone", tone: tones[first.toLowerCase()] ?? "ring-back" }
        : { why: `"${first}" is no tone that is known here` };
    case "musiconhold":
    case "startmusiconhold":
      return { do: "tone", tone: "music" };
    case "stopplaytones":
    case "stopmusiconhold":
      return { do: "quiet" };
    case "playback":
    case "controlplayback":
      return { do: "sound", files: first.split("&").filter(Boolean) };
    case "voicemail":
    case "record":
      return { do: "message", note: "the visitor's message becomes a WAV file, not a voice mailbox." };
    case "mixmonitor":
    case "monitor":
      return { do: "record" };
    case "senddtmf":
      return /^[0-9A-D*#wW,]+$/i.test(first) && /[^wW,]/.test(first)
        ? { do: "digits", digits: first.replace(/[wW]/g, ",") }
        : { why: "it sends no digits" };
    case "park":
    case "parkandannounce":
      return { do: "park", ends: true };
    case "parkedcall":
      return { do: "fetch", slot: second === "" && /^\d+$/.test(first) ? first : second, ends: true };
    case "confbridge":
      return { do: "confer", room: first, bridge: second, user: third, ends: true };
    case "hangup":
      return { do: "hangup", cause: /^\d{1,3}$/.test(first) ? Number(first) : undefined, ends: true };
    case "busy":
      return { do: "hangup", cause: 17, ends: true };
    case "congestion":
      return { do: "hangup", cause: 34, ends: true };
    default:
      return { do: "wait", seconds: 0 };
  }
}

const tones: Readonly<Record<string, string>> = {
  busy: "busy",
  congestion: "congestion",
  info: "special-information",
  dial: "dial",
};
